//! The AWS CLI.

use std::fs;

use lunch_tests::{Cloud, Folder, wait_until};
use serde_json::{Value, json};

use super::{ARN, SCRIPTED, command, run, scripted};

/// `aws lambda COMMAND ...`: what it printed as JSON.
#[track_caller]
fn aws(cloud: &Cloud, arguments: &[&str]) -> Value {
    let (code, out, said) = run(command("aws", cloud).arg("lambda").args(arguments));
    assert_eq!(code, Some(0), "aws lambda {arguments:?}: {said}");
    serde_json::from_str(&out).unwrap_or_default()
}

/// `aws lambda invoke`: what it printed, and the payload that it wrote.
#[track_caller]
fn invoke(cloud: &Cloud, name: &str, payload: &Value, more: &[&str]) -> (Value, String) {
    let folder = Folder::make();
    let file = folder.path().join("answer.json");
    let payload = payload.to_string();
    let mut arguments = vec!["invoke", "--function-name", name, "--payload", &payload];
    arguments.extend(more);
    let path = file.to_string_lossy().into_owned();
    arguments.push(&path);
    let told = aws(cloud, &arguments);
    (told, fs::read_to_string(file).unwrap_or_default())
}

#[test]
fn it_invokes_by_name_and_by_arn() {
    let cloud = scripted().start();
    for name in [SCRIPTED, ARN, "123456789012:function:scripted"] {
        let (told, answer) = invoke(&cloud, name, &json!({"do": [{"respond": "hello"}]}), &[]);
        assert_eq!(told["StatusCode"], 200);
        assert_eq!(told["ExecutedVersion"], "$LATEST");
        assert_eq!(answer, "\"hello\"");
    }
}

#[test]
fn it_is_told_of_a_function_error() {
    let cloud = scripted().start();
    let (told, answer) = invoke(&cloud, SCRIPTED, &json!({"do": [{"exit": 2}]}), &[]);
    assert_eq!(told["StatusCode"], 200);
    assert_eq!(told["FunctionError"], "Unhandled");
    assert!(answer.contains("Runtime.ExitError"), "{answer}");
}

#[test]
fn it_hands_over_an_event() {
    let cloud = scripted().start();
    let event = ["--invocation-type", "Event"];
    let (told, _) = invoke(&cloud, SCRIPTED, &json!({"do": [{"print": "an event"}]}), &event);
    assert_eq!(told["StatusCode"], 202);
    wait_until("the event is served", || {
        let logs = cloud.logs();
        let is_there = logs.iter().any(|line| line.text == "an event");
        if is_there { Ok(()) } else { Err(format!("{logs:?}")) }
    });
}

#[test]
fn it_runs_dry() {
    let cloud = scripted().start();
    let (told, _) = invoke(&cloud, SCRIPTED, &json!({}), &["--invocation-type", "DryRun"]);
    assert_eq!(told["StatusCode"], 204);
    assert!(cloud.ps().instances.is_empty());
}

#[test]
fn it_gets_the_tail_of_the_log() {
    let cloud = scripted().start();
    let (told, _) =
        invoke(&cloud, SCRIPTED, &json!({"do": [{"print": "brewing"}]}), &["--log-type", "Tail"]);
    let log = told["LogResult"].as_str().expect("a tail");
    assert!(log.len() > 100, "{log}");
}

#[test]
fn it_lists_and_describes_functions() {
    let cloud = scripted().start();
    let list = aws(&cloud, &["list-functions"]);
    assert_eq!(list["Functions"][0]["FunctionName"], SCRIPTED);
    let one = aws(&cloud, &["get-function", "--function-name", SCRIPTED]);
    assert_eq!(one["Configuration"]["FunctionArn"], ARN);
    assert_eq!(one["Configuration"]["Timeout"], 3);
}

