//! What a function returns as the answer of its URL: what is said of it, and what is inferred. D:urls-invocation, facts 8.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
    SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use hyper::{Response, StatusCode};
use lunch_contract::wire;
use serde_json::{Map, Value};

use super::super::{Answer, ERROR_TYPE, JSON, REQUEST_ID, TRACE_ID, evidence, json, value};
use crate::driver;
use crate::uuid::Uuid;

/// Why an answer is malformed; AWS does not say it.
const MALFORMED: HeaderName = HeaderName::from_static("x-lunch-malformed");

/// Headers that are of a connection, and not of an answer.
const HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    CONTENT_LENGTH,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// What came of an invocation, as the URL's caller sees it.
pub(super) fn rendered(
    uuid: Uuid,
    trace_id: HeaderValue,
    answered: driver::Answer,
    streams: bool,
) -> Answer {
    let wire = wire::invoke_answer(&answered.outcome, &uuid.text());
    let mut answer = if wire.status != 200 {
        let status = StatusCode::from_u16(wire.status).expect("the table has HTTP's statuses");
        let mut answer = json(status, wire.body.unwrap_or_default());
        let error_type = wire.error_type.map(HeaderValue::from_static);
        let headers = answer.headers_mut();
        headers.extend(error_type.map(|kind| (ERROR_TYPE, kind)));
        headers.extend(wire.retry_after_secs.map(|secs| (RETRY_AFTER, secs.into())));
        answer
    } else if wire.function_error.is_some() {
        internal_error()
    } else {
        inferred(answered.response, streams).unwrap_or_else(|why| {
            let mut answer = internal_error();
            answer.headers_mut().insert(MALFORMED, value(&why));
            answer
        })
    };
    let headers = answer.headers_mut();
    headers.insert(REQUEST_ID, uuid.into());
    headers.insert(TRACE_ID, trace_id);
    evidence::add(headers, answered.instance, &answered.evidence);
    answer
}

fn internal_error() -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from_static(b"Internal Server Error")));
    *answer.status_mut() = StatusCode::BAD_GATEWAY;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    answer
}

/// The answer that a function's bytes stand for, or why they are malformed.
fn inferred(response: Bytes, streams: bool) -> Result<Answer, String> {
    if let Some((prelude, body)) = prelude(&response) {
        return said(&prelude, response.slice_ref(body));
    }
    match serde_json::from_slice::<Value>(&response) {
        Ok(Value::Object(mut fields)) if fields.contains_key("statusCode") => {
            let body = body(&mut fields)?;
            said(&fields, body)
        }
        Ok(Value::String(text)) => Ok(json(StatusCode::OK, text)),
        Ok(
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_),
        ) => Ok(json(StatusCode::OK, compact(&response))),
        // A streamed answer without a prelude is bytes. D:configuration-response-streaming.
        Err(_) if streams => {
            let mut answer = Response::new(Full::new(response));
            let bytes = HeaderValue::from_static("application/octet-stream");
            answer.headers_mut().insert(CONTENT_TYPE, bytes);
            Ok(answer)
        }
        Err(error) => Err(format!("the function returned no JSON: {error}")),
    }
}

/// What a streaming runtime sends: a prelude, eight zero bytes, which no JSON has, and the body. Facts 1.5.
fn prelude(response: &Bytes) -> Option<(Map<String, Value>, &[u8])> {
    const END: [u8; 8] = [0; 8];
    let at = response.windows(END.len()).position(|bytes| bytes == END)?;
    let prelude = serde_json::from_slice::<Map<String, Value>>(&response[..at]).ok()?;
    Some((prelude, &response[at + END.len()..]))
}

fn body(fields: &mut Map<String, Value>) -> Result<Bytes, String> {
    let is_base64 = match fields.get("isBase64Encoded") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(is_base64)) => *is_base64,
        Some(other) => return Err(format!("`isBase64Encoded` is {}", kind(other))),
    };
    match fields.remove("body") {
        None | Some(Value::Null) => Ok(Bytes::new()),
        Some(Value::String(text)) if is_base64 => BASE64_STANDARD
            .decode(text)
            .map(Bytes::from)
            .map_err(|error| format!("`body` is no base64, as `isBase64Encoded` says: {error}")),
        Some(Value::String(text)) => Ok(text.into()),
        Some(other) => Err(format!("`body` is {}, and has to be a string", kind(&other))),
    }
}

