//! The door of a cloud, called over HTTP as any client calls it: Invoke, and our own routes under `/_lunch/`.
//!
//! Connections are kept and used again. What an answer means is its reader's business.

use std::cell::RefCell;
use std::fmt::Debug;
use std::io;
use std::net::Ipv4Addr;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::TokioIo;
use lunch_host::wire::{AdminError, PEEKED_MAX, PeekedMessage};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;

use crate::failure::{Code, Failure};

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// Nobody listens.
    #[error(
        "no cloud runs at `127.0.0.1:{port}`\n(start one by `lunch up`; if it has another port, \
         name it by `--port`)"
    )]
    Nobody { port: u16, source: io::Error },
    /// The connection broke.
    #[error("the cloud at `127.0.0.1:{port}` stopped in the middle of a call")]
    Broken { port: u16, source: hyper::Error },
    /// It did not do as asked, and says why.
    #[error("{sentence}")]
    Refused { sentence: String },
    /// It does not even speak HTTP.
    #[error(
        "something listens at `127.0.0.1:{port}`, and it is no cloud\n(name another port by `--port`)"
    )]
    NoHttp { port: u16, source: hyper::Error },
    /// It is none of ours.
    #[error(
        "something answers at `127.0.0.1:{port}`, and it is no cloud of this `lunch`\n(its answer \
         to `{path}` has status {status}; name another port by `--port`)"
    )]
    Stranger { port: u16, path: String, status: StatusCode },
}

impl From<CallError> for Failure {
    /// What a cloud refuses is what was asked for; all else is that there is no cloud.
    fn from(error: CallError) -> Self {
        let code = match &error {
            CallError::Refused { .. } => Code::Input,
            CallError::Nobody { .. }
            | CallError::Broken { .. }
            | CallError::NoHttp { .. }
            | CallError::Stranger { .. } => Code::Door,
        };
        Self { code, error: error.into() }
    }
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// One cloud's door.
#[derive(Debug)]
pub(crate) struct Door {
    port: u16,
    /// Connections that have nothing in hand.
    idle: RefCell<Vec<SendRequest<Full<Bytes>>>>,
}

impl Door {
    pub(crate) const fn new(port: u16) -> Self {
        Self { port, idle: RefCell::new(Vec::new()) }
    }

    /// Calls a function by AWS's Invoke. `event`: does not wait for what it answers.
    pub(crate) async fn invoke(
        &self,
        function: &str,
        payload: impl Into<Bytes>,
        event: bool,
    ) -> Result<Answer, CallError> {
        let path = format!("/2015-03-31/functions/{}/invocations", escaped(function));
        let kind = if event { "Event" } else { "RequestResponse" };
        let request = Request::post(path)
            .header(CONTENT_TYPE, "application/json")
            .header("x-amz-invocation-type", kind);
        let path = "Invoke";
        let answer = self.call(request, payload.into()).await?;
        // Every answer of AWS's API has one.
        if answer.header("x-amzn-requestid").is_none() {
            return Err(self.stranger(path, &answer));
        }
        Ok(answer)
    }

    /// Calls SQS, in JSON.
    pub(crate) async fn sqs<T: DeserializeOwned>(
        &self,
        action: &'static str,
        body: &serde_json::Value,
    ) -> Result<T, CallError> {
        let request = Request::post("/")
            .header(CONTENT_TYPE, "application/x-amz-json-1.0")
            .header("x-amz-target", format!("AmazonSQS.{action}"));
        let answer = self.call(request, body.to_string().into()).await?;
        if !answer.status.is_success() {
            let told: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let why = told["message"].as_str().unwrap_or("no reason given");
            return Err(CallError::Refused { sentence: format!("{action} was refused: {why}") });
        }
        // What has no result has no body.
        let body = if answer.body.is_empty() { b"{}" } else { &*answer.body };
        serde_json::from_slice(body).map_err(|_| self.stranger(action, &answer))
    }

    /// A queue's messages, the oldest first, so many at most: as many calls as it takes.
    pub(crate) async fn peek(
        &self,
        queue: &str,
        max: usize,
    ) -> Result<Vec<PeekedMessage>, CallError> {
        let mut all = Vec::new();
        loop {
            let (skip, page) = (all.len(), (max - all.len()).min(PEEKED_MAX));
            let path = format!("/_lunch/queues?peek={}&skip={skip}&max={page}", escaped(queue));
            let found: Vec<PeekedMessage> = self.read(&path).await?;
            let is_last = found.len() < page;
            all.extend(found);
            if is_last || all.len() >= max {
                return Ok(all);
            }
        }
    }

    /// One of our own routes, for a value.
    pub(crate) async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, CallError> {
        let answer = self.call(Request::get(path), Bytes::new()).await?;
        self.value(path, &answer)
    }

    /// One of our own routes, for a value per line.
    pub(crate) async fn read_lines<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Vec<T>, CallError> {
        Ok(self.read_headed_lines(path).await?.1)
    }

    /// The same, with the answer's headers.
    pub(crate) async fn read_headed_lines<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<(HeaderMap, Vec<T>), CallError> {
        let answer = self.call(Request::get(path), Bytes::new()).await?;
        if !answer.status.is_success() {
            return Err(self.refused(path, &answer));
        }
        let lines = answer
            .body
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.trim_ascii().is_empty())
            .map(|line| serde_json::from_slice(line).map_err(|_| self.stranger(path, &answer)))
            .collect::<Result<_, _>>()?;
        Ok((answer.headers, lines))
    }

