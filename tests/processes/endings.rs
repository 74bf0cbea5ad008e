//! How a process or an answer can end, told to the caller as AWS tells it.

use lunch_tests::{Cloud, Invocation, wait_until};
use serde_json::{Value, json};

use super::{SCRIPTED, scripted, scripted_cloud};

/// One invocation of those steps, after one that went well.
fn after_a_good_one(cloud: &Cloud, steps: Value) -> (Invocation, Invocation) {
    let good = cloud.invoke(SCRIPTED, json!({"do": ["count"]}));
    good.expect_ok();
    let bad = cloud.invoke(SCRIPTED, json!({"do": steps}));
    (good, bad)
}

/// The process ends by that step: the caller reads this, and the same instance starts anew.
fn a_process_that_ends(step: Value, text: &str) {
    let cloud = scripted_cloud();
    let (good, ended) = after_a_good_one(&cloud, json!([step]));
    ended.expect_function_error("Runtime.ExitError").expect_reused(&good);
    let message = format!("RequestId: {} Error: {text}", ended.request_id());
    assert_eq!(ended.json()["errorMessage"], message);
    let next = cloud.invoke(SCRIPTED, json!({"do": ["count"]}));
    next.expect_ok().expect_reinitialized().expect_reused(&good);
    assert_eq!(next.json()["count"], 1, "memory is lost");
}

/// The handler fails, and its process lives on.
fn a_process_that_stays(steps: Value) -> Invocation {
    let cloud = scripted_cloud();
    let (good, failed) = after_a_good_one(&cloud, steps);
    failed.expect_reused(&good);
    let next = cloud.invoke(SCRIPTED, json!({"do": ["count"]}));
    next.expect_ok().expect_warm().expect_reused(&good);
    assert_eq!(next.json()["pid"], good.json()["pid"], "the process lives on");
    assert_eq!(next.json()["count"], 2, "and remembers");
    failed
}

#[test]
fn an_exit_with_status_0_has_no_reason() {
    a_process_that_ends(json!({"exit": 0}), "Runtime exited without providing a reason");
}

#[test]
fn an_exit_with_another_status_names_it() {
    a_process_that_ends(json!({"exit": 3}), "Runtime exited with error: exit status 3");
}

#[test]
fn a_signal_is_named() {
    a_process_that_ends(json!({"signal": 9}), "Runtime exited with error: signal: killed");
}

#[test]
fn an_abort_is_a_signal() {
    a_process_that_ends(json!("abort"), "Runtime exited with error: signal: aborted");
}

#[test]
fn an_error_of_the_handler_is_handed_on_and_the_process_lives_on() {
    let failed =
        a_process_that_stays(json!([{"fail": {"type": "Milk.Sour", "message": "it is off"}}]));
    failed.expect_function_error("Milk.Sour");
    assert_eq!(failed.json()["errorMessage"], "it is off");
}

#[test]
fn a_panic_of_the_handler_is_an_error_and_the_process_lives_on() {
    let failed = a_process_that_stays(json!(["panic"]));
    assert_eq!(failed.status, 200);
    assert_eq!(failed.header("x-amz-function-error"), Some("Unhandled"));
    assert!(failed.text().contains("as the script says"), "{}", failed.text());
}

#[test]
fn an_answer_of_the_largest_size_is_taken() {
    let answer = scripted_cloud().invoke(SCRIPTED, json!({"do": [{"respond_bytes": 6_291_556}]}));
    answer.expect_ok();
    assert_eq!(answer.body.len(), 6_291_556);
}

#[test]
fn an_answer_that_is_one_byte_larger_is_not_and_the_process_lives_on() {
    let failed = a_process_that_stays(json!([{"respond_bytes": 6_291_557}]));
    failed.expect_function_error("Function.ResponseSizeTooLarge");
    let message = "Response payload size exceeded maximum allowed payload size (6291556 bytes).";
    assert_eq!(failed.json()["errorMessage"], message);
}

#[test]
fn an_answer_that_breaks_off_is_truncated() {
    let cloud = scripted_cloud();
    let broken = cloud.invoke(SCRIPTED, json!({"do": [{"raw": "respond_truncated"}]}));
    broken.expect_function_error("Runtime.TruncatedResponse");
    cloud.invoke(SCRIPTED, json!({})).expect_ok().expect_reused(&broken);
}

