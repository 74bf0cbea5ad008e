//! The Runtime API's routes, and what comes with an event. Facts 1.1 and 1.2.

use std::cell::RefCell;
use std::rc::Rc;

use hyper::StatusCode;
use lunch_contract::Exit;
use lunch_host::Config;

use crate::street::{Answer, Program, coffee, program, with_cloud};

const INVOKE: &str = "/2015-03-31/functions/coffee/invocations";
const NEXT: &str = "/2018-06-01/runtime/invocation/next";

/// A runtime that answers with `1` whatever comes, and keeps the events as they came.
fn keeping() -> (Program, Rc<RefCell<Vec<Answer>>>) {
    let events = Rc::new(RefCell::new(Vec::new()));
    let kept = Rc::clone(&events);
    let program = program(move |started| {
        let kept = Rc::clone(&kept);
        async move {
            let mut api = started.runtime_api().await;
            while let Ok(event) = api.try_call("GET", NEXT, &[], "").await {
                let id = event.header("lambda-runtime-aws-request-id").to_owned();
                kept.borrow_mut().push(event);
                let path = format!("/2018-06-01/runtime/invocation/{id}/response");
                if api.try_call("POST", &path, &[], "1").await.is_err() {
                    break;
                }
            }
            Exit::Code(0)
        }
    });
    (program, events)
}

/// The names of the headers that AWS sends with an event, as far as they are there.
fn names(event: &Answer) -> Vec<&str> {
    let names = event.headers.keys().map(hyper::header::HeaderName::as_str);
    let mut names: Vec<_> = names.filter(|name| name.starts_with("lambda-")).collect();
    names.sort_unstable();
    names
}

#[test]
fn an_event_comes_with_the_headers_that_are_not_empty_and_no_others() {
    let (program, events) = keeping();
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        client.call("POST", INVOKE, &[], "1").await;
        // `{"custom":{}}`
        let context = [("x-amz-client-context", "eyJjdXN0b20iOnt9fQ==")];
        client.call("POST", INVOKE, &context, "1").await;
    });
    let always = [
        "lambda-runtime-aws-request-id",
        "lambda-runtime-deadline-ms",
        "lambda-runtime-invocation-id",
        "lambda-runtime-invoked-function-arn",
        "lambda-runtime-trace-id",
    ];
    let events = events.borrow();
    assert_eq!(names(&events[0]), always);
    let with_context =
        [&["lambda-runtime-aws-request-id", "lambda-runtime-client-context"], &always[1..]];
    assert_eq!(names(&events[1]), with_context.concat());
    assert_eq!(events[1].header("lambda-runtime-client-context"), r#"{"custom":{}}"#);
    let ids = |event: &Answer| {
        let id = |name| event.header(name).to_owned();
        [id("lambda-runtime-aws-request-id"), id("lambda-runtime-invocation-id")]
    };
    let mut ids = [ids(&events[0]), ids(&events[1])].concat();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4, "each request and each attempt has an id of its own");
}

#[test]
fn an_events_bytes_come_as_they_were_sent_and_are_called_json() {
    const EVENT: &[u8] = b" {\"b\": 1,\n\t\"a\" : 1.50, \"b\": \"\\u00e9\xc3\xa9\" }\r\n";
    let (program, events) = keeping();
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        client.call("POST", INVOKE, &[], EVENT).await;
    });
    let events = events.borrow();
    assert_eq!(events[0].body, EVENT);
    assert_eq!(
        (events[0].status, events[0].header("content-type")),
        (StatusCode::OK, "application/json")
    );
}

#[test]
fn the_functions_arn_is_qualified_only_if_its_caller_did_so() {
    const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:coffee";
    let (program, events) = keeping();
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        client.call("POST", INVOKE, &[], "1").await;
        client.call("POST", &format!("{INVOKE}?Qualifier=$LATEST"), &[], "1").await;
        let full = format!("/2015-03-31/functions/{ARN}/invocations");
        client.call("POST", &full, &[], "1").await;
    });
    let events = events.borrow();
    let arns = events.iter().map(|event| event.header("lambda-runtime-invoked-function-arn"));
    assert_eq!(arns.collect::<Vec<_>>(), [ARN, &format!("{ARN}:$LATEST"), ARN]);
}