    /// Asks one of our own routes to do something.
    pub(crate) async fn ask<B, T>(&self, path: &str, body: &B) -> Result<T, CallError>
    where
        B: Serialize + Debug + ?Sized + Sync,
        T: DeserializeOwned,
    {
        let body = serde_json::to_vec(body).expect("what is asked has only string keys");
        let request = Request::post(path).header(CONTENT_TYPE, "application/json");
        let answer = self.call(request, body.into()).await?;
        self.value(path, &answer)
    }

    fn value<T: DeserializeOwned>(&self, path: &str, answer: &Answer) -> Result<T, CallError> {
        if !answer.status.is_success() {
            return Err(self.refused(path, answer));
        }
        serde_json::from_slice(&answer.body).map_err(|_| self.stranger(path, answer))
    }

    fn refused(&self, path: &str, answer: &Answer) -> CallError {
        match serde_json::from_slice::<AdminError>(&answer.body) {
            Ok(AdminError { error: sentence }) => CallError::Refused { sentence },
            Err(_) => self.stranger(path, answer),
        }
    }

    fn stranger(&self, path: &str, answer: &Answer) -> CallError {
        CallError::Stranger { port: self.port, path: path.to_owned(), status: answer.status }
    }

    async fn call(
        &self,
        request: hyper::http::request::Builder,
        body: Bytes,
    ) -> Result<Answer, CallError> {
        let broken = |source: hyper::Error| match source.is_parse() {
            true => CallError::NoHttp { port: self.port, source },
            false => CallError::Broken { port: self.port, source },
        };
        let request = request
            .header(HOST, format!("127.0.0.1:{}", self.port))
            .body(Full::new(body))
            .expect("paths are escaped and headers are plain");
        let mut connection = self.connection().await?;
        let answer = connection.send_request(request).await.map_err(broken)?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(broken)?.to_bytes();
        self.idle.borrow_mut().push(connection);
        Ok(Answer { status: head.status, headers: head.headers, body })
    }

    async fn connection(&self) -> Result<SendRequest<Full<Bytes>>, CallError> {
        loop {
            // Not in the loop's head, where the borrow would last over the await.
            let kept = self.idle.borrow_mut().pop();
            match kept {
                Some(connection) if connection.is_ready() => return Ok(connection),
                Some(_) => {}
                None => return self.connect().await,
            }
        }
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, CallError> {
        let port = self.port;
        let nobody = |source| CallError::Nobody { port, source };
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.map_err(nobody)?;
        stream.set_nodelay(true).map_err(nobody)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|source| CallError::Broken { port, source })?;
        // Its end is seen by whoever sends next.
        tokio::spawn(async move { drop(connection.await) });
        Ok(sender)
    }
}

/// A name as one segment of a path.
pub(crate) fn escaped(name: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~:$".contains(byte);
    let escape = |byte: u8| {
        if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    name.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::fake_cloud;

    #[test]
    fn a_name_cannot_leave_its_path_segment() {
        assert_eq!(escaped("coffee"), "coffee");
        assert_eq!(escaped("../x y?"), "..%2Fx%20y%3F");
        assert_eq!(
            escaped("arn:aws:lambda:us-east-1:123456789012:function:coffee:$LATEST"),
            "arn:aws:lambda:us-east-1:123456789012:function:coffee:$LATEST"
        );
    }

    #[tokio::test]
    async fn as_many_messages_are_looked_at_as_there_are() {
        let message = PeekedMessage {
            id: "a".to_owned(),
            sent: String::new(),
            state: "visible".to_owned(),
            for_ms: None,
            receives: 0,
            group: None,
            attributes: BTreeMap::new(),
            body: String::new(),
        };
        let port = fake_cloud::open(move |_, path, _| {
            let found = match path {
                "/_lunch/queues?peek=dead&skip=0&max=1000" => 1_000,
                "/_lunch/queues?peek=dead&skip=1000&max=1000" => 7,
                "/_lunch/queues?peek=dead&skip=1000&max=3" => 3,
                _ => return String::new(),
            };
            fake_cloud::json(&vec![message.clone(); found])
        });
        let door = Door::new(port);
        assert_eq!(door.peek("dead", usize::MAX).await.expect("a cloud").len(), 1_007);
        assert_eq!(door.peek("dead", 1_003).await.expect("a cloud").len(), 1_003);
    }

    /// A program that answers every call with these bytes; its port.
    fn stranger(answer: &'static str) -> u16 {
        fake_cloud::open(|_, _, _| answer.to_owned())
    }

    #[tokio::test]
    async fn another_program_at_the_port_is_told_from_a_cloud() {
        let port = stranger("HTTP/1.1 404 Not Found\r\ncontent-length: 3\r\n\r\nwho");
        let told = Door::new(port).read::<()>("/_lunch/ps").await.expect_err("a stranger");
        assert!(matches!(told, CallError::Stranger { .. }), "{told:?}");
        let told = Door::new(port).invoke("coffee", "{}", false).await.expect_err("a stranger");
        assert!(told.to_string().contains("it is no cloud of this `lunch`"), "{told}");
    }

    #[tokio::test]
    async fn what_speaks_no_http_is_told_so() {
        let port = stranger("220 mail.example ready\r\n");
        let told = Door::new(port).read::<()>("/_lunch/ps").await.expect_err("no HTTP");
        assert!(matches!(told, CallError::NoHttp { .. }), "{told:?}");
    }

    #[tokio::test]
    async fn where_nobody_listens_the_error_says_how_to_start_one() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("bound").port();
        drop(free);
        let error = Door::new(port).read::<()>("/_lunch/ps").await.expect_err("nobody");
        assert!(error.to_string().contains("(start one by `lunch up`"), "{error}");
    }
}
