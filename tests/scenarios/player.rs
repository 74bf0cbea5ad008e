//! A scenario's actions, done to a real cloud at their times.

use std::time::Duration;

use lunch_cloud::{Phase, Record};
use lunch_contract::Moment;
use lunch_sim::lanes::{self, Lane};
use lunch_sim::scenario::{Action, Function, Scenario};
use lunch_tests::wire::Happened;
use lunch_tests::{Call, Cloud, Pace, last_lines, program, wait_until};

/// The functions are called so, by their place in the list.
fn name(function: u32) -> String {
    format!("f{function}")
}

/// Plays it until nothing is under way, and gives the lanes.
pub(crate) fn play(scenario: &Scenario) -> Vec<Lane> {
    let cloud = start(scenario);
    let pace = Pace::begin();
    let mut calls: Vec<Option<Call>> = Vec::new();
    for timed in &scenario.actions {
        pace.wait_for(Duration::from_millis(timed.at_ms));
        act(&cloud, &timed.action, &mut calls);
    }
    for call in calls.into_iter().flatten() {
        call.wait();
    }
    rest(&cloud, scenario.settings().unwrap().freeze_after.is_some());
    let timeline = cloud.timeline();
    let record = |happened| match happened {
        Happened::Record(record) => Some(record),
        Happened::Note(_) => None,
    };
    let records: Vec<(Moment, Record)> =
        timeline.into_iter().filter_map(|line| Some((line.at, record(line.happened)?))).collect();
    lanes::lanes(&records)
}

fn start(scenario: &Scenario) -> Cloud {
    let mut builder = Cloud::builder().settings(scenario.settings().unwrap());
    for (number, function) in (0..).zip(&scenario.functions) {
        builder = builder.function(&name(number), program("scripted"));
        builder = builder.timeout(Duration::from_millis(function.timeout_ms));
        for (variable, value) in function.environment() {
            builder = builder.env(&variable, &value);
        }
        if let Some(concurrency) = function.reserved {
            builder = builder.reserved(concurrency);
        }
    }
    for (option, delay) in [
        ("--placement", of_all(scenario, |function| function.placement_ms)),
        ("--cold-start", of_all(scenario, |function| function.modelled_init_ms)),
    ] {
        if let Some(ms) = delay {
            builder = builder.argument(option).argument(format!("{ms}ms"));
        }
    }
    builder.start()
}

/// A delay that `lunch up` takes for all functions together.
fn of_all(scenario: &Scenario, delay: impl Fn(&Function) -> Option<u64>) -> Option<u64> {
    let mut delays = scenario.functions.iter().map(delay);
    let first = delays.next().flatten();
    assert!(delays.all(|other| other == first), "`lunch up` has one delay for all functions");
    first
}

fn act(cloud: &Cloud, action: &Action, calls: &mut Vec<Option<Call>>) {
    match action {
        Action::Invoke { function, script, times } => {
            let payload = if script.is_null() { serde_json::json!({}) } else { script.clone() };
            let payloads = (0..*times).map(|_| payload.clone());
            calls.extend(cloud.begin_all(&name(*function), payloads).into_iter().map(Some));
        }
        Action::CallerLeaves(serial) => {
            let index = usize::try_from(*serial).unwrap();
            calls[index].take().expect("a caller leaves once").hang_up();
        }
        Action::AdvanceS(seconds) => drop(cloud.advance(Duration::from_secs(*seconds))),
        Action::Evict(function) => drop(cloud.evict(&name(*function))),
        Action::EvictInstance(serial) => drop(cloud.evict_instance(&format!("i-{serial:04}"))),
        Action::Deploy(function) => drop(cloud.redeploy(&name(*function))),
    }
}

/// Waits until whatever is under way has come to its end, and whatever is idle is frozen.
fn rest(cloud: &Cloud, freezes: bool) {
    wait_until("nothing is under way", || {
        let ps = cloud.ps();
        let is_busy = |phase: Phase| match phase {
            Phase::Placing
            | Phase::Init
            | Phase::Reinit
            | Phase::Invoke
            | Phase::Resetting
            | Phase::Stopping => true,
            Phase::Idle => freezes,
            Phase::Frozen | Phase::Reset | Phase::Gone => false,
        };
        let waits = ps.functions.iter().any(|function| function.in_flight + function.waiting > 0);
        if waits || ps.instances.iter().any(|instance| is_busy(instance.phase)) {
            return Err(last_lines(&cloud.timeline()));
        }
        Ok(())
    });
}
