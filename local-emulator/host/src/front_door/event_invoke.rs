//! Lambda's calls about how events are tried again and where their records go. Facts 6.
//!
//! Routes, members and bounds are the service model's (M:lambda), texts those of facts 6.

use std::borrow::Cow;

use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use lunch_contract::FunctionId;
use lunch_contract::names::{FunctionReference, LATEST};
use lunch_contract::wire::CallerError;
use serde::Deserialize;
use serde_json::{Value, json};

use super::functions::{arn, found, ok, paged};
use super::path::{decoded, field};
use super::{Answer, Door, empty, made_safe, refused};
use crate::destinations::{Destination, EventInvokeConfig};

/// What PutFunctionEventInvokeConfig and UpdateFunctionEventInvokeConfig say.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Asked {
    maximum_retry_attempts: Option<i64>,
    maximum_event_age_in_seconds: Option<i64>,
    destination_config: Option<Destinations>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Destinations {
    on_success: Option<One>,
    on_failure: Option<One>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct One {
    destination: Option<String>,
}

/// Whose events are meant.
struct Meant {
    function: FunctionId,
    qualifier: String,
}

type Refused = Box<Answer>;

/// Answers such a call; `None`: it is none.
pub(super) async fn answer(door: &Door, request: &Request<Bytes>) -> Option<Answer> {
    let route = request.uri().path().strip_prefix("/2019-09-25/functions/")?;
    let (name, call) = route.split_once('/')?;
    let (name, query) = (decoded(name), request.uri().query());
    let done = match (request.method(), call) {
        (&Method::GET, "event-invoke-config/list") => list(door, &name, query),
        (&Method::GET, "event-invoke-config") => one(door, &name, query),
        (&Method::PUT, "event-invoke-config") => put(door, &name, query, request.body()),
        (&Method::POST, "event-invoke-config") => update(door, &name, query, request.body()),
        (&Method::DELETE, "event-invoke-config") => delete(door, &name, query),
        _ => return None,
    };
    Some(made_safe(door, done.unwrap_or_else(|refused| *refused)).await)
}

/// PutFunctionEventInvokeConfig: what is not said is as AWS has it.
fn put(door: &Door, name: &str, query: Option<&str>, body: &[u8]) -> Result<Answer, Refused> {
    let asked = read(door, body)?;
    let meant = meant(door, name, query)?;
    set(door, &meant, EventInvokeConfig::default(), asked)
}

/// UpdateFunctionEventInvokeConfig: what is not said stays.
fn update(door: &Door, name: &str, query: Option<&str>, body: &[u8]) -> Result<Answer, Refused> {
    let asked = read(door, body)?;
    let meant = meant(door, name, query)?;
    let before = known(door, &meant)?;
    set(door, &meant, before, asked)
}

fn one(door: &Door, name: &str, query: Option<&str>) -> Result<Answer, Refused> {
    let meant = meant(door, name, query)?;
    known(door, &meant)?;
    Ok(ok(door, &shown(door, &meant)))
}

fn delete(door: &Door, name: &str, query: Option<&str>) -> Result<Answer, Refused> {
    let meant = meant(door, name, query)?;
    known(door, &meant)?;
    configure(door, &meant, None)?;
    Ok(empty(door, StatusCode::NO_CONTENT))
}

/// ListFunctionEventInvokeConfigs.
fn list(door: &Door, name: &str, query: Option<&str>) -> Result<Answer, Refused> {
    let Meant { function, .. } = meant(door, name, None)?;
    let all: Vec<_> = {
        let driver = door.driver.borrow();
        let all = driver.world.event_configs.said.all_of(function);
        all.map(|(qualifier, _)| Meant { function, qualifier: qualifier.to_owned() }).collect()
    };
    let member = "FunctionEventInvokeConfigs";
    Ok(paged(door, query, member, &all, |meant| shown(door, meant)))
}

fn read(door: &Door, body: &[u8]) -> Result<Asked, Refused> {
    let asked: Asked = serde_json::from_slice(body)
        .map_err(|error| wrong(door, &format!("the request cannot be read: {error}")))?;
    let says_nothing = asked.maximum_retry_attempts.is_none()
        && asked.maximum_event_age_in_seconds.is_none()
        && asked.destination_config.is_none();
    if says_nothing {
        let message = "You must specify at least one of error handling or destination setting.";
        return Err(wrong(door, message));
    }
    Ok(asked)
}

/// Whose events a name and a `Qualifier` mean: those for `$LATEST`, where there is none.
fn meant(door: &Door, name: &str, query: Option<&str>) -> Result<Meant, Refused> {
    let queried = field(query, "Qualifier");
    let target = found(door, name, queried.clone()).map_err(|answer| {
        let is_unknown = answer.status() == StatusCode::NOT_FOUND;
        let message = "The function doesn't exist.";
        if is_unknown { refuse(door, &CallerError::NotFound { message }) } else { answer }
    })?;
    let named = FunctionReference::parse(name).ok().and_then(|name| name.qualifier);
    let qualifier = queried.or_else(|| named.map(Cow::from)).unwrap_or_else(|| Cow::from(LATEST));
    Ok(Meant { function: target.function, qualifier: qualifier.into_owned() })
}

/// What is said of them.
fn known(door: &Door, meant: &Meant) -> Result<EventInvokeConfig, Refused> {
    let driver = door.driver.borrow();
    let kept = driver.world.event_configs.said.of(meant.function, &meant.qualifier);
    if let Some(kept) = kept {
        return Ok(kept.config.clone());
    }
    drop(driver);
    let arn = arn(door, meant.function, Some(&meant.qualifier));
    let arn = arn.to_str().unwrap_or_default();
    let message = format!("The function {arn} doesn't have an EventInvokeConfig");
    Err(refuse(door, &CallerError::NotFound { message: &message }))
}

/// Sets what is asked for, and refuses what AWS refuses of it.
fn set(
    door: &Door,
    meant: &Meant,
    mut config: EventInvokeConfig,
    asked: Asked,
) -> Result<Answer, Refused> {
    if let Some(retries) = asked.maximum_retry_attempts {
        config.retries_max = Some(within(door, "maximumRetryAttempts", retries, 0, 2)?);
    }
    if let Some(age) = asked.maximum_event_age_in_seconds {
        config.age_max_s = Some(within(door, "maximumEventAgeInSeconds", age, 60, 21_600)?);
    }
    if let Some(Destinations { on_success, on_failure }) = asked.destination_config {
        config.on_success = destination(door, meant, on_success)?;
        config.on_failure = destination(door, meant, on_failure)?;
    }
    configure(door, meant, Some(config))?;
    Ok(ok(door, &shown(door, meant)))
}

fn configure(door: &Door, meant: &Meant, config: Option<EventInvokeConfig>) -> Result<(), Refused> {
    let Meant { function, qualifier } = meant;
    let told = door.driver.borrow_mut().configure_events(*function, qualifier, config);
    told.map_err(|_| {
        let message = "the cloud is shutting down";
        refuse(door, &CallerError::Unavailable { message })
    })
}

/// The ARN of who takes records, if it can. AWS's words for a queue are not known (unsure): those for a function stand
/// for both.
fn destination(door: &Door, meant: &Meant, asked: Option<One>) -> Result<Option<String>, Refused> {
    let arn = asked.and_then(|one| one.destination).filter(|arn| !arn.is_empty());
    let Some(arn) = arn else { return Ok(None) };
    let Some(to) = Destination::of_arn(&arn) else {
        let message = format!(
            "`{arn}` is no queue's ARN and no function's, and nobody else takes records here"
        );
        return Err(wrong(door, &message));
    };
    let invalid = || wrong(door, &format!("The destination ARN {arn} is invalid."));
    let driver = door.driver.borrow();
    let is_good = match &to {
        Destination::Queue(queue) => {
            !queue.ends_with(".fifo") && driver.world.queues.named(queue).is_some()
        }
        Destination::Function(function) => {
            let id = driver.world.deployed.names.resolve(function).ok();
            if id == Some(meant.function) {
                drop(driver);
                let message = "You can't specify the function as a destination for itself.";
                return Err(wrong(door, message));
            }
            id.is_some()
        }
    };
    drop(driver);
    if is_good { Ok(Some(arn)) } else { Err(invalid()) }
}

fn within(door: &Door, member: &str, number: i64, least: u32, most: u32) -> Result<u32, Refused> {
    if let Some(number) = u32::try_from(number).ok().filter(|it| (least..=most).contains(it)) {
        return Ok(number);
    }
    let constraint = if number < i64::from(least) {
        format!("Member must have value greater than or equal to {least}")
    } else {
        format!("Member must have value less than or equal to {most}")
    };
    let (value, constraint) = (&number.to_string(), constraint.as_str());
    Err(refuse(door, &CallerError::Validation { value, member, constraint }))
}

/// As AWS shows it.
fn shown(door: &Door, meant: &Meant) -> Value {
    let arn = arn(door, meant.function, Some(&meant.qualifier));
    let driver = door.driver.borrow();
    let kept = driver.world.event_configs.said.of(meant.function, &meant.qualifier);
    let Some(kept) = kept else { return json!({}) };
    let EventInvokeConfig { retries_max, age_max_s, on_success, on_failure } = &kept.config;
    let destination = |arn: &Option<String>| match arn {
        Some(arn) => json!({ "Destination": arn }),
        None => json!({}),
    };
    let mut shown = json!({
        "FunctionArn": arn.to_str().unwrap_or_default(),
        "LastModified": std::time::Duration::from_millis(kept.modified_ms).as_secs_f64(),
        "DestinationConfig": {
            "OnSuccess": destination(on_success),
            "OnFailure": destination(on_failure),
        },
    });
    if let Some(retries) = retries_max {
        shown["MaximumRetryAttempts"] = json!(retries);
    }
    if let Some(age) = age_max_s {
        shown["MaximumEventAgeInSeconds"] = json!(age);
    }
    shown
}

fn wrong(door: &Door, message: &str) -> Refused {
    refuse(door, &CallerError::InvalidParameter { message })
}

fn refuse(door: &Door, error: &CallerError<'_>) -> Refused {
    Box::new(refused(door, error))
}
