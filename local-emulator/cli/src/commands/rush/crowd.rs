//! The crowd: who comes when, each called over HTTP at its time, and what each one got.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use hyper::StatusCode;
use hyper::body::Bytes;
use lunch_contract::{Outcome, RequestId};
use lunch_host::template::Follow;
use lunch_host::wire::AnsweredRequest;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::spawn_local;
use tokio::time::sleep_until;

use super::follow::Waiting;
use crate::args;
use crate::commands::invoke::refusal;
use crate::door::{Answer, CallError, Door};
use crate::failure::{Code, Failure, OrFail as _};
use crate::orders::{self, Malformed, Order};
use crate::progress::{Became, Serving};
use crate::say;
use crate::summary::{Fate, Served, Temper};
use crate::terminal::harmless;

/// So many records an order makes at most, with room to spare.
const RECORDS_PER_ORDER: usize = 16;

/// What an order file looks like, for whoever has none.
const FORMAT: &str = r#"{"at": 0.5, "function": "NAME", "payload": {"any": "JSON"}}"#;

/// Everybody who comes.
#[derive(Debug)]
pub(super) struct Crowd {
    pub(super) orders: Vec<Order>,
    pub(super) malformed: Vec<Malformed>,
}

impl Crowd {
    /// From the file that was asked for, else the template's own; malformed lines are told at once.
    pub(super) fn read(asked: &args::Rush, templates: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = asked.orders.as_deref().or(templates) else {
            return Err(Failure::new(Code::Input, no_orders(&asked.cloud.template)));
        };
        if fs::metadata(path).is_ok_and(|file| !file.is_file() && !file.is_dir()) {
            // A pipe may have no writer yet, and nothing else would say what is waited for.
            say::beside(format!("reading orders from `{}`", path.display()));
        }
        let text = fs::read_to_string(path).or_fail_with(Code::Input, || {
            format!(
                "the order file `{}` cannot be read\n(each line of it is such as {FORMAT})",
                path.display()
            )
        })?;
        let orders::Orders { mut orders, malformed } = orders::read(&text);
        for line in &malformed {
            say::beside(format!("{}: {line}", path.display()));
        }
        if orders.is_empty() {
            let sentence = format!(
                "`{}` has no order to serve\n(each line of it is such as {FORMAT})",
                path.display()
            );
            return Err(Failure::new(Code::Input, sentence));
        }
        if let Some(size) = asked.crowd {
            orders = orders::crowd(&orders, size, asked.cloud.seed.unwrap_or_default());
        }
        Ok(Self { orders, malformed })
    }

    /// From the first order to the last.
    pub(super) fn lasts(&self) -> Duration {
        self.orders.last().map_or(Duration::ZERO, |last| last.at)
    }

    pub(super) fn timeline_lines_max(&self) -> usize {
        self.orders.len().saturating_mul(RECORDS_PER_ORDER)
    }
}

fn no_orders(template: &Path) -> String {
    format!(
        "there are no orders to serve: no `--orders FILE`, and `{}` names none\n\
         (name a file of lines such as {FORMAT}, by `--orders FILE` or in the template's `Metadata: \
         {{Lunch: {{Orders: FILE}}}}`; `at` is seconds after the doors open)",
        template.display()
    )
}

/// One order, called.
#[derive(Debug)]
pub(super) struct Call {
    name: String,
    called: SystemTime,
    took: Duration,
    answer: Result<Answer, CallError>,
}

/// Calls each order at its time, and waits for all of them.
pub(super) async fn serve(orders: &[Order], door: &Rc<Door>, progress: &mut Serving) -> Vec<Call> {
    let doors_open = tokio::time::Instant::now();
    let (told, mut tell) = mpsc::unbounded_channel();
    let mut calls = Vec::with_capacity(orders.len());
    let mut coming = orders.iter().peekable();
    while calls.len() < orders.len() {
        let next = coming.peek().map(|order| doors_open + order.at);
        tokio::select! {
            () = sleep_until(next.unwrap_or(doors_open)), if next.is_some() => {
                let order = coming.next().expect("one was seen");
                spawn_local(call(order.clone(), Rc::clone(door), told.clone()));
                progress.came();
            }
            call = tell.recv() => {
                let call: Call = call.expect("this end is open too");
                progress.became(became(&call.answer));
                calls.push(call);
            }
        }
    }
    calls
}

