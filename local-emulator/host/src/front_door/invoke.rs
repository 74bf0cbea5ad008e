//! Invoke: facts 5.1 to 5.3.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http_body_util::Full;
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, EXPECT, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Request, Response, StatusCode};
use lunch_contract::Limits;
use lunch_contract::names::LATEST;
use lunch_contract::wire::{self, CallerError};
use serde::de::IgnoredAny;

use super::functions::Target;
use super::{
    Answer, Door, ERROR_TYPE, JSON, REQUEST_ID, TRACE_ID, empty, evidence, refused, value,
};
use crate::connection::{self, Unread};
use crate::driver::{self, Accepted, Call, Caller, Waits};
use crate::published::Version;
use crate::uuid::Uuid;

const EXECUTED_VERSION: HeaderName = HeaderName::from_static("x-amz-executed-version");
const FUNCTION_ERROR: HeaderName = HeaderName::from_static("x-amz-function-error");
const LOG_RESULT: HeaderName = HeaderName::from_static("x-amz-log-result");
const INVOCATION_TYPE: &str = "x-amz-invocation-type";
const LOG_TYPE: &str = "x-amz-log-type";
const CONTEXT: &str = "x-amz-client-context";

/// How the caller wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    RequestResponse,
    Event,
    DryRun,
}

/// Calls the function that was found, as the request says.
pub(super) async fn answer(door: &Door, target: Target, request: Request<Incoming>) -> Answer {
    let Target { function, version, arn } = target;
    let (head, body) = request.into_parts();
    let (kind, waits, client_context) = match wanted(&head.headers) {
        Ok(wanted) => wanted,
        Err(error) => {
            Box::pin(connection::read_out(body)).await;
            return error(door);
        }
    };
    let asks_first = head.headers.contains_key(EXPECT);
    let payload = match payload(body, kind, asks_first).await {
        Ok(payload) => payload,
        Err(error) => return error(door),
    };
    if kind == Kind::DryRun {
        return empty(door, StatusCode::NO_CONTENT);
    }
    // One that is no text would come to a runtime, and back to the caller, as a header that they cannot read.
    let trace_id = head.headers.get(TRACE_ID).filter(|id| id.to_str().is_ok()).cloned();
    let uuid = None;
    let call = Call { function, version, payload, arn, uuid, trace_id, client_context, waits };
    let accepted = match accepted(door, call) {
        Ok(accepted) => accepted,
        Err(answer) => return *answer,
    };
    if kind == Kind::Event {
        let safe = door.driver.borrow_mut().safe();
        if let Some(safe) = safe
            && let Err(error) = safe.await
        {
            return refused(door, &CallerError::Unavailable { message: &error.to_string() });
        }
        return queued(&accepted);
    }
    let (uuid, trace_id) = (accepted.uuid, accepted.trace_id.clone());
    match awaited(door, accepted).await {
        Ok(answer) => rendered(uuid, version, trace_id, answer),
        Err(answer) => *answer,
    }
}

/// Tells the cloud of a call.
pub(super) fn accepted(door: &Door, call: Call) -> Result<Accepted, Box<Answer>> {
    let accepted = door.driver.borrow_mut().invoke(call);
    let message = "the cloud is shutting down";
    accepted.map_err(|_| Box::new(refused(door, &CallerError::Unavailable { message })))
}

/// What comes of it.
pub(super) async fn awaited(
    door: &Door,
    accepted: Accepted,
) -> Result<driver::Answer, Box<Answer>> {
    let caller = Caller::new(&door.driver, accepted.id);
    let answered = accepted.answer.await;
    caller.answered();
    let message = "the cloud has ended";
    answered.map_err(|_| Box::new(refused(door, &CallerError::Unavailable { message })))
}

/// How a call was wrong; rendered when there is somebody to tell.
type Wrong = Box<dyn FnOnce(&Door) -> Answer>;

