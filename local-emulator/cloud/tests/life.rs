//! The life of an instance from its first request on, each promise by its name, in virtual time.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one kind of record")]

mod street;

use std::time::Duration;

use lunch_cloud::{
    Choice, ColdCause, Event, InvocationKind, Phase, ReclaimPolicy, Record, ReplyAt, ResetCause,
    Settings, Start, Status,
};
use lunch_contract::{
    Exit, InstanceId, Limits, Outcome, Process, QualifierId, Refusal, ResponseEnding, RuntimeState,
};
use street::{COFFEE, Street, TEA, config, process, request, settings};

#[test]
fn a_first_request_finds_nobody_and_is_cold() {
    let mut street = Street::new(settings());

    street.at(100).invoke().says(["spawn i-0000/0"]);
    street.at(120).next(process(0, 0)).says(["deliver r-0000 to i-0000/0 until 3.120"]);
    street.at(150).respond(process(0, 0), 0).says(["reply r-0000: returned"]);
    street.at(151).next(process(0, 0)).says(["release r-0000"]);

    let born = street.records().find_map(|record| match record {
        Record::Born { cause, .. } => Some(*cause),
        _ => None,
    });
    assert_eq!(born, Some(ColdCause::First));
}

#[test]
fn a_second_request_finds_the_instance_warm() {
    let mut street = Street::new(settings());
    street.serve_cold(process(0, 0), 0);

    street.at(10).says(["freeze i-0000/0"]).invoke();
    street.says(["thaw i-0000/0", "deliver r-0001 to i-0000/0 until 3.010"]);
}

#[test]
fn every_concurrent_request_has_an_instance_of_its_own() {
    let mut street = Street::new(settings());

    street.invoke().says(["spawn i-0000/0"]);
    street.invoke().says(["spawn i-0001/0"]);
    street.invoke().says(["spawn i-0002/0"]);
}

#[test]
fn a_request_waits_for_an_instance_that_is_about_to_ask_for_more() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    street.next(process(0, 0)).whatever();
    street.respond(process(0, 0), 0).whatever();

    street.at(5).invoke().says([]);
    street.at(6).next(process(0, 0));
    street.says(["release r-0000", "deliver r-0001 to i-0000/0 until 3.006"]);
}

#[test]
fn the_wait_for_such_an_instance_is_bounded_and_then_the_start_is_cold() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    street.next(process(0, 0)).whatever();
    street.respond(process(0, 0), 0).whatever();

    street.at(5).invoke().says([]);
    street.at(29).says([]);
    street.at(30).says(["spawn i-0001/0"]);
}

#[test]
fn no_more_requests_wait_than_there_are_instances_to_wait_for() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    street.next(process(0, 0)).whatever();
    street.respond(process(0, 0), 0).whatever();

    street.at(5).invoke().says([]);
    street.invoke().says(["spawn i-0001/0"]);
}

#[test]
fn back_to_back_requests_are_neither_frozen_nor_thawed() {
    let mut street =
        Street::new(Settings { freeze_after: Some(Duration::from_millis(5)), ..settings() });
    street.serve_cold(process(0, 0), 0);

    street.at(4).invoke().says(["deliver r-0001 to i-0000/0 until 3.004"]);
    street.respond(process(0, 0), 1).whatever();
    street.next(process(0, 0)).whatever();
    street.at(8).says([]);
    street.at(9).says(["freeze i-0000/0"]);
}

#[test]
fn an_instance_is_never_frozen_where_freezing_is_off() {
    let mut street = Street::new(Settings { freeze_after: None, ..settings() });
    street.serve_cold(process(0, 0), 0);

    street.at(600_000).says([]).invoke().says(["deliver r-0001 to i-0000/0 until 603.000"]);
}

#[test]
fn the_most_recently_used_instance_serves_next_and_the_settings_can_say_otherwise() {
    // Born 0, 1, 2; used last in the order 2, 0, 1.
    for (choice, expected) in [
        (Choice::MostRecentlyUsed, 1),
        (Choice::LeastRecentlyUsed, 2),
        (Choice::Oldest, 0),
        (Choice::Newest, 2),
    ] {
        let mut street = Street::new(Settings { choice, freeze_after: None, ..settings() });
        for serial in 0..3 {
            street.invoke().whatever();
            street.next(process(serial, 0)).whatever();
        }
        for serial in [2, 0, 1] {
            street.respond(process(serial, 0), serial).whatever();
            street.next(process(serial, 0)).whatever();
        }
        let line = format!("deliver r-0003 to i-000{expected}/0 until 3.000");
        street.invoke().says([&line]);
    }
}

