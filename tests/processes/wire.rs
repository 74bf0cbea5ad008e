//! What callers get: headers, evidence, log tails, the kinds of invocation.

use std::time::Duration;

use lunch_tests::{Cloud, Gate, Request, wait_until};
use serde_json::{Value, json};

use super::{SCRIPTED, scripted, scripted_cloud};

const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:scripted";

#[test]
fn an_answer_carries_awss_headers_and_the_evidence() {
    let cloud = scripted_cloud();
    let first = cloud.invoke(SCRIPTED, json!({}));
    first.expect_ok().expect_cold_because("first");
    assert_eq!(first.header("x-amz-executed-version"), Some("$LATEST"));
    assert_eq!(
        first.json()["request_id"],
        first.request_id(),
        "the function knows it by the same id"
    );
    assert!(first.evidence.init_ms > Some(0.0), "{:?}", first.evidence);
    assert!(first.evidence.duration_ms.is_some(), "{:?}", first.evidence);
    let second = cloud.invoke(SCRIPTED, json!({}));
    second.expect_ok().expect_warm().expect_reused(&first);
    assert_eq!(second.evidence.cause, None);
    assert_ne!(second.request_id(), first.request_id());
}

#[test]
fn who_returns_nothing_answers_null() {
    let answer = scripted_cloud().invoke(SCRIPTED, json!({"do": [{"respond": null}]}));
    answer.expect_ok();
    assert_eq!(answer.text(), "null");
}

#[test]
fn a_crowd_gets_an_instance_each_and_the_next_one_reuses() {
    let cloud = scripted_cloud();
    let gate = Gate::shut();
    let calls = cloud.begin_all(SCRIPTED, vec![json!({"do": [gate.step()]}); 4]);
    let visitors: Vec<_> = calls.iter().map(|_| gate.visitor()).collect();
    drop(visitors);
    let served: Vec<_> = calls.into_iter().map(lunch_tests::Call::wait).collect();
    let mut instances: Vec<_> = served.iter().map(|one| one.expect_cold().instance()).collect();
    instances.sort_unstable();
    instances.dedup();
    assert_eq!(instances.len(), 4);
    cloud.invoke(SCRIPTED, json!({})).expect_ok().expect_warm();
}

#[test]
fn whoever_finds_no_room_is_throttled_for_the_right_reason() {
    let cloud = scripted().reserved(1).start();
    let gate = Gate::shut();
    let call = cloud.begin(SCRIPTED, json!({"do": [gate.step()]}));
    let visitor = gate.visitor();
    let refused = cloud.invoke(SCRIPTED, json!({}));
    refused.expect_throttled("ReservedFunctionConcurrentInvocationLimitExceeded");
    assert!(refused.header("retry-after").is_some());
    visitor.pass();
    call.wait().expect_ok();
}

#[test]
fn a_function_is_called_by_its_arn_too() {
    let cloud = scripted_cloud();
    let encoded = ARN.replace(':', "%3A");
    for name in [ARN, &format!("{ARN}:$LATEST"), "123456789012:function:scripted", &encoded] {
        cloud.invoke(name, json!({})).expect_ok();
    }
}

#[test]
fn a_dry_run_runs_nothing() {
    let cloud = scripted_cloud();
    let dry = cloud.invoke_with(SCRIPTED, json!({}), &[("x-amz-invocation-type", "DryRun")]);
    dry.expect_status(204);
    assert!(dry.body.is_empty());
    assert!(cloud.ps().instances.is_empty());
}

#[test]
fn an_event_is_accepted_at_once_and_served() {
    let cloud = scripted_cloud();
    let event = [("x-amz-invocation-type", "Event")];
    let accepted = cloud.invoke_with(SCRIPTED, json!({"do": [{"print": "served"}]}), &event);
    accepted.expect_status(202);
    assert!(accepted.body.is_empty());
    wait_for_line(&cloud, "served");
}

