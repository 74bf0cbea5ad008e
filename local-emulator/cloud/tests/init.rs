//! INIT and what can go wrong in it, each promise by its name, in virtual time.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one kind of record")]

mod street;

use std::time::Duration;

use lunch_cloud::{Delay, DelayModel, Event, InitFailure, InvocationKind, Phase, Record, ReplyAt};
use lunch_contract::{Exit, Participant, Refusal, RuntimeState, SpawnFailure};
use street::{Street, TEA, config, process, settings};

#[test]
fn an_init_that_takes_more_than_ten_seconds_comes_again_inside_the_invocation() {
    let mut street = Street::new(settings());
    street.invoke().whatever();

    street.at(9_999).says([]);
    street.at(10_000).says(["kill i-0000/0"]);
    street.exit(process(0, 0), Exit::Signal(9)).says(["spawn i-0000/1"]);
    street.at(12_900).next(process(0, 1)).says(["deliver r-0000 to i-0000/1 until 13.000"]);
    street.at(13_000).says(["reply r-0000: timed out", "release r-0000", "kill i-0000/1"]);
}

#[test]
fn a_crash_during_init_is_retried_inside_the_invocation() {
    let mut street = Street::new(settings());
    street.invoke().whatever();

    street.at(10).exit(process(0, 0), Exit::Code(1)).says(["spawn i-0000/1"]);
    street.at(20).next(process(0, 1)).says(["deliver r-0000 to i-0000/1 until 3.010"]);
    street.respond(process(0, 1), 0).says(["reply r-0000: returned"]);
    street.at(30).next(process(0, 1)).says(["release r-0000"]);

    let ended = street.records().find_map(|record| match record {
        Record::Ended { duration, init, billed_ms, .. } => Some((*duration, *init, *billed_ms)),
        _ => None,
    });
    assert_eq!(ended, Some((Duration::from_millis(20), None, 20)), "the second INIT is duration");
}

#[test]
fn a_second_crash_during_init_is_the_callers_answer_and_the_instance_stays() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    street.exit(process(0, 0), Exit::Code(1)).whatever();

    street.at(5).exit(process(0, 1), Exit::Code(7));
    street.says(["reply r-0000: exited, exit status 7", "release r-0000"]);
    assert_eq!(street.phases(), [("i-0000".into(), Phase::Reset)]);
    street.at(6).invoke().says(["spawn i-0000/2"]);
}

#[test]
fn after_an_init_error_the_process_ends_itself_and_the_second_one_is_the_callers_answer() {
    let mut street = Street::new(settings());
    street.invoke().whatever();

    street.tell(Event::InitError { process: process(0, 0) }).says([]);
    street.exit(process(0, 0), Exit::Code(1)).says(["spawn i-0000/1"]);
    street.tell(Event::InitError { process: process(0, 1) });
    street.says(["reply r-0000: init error", "release r-0000"]);
    street.exit(process(0, 1), Exit::Code(1)).says([]);
    assert_eq!(street.phases(), [("i-0000".into(), Phase::Reset)]);
}

#[test]
fn who_outlives_its_init_error_is_ended() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    street.tell(Event::InitError { process: process(0, 0) }).says([]);
    street.at(499).says([]);
    street.at(500).says(["kill i-0000/0"]);
    street.exit(process(0, 0), Exit::Signal(9)).says(["spawn i-0000/1"]);
}

#[test]
fn after_an_init_error_a_runtime_may_do_nothing_more() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    let process = process(0, 0);
    street.tell(Event::InitError { process }).says([]);
    for (event, to) in [
        (Event::Next { process, participant: Participant::Runtime }, RuntimeState::RuntimeReady),
        (Event::InitError { process }, RuntimeState::RuntimeInitError),
    ] {
        let from = RuntimeState::RuntimeInitError;
        assert_eq!(street.refused(event), Refusal::InvalidStateTransition { from, to });
    }
}

#[test]
fn the_end_of_the_cloud_does_not_wait_for_who_has_reported_an_init_error() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    street.tell(Event::InitError { process: process(0, 0) }).says([]);
    street.tell(Event::ShutDown);
    street.says(["reply r-0000: shut down", "release r-0000", "kill i-0000/0"]);
    street.exit(process(0, 0), Exit::Signal(9)).whatever();
    assert_eq!(street.phases(), []);
}

#[test]
fn a_program_that_cannot_be_started_is_tried_twice_and_then_said_so() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    let failed =
        |spawn| Event::SpawnFailed { process: process(0, spawn), why: SpawnFailure::Missing };

    street.tell(failed(0)).says(["spawn i-0000/1"]);
    street.tell(failed(1)).says(["reply r-0000: not started", "release r-0000"]);
}

#[test]
fn a_placement_delay_is_nobodys_init() {
    let mut street = Street::new(settings());
    let delay = DelayModel {
        placement: Delay::Fixed(Duration::from_millis(200)),
        init: Delay::Fixed(Duration::from_millis(50)),
    };
    street.deploy(TEA, 1, lunch_cloud::FunctionConfig { delay, ..config(3_000) }).says([]);

    street.invoke_with(TEA, InvocationKind::RequestResponse, ReplyAt::Response).says([]);
    street.at(200).says(["spawn i-0000/0"]);
    street.at(210).next(process(0, 0)).says([]);
    street.at(249).says([]);
    street.at(250).says(["deliver r-0000 to i-0000/0 until 3.250"]);
    street.respond(process(0, 0), 0).whatever();
    street.next(process(0, 0)).whatever();
    let ended = street.records().find_map(|record| match record {
        Record::Ended { init, .. } => *init,
        _ => None,
    });
    assert_eq!(ended, Some(Duration::from_millis(50)));
}

#[test]
fn a_modelled_init_counts_towards_the_ten_seconds() {
    let mut street = Street::new(settings());
    let delay = DelayModel { init: Delay::Fixed(Duration::from_secs(11)), ..DelayModel::default() };
    street.deploy(TEA, 1, lunch_cloud::FunctionConfig { delay, ..config(3_000) }).says([]);
    street.invoke_with(TEA, InvocationKind::RequestResponse, ReplyAt::Response).whatever();

    street.at(10).next(process(0, 0)).says([]);
    street.at(10_000).says(["kill i-0000/0"]);
    let failure = street.records().find_map(|record| match record {
        Record::InitFailed { failure, .. } => Some(*failure),
        _ => None,
    });
    assert_eq!(failure, Some(InitFailure::TimedOut));
}

#[test]
fn an_instance_is_ready_when_all_its_extensions_are() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    let register =
        Event::ExtensionRegistered { process: process(0, 0), invoke: true, external: false };

    street.tell(register.clone()).says([]);
    street.next(process(0, 0)).says([]);
    assert_eq!(street.refused(register), Refusal::RegistrationClosed);
    let extension =
        |n| Event::Next { process: process(0, 0), participant: Participant::Extension(n) };
    assert_eq!(street.refused(extension(1)), Refusal::UnknownExtension);
    street.tell(extension(0)).says([
        "deliver r-0000 to i-0000/0 until 3.000",
        "notify i-0000/0 extension 0 of r-0000 until 3.000",
    ]);
    street.respond(process(0, 0), 0).says(["reply r-0000: returned"]);
    street.next(process(0, 0)).says([]);
    street.tell(extension(0)).says(["release r-0000"]);
}
