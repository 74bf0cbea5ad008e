//! SQS at the door, where its answers were found to differ from AWS's: what is recorded of AWS stands in facts 9.

use std::rc::Rc;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use lunch_host::Config;
use lunch_host::template::Mapping;
use serde_json::{Value, json};

use crate::queues::{is_empty, keeping, mapping, queue, send, sqs, to_dead, until, with_queues};
use crate::street::{Answer, Client, echo, with_cloud};

const ORDERS: &str = "http://x/123456789012/orders";

/// Calls SQS and answers with what comes, an error too.
async fn told(client: &mut Client, action: &str, given: Value) -> Answer {
    let target = format!("AmazonSQS.{action}");
    client.call("POST", "/", &[("x-amz-target", target.as_str())], given.to_string()).await
}

/// The code that an error has in either protocol, and its text.
async fn refused(client: &mut Client, action: &str, given: Value) -> (String, String) {
    let answer = told(client, action, given).await;
    assert!(answer.status.is_client_error(), "{action}: {}", answer.text());
    let code = answer.header("x-amzn-query-error").split(';').next().unwrap_or_default().to_owned();
    let text = answer.json()["message"].as_str().unwrap_or_default().to_owned();
    (code, text)
}

/// A form at a path.
async fn form(client: &mut Client, path: &str, fields: &str) -> Answer {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    client.call("POST", path, &headers, fields.to_owned()).await
}