#[test]
fn a_random_choice_is_the_seeds() {
    let chosen = |seed| {
        let mut street = Street::new(Settings {
            choice: Choice::Random,
            freeze_after: None,
            seed,
            ..settings()
        });
        for serial in 0..20 {
            street.invoke().whatever();
            street.next(process(serial, 0)).whatever();
        }
        for serial in 0..20 {
            street.respond(process(serial, 0), serial).whatever();
            street.next(process(serial, 0)).whatever();
        }
        street.invoke().whatever();
        street.cloud.instances().find(|view| view.phase == Phase::Invoke).map(|view| view.instance)
    };
    assert_eq!(chosen(1), chosen(1));
    assert!((2..12).any(|seed| chosen(seed) != chosen(1)));
}

#[test]
fn the_timeout_does_not_count_the_init() {
    let mut street = Street::new(settings());
    street.invoke().whatever();

    street.at(9_000).next(process(0, 0)).says(["deliver r-0000 to i-0000/0 until 12.000"]);
    street.at(11_999).says([]);
    street.at(12_000).says(["reply r-0000: timed out", "release r-0000", "kill i-0000/0"]);
}

#[test]
fn a_timeout_resets_the_same_instance_and_the_next_request_initialises_it_again() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    street.next(process(0, 0)).whatever();
    street.at(3_000).whatever();

    street.exit(process(0, 0), Exit::Signal(9)).says([]);
    assert_eq!(street.phases(), [("i-0000".into(), Phase::Reset)]);
    street.at(3_500).invoke().says(["spawn i-0000/1"]);
    street.at(3_520).next(process(0, 1)).says(["deliver r-0001 to i-0000/1 until 6.500"]);
    let start = street.records().filter_map(|record| match record {
        Record::Started { start, .. } => Some(*start),
        _ => None,
    });
    assert_eq!(
        start.collect::<Vec<_>>(),
        [Start::Cold(ColdCause::First), Start::Reinitialized(ResetCause::TimedOut)]
    );
}

#[test]
fn a_request_waits_for_an_instance_that_is_being_reset() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    street.next(process(0, 0)).whatever();
    street.at(3_000).whatever();

    street.invoke().says([]);
    street.at(3_001).exit(process(0, 0), Exit::Signal(9)).says(["spawn i-0000/1"]);
}

#[test]
fn an_answer_at_the_deadline_is_too_late_even_if_the_drivers_timer_is_later() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    street.next(process(0, 0)).whatever();

    let late = Event::ResponseStarted { process: process(0, 0), request: request(0), error: false };
    assert_eq!(street.tell_late(3_000, late), Err(Refusal::InvalidRequestId));
    street.says(["reply r-0000: timed out", "release r-0000", "kill i-0000/0"]);
}

#[test]
fn a_process_that_ends_in_an_invocation_is_the_callers_answer() {
    for (exit, line) in [
        (Exit::Code(0), "reply r-0000: exited, exit status 0"),
        (Exit::Code(3), "reply r-0000: exited, exit status 3"),
        (Exit::Signal(11), "reply r-0000: exited, signal 11"),
    ] {
        let mut street = Street::new(settings());
        street.invoke().whatever();
        street.next(process(0, 0)).whatever();

        street.at(5).exit(process(0, 0), exit).says([line, "release r-0000"]);
        street.invoke().says(["spawn i-0000/1"]);
    }
}

#[test]
fn a_process_that_ends_after_its_answer_has_answered() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    street.next(process(0, 0)).whatever();
    street.respond(process(0, 0), 0).says(["reply r-0000: returned"]);

    street.exit(process(0, 0), Exit::Code(1)).says(["release r-0000"]);
    let status = street.records().find_map(|record| match record {
        Record::Ended { status, .. } => Some(*status),
        _ => None,
    });
    assert_eq!(status, Some(Status::Error));
}

#[test]
fn a_process_that_ends_while_frozen_leaves_an_instance_that_is_initialised_again() {
    let mut street = Street::new(settings());
    street.serve_cold(process(0, 0), 0).at(1).whatever();

    street.exit(process(0, 0), Exit::Signal(9)).says([]);
    street.at(2).invoke().says(["spawn i-0000/1"]);
}

#[test]
fn an_error_of_the_functions_own_does_not_reset_it() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    street.next(process(0, 0)).whatever();

    street.end(process(0, 0), 0, ResponseEnding::Error).says(["reply r-0000: function error"]);
    street.next(process(0, 0)).says(["release r-0000"]);
    street.invoke().says(["deliver r-0001 to i-0000/0 until 3.000"]);
}

