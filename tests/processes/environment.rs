//! What a function is told of where it is: AWS's variables, the developer's, and nothing of the developer's shell.

use std::collections::BTreeSet;

use lunch_tests::Folder;
use serde_json::{Map, Value, json};

use super::{SCRIPTED, scripted, scripted_cloud};

/// AWS's variables for `provided.*` (facts 1.6), the door's address, and the working folder as a shell would say it.
const NAMES: [&str; 22] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_XRAY_CONTEXT_MISSING",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "LANG",
    "LD_LIBRARY_PATH",
    "PATH",
    "PWD",
    "TZ",
    "_HANDLER",
];

/// Not the cloud's: the harness's own; what `lambda_runtime` sets for itself; where an instance's own `/tmp` is, if
/// the host cannot mount one.
const MAY_BE: [&str; 3] = ["LUNCH_TESTS_TOKEN", "_X_AMZN_TRACE_ID", "TMPDIR"];

fn environment(answer: &Value) -> &Map<String, Value> {
    answer["seen"]["env"].as_object().unwrap()
}

#[test]
fn a_functions_environment_is_awss_and_nothing_of_the_shell_is_in_it() {
    let secret = "only-the-shell-knows";
    let cloud =
        scripted().shell("SHELL_SECRET", secret).shell("HOME", "/home/of-the-shell").start();
    let answer = cloud.invoke(SCRIPTED, json!({"do": [{"env": []}]}));
    let answer = answer.expect_ok().json();
    let environment = environment(&answer);
    let names: BTreeSet<_> = environment.keys().map(String::as_str).collect();
    let names: Vec<_> = names.into_iter().filter(|name| !MAY_BE.contains(name)).collect();
    assert_eq!(names, NAMES);
    assert!(!answer.to_string().contains(secret));
    assert!(!answer.to_string().contains("of-the-shell"));
}

#[test]
fn awss_variables_have_awss_values() {
    let cloud = scripted_cloud();
    let answer = cloud.invoke(SCRIPTED, json!({"do": [{"env": []}, "cwd"]})).expect_ok().json();
    let environment = environment(&answer);
    for (name, value) in [
        ("_HANDLER", "bootstrap"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", &cloud.url()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_FUNCTION_NAME", SCRIPTED),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/scripted"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR"),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
        ("LANG", "en_US.UTF-8"),
        (
            "LD_LIBRARY_PATH",
            "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
        ),
        ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
        ("TZ", ":UTC"),
    ] {
        assert_eq!(environment[name], value, "{name}");
    }
    let stream = environment["AWS_LAMBDA_LOG_STREAM_NAME"].as_str().unwrap();
    assert_eq!(stream.split("/[$LATEST]").nth(1).map(str::len), Some(32), "{stream}");
    let is_apart = !environment.contains_key("TMPDIR");
    if is_apart {
        assert_eq!(environment["LAMBDA_TASK_ROOT"], "/var/task");
    }
    assert_eq!(environment["LAMBDA_TASK_ROOT"], answer["seen"]["cwd"]);
    assert_eq!(environment["PWD"], answer["seen"]["cwd"]);
}

#[test]
fn an_instance_is_told_an_address_of_its_own() {
    let cloud = scripted().function("other", lunch_tests::program("scripted")).start();
    let told = |function| {
        let script = json!({"do": [{"env": ["AWS_LAMBDA_RUNTIME_API"]}]});
        let answer = cloud.invoke(function, script).expect_ok().json();
        let told = answer["seen"]["env"]["AWS_LAMBDA_RUNTIME_API"].as_str().unwrap().to_owned();
        told.parse::<std::net::SocketAddrV4>().unwrap()
    };
    let (one, other) = (told(SCRIPTED), told("other"));
    assert!(one.ip().is_loopback() && other.ip().is_loopback());
    assert_ne!(one.ip(), other.ip());
    assert_ne!(*one.ip(), std::net::Ipv4Addr::LOCALHOST);
    cloud.invoke(SCRIPTED, json!({"do": [{"exit": 1}]}));
    assert_eq!(told(SCRIPTED), one, "the next process of the same instance");
}

#[test]
fn the_json_file_wins_over_the_template_and_that_over_the_lines() {
    let folder = Folder::make();
    let json_file = json!({SCRIPTED: {"FIRST": "json", "SECOND": "json"}});
    let json_file = folder.write("variables.json", json_file.to_string());
    let lines =
        folder.write("variables.env", "FIRST=lines\nSECOND=lines\nTHIRD=lines\nFOURTH=lines\n");
    let cloud = scripted()
        .env("FIRST", "template")
        .env("FOURTH", "template")
        .argument("--env-vars")
        .argument(json_file)
        .argument("--env-file")
        .argument(lines)
        .start();
    let answer =
        cloud.invoke(SCRIPTED, json!({"do": [{"env": ["FIRST", "SECOND", "THIRD", "FOURTH"]}]}));
    let expected =
        json!({"FIRST": "json", "SECOND": "json", "THIRD": "lines", "FOURTH": "template"});
    assert_eq!(answer.expect_ok().json()["seen"]["env"], expected);
}

#[test]
fn no_file_of_the_developers_can_change_what_aws_says() {
    let folder = Folder::make();
    let lines =
        folder.write("variables.env", "AWS_LAMBDA_RUNTIME_API=127.0.0.1:1\nAWS_REGION=mars\n");
    let cloud = scripted().argument("--env-file").argument(lines).start();
    let answer = cloud.invoke(SCRIPTED, json!({"do": [{"env": ["AWS_REGION"]}]}));
    assert_eq!(answer.expect_ok().json()["seen"]["env"]["AWS_REGION"], "us-east-1");
}

#[test]
fn files_beside_the_program_are_found_from_the_working_folder() {
    let cloud = scripted_cloud();
    std::fs::write(cloud.code().join("menu.txt"), "espresso").unwrap();
    let answer = cloud.invoke(SCRIPTED, json!({"do": [{"list": "."}]}));
    assert_eq!(answer.expect_ok().json()["seen"]["list"]["."], json!(["bootstrap", "menu.txt"]));
}

#[test]
fn an_sdk_inside_a_function_reaches_the_door_and_not_aws() {
    let cloud = scripted().function("other", lunch_tests::program("scripted")).start();
    let request = json!({
        "to": "endpoint",
        "method": "POST",
        "path": "/2015-03-31/functions/other/invocations",
        "body": r#"{"do": [{"respond": "from the other"}]}"#,
    });
    let answer = cloud.invoke(SCRIPTED, json!({"do": [{"raw": {"http": request}}]}));
    let heard = &answer.expect_ok().json()["seen"]["raw"][0];
    assert_eq!(heard["status"], 200);
    assert_eq!(heard["body"], r#""from the other""#);
    let served = cloud.requests();
    assert!(served.iter().any(|request| request.function == "other"), "{served:?}");
}