#[test]
fn a_callers_trace_is_the_functions_and_else_there_is_a_new_one() {
    const TRACE: &str =
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    let (program, events) = keeping();
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        client.call("POST", INVOKE, &[("x-amzn-trace-id", TRACE)], "1").await;
        client.call("POST", INVOKE, &[], "1").await;
    });
    let events = events.borrow();
    assert_eq!(events[0].header("lambda-runtime-trace-id"), TRACE);
    let made = events[1].header("lambda-runtime-trace-id");
    assert_ne!(made, TRACE);
    assert!(made.starts_with("Root=1-") && made.contains(";Parent="), "{made}");
    assert!(made.contains(";Sampled="), "{made}");
}

/// Calls to the Runtime API, each with the line that it is answered with: status, content type, `Allow`, body.
fn routes(calls: &'static [(&str, &str, &str)]) {
    let heard = Rc::new(RefCell::new(Vec::new()));
    let kept = Rc::clone(&heard);
    let program = program(move |started| {
        let kept = Rc::clone(&kept);
        async move {
            let mut api = started.runtime_api().await;
            for (method, path, _) in calls {
                let answer = api.call(method, path, &[], "").await;
                let [kind, allow] = ["content-type", "allow"].map(|name| answer.header(name));
                let status = answer.status.as_u16();
                kept.borrow_mut().push(format!("{status} {kind} {allow} {}", answer.text()));
            }
            Exit::Code(1)
        }
    });
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        client.call("POST", INVOKE, &[], "1").await;
    });
    let heard = heard.borrow();
    for (index, (method, path, line)) in calls.iter().enumerate() {
        assert_eq!(heard.get(index).map(String::as_str), Some(*line), "{method} {path}");
    }
}

#[test]
fn whoever_pings_hears_pong() {
    routes(&[("GET", "/2018-06-01/ping", "200 text/plain; charset=utf-8  pong")]);
}

#[test]
fn a_route_that_there_is_not_is_a_404_and_snapstarts_are_none() {
    const NOT_FOUND: &str = "404 text/plain; charset=utf-8  404 page not found\n";
    routes(&[
        ("GET", "/", NOT_FOUND),
        ("GET", "/2018-06-01/runtime/invocation", NOT_FOUND),
        ("GET", "/2018-06-01/runtime/invocation/next/", NOT_FOUND),
        ("POST", "/2018-06-01/runtime/invocation/a/b/response", NOT_FOUND),
        ("GET", "/2018-06-01/runtime/restore/next", NOT_FOUND),
        ("POST", "/2018-06-01/runtime/restore/error", NOT_FOUND),
        ("GET", "/2021-04-23/credentials", NOT_FOUND),
    ]);
}

#[test]
fn a_route_by_another_method_is_a_405_that_names_the_right_one() {
    routes(&[
        ("POST", "/2018-06-01/runtime/invocation/next", "405  GET "),
        ("HEAD", "/2018-06-01/runtime/invocation/next", "405  GET "),
        ("PUT", "/2018-06-01/runtime/invocation/a/response", "405  POST "),
        ("GET", "/2018-06-01/runtime/invocation/a/error", "405  POST "),
        ("GET", "/2018-06-01/runtime/init/error", "405  POST "),
        ("HEAD", "/2018-06-01/ping", "405  GET "),
        ("GET", "/2020-01-01/extension/register", "405  POST "),
        ("POST", "/2020-01-01/extension/event/next", "405  GET "),
        ("GET", "/2020-01-01/extension/init/error", "405  POST "),
        ("GET", "/2020-01-01/extension/exit/error", "405  POST "),
    ]);
}
