//! HTTP written by hand, for what `lambda_runtime` would never send.
//!
//! One request per connection, closed afterwards. It reads the answer's status and body and judges nothing.

use std::env;
use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::step::{Peer, Raw, Request};

const RUNTIME: &str = "/2018-06-01/runtime";
/// A well-formed id that no platform hands out.
const UNKNOWN_ID: &str = "00000000-0000-4000-8000-000000000000";

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// The ids that a request may speak about.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ids {
    pub(crate) request: String,
    pub(crate) previous: Option<String>,
}

/// Sends one of the named requests.
pub(crate) async fn send(raw: &Raw, ids: &Ids) -> io::Result<Reply> {
    match raw {
        Raw::RespondTwice => respond(&ids.request).await,
        Raw::RespondUnknownId => respond(UNKNOWN_ID).await,
        Raw::RespondPreviousId => match &ids.previous {
            Some(previous) => respond(previous).await,
            None => Err(io::Error::other("there was no request before this one")),
        },
        Raw::RespondTruncated => {
            let path = format!("{RUNTIME}/invocation/{}/response", ids.request);
            let request = post(&path, r#""cut off""#);
            let more = request.body.len() + 100;
            exchange(&request, more).await
        }
        Raw::NextTwice => {
            exchange(
                &Request {
                    method: "GET".into(),
                    ..post(&format!("{RUNTIME}/invocation/next"), "")
                },
                0,
            )
            .await
        }
        Raw::Http(request) => {
            let request = Request {
                path: ids.fill(&request.path),
                body: ids.fill(&request.body),
                ..request.clone()
            };
            exchange(&request, request.body.len()).await
        }
    }
}

/// `POST /runtime/init/error`.
pub(crate) async fn init_error(error_type: &str, message: &str) -> io::Result<Reply> {
    let body =
        serde_json::json!({"errorType": error_type, "errorMessage": message, "stackTrace": []});
    let mut request = post(&format!("{RUNTIME}/init/error"), &body.to_string());
    request.headers.push(("Lambda-Runtime-Function-Error-Type".into(), error_type.into()));
    exchange(&request, request.body.len()).await
}

impl Ids {
    fn fill(&self, text: &str) -> String {
        text.replace("{request_id}", &self.request)
            .replace("{previous_request_id}", self.previous.as_deref().unwrap_or(UNKNOWN_ID))
    }
}

async fn respond(request_id: &str) -> io::Result<Reply> {
    let request = post(&format!("{RUNTIME}/invocation/{request_id}/response"), r#""by hand""#);
    exchange(&request, request.body.len()).await
}

fn post(path: &str, body: &str) -> Request {
    Request {
        to: Peer::Runtime,
        method: "POST".into(),
        path: path.into(),
        headers: vec![],
        body: body.into(),
    }
}

async fn exchange(request: &Request, announced: usize) -> io::Result<Reply> {
    let authority = authority(request.to)?;
    let mut stream = TcpStream::connect(&authority).await?;
    stream.write_all(wire(request, &authority, announced).as_bytes()).await?;
    if announced > request.body.len() {
        stream.shutdown().await?;
    }
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    parse(&String::from_utf8_lossy(&answer))
}

/// The `host:port` of whom is spoken to.
fn authority(to: Peer) -> io::Result<String> {
    let name = match to {
        Peer::Runtime => "AWS_LAMBDA_RUNTIME_API",
        Peer::Endpoint => "AWS_ENDPOINT_URL",
    };
    let url = env::var(name).map_err(|_| io::Error::other(format!("`{name}` is not set")))?;
    let authority = url.strip_prefix("http://").unwrap_or(&url);
    Ok(authority.trim_end_matches('/').to_owned())
}

/// The request as it goes over the wire, announcing a body of `announced` bytes.
fn wire(request: &Request, authority: &str, announced: usize) -> String {
    let Request { method, path, body, .. } = request;
    let mut head =
        format!("{method} {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n");
    for (name, value) in &request.headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    format!("{head}Content-Type: application/json\r\nContent-Length: {announced}\r\n\r\n{body}")
}

/// The status and the body of an answer; chunks are put together.
fn parse(answer: &str) -> io::Result<Reply> {
    let cut_off = || io::Error::other("the connection was closed without an answer");
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(cut_off)?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(cut_off)?;
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    Ok(Reply { status, body: if chunked { unchunk(body) } else { body.to_owned() } })
}

fn unchunk(mut chunks: &str) -> String {
    let mut body = String::new();
    while let Some((length, rest)) = chunks.split_once("\r\n") {
        let length = usize::from_str_radix(length.trim(), 16).unwrap_or(0);
        let Some(chunk) = rest.get(..length).filter(|chunk| !chunk.is_empty()) else {
            break;
        };
        body.push_str(chunk);
        chunks = rest[length..].trim_start_matches("\r\n");
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_apart_whole_or_in_chunks() {
        let reply = |body: &str| Reply { status: 202, body: body.into() };
        let whole = "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(parse(whole).expect("an answer"), reply("{}"));
        let chunked = "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n";
        assert_eq!(parse(chunked).expect("an answer"), reply("{}"));
        assert!(parse("").expect_err("nothing came").to_string().contains("without an answer"));
    }

    #[test]
    fn a_truncated_body_announces_more_than_it_has() {
        let request = post("/p", "abc");
        let wire = wire(&request, "127.0.0.1:1", 103);
        assert!(wire.starts_with("POST /p HTTP/1.1\r\nHost: 127.0.0.1:1\r\n"), "{wire}");
        assert!(wire.ends_with("Content-Length: 103\r\n\r\nabc"), "{wire}");
    }

    #[test]
    fn ids_are_filled_in() {
        let ids = Ids { request: "r2".into(), previous: Some("r1".into()) };
        assert_eq!(ids.fill("/{request_id}/{previous_request_id}"), "/r2/r1");
    }
}
