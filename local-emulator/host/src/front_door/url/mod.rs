//! Function URLs, served buffered: by a host name of their own, as browsers want them, and by path. Facts 8.
//!
//! Who comes by such a host name reaches that function and nothing else of the door.

mod answer;
mod asked;
mod config;
mod cors;
mod event;

use std::net::IpAddr;

use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_SECURITY_POLICY, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, StatusCode};
use lunch_contract::names::FunctionReference;
use lunch_contract::wire::CallerError;
use lunch_contract::{FunctionId, Limits};

pub(super) use self::config::answer as configs;
use self::cors::Page;
use super::functions::{Target, arn, found};
use super::path::{decoded, field};
use super::{Answer, Door, TRACE_ID, empty, heard, invoke, refused};
use crate::connection;
use crate::driver::{Call, Waits};
use crate::function_url::{FunctionUrl, UrlAuth};
use crate::published::Version;

/// Where functions are called by path, as `cargo lambda` has it.
pub(super) const PATH: &str = "/lambda-url/";

/// Whose URL is called, and how.
struct Called {
    target: Target,
    config: FunctionUrl,
    id: String,
    domain: String,
    /// Where the function's own path begins in the request's.
    path_from: usize,
}

/// Calls the function whose URL has this id.
pub(super) async fn by_host(
    door: &Door,
    id: String,
    domain: String,
    peer: IpAddr,
    request: Request<Incoming>,
) -> Answer {
    let Some((target, config)) = of_id(door, &id) else {
        connection::read_out(request.into_body()).await;
        return refused(door, &CallerError::UrlForbidden);
    };
    let page = Page::of(request.headers());
    let cors = config.cors.clone();
    if let Some(cors) = cors.as_ref().filter(|_| page.asks_first(&request)) {
        let mut answer = empty(door, StatusCode::OK);
        cors::permit(cors, &page, request.headers(), answer.headers_mut());
        connection::read_out(request.into_body()).await;
        return answer;
    }
    let called = Called { target, config, id, domain, path_from: 0 };
    let mut answer = match stranger(&called.config, &page) {
        Some(message) => {
            connection::read_out(request.into_body()).await;
            refused(door, &CallerError::Forbidden { message: &message })
        }
        None => served(door, called, peer, request).await,
    };
    if let Some(cors) = &cors {
        cors::allow(cors, &page, answer.headers_mut());
    }
    answer
}

