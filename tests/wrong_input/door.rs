//! What the door refuses, in AWS's words where AWS has some.

use lunch_tests::{Answer, Request};
use serde_json::{Value, json};

use super::{SCRIPTED, scripted};

#[track_caller]
fn expect_refused(answer: &Answer, status: u16, error_type: &str) -> Value {
    assert_eq!(
        (answer.status, answer.header("x-amzn-errortype")),
        (status, Some(error_type)),
        "{}",
        answer.text()
    );
    serde_json::from_slice(&answer.body).expect("a refusal is JSON")
}

#[test]
fn an_unknown_function_is_answered_with_what_there_is() {
    let cloud = scripted().start();
    let answer = cloud.http(Request::invoke("scirpted", "{}"));
    let body = expect_refused(&answer, 404, "ResourceNotFoundException");
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:scirpted:$LATEST";
    assert_eq!(body["Message"], format!("Function not found: {arn}"));
    assert_eq!(body["Hint"], "there is `scripted`");
}

#[test]
fn a_payload_that_is_no_json_is_refused_where_it_stops_to_be() {
    let cloud = scripted().start();
    let answer = cloud.http(Request::invoke(SCRIPTED, r#"{"do": [}"#));
    let body = expect_refused(&answer, 400, "InvalidRequestContentException");
    let message = body["message"].as_str().unwrap();
    assert!(message.starts_with("Could not parse request body into json: "), "{message}");
    assert!(message.contains("Unexpected character ('}' (code 125))"), "{message}");
    assert!(message.ends_with("line: 1, column: 9]"), "{message}");
    assert!(cloud.ps().instances.is_empty(), "no instance was needed for that");
    let event = Request::invoke(SCRIPTED, "{oops}").header("x-amz-invocation-type", "Event");
    expect_refused(&cloud.http(event), 400, "InvalidRequestContentException");
}

#[test]
fn a_payload_above_awss_limit_is_refused_with_its_size() {
    let cloud = scripted().start();
    let payload = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    let answer = cloud.http(Request::invoke(SCRIPTED, payload(6_291_457)));
    let body = expect_refused(&answer, 413, "RequestEntityTooLargeException");
    let message = "6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)";
    assert_eq!(body["message"], message);
    let event =
        Request::invoke(SCRIPTED, payload(1_048_577)).header("x-amz-invocation-type", "Event");
    let body = expect_refused(&cloud.http(event), 413, "RequestEntityTooLargeException");
    let message =
        "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)";
    assert_eq!(body["message"], message);
}

#[test]
fn a_payload_of_exactly_awss_limit_is_taken() {
    let cloud = scripted().start();
    // White space makes it long, so that the function need not say much about it.
    let script = r#"{"do": [{"respond": "taken"}]}"#;
    let payload = format!("{script}{}", " ".repeat(6_291_456 - script.len()));
    let answer = cloud.http(Request::invoke(SCRIPTED, payload));
    assert_eq!((answer.status, answer.text().as_str()), (200, "\"taken\""));
}

#[test]
fn an_invocation_type_that_there_is_not_is_refused() {
    let cloud = scripted().start();
    let request = Request::invoke(SCRIPTED, "{}").header("x-amz-invocation-type", "Shout");
    assert_eq!(cloud.http(request).status, 400);
}

#[test]
fn a_host_that_is_not_ours_is_refused_on_every_route() {
    let cloud = scripted().start();
    for path in ["/_lunch/ps", "/2015-03-31/functions", "/_lunch/timeline"] {
        let answer = cloud.http(Request::get(path).header("host", "lunch.example.com"));
        expect_refused(&answer, 403, "AccessDeniedException");
    }
    let invoke = Request::invoke(SCRIPTED, "{}").header("host", "lunch.example.com:9000");
    expect_refused(&cloud.http(invoke), 403, "AccessDeniedException");
    assert!(cloud.ps().instances.is_empty());
}

#[test]
fn the_hosts_that_are_ours_are_taken() {
    let cloud = scripted().argument("--allow-host").argument("host.docker.internal").start();
    let port = cloud.port();
    for host in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("[::1]:{port}"),
        format!("host.docker.internal:{port}"),
        "LocalHost".to_owned(),
    ] {
        let answer = cloud.http(Request::get("/_lunch/info").header("host", &host));
        assert_eq!(answer.status, 200, "{host}: {}", answer.text());
    }
}

#[test]
fn a_browser_of_another_origin_is_refused_on_every_route() {
    let cloud = scripted().start();
    let advance = Request::post("/_lunch/advance", json!({"ms": 1}).to_string());
    for request in [Request::invoke(SCRIPTED, "{}"), Request::get("/_lunch/ps"), advance] {
        let answer = cloud.http(request.header("origin", "https://example.com"));
        expect_refused(&answer, 403, "AccessDeniedException");
    }
    assert!(cloud.ps().instances.is_empty());
}

#[test]
fn our_own_routes_say_what_is_wrong_with_what_they_are_given() {
    let cloud = scripted().start();
    for (path, body) in [
        ("/_lunch/advance", r#"{"minutes": 10}"#),
        ("/_lunch/evict", r#"{"function": "nobody"}"#),
        ("/_lunch/evict", r#"{"instance": "i-9999"}"#),
        ("/_lunch/redeploy", r#"{"function": "nobody"}"#),
        ("/_lunch/no-such-route", "{}"),
    ] {
        let answer = cloud.http(Request::post(path, body));
        assert!((400..500).contains(&answer.status), "{path} {body}: {}", answer.status);
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        assert!(said["error"].is_string(), "{path} {body}: {}", answer.text());
    }
}

#[test]
fn a_program_that_has_gone_since_the_start_is_told_as_aws_tells_it() {
    let cloud = scripted().start();
    std::fs::remove_file(cloud.code().join("bootstrap")).unwrap();
    let failed = cloud.invoke(SCRIPTED, json!({}));
    failed.expect_function_error("Runtime.InvalidEntrypoint");
    let text = "Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]";
    assert!(failed.text().contains(text), "{}", failed.text());
}
