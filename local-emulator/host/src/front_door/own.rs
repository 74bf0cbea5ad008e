//! Our own routes, below `/_lunch/`: looking at the cloud, and disturbing it.

use std::rc::Rc;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::path::field;
use super::sqs::look;
use super::{Answer, Door, json};
use crate::driver::{self, NotAdvanced};
use crate::wire::{
    AdminError, Advance, Info, LOGS_WHOLE_FROM, LogLine, PEEKED_MAX, PeekedMessage, Redrive,
};

/// Answers a call of `/_lunch/{route}`.
pub(super) async fn answer(door: &Door, route: &str, request: &Request<Bytes>) -> Answer {
    match (request.method(), route) {
        (&Method::GET, "info") => ok(&info(door)),
        (&Method::GET, "ps") => ok(&door.driver.borrow_mut().ps(door.about.port)),
        (&Method::GET, "timeline") => lines(&door.driver.borrow().timeline_from(0)),
        (&Method::GET, "requests") => lines(&door.driver.borrow().answers()),
        (&Method::GET, "queues") => match peeked(door, request.uri().query()) {
            None => ok(&look::lines(door)),
            Some(Ok(messages)) => ok(&messages),
            Some(Err(sentence)) => wrong(StatusCode::NOT_FOUND, sentence),
        },
        (&Method::POST, "redrive") => {
            done(request, |Redrive { queue }| look::redrive(door, &queue))
        }
        (&Method::GET, "logs") => match logs(door, request.uri().query()).await {
            Ok(logged) => log_lines(door, &logged),
            Err(sentence) => wrong(StatusCode::NOT_FOUND, sentence),
        },
        (&Method::POST, "advance") => match body::<Advance>(request.body()) {
            Ok(Advance { ms }) => {
                match driver::advance(&door.driver, Duration::from_millis(ms)).await {
                    Ok(advanced) => ok(&advanced),
                    Err(why @ NotAdvanced::TooFar(_)) => {
                        wrong(StatusCode::BAD_REQUEST, why.to_string())
                    }
                    Err(why @ NotAdvanced::NotSafe(_)) => {
                        wrong(StatusCode::INTERNAL_SERVER_ERROR, why.to_string())
                    }
                }
            }
            Err(sentence) => wrong(StatusCode::BAD_REQUEST, sentence),
        },
        (&Method::POST, "evict") => done(request, |what| door.driver.borrow_mut().evict(&what)),
        (&Method::POST, "redeploy") => {
            done(request, |what| door.driver.borrow_mut().redeploy(&what))
        }
        (&Method::POST, "scale") => done(request, |what| door.driver.borrow_mut().scale(&what)),
        (&Method::POST, "stop") => done(request, |what| door.driver.borrow_mut().stop(&what)),
        (method, _) => wrong(
            StatusCode::NOT_FOUND,
            format!(
                "there is no `{method} /_lunch/{route}`\n(there is GET info, ps, timeline, requests, logs, queues \
                 and POST advance, evict, redeploy, redrive, scale, stop)"
            ),
        ),
    }
}

/// The messages of the queue that the query names, if it names one.
fn peeked(door: &Door, query: Option<&str>) -> Option<Result<Vec<PeekedMessage>, String>> {
    let name = field(query, "peek")?;
    let number = |name| field(query, name).and_then(|number| number.parse().ok());
    let max = number("max").unwrap_or(PEEKED_MAX).min(PEEKED_MAX);
    Some(look::peek(door, &name, number("skip").unwrap_or(0), max))
}

/// What was logged, of what the query asks for; with `wait=true`, as soon as there is something.
async fn logs(door: &Door, query: Option<&str>) -> Result<Vec<LogLine>, String> {
    let field = |name| field(query, name);
    let from = field("from").and_then(|from| from.parse().ok()).unwrap_or(0);
    let function = field("function");
    let function = function.map(|name| door.driver.borrow().function_named(&name)).transpose()?;
    let waits = field("wait").is_some_and(|wait| wait == "true");
    let logged = Rc::clone(&door.driver.borrow().world.logged);
    loop {
        let more = logged.notified();
        let lines = door.driver.borrow().log_lines(from, function);
        if !(lines.is_empty() && waits) {
            return Ok(lines);
        }
        more.await;
    }
}

/// Lines of the log, with the number from which on none is forgotten.
fn log_lines(door: &Door, logged: &[LogLine]) -> Answer {
    let mut answer = lines(logged);
    let whole_from = door.driver.borrow().world.logs.whole_from();
    answer.headers_mut().insert(LOGS_WHOLE_FROM, whole_from.into());
    answer
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
        functions: driver.functions(about.port),
        not_served: about.not_served.borrow().clone(),
        settings: driver.cloud.settings().clone(),
        ahead_ms: driver.ahead_ms(),
        faults: driver.faults(),
    }
}

/// Does what the body asks for, or says why not.
fn done<T, R>(request: &Request<Bytes>, act: impl FnOnce(T) -> Result<R, String>) -> Answer
where
    T: DeserializeOwned,
    R: Serialize,
{
    match body(request.body()).map(act) {
        Ok(Ok(value)) => ok(&value),
        Ok(Err(sentence)) => wrong(StatusCode::NOT_FOUND, sentence),
        Err(sentence) => wrong(StatusCode::BAD_REQUEST, sentence),
    }
}

fn body<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body)
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
