//! Events that nobody waits for: tried again, and given up. Facts 6.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use hyper::StatusCode;
use lunch_contract::Exit;
use lunch_host::{Config, EventInvokeConfig, ServedFunction};
use serde_json::{Value, json};

use crate::queues::{queue, sqs};
use crate::street::{Client, Program, coffee, program, with_cloud};

pub(crate) const INVOKE: &str = "/2015-03-31/functions/coffee/invocations";
const NEXT: &str = "/2018-06-01/runtime/invocation/next";
pub(crate) const EVENT: [(&str, &str); 1] = [("x-amz-invocation-type", "Event")];

/// Fails at every event, but for the last of so many attempts; keeps their ids and payloads.
pub(crate) fn failing(seen: &Rc<RefCell<Vec<(String, String)>>>, until: usize) -> Program {
    let seen = Rc::clone(seen);
    let attempts = Rc::new(RefCell::new(BTreeSet::new()));
    program(move |started| {
        let (seen, attempts) = (Rc::clone(&seen), Rc::clone(&attempts));
        async move {
            let mut api = started.runtime_api().await;
            while let Ok(event) = api.try_call("GET", NEXT, &[], "").await {
                let id = event.header("lambda-runtime-aws-request-id").to_owned();
                let attempt = event.header("lambda-runtime-invocation-id").to_owned();
                assert!(!attempt.is_empty() && attempts.borrow_mut().insert(attempt), "it is new");
                seen.borrow_mut().push((id.clone(), event.text().to_owned()));
                let word = if seen.borrow().len() < until { "error" } else { "response" };
                let path = format!("/2018-06-01/runtime/invocation/{id}/{word}");
                if api.try_call("POST", &path, &[], "{}").await.is_err() {
                    break;
                }
            }
            Exit::Code(0)
        }
    })
}

/// Looks at the timeline until that stands there so often.
pub(crate) async fn until(client: &mut Client, text: &str, times: usize) {
    let look = async {
        while client.call("GET", "/_lunch/timeline", &[], "").await.text().matches(text).count()
            < times
        {}
    };
    tokio::time::timeout(Duration::from_secs(10), look).await.expect("within 10 s");
}

async fn advance(client: &mut Client, seconds: u64) {
    let body = format!("{{\"ms\": {}}}", seconds * 1_000);
    client.call("POST", "/_lunch/advance", &[], body).await;
}

#[test]
fn an_event_that_fails_comes_again_under_the_same_id_and_is_then_given_up() {
    let seen = Rc::default();
    let program = failing(&seen, usize::MAX);
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        let accepted = client.call("POST", INVOKE, &EVENT, "7").await;
        assert_eq!(accepted.status, StatusCode::ACCEPTED);
        until(&mut client, "event_retried", 1).await;
        advance(&mut client, 59).await;
        assert_eq!(seen.borrow().len(), 1, "not before its time");
        advance(&mut client, 1).await;
        until(&mut client, "event_retried", 2).await;
        advance(&mut client, 120).await;
        until(&mut client, "RetriesExhausted", 1).await;
        let id = accepted.header("x-amzn-requestid").to_owned();
        assert_eq!(*seen.borrow(), vec![(id, "7".to_owned()); 3]);
        advance(&mut client, 6 * 3_600).await;
        assert_eq!(seen.borrow().len(), 3);
    });
}

#[test]
fn an_event_that_is_worked_off_at_the_second_attempt_comes_no_more() {
    let seen = Rc::default();
    let program = failing(&seen, 2);
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        client.call("POST", INVOKE, &EVENT, "7").await;
        until(&mut client, "event_retried", 1).await;
        advance(&mut client, 600).await;
        let timeline = client.call("GET", "/_lunch/timeline", &[], "").await;
        assert!(!timeline.text().contains("event_dropped"), "{}", timeline.text());
        assert_eq!(seen.borrow().len(), 2);
    });
}

#[test]
fn an_event_for_a_function_that_is_stopped_is_given_up_at_once() {
    let seen = Rc::default();
    let program = failing(&seen, 1);
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        let none = "{\"ReservedConcurrentExecutions\": 0}";
        client.call("PUT", "/2017-10-31/functions/coffee/concurrency", &[], none).await;
        let accepted = client.call("POST", INVOKE, &EVENT, "7").await;
        assert_eq!(accepted.status, StatusCode::ACCEPTED);
        until(&mut client, "ZeroReservedConcurrency", 1).await;
        assert!(seen.borrow().is_empty());
    });
}

