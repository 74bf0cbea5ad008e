//! The SAM CLI, where it honours an endpoint.

use std::process::Command;

use lunch_tests::Cloud;
use serde_json::json;

use super::{ARN, SCRIPTED, command, run, scripted};

fn sam(cloud: &Cloud) -> Command {
    let mut sam = command("sam", cloud);
    // It keeps its own notes in the home folder.
    sam.env("SAM_CLI_TELEMETRY", "0").env("HOME", cloud.folder()).current_dir(cloud.folder());
    sam
}

#[test]
fn it_shows_what_was_logged() {
    let cloud = scripted().start();
    let brewed = cloud.invoke(SCRIPTED, json!({"do": [{"print": "brewing"}]}));
    brewed.expect_ok();
    let group = format!("/aws/lambda/{SCRIPTED}");
    let (code, out, said) = run(sam(&cloud).args(["logs", "--cw-log-group", &group]));
    assert_eq!(code, Some(0), "{said}");
    let start = format!("START RequestId: {} Version: $LATEST", brewed.request_id());
    assert!(out.contains(&start) && out.contains(" brewing"), "{out}");
}

#[test]
fn it_invokes_remotely_and_shows_the_tail() {
    let cloud = scripted().start();
    let event = json!({"do": [{"print": "brewing"}, {"respond": {"cup": 1}}]}).to_string();
    let (code, out, said) = run(sam(&cloud).args(["remote", "invoke", ARN, "--event", &event]));
    assert_eq!(code, Some(0), "{said}");
    assert!(out.contains(r#"{"cup":1}"#), "{out}");
    assert!(said.contains("START RequestId: ") && said.contains("Max Memory Used: "), "{said}");
}
