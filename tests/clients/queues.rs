//! boto3 and SQS, in both protocols, and the AWS CLI; what boto3 calls and expects stands in `queues.py`.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use lunch_tests::{Cloud, workspace};
use serde_json::Value;

use super::{command, for_this, run, scripted};

/// A Python with a boto3 that speaks the query protocol.
#[track_caller]
fn older() -> PathBuf {
    let installed = workspace().join("target/clients/query/bin/python");
    let python = env::var_os("LUNCH_QUERY").map_or(installed, PathBuf::from);
    assert!(python.exists(), "no {python:?}: `infra/test clients` installs it");
    python
}

/// Runs one function of the script, by a boto3 of today and by an older one.
#[track_caller]
fn calls(name: &str) {
    let script = workspace().join("tests/clients/queues.py");
    let cloud = scripted().start();
    let (code, _, said) = run(command("python", &cloud).arg(&script).arg(name));
    assert_eq!(code, Some(0), "{name}: {said}");
    let cloud = scripted().start();
    let mut command = Command::new(older());
    for_this(&mut command, &cloud);
    let (code, _, said) = run(command.arg(script).args([name, "--query"]));
    assert_eq!(code, Some(0), "{name} in the query protocol: {said}");
}

#[test]
fn a_queue_and_what_is_known_of_it() {
    calls("a_queue_and_what_is_known_of_it");
}

#[test]
fn a_message_and_back() {
    calls("a_message_and_back");
}

#[test]
fn batches_keep_what_is_good_of_them() {
    calls("batches");
}

#[test]
fn first_in_first_out() {
    calls("first_in_first_out");
}

#[test]
fn dead_letters_are_buried_and_moved_back() {
    calls("dead_letters");
}

#[test]
fn a_long_poll_wakes_at_once() {
    calls("a_long_poll_wakes_at_once");
}

#[test]
fn what_is_refused_is_refused_with_aws_s_own_errors() {
    calls("what_is_refused");
}

/// The AWS CLI of version 1 has to be told where SQS is.
#[track_caller]
fn aws(cloud: &Cloud, arguments: &[&str]) -> Value {
    let url = cloud.url();
    let mut command = command("aws", cloud);
    command.args(["--endpoint-url", &url, "sqs"]).args(arguments);
    let (code, out, said) = run(&mut command);
    assert_eq!(code, Some(0), "aws sqs {arguments:?}: {said}");
    serde_json::from_str(&out).unwrap_or_default()
}

#[test]
fn the_aws_cli_sends_and_receives() {
    let cloud = scripted().start();
    let made = aws(&cloud, &["create-queue", "--queue-name", "orders"]);
    let url = made["QueueUrl"].as_str().expect("a URL");
    aws(&cloud, &["send-message", "--queue-url", url, "--message-body", "flat white"]);
    let got = aws(&cloud, &["receive-message", "--queue-url", url, "--wait-time-seconds", "5"]);
    assert_eq!(got["Messages"][0]["Body"], "flat white");
    let handle = got["Messages"][0]["ReceiptHandle"].as_str().expect("a handle");
    aws(&cloud, &["delete-message", "--queue-url", url, "--receipt-handle", handle]);
    let told =
        aws(&cloud, &["get-queue-attributes", "--queue-url", url, "--attribute-names", "All"]);
    assert_eq!(told["Attributes"]["ApproximateNumberOfMessagesNotVisible"], "0");
}
