//! SQS at the door, where its answers were found to differ from AWS's: what is recorded of AWS stands in facts 9.

use serde_json::json;

use crate::queues::{queue, sqs, to_dead, with_queues};
use crate::street::{echo, with_cloud};

const ORDERS: &str = "http://x/123456789012/orders";

#[test]
fn a_pattern_of_attribute_names_begins_them_and_a_star_is_all() {
    with_cloud(with_queues(vec![queue("orders", &[])]), echo(), |mut client, _| async move {
        let text = |text: &str| json!({ "DataType": "String", "StringValue": text });
        let attributes =
            json!({ "Help.Me": text("Me"), "Hello": text("There"), "General": text("Kenobi") });
        let sent =
            json!({ "QueueUrl": ORDERS, "MessageBody": "x", "MessageAttributes": attributes });
        sqs(&mut client, "SendMessage", sent).await;
        for (pattern, names) in [
            ("*", vec!["General", "Hello", "Help.Me"]),
            (".*", vec!["General", "Hello", "Help.Me"]),
            ("Hel.*", vec!["Hello", "Help.Me"]),
            ("Help.*", vec!["Help.Me"]),
            ("Hel", vec![]),
        ] {
            let asked = json!({ "QueueUrl": ORDERS, "VisibilityTimeout": 0, "MessageAttributeNames": [pattern] });
            let got = sqs(&mut client, "ReceiveMessage", asked).await;
            let shown = got["Messages"][0]["MessageAttributes"].as_object();
            let shown: Vec<_> =
                shown.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            assert_eq!(shown, names, "{pattern}");
        }
    });
}

#[test]
fn a_dead_letter_queue_that_is_made_anew_is_one_again() {
    let policy = to_dead("dead");
    let orders = queue("orders", &[("VisibilityTimeout", "0"), ("RedrivePolicy", &policy)]);
    let queues = vec![queue("dead", &[]), orders];
    with_cloud(with_queues(queues), echo(), |mut client, _| async move {
        let dead = json!({ "QueueUrl": "http://x/123456789012/dead" });
        sqs(&mut client, "DeleteQueue", dead.clone()).await;
        sqs(&mut client, "CreateQueue", json!({ "QueueName": "dead" })).await;
        let sent = json!({ "QueueUrl": ORDERS, "MessageBody": "cold" });
        sqs(&mut client, "SendMessage", sent).await;
        for _ in 0..2 {
            sqs(&mut client, "ReceiveMessage", json!({ "QueueUrl": ORDERS })).await;
        }
        let buried = sqs(&mut client, "ReceiveMessage", dead).await;
        assert_eq!(buried["Messages"][0]["Body"], "cold");
        let source = json!({ "SourceArn": "arn:aws:sqs:us-east-1:123456789012:dead" });
        sqs(&mut client, "StartMessageMoveTask", source).await;
    });
}
