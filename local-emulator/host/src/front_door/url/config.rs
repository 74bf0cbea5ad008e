//! GetFunctionUrlConfig and ListFunctionUrlConfigs. M:lambda.

use hyper::body::Bytes;
use hyper::{Method, Request};
use lunch_contract::names::{self, FunctionReference};
use lunch_contract::wire::CallerError;
use lunch_contract::{FunctionId, Moment};
use serde_json::{Value, json};

use super::super::functions::{arn, found, ok, paged};
use super::super::path::{decoded, field};
use super::super::{Answer, Door, refused};
use crate::function_url::{Cors, FunctionUrl};

/// Answers a call about function URLs, if it is one of those.
pub(in super::super) fn answer(door: &Door, request: &Request<Bytes>) -> Option<Answer> {
    if request.method() != Method::GET {
        return None;
    }
    let route = request.uri().path().strip_prefix("/2021-10-31/functions/")?;
    let (name, call) = route.split_once('/')?;
    let (name, query) = (decoded(name), request.uri().query());
    match call {
        "url" => Some(one(door, &name, query)),
        "urls" => Some(all(door, &name, query)),
        _ => None,
    }
}

/// GetFunctionUrlConfig.
fn one(door: &Door, name: &str, query: Option<&str>) -> Answer {
    let queried = field(query, "Qualifier");
    let function = match found(door, name, queried.clone()) {
        Ok(target) => target.function,
        Err(answer) => return *answer,
    };
    let named = FunctionReference::parse(name).ok().and_then(|name| name.qualifier);
    let qualifier = queried.as_deref().or(named);
    let urls = of(door, function);
    match urls.iter().find(|url| url.qualifier.as_deref() == qualifier) {
        Some(url) => ok(door, &shown(door, function, url)),
        None => refused(door, &CallerError::ResourceNotFound),
    }
}

/// ListFunctionUrlConfigs.
fn all(door: &Door, name: &str, query: Option<&str>) -> Answer {
    let function = match found(door, name, None) {
        Ok(target) => target.function,
        Err(answer) => return *answer,
    };
    let urls = of(door, function);
    paged(door, query, "FunctionUrlConfigs", &urls, |url| shown(door, function, url))
}

fn of(door: &Door, function: FunctionId) -> Vec<FunctionUrl> {
    door.driver.borrow().world.deployed.of(function).served.urls.clone()
}

/// A URL is as old as this cloud.
fn shown(door: &Door, function: FunctionId, url: &FunctionUrl) -> Value {
    let arn = arn(door, function, url.qualifier.as_deref());
    let driver = door.driver.borrow();
    let name = &driver.world.deployed.of(function).served.name;
    let began = driver.world.clock.wall_of(Moment::ZERO).as_millis();
    let began = names::timestamp(u64::try_from(began).unwrap_or(u64::MAX));
    let mut shown = json!({
        "FunctionUrl": url.by_path(name, &driver.world.deployed.endpoint),
        "FunctionArn": arn.to_str().unwrap_or_default(),
        "AuthType": url.auth.name(),
        "CreationTime": began,
        "LastModifiedTime": began,
        "InvokeMode": if url.streams { "RESPONSE_STREAM" } else { "BUFFERED" },
    });
    if let Some(cors) = &url.cors {
        shown["Cors"] = described(cors);
    }
    shown
}

fn described(cors: &Cors) -> Value {
    let mut described = json!({ "AllowCredentials": cors.credentials });
    for (name, list) in [
        ("AllowHeaders", &cors.headers),
        ("AllowMethods", &cors.methods),
        ("AllowOrigins", &cors.origins),
        ("ExposeHeaders", &cors.exposed),
    ] {
        if !list.is_empty() {
            described[name] = json!(list);
        }
    }
    if let Some(seconds) = cors.max_age_s {
        described["MaxAge"] = seconds.into();
    }
    described
}
