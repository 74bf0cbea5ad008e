//! The one door: AWS's APIs and our own routes on one address, told apart by path. Translates only.
//!
//! Parses a call, tells the driver, and renders what comes of it; what a refusal looks like stands in the contract.

mod bind;
mod cloudwatch_logs;
mod control;
mod ecs;
mod event_invoke;
mod evidence;
mod filter_pattern;
mod functions;
mod guard;
mod invoke;
mod mappings;
mod own;
mod path;
mod sqs;
mod sts;
mod task_metadata;
mod task_stats;
mod url;

use std::cell::RefCell;
use std::convert::Infallible;
use std::net::IpAddr;
use std::path::PathBuf;
use std::rc::Rc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use lunch_contract::wire::CallerError;
use tokio::net::TcpListener;

pub(crate) use self::bind::bind;
use self::functions::Routed;
pub(crate) use self::guard::{Hosts, Reached, Turned};
pub(crate) use self::sqs::declare;
use crate::connection::{self, Unread};
use crate::driver::Shared;
use crate::runtime_api::ACCEPT_PAUSE;

/// What a call is answered with.
type Answer = Response<Full<Bytes>>;

/// All that the door's tasks share.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) driver: Shared,
    pub(crate) hosts: Hosts,
    pub(crate) about: About,
}

/// What `/_lunch/info` says of the cloud that does not change.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) port: u16,
    pub(crate) listening: Vec<String>,
    pub(crate) template: Option<PathBuf>,
    pub(crate) not_served: RefCell<Vec<String>>,
    pub(crate) region: String,
    pub(crate) account: String,
}

