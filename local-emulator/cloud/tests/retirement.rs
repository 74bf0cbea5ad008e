//! How instances go: unused, too old, out of date, at the end of the cloud. Each promise by its name, in virtual time.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one kind of record")]

mod street;

use std::time::Duration;

use lunch_cloud::{
    ColdCause, Event, InvocationKind, ReclaimPolicy, Record, ReplyAt, Retirement, Settings,
};
use lunch_contract::{Exit, InstanceId, Participant, QualifierId, Refusal};
use street::{COFFEE, Street, config, process, request, settings};

#[test]
fn a_function_that_serves_nothing_for_640_s_loses_all_its_instances() {
    let mut street = Street::new(Settings { freeze_after: None, ..settings() });
    street.invoke().whatever();
    street.invoke().whatever();
    for serial in [0, 1] {
        street.next(process(serial, 0)).whatever();
        street.at(1_000).respond(process(serial, 0), serial).whatever();
        street.next(process(serial, 0)).whatever();
    }

    street.at(640_999).says([]);
    street.at(641_000).says(["kill i-0000/0", "kill i-0001/0"]);
    street.exit(process(0, 0), Exit::Signal(9)).says(["retire i-0000"]);
    street.exit(process(1, 0), Exit::Signal(9)).says(["retire i-0001"]);
    street.invoke().says(["spawn i-0002/0"]);
    let last = street.records().filter_map(|record| match record {
        Record::Born { cause, .. } => Some(*cause),
        _ => None,
    });
    assert_eq!(last.last(), Some(ColdCause::AfterRetirement(Retirement::FunctionIdle)));
}

#[test]
fn an_instance_that_is_idle_for_1100_s_goes_though_its_function_is_busy() {
    let mut street = Street::new(Settings { freeze_after: None, ..settings() });
    street.invoke().whatever();
    street.invoke().whatever();
    for serial in [0, 1] {
        street.next(process(serial, 0)).whatever();
        street.respond(process(serial, 0), serial).whatever();
        street.next(process(serial, 0)).whatever();
    }

    // The last one used serves all that follows.
    for (r, minute) in (2..).zip(1..=18) {
        street.at(minute * 60_000).whatever();
        street.serve_warm(process(1, 0), r);
    }
    street.at(1_099_999).says([]);
    street.at(1_100_000).says(["kill i-0000/0"]);
}

#[test]
fn a_life_is_between_6000_and_7400_s_and_a_busy_instance_finishes_first() {
    let mut street = Street::new(Settings { freeze_after: None, ..settings() });
    street.serve_cold(process(0, 0), 0);
    let life = street.records().find_map(|record| match record {
        Record::Born { life, .. } => *life,
        _ => None,
    });
    let life = life.expect("a life was drawn");
    assert!((6_000.0..=7_400.0).contains(&life.as_secs_f64()));

    let end_ms = u64::try_from(life.as_millis()).expect("it is short");
    let mut r = 1;
    for second in (600..end_ms / 1_000).step_by(600) {
        street.at(second * 1_000).whatever();
        street.serve_warm(process(0, 0), r);
        r += 1;
    }
    street.at(end_ms - 1).whatever();
    street.invoke().whatever();
    street.at(end_ms + 1_000).says([]);
    street.respond(process(0, 0), r).whatever();
    street.next(process(0, 0));
    let release = format!("release r-{r:04}");
    street.says([release.as_str(), "kill i-0000/0"]);
}

#[test]
fn an_idle_instance_goes_when_its_life_is_over() {
    let life = Duration::from_secs(100);
    let reclaim = ReclaimPolicy { life: Some((life, life)), ..ReclaimPolicy::never() };
    let mut street = Street::new(Settings { reclaim, freeze_after: None, ..settings() });
    street.serve_cold(process(0, 0), 0);

    street.at(99_999).says([]);
    street.at(100_000).says(["kill i-0000/0"]);
}

#[test]
fn nobody_goes_where_the_policy_says_never() {
    let reclaim = ReclaimPolicy::never();
    let mut street = Street::new(Settings { reclaim, freeze_after: None, ..settings() });
    street.serve_cold(process(0, 0), 0);

    assert_eq!(street.cloud.poll_timeout(), None);
    street.at(1_000_000_000).says([]);
}

