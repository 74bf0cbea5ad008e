//! The Extensions API for internal extensions: threads of the runtime's own process. Facts 2.1.

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode};
use lunch_contract::names::LATEST;
use lunch_contract::{Process, wire};
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
        let message = format!("{event}: invalid event type for an internal extension");
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
    answer.headers_mut().insert(IDENTIFIER, value(registered.identifier.as_str()));
    Ok(answer)
}

async fn next(driver: &Shared, process: Process, headers: &HeaderMap) -> Result<Answer, Hangup> {
    let Some(identifier) = header(headers, IDENTIFIER.as_str()) else {
        return Ok(missing_identifier());
    };
    let waiting = driver.borrow_mut().extension_next(process, identifier);
    let event: Bytes = match waiting {
        Ok(waiting) => waiting.await.map_err(|_| Hangup)?,
        Err(refusal) => return refused(refusal),
    };
    let event_id = driver.borrow_mut().world.names.uuid();
    let mut answer: Response<Full<Bytes>> = json(StatusCode::OK, event);
    answer.headers_mut().insert(EVENT_IDENTIFIER, value(event_id.as_str()));
    Ok(answer)
}

fn failed(driver: &Shared, process: Process, headers: &HeaderMap) -> Result<Answer, Hangup> {
    let Some(identifier) = header(headers, IDENTIFIER.as_str()) else {
        return Ok(missing_identifier());
    };
    let Some(error_type) = header(headers, ERROR_TYPE) else {
        let message = "Missing Lambda-Extension-Function-Error-Type header";
        return Ok(forbidden("Extension.MissingHeader", message));
    };
    let told = driver.borrow_mut().extension_failed(process, identifier, error_type.to_owned());
    told.map_or_else(refused, |()| Ok(accepted()))
}

fn header<'headers>(headers: &'headers HeaderMap, name: &str) -> Option<&'headers str> {
    headers.get(name)?.to_str().ok()
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("a UUID is made of ASCII only")
}

fn missing_identifier() -> Answer {
    forbidden("Extension.MissingExtensionIdentifier", "Missing Lambda-Extension-Identifier header")
}

fn forbidden(error_type: &str, message: &str) -> Answer {
    runtime(wire::runtime_error(403, error_type, message))
}