/// Takes connections, for ever.
pub(crate) async fn accept(door: Rc<Door>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let door = Rc::clone(&door);
                let peer = peer.ip();
                let service = service_fn(move |request| answer(Rc::clone(&door), peer, request));
                let patience = Some(connection::SILENCE_MAX);
                tokio::task::spawn_local(connection::serve(stream, service, patience));
            }
            Err(error) => {
                tracing::warn!(%error, "a caller's connection could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// All that this cloud serves, for who asks for something else.
const SERVED: &str = "of Lambda it serves Invoke, ListFunctions, GetFunction, GetFunctionConfiguration, \
    ListVersionsByFunction, ListAliases, GetAlias, Create-, Get-, Update- and DeleteFunctionUrlConfig, \
    ListFunctionUrlConfigs, ListTags, Create-, Get-, List-, Update- and DeleteEventSourceMapping, Put-, Update-, Get- \
    and DeleteFunctionEventInvokeConfig, ListFunctionEventInvokeConfigs, Put-, Get- and DeleteFunctionConcurrency and \
    GetAccountSettings, of CloudWatch Logs DescribeLogGroups, DescribeLogStreams, GetLogEvents and FilterLogEvents, \
    of STS GetCallerIdentity, all of SQS, of ECS clusters, task definitions, services and tasks, and its own routes below /_lunch/";

async fn answer(
    door: Rc<Door>,
    peer: IpAddr,
    request: Request<Incoming>,
) -> Result<Answer, Infallible> {
    let reached = match door.hosts.check(request.headers()) {
        Ok(reached) => reached,
        Err(turned) => return Ok(turned_away(&door, &turned)),
    };
    // Before any route is looked at: who comes by a function's host name reaches that function only.
    if let Reached::Url { id, domain } = reached {
        return Ok(Box::pin(url::by_host(&door, id, domain, peer, request)).await);
    }
    let route = request.uri().path();
    if route.starts_with(url::PATH) {
        return Ok(Box::pin(url::by_path(&door, peer, request)).await);
    }
    if let Some(route) = route.strip_prefix("/2015-03-31/functions") {
        return Ok(match functions::routed(&door, &request, route) {
            Routed::Invoke(target) => invoke::answer(&door, target, request).await,
            Routed::Answered(answer) => {
                Box::pin(connection::read_out(request.into_body())).await;
                *answer
            }
        });
    }
    // Kept apart: every call's state would have room for it.
    Ok(Box::pin(small(door, request)).await)
}

fn turned_away(door: &Door, turned: &Turned) -> Answer {
    let error = match turned {
        Turned::Malformed(message) => CallerError::InvalidParameter { message },
        Turned::Away(message) => CallerError::Forbidden { message },
    };
    refused(door, &error)
}

/// No larger body is read but an invocation's, a function URL's and those of SQS.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Answers a call whose body is read as a whole first: a caller is heard out before it is refused.
async fn small(door: Rc<Door>, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let is_sqs = sqs::may_be(&head.method, &head.headers);
    let bytes_max = if is_sqs { sqs::BODY_BYTES_MAX } else { BODY_BYTES_MAX };
    let request = match heard(&door, body, bytes_max).await {
        Ok(body) => Request::from_parts(head, body),
        Err(answer) => return *answer,
    };
    let route = request.uri().path();
    if let Some(route) = route.strip_prefix("/_lunch/") {
        return own::answer(&door, route, &request).await;
    }
    if let Some(rest) = route.strip_prefix("/v4/")
        && let Some(answer) = task_metadata::answer(&door, request.method(), rest)
    {
        return answer;
    }
    if let Some(call) = control::Call::of(request.method(), route) {
        return control::answer(&door, call, request.body());
    }
    if let Some(rest) = route.strip_prefix("/2015-03-31/event-source-mappings") {
        let (method, query) = (request.method(), request.uri().query());
        if let Some(answer) = mappings::answer(&door, method, rest, query, request.body()).await {
            return answer;
        }
    }
    if let Some(answer) = event_invoke::answer(&door, &request).await {
        return answer;
    }
    if let Some(answer) = url::configs(&door, &request).await {
        return answer;
    }
    if let Some(call) = sqs::call(&request) {
        return sqs::answer(&door, &call).await;
    }
    if let Some(action) = ecs::action(&request) {
        return ecs::answer(&door, action, request.body());
    }
    if let Some(target) = cloudwatch_logs::target(request.method(), route, request.headers()) {
        return cloudwatch_logs::answer(&door, &target, request.body());
    }
    if sts::is_for(&request) {
        return sts::answer(&door, request.body());
    }
    let message = format!("`{} {route}` is not served by this cloud: {SERVED}", request.method());
    refused(&door, &CallerError::NotServed { message: &message })
}

/// An answer, given as soon as what it says is safe; if that cannot be, the error.
async fn made_safe(door: &Door, answer: Answer) -> Answer {
    let safe = door.driver.borrow_mut().safe();
    if let Some(safe) = safe
        && let Err(error) = safe.await
    {
        let message = error.to_string();
        return refused(door, &CallerError::Unavailable { message: &message });
    }
    answer
}

/// Reads a body of at most that many bytes, or says what is wrong with it.
async fn heard(door: &Door, mut body: Incoming, bytes_max: usize) -> Result<Bytes, Box<Answer>> {
    let unread = match connection::read(&mut body, bytes_max).await {
        Ok(body) => return Ok(body),
        Err(unread) => unread,
    };
    let error = match unread {
        Unread::TooLarge => {
            connection::read_out(body).await;
            CallerError::BodyTooLarge { limit_bytes: bytes_max as u64 }
        }
        Unread::Broken => CallerError::BodyBroken,
        Unread::Silent => CallerError::BodyMissing { seconds: connection::SILENCE_MAX.as_secs() },
    };
    Err(Box::new(refused(door, &error)))
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A service's error, in AWS's form.
fn refused(door: &Door, error: &CallerError<'_>) -> Answer {
    let wire = error.on_the_wire();
    let status = StatusCode::from_u16(wire.status).expect("the table has HTTP's statuses");
    let id = door.driver.borrow_mut().world.names.uuid();
    let mut answer = json(status, wire.body);
    let headers = answer.headers_mut();
    headers.insert(REQUEST_ID, value(&id.text()));
    headers.insert(ERROR_TYPE, HeaderValue::from_static(wire.error_type));
    answer
}

fn json(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, JSON);
    answer
}

fn empty(door: &Door, status: StatusCode) -> Answer {
    let id = door.driver.borrow_mut().world.names.uuid();
    let mut answer = Response::new(Full::new(Bytes::new()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(REQUEST_ID, id.into());
    answer
}

fn value(text: &str) -> HeaderValue {
    crate::driver::header(text)
}