#[test]
fn the_tail_of_the_log_holds_what_was_printed_between_start_and_report() {
    let cloud = scripted_cloud();
    let tail = [("x-amz-log-type", "Tail")];
    let answer = cloud.invoke_with(SCRIPTED, json!({"do": [{"print": "grinding"}]}), &tail);
    answer.expect_ok();
    let log = base64(answer.header("x-amz-log-result").expect("a tail"));
    let id = answer.request_id();
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(lines[0], format!("START RequestId: {id} Version: $LATEST"), "{log}");
    assert!(lines.contains(&"grinding"), "{log}");
    assert!(lines.contains(&format!("END RequestId: {id}").as_str()), "{log}");
    let report = lines.last().unwrap();
    assert!(report.starts_with(&format!("REPORT RequestId: {id}\tDuration: ")), "{log}");
    assert!(report.contains("\tMemory Size: 128 MB\t"), "{log}");
    assert!(report.contains("Init Duration: "), "{log}");
}

#[test]
fn idle_instances_go_when_time_passes_and_the_next_request_is_cold_for_that_reason() {
    let cloud = scripted_cloud();
    let first = cloud.invoke(SCRIPTED, json!({}));
    first.expect_ok();
    cloud.advance(Duration::from_secs(600));
    cloud.invoke(SCRIPTED, json!({})).expect_ok().expect_warm().expect_reused(&first);
    let advanced = cloud.advance(Duration::from_secs(11 * 60));
    assert!(!advanced.wakes.is_empty());
    let next = cloud.invoke(SCRIPTED, json!({}));
    next.expect_ok().expect_cold().expect_other_instance(&first);
}

#[test]
fn an_evicted_instance_serves_no_more() {
    let cloud = scripted_cloud();
    let first = cloud.invoke(SCRIPTED, json!({}));
    assert_eq!(cloud.evict_instance(first.instance()).instances, [first.instance()]);
    cloud.invoke(SCRIPTED, json!({})).expect_ok().expect_cold().expect_other_instance(&first);
}

#[test]
fn a_caller_that_hangs_up_leaves_its_function_to_finish() {
    let cloud = scripted_cloud();
    let gate = Gate::shut();
    let steps = json!({"do": [gate.step(), {"print": "finished all the same"}]});
    let call = cloud.begin(SCRIPTED, steps);
    let visitor = gate.visitor();
    call.hang_up();
    visitor.pass();
    wait_for_line(&cloud, "finished all the same");
    cloud.invoke(SCRIPTED, json!({})).expect_ok().expect_warm();
}

#[test]
fn functions_are_listed_and_described() {
    let cloud = scripted().timeout(Duration::from_secs(7)).start();
    let list = cloud.http(Request::get("/2015-03-31/functions"));
    assert_eq!(list.status, 200, "{}", list.text());
    let list: Value = serde_json::from_slice(&list.body).unwrap();
    assert_eq!(list["Functions"][0]["FunctionArn"], ARN);
    assert_eq!(list["Functions"][0]["Timeout"], 7);
    let one = cloud.http(Request::get("/2015-03-31/functions/scripted"));
    assert_eq!(one.status, 200, "{}", one.text());
    let one: Value = serde_json::from_slice(&one.body).unwrap();
    assert_eq!(one["Configuration"]["FunctionName"], SCRIPTED);
    assert_eq!(one["Configuration"]["Runtime"], "provided.al2023");
}

fn wait_for_line(cloud: &Cloud, text: &str) {
    wait_until("the function has printed its line", || {
        let logs = cloud.logs();
        let is_there = logs.iter().any(|line| line.text == text);
        if is_there { Ok(()) } else { Err(format!("it printed {logs:?}")) }
    });
}

/// Standard base64, decoded.
fn base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let digit = ALPHABET.iter().position(|letter| *letter == byte).expect("base64");
        bits = bits << 6 | u32::try_from(digit).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap());
        }
    }
    String::from_utf8(bytes).expect("a log is text")
}