#[test]
fn a_pattern_of_attribute_names_begins_them_and_a_star_is_all() {
    with_cloud(with_queues(vec![queue("orders", &[])]), echo(), |mut client, _| async move {
        let text = |text: &str| json!({ "DataType": "String", "StringValue": text });
        let attributes =
            json!({ "Help.Me": text("Me"), "Hello": text("There"), "General": text("Kenobi") });
        let sent =
            json!({ "QueueUrl": ORDERS, "MessageBody": "x", "MessageAttributes": attributes });
        sqs(&mut client, "SendMessage", sent).await;
        // The digests are those that AWS was recorded to give.
        let all = "4c360f3fdafd970e05fae2f149d997f5";
        for (pattern, names, digest) in [
            ("*", vec!["General", "Hello", "Help.Me"], Some(all)),
            (".*", vec!["General", "Hello", "Help.Me"], Some(all)),
            ("Hel.*", vec!["Hello", "Help.Me"], Some("83fee93c1bcd8b9a5a923ffacdc636c7")),
            ("Hello", vec!["Hello"], Some("a311262e065454b75da111d535b8dacd")),
            ("Hel", vec![], None),
        ] {
            let asked = json!({ "QueueUrl": ORDERS, "VisibilityTimeout": 0, "MessageAttributeNames": [pattern] });
            let got = sqs(&mut client, "ReceiveMessage", asked).await;
            let shown = got["Messages"][0]["MessageAttributes"].as_object();
            let shown: Vec<_> =
                shown.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            assert_eq!(shown, names, "{pattern}");
            assert_eq!(got["Messages"][0]["MD5OfMessageAttributes"].as_str(), digest, "{pattern}");
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

#[test]
fn a_permission_is_added_to_any_policy() {
    with_cloud(with_queues(vec![queue("orders", &[])]), echo(), |mut client, _| async move {
        let add = |label: &str| {
            json!({
                "QueueUrl": ORDERS, "Label": label, "AWSAccountIds": ["111111111111"], "Actions": ["SendMessage"],
            })
        };
        for (at, (policy, labels)) in [
            ("[]", vec!["new"]),
            ("5", vec!["new"]),
            (r#"{"Statement": {"Sid": "only"}}"#, vec!["only", "new"]),
            (r#"{"Statement": [{"Sid": "one"}, {"Sid": "two"}]}"#, vec!["one", "two", "new"]),
        ]
        .into_iter()
        .enumerate()
        {
            let set = json!({ "QueueUrl": ORDERS, "Attributes": { "Policy": policy } });
            sqs(&mut client, "SetQueueAttributes", set).await;
            sqs(&mut client, "AddPermission", add("new")).await;
            let asked = json!({ "QueueUrl": ORDERS, "AttributeNames": ["Policy"] });
            let shown = sqs(&mut client, "GetQueueAttributes", asked).await;
            let shown = shown["Attributes"]["Policy"].as_str().expect("a policy");
            let shown: Value = serde_json::from_str(shown).expect("JSON");
            let sids = shown["Statement"].as_array().into_iter().flatten();
            let sids: Vec<_> = sids.filter_map(|one| one["Sid"].as_str()).collect();
            assert_eq!(sids, labels, "{at}");
        }
    });
}

#[test]
fn a_batch_is_as_long_as_all_its_entries_those_that_are_refused_too() {
    with_cloud(with_queues(vec![queue("orders", &[])]), echo(), |mut client, _| async move {
        let entries = json!([
            { "Id": "1", "MessageBody": "a" },
            { "Id": "2", "MessageBody": "b".repeat(1_048_576) },
        ]);
        let batch = json!({ "QueueUrl": ORDERS, "Entries": entries });
        let (code, text) = refused(&mut client, "SendMessageBatch", batch).await;
        assert_eq!(code, "AWS.SimpleQueueService.BatchRequestTooLong");
        let said =
            "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.";
        assert_eq!(text, said);
        let long = json!([{ "Id": "1", "MessageBody": "a" }, { "Id": "2", "MessageBody": "b".repeat(1_048_577) }]);
        let batch = json!({ "QueueUrl": ORDERS, "Entries": long });
        let (code, _) = refused(&mut client, "SendMessageBatch", batch).await;
        assert_eq!(code, "AWS.SimpleQueueService.BatchRequestTooLong");
        let got = sqs(&mut client, "ReceiveMessage", json!({ "QueueUrl": ORDERS })).await;
        assert_eq!(got, json!({}), "nothing of them is kept");
    });
}

#[test]
fn a_fifo_queues_message_without_a_group_is_refused_and_its_whole_batch() {
    let fifo = queue("orders.fifo", &[("FifoQueue", "true")]);
    with_cloud(with_queues(vec![fifo]), echo(), |mut client, _| async move {
        const URL: &str = "http://x/123456789012/orders.fifo";
        let no_group =
            json!({ "QueueUrl": URL, "MessageBody": "x", "MessageDeduplicationId": "d" });
        let (code, text) = refused(&mut client, "SendMessage", no_group).await;
        assert_eq!(code, "MissingParameter");
        assert_eq!(text, "The request must contain the parameter MessageGroupId.");
        let good = json!({ "Id": "1", "MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d" });
        for (missing, said) in [
            ("MessageGroupId", "The request must contain the parameter MessageGroupId."),
            (
                "MessageDeduplicationId",
                "The queue should either have ContentBasedDeduplication enabled or \
                 MessageDeduplicationId provided explicitly",
            ),
        ] {
            let mut bad = good.clone();
            bad["Id"] = "2".into();
            bad.as_object_mut().expect("an object").remove(missing);
            let batch = json!({ "QueueUrl": URL, "Entries": [good, bad] });
            let (code, text) = refused(&mut client, "SendMessageBatch", batch).await;
            assert_eq!((code.as_str(), text.as_str()), ("InvalidParameterValue", said));
        }
        let got = sqs(&mut client, "ReceiveMessage", json!({ "QueueUrl": URL })).await;
        assert_eq!(got, json!({}), "nothing of them is kept");
    });
}

#[test]
fn a_move_names_what_does_not_exist_and_its_rate_only_where_it_has_one() {
    let policy = to_dead("dead");
    let queues = vec![queue("dead", &[]), queue("orders", &[("RedrivePolicy", &policy)])];
    with_cloud(with_queues(queues), echo(), |mut client, _| async move {
        let arn = |name: &str| format!("arn:aws:sqs:us-east-1:123456789012:{name}");
        let nowhere = |parameter: &str| {
            format!("The resource that you specified for the {parameter} parameter doesn't exist.")
        };
        let start = "StartMessageMoveTask";
        for (given, parameter) in [
            (json!({ "SourceArn": arn("tea") }), "SourceArn"),
            (json!({ "SourceArn": arn("dead"), "DestinationArn": arn("tea") }), "DestinationArn"),
        ] {
            let (code, text) = refused(&mut client, start, given).await;
            assert_eq!(code, "ResourceNotFoundException");
            assert_eq!(text, nowhere(parameter));
        }
        let source = json!({ "SourceArn": arn("tea") });
        let (_, text) = refused(&mut client, "ListMessageMoveTasks", source).await;
        assert_eq!(text, nowhere("SourceArn"));
        let with_rate = json!({ "SourceArn": arn("dead"), "MaxNumberOfMessagesPerSecond": 500 });
        for (given, rate) in
            [(json!({ "SourceArn": arn("dead") }), Value::Null), (with_rate, json!(500))]
        {
            sqs(&mut client, start, given).await;
            let asked = json!({ "SourceArn": arn("dead") });
            let listed = sqs(&mut client, "ListMessageMoveTasks", asked).await;
            assert_eq!(listed["Results"][0]["MaxNumberOfMessagesPerSecond"], rate, "{listed}");
            while sqs(&mut client, "ListMessageMoveTasks", json!({ "SourceArn": arn("dead") }))
                .await["Results"][0]["Status"]
                == "RUNNING"
            {}
        }
        let task = |source: &str| {
            let json = json!({ "taskId": "99", "sourceArn": arn(source) });
            let handle = BASE64_STANDARD.encode(json.to_string());
            json!({ "TaskHandle": handle })
        };
        let cancel = "CancelMessageMoveTask";
        let (_, text) = refused(&mut client, cancel, task("tea")).await;
        assert_eq!(text, nowhere("SourceArn"));
        let (_, text) = refused(&mut client, cancel, task("dead")).await;
        assert_eq!(text, "Task does not exist.");
    });
}

#[test]
fn a_form_may_be_written_as_in_aws_s_own_examples() {
    with_cloud(with_queues(vec![queue("orders", &[])]), echo(), |mut client, _| async move {
        let set = "Action=SetQueueAttributes&Attribute.Name=DelaySeconds&Attribute.Value=45";
        let answer = form(&mut client, "/123456789012/orders/", set).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let asked = json!({ "QueueUrl": ORDERS, "AttributeNames": ["DelaySeconds"] });
        let told = sqs(&mut client, "GetQueueAttributes", asked).await;
        assert_eq!(told["Attributes"]["DelaySeconds"], "45");
    });
}

#[test]
fn a_queue_that_is_encrypted_with_a_key_is_not_by_sqs_itself() {
    with_cloud(with_queues(vec![queue("orders", &[])]), echo(), |mut client, _| async move {
        for (key, by_sqs) in [("", "true"), ("testKeyId", "false"), ("", "true")] {
            let set = json!({ "QueueUrl": ORDERS, "Attributes": { "KmsMasterKeyId": key } });
            sqs(&mut client, "SetQueueAttributes", set).await;
            let asked = json!({ "QueueUrl": ORDERS, "AttributeNames": ["SqsManagedSseEnabled"] });
            let told = sqs(&mut client, "GetQueueAttributes", asked).await;
            assert_eq!(told["Attributes"]["SqsManagedSseEnabled"], by_sqs, "{key}");
        }
    });
}

#[test]
fn what_is_no_arn_and_no_label_is_said_to_be_none() {
    with_cloud(with_queues(vec![queue("orders", &[])]), echo(), |mut client, _| async move {
        let policy = r#"{"deadLetterTargetArn": "dummy", "maxReceiveCount": 42}"#;
        let set = json!({ "QueueUrl": ORDERS, "Attributes": { "RedrivePolicy": policy } });
        let (code, text) = refused(&mut client, "SetQueueAttributes", set).await;
        assert_eq!(code, "InvalidParameterValue");
        let said = format!(
            "Value {policy} for parameter RedrivePolicy is invalid. Reason: Invalid value for deadLetterTargetArn."
        );
        assert_eq!(text, said);
        let remove = json!({ "QueueUrl": ORDERS, "Label": "all" });
        let (_, text) = refused(&mut client, "RemovePermission", remove).await;
        assert_eq!(text, "Value all for parameter Label is invalid. Reason: can't find label.");
    });
}

#[test]
fn an_attribute_that_is_no_number_is_none() {
    with_cloud(with_queues(vec![queue("orders", &[])]), echo(), |mut client, _| async move {
        let send = |number: &str| {
            let attributes = json!({ "n": { "DataType": "Number", "StringValue": number } });
            json!({ "QueueUrl": ORDERS, "MessageBody": "x", "MessageAttributes": attributes })
        };
        for number in ["0", "-1.5", "+2", "1e3", "6.02E+23", ".5"] {
            sqs(&mut client, "SendMessage", send(number)).await;
        }
        for number in ["nan", "NaN", "inf", "-infinity", "0x10", "1,5", " 1"] {
            let (code, _) = refused(&mut client, "SendMessage", send(number)).await;
            assert_eq!(code, "InvalidParameterValue", "{number}");
        }
    });
}

#[test]
fn a_function_is_not_called_with_a_batch_of_which_nothing_is_left() {
    let events = Rc::default();
    let program = keeping(&events, |_| Value::Null);
    let gathering = Mapping { window: Duration::from_secs(60), ..mapping(false) };
    let config = Config { mappings: vec![gathering], ..with_queues(vec![queue("orders", &[])]) };
    with_cloud(config, program, |mut client, _| async move {
        send(&mut client, "flat white").await;
        until(&mut client, |all| all[0]["in_flight"] == 1).await;
        sqs(&mut client, "PurgeQueue", json!({ "QueueUrl": ORDERS })).await;
        client.call("POST", "/_lunch/advance", &[], r#"{"ms": 60000}"#).await;
        send(&mut client, "espresso").await;
        client.call("POST", "/_lunch/advance", &[], r#"{"ms": 60000}"#).await;
        until(&mut client, |all| is_empty(&all[0])).await;
        let events: Vec<Value> = events.borrow().clone();
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!(events[0]["Records"][0]["body"], "espresso");
    });
}

#[test]
fn a_mapping_takes_from_its_queue_when_that_is_made_anew() {
    let events = Rc::default();
    let program = keeping(&events, |_| Value::Null);
    let config =
        Config { mappings: vec![mapping(false)], ..with_queues(vec![queue("orders", &[])]) };
    with_cloud(config, program, |mut client, _| async move {
        sqs(&mut client, "DeleteQueue", json!({ "QueueUrl": ORDERS })).await;
        sqs(&mut client, "CreateQueue", json!({ "QueueName": "orders" })).await;
        send(&mut client, "flat white").await;
        client.call("POST", "/_lunch/advance", &[], r#"{"ms": 10000}"#).await;
        until(&mut client, |all| is_empty(&all[0])).await;
        let events: Vec<Value> = events.borrow().clone();
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!(events[0]["Records"][0]["body"], "flat white");
    });
}

#[test]
fn a_trace_header_has_a_digest_as_a_senders_own_attributes_have() {
    with_cloud(with_queues(vec![queue("orders", &[])]), echo(), |mut client, _| async move {
        let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
        let attributes =
            json!({ "AWSTraceHeader": { "DataType": "String", "StringValue": header } });
        let sent = json!({ "QueueUrl": ORDERS, "MessageBody": "test", "MessageSystemAttributes": attributes });
        let answer = sqs(&mut client, "SendMessage", sent).await;
        assert_eq!(answer["MD5OfMessageSystemAttributes"], "5ae4d5d7636402d80f4eb6d213245a88");
        assert_eq!(answer["MD5OfMessageAttributes"], Value::Null, "it is none of the sender's own");
    });
}

#[test]
fn binary_attributes_are_digested_by_their_bytes() {
    with_cloud(with_queues(vec![queue("orders", &[])]), echo(), |mut client, _| async move {
        let value = "traceparent\u{1e}00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01";
        let value = BASE64_STANDARD.encode(value);
        let attributes = json!({ "attr1": { "DataType": "Binary", "BinaryValue": value } });
        let sent =
            json!({ "QueueUrl": ORDERS, "MessageBody": "test", "MessageAttributes": attributes });
        let answer = sqs(&mut client, "SendMessage", sent).await;
        // As AWS was recorded to give it.
        assert_eq!(answer["MD5OfMessageAttributes"], "8cbe4db156db8a94db8b801b7addb984");
        assert_eq!(answer["MD5OfMessageBody"], "098f6bcd4621d373cade4e832627b4f6");
    });
}

#[test]
fn a_dead_letter_of_a_fifo_queue_is_deduplicated_by_its_own_id() {
    let policy = to_dead("dead.fifo");
    let fifo = [("FifoQueue", "true"), ("VisibilityTimeout", "0"), ("RedrivePolicy", &policy)];
    let queues = vec![queue("dead.fifo", &fifo[..1]), queue("orders.fifo", &fifo)];
    with_cloud(with_queues(queues), echo(), |mut client, _| async move {
        const URL: &str = "http://x/123456789012/orders.fifo";
        let sent = json!({ "QueueUrl": URL, "MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d" });
        let sent = sqs(&mut client, "SendMessage", sent).await;
        let receive = |url: &str| json!({ "QueueUrl": url, "AttributeNames": ["All"] });
        let first = sqs(&mut client, "ReceiveMessage", receive(URL)).await;
        assert_eq!(first["Messages"][0]["Attributes"]["MessageDeduplicationId"], "d");
        assert_eq!(sqs(&mut client, "ReceiveMessage", receive(URL)).await, json!({}));
        let dead = receive("http://x/123456789012/dead.fifo");
        let dead = sqs(&mut client, "ReceiveMessage", dead).await;
        let dead = &dead["Messages"][0];
        assert_eq!(dead["MessageId"], sent["MessageId"]);
        assert_eq!(dead["Attributes"]["MessageDeduplicationId"], sent["MessageId"]);
        assert_eq!(dead["Attributes"]["MessageGroupId"], "g");
    });
}
