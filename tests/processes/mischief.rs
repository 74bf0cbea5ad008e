//! What at-least-once delivery permits reaches a real handler, and the same by the same seed.

use std::collections::BTreeMap;
use std::time::Duration;

use lunch_tests::{Cloud, Request, wait_until};
use serde_json::{Value, json};

use super::{SCRIPTED, scripted};

const QUEUE: &str = "http://localhost/123456789012/orders";
const ORDERS: usize = 12;

fn sqs(cloud: &Cloud, action: &str, given: &Value) {
    let request = Request::post("/", given.to_string().into_bytes())
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", &format!("AmazonSQS.{action}"));
    let answer = cloud.http(request);
    assert_eq!(answer.status, 200, "{action}: {}", answer.text());
}

/// Waits until nobody works, and says how many messages are there still.
fn at_rest(cloud: &Cloud) -> u64 {
    wait_until("the handler is at rest", || {
        let working: u32 = cloud.ps().functions.iter().map(|function| function.in_flight).sum();
        let text = cloud.http(Request::get("/_lunch/queues")).text();
        let queue = serde_json::from_str::<Value>(&text).expect("a list")[0].take();
        let count = |name: &str| queue[name].as_u64().expect("a number");
        if working == 0 && count("visible") == 0 { Ok(count("in_flight")) } else { Err(text) }
    })
}

/// How often each order reaches the handler.
fn served(seed: u64) -> BTreeMap<String, usize> {
    let cloud = scripted().mischief("duplicate=0.3", seed).start();
    sqs(&cloud, "CreateQueue", &json!({ "QueueName": "orders" }));
    let mapping = json!({
        "EventSourceArn": "arn:aws:sqs:us-east-1:123456789012:orders", "FunctionName": SCRIPTED, "BatchSize": 1,
    });
    let made = cloud
        .http(Request::post("/2015-03-31/event-source-mappings", mapping.to_string().into_bytes()));
    assert_eq!(made.status, 202, "{}", made.text());
    for number in 0..ORDERS {
        let body = json!({ "do": [{ "print": format!("order {number}") }] }).to_string();
        sqs(&cloud, "SendMessage", &json!({ "QueueUrl": QUEUE, "MessageBody": body }));
        // One that was deleted in vain comes by its visibility timeout.
        while at_rest(&cloud) > 0 {
            cloud.advance(Duration::from_secs(30));
        }
    }
    let mut served = BTreeMap::new();
    for line in cloud.logs() {
        *served.entry(line.text).or_default() += 1;
    }
    served
}

#[test]
fn a_handler_gets_a_message_twice_and_by_the_same_seed_the_same_ones() {
    let first = served(7);
    assert_eq!(first.len(), ORDERS, "each order is served: {first:?}");
    assert!(first.values().any(|times| *times > 1), "{first:?}");
    assert!(first.values().any(|times| *times == 1), "{first:?}");
    assert_eq!(served(7), first);
    assert_ne!(served(8), first, "another seed, other messages");
}
