//! boto3: the calls and what they expect stand in `calls.py`, each a function of its own.

use lunch_tests::{Cloud, Folder, Gate, program, workspace};
use serde_json::json;

use super::{SCRIPTED, command, run, scripted};

/// Runs one function of the script.
#[track_caller]
fn calls(cloud: &Cloud, name: &str) {
    let script = workspace().join("tests/clients/calls.py");
    let (code, _, said) = run(command("python", cloud).arg(script).arg(name));
    assert_eq!(code, Some(0), "{name}: {said}");
}

#[test]
fn it_invokes_by_name_and_by_arn() {
    calls(&scripted().start(), "by_name_and_by_arn");
}

#[test]
fn it_sees_cold_and_warm_in_the_headers() {
    calls(&scripted().start(), "cold_and_warm");
}

#[test]
fn it_hands_over_an_event_and_runs_dry() {
    calls(&scripted().start(), "event_and_dry_run");
}

#[test]
fn it_gets_the_tail_of_the_log() {
    calls(&scripted().start(), "log_tail");
}

#[test]
fn it_reads_what_was_logged() {
    calls(&scripted().start(), "cloudwatch_logs");
}

#[test]
fn it_is_told_of_a_function_error() {
    calls(&scripted().start(), "function_error");
}

#[test]
fn it_lists_and_describes_functions() {
    calls(&scripted().start(), "list_and_get");
}

#[test]
fn it_reserves_concurrency_and_gives_it_back() {
    calls(&scripted().start(), "concurrency");
}

#[test]
fn it_makes_changes_and_takes_away_event_source_mappings() {
    calls(&scripted().start(), "event_source_mappings");
}

#[test]
fn it_says_how_events_are_tried_again() {
    calls(&scripted().start(), "event_invoke_configs");
}

#[test]
fn it_makes_changes_and_takes_away_function_urls() {
    calls(&scripted().start(), "function_urls");
}

#[test]
fn it_is_told_who_it_is() {
    calls(&scripted().start(), "caller_identity");
}

#[test]
fn it_lists_versions_aliases_and_tags() {
    calls(&scripted().start(), "versions_aliases_and_tags");
}

#[test]
fn it_invokes_versions_and_aliases() {
    let folder = Folder::make();
    folder.place("code/bootstrap", &program("scripted"));
    let template = folder.write(
        "template.yaml",
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Scripted:
    Type: AWS::Serverless::Function
    Metadata: {SkipBuild: true}
    Properties:
      FunctionName: scripted
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      AutoPublishAlias: live
  Next:
    Type: AWS::Lambda::Alias
    Properties: {FunctionName: !Ref Scripted, FunctionVersion: $LATEST, Name: next}
  Declared:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: /street/declared}
",
    );
    calls(&Cloud::builder().template(template).start(), "qualifiers");
}

#[test]
fn it_raises_resource_not_found() {
    calls(&scripted().start(), "resource_not_found");
}

#[test]
fn it_raises_invalid_request_content() {
    calls(&scripted().start(), "invalid_request_content");
}

#[test]
fn it_raises_request_too_large() {
    calls(&scripted().start(), "request_too_large");
}

#[test]
fn it_raises_too_many_requests() {
    let cloud = scripted().reserved(1).start();
    let gate = Gate::shut();
    let call = cloud.begin(SCRIPTED, json!({"do": [gate.step()]}));
    let visitor = gate.visitor();
    calls(&cloud, "too_many_requests");
    visitor.pass();
    call.wait().expect_ok();
}