#[test]
fn it_maps_a_queue_and_takes_the_mapping_away() {
    let cloud = scripted().start();
    let url = cloud.url();
    let mut sqs = command("aws", &cloud);
    sqs.args(["--endpoint-url", &url, "sqs", "create-queue", "--queue-name", "orders"]);
    let (code, _, said) = run(&mut sqs);
    assert_eq!(code, Some(0), "{said}");
    let arn = "arn:aws:sqs:us-east-1:123456789012:orders";
    let filter = r#"{"Filters": [{"Pattern": "{\"body\": {\"cups\": [2]}}"}]}"#;
    let made = aws(
        &cloud,
        &[
            "create-event-source-mapping",
            "--event-source-arn",
            arn,
            "--function-name",
            SCRIPTED,
            "--filter-criteria",
            filter,
        ],
    );
    let uuid = made["UUID"].as_str().expect("an id");
    let changed =
        aws(&cloud, &["update-event-source-mapping", "--uuid", uuid, "--batch-size", "3"]);
    assert_eq!(changed["BatchSize"], 3);
    let listed = aws(&cloud, &["list-event-source-mappings", "--event-source-arn", arn]);
    assert_eq!(listed["EventSourceMappings"][0]["UUID"], uuid);
    let found = aws(&cloud, &["get-event-source-mapping", "--uuid", uuid]);
    let pattern = found["FilterCriteria"]["Filters"][0]["Pattern"].as_str().expect("a pattern");
    assert_eq!(pattern, r#"{"body": {"cups": [2]}}"#);
    let gone = aws(&cloud, &["delete-event-source-mapping", "--uuid", uuid]);
    assert_eq!(gone["State"], "Deleting");
}

#[test]
fn it_says_how_events_are_tried_again() {
    let cloud = scripted().start();
    let of = ["--function-name", SCRIPTED];
    let call = |name: &str, more: &[&str]| aws(&cloud, &[&[name], &of[..], more].concat());
    let put = "put-function-event-invoke-config";
    let made = call(put, &["--maximum-retry-attempts", "1"]);
    assert_eq!(made["FunctionArn"], format!("{ARN}:$LATEST"));
    let age = ["--maximum-event-age-in-seconds", "90"];
    let changed = call("update-function-event-invoke-config", &age);
    assert_eq!(
        (&changed["MaximumRetryAttempts"], &changed["MaximumEventAgeInSeconds"]),
        (&json!(1), &json!(90))
    );
    let listed = call("list-function-event-invoke-configs", &[]);
    assert_eq!(listed["FunctionEventInvokeConfigs"][0]["MaximumRetryAttempts"], 1);
    call("delete-function-event-invoke-config", &[]);
    let listed = call("list-function-event-invoke-configs", &[]);
    assert_eq!(listed["FunctionEventInvokeConfigs"], json!([]));
}

#[test]
fn it_makes_a_function_url_and_takes_it_away() {
    let cloud = scripted().start();
    let of = ["--function-name", SCRIPTED];
    let call = |name: &str, more: &[&str]| aws(&cloud, &[&[name], &of[..], more].concat());
    let made = call("create-function-url-config", &["--auth-type", "NONE"]);
    assert_eq!(made["FunctionUrl"], format!("{}/lambda-url/{SCRIPTED}/", cloud.url()));
    let cors = ["--cors", r#"{"AllowOrigins": ["*"]}"#];
    let changed = call("update-function-url-config", &cors);
    assert_eq!(changed["Cors"]["AllowOrigins"], json!(["*"]));
    assert_eq!(call("get-function-url-config", &[])["AuthType"], "NONE");
    call("delete-function-url-config", &[]);
    assert_eq!(call("list-function-url-configs", &[])["FunctionUrlConfigs"], json!([]));
}

#[test]
fn it_says_what_is_wrong_as_with_aws() {
    let cloud = scripted().start();
    let mut nobody = command("aws", &cloud);
    nobody.args(["lambda", "invoke", "--function-name", "nobody", "/dev/null"]);
    let (code, _, said) = run(&mut nobody);
    assert_ne!(code, Some(0));
    assert!(
        said.contains("(ResourceNotFoundException) when calling the Invoke operation"),
        "{said}"
    );
    assert!(said.contains("Function not found: arn:aws:lambda:us-east-1:"), "{said}");
}
