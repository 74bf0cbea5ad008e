//! SQS at the door, as far as it needs more than a client sees: a template's queues, `lunch queue`, a caller who leaves.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use hyper::StatusCode;
use lunch_contract::Exit;
use lunch_host::template::{Filters, Mapping, Queue};
use lunch_host::{Config, ServedFunction};
use serde_json::{Value, json};

use crate::street::{Client, Program, coffee, echo, program, with_cloud};

const INVOKE: &str = "/2015-03-31/functions/coffee/invocations";
const NEXT: &str = "/2018-06-01/runtime/invocation/next";

pub(crate) async fn sqs(client: &mut Client, action: &str, given: Value) -> Value {
    let target = format!("AmazonSQS.{action}");
    let headers =
        [("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.0")];
    let answer = client.call("POST", "/", &headers, given.to_string()).await;
    assert_eq!(answer.status, StatusCode::OK, "{action}: {}", answer.text());
    if answer.text().is_empty() { Value::Null } else { answer.json() }
}

pub(crate) fn queue(name: &str, attributes: &[(&str, &str)]) -> Queue {
    let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Queue {
        logical_id: name.to_owned(),
        name: name.to_owned(),
        attributes: attributes.iter().map(text).collect(),
        tags: BTreeMap::from([("shop".to_owned(), "coffee".to_owned())]),
        at: lunch_host::template::Span::default(),
    }
}

pub(crate) fn with_queues(queues: Vec<Queue>) -> Config {
    Config { queues, ..Config::new(vec![coffee()]) }
}

/// A redrive policy that names a queue.
pub(crate) fn to_dead(name: &str) -> String {
    let arn = format!("arn:aws:sqs:us-east-1:123456789012:{name}");
    json!({ "deadLetterTargetArn": arn, "maxReceiveCount": 1 }).to_string()
}

#[test]
fn a_templates_queues_are_there_whatever_their_order() {
    let policy = to_dead("dead");
    let orders = queue("orders", &[("VisibilityTimeout", "90"), ("RedrivePolicy", &policy)]);
    let queues = vec![orders, queue("dead", &[])];
    with_cloud(with_queues(queues), echo(), |mut client, _| async move {
        let listed = client.call("GET", "/_lunch/queues", &[], "").await.json();
        assert_eq!(listed[0]["name"], "dead");
        assert_eq!(listed[1]["dead_letters_to"], "dead");
        let url = listed[1]["url"].as_str().expect("a URL").to_owned();
        let asked = json!({ "QueueUrl": url, "AttributeNames": ["VisibilityTimeout"] });
        let told = sqs(&mut client, "GetQueueAttributes", asked).await;
        assert_eq!(told["Attributes"]["VisibilityTimeout"], "90");
        let tags = sqs(&mut client, "ListQueueTags", json!({ "QueueUrl": url })).await;
        assert_eq!(tags["Tags"]["shop"], "coffee");
    });
}

#[test]
fn a_queue_is_looked_at_without_a_receive_and_its_dead_letters_go_back() {
    let policy = to_dead("dead");
    let orders = queue("orders", &[("VisibilityTimeout", "0"), ("RedrivePolicy", &policy)]);
    let queues = vec![queue("dead", &[]), orders];
    with_cloud(with_queues(queues), echo(), |mut client, _| async move {
        let orders =
            json!({ "QueueUrl": "http://x/123456789012/orders", "MessageBody": "flat white" });
        sqs(&mut client, "SendMessage", orders.clone()).await;
        let peek = "/_lunch/queues?peek=orders";
        for _ in 0..2 {
            let peeked = client.call("GET", peek, &[], "").await.json();
            assert_eq!(peeked[0]["body"], "flat white");
            assert_eq!(peeked[0]["receives"], 0, "nobody has received it");
        }
        let after = client.call("GET", "/_lunch/queues?peek=orders&skip=1", &[], "").await.json();
        assert_eq!(after, json!([]), "there is one only");
        for _ in 0..2 {
            sqs(&mut client, "ReceiveMessage", json!({ "QueueUrl": "http://x/1/orders" })).await;
        }
        let dead = client.call("GET", "/_lunch/queues?peek=dead", &[], "").await.json();
        assert_eq!(dead[0]["body"], "flat white");
        let body = r#"{"queue": "dead"}"#;
        let redriven = client.call("POST", "/_lunch/redrive", &[], body).await;
        assert_eq!(redriven.json()["messages"], 1);
        let asked = json!({ "QueueUrl": "http://x/1/orders", "WaitTimeSeconds": 5 });
        let back = sqs(&mut client, "ReceiveMessage", asked).await;
        assert_eq!(back["Messages"][0]["Body"], "flat white");
        let unknown = client.call("GET", "/_lunch/queues?peek=tea", &[], "").await;
        assert_eq!(unknown.status, StatusCode::NOT_FOUND);
        assert!(unknown.text().contains("there is `dead`, `orders`"), "{}", unknown.text());
    });
}

