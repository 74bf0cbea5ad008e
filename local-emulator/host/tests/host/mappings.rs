//! Event source mappings by Lambda's own calls. Facts 7.7.

use std::rc::Rc;

use hyper::StatusCode;
use lunch_contract::Exit;
use lunch_host::{AliasTarget, Config, Durability, Keeping, ServedFunction};
use serde_json::{Value, json};

use crate::events::failing;
use crate::queues::{queue, sqs};
use crate::street::{Client, coffee, echo, program, with_cloud};

const MAPPINGS: &str = "/2015-03-31/event-source-mappings";
const NEXT: &str = "/2018-06-01/runtime/invocation/next";
const ARN: &str = "arn:aws:sqs:us-east-1:123456789012:orders";

async fn call(client: &mut Client, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = client.call(method, &format!("{MAPPINGS}{path}"), &[], body).await;
    let told = if answer.text().is_empty() { Value::Null } else { answer.json() };
    (answer.status, told)
}

async fn send(client: &mut Client, body: &str) {
    let url = "http://localhost/123456789012/orders";
    sqs(client, "SendMessage", json!({ "QueueUrl": url, "MessageBody": body })).await;
}

#[test]
fn a_mapping_is_made_shown_changed_and_taken_away_by_aws_s_calls() {
    let seen = Rc::default();
    let program = failing(&seen, 0);
    let config = Config { queues: vec![queue("orders", &[])], ..Config::new(vec![coffee()]) };
    with_cloud(config, program, |mut client, _| async move {
        let asked = json!({
            "EventSourceArn": ARN, "FunctionName": "coffee", "BatchSize": 1, "Enabled": false,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "ScalingConfig": { "MaximumConcurrency": 2 },
            "FilterCriteria": { "Filters": [{ "Pattern": r#"{"body": {"cups": [2]}}"# }] },
        });
        let (status, made) = call(&mut client, "POST", "/", asked.clone()).await;
        assert_eq!((status, &made["State"]), (StatusCode::ACCEPTED, &json!("Creating")));
        let uuid = made["UUID"].as_str().expect("an id").to_owned();
        let (status, told) = call(&mut client, "POST", "/", asked).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert!(told["message"].as_str().is_some_and(|text| text.ends_with(&uuid)), "{told}");

        send(&mut client, r#"{"cups": 2}"#).await;
        send(&mut client, r#"{"cups": 1}"#).await;
        let (_, shown) = call(&mut client, "GET", &format!("/{uuid}"), Value::Null).await;
        assert_eq!(shown["State"], "Disabled");
        assert_eq!(shown["FunctionArn"], "arn:aws:lambda:us-east-1:123456789012:function:coffee");
        assert_eq!(shown["FilterCriteria"]["Filters"][0]["Pattern"], r#"{"body": {"cups": [2]}}"#);
        assert!(seen.borrow().is_empty(), "it takes nothing");

        let on = json!({ "Enabled": true });
        let (status, _) = call(&mut client, "PUT", &format!("/{uuid}"), on).await;
        assert_eq!(status, StatusCode::ACCEPTED);
        let look = async {
            loop {
                let listed = client.call("GET", "/_lunch/queues", &[], "").await.json();
                if listed[0]["visible"] == 0 && listed[0]["in_flight"] == 0 {
                    break;
                }
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), look).await.expect("within 10 s");
        assert_eq!(seen.borrow().len(), 1, "the other was deleted and never seen");

        let (_, listed) =
            call(&mut client, "GET", "?FunctionName=coffee&MaxItems=5", Value::Null).await;
        assert_eq!(listed["EventSourceMappings"][0]["UUID"], *uuid);
        let (status, gone) = call(&mut client, "DELETE", &format!("/{uuid}"), Value::Null).await;
        assert_eq!((status, &gone["State"]), (StatusCode::ACCEPTED, &json!("Deleting")));
        let (status, told) = call(&mut client, "GET", &format!("/{uuid}"), Value::Null).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(told["Message"], "The resource you requested does not exist.");
    });
}

#[test]
fn what_aws_refuses_of_a_mapping_is_refused_in_its_words() {
    let queues = vec![
        queue("orders", &[]),
        queue("hasty", &[("VisibilityTimeout", "1")]),
        queue("orders.fifo", &[("FifoQueue", "true")]),
    ];
    let config = Config { queues, ..Config::new(vec![coffee()]) };
    with_cloud(config, echo(), |mut client, _| async move {
        let of = |name: &str| format!("arn:aws:sqs:us-east-1:123456789012:{name}");
        for (more, status, words) in [
            (
                json!({ "EventSourceArn": of("nowhere") }),
                400,
                "SQS Error Code: AWS.SimpleQueueService.NonExistentQueue",
            ),
            (
                json!({ "EventSourceArn": "arn:aws:kinesis:us-east-1:123456789012:stream/s" }),
                400,
                "no queue's ARN",
            ),
            (json!({ "FunctionName": "nobody" }), 404, "Function not found"),
            (
                json!({ "BatchSize": 11 }),
                400,
                "Maximum batch window in seconds must be greater than 0",
            ),
            (json!({ "BatchSize": 10_001 }), 400, "from 1 to 10000"),
            (json!({ "EventSourceArn": of("orders.fifo"), "BatchSize": 11 }), 400, "from 1 to 10"),
            (json!({ "ScalingConfig": { "MaximumConcurrency": 1 } }), 400, "from 2 to 1000"),
            (
                json!({ "FunctionResponseTypes": ["Report"] }),
                400,
                "`Report` is no FunctionResponseType",
            ),
            (
                json!({ "FilterCriteria": { "Filters": [{ "Pattern": "[" }] } }),
                400,
                "Invalid filter pattern definition.",
            ),
            (
                json!({ "DestinationConfig": { "OnFailure": { "Destination": "x" } } }),
                400,
                "Unsupported DestinationConfig",
            ),
            (json!({ "StartingPosition": "LATEST" }), 400, "StartingPosition is not valid"),
            (
                json!({ "EventSourceArn": of("hasty") }),
                400,
                "Queue visibility timeout: 1 seconds is less than Function timeout",
            ),
            (json!({ "BatchSize": "many" }), 400, "cannot be read"),
        ] {
            let mut asked = json!({ "EventSourceArn": ARN, "FunctionName": "coffee" });
            for (name, value) in more.as_object().expect("members") {
                asked[name] = value.clone();
            }
            let (told, said) = call(&mut client, "POST", "", asked).await;
            assert_eq!(told.as_u16(), status, "{more}: {said}");
            assert!(said.to_string().contains(words), "{more}: {said}");
        }
        let (_, listed) = call(&mut client, "GET", "", Value::Null).await;
        assert_eq!(listed["EventSourceMappings"], json!([]));
    });
}

#[test]
fn a_visibility_timeout_below_the_functions_is_refused_by_an_update_and_taken_by_the_queue() {
    let config = Config { queues: vec![queue("orders", &[])], ..Config::new(vec![coffee()]) };
    with_cloud(config, echo(), |mut client, _| async move {
        let asked = json!({ "EventSourceArn": ARN, "FunctionName": "coffee" });
        let (_, made) = call(&mut client, "POST", "", asked).await;
        let path = format!("/{}", made["UUID"].as_str().expect("an id"));
        // AWS looks only when a mapping is made or changed.
        let url = "http://localhost/123456789012/orders";
        let hasty = json!({ "QueueUrl": url, "Attributes": { "VisibilityTimeout": "1" } });
        sqs(&mut client, "SetQueueAttributes", hasty).await;
        let change = json!({ "BatchSize": 3 });
        let (status, told) = call(&mut client, "PUT", &path, change.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        let words = "Queue visibility timeout: 1 seconds is less than Function timeout: 3 seconds";
        assert!(told.to_string().contains(words), "{told}");
        let (_, shown) = call(&mut client, "GET", &path, Value::Null).await;
        assert_eq!(shown["BatchSize"], 10, "it is as it was");
        let patient = json!({ "QueueUrl": url, "Attributes": { "VisibilityTimeout": "3" } });
        sqs(&mut client, "SetQueueAttributes", patient).await;
        let (status, _) = call(&mut client, "PUT", &path, change).await;
        assert_eq!(status, StatusCode::ACCEPTED);
    });
}

#[test]
fn no_update_gives_a_function_a_queue_that_it_has_by_another_mapping() {
    let tea = ServedFunction { name: "tea".to_owned(), ..coffee() };
    let config = Config { queues: vec![queue("orders", &[])], ..Config::new(vec![coffee(), tea]) };
    with_cloud(config, echo(), |mut client, _| async move {
        let asked = json!({ "EventSourceArn": ARN, "FunctionName": "coffee" });
        let (_, first) = call(&mut client, "POST", "", asked).await;
        let asked = json!({ "EventSourceArn": ARN, "FunctionName": "tea" });
        let (_, second) = call(&mut client, "POST", "", asked).await;
        let path = format!("/{}", second["UUID"].as_str().expect("an id"));
        let (status, told) =
            call(&mut client, "PUT", &path, json!({ "FunctionName": "coffee" })).await;
        assert_eq!(status, StatusCode::CONFLICT);
        let uuid = first["UUID"].as_str().expect("an id");
        assert!(told["message"].as_str().is_some_and(|text| text.ends_with(uuid)), "{told}");
        let (status, _) = call(&mut client, "PUT", &path, json!({ "FunctionName": "tea" })).await;
        assert_eq!(status, StatusCode::ACCEPTED, "its own is no other");
    });
}

#[test]
fn a_mapping_that_a_call_has_made_is_there_after_a_restart_and_one_that_was_deleted_is_not() {
    let folder = std::env::temp_dir().join(format!("lunch-mappings-{}", std::process::id()));
    let config = || Config {
        queues: vec![queue("orders", &[]), queue("others", &[])],
        keeping: Some(Keeping { folder: folder.clone(), durability: Durability::Process }),
        ..Config::new(vec![coffee()])
    };
    let uuid = Rc::new(std::cell::RefCell::new(String::new()));
    let told = Rc::clone(&uuid);
    with_cloud(config(), echo(), |mut client, _| async move {
        let asked = json!({ "EventSourceArn": ARN, "FunctionName": "coffee", "BatchSize": 3 });
        let (_, made) = call(&mut client, "POST", "", asked.clone()).await;
        *told.borrow_mut() = made["UUID"].as_str().expect("an id").to_owned();
        let mut other = asked;
        other["EventSourceArn"] = "arn:aws:sqs:us-east-1:123456789012:others".into();
        let (_, other) = call(&mut client, "POST", "", other).await;
        let path = format!("/{}", other["UUID"].as_str().expect("an id"));
        call(&mut client, "DELETE", &path, Value::Null).await;
    });
    with_cloud(config(), echo(), |mut client, _| async move {
        let (_, listed) = call(&mut client, "GET", "", Value::Null).await;
        let all = listed["EventSourceMappings"].as_array().expect("a list");
        assert_eq!(all.len(), 1, "{listed}");
        assert_eq!((&all[0]["UUID"], &all[0]["BatchSize"]), (&json!(*uuid.borrow()), &json!(3)));
        send(&mut client, "7").await;
        let look = async {
            loop {
                let listed = client.call("GET", "/_lunch/queues", &[], "").await.json();
                if listed[0]["visible"] == 0 && listed[0]["in_flight"] == 0 {
                    break;
                }
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), look).await.expect("it is taken");
    });
    drop(std::fs::remove_dir_all(&folder));
}

#[test]
fn a_mapping_calls_the_alias_that_it_names() {
    let arns: Rc<std::cell::RefCell<Vec<String>>> = Rc::default();
    let kept = Rc::clone(&arns);
    let program = program(move |started| {
        let kept = Rc::clone(&kept);
        async move {
            let mut api = started.runtime_api().await;
            while let Ok(event) = api.try_call("GET", NEXT, &[], "").await {
                let arn = event.header("lambda-runtime-invoked-function-arn").to_owned();
                kept.borrow_mut().push(arn);
                let id = event.header("lambda-runtime-aws-request-id").to_owned();
                let path = format!("/2018-06-01/runtime/invocation/{id}/response");
                if api.try_call("POST", &path, &[], "{}").await.is_err() {
                    break;
                }
            }
            Exit::Code(0)
        }
    });
    let mut function = coffee();
    function.published.aliases.insert("live".to_owned(), AliasTarget::Newest);
    function.published.versions = true;
    let config = Config { queues: vec![queue("orders", &[])], ..Config::new(vec![function]) };
    with_cloud(config, program, |mut client, _| async move {
        let asked = json!({ "EventSourceArn": ARN, "FunctionName": "coffee:live" });
        let (_, made) = call(&mut client, "POST", "", asked).await;
        assert!(made["FunctionArn"].as_str().is_some_and(|arn| arn.ends_with(":live")), "{made}");
        send(&mut client, "7").await;
        let look = async {
            while arns.borrow().is_empty() {
                client.call("GET", "/_lunch/ps", &[], "").await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), look).await.expect("it is called");
        assert!(arns.borrow()[0].ends_with(":function:coffee:live"), "{arns:?}");
    });
}

#[test]
fn the_digest_of_attributes_is_null_with_a_window_and_absent_without_where_there_are_none() {
    let seen = Rc::default();
    let program = failing(&seen, 0);
    let queues = vec![queue("orders", &[]), queue("others", &[])];
    let config = Config { queues, ..Config::new(vec![coffee()]) };
    with_cloud(config, program, |mut client, _| async move {
        for (name, window) in [("orders", 0), ("others", 1)] {
            let arn = format!("arn:aws:sqs:us-east-1:123456789012:{name}");
            let asked = json!({
                "EventSourceArn": arn, "FunctionName": "coffee",
                "MaximumBatchingWindowInSeconds": window, "BatchSize": 2,
            });
            call(&mut client, "POST", "", asked).await;
            let attribute = json!({ "milk": { "DataType": "String", "StringValue": "oat" } });
            for attributes in [json!({}), attribute] {
                let url = format!("http://localhost/123456789012/{name}");
                let sent = json!({
                    "QueueUrl": url, "MessageBody": name, "MessageAttributes": attributes,
                });
                sqs(&mut client, "SendMessage", sent).await;
            }
        }
        let look = async {
            let records = || {
                let seen = seen.borrow();
                let events = seen.iter().map(|(_, event)| serde_json::from_str::<Value>(event));
                let events = events.map(|event| event.expect("JSON")["Records"].take());
                let records = events.flat_map(|all| all.as_array().cloned().unwrap_or_default());
                records.collect::<Vec<_>>()
            };
            while records().len() < 4 {
                client.call("GET", "/_lunch/queues", &[], "").await;
            }
            records()
        };
        let records = tokio::time::timeout(std::time::Duration::from_secs(10), look).await;
        for record in records.expect("within 10 s") {
            let digest = record.get("md5OfMessageAttributes").cloned();
            if record["messageAttributes"] != json!({}) {
                assert!(digest.is_some_and(|digest| digest.is_string()), "{record}");
            } else if record["body"] == "others" {
                assert_eq!(digest, Some(Value::Null), "{record}");
            } else {
                assert_eq!(digest, None, "{record}");
            }
        }
    });
}

#[test]
fn provisioned_pollers_are_kept_and_told_and_not_beside_a_concurrency() {
    let config = Config { queues: vec![queue("orders", &[])], ..Config::new(vec![coffee()]) };
    with_cloud(config, echo(), |mut client, _| async move {
        let asked = |pollers: Value| json!({ "EventSourceArn": ARN, "FunctionName": "coffee", "ProvisionedPollerConfig": pollers });
        for pollers in [
            json!({ "MinimumPollers": 201 }),
            json!({ "MaximumPollers": 10_001 }),
            json!({ "MinimumPollers": 5, "MaximumPollers": 4 }),
        ] {
            let (status, told) = call(&mut client, "POST", "", asked(pollers)).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{told}");
        }
        let (_, made) = call(&mut client, "POST", "", asked(json!({ "MinimumPollers": 3 }))).await;
        let pollers = json!({ "MinimumPollers": 3, "MaximumPollers": 200 });
        assert_eq!(made["ProvisionedPollerConfig"], pollers);
        let path = format!("/{}", made["UUID"].as_str().expect("an id"));
        let scaling = json!({ "ScalingConfig": { "MaximumConcurrency": 2 } });
        let (status, _) = call(&mut client, "PUT", &path, scaling.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        let mut other = scaling;
        other["ProvisionedPollerConfig"] = json!({});
        let (_, told) = call(&mut client, "PUT", &path, other).await;
        assert_eq!(told.get("ProvisionedPollerConfig"), None);
        assert_eq!(told["ScalingConfig"]["MaximumConcurrency"], 2);
    });
}
