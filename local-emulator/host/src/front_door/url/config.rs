//! The calls about function URLs: Create-, Get-, Update- and DeleteFunctionUrlConfig, ListFunctionUrlConfigs. Facts 8.
//!
//! Routes, members and bounds are the service model's (M:lambda).

use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use lunch_contract::FunctionId;
use lunch_contract::names::{self, FunctionReference, LATEST};
use lunch_contract::wire::CallerError;
use serde_json::{Value, json};

use super::super::functions::{arn, found, ok, paged};
use super::super::path::{decoded, field};
use super::super::{Answer, Door, empty, made_safe, refused};
use super::asked::{self, Asked, Wrong};
use crate::function_url::{Cors, FunctionUrl};

type Refused = Box<Answer>;

/// Whose URL is meant.
struct Meant {
    function: FunctionId,
    qualifier: Option<String>,
}

/// Answers a call about function URLs; `None`: it is none.
pub(in super::super) async fn answer(door: &Door, request: &Request<Bytes>) -> Option<Answer> {
    let route = request.uri().path().strip_prefix("/2021-10-31/functions/")?;
    let (name, call) = route.split_once('/')?;
    let (name, query) = (decoded(name), request.uri().query());
    let done = match (request.method(), call) {
        (&Method::GET, "urls") => all(door, &name, query),
        (&Method::GET, "url") => one(door, &name, query),
        (&Method::POST, "url") => create(door, &name, query, request.body()),
        (&Method::PUT, "url") => update(door, &name, query, request.body()),
        (&Method::DELETE, "url") => delete(door, &name, query),
        _ => return None,
    };
    Some(made_safe(door, done.unwrap_or_else(|refused| *refused)).await)
}

/// CreateFunctionUrlConfig.
fn create(door: &Door, name: &str, query: Option<&str>, body: &[u8]) -> Result<Answer, Refused> {
    let meant = meant(door, name, query)?;
    if known(door, &meant).is_some() {
        let arn = arn(door, meant.function, meant.qualifier.as_deref());
        let arn = arn.to_str().unwrap_or_default();
        let message = format!(
            "Failed to create function url config for [functionArn = {arn}]. Error message:  FunctionUrlConfig exists \
             for this Lambda function"
        );
        return Err(Box::new(refused(door, &CallerError::Conflict { message: &message })));
    }
    let new = FunctionUrl { qualifier: meant.qualifier.clone(), ..FunctionUrl::default() };
    let asked = read(door, body)?;
    asked.check_new().map_err(|wrong| refuse(door, &wrong))?;
    let url = asked.set(new).map_err(|wrong| refuse(door, &wrong))?;
    door.driver.borrow_mut().have_url(meant.function, url);
    let mut shown = shown(door, &meant);
    if let Some(shown) = shown.as_object_mut() {
        // It has not been changed yet, and AWS says nothing of that.
        shown.remove("LastModifiedTime");
    }
    let mut answer = ok(door, &shown);
    *answer.status_mut() = StatusCode::CREATED;
    Ok(answer)
}

/// UpdateFunctionUrlConfig: what is not said stays.
fn update(door: &Door, name: &str, query: Option<&str>, body: &[u8]) -> Result<Answer, Refused> {
    let meant = meant(door, name, query)?;
    let before = known(door, &meant).ok_or_else(|| nothing(door))?;
    let url = read(door, body)?.set(before).map_err(|wrong| refuse(door, &wrong))?;
    door.driver.borrow_mut().have_url(meant.function, url);
    Ok(ok(door, &shown(door, &meant)))
}

fn delete(door: &Door, name: &str, query: Option<&str>) -> Result<Answer, Refused> {
    let meant = meant(door, name, query)?;
    known(door, &meant).ok_or_else(|| nothing(door))?;
    door.driver.borrow_mut().drop_url(meant.function, meant.qualifier.as_deref());
    Ok(empty(door, StatusCode::NO_CONTENT))
}

fn one(door: &Door, name: &str, query: Option<&str>) -> Result<Answer, Refused> {
    let meant = meant(door, name, query)?;
    known(door, &meant).ok_or_else(|| nothing(door))?;
    Ok(ok(door, &shown(door, &meant)))
}

/// ListFunctionUrlConfigs.
fn all(door: &Door, name: &str, query: Option<&str>) -> Result<Answer, Refused> {
    let function = found(door, name, None)?.function;
    let all: Vec<_> = {
        let driver = door.driver.borrow();
        let all = driver.world.urls.all_of(function);
        all.map(|url| Meant { function, qualifier: url.qualifier.clone() }).collect()
    };
    Ok(paged(door, query, "FunctionUrlConfigs", &all, |meant| shown(door, meant)))
}

fn read(door: &Door, body: &[u8]) -> Result<Asked, Refused> {
    asked::read(body).map_err(|wrong| refuse(door, &wrong))
}

/// Whose URL a name and a `Qualifier` mean: an alias's, or that of what was deployed last.
fn meant(door: &Door, name: &str, query: Option<&str>) -> Result<Meant, Refused> {
    let queried = field(query, "Qualifier");
    if let Some(wrong) = queried.as_deref().and_then(asked::check_qualifier) {
        return Err(refuse(door, &wrong));
    }
    let function = found(door, name, queried.clone())?.function;
    let named = FunctionReference::parse(name).ok().and_then(|name| name.qualifier);
    let qualifier = queried.as_deref().or(named).filter(|qualifier| *qualifier != LATEST);
    Ok(Meant { function, qualifier: qualifier.map(str::to_owned) })
}

fn known(door: &Door, meant: &Meant) -> Option<FunctionUrl> {
    let driver = door.driver.borrow();
    let kept = driver.world.urls.of(meant.function, meant.qualifier.as_deref());
    kept.map(|kept| kept.config.clone())
}

/// A URL as AWS shows it.
fn shown(door: &Door, meant: &Meant) -> Value {
    let arn = arn(door, meant.function, meant.qualifier.as_deref());
    let driver = door.driver.borrow();
    let deployed = &driver.world.deployed;
    let Some(kept) = driver.world.urls.of(meant.function, meant.qualifier.as_deref()) else {
        return json!({});
    };
    let (name, url) = (&deployed.of(meant.function).served.name, &kept.config);
    let mut shown = json!({
        "FunctionUrl": url.by_path(name, &deployed.endpoint),
        "FunctionArn": arn.to_str().unwrap_or_default(),
        "AuthType": url.auth.name(),
        "CreationTime": names::timestamp(kept.created_ms),
        "LastModifiedTime": names::timestamp(kept.modified_ms),
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

fn nothing(door: &Door) -> Refused {
    Box::new(refused(door, &CallerError::ResourceNotFound))
}

fn refuse(door: &Door, wrong: &Wrong) -> Refused {
    Box::new(refused(door, &wrong.error()))
}
