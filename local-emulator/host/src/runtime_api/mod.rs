//! The Runtime API and the Extensions API, as one instance's processes see them: HTTP in, tellings out.
//!
//! Each instance has a listener of its own; a connection belongs to the process that ran when it was made. What a
//! refusal looks like stands in the contract. Routes and bodies: facts 1.1 to 1.4 and 2.1.

mod error_cause;
mod extensions;
mod routes;

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use lunch_contract::wire::{self, RuntimeAnswer};
use lunch_contract::{InstanceId, Limits, Process, Refusal, ResponseEnding};
use tokio::net::{TcpListener, TcpStream};

use self::routes::Route;
use crate::connection;
use crate::driver::{Delivery, Driver, InHand, NotInHand, OpenConnection, Shared};
use crate::logs::error_type;

/// What a call is answered with.
pub(super) type Answer = Response<Full<Bytes>>;

/// Nothing is left to say to this caller: its connection is closed.
#[derive(Debug, thiserror::Error)]
#[error("there is nothing left to say")]
pub(super) struct Hangup;

/// Takes an instance's connections for as long as it lives.
pub(crate) async fn listen(
    driver: Weak<RefCell<Driver>>,
    listener: TcpListener,
    instance: InstanceId,
) {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%instance, %error, "a runtime's connection could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(driver) = driver.upgrade() else { return };
        let connected = driver.borrow_mut().connected(instance);
        if let Some((process, open)) = connected {
            tokio::task::spawn_local(serve(driver, stream, process, open));
        }
    }
}

/// After a connection could not be taken, which is where descriptors have run out.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

async fn serve(driver: Shared, stream: TcpStream, process: Process, open: OpenConnection) {
    let service = service_fn(|request| answer(Rc::clone(&driver), process, request));
    // A runtime that ends in the middle of a call is told of by its process's end.
    // A process that is frozen may take any time.
    connection::serve(stream, service, None).await;
    drop(open);
}

async fn answer(
    driver: Shared,
    process: Process,
    request: Request<Incoming>,
) -> Result<Answer, Hangup> {
    let path = request.uri().path();
    let Some((route, method)) = routes::route(path) else { return Ok(not_found()) };
    if request.method() != method {
        return Ok(method_not_allowed(&method));
    }
    match route {
        Route::Ping => Ok(text(StatusCode::OK, "pong")),
        Route::Next => next(&driver, process).await,
        Route::Response(id) => {
            let id = id.to_owned();
            respond(&driver, process, &id, false, request).await
        }
        Route::Error(id) => {
            let id = id.to_owned();
            respond(&driver, process, &id, true, request).await
        }
        Route::InitError => Box::pin(init_error(&driver, process, request)).await,
        // Kept apart: every call's state would have room for it.
        Route::Extension(route) => {
            Box::pin(extensions::answer(driver, process, route, request)).await
        }
    }
}

async fn next(driver: &Shared, process: Process) -> Result<Answer, Hangup> {
    let waiting = driver.borrow_mut().runtime_next(process);
    match waiting {
        Ok(waiting) => waiting.await.map(render).map_err(|_| Hangup),
        Err(refusal) => refused(refusal),
    }
}

const REQUEST_ID: HeaderName = HeaderName::from_static("lambda-runtime-aws-request-id");
const INVOCATION_ID: HeaderName = HeaderName::from_static("lambda-runtime-invocation-id");
const DEADLINE_MS: HeaderName = HeaderName::from_static("lambda-runtime-deadline-ms");
const FUNCTION_ARN: HeaderName = HeaderName::from_static("lambda-runtime-invoked-function-arn");
const TRACE_ID: HeaderName = HeaderName::from_static("lambda-runtime-trace-id");
const CLIENT_CONTEXT: HeaderName = HeaderName::from_static("lambda-runtime-client-context");
const RESPONSE_MODE: HeaderName = HeaderName::from_static("lambda-runtime-function-response-mode");
/// The only response mode that can be named.
const STREAMING: &[u8] = b"streaming";
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An invocation as the runtime gets it.
fn render(delivery: Delivery) -> Answer {
    let mut answer = Response::new(Full::new(delivery.payload));
    let headers = answer.headers_mut();
    // The map doubles, and with room for one more it would be more than malloc's quick lists hold.
    headers.reserve(6);
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(REQUEST_ID, delivery.uuid.into());
    headers.insert(INVOCATION_ID, delivery.invocation.into());
    headers.insert(DEADLINE_MS, HeaderValue::from(delivery.deadline_ms));
    headers.insert(FUNCTION_ARN, delivery.arn);
    headers.insert(TRACE_ID, delivery.trace_id);
    if let Some(context) = delivery.client_context {
        headers.insert(CLIENT_CONTEXT, context);
    }
    answer
}

