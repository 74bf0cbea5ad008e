//! `lunch invoke NAME`: one call of a function of a running cloud; the answer to stdout, the evidence to stderr.

use std::io::Read as _;
use std::{fs, io};

use hyper::StatusCode;
use hyper::body::Bytes;
use serde::de::IgnoredAny;

use crate::args;
use crate::door::{Answer, Door};
use crate::failure::{Code, Failure, OrFail as _};
use crate::say;

/// What the evidence headers begin with.
const EVIDENCE: &str = "x-lunch-";

pub(crate) async fn run(asked: args::Invoke) -> Result<Code, Failure> {
    let payload = payload(&asked.payload)?;
    let door = Door::new(asked.door.port);
    let answer = door.invoke(&asked.function, payload, asked.event).await?;
    if let Some(evidence) = evidence(&answer) {
        say::beside(evidence);
    }
    verdict(&answer)
}

/// What the argument stands for, as the bytes that are sent; JSON in any case.
fn payload(argument: &str) -> Result<Bytes, Failure> {
    let (bytes, name) = if argument == "-" {
        let mut bytes = Vec::new();
        io::stdin()
            .read_to_end(&mut bytes)
            .or_fail_with(Code::Input, || "the payload cannot be read from stdin")?;
        (bytes, "on stdin".to_owned())
    } else if let Some(path) = argument.strip_prefix('@') {
        let bytes = fs::read(path)
            .or_fail_with(Code::Input, || format!("the payload file `{path}` cannot be read"))?;
        (bytes, format!("in `{path}`"))
    } else {
        (argument.as_bytes().to_vec(), format!("`{argument}`"))
    };
    serde_json::from_slice::<IgnoredAny>(&bytes).or_fail_with(Code::Input, || {
        format!(
            "the payload {name} is not JSON\n(a text needs its quotes: `-p '\"text\"'`; a file is \
             `-p @FILE`)"
        )
    })?;
    Ok(bytes.into())
}

/// Which instance served, cold or warm and why, as the cloud's own headers tell it.
fn evidence(answer: &Answer) -> Option<String> {
    let told: Vec<_> = answer
        .headers
        .iter()
        .filter_map(|(name, value)| {
            let name = name.as_str().strip_prefix(EVIDENCE)?.replace('-', " ");
            Some(format!("{name}: {}", value.to_str().ok()?))
        })
        .collect();
    (!told.is_empty()).then(|| told.join(", "))
}

fn verdict(answer: &Answer) -> Result<Code, Failure> {
    if !answer.status.is_success() {
        return Err(Failure::new(Code::Bad, refusal(answer)));
    }
    if answer.status == StatusCode::ACCEPTED {
        say::beside("accepted; what it comes to stands in `lunch timeline`");
        return Ok(Code::Done);
    }
    say::answer(&answer.body);
    if !answer.body.ends_with(b"\n") {
        say::answer("\n");
    }
    match answer.header("x-amz-function-error") {
        None => Ok(Code::Done),
        Some(error) => {
            say::beside(format!("the function failed: {error}"));
            Ok(Code::Bad)
        }
    }
}

/// AWS's refusal, with its type and its text.
pub(crate) fn refusal(answer: &Answer) -> String {
    let kind = answer.header("x-amzn-errortype").map(|kind| format!(" {kind}"));
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = ["Message", "message", "error"].iter().find_map(|key| body[key].as_str());
    let text =
        text.map_or_else(|| String::from_utf8_lossy(&answer.body).into_owned(), str::to_owned);
    format!("{}{}: {text}", answer.status.as_u16(), kind.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;
    use hyper::header::{HeaderName, HeaderValue};

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &'static str) -> Answer {
        let header = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let headers: HeaderMap = headers.iter().map(header).collect();
        let status = StatusCode::from_u16(status).expect("a status");
        Answer { status, headers, body: Bytes::from_static(body.as_bytes()) }
    }

    #[test]
    fn a_payload_that_is_not_json_is_refused_before_anybody_is_called() {
        let failure = payload("{oops}").expect_err("no JSON");
        insta::assert_snapshot!(failure.render(false), @r#"
        error: the payload `{oops}` is not JSON
          because key must be a string at line 1 column 2
        (a text needs its quotes: `-p '"text"'`; a file is `-p @FILE`)
        "#);
        assert_eq!(failure.code, Code::Input);
    }

    #[test]
    fn a_function_error_is_an_answer_and_a_non_zero_status() {
        let failed = answer(200, &[("x-amz-function-error", "Unhandled")], "{}");
        assert_eq!(verdict(&failed).expect("answered"), Code::Bad);
        assert_eq!(verdict(&answer(200, &[], "{}")).expect("answered"), Code::Done);
        assert_eq!(verdict(&answer(202, &[], "")).expect("accepted"), Code::Done);
    }

    #[test]
    fn a_refusal_is_told_in_awss_words() {
        let headers = [("x-amzn-errortype", "TooManyRequestsException")];
        let refused = answer(429, &headers, r#"{"Type":"User","Message":"Rate Exceeded."}"#);
        let failure = verdict(&refused).expect_err("refused");
        assert_eq!(failure.render(false), "error: 429 TooManyRequestsException: Rate Exceeded.\n");
    }
}
