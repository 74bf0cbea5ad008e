//! The Extensions API for internal extensions: threads of the runtime's own process. Facts 2.1.

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderMap, HeaderName};
use hyper::{Request, Response, StatusCode};
use lunch_contract::names::LATEST;
use lunch_contract::wire::{self, RuntimeAnswer};
use lunch_contract::{Process, Refusal};
use serde::Deserialize;

use super::routes::ExtensionRoute;
use super::{Answer, Hangup, accepted, json, refused, runtime, small};
use crate::driver::Shared;

const NAME: &str = "lambda-extension-name";
const IDENTIFIER: HeaderName = HeaderName::from_static("lambda-extension-identifier");
const EVENT_IDENTIFIER: HeaderName = HeaderName::from_static("lambda-extension-event-identifier");
const ERROR_TYPE: &str = "lambda-extension-function-error-type";
const FEATURES: &str = "lambda-extension-accept-feature";

pub(super) async fn answer(
    driver: Shared,
    process: Process,
    route: ExtensionRoute,
    request: Request<Incoming>,
) -> Result<Answer, Hangup> {
    match route {
        ExtensionRoute::Register => register(&driver, process, request).await,
        ExtensionRoute::Next => next(&driver, process, request.headers()).await,
        ExtensionRoute::Failed => failed(&driver, process, request.headers()),
    }
}

#[derive(Deserialize)]
struct Registration {
    #[serde(default)]
    events: Vec<String>,
}

async fn register(
    driver: &Shared,
    process: Process,
    request: Request<Incoming>,
) -> Result<Answer, Hangup> {
    let name = header(request.headers(), NAME).unwrap_or_default().to_owned();
    let wants_account = header(request.headers(), FEATURES)
        .is_some_and(|features| features.split(',').any(|feature| feature.trim() == "accountId"));
    if name.is_empty() {
        return Ok(forbidden("Extension.InvalidExtensionName", "Empty extension name"));
    }
    let body = small(request).await.unwrap_or_default();
    let Ok(registration) = serde_json::from_slice::<Registration>(&body) else {
        return Ok(forbidden("InvalidRequestFormat", "the body is not `{\"events\": []}`"));
    };
    if let Some(event) = registration.events.iter().find(|event| *event != "INVOKE") {
        let why = match event.as_str() {
            "SHUTDOWN" => "ShutdownEventNotSupportedForInternalExtension",
            _ => "ErrorInvalidEventType",
        };
        let message = format!("{event}: {why}");
        return Ok(forbidden("Extension.InvalidEventType", &message));
    }
    if driver.borrow_mut().is_registered(process, &name) {
        let message = "Extension with this name already registered";
        return Ok(forbidden("Extension.InvalidExtensionState", message));
    }
    let registered = driver.borrow_mut().register(process, &name, !registration.events.is_empty());
    let registered = match registered {
        Ok(registered) => registered,
        Err(refusal) => return refused(refusal),
    };
    let account = wants_account.then_some(registered.account.as_str());
    let body = wire::registered(account, &registered.function, LATEST, &registered.handler);
    let mut answer = json(StatusCode::OK, body);
    answer.headers_mut().insert(IDENTIFIER, registered.identifier.into());
    Ok(answer)
}

async fn next(driver: &Shared, process: Process, headers: &HeaderMap) -> Result<Answer, Hangup> {
    let identifier = match identified(headers) {
        Ok(identifier) => identifier,
        Err(answer) => return Ok(runtime(answer)),
    };
    let waiting = driver.borrow_mut().extension_next(process, identifier);
    let event: Bytes = match waiting {
        Ok(waiting) => waiting.await.map_err(|_| Hangup)?,
        Err(Refusal::UnknownExtension) => {
            return Ok(unknown(&format!("Unknown extension {identifier}")));
        }
        Err(refusal) => return refused(refusal),
    };
    let event_id = driver.borrow_mut().world.names.uuid();
    let mut answer: Response<Full<Bytes>> = json(StatusCode::OK, event);
    answer.headers_mut().insert(EVENT_IDENTIFIER, event_id.into());
    Ok(answer)
}

fn failed(driver: &Shared, process: Process, headers: &HeaderMap) -> Result<Answer, Hangup> {
    let identifier = match identified(headers) {
        Ok(identifier) => identifier,
        Err(answer) => return Ok(runtime(answer)),
    };
    let Some(error_type) = header(headers, ERROR_TYPE) else {
        let message = "Lambda-Extension-Function-Error-Type not found";
        return Ok(forbidden("Extension.MissingHeader", message));
    };
    let told = driver.borrow_mut().extension_failed(process, identifier, error_type.to_owned());
    match told {
        Ok(()) => Ok(accepted()),
        Err(Refusal::UnknownExtension) => Ok(unknown("Unknown Lambda-Extension-Identifier")),
        Err(refusal) => refused(refusal),
    }
}

fn header<'headers>(headers: &'headers HeaderMap, name: &str) -> Option<&'headers str> {
    headers.get(name)?.to_str().ok()
}

/// Who calls, or what it is told if that is no identifier.
fn identified(headers: &HeaderMap) -> Result<&str, RuntimeAnswer> {
    let identifier = header(headers, IDENTIFIER.as_str()).unwrap_or_default();
    if identifier.is_empty() {
        let message = "Missing Lambda-Extension-Identifier header";
        return Err(wire::runtime_error(403, "Extension.MissingExtensionIdentifier", message));
    }
    if !is_uuid(identifier) {
        let message = "Invalid Lambda-Extension-Identifier";
        return Err(wire::runtime_error(403, "Extension.InvalidExtensionIdentifier", message));
    }
    Ok(identifier)
}

/// Whether it has the form of the identifiers that are handed out.
fn is_uuid(text: &str) -> bool {
    let is_right = |(place, byte): (usize, u8)| match place {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(is_right)
}

fn unknown(message: &str) -> Answer {
    forbidden("Extension.UnknownExtensionIdentifier", message)
}

fn forbidden(error_type: &str, message: &str) -> Answer {
    runtime(wire::runtime_error(403, error_type, message))
}