async fn call(order: Order, door: Rc<Door>, told: mpsc::UnboundedSender<Call>) {
    let payload = Bytes::copy_from_slice(order.payload.get().as_bytes());
    let (called, began) = (SystemTime::now(), Instant::now());
    let answer = door.invoke(&order.function, payload, false).await;
    let name = format!("line {}", order.line);
    // Where nobody listens any more, the crowd was sent home.
    drop(told.send(Call { name, called, took: began.elapsed(), answer }));
}

/// What the progress shows before the cloud's own words are read.
fn became(answer: &Result<Answer, CallError>) -> Became {
    match answer {
        Ok(answer) if answer.status == StatusCode::OK => match function_error(answer).as_deref() {
            None => Became::Served,
            Some(TIMED_OUT) => Became::Binned,
            Some(_) => Became::Failed,
        },
        Ok(answer) if answer.status == StatusCode::TOO_MANY_REQUESTS => Became::Refused,
        Ok(_) | Err(_) => Became::Failed,
    }
}

/// AWS's error type of a timeout.
const TIMED_OUT: &str = "Sandbox.Timedout";

/// The error type of a function that failed.
fn function_error(answer: &Answer) -> Option<String> {
    let kind = answer.header("x-amz-function-error")?;
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    Some(body["errorType"].as_str().unwrap_or(kind).to_owned())
}

/// The cloud's own knowledge of requests, by their id on the wire.
#[derive(Debug)]
pub(super) struct Known<'a>(BTreeMap<&'a str, Vec<&'a AnsweredRequest>>);

impl<'a> Known<'a> {
    pub(super) fn of(answered: &'a [AnsweredRequest]) -> Self {
        let mut known: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for request in answered {
            known.entry(request.request_id.as_str()).or_default().push(request);
        }
        Self(known)
    }

    fn answers(&self, answer: &Answer) -> &[&'a AnsweredRequest] {
        let of = |id| self.0.get(id).map(Vec::as_slice);
        answer.header("x-amzn-requestid").and_then(of).unwrap_or_default()
    }
}

/// What each got, in the order of the file; the cloud's own knowledge of a request is put to its answer.
pub(super) fn fates(calls: &mut [Call], known: &Known<'_>) -> Vec<Served> {
    calls.sort_by(|a, b| numeric(&a.name).cmp(&numeric(&b.name)));
    calls.iter().map(|call| served(call, known)).collect()
}

/// The orders that their function has passed on.
pub(super) fn passed_on(calls: &[Call], follow: &Follow, known: &Known<'_>) -> Vec<Waiting> {
    let waiting = |call: &Call| {
        let answer = call.answer.as_ref().ok()?;
        let is_followed = |request: &&AnsweredRequest| follow.functions.contains(&request.function);
        let known = known.answers(answer).iter().copied().find(is_followed)?;
        let number = follow.order.find(&answer.body)?;
        let is_served = known.outcome == Outcome::Returned;
        is_served.then(|| Waiting { name: call.name.clone(), number, called: call.called })
    };
    calls.iter().filter_map(waiting).collect()
}

fn numeric(name: &str) -> (usize, &str) {
    (name.len(), name)
}

fn served(call: &Call, known: &Known<'_>) -> Served {
    let (name, took) = (call.name.clone(), call.took);
    let answer = match &call.answer {
        Ok(answer) => answer,
        Err(error) => {
            let (fate, answers) = (Fate::Unanswered(error.to_string()), Vec::new());
            return Served { name, fate, took, start: None, init: None, last_log: None, answers };
        }
    };
    let answers = known.answers(answer);
    let known = answers.first().copied();
    Served {
        name,
        fate: fate(answer, known.map(|request| &request.outcome)),
        took,
        start: start(answer),
        init: millis(answer, "x-lunch-init-ms"),
        last_log: known.and_then(|request| request.last_line.as_deref()).map(message),
        answers: answers.iter().map(|request| request.request).collect(),
    }
}

/// What became of the requests that none of these calls made.
pub(super) fn others(orders: &[Served], answered: &[AnsweredRequest]) -> Vec<Outcome> {
    let own: BTreeSet<RequestId> =
        orders.iter().flat_map(|order| &order.answers).copied().collect();
    let others = answered.iter().filter(|request| !own.contains(&request.request));
    others.map(|request| request.outcome.clone()).collect()
}