#[test]
fn of_two_answers_the_first_counts_and_the_second_is_refused() {
    let cloud = scripted_cloud();
    let twice = json!({"do": [{"raw": "respond_twice"}, {"raw": "respond_twice"}]});
    let answered = cloud.invoke(SCRIPTED, twice);
    answered.expect_ok();
    assert_eq!(answered.json(), "by hand");
    cloud.invoke(SCRIPTED, json!({})).expect_ok().expect_reused(&answered);
    let heard = heard(&cloud, "raw: ");
    assert_eq!(heard[0], r#"raw: 202 {"status":"OK"}"#);
    assert!(heard[1].starts_with("raw: 403 "), "{heard:?}");
    assert!(heard[1].contains(r#""errorType":"InvalidStateTransition""#), "{heard:?}");
    let answers = cloud.requests().into_iter().filter(|request| request.request.serial == 0);
    assert_eq!(answers.count(), 1);
}

#[test]
fn an_answer_to_an_id_that_nobody_was_given_is_refused() {
    let cloud = scripted_cloud();
    let answer = cloud.invoke(SCRIPTED, json!({"do": [{"raw": "respond_unknown_id"}]}));
    answer.expect_ok();
    let refusal = &answer.json()["seen"]["raw"][0];
    assert_eq!(refusal["status"], 400);
    let body = r#"{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}"#;
    assert_eq!(refusal["body"].as_str().unwrap().trim_end(), body);
}

#[test]
fn an_answer_that_comes_during_the_next_request_is_refused() {
    let cloud = scripted_cloud();
    cloud.invoke(SCRIPTED, json!({"do": [{"respond": "first"}]})).expect_ok();
    let second = cloud.invoke(SCRIPTED, json!({"do": [{"raw": "respond_previous_id"}]}));
    second.expect_ok();
    assert_eq!(second.json()["seen"]["raw"][0]["status"], 400);
}

#[test]
fn asking_for_more_in_the_middle_gives_the_same_request_again() {
    let cloud = scripted_cloud();
    let script = json!({"do": [{"raw": "next_twice"}]});
    let answer = cloud.invoke(SCRIPTED, &script);
    answer.expect_ok();
    let again = answer.json()["seen"]["raw"][0].clone();
    assert_eq!(again["status"], 200);
    let event: Value = serde_json::from_str(again["body"].as_str().unwrap()).unwrap();
    assert_eq!(event, script);
}

#[test]
fn an_initialisation_that_ends_is_tried_again_and_then_told() {
    let cloud = scripted().env("SCRIPTED_INIT", r#"[{"exit": 7}]"#).start();
    let failed = cloud.invoke(SCRIPTED, json!({}));
    failed.expect_function_error("Runtime.ExitError");
    assert!(failed.text().contains("exit status 7"), "{}", failed.text());
}

#[test]
fn an_initialisation_that_reports_its_error_hands_it_to_the_caller() {
    let init = r#"[{"init_error": {"type": "Beans.None", "message": "none left"}}, {"exit": 1}]"#;
    let cloud = scripted().env("SCRIPTED_INIT", init).start();
    let failed = cloud.invoke(SCRIPTED, json!({}));
    failed.expect_function_error("Beans.None");
    assert_eq!(failed.json()["errorMessage"], "none left");
}

#[test]
fn who_reports_that_it_cannot_start_hears_that_it_was_understood_and_exits_by_itself() {
    let init = r#"[{"init_error": {"type": "Beans.None", "message": "none left"}}, {"print": "good bye"}, {"exit": 1}]"#;
    let cloud = scripted().env("SCRIPTED_INIT", init).start();
    cloud.invoke(SCRIPTED, json!({})).expect_function_error("Beans.None");
    cloud.invoke(SCRIPTED, json!({})).expect_function_error("Beans.None");
    // The caller is answered when the last process has reported, and that one then says good bye.
    wait_until("all have gone", || match heard(&cloud, "good bye").len() {
        3 => Ok(()),
        others => Err(format!("{others} have said good bye")),
    });
    assert_eq!(heard(&cloud, "init_error"), ["init_error: 202 {\"status\":\"OK\"}"; 3]);
}

/// What the function printed that begins so.
fn heard(cloud: &Cloud, prefix: &str) -> Vec<String> {
    let lines = cloud.logs().into_iter().map(|line| line.text);
    lines.filter(|line| line.starts_with(prefix)).collect()
}
