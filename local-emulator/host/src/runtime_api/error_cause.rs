//! An error that comes with its cause for tracing: what of it is the caller's. Facts 1.4.

use std::fmt::Write as _;

use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use serde::Deserialize;

/// What such a body is called.
const WITH_CAUSE: &str = "application/vnd.aws.lambda.error.cause+json";
/// What the caller gets of a body that cannot be read.
const INVALID: &str = r#""Invalid error body""#;

/// Whether the body holds a cause as well.
pub(super) fn is_there(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind == WITH_CAUSE)
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Reported {
    error_message: Option<String>,
    error_type: Option<String>,
    stack_trace: Option<Vec<Option<String>>>,
}

/// The body without the cause, written as AWS's agent writes it.
pub(super) fn without(body: &[u8]) -> Bytes {
    match serde_json::from_slice::<Option<Reported>>(body) {
        Ok(reported) => reported.unwrap_or_default().written().into(),
        Err(_) => Bytes::from_static(INVALID.as_bytes()),
    }
}

impl Reported {
    fn written(self) -> String {
        let quoted = |text: Option<String>| escaped(&text.unwrap_or_default());
        let message = quoted(self.error_message);
        let mut text =
            format!(r#"{{"errorMessage":{message},"errorType":{}"#, quoted(self.error_type));
        let trace = self.stack_trace.unwrap_or_default();
        if !trace.is_empty() {
            let lines: Vec<_> = trace.into_iter().map(quoted).collect();
            write!(text, r#","stackTrace":[{}]"#, lines.join(",")).expect("a string takes all");
        }
        text.push('}');
        text
    }
}

/// A JSON string in which nothing can be taken for HTML.
fn escaped(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    for character in serde_json::Value::from(text).to_string().chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                write!(quoted, "\\u{:04x}", u32::from(character)).expect("a string takes all");
            }
            other => quoted.push(other),
        }
    }
    quoted
}
