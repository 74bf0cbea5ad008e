//! Bytes over a connection of their own, and what comes back: it has to be HTTP.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// After so much silence no more answers are waited for: the caller leaves, as callers do.
const SILENCE: Duration = Duration::from_millis(10);

/// A connection whose caller has left is closed within this. Nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The statuses that an answer may have: those of the contract's tables, and those of the HTTP library.
const STATUSES: [u16; 18] =
    [100, 200, 202, 204, 400, 403, 404, 405, 408, 409, 411, 413, 414, 415, 417, 429, 431, 505];

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Whether this cloud says that it is JSON; what a function says is its own.
    is_json: bool,
    pub(crate) body: Vec<u8>,
}

/// Sends these bytes, reads what is answered until nothing comes any more, and leaves.
pub(crate) async fn exchange(address: &str, sent: &[u8]) -> Result<Vec<Answer>, String> {
    let stream = TcpStream::connect(address).await;
    let mut stream = stream.map_err(|error| format!("nobody listens: {error}"))?;
    let mut heard = Vec::new();
    // Who does not like the beginning hangs up before the end: that is an answer too.
    if stream.write_all(sent).await.is_ok() {
        while let Ok(Ok(1..)) = timeout(SILENCE, stream.read_buf(&mut heard)).await {
            if answers(&heard, sent).is_ok_and(|all| all.len() == 1) && is_one(sent) {
                break;
            }
        }
    }
    drop(stream.shutdown().await);
    // A reset is an end as well.
    let ended =
        timeout(PATIENCE, async { while let Ok(1..) = stream.read_buf(&mut heard).await {} });
    if ended.await.is_err() {
        return Err("the connection stays open though its caller has left".to_owned());
    }
    let answers = answers(&heard, sent)?;
    answers.iter().try_for_each(check)?;
    Ok(answers)
}

/// Whether nothing more than one request was sent, for all that can be seen from here.
fn is_one(sent: &[u8]) -> bool {
    sent.windows(5).filter(|bytes| bytes == b"HTTP/").count() == 1
}

/// The answers in what was heard.
fn answers(heard: &[u8], sent: &[u8]) -> Result<Vec<Answer>, String> {
    let (mut all, mut rest) = (Vec::new(), heard);
    while !rest.is_empty() {
        let (answer, after) = first(rest, sent)
            .ok_or_else(|| format!("this is no answer of HTTP's: {}", rest.escape_ascii()))?;
        all.push(answer);
        rest = after;
    }
    Ok(all)
}

/// The first answer, and what comes after it.
fn first<'heard>(heard: &'heard [u8], sent: &[u8]) -> Option<(Answer, &'heard [u8])> {
    let end = heard.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&heard[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let line = lines.next()?.strip_prefix("HTTP/1.")?;
    let status = line.get(2..5)?.parse().ok()?;
    let (mut length, mut is_json, mut is_functions) = (0, false, false);
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        match name {
            "content-length" => length = value.parse().ok()?,
            "content-type" => is_json = value.contains("json") && !value.contains("ndjson"),
            "x-lunch-instance" | "lambda-runtime-aws-request-id" => is_functions = true,
            _ => {}
        }
    }
    let rest = &heard[end + 4..];
    // To HEAD the length is told, and nothing comes.
    let is_without = rest.len() < length || rest.starts_with(b"HTTP/1.");
    if is_without && sent.windows(4).any(|bytes| bytes == b"HEAD") {
        length = 0;
    }
    let body = rest.get(..length)?.to_vec();
    let is_json = is_json && !is_functions && !body.is_empty();
    Some((Answer { status, is_json, body }, &rest[length..]))
}

fn check(answer: &Answer) -> Result<(), String> {
    let body = answer.body.escape_ascii();
    if !STATUSES.contains(&answer.status) {
        return Err(format!("an answer has status {}: {body}", answer.status));
    }
    if answer.is_json
        && let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&answer.body)
    {
        return Err(format!("an answer says that it is JSON and is not: {error}: {body}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(heard: &str) -> Result<usize, String> {
        let answers = answers(heard.as_bytes(), b"GET / HTTP/1.1\r\n\r\n")?;
        answers.iter().try_for_each(check).map(|()| answers.len())
    }

    #[test]
    fn answers_one_after_the_other_are_told_apart() {
        let one =
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(told(&format!("{one}{one}")), Ok(2));
    }

    #[test]
    fn an_answer_to_head_has_a_length_and_no_body() {
        let heard = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n".repeat(2);
        let answers = answers(heard.as_bytes(), b"HEAD / HTTP/1.1\r\n\r\n").expect("they are two");
        assert_eq!(answers.len(), 2);
    }

    #[test]
    fn what_is_cut_off_or_unknown_or_no_json_is_found() {
        for heard in [
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 502 Bad Gateway\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1\r\n\r\n{",
        ] {
            told(heard).expect_err(heard);
        }
    }
}