#[test]
fn new_code_has_new_instances_and_the_old_ones_finish_and_go() {
    let mut street = Street::new(settings());
    street.serve_cold(process(0, 0), 0);
    street.invoke().whatever();
    street.invoke().says(["spawn i-0001/0"]);
    street.next(process(1, 0)).whatever();
    street.respond(process(1, 0), 2).whatever();
    street.next(process(1, 0)).whatever();

    street.deploy(COFFEE, 2, config(1_000)).says(["kill i-0001/0"]);
    street.exit(process(1, 0), Exit::Signal(9)).says(["retire i-0001"]);
    street.invoke().says(["spawn i-0002/0"]);
    street.respond(process(0, 0), 1).says(["reply r-0001: returned"]);
    street.next(process(0, 0)).says(["release r-0001", "kill i-0000/0"]);
}

#[test]
fn an_invocation_on_old_code_keeps_its_own_timeout() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    street.deploy(COFFEE, 2, config(1_000)).says([]);

    street.at(10).next(process(0, 0)).says(["deliver r-0000 to i-0000/0 until 3.010"]);
}

#[test]
fn an_evicted_function_has_a_cold_start_next_and_a_busy_instance_finishes() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    street.next(process(0, 0)).whatever();

    street.tell(Event::EvictFunction { function: COFFEE }).says([]);
    street.invoke().says(["spawn i-0001/0"]);
    street.respond(process(0, 0), 0).whatever();
    street.next(process(0, 0)).says(["release r-0000", "kill i-0000/0"]);
}

#[test]
fn an_evicted_instance_goes_alone() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    street.invoke().whatever();
    for serial in [0, 1] {
        street.next(process(serial, 0)).whatever();
        street.respond(process(serial, 0), serial).whatever();
        street.next(process(serial, 0)).whatever();
    }

    let instance = process(1, 0).instance;
    street.tell(Event::EvictInstance { instance }).says(["kill i-0001/0"]);
    street.invoke().says(["deliver r-0002 to i-0000/0 until 3.000"]);
    let gone = InstanceId { serial: 9, index: 9 };
    assert_eq!(street.refused(Event::EvictInstance { instance: gone }), Refusal::Gone);
}

#[test]
fn an_instance_that_is_going_cannot_be_told_to_go_again() {
    let mut street = Street::new(settings());
    street.serve_cold(process(0, 0), 0);
    let instance = process(0, 0).instance;

    street.tell(Event::EvictInstance { instance }).says(["kill i-0000/0"]);
    street.tell(Event::EvictInstance { instance }).says([]);
    street.exit(process(0, 0), Exit::Signal(9)).says(["retire i-0000"]);
    street.invoke().says(["spawn i-0001/0"]);
}

#[test]
fn an_instance_with_an_extension_has_a_shutdown_phase_of_500_ms() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    street
        .tell(Event::ExtensionRegistered { process: process(0, 0), invoke: false, external: false })
        .says([]);
    let extension = Event::Next { process: process(0, 0), participant: Participant::Extension(0) };
    street.tell(extension).says([]);
    street.next(process(0, 0)).whatever();
    street.respond(process(0, 0), 0).whatever();
    street.next(process(0, 0)).says(["release r-0000"]);

    street.at(640_000).says(["freeze i-0000/0", "thaw i-0000/0", "terminate i-0000/0"]);
    street.at(640_499).says([]);
    street.at(640_500).says(["kill i-0000/0"]);
    street.exit(process(0, 0), Exit::Signal(9)).says(["retire i-0000"]);
}

#[test]
fn the_end_of_the_cloud_answers_everybody_and_ends_everything() {
    let mut street = Street::new(settings());
    street.serve_cold(process(0, 0), 0);
    street.invoke().whatever();
    street.invoke().whatever();

    street.tell(Event::ShutDown).says([
        "reply r-0001: shut down",
        "release r-0001",
        "kill i-0000/0",
        "reply r-0002: shut down",
        "release r-0002",
        "kill i-0001/0",
    ]);
    assert!(!street.cloud.settled());
    street.exit(process(0, 0), Exit::Signal(9)).says(["retire i-0000"]);
    street.exit(process(1, 0), Exit::Signal(9)).says(["retire i-0001"]);
    assert!(street.cloud.settled());
    assert_eq!(street.cloud.poll_timeout(), None);
    let invoke = Event::Invoke {
        request: request(9),
        function: COFFEE,
        kind: InvocationKind::RequestResponse,
        reply: ReplyAt::Response,
        qualifier: QualifierId::LATEST,
    };
    assert_eq!(street.refused(invoke), Refusal::ShuttingDown);
}
