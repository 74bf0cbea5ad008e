//! Between requests an instance does not run; with the next it goes on where it was.

use std::fs;
use std::time::Duration;

use lunch_cloud::Phase;
use lunch_tests::{Cloud, Gate, Pace, wait_until};
use serde_json::json;

use super::{SCRIPTED, scripted, scripted_cloud};

/// Long enough for a thread that runs to print many times.
const A_WHILE: Duration = Duration::from_millis(200);

/// Longer than any computer is busy with something else.
const A_MINUTE: Duration = Duration::from_secs(60);

/// The kernel stops a process when one of its threads gets to run, which may take a moment.
fn wait_until_frozen(cloud: &Cloud) {
    wait_until("the instance is frozen, and its process stopped", || {
        let ps = cloud.ps();
        let is_stopped = |pid: Option<u32>| pid.is_some_and(|pid| state(pid) == "T");
        if ps.instances.iter().all(|one| one.phase == Phase::Frozen && is_stopped(one.pid)) {
            Ok(())
        } else {
            Err(format!("{:?}", ps.instances))
        }
    });
}

/// The state that the kernel gives for a process: a letter.
fn state(pid: u32) -> String {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').next());
    state.unwrap_or_default().to_owned()
}

fn printed(cloud: &Cloud, text: &str) -> usize {
    cloud.logs().iter().filter(|line| line.text == text).count()
}

#[test]
fn a_thread_makes_no_progress_while_frozen_and_goes_on_after_the_thaw() {
    let cloud = scripted_cloud();
    let tick = json!({"after": [{"thread": {"every_ms": 1, "print": "tick"}}]});
    let first = cloud.invoke(SCRIPTED, tick);
    first.expect_ok();
    wait_until_frozen(&cloud);
    // Lines that were written before the freeze may still be on their way.
    Pace::begin().wait_for(A_WHILE);
    let before = printed(&cloud, "tick");
    Pace::begin().wait_for(A_WHILE);
    assert_eq!(printed(&cloud, "tick"), before, "it was to stand still");
    let gate = Gate::shut();
    let call = cloud.begin(SCRIPTED, json!({"do": [gate.step()]}));
    let visitor = gate.visitor();
    wait_until("the thread goes on", || match printed(&cloud, "tick") {
        count if count > before => Ok(()),
        count => Err(format!("{count} ticks")),
    });
    visitor.pass();
    call.wait().expect_ok().expect_warm().expect_reused(&first);
}

#[test]
fn what_was_left_in_the_middle_is_finished_during_a_later_request() {
    let cloud = scripted_cloud();
    let gate = Gate::shut();
    let first = json!({"after": [gate.step(), {"print": "finished"}]});
    cloud.invoke(SCRIPTED, first).expect_ok();
    // The visitor may stand there before the freeze or only after the thaw; both are as on AWS.
    wait_until_frozen(&cloud);
    let second_gate = Gate::shut();
    let second = cloud.begin(SCRIPTED, json!({"do": [second_gate.step()]}));
    let held = second_gate.visitor();
    assert_eq!(printed(&cloud, "finished"), 0);
    gate.visitor().pass();
    wait_until("it is finished", || match printed(&cloud, "finished") {
        1 => Ok(()),
        count => Err(format!("it was printed {count} times")),
    });
    held.pass();
    second.wait().expect_ok().expect_warm();
}

#[test]
fn a_gate_that_opens_while_frozen_is_passed_only_after_the_thaw() {
    let cloud = scripted_cloud();
    let gate = Gate::shut();
    // The answer waits for nobody, but the instance is busy until the thread stands before the gate.
    let first =
        json!({"after": [gate.step(), {"print": "passed"}], "before_next": [{"sleep_ms": 50}]});
    cloud.invoke(SCRIPTED, first).expect_ok();
    let visitor = gate.visitor();
    wait_until_frozen(&cloud);
    visitor.pass();
    Pace::begin().wait_for(A_WHILE);
    assert_eq!(printed(&cloud, "passed"), 0, "a frozen thread does not see the gate open");
    cloud.invoke(SCRIPTED, json!({"do": [{"sleep_ms": 50}]})).expect_ok().expect_warm();
    assert_eq!(printed(&cloud, "passed"), 1);
}

#[test]
fn a_frozen_process_is_stopped_for_the_kernel_too() {
    let cloud = scripted_cloud();
    cloud.invoke(SCRIPTED, json!({})).expect_ok();
    wait_until_frozen(&cloud);
    let pid = cloud.ps().instances[0].pid.unwrap();
    assert_eq!(state(pid), "T");
}

#[test]
fn back_to_back_requests_find_their_instance_awake() {
    let freeze_after = Some(A_MINUTE);
    let settings = lunch_cloud::Settings { freeze_after, gap_wait: A_MINUTE, ..Default::default() };
    let cloud = scripted().settings(settings).start();
    for _ in 0..20 {
        cloud.invoke(SCRIPTED, json!({})).expect_ok();
    }
    // The last answer comes before its function asks for more.
    let ps = wait_until("nobody is frozen for a minute", || {
        let ps = cloud.ps();
        let idle = ps.instances.iter().all(|one| one.phase == Phase::Idle);
        if idle { Ok(ps) } else { Err(format!("{:?}", ps.instances)) }
    });
    assert_eq!(ps.instances.len(), 1);
    assert_eq!(ps.instances[0].invocations, 20);
}
