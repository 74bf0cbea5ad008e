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