fn fate(answer: &Answer, outcome: Option<&Outcome>) -> Fate {
    if let (StatusCode::OK, Some(kind)) = (answer.status, function_error(answer)) {
        let timed_out = kind == TIMED_OUT || matches!(outcome, Some(Outcome::TimedOut { .. }));
        return if timed_out { Fate::TimedOut } else { Fate::FunctionError(kind) };
    }
    if answer.status.is_success() {
        return Fate::Returned;
    }
    if answer.status == StatusCode::TOO_MANY_REQUESTS {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        return Fate::Throttled(body["Reason"].as_str().unwrap_or("no reason given").to_owned());
    }
    if answer.status.is_client_error() {
        return Fate::Refused(refusal(answer));
    }
    // What the cloud itself could not do is no outcome of an order.
    Fate::Unanswered(refusal(answer))
}

fn start(answer: &Answer) -> Option<Temper> {
    match answer.header("x-lunch-start")? {
        "cold" => Some(Temper::Cold),
        "warm" => Some(Temper::Warm),
        "reinitialized" => Some(Temper::Reinitialized),
        _ => None,
    }
}

fn millis(answer: &Answer, header: &str) -> Option<Duration> {
    let millis: f64 = answer.header(header)?.parse().ok()?;
    Duration::try_from_secs_f64(millis / 1_000.0).ok()
}