/// The answer with the status, headers and cookies that a function says.
fn said(fields: &Map<String, Value>, body: Bytes) -> Result<Answer, String> {
    let status = match fields.get("statusCode") {
        None => StatusCode::OK,
        Some(code) => status(code)?,
    };
    let is_bodiless = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let mut answer = Response::new(Full::new(if is_bodiless { Bytes::new() } else { body }));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    match fields.get("headers") {
        None | Some(Value::Null) => {}
        Some(Value::Object(all)) => {
            for (name, found) in all {
                let header = HeaderName::from_bytes(name.as_bytes())
                    .map_err(|_| format!("`headers` has a name that is none: {name:?}"))?;
                if !HOP_BY_HOP.contains(&header) {
                    add(headers, header, found)?;
                }
            }
        }
        Some(other) => return Err(format!("`headers` is {}", kind(other))),
    }
    match fields.get("cookies") {
        None | Some(Value::Null) => {}
        Some(Value::Array(cookies)) => {
            for cookie in cookies {
                add(headers, SET_COOKIE, cookie)?;
            }
        }
        Some(other) => return Err(format!("`cookies` is {}", kind(other))),
    }
    headers.entry(CONTENT_TYPE).or_insert(JSON);
    Ok(answer)
}

/// A status that an answer can have: those below 200 are none.
fn status(code: &Value) -> Result<StatusCode, String> {
    let number = code.as_u64().and_then(|code| u16::try_from(code).ok());
    let status = number.filter(|code| (200..600).contains(code));
    status
        .and_then(|code| StatusCode::from_u16(code).ok())
        .ok_or_else(|| "`statusCode` is no whole number from 200 to 599".to_owned())
}