#[test]
fn an_answer_that_is_too_large_or_cut_off_is_said_so_and_the_instance_lives() {
    for (ending, line) in [
        (ResponseEnding::Oversized, "reply r-0000: response too large"),
        (ResponseEnding::Truncated, "reply r-0000: response truncated"),
    ] {
        let mut street = Street::new(settings());
        street.invoke().whatever();
        street.next(process(0, 0)).whatever();

        street.end(process(0, 0), 0, ending).says([line]);
        street.next(process(0, 0)).says(["release r-0000"]);
        street.invoke().says(["deliver r-0001 to i-0000/0 until 3.000"]);
    }
}

#[test]
fn a_second_answer_is_refused_and_changes_nothing() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    street.next(process(0, 0)).whatever();
    street.respond(process(0, 0), 0).whatever();

    let again =
        |error| Event::ResponseStarted { process: process(0, 0), request: request(0), error };
    assert_eq!(
        street.refused(again(false)),
        Refusal::InvalidStateTransition {
            from: RuntimeState::RuntimeResponseSent,
            to: RuntimeState::InvocationResponse
        }
    );
    assert_eq!(
        street.refused(again(true)),
        Refusal::InvalidStateTransition {
            from: RuntimeState::RuntimeResponseSent,
            to: RuntimeState::InvocationErrorResponse
        }
    );
    street.next(process(0, 0)).says(["release r-0000"]);
}

#[test]
fn an_answer_to_a_request_that_is_not_in_hand_is_refused() {
    let mut street = Street::new(settings());
    street.serve_cold(process(0, 0), 0);
    let answer =
        |r| Event::ResponseStarted { process: process(0, 0), request: request(r), error: false };

    assert_eq!(street.refused(answer(0)), Refusal::InvalidRequestId, "it has ended");
    street.invoke().whatever();
    assert_eq!(street.refused(answer(0)), Refusal::InvalidRequestId, "it is the one before");
    assert_eq!(street.refused(answer(7)), Refusal::InvalidRequestId, "there never was one");
}

#[test]
fn a_late_answer_after_the_timeout_reaches_nobody() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    street.next(process(0, 0)).whatever();
    street.at(3_000).whatever();

    let late = Event::ResponseStarted { process: process(0, 0), request: request(0), error: false };
    assert_eq!(street.refused(late), Refusal::InvalidRequestId);
    assert_eq!(street.outcomes.len(), 1);
}

#[test]
fn asking_for_more_with_an_invocation_in_hand_gives_the_same_one_again() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    street.next(process(0, 0)).says(["deliver r-0000 to i-0000/0 until 3.000"]);

    street.at(7).next(process(0, 0)).says(["deliver r-0000 to i-0000/0 until 3.000"]);
}

#[test]
fn a_caller_who_leaves_changes_nothing_for_the_function() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    street.next(process(0, 0)).whatever();

    street.tell(Event::CallerLeft { request: request(0) }).says([]);
    street.respond(process(0, 0), 0).says(["reply r-0000: returned"]);
    street.next(process(0, 0)).says(["release r-0000"]);
    assert_eq!(street.refused(Event::CallerLeft { request: request(0) }), Refusal::UnknownRequest);
}

#[test]
fn a_stale_exit_cannot_touch_the_process_after() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    street.exit(process(0, 0), Exit::Code(1)).says(["spawn i-0000/1"]);

    let stale = Event::Exited { process: process(0, 0), exit: Exit::Code(1) };
    assert_eq!(street.refused(stale), Refusal::Gone);
    street.next(process(0, 1)).says(["deliver r-0000 to i-0000/1 until 3.000"]);
}

#[test]
fn a_stale_word_about_a_dead_instance_cannot_touch_who_has_its_place() {
    let mut street = Street::new(settings());
    street.serve_cold(process(0, 0), 0);
    street.tell(Event::EvictFunction { function: COFFEE }).says(["kill i-0000/0"]);
    street.exit(process(0, 0), Exit::Signal(9)).says(["retire i-0000"]);
    street.invoke().says(["spawn i-0001/0"]);

    let stale = Event::Exited { process: process(0, 0), exit: Exit::Signal(9) };
    assert_eq!(street.refused(stale), Refusal::Gone);
    let successor = Process { instance: InstanceId { serial: 1, index: 0 }, spawn: 0 };
    street.next(successor).says(["deliver r-0001 to i-0001/0 until 3.000"]);
}

