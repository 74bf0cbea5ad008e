//! SQS at the door, as far as it needs more than a client sees: a template's queues, `lunch queue`, a caller who leaves.

use std::collections::BTreeMap;

use hyper::StatusCode;
use lunch_contract::Exit;
use lunch_host::template::Queue;
use lunch_host::{Config, ServedFunction};
use serde_json::{Value, json};

use crate::street::{Client, coffee, echo, program, with_cloud};

const INVOKE: &str = "/2015-03-31/functions/coffee/invocations";
const NEXT: &str = "/2018-06-01/runtime/invocation/next";

async fn sqs(client: &mut Client, action: &str, given: Value) -> Value {
    let target = format!("AmazonSQS.{action}");
    let headers =
        [("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.0")];
    let answer = client.call("POST", "/", &headers, given.to_string()).await;
    assert_eq!(answer.status, StatusCode::OK, "{action}: {}", answer.text());
    if answer.text().is_empty() { Value::Null } else { answer.json() }
}

fn queue(name: &str, attributes: &[(&str, &str)]) -> Queue {
    let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Queue {
        logical_id: name.to_owned(),
        name: name.to_owned(),
        attributes: attributes.iter().map(text).collect(),
        tags: BTreeMap::from([("shop".to_owned(), "coffee".to_owned())]),
        at: lunch_host::template::Span::default(),
    }
}

fn with_queues(queues: Vec<Queue>) -> Config {
    Config { queues, ..Config::new(vec![coffee()]) }
}

/// A redrive policy that names a queue.
fn to_dead(name: &str) -> String {
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