#[test]
fn who_leaves_while_it_waits_takes_no_message_with_it() {
    with_cloud(with_queues(vec![queue("orders", &[])]), echo(), |mut client, _| async move {
        let waiting = |client: &Value| client[0]["waiting"].as_u64().expect("a number");
        let mut leaves = Client::connect(client.address()).await;
        {
            let asked =
                json!({ "QueueUrl": "http://x/1/orders", "WaitTimeSeconds": 20 }).to_string();
            let headers = [("x-amz-target", "AmazonSQS.ReceiveMessage")];
            let mut call = Box::pin(leaves.try_call("POST", "/", &headers, asked));
            let mut listed = client.call("GET", "/_lunch/queues", &[], "").await.json();
            while waiting(&listed) == 0 {
                tokio::select! {
                    answered = &mut call => panic!("{:?}", answered.is_ok()),
                    next = client.call("GET", "/_lunch/queues", &[], "") => listed = next.json(),
                }
            }
        }
        drop(leaves);
        while waiting(&client.call("GET", "/_lunch/queues", &[], "").await.json()) > 0 {}
        let sent = json!({ "QueueUrl": "http://x/1/orders", "MessageBody": "x" });
        sqs(&mut client, "SendMessage", sent).await;
        let got =
            sqs(&mut client, "ReceiveMessage", json!({ "QueueUrl": "http://x/1/orders" })).await;
        assert_eq!(got["Messages"][0]["Body"], "x");
    });
}