fn add(headers: &mut HeaderMap, name: HeaderName, found: &Value) -> Result<(), String> {
    let text = match found {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => found.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            return Err(format!("the header `{name}` is {}", kind(found)));
        }
    };
    let text = HeaderValue::try_from(text)
        .map_err(|_| format!("the header `{name}` has a value that no header can have"))?;
    headers.try_append(name, text).map_err(|_| "there are too many headers".to_owned())?;
    Ok(())
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// JSON without the space between its tokens, and all else as it was written.
fn compact(json: &[u8]) -> Vec<u8> {
    let mut compact = Vec::with_capacity(json.len());
    let (mut in_string, mut escaped) = (false, false);
    for &byte in json {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if byte.is_ascii_whitespace() {
            continue;
        } else {
            in_string = byte == b'"';
        }
        compact.push(byte);
    }
    compact
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    fn of(response: &[u8], streams: bool) -> Result<(u16, Vec<String>, Bytes), String> {
        let answer = inferred(Bytes::copy_from_slice(response), streams)?;
        let line = |(name, value): (&HeaderName, &HeaderValue)| {
            format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))
        };
        let headers = answer.headers().iter().map(line).collect();
        let status = answer.status().as_u16();
        Ok((status, headers, whole(answer)))
    }

    fn whole(answer: Answer) -> Bytes {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(answer.into_body().collect()).unwrap().to_bytes()
    }

    #[test]
    fn what_says_no_status_is_the_body_itself() {
        for (returned, body) in [
            (r#""hello""#, "hello"),
            (r#""a \"b\" \u00e9""#, "a \"b\" é"),
            ("3", "3"),
            ("1.0", "1.0"),
            ("true", "true"),
            ("null", "null"),
            ("[1, 2,\n \"a b\"]", r#"[1,2,"a b"]"#),
            (r#"{"z": 1, "a": "x\\\" y" }"#, r#"{"z":1,"a":"x\\\" y"}"#),
            (r#"{"body": "x"}"#, r#"{"body":"x"}"#),
        ] {
            let json = vec!["content-type: application/json".to_owned()];
            let found = of(returned.as_bytes(), false);
            assert_eq!(found, Ok((200, json, body.to_owned().into())), "{returned}");
        }
    }

    #[test]
    fn what_says_its_status_is_taken_at_its_word() {
        let returned = r#"{"statusCode": 418, "headers": {"Content-Type": "text/html", "x-n": 1, "X-Many": "a, b", "Content-Length": "9", "Transfer-Encoding": "chunked", "connection": "close"}, "cookies": ["a=1; Secure", "b=2"], "body": "PGI+", "isBase64Encoded": true}"#;
        let (status, mut headers, body) = of(returned.as_bytes(), false).unwrap();
        headers.sort();
        let expected = [
            "content-type: text/html",
            "set-cookie: a=1; Secure",
            "set-cookie: b=2",
            "x-many: a, b",
            "x-n: 1",
        ];
        assert_eq!((status, &body[..]), (418, &b"<b>"[..]));
        assert_eq!(headers, expected);
        let json = vec!["content-type: application/json".to_owned()];
        let bare = of(br#"{"statusCode": 201, "body": null, "headers": null}"#, false);
        assert_eq!(bare, Ok((201, json.clone(), Bytes::new())));
        let none = of(br#"{"statusCode": 204, "body": "x"}"#, false);
        assert_eq!(none, Ok((204, json, Bytes::new())), "such an answer has no body");
    }

    #[test]
    fn what_is_malformed_is_said_and_never_a_panic() {
        for (returned, word) in [
            (r#"{"statusCode": "200"}"#, "`statusCode`"),
            (r#"{"statusCode": null}"#, "`statusCode`"),
            (r#"{"statusCode": 99}"#, "`statusCode`"),
            (r#"{"statusCode": 101}"#, "`statusCode`"),
            (r#"{"statusCode": 600}"#, "`statusCode`"),
            (r#"{"statusCode": 200.5}"#, "`statusCode`"),
            (r#"{"statusCode": -1}"#, "`statusCode`"),
            (r#"{"statusCode": 1e99}"#, "`statusCode`"),
            (r#"{"statusCode": 200, "body": {"a": 1}}"#, "`body` is an object"),
            (r#"{"statusCode": 200, "body": "%", "isBase64Encoded": true}"#, "no base64"),
            (r#"{"statusCode": 200, "isBase64Encoded": "yes"}"#, "`isBase64Encoded`"),
            (r#"{"statusCode": 200, "headers": []}"#, "`headers` is a list"),
            (r#"{"statusCode": 200, "headers": {"a b": "x"}}"#, "a name that is none"),
            (r#"{"statusCode": 200, "headers": {"": "x"}}"#, "a name that is none"),
            (r#"{"statusCode": 200, "headers": {"a": "x\ny"}}"#, "no header can have"),
            (r#"{"statusCode": 200, "headers": {"a": ["x"]}}"#, "`a` is a list"),
            (r#"{"statusCode": 200, "cookies": "a=1"}"#, "`cookies` is a string"),
            (r#"{"statusCode": 200, "cookies": ["a\r\nb: c"]}"#, "no header can have"),
            ("oops", "no JSON"),
            ("", "no JSON"),
        ] {
            let why = of(returned.as_bytes(), false).expect_err(returned);
            assert!(why.contains(word), "{returned}: {why}");
        }
        let many: Vec<_> = (0..40_000).map(|n| format!(r#""h{n}": "x""#)).collect();
        let many = format!(r#"{{"statusCode": 200, "headers": {{{}}}}}"#, many.join(","));
        assert_eq!(of(many.as_bytes(), false).unwrap_err(), "there are too many headers");
        of("[".repeat(100_000).as_bytes(), false).unwrap_err();
    }

    #[test]
    fn a_streamed_answer_comes_whole_with_what_its_prelude_says() {
        let streamed = b"{\"statusCode\":202,\"headers\":{\"x-a\":\"b\"},\"cookies\":[\"c=1\"]}\0\0\0\0\0\0\0\0\xffbytes";
        let (status, headers, body) = of(streamed, false).unwrap();
        assert_eq!((status, &body[..]), (202, &b"\xffbytes"[..]));
        assert!(headers.contains(&"set-cookie: c=1".to_owned()), "{headers:?}");
        let (status, headers, body) = of(b"plain \xff", true).unwrap();
        assert_eq!((status, &body[..]), (200, &b"plain \xff"[..]));
        assert_eq!(headers, ["content-type: application/octet-stream"]);
    }
}
