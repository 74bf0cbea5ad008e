//! The enforced timeout: kept to the millisecond, and never early.

use std::collections::BTreeMap;
use std::time::Duration;

use lunch_cloud::Record;
use lunch_contract::{Moment, RequestId};
use lunch_tests::Cloud;
use lunch_tests::wire::Happened;
use serde_json::json;

use super::{SCRIPTED, SECOND, scripted};

const FOR_EVER: u64 = 600_000;

#[test]
fn an_invocation_that_runs_too_long_is_ended_and_its_caller_is_told() {
    let cloud = scripted().timeout(SECOND).start();
    let late = cloud.invoke(SCRIPTED, json!({"do": [{"sleep_ms": FOR_EVER}]}));
    late.expect_timed_out();
    let message =
        format!("RequestId: {} Error: Task timed out after 1.00 seconds", late.request_id());
    assert_eq!(late.json()["errorMessage"], message);
}

#[test]
fn after_a_timeout_the_same_instance_serves_again_with_a_new_process() {
    let cloud = scripted().timeout(SECOND).start();
    let before = cloud.invoke(SCRIPTED, json!({"do": ["count"]}));
    before.expect_ok();
    cloud.invoke(SCRIPTED, json!({"do": ["count", {"burn_ms": FOR_EVER}]})).expect_timed_out();
    let after = cloud.invoke(SCRIPTED, json!({"do": ["count"]}));
    after.expect_ok().expect_reinitialized().expect_reused(&before);
    assert_eq!(after.json()["count"], 1, "memory is lost");
    assert_ne!(after.json()["pid"], before.json()["pid"]);
}

#[test]
fn work_after_the_answer_is_under_the_timeout_too() {
    let cloud = scripted().timeout(SECOND).start();
    let answered = cloud.invoke(SCRIPTED, json!({"before_next": [{"sleep_ms": FOR_EVER}]}));
    answered.expect_ok();
    cloud.wait_for("the instance has lost its process", |line| match &line.happened {
        Happened::Record(Record::Phase { to, .. }) => *to == lunch_cloud::Phase::Reset,
        Happened::Record(_) | Happened::Note(_) => false,
    });
    let next = cloud.invoke(SCRIPTED, json!({}));
    next.expect_ok().expect_reinitialized().expect_reused(&answered);
}

#[test]
fn a_fresh_deadline_comes_with_every_request() {
    let cloud = scripted().timeout(Duration::from_secs(3)).start();
    for _ in 0..3 {
        let remaining = cloud.invoke(SCRIPTED, json!({})).json()["remaining_ms"].as_u64().unwrap();
        assert!((1_000..=3_000).contains(&remaining), "{remaining} ms remain of 3,000");
    }
}

#[test]
fn no_deadline_is_early_and_how_late_they_are_is_printed() {
    let cloud = scripted().timeout(SECOND).start();
    let steps = json!({"do": [{"sleep_ms": FOR_EVER}]});
    for ended in cloud.invoke_all(SCRIPTED, vec![steps; 20]) {
        ended.expect_timed_out();
        ended.check(ended.took >= SECOND, || "expected no answer before the deadline".into());
    }
    let mut late = lateness(&cloud, SECOND);
    late.sort();
    assert_eq!(late.len(), 20);
    let at = |share: usize| late[(late.len() - 1) * share / 100];
    println!("20 deadlines at once: late by {:?} at p50, {:?} at p99", at(50), at(99));
}

/// How long after its deadline each request was answered.
fn lateness(cloud: &Cloud, timeout: Duration) -> Vec<Duration> {
    let mut started: BTreeMap<RequestId, Moment> = BTreeMap::new();
    let mut late = Vec::new();
    for line in cloud.timeline() {
        let Happened::Record(record) = line.happened else { continue };
        if let Record::Started { request, .. } = record {
            started.insert(request, line.at);
        } else if let Record::Answered { request, .. } = record {
            let ran = line.at.since(started[&request]);
            assert!(ran >= timeout, "{request} was ended after {ran:?}, before its deadline");
            late.push(ran.saturating_sub(timeout));
        }
    }
    late
}