#[test]
fn time_that_is_let_pass_makes_a_message_visible_again() {
    let queues = vec![queue("orders", &[("VisibilityTimeout", "3600")])];
    with_cloud(with_queues(queues), echo(), |mut client, _| async move {
        let orders = json!({ "QueueUrl": "http://x/1/orders", "MessageBody": "x" });
        sqs(&mut client, "SendMessage", orders.clone()).await;
        assert!(sqs(&mut client, "ReceiveMessage", orders.clone()).await["Messages"].is_array());
        assert_eq!(sqs(&mut client, "ReceiveMessage", orders.clone()).await, json!({}));
        client.call("POST", "/_lunch/advance", &[], r#"{"ms": 3600000}"#).await;
        assert!(sqs(&mut client, "ReceiveMessage", orders).await["Messages"].is_array());
    });
}

#[test]
fn a_function_finds_its_queues_at_this_door() {
    let program = program(|started| async move {
        let mut api = started.runtime_api().await;
        let event = api.call("GET", NEXT, &[], "").await;
        let id = event.header("lambda-runtime-aws-request-id").to_owned();
        let path = format!("/2018-06-01/runtime/invocation/{id}/response");
        let told = json!([started.environment["ORDERS"], started.environment["AWS_ENDPOINT_URL"]]);
        api.call("POST", &path, &[], told.to_string()).await;
        Exit::Code(0)
    });
    let mut function: ServedFunction = coffee();
    let aws = "https://sqs.us-east-1.amazonaws.com/123456789012/orders";
    function.variables.insert("ORDERS".into(), aws.into());
    with_cloud(Config::new(vec![function]), program, |mut client, _| async move {
        let told = client.call("POST", INVOKE, &[], "1").await.json();
        let door = told[1].as_str().expect("a URL");
        assert_eq!(told[0], format!("{door}/123456789012/orders"));
    });
}

pub(crate) fn mapping(reports_failures: bool) -> Mapping {
    Mapping {
        logical_id: "CoffeeOrder".to_owned(),
        queue: "orders".to_owned(),
        function: "coffee".to_owned(),
        qualifier: None,
        batch_size: 10,
        window: std::time::Duration::ZERO,
        concurrency_max: None,
        provisioned: None,
        reports_failures,
        filters: Filters::default(),
        enabled: true,
        at: lunch_host::template::Span::default(),
    }
}

/// Keeps the events that it gets and answers each with what `answer` makes of it.
pub(crate) fn keeping(
    events: &Rc<RefCell<Vec<Value>>>,
    answer: impl Fn(&Value) -> Value + 'static,
) -> Program {
    let events = Rc::clone(events);
    let answer = Rc::new(answer);
    program(move |started| {
        let (events, answer) = (Rc::clone(&events), Rc::clone(&answer));
        async move {
            let mut api = started.runtime_api().await;
            while let Ok(event) = api.try_call("GET", NEXT, &[], "").await {
                let id = event.header("lambda-runtime-aws-request-id").to_owned();
                let event = event.json();
                let answered = answer(&event).to_string();
                events.borrow_mut().push(event);
                let path = format!("/2018-06-01/runtime/invocation/{id}/response");
                if api.try_call("POST", &path, &[], answered).await.is_err() {
                    break;
                }
            }
            Exit::Code(0)
        }
    })
}

/// Looks at the queues until they are so.
pub(crate) async fn until(client: &mut Client, are_so: impl Fn(&Value) -> bool) -> Value {
    let look = async {
        loop {
            let listed = client.call("GET", "/_lunch/queues", &[], "").await.json();
            if are_so(&listed) {
                return listed;
            }
        }
    };
    let bound = std::time::Duration::from_secs(10);
    tokio::time::timeout(bound, look).await.expect("within 10 s")
}

pub(crate) async fn send(client: &mut Client, body: &str) -> Value {
    let attributes = json!({ "cups": { "DataType": "Number", "StringValue": "2" } });
    let message = json!({ "QueueUrl": "http://x/1/orders", "MessageBody": body, "MessageAttributes": attributes });
    sqs(client, "SendMessage", message).await
}

pub(crate) fn is_empty(queue: &Value) -> bool {
    ["visible", "in_flight", "delayed"].iter().all(|count| queue[*count] == 0)
}

#[test]
fn a_function_is_called_with_a_queues_messages_and_they_are_deleted() {
    let events = Rc::default();
    let program = keeping(&events, |_| Value::Null);
    let config =
        Config { mappings: vec![mapping(false)], ..with_queues(vec![queue("orders", &[])]) };
    with_cloud(config, program, |mut client, _| async move {
        let sent = send(&mut client, "flat white").await;
        until(&mut client, |all| is_empty(&all[0])).await;
        let events: Vec<Value> = events.borrow().clone();
        assert_eq!(events.len(), 1, "{events:?}");
        let record = &events[0]["Records"][0];
        assert_eq!(record["body"], "flat white");
        assert_eq!(record["messageId"], sent["MessageId"]);
        assert_eq!(record["md5OfBody"], sent["MD5OfMessageBody"]);
        assert_eq!(record["md5OfMessageAttributes"], sent["MD5OfMessageAttributes"]);
        assert_eq!(record["messageAttributes"]["cups"]["stringValue"], "2");
        assert_eq!(record["attributes"]["ApproximateReceiveCount"], "1");
        assert_eq!(record["eventSourceARN"], "arn:aws:sqs:us-east-1:123456789012:orders");
    });
}

#[test]
fn what_a_function_reports_as_failed_comes_back_and_ends_as_dead() {
    let events = Rc::default();
    let program = keeping(&events, |event| {
        let failed = event["Records"].as_array().into_iter().flatten();
        let failed = failed.filter(|record| record["body"] == "bad");
        let failed: Vec<_> =
            failed.map(|record| json!({ "itemIdentifier": record["messageId"] })).collect();
        json!({ "batchItemFailures": failed })
    });
    let policy = to_dead("dead");
    let orders = queue("orders", &[("VisibilityTimeout", "30"), ("RedrivePolicy", &policy)]);
    let config =
        Config { mappings: vec![mapping(true)], ..with_queues(vec![queue("dead", &[]), orders]) };
    with_cloud(config, program, |mut client, _| async move {
        for body in ["good", "bad", "good"] {
            send(&mut client, body).await;
        }
        until(&mut client, |all| all[1]["in_flight"] == 1 && all[1]["visible"] == 0).await;
        client.call("POST", "/_lunch/advance", &[], r#"{"ms": 30000}"#).await;
        until(&mut client, |all| all[0]["visible"] == 1 && is_empty(&all[1])).await;
        let served: usize = events
            .borrow()
            .iter()
            .map(|event| event["Records"].as_array().map_or(0, Vec::len))
            .sum();
        assert_eq!(served, 3, "received once each, as the policy has it");
    });
}

#[test]
fn a_function_that_fails_keeps_nothing_of_its_batch() {
    let program = program(|started| async move {
        let mut api = started.runtime_api().await;
        api.call("GET", NEXT, &[], "").await;
        Exit::Code(1)
    });
    let orders = queue("orders", &[("VisibilityTimeout", "30")]);
    let config = Config { mappings: vec![mapping(true)], ..with_queues(vec![orders]) };
    with_cloud(config, program, |mut client, _| async move {
        send(&mut client, "flat white").await;
        until(&mut client, |all| all[0]["in_flight"] == 1).await;
        let listed = client.call("GET", "/_lunch/requests", &[], "").await;
        assert!(!listed.text().contains("returned"), "{}", listed.text());
    });
}

#[test]
fn a_year_over_an_empty_queue_passes_at_once_and_its_pollers_still_wait() {
    let events = Rc::default();
    let program = keeping(&events, |_| Value::Null);
    let config =
        Config { mappings: vec![mapping(false)], ..with_queues(vec![queue("orders", &[])]) };
    with_cloud(config, program, |mut client, _| async move {
        send(&mut client, "flat white").await;
        until(&mut client, |all| is_empty(&all[0])).await;
        let year = json!({ "ms": 365_u64 * 24 * 3_600 * 1_000 }).to_string();
        let passed = client.call("POST", "/_lunch/advance", &[], year).await.json();
        let wakes = passed["wakes"].as_array().expect("a list");
        assert!(wakes.len() < 10, "what an instance still does, and no poller: {wakes:?}");
        let all = until(&mut client, |all| is_empty(&all[0])).await;
        assert_eq!(all[0]["waiting"], 5);
        send(&mut client, "espresso").await;
        until(&mut client, |all| is_empty(&all[0])).await;
        assert_eq!(events.borrow()[1]["Records"][0]["body"], "espresso");
    });
}
