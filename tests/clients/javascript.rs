//! The AWS SDK for JavaScript: the calls and what they expect stand in `calls.mjs`, each a function of its own.

use std::process::Command;

use lunch_tests::{Cloud, workspace};

use super::{for_this, javascript, run, scripted};

/// Runs one function of the script.
#[track_caller]
fn calls(cloud: &Cloud, name: &str) {
    let mut node = Command::new("node");
    for_this(&mut node, cloud);
    node.env("LUNCH_JAVASCRIPT", javascript());
    let script = workspace().join("tests/clients/calls.mjs");
    let (code, _, said) = run(node.arg(script).arg(name));
    assert_eq!(code, Some(0), "{name}: {said}");
}

#[test]
fn it_invokes_by_name_and_by_arn() {
    calls(&scripted().start(), "by_name_and_by_arn");
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
fn it_throws_the_errors_that_its_model_has() {
    calls(&scripted().start(), "errors");
}

#[test]
fn it_reads_what_was_logged() {
    calls(&scripted().start(), "cloudwatch_logs");
}