fn wrong(error: impl Fn(&dyn Fn(&CallerError<'_>) -> Answer) -> Answer + 'static) -> Wrong {
    Box::new(move |door| error(&|error| refused(door, error)))
}

/// What the headers ask for.
fn wanted(headers: &HeaderMap) -> Result<(Kind, Waits, Option<HeaderValue>), Wrong> {
    let kind = match headers.get(INVOCATION_TYPE).map(HeaderValue::as_bytes) {
        None | Some(b"RequestResponse") => Kind::RequestResponse,
        Some(b"Event") => Kind::Event,
        Some(b"DryRun") => Kind::DryRun,
        Some(other) => {
            return Err(not_in_set(other, "invocationType", "[Event, RequestResponse, DryRun]"));
        }
    };
    let tail = match headers.get(LOG_TYPE).map(HeaderValue::as_bytes) {
        None | Some(b"None") => false,
        Some(b"Tail") => true,
        Some(other) => return Err(not_in_set(other, "logType", "[None, Tail]")),
    };
    let waits = match (kind, tail) {
        (Kind::Event, _) => Waits::No,
        (Kind::RequestResponse | Kind::DryRun, true) => Waits::Tail,
        (Kind::RequestResponse | Kind::DryRun, false) => Waits::Response,
    };
    let context = headers.get(CONTEXT).map(|context| client_context(context.as_bytes()));
    Ok((kind, waits, context.transpose()?))
}

fn not_in_set(found: &[u8], member: &'static str, set: &'static str) -> Wrong {
    let found = String::from_utf8_lossy(found).into_owned();
    wrong(move |tell| {
        let constraint = format!("Member must satisfy enum value set: {set}");
        tell(&CallerError::Validation { value: &found, member, constraint: &constraint })
    })
}

/// The model's limit of the header, bytes. M:lambda Invoke.
const CONTEXT_BYTES_MAX: usize = 3_583;

/// Base64 of JSON, which the runtime gets as JSON.
fn client_context(encoded: &[u8]) -> Result<HeaderValue, Wrong> {
    let message = if encoded.len() > CONTEXT_BYTES_MAX {
        "Client context must be no more than 3583 bytes when base64-encoded."
    } else {
        "Client context must be a valid Base64-encoded JSON object."
    };
    let decoded = BASE64_STANDARD.decode(encoded).ok();
    decoded
        .filter(|_| encoded.len() <= CONTEXT_BYTES_MAX)
        .and_then(|json| serde_json::from_slice::<serde_json::Value>(&json).ok())
        .filter(serde_json::Value::is_object)
        // Escaped to ASCII on one line, as a header has to be.
        .and_then(|json| HeaderValue::try_from(ascii(&json.to_string())).ok())
        .ok_or_else(|| wrong(move |tell| tell(&CallerError::InvalidParameter { message })))
}

/// JSON in ASCII: other characters escaped.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() {
            text.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(text, "\\u{unit:04x}").expect("a string takes all");
            }
        }
    }
    text
}

/// The payload: JSON, and no larger than AWS takes. An empty one is an empty object. A caller who asks first whether to
/// send it is told before it is read.
async fn payload(mut body: Incoming, kind: Kind, asks_first: bool) -> Result<Bytes, Wrong> {
    let limits = Limits::strict();
    let (limit, invocation_type) = match kind {
        Kind::Event => (limits.event_bytes_max, "Event"),
        Kind::RequestResponse => (limits.request_bytes_max, "RequestResponse"),
        Kind::DryRun => (limits.request_bytes_max, "DryRun"),
    };
    let too_large = move |bytes| {
        wrong(move |tell| {
            let limit_bytes = limit;
            tell(&CallerError::PayloadTooLarge { bytes, limit_bytes, invocation_type })
        })
    };
    let announced = body.size_hint().exact();
    if let Some(bytes) = announced.filter(|bytes| *bytes > limit) {
        if !asks_first {
            connection::read_out(body).await;
        }
        return Err(too_large(bytes));
    }
    let limit_bytes = usize::try_from(limit).unwrap_or(usize::MAX);
    let payload = match connection::read(&mut body, limit_bytes).await {
        Ok(payload) => payload,
        Err(Unread::TooLarge) => {
            connection::read_out(body).await;
            // Not announced, so all that is known is that there is more.
            return Err(too_large(limit + 1));
        }
        Err(Unread::Broken) => return Err(wrong(|tell| tell(&CallerError::BodyBroken))),
        Err(Unread::Silent) => {
            let seconds = connection::SILENCE_MAX.as_secs();
            return Err(wrong(move |tell| tell(&CallerError::BodyMissing { seconds })));
        }
    };
    if payload.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match invalid_json(&payload) {
        None => Ok(payload),
        Some((unexpected, line, column)) => {
            Err(wrong(move |tell| tell(&CallerError::InvalidJson { unexpected, line, column })))
        }
    }
}