#[test]
fn an_answer_with_the_logs_tail_waits_for_the_end() {
    let mut street = Street::new(settings());
    street.invoke_with(COFFEE, InvocationKind::RequestResponse, ReplyAt::End).whatever();
    street.next(process(0, 0)).whatever();

    street.respond(process(0, 0), 0).says([]);
    street.at(3).next(process(0, 0)).says(["reply r-0000: returned", "release r-0000"]);
}

#[test]
fn an_answer_that_waits_for_an_end_that_never_comes_is_given_at_the_timeout() {
    let mut street = Street::new(settings());
    street.invoke_with(COFFEE, InvocationKind::RequestResponse, ReplyAt::End).whatever();
    street.next(process(0, 0)).whatever();
    street.respond(process(0, 0), 0).says([]);

    street.at(3_000).says(["reply r-0000: returned", "release r-0000", "kill i-0000/0"]);
}

#[test]
fn a_timeout_after_the_answer_resets_the_instance_and_not_the_answer() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    street.next(process(0, 0)).whatever();
    street.respond(process(0, 0), 0).says(["reply r-0000: returned"]);

    street.at(3_000).says(["release r-0000", "kill i-0000/0"]);
    let status = street.records().find_map(|record| match record {
        Record::Ended { status, .. } => Some(*status),
        _ => None,
    });
    assert_eq!(status, Some(Status::Timeout));
}

#[test]
fn a_request_id_leaves_no_hole_and_is_not_used_twice_at_once() {
    let mut street = Street::new(settings());
    let invoke = |index| Event::Invoke {
        request: lunch_contract::RequestId { serial: 0, index },
        function: COFFEE,
        kind: InvocationKind::RequestResponse,
        reply: ReplyAt::Response,
        qualifier: QualifierId::LATEST,
    };

    assert_eq!(street.refused(invoke(u32::MAX)), Refusal::UnknownRequest);
    street.tell(invoke(0)).says(["spawn i-0000/0"]);
    assert_eq!(street.refused(invoke(0)), Refusal::RequestInUse);
}

#[test]
fn no_more_than_ten_extensions_register() {
    let mut street = Street::new(settings());
    street.invoke().whatever();
    let register =
        Event::ExtensionRegistered { process: process(0, 0), invoke: true, external: false };

    for _ in 0..10 {
        street.tell(register.clone()).says([]);
    }
    assert_eq!(street.refused(register), Refusal::TooManyExtensions);
}

#[test]
fn an_instance_with_two_slots_takes_two_requests_and_no_third() {
    let mut street = Street::new(settings());
    let two = lunch_cloud::FunctionConfig { slots: 2, ..config(3_000) };
    street.deploy(TEA, 1, two).says([]);
    let invoke = |street: &mut Street| {
        street.invoke_with(TEA, InvocationKind::RequestResponse, ReplyAt::Response).whatever();
    };
    invoke(&mut street);
    street.next(process(0, 0)).says(["deliver r-0000 to i-0000/0 until 3.000"]);

    street.next(process(0, 0)).says([]);
    street.invoke_with(TEA, InvocationKind::RequestResponse, ReplyAt::Response);
    street.says(["deliver r-0001 to i-0000/0 until 3.000"]);
    street.invoke_with(TEA, InvocationKind::RequestResponse, ReplyAt::Response);
    street.says(["spawn i-0001/0"]);
    street.respond(process(0, 0), 0).says(["reply r-0000: returned"]);
    street.next(process(0, 0)).says(["release r-0000"]);
}

#[test]
fn advance_has_only_policy_to_skip_when_the_cloud_is_settled() {
    let mut street = Street::new(settings());
    assert!(street.cloud.settled());
    street.invoke().whatever();
    assert!(!street.cloud.settled(), "INIT");
    street.next(process(0, 0)).whatever();
    assert!(!street.cloud.settled(), "INVOKE");
    street.respond(process(0, 0), 0).whatever();
    assert!(!street.cloud.settled(), "the runtime has not asked for more");
    street.invoke().whatever();
    street.next(process(0, 0)).whatever();
    assert!(!street.cloud.settled());
    street.respond(process(0, 0), 1).whatever();
    street.next(process(0, 0)).whatever();
    assert!(street.cloud.settled());
}

#[test]
fn a_limit_of_aws_is_a_setting_with_its_own_value_by_default() {
    assert_eq!(Settings::default().limits, Limits::strict());
    assert_eq!(Settings::default().reclaim, ReclaimPolicy::aws_2020());
    assert_eq!(Settings::default().choice, Choice::MostRecentlyUsed);
    assert_eq!(Outcome::TimedOut { after: Duration::from_secs(1) }.word(), "timed out");
}