fn of_queue(name: &str) -> String {
    format!("arn:aws:sqs:us-east-1:123456789012:{name}")
}

/// All messages of a queue, taken from it.
async fn taken(client: &mut Client, name: &str) -> Vec<Value> {
    let asked = json!({
        "QueueUrl": format!("http://localhost/123456789012/{name}"), "MaxNumberOfMessages": 10,
        "AttributeNames": ["All"], "MessageAttributeNames": ["All"],
    });
    let received = sqs(client, "ReceiveMessage", asked).await;
    received["Messages"].as_array().cloned().unwrap_or_default()
}

#[test]
fn what_became_of_an_event_is_told_to_its_destination_and_its_dead_letter_queue() {
    let seen = Rc::default();
    let program = failing(&seen, usize::MAX);
    let mut function = coffee();
    let config = EventInvokeConfig {
        retries_max: Some(0),
        on_success: Some(of_queue("served")),
        on_failure: Some(of_queue("failed")),
        ..EventInvokeConfig::default()
    };
    function.event_configs.insert("$LATEST".to_owned(), config);
    function.dead_letters = Some("dead".to_owned());
    let queues = ["served", "failed", "dead"].map(|name| queue(name, &[])).to_vec();
    let config = Config { queues, ..Config::new(vec![function]) };
    with_cloud(config, program, |mut client, _| async move {
        let accepted = client.call("POST", INVOKE, &EVENT, r#"{"cups": 7}"#).await;
        until(&mut client, "event_recorded", 2).await;
        let id = accepted.header("x-amzn-requestid").to_owned();
        let failed = taken(&mut client, "failed").await;
        assert_eq!(failed.len(), 1, "{failed:?}");
        let record: Value = serde_json::from_str(failed[0]["Body"].as_str().unwrap()).unwrap();
        assert_eq!(record["requestContext"]["requestId"], *id);
        assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
        assert_eq!(record["requestContext"]["approximateInvokeCount"], 1);
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:coffee:$LATEST";
        assert_eq!(record["requestContext"]["functionArn"], arn);
        assert_eq!(record["requestPayload"], json!({ "cups": 7 }));
        assert_eq!(record["responseContext"]["functionError"], "Unhandled");
        assert_eq!(record["responsePayload"], json!({}));
        let dead = taken(&mut client, "dead").await;
        assert_eq!(dead[0]["Body"], r#"{"cups": 7}"#);
        assert_eq!(dead[0]["MessageAttributes"]["RequestID"]["StringValue"], *id);
        assert_eq!(dead[0]["MessageAttributes"]["ErrorCode"]["StringValue"], "200");
        assert!(dead[0]["Attributes"]["AWSTraceHeader"].as_str().is_some(), "{dead:?}");
        assert!(taken(&mut client, "served").await.is_empty());
    });
}

#[test]
fn a_function_is_called_with_what_another_has_served() {
    let seen = Rc::default();
    // The first answers well, and so does the second.
    let program = failing(&seen, 0);
    let mut first = coffee();
    let config = EventInvokeConfig {
        on_success: Some("arn:aws:lambda:us-east-1:123456789012:function:second".to_owned()),
        ..EventInvokeConfig::default()
    };
    first.event_configs.insert("$LATEST".to_owned(), config);
    let second = ServedFunction { name: "second".to_owned(), ..coffee() };
    with_cloud(Config::new(vec![first, second]), program, |mut client, _| async move {
        client.call("POST", INVOKE, &EVENT, "7").await;
        until(&mut client, "event_recorded", 1).await;
        until(&mut client, "\"ended\"", 2).await;
        let seen = seen.borrow();
        let record: Value = serde_json::from_str(&seen[1].1).unwrap();
        assert_eq!(record["requestContext"]["condition"], "Success");
        assert_eq!(record["requestPayload"], 7);
        assert_eq!(record["responseContext"].get("functionError"), None);
    });
}