/// What a log line says, where it is one of JSON: its message.
fn message(line: &str) -> String {
    let json: Value = serde_json::from_str(line).unwrap_or_default();
    let said = ["message", "msg"].iter().find_map(|key| json[key].as_str());
    let said = said.or_else(|| json["fields"]["message"].as_str()).unwrap_or(line);
    harmless(said)
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;
    use hyper::header::{HeaderName, HeaderValue};
    use lunch_contract::{Moment, RequestId};
    use tokio::task::LocalSet;

    use super::*;
    use crate::fake_cloud;

    fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Answer {
        let header = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let headers: HeaderMap = headers.iter().map(header).collect();
        let status = StatusCode::from_u16(status).expect("a status");
        Answer { status, headers, body: Bytes::copy_from_slice(body.as_bytes()) }
    }

    fn call(line: usize, answer: Answer) -> Call {
        let (called, took) = (SystemTime::UNIX_EPOCH, Duration::from_millis(20));
        Call { name: format!("line {line}"), called, took, answer: Ok(answer) }
    }

    fn timed_out() -> Answer {
        let headers = [
            ("x-amz-function-error", "Unhandled"),
            ("x-amzn-requestid", "one"),
            ("x-lunch-start", "cold"),
            ("x-lunch-init-ms", "17.4"),
        ];
        answer(200, &headers, r#"{"errorType":"Sandbox.Timedout","errorMessage":"..."}"#)
    }

    #[test]
    fn a_binned_order_has_the_last_line_of_its_log() {
        let known = AnsweredRequest {
            at: Moment::ZERO,
            request: RequestId { serial: 0, index: 0 },
            request_id: "one".into(),
            function: "coffee".into(),
            instance: None,
            outcome: Outcome::TimedOut { after: Duration::from_secs(2) },
            last_line: Some(
                r#"{"level":"INFO","fields":{"message":"adding marshmallows"}}"#.into(),
            ),
        };
        let served = fates(&mut [call(28, timed_out())], &Known::of(&[known])).remove(0);
        assert_eq!(served.fate, Fate::TimedOut);
        assert_eq!(served.last_log.as_deref(), Some("adding marshmallows"));
        assert_eq!(served.start, Some(Temper::Cold));
        assert_eq!(served.init, Some(Duration::from_micros(17_400)));
    }

    #[test]
    fn every_status_has_its_fate() {
        let throttled = answer(429, &[], r#"{"Reason":"ConcurrentInvocationLimitExceeded"}"#);
        let throttled = fate(&throttled, None);
        assert_eq!(throttled, Fate::Throttled("ConcurrentInvocationLimitExceeded".to_owned()));
        assert_eq!(fate(&answer(200, &[], "{}"), None), Fate::Returned);
        let failed = answer(200, &[("x-amz-function-error", "Unhandled")], "no JSON");
        assert_eq!(fate(&failed, None), Fate::FunctionError("Unhandled".to_owned()));
        assert!(matches!(fate(&answer(404, &[], "{}"), None), Fate::Refused(_)));
        assert!(matches!(fate(&answer(500, &[], "{}"), None), Fate::Unanswered(_)));
    }

    #[test]
    fn fates_stand_in_the_order_of_the_file() {
        let returned = |line| call(line, answer(200, &[], "{}"));
        let names = fates(&mut [returned(10), returned(2), returned(9)], &Known::of(&[]));
        let names: Vec<_> = names.into_iter().map(|served| served.name).collect();
        assert_eq!(names, ["line 2", "line 9", "line 10"]);
    }

    #[test]
    fn a_log_lines_message_is_found_in_json_and_else_the_line_is_it() {
        assert_eq!(message("adding marshmallows"), "adding marshmallows");
        assert_eq!(message(r#"{"message":"adding cream"}"#), "adding cream");
        assert_eq!(message(r#"{"level":"INFO"}"#), r#"{"level":"INFO"}"#);
    }

    #[test]
    fn whoever_has_no_orders_is_shown_the_format() {
        insta::assert_snapshot!(no_orders(Path::new("template.yaml")), @r#"
        there are no orders to serve: no `--orders FILE`, and `template.yaml` names none
        (name a file of lines such as {"at": 0.5, "function": "NAME", "payload": {"any": "JSON"}}, by `--orders FILE` or in the template's `Metadata: {Lunch: {Orders: FILE}}`; `at` is seconds after the doors open)
        "#);
    }

    /// Whoever is in this order is answered so.
    fn answered(_: &str, path: &str, body: &str) -> String {
        match (path.split('/').nth(3), body) {
            (Some("coffee"), "1") => fake_cloud::answer(200, "x-lunch-start: cold\r\n", "{}"),
            (Some("coffee"), "2") => fake_cloud::answer(429, "", r#"{"Reason":"Full"}"#),
            (Some("coffee"), "3") => fake_cloud::answer(
                200,
                "x-amz-function-error: Unhandled\r\n",
                r#"{"errorType":"Sandbox.Timedout"}"#,
            ),
            (Some("tea"), _) => fake_cloud::answer(404, "", r#"{"Message":"no tea"}"#),
            _ => String::new(),
        }
    }

    async fn served(file: &str) -> Vec<Served> {
        let port = fake_cloud::open(answered);
        let orders = orders::read(file).orders;
        let door = Rc::new(Door::new(port));
        let mut progress = Serving::begin(orders.len(), Duration::ZERO);
        let mut calls = LocalSet::new().run_until(serve(&orders, &door, &mut progress)).await;
        fates(&mut calls, &Known::of(&[]))
    }

    #[tokio::test]
    async fn every_order_has_exactly_one_outcome_whatever_it_is() {
        let file = r#"{"at": 0.02, "function": "coffee", "payload": 1}
            {"at": 0.01, "function": "coffee", "payload": 2}
            {"at": 0, "function": "coffee", "payload": 3}
            {"at": 0, "function": "tea", "payload": 4}
            {"at": 0, "function": "coffee", "payload": "the door slams"}"#;
        let served = served(file).await;
        let fates: Vec<_> = served.iter().map(|order| order.fate.clone()).collect();
        let [returned, throttled, timed_out, refused, unanswered] = fates.as_slice() else {
            panic!("five orders, and {fates:?}");
        };
        assert_eq!(*returned, Fate::Returned);
        assert_eq!(*throttled, Fate::Throttled("Full".to_owned()));
        assert_eq!(*timed_out, Fate::TimedOut);
        assert!(matches!(refused, Fate::Refused(_)), "{refused:?}");
        assert!(matches!(unanswered, Fate::Unanswered(_)), "{unanswered:?}");
        assert_eq!(served[0].start, Some(Temper::Cold));
    }

    #[tokio::test]
    async fn nobody_is_called_before_their_time() {
        let began = Instant::now();
        served(r#"{"at": 0.03, "function": "coffee", "payload": 1}"#).await;
        assert!(began.elapsed() >= Duration::from_millis(30));
    }
}
