//! AWS's own pauses at the door, and none of them. Facts 7.3, 9.2.

use std::rc::Rc;

use lunch_cloud::Pace;
use lunch_host::Config;
use lunch_host::template::Mapping;
use serde_json::{Value, json};

use crate::events::failing;
use crate::queues::{mapping, queue, send, sqs, with_queues};
use crate::street::{Answer, Client, echo, with_cloud};

const URL: &str = "http://x/1/orders";

fn at(pace: Pace, mappings: Vec<Mapping>) -> Config {
    let mut config = Config { mappings, ..with_queues(vec![queue("orders", &[])]) };
    (config.settings.sqs.pace, config.settings.sources.pace) = (pace, pace);
    config
}

/// A call that may be refused.
async fn ask(client: &mut Client, action: &str, given: Value) -> Answer {
    let target = format!("AmazonSQS.{action}");
    let headers =
        [("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.0")];
    client.call("POST", "/", &headers, given.to_string()).await
}

#[test]
fn at_aws_s_pace_a_purge_and_a_deleted_queue_s_name_take_60_s() {
    with_cloud(at(Pace::Aws, Vec::new()), echo(), |mut client, _| async move {
        let purge = || ("PurgeQueue", json!({ "QueueUrl": URL }));
        let create = || ("CreateQueue", json!({ "QueueName": "orders" }));
        for (before, again, refusal) in [
            (purge(), purge(), "PurgeQueueInProgress"),
            (("DeleteQueue", json!({ "QueueUrl": URL })), create(), "QueueDeletedRecently"),
        ] {
            sqs(&mut client, before.0, before.1).await;
            client.call("POST", "/_lunch/advance", &[], r#"{"ms": 50000}"#).await;
            let refused = ask(&mut client, again.0, again.1.clone()).await;
            assert!(refused.text().contains(refusal), "{}", refused.text());
            client.call("POST", "/_lunch/advance", &[], r#"{"ms": 10000}"#).await;
            sqs(&mut client, again.0, again.1).await;
        }
    });
}

#[test]
fn at_a_fast_pace_a_queue_is_purged_twice_and_its_name_is_free_at_once() {
    with_cloud(at(Pace::Fast, Vec::new()), echo(), |mut client, _| async move {
        for action in ["PurgeQueue", "PurgeQueue", "DeleteQueue"] {
            sqs(&mut client, action, json!({ "QueueUrl": URL })).await;
        }
        sqs(&mut client, "CreateQueue", json!({ "QueueName": "orders" })).await;
    });
}

#[test]
fn at_aws_s_pace_a_poller_whose_batch_has_failed_takes_the_next_one_later() {
    let seen = Rc::default();
    let program = failing(&seen, usize::MAX);
    let alone = Mapping { batch_size: 1, concurrency_max: Some(1), ..mapping(false) };
    with_cloud(at(Pace::Aws, vec![alone]), program, |mut client, _| async move {
        for body in ["first", "second"] {
            send(&mut client, body).await;
        }
        let look = async {
            while seen.borrow().len() < 2 {
                client.call("GET", "/_lunch/ps", &[], "").await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), look).await.expect("it comes");
        let received: Vec<u64> =
            seen.borrow().iter().map(|(_, event)| received_ms(event)).collect();
        assert!(received[1] - received[0] >= 500, "after half a second at the least: {received:?}");
    });
}

/// When a record's message was first received.
fn received_ms(event: &str) -> u64 {
    let event: Value = serde_json::from_str(event).expect("an event");
    let at = event["Records"][0]["attributes"]["ApproximateFirstReceiveTimestamp"].as_str();
    at.and_then(|text| text.parse().ok()).expect("milliseconds")
}
