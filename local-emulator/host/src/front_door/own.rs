//! Our own routes, below `/_lunch/`: looking at the cloud, and disturbing it.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Answer, Door, json};
use crate::driver;
use crate::wire::{AdminError, Advance, Evict, Info, Redeploy};

/// Answers a call of `/_lunch/{route}`.
pub(super) async fn answer(door: &Door, route: &str, request: Request<Incoming>) -> Answer {
    match (request.method(), route) {
        (&Method::GET, "info") => ok(&info(door)),
        (&Method::GET, "ps") => ok(&door.driver.borrow().ps()),
        (&Method::GET, "timeline") => lines(&door.driver.borrow().timeline_from(0)),
        (&Method::GET, "requests") => lines(&door.driver.borrow().answers()),
        (&Method::GET, "logs") => lines(&door.driver.borrow().log_lines()),
        (&Method::POST, "advance") => match body::<Advance>(request).await {
            Ok(Advance { ms }) => {
                ok(&driver::advance(&door.driver, Duration::from_millis(ms)).await)
            }
            Err(sentence) => wrong(StatusCode::BAD_REQUEST, sentence),
        },
        (&Method::POST, "evict") => match body::<Evict>(request).await {
            Ok(what) => {
                let evicted = door.driver.borrow_mut().evict(&what);
                match evicted {
                    Ok(evicted) => ok(&evicted),
                    Err(sentence) => wrong(StatusCode::NOT_FOUND, sentence),
                }
            }
            Err(sentence) => wrong(StatusCode::BAD_REQUEST, sentence),
        },
        (&Method::POST, "redeploy") => match body::<Redeploy>(request).await {
            Ok(what) => {
                let redeployed = door.driver.borrow_mut().redeploy(&what);
                match redeployed {
                    Ok(redeployed) => ok(&redeployed),
                    Err(sentence) => wrong(StatusCode::NOT_FOUND, sentence),
                }
            }
            Err(sentence) => wrong(StatusCode::BAD_REQUEST, sentence),
        },
        (method, _) => wrong(
            StatusCode::NOT_FOUND,
            format!(
                "there is no `{method} /_lunch/{route}`\n(there is GET info, ps, timeline, requests, logs and POST \
                 advance, evict, redeploy)"
            ),
        ),
    }
}

fn info(door: &Door) -> Info {
    let driver = door.driver.borrow();
    let about = &door.about;
    Info {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        port: about.port,
        listening: about.listening.clone(),
        template: about.template.as_ref().map(|path| path.display().to_string()),
        region: about.region.clone(),
        account: about.account.clone(),
        functions: driver.functions(),
        not_served: about.not_served.clone(),
        settings: driver.cloud.settings().clone(),
        ahead_ms: driver.ahead_ms(),
        faults: driver.faults(),
    }
}

/// A body of ours is small.
const BODY_BYTES_MAX: usize = 64 * 1024;

async fn body<T: DeserializeOwned>(request: Request<Incoming>) -> Result<T, String> {
    let limited = http_body_util::Limited::new(request.into_body(), BODY_BYTES_MAX);
    let whole =
        limited.collect().await.map_err(|error| format!("the body is of no use: {error}"))?;
    serde_json::from_slice(&whole.to_bytes())
        .map_err(|error| format!("the body is not what this route takes: {error}"))
}

fn ok(value: &impl Serialize) -> Answer {
    json(StatusCode::OK, written(value))
}

fn written(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).expect("our own types are JSON").into()
}

/// A JSON value per line.
fn lines<T: Serialize>(values: &[T]) -> Answer {
    let mut body = Vec::new();
    for value in values {
        serde_json::to_writer(&mut body, value).expect("our own types are JSON");
        body.push(b'\n');
    }
    let mut answer = json(StatusCode::OK, body);
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson; charset=utf-8"));
    answer
}

fn wrong(status: StatusCode, sentence: String) -> Answer {
    json(status, written(&AdminError { error: sentence }))
}