/// Calls a function by its name; `route` is the path behind [`PATH`]. A function without a URL is taken to have one for
/// everybody.
pub(super) async fn by_path(door: &Door, peer: IpAddr, request: Request<Incoming>) -> Answer {
    let route = request.uri().path().strip_prefix(PATH).unwrap_or_default();
    let name = route.split('/').next().unwrap_or_default();
    let path_from = PATH.len() + name.len();
    let name = decoded(name).into_owned();
    let mut answer = match found(door, &name, None) {
        Ok(target) => {
            let called = named(door, target, &name, path_from);
            served(door, called, peer, request).await
        }
        Err(answer) => {
            connection::read_out(request.into_body()).await;
            *answer
        }
    };
    // A page that a function sends has the door's own origin here, and what that origin may do is run code. In a sandbox
    // it has none, so that the door refuses what it asks for. A function's own policy holds beside it.
    answer.headers_mut().append(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    answer
}

fn named(door: &Door, target: Target, name: &str, path_from: usize) -> Called {
    let qualifier = FunctionReference::parse(name).ok().and_then(|name| name.qualifier);
    let driver = door.driver.borrow();
    let served = &driver.world.deployed.of(target.function).served;
    let url = driver.world.urls.of(target.function, qualifier);
    let config = url.map(|kept| kept.config.clone()).unwrap_or_default();
    let id = config.id(&served.name);
    let domain = config.domain(&served.name, &door.about.region);
    Called { target, config, id, domain, path_from }
}

/// The function whose URL has this id, as long as the URL leads somewhere.
fn of_id(door: &Door, id: &str) -> Option<(Target, FunctionUrl)> {
    let (function, config) = {
        let driver = door.driver.borrow();
        let (function, url) = driver.world.urls.of_id(id)?;
        driver.world.deployed.is_served(function).then(|| (function, url.clone()))?
    };
    let version = version(door, function, config.qualifier.as_deref())?;
    let arn = arn(door, function, config.qualifier.as_deref());
    Some((Target { function, version, arn }, config))
}

fn version(door: &Door, function: FunctionId, qualifier: Option<&str>) -> Option<Version> {
    match qualifier {
        None => Some(Version::Latest),
        Some(qualifier) => door.driver.borrow().version(function, qualifier),
    }
}

/// Why a page may not call, in a sentence. On AWS everybody may send anything to a URL without authentication, and
/// nobody to another one but who can sign. Signatures are not checked here, so a page of another origin has to be one
/// that the URL's `Cors` names.
fn stranger(config: &FunctionUrl, page: &Page) -> Option<String> {
    let is_let_in = !page.is_foreign
        || config.auth == UrlAuth::None
        || config.cors.as_ref().is_some_and(|cors| cors::allows(cors, page));
    (!is_let_in).then(|| {
        "a page of another origin may call this URL, whose `AuthType` is `AWS_IAM`, only if its \
         `Cors.AllowOrigins` names that origin"
            .to_owned()
    })
}

async fn served(door: &Door, called: Called, peer: IpAddr, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    if called.config.auth == UrlAuth::AwsIam && !is_signed(&head) {
        connection::read_out(body).await;
        return refused(door, &CallerError::UrlForbidden);
    }
    let limit_bytes = Limits::strict().request_bytes_max;
    let bytes_max = usize::try_from(limit_bytes).unwrap_or(usize::MAX);
    let body = match heard(door, body, bytes_max).await {
        Ok(body) => body,
        Err(answer) => return *answer,
    };
    let streams = called.config.streams;
    let call = call(door, called, peer, &head, &body);
    let bytes = call.payload.len() as u64;
    if bytes > limit_bytes {
        let invocation_type = "RequestResponse";
        let error = CallerError::PayloadTooLarge { bytes, limit_bytes, invocation_type };
        return refused(door, &error);
    }
    let accepted = match invoke::accepted(door, call) {
        Ok(accepted) => accepted,
        Err(answer) => return *answer,
    };
    let (uuid, trace_id) = (accepted.uuid, accepted.trace_id.clone());
    match invoke::awaited(door, accepted).await {
        Ok(answered) => answer::rendered(uuid, trace_id, answered, streams),
        Err(answer) => *answer,
    }
}

/// The invocation that a request comes to.
fn call(door: &Door, called: Called, peer: IpAddr, head: &Parts, body: &Bytes) -> Call {
    let Called { target, config, id, domain, path_from } = called;
    let mut driver = door.driver.borrow_mut();
    let uuid = driver.world.names.uuid();
    let sent = head.headers.get(TRACE_ID).filter(|id| id.to_str().is_ok()).cloned();
    let trace_id = sent.unwrap_or_else(|| driver.trace_id());
    let asked = event::Asked {
        head,
        body,
        path: head.uri.path().get(path_from..).unwrap_or_default(),
        id: &id,
        domain: &domain,
        peer,
        port: door.about.port,
        request_id: &uuid.text(),
        trace_id: trace_id.to_str().unwrap_or_default(),
        wall: driver.wall(),
        signed_for: (config.auth == UrlAuth::AwsIam).then_some(door.about.account.as_str()),
    };
    Call {
        function: target.function,
        payload: event::event(&asked).into(),
        version: target.version,
        arn: target.arn,
        uuid: Some(uuid),
        trace_id: Some(trace_id),
        client_context: None,
        waits: Waits::Response,
    }
}

/// Whether a request has a signature of any kind. It is not checked.
fn is_signed(head: &Parts) -> bool {
    head.headers.contains_key(AUTHORIZATION) || field(head.uri.query(), "X-Amz-Signature").is_some()
}
