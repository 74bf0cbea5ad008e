//! A call of an engine: HTTP over a connection of its own. The connections of calls that wait (for an exit, for output)
//! are held as long as those take; the others are few.

use std::io;

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::Value;

use super::Address;

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nobody listens.
    #[error("the container engine at `{address}` cannot be reached: {why}")]
    Nobody {
        /// Where.
        address: Address,
        /// Why.
        why: io::Error,
    },
    /// The connection broke, or what came over it is not HTTP.
    #[error("the container engine at `{address}` stopped in the middle of a call: {why}")]
    Broken {
        /// Where.
        address: Address,
        /// Why.
        why: String,
    },
    /// It did not do as asked.
    #[error("{said}")]
    Refused {
        /// What it calls that.
        status: StatusCode,
        /// Its own sentence.
        said: String,
    },
}

impl CallError {
    /// Whether the engine does not have what was named.
    pub(super) fn is_unknown(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if *status == StatusCode::NOT_FOUND)
    }
}

/// An answer that is read at once is smaller.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What an engine says where it refuses.
#[derive(Deserialize)]
struct Message {
    message: String,
}

impl Address {
    /// Calls, and reads the whole answer.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Bytes, CallError> {
        let answer = self.begin(method, path, body).await?;
        self.whole(answer).await
    }

    /// Calls, and reads a JSON answer.
    pub(super) async fn read(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, CallError> {
        let answer = self.call(method, path, body).await?;
        serde_json::from_slice(&answer).map_err(|why| self.broken(why))
    }

    /// Calls, and leaves the answer to be read as it comes.
    pub(super) async fn begin(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Incoming, CallError> {
        let nobody = |why| CallError::Nobody { address: self.clone(), why };
        let stream = self.connect().await.map_err(nobody)?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|why| self.broken(why))?;
        // It ends with the answer's body; how is read there.
        tokio::task::spawn_local(async move { drop(connection.await) });
        let request = Request::builder().method(method).uri(path).header(HOST, "engine");
        let request = match body {
            Some(body) => request
                .header(CONTENT_TYPE, "application/json")
                .body(Full::new(Bytes::from(body.to_string()))),
            None => request.body(Full::default()),
        };
        let request = request.expect("the parts of a request are ours");
        let answer = sender.send_request(request).await.map_err(|why| self.broken(why))?;
        self.accepted(answer).await
    }

    async fn accepted(&self, answer: Response<Incoming>) -> Result<Incoming, CallError> {
        let status = answer.status();
        if status.is_success() || status == StatusCode::NOT_MODIFIED {
            return Ok(answer.into_body());
        }
        let body = self.whole(answer.into_body()).await?;
        let said = match serde_json::from_slice::<Message>(&body) {
            Ok(Message { message }) => message,
            Err(_) => String::from_utf8_lossy(&body).into_owned(),
        };
        Err(CallError::Refused { status, said: said.trim().to_owned() })
    }

    async fn whole(&self, body: Incoming) -> Result<Bytes, CallError> {
        let collected = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        collected.map(http_body_util::Collected::to_bytes).map_err(|why| {
            if why.is::<LengthLimitError>() {
                self.broken("its answer has no end")
            } else {
                self.broken(why)
            }
        })
    }

    fn broken(&self, why: impl ToString) -> CallError {
        CallError::Broken { address: self.clone(), why: why.to_string() }
    }
}

/// A text as it stands in a query.
pub(super) fn encoded(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_has_nothing_in_it_that_means_something() {
        assert_eq!(encoded("{\"a b\":1}"), "%7B%22a%20b%22%3A1%7D");
        assert_eq!(encoded("kitchen-1.2_3~é"), "kitchen-1.2_3~%C3%A9");
    }
}
