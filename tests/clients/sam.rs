//! The SAM CLI, where it honours an endpoint.

use std::env;
use std::process::Command;

use lunch_tests::{Cloud, Folder, workspace};
use serde_json::json;

use super::{ARN, SCRIPTED, client, command, expect_receipt, order, quickly, run, scripted};

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

#[test]
fn its_build_at_the_root_makes_what_a_cloud_serves() {
    let folder = Folder::make();
    let tools = client("cargo-lambda").parent().map(Into::into);
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(tools.into_iter().chain(env::split_paths(&path))).unwrap();
    let mut build = Command::new(client("sam"));
    quickly(&mut build).current_dir(workspace()).env("PATH", path).arg("build");
    build.env("SAM_CLI_TELEMETRY", "0").env("AWS_DEFAULT_REGION", "us-east-1");
    // It keeps its own notes in the home folder, and what it made beside the template.
    build.env("__SAM_CLI_APP_DIR", folder.path());
    build.arg("--build-dir").arg(folder.path().join("build"));
    build.arg("--cache-dir").arg(folder.path().join("cache"));
    let (code, out, said) = run(&mut build);
    assert_eq!(code, Some(0), "{said}\n{out}");

    let cloud = Cloud::builder().template(folder.path().join("build/template.yaml")).start();
    let order = order();
    let served = cloud.invoke("CoffeeFunction", order.clone());
    expect_receipt(&served.expect_ok().json(), &order);
}