async fn respond(
    driver: &Shared,
    process: Process,
    id: &str,
    error: bool,
    request: Request<Incoming>,
) -> Result<Answer, Hangup> {
    let invocation = request.headers().get(INVOCATION_ID).map(HeaderValue::as_bytes);
    let in_hand = driver.borrow().in_hand(process, id, invocation);
    let in_hand = match in_hand {
        Ok(in_hand) => in_hand,
        Err(wrong) => {
            Box::pin(connection::read_out(request.into_body())).await;
            return match wrong {
                NotInHand::Request => refused(Refusal::InvalidRequestId),
                NotInHand::Invocation => Ok(runtime(wire::invalid_invocation_id())),
            };
        }
    };
    let started = driver.borrow_mut().response_started(process, in_hand, error);
    if let Err(refusal) = started {
        Box::pin(connection::read_out(request.into_body())).await;
        return refused(refusal);
    }
    let mode = request.headers().get(RESPONSE_MODE).map_or(STREAMING, HeaderValue::as_bytes);
    if !error && mode != STREAMING {
        Box::pin(connection::read_out(request.into_body())).await;
        return invalid_mode(driver, process, in_hand);
    }
    let with_cause = error && error_cause::is_there(request.headers());
    let (ending, mut body) = read(request.into_body(), error).await;
    if with_cause && ending == ResponseEnding::Error {
        body = error_cause::without(&body);
    }
    let ended = driver.borrow_mut().response_ended(process, in_hand, ending, body);
    // The caller's task is awake by now, and is to write before this one: the caller waits, the runtime does not.
    tokio::task::yield_now().await;
    match (ended, ending) {
        (Err(refusal), _) => refused(refusal),
        (Ok(()), ResponseEnding::Complete | ResponseEnding::Error) => Ok(accepted()),
        (Ok(()), ResponseEnding::Oversized) => Ok(runtime(wire::response_too_large())),
        (Ok(()), ResponseEnding::Truncated) => Ok(runtime(wire::response_truncated())),
    }
}

/// A mode that there is not makes an error without a body of an answer.
fn invalid_mode(driver: &Shared, process: Process, in_hand: InHand) -> Result<Answer, Hangup> {
    let ending = ResponseEnding::Error;
    let ended = driver.borrow_mut().response_ended(process, in_hand, ending, Bytes::new());
    ended.map_or_else(refused, |()| Ok(runtime(wire::invalid_response_mode())))
}

/// All of an answer, up to the limit; what is more is read and thrown away, so that its sender can hear of it.
async fn read(mut body: Incoming, error: bool) -> (ResponseEnding, Bytes) {
    let limit = usize::try_from(Limits::strict().response_bytes_max).unwrap_or(usize::MAX);
    let complete = if error { ResponseEnding::Error } else { ResponseEnding::Complete };
    let mut whole = Bytes::new();
    let mut pieces = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return (ResponseEnding::Truncated, Bytes::new()) };
        let Ok(piece) = frame.into_data() else { continue };
        length = length.saturating_add(piece.len());
        if length > limit {
            (whole, pieces) = (Bytes::new(), Vec::new());
        } else if whole.is_empty() {
            whole = piece;
        } else {
            if pieces.is_empty() {
                pieces.extend_from_slice(&whole);
            }
            pieces.extend_from_slice(&piece);
        }
    }
    if length > limit {
        return (ResponseEnding::Oversized, Bytes::new());
    }
    (complete, if pieces.is_empty() { whole } else { pieces.into() })
}

/// More of it is not kept. Ours.
const ERROR_TYPE_BYTES_MAX: usize = 256;

async fn init_error(
    driver: &Shared,
    process: Process,
    request: Request<Incoming>,
) -> Result<Answer, Hangup> {
    let said = request.headers().get("lambda-runtime-function-error-type");
    let said = said.and_then(|said| said.to_str().ok()).unwrap_or_default();
    let error_type = error_type(&said[..said.len().min(ERROR_TYPE_BYTES_MAX)]).to_owned();
    let (ending, body) = read(request.into_body(), true).await;
    match ending {
        ResponseEnding::Oversized => return Ok(runtime(wire::response_too_large())),
        ResponseEnding::Truncated => return Ok(runtime(wire::response_truncated())),
        ResponseEnding::Complete | ResponseEnding::Error => {}
    }
    let told = driver.borrow_mut().init_error(process, &error_type, body);
    told.map_or_else(refused, |()| Ok(accepted()))
}

pub(super) fn refused(refusal: Refusal) -> Result<Answer, Hangup> {
    wire::runtime_refusal(refusal).map(runtime).ok_or(Hangup)
}

pub(super) fn runtime(answer: RuntimeAnswer) -> Answer {
    let status = StatusCode::from_u16(answer.status).expect("the table has HTTP's statuses");
    json(status, answer.body)
}

pub(super) fn accepted() -> Answer {
    json(StatusCode::ACCEPTED, wire::STATUS_OK)
}

pub(super) fn json(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, JSON);
    answer
}

fn text(status: StatusCode, body: &'static str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}

fn not_found() -> Answer {
    let mut answer = text(StatusCode::NOT_FOUND, "404 page not found\n");
    answer.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// The path is a call's, the method is not: as the router of AWS's agent says it.
fn method_not_allowed(allowed: &Method) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    let allowed = HeaderValue::from_str(allowed.as_str()).expect("a method is a token");
    answer.headers_mut().insert(ALLOW, allowed);
    answer
}

/// The whole of a small body.
pub(super) async fn small(request: Request<Incoming>) -> Option<Bytes> {
    const SMALL_BYTES_MAX: usize = 64 * 1024;
    let limited = http_body_util::Limited::new(request.into_body(), SMALL_BYTES_MAX);
    Some(limited.collect().await.ok()?.to_bytes())
}
