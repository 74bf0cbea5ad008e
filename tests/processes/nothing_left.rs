//! When a cloud ends, however it ends, nothing that ran in it is left: no child, no session of its own, no orphan.

use lunch_tests::{Cloud, Ended, Gate, expect_none_left, survivors, wait_until};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::{SCRIPTED, scripted_cloud};

/// All the ways in which a process can get away from its parent.
fn children() -> Value {
    json!({"do": [
        {"child": {"every_ms": 50, "print": "in the group"}},
        {"child": {"every_ms": 50, "print": "in a session of its own", "setsid": true}},
        {"child": {"every_ms": 50, "print": "an orphan", "orphan": true}},
        {"child": {"every_ms": 50, "print": "both", "setsid": true, "orphan": true}},
    ]})
}

/// A cloud in which processes were left behind: the function and four more.
fn crowded() -> Cloud {
    let cloud = scripted_cloud();
    cloud.invoke(SCRIPTED, children()).expect_ok();
    wait_until("the function and its four children run", || match survivors(cloud.token()).len() {
        5 => Ok(()),
        count => Err(format!("{count} run")),
    });
    cloud
}

fn ends_well_by(signal: Signal) {
    let cloud = crowded();
    let token = cloud.token().to_owned();
    let Ended { status, said } = cloud.end(signal);
    assert_eq!(status.code(), Some(0), "{said}");
    assert_eq!(survivors(&token), [], "all was to be gone before `lunch` is");
}

#[test]
fn nothing_is_left_after_ctrl_c() {
    ends_well_by(Signal::SIGINT);
}

#[test]
fn nothing_is_left_after_a_request_to_terminate() {
    ends_well_by(Signal::SIGTERM);
}

#[test]
fn nothing_is_left_after_lunch_itself_is_killed() {
    let cloud = crowded();
    let token = cloud.token().to_owned();
    cloud.kill();
    expect_none_left(&token);
}

#[test]
fn nothing_is_left_after_lunch_is_killed_in_the_middle_of_a_request() {
    let cloud = scripted_cloud();
    let (gate, token) = (Gate::shut(), cloud.token().to_owned());
    let call = cloud.begin(SCRIPTED, json!({"do": [gate.step()]}));
    let _visitor = gate.visitor();
    cloud.kill();
    call.wait_for_any_end().expect_err("nobody is left to answer");
    expect_none_left(&token);
}

#[test]
fn whoever_waits_is_answered_before_lunch_ends() {
    let cloud = scripted_cloud();
    let gate = Gate::shut();
    let call = cloud.begin(SCRIPTED, json!({"do": [gate.step()]}));
    let _visitor = gate.visitor();
    let ended = cloud.end(Signal::SIGINT);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.said);
    let answer = call.wait_for_any_end().expect("an answer");
    assert_eq!((answer.status, answer.header("x-amzn-errortype")), (500, Some("ServiceException")));
}

#[test]
fn what_a_function_left_behind_goes_with_its_instance() {
    let cloud = scripted_cloud();
    let child = json!({"do": [{"child": {"every_ms": 50, "print": "in the group"}}]});
    cloud.invoke(SCRIPTED, child).expect_ok();
    cloud.evict(SCRIPTED);
    expect_none_left(cloud.token());
    cloud.invoke(SCRIPTED, json!({})).expect_ok().expect_cold();
}