/// Where the payload stops being JSON: the byte that is not expected there, and its place from 1.
fn invalid_json(payload: &[u8]) -> Option<(Option<u8>, usize, usize)> {
    let no_text = std::str::from_utf8(payload).err().map(|error| error.valid_up_to());
    let no_json = serde_json::from_slice::<IgnoredAny>(payload).err();
    let place = match (no_json, no_text) {
        (Some(error), None) if error.is_eof() => return Some((None, error.line(), error.column())),
        (Some(error), _) => offset(payload, error.line(), error.column()),
        (None, Some(offset)) => offset,
        (None, None) => return None,
    };
    let before = &payload[..place.min(payload.len())];
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    let column = 1 + before.iter().rev().take_while(|byte| **byte != b'\n').count();
    Some((payload.get(place).copied(), line, column))
}

/// The offset of a place that a parser names by line and column from 1.
fn offset(payload: &[u8], line: usize, column: usize) -> usize {
    let before: usize = payload
        .split_inclusive(|byte| *byte == b'\n')
        .take(line.saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    before + column.saturating_sub(1)
}

fn queued(accepted: &Accepted) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::new()));
    *answer.status_mut() = StatusCode::ACCEPTED;
    answer.headers_mut().insert(REQUEST_ID, accepted.uuid.into());
    answer.headers_mut().insert(TRACE_ID, accepted.trace_id.clone());
    answer
}

fn rendered(
    uuid: Uuid,
    version: Version,
    trace_id: HeaderValue,
    answered: driver::Answer,
) -> Answer {
    let wire = wire::invoke_answer(&answered.outcome, &uuid.text());
    let body = wire.body.map_or(answered.response, Bytes::from);
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() =
        StatusCode::from_u16(wire.status).expect("the table has HTTP's statuses");
    let headers = answer.headers_mut();
    // The map doubles: room for one more would be room for twice as many.
    headers.reserve(12);
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(REQUEST_ID, uuid.into());
    headers.insert(TRACE_ID, trace_id);
    if wire.status == 200 {
        headers.insert(
            EXECUTED_VERSION,
            match version {
                Version::Latest => HeaderValue::from_static(LATEST),
                Version::Number(number) => HeaderValue::from(number),
            },
        );
    }
    if let Some(error) = wire.function_error {
        headers.insert(FUNCTION_ERROR, HeaderValue::from_static(error));
    }
    if let Some(error_type) = wire.error_type {
        headers.insert(ERROR_TYPE, HeaderValue::from_static(error_type));
    }
    if let Some(secs) = wire.retry_after_secs {
        headers.insert(RETRY_AFTER, HeaderValue::from(secs));
    }
    if let Some(tail) = answered.tail {
        headers.insert(LOG_RESULT, value(&BASE64_STANDARD.encode(tail)));
    }
    evidence::add(headers, answered.instance, &answered.evidence);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_where_a_payload_stops_being_json_is_found() {
        assert_eq!(invalid_json(b"{\"a\": 1}"), None);
        assert_eq!(invalid_json(b"{\"a\": oops}"), Some((Some(b'o'), 1, 7)));
        assert_eq!(invalid_json(b"{\"a\":\n  1 2}"), Some((Some(b'2'), 2, 5)));
        assert_eq!(invalid_json(b"\x99"), Some((Some(0x99), 1, 1)));
        assert_eq!(invalid_json(b"\"caf\xe9\""), Some((Some(0xe9), 1, 5)));
        let (unexpected, ..) = invalid_json(b"{\"a\": ").expect("it is cut off");
        assert_eq!(unexpected, None);
    }

    #[test]
    fn a_client_context_is_handed_on_as_json_on_one_line() {
        let encoded = BASE64_STANDARD.encode("{\"custom\": {\"name\": \"Zoë 😀\"}}\n");
        let Ok(context) = client_context(encoded.as_bytes()) else { panic!("it is JSON") };
        assert_eq!(context, r#"{"custom":{"name":"Zo\u00eb \ud83d\ude00"}}"#);
        for bad in ["", "{}", "bm8=", &"e".repeat(4_000)] {
            assert!(client_context(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
