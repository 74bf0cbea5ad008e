//! The cloud's door, called over HTTP by a thread that does nothing else, so that a test may simply block.
//!
//! One connection per call: that is what strangers do, and a caller that hangs up can be played.

use std::io;
use std::net::Ipv4Addr;
use std::sync::mpsc;
use std::thread;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// A request, as it goes over the wire. A `host` header is added where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`, ...
    pub method: String,
    /// The path, with its query.
    pub path: String,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without a body.
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self { method: "GET".into(), path: path.into(), ..Self::default() }
    }

    /// A request with a body.
    #[must_use]
    pub fn post(path: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { method: "POST".into(), path: path.into(), headers: Vec::new(), body: body.into() }
    }

    /// Invoke, of a function by its name or its ARN.
    #[must_use]
    pub fn invoke(function: &str, payload: impl Into<Vec<u8>>) -> Self {
        Self::post(&format!("/2015-03-31/functions/{function}/invocations"), payload)
    }

    /// With that header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// An answer as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nobody listens.
    #[error("no cloud answers at `127.0.0.1:{port}`")]
    Nobody {
        /// The port.
        port: u16,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The request cannot be sent.
    #[error("`{path}` with its headers is no HTTP request")]
    Request {
        /// The path.
        path: String,
        /// Why.
        #[source]
        source: hyper::http::Error,
    },
    /// The connection broke.
    #[error("the cloud at `127.0.0.1:{port}` hung up in the middle of a call")]
    Broken {
        /// The port.
        port: u16,
        /// Why.
        #[source]
        source: hyper::Error,
    },
    /// This side hung up.
    #[error("this caller hung up")]
    HungUp,
}

/// A call in progress: where its answer comes, and what ends it early when it is dropped.
pub(crate) struct Pending {
    pub(crate) answer: mpsc::Receiver<Result<Answer, CallError>>,
    pub(crate) hang_up: oneshot::Sender<()>,
}

/// One cloud's door.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) port: u16,
    client: Handle,
    /// The client's thread ends when this is dropped.
    _stop: oneshot::Sender<()>,
}

impl Door {
    pub(crate) fn new(port: u16) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let client = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        thread::Builder::new().name("client".into()).spawn(move || {
            // An error means that the other side was dropped, which is the way to stop it.
            drop(runtime.block_on(stopped));
        })?;
        Ok(Self { port, client, _stop: stop })
    }

    /// Sends all of them at once: first all connect, then all are written, in their order.
    pub(crate) fn begin(&self, requests: Vec<Request>) -> Vec<Pending> {
        let (mut pending, mut calls) = (Vec::new(), Vec::new());
        for request in requests {
            let (tell, answer) = mpsc::channel();
            let (hang_up, hung_up) = oneshot::channel();
            pending.push(Pending { answer, hang_up });
            calls.push((request, tell, hung_up));
        }
        let port = self.port;
        self.client.spawn(async move {
            let mut lines = Vec::new();
            for call in calls {
                lines.push((connect(port).await, call));
            }
            for (line, (request, tell, hung_up)) in lines {
                tokio::spawn(async move {
                    let answer = tokio::select! {
                        answer = exchange(line, request, port) => answer,
                        _ = hung_up => Err(CallError::HungUp),
                    };
                    // Whoever asked may have lost interest.
                    drop(tell.send(answer));
                });
            }
        });
        pending
    }

    /// One call, waited for.
    pub(crate) fn call(&self, request: Request) -> Result<Answer, CallError> {
        let pending = self.begin(vec![request]).pop().expect("one request is one call");
        let answer = pending.answer.recv().unwrap_or(Err(CallError::HungUp));
        drop(pending.hang_up);
        answer
    }

    /// One of our own routes, read.
    pub(crate) fn read<T: DeserializeOwned>(&self, request: Request) -> Result<T, String> {
        let path = request.path.clone();
        let answer = self.answered(request)?;
        serde_json::from_slice(&answer.body)
            .map_err(|error| format!("`{path}` is not as agreed: {error}\n{}", answer.text()))
    }

    /// One of our own routes that answers with JSON Lines.
    pub(crate) fn read_lines<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, String> {
        let text = self.answered(Request::get(path))?.text();
        let read = |line: &str| {
            serde_json::from_str(line)
                .map_err(|error| format!("`{path}` is not as agreed: {error}\n{line}"))
        };
        text.lines().filter(|line| !line.is_empty()).map(read).collect()
    }

    fn answered(&self, request: Request) -> Result<Answer, String> {
        let path = request.path.clone();
        let answer = self.call(request).map_err(|error| format!("`{path}`: {error}"))?;
        if answer.status == 200 {
            Ok(answer)
        } else {
            Err(format!("`{path}` answered with status {}: {}", answer.status, answer.text()))
        }
    }
}

type Line = (SendRequest<Full<Bytes>>, Connection<TokioIo<TcpStream>, Full<Bytes>>);

async fn connect(port: u16) -> Result<Line, CallError> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|source| CallError::Nobody { port, source })?;
    http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|source| CallError::Broken { port, source })
}

/// The connection runs inside this future, so that dropping it closes the socket.
async fn exchange(
    line: Result<Line, CallError>,
    request: Request,
    port: u16,
) -> Result<Answer, CallError> {
    let (mut sender, connection) = line?;
    let path = request.path.clone();
    let request = wire(request, port).map_err(|source| CallError::Request { path, source })?;
    let answer = async {
        let answer = sender.send_request(request).await?;
        let (head, body) = answer.into_parts();
        Ok((head, body.collect().await?.to_bytes()))
    };
    let (head, body) = tokio::select! {
        biased;
        answer = answer => answer,
        // The connection ends before its answer only by an error; should it end well, the answer is there.
        Err(error) = connection => Err(error),
    }
    .map_err(|source| CallError::Broken { port, source })?;
    let text =
        |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value)));
    Ok(Answer { status: head.status.as_u16(), headers: headers.collect(), body: body.to_vec() })
}

fn wire(request: Request, port: u16) -> Result<hyper::Request<Full<Bytes>>, hyper::http::Error> {
    let has_host = request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host"));
    let mut wire =
        hyper::Request::builder().method(request.method.as_str()).uri(request.path.as_str());
    if !has_host {
        wire = wire.header(HOST, format!("127.0.0.1:{port}"));
    }
    for (name, value) in &request.headers {
        wire = wire.header(name, value);
    }
    wire.body(Full::new(request.body.into()))
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    /// A door before a server that answers one request with these bytes, and gives what it was sent.
    fn server(answer: &'static str) -> (Door, thread::JoinHandle<String>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let served = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut bytes = [0; 4096];
            let count = stream.read(&mut bytes).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&bytes[..count]).into_owned()
        });
        (Door::new(port).unwrap(), served)
    }

    #[test]
    fn a_request_goes_out_as_it_is_and_its_answer_comes_back_as_it_is() {
        let (door, served) =
            server("HTTP/1.1 202 Accepted\r\nX-A: b\r\nContent-Length: 2\r\n\r\nok");
        let answer = door.call(Request::invoke("coffee", "{}").header("x-c", "d")).unwrap();
        assert_eq!(
            (answer.status, answer.header("x-a"), answer.text().as_str()),
            (202, Some("b"), "ok")
        );
        let sent = served.join().unwrap();
        let head = format!(
            "POST /2015-03-31/functions/coffee/invocations HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nx-c: d\r\n",
            door.port
        );
        assert!(sent.starts_with(&head) && sent.ends_with("\r\n\r\n{}"), "{sent}");
    }

    #[test]
    fn a_host_of_ones_own_takes_the_place_of_the_usual() {
        let (door, served) = server("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(door.call(Request::get("/").header("host", "example.com")).unwrap().status, 403);
        let sent = served.join().unwrap();
        assert_eq!(sent.matches("host: ").count(), 1, "{sent}");
    }

    #[test]
    fn a_server_that_hangs_up_is_an_error() {
        let (door, _served) = server("");
        assert!(matches!(door.call(Request::get("/")), Err(CallError::Broken { .. })));
    }

    #[test]
    fn a_call_that_is_dropped_closes_its_connection() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let door = Door::new(listener.local_addr().unwrap().port()).unwrap();
        let pending = door.begin(vec![Request::get("/")]);
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = [0; 4096];
        assert!(stream.read(&mut bytes).unwrap() > 0);
        drop(pending);
        assert_eq!(stream.read(&mut bytes).unwrap(), 0, "the other side has closed");
    }

    #[test]
    fn where_nobody_listens_nobody_answers() {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let door = Door::new(port).unwrap();
        assert!(matches!(door.call(Request::get("/")), Err(CallError::Nobody { .. })));
    }
}
