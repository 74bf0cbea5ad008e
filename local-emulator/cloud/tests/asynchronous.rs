//! Asynchronous invocation in virtual time: when an event comes again, and when it is given up. Facts 6.

use std::time::Duration;

use lunch_cloud::asynchronous::{Asynchronous, Command, Condition, EventConfig, Settings, Waiting};
use lunch_contract::{FunctionId, Moment, Outcome, QualifierId, RequestId, ThrottleReason};

const EVENT: RequestId = RequestId { serial: 0, index: 0 };
const COFFEE: FunctionId = FunctionId(0);

const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn at(count: u64) -> Moment {
    Moment::ZERO + secs(count)
}

/// What the machine says of an event whose every attempt goes like that, with the seconds at which it says so.
fn told(config: EventConfig, mut go: impl FnMut(u32) -> (Outcome, bool)) -> Vec<(u64, Command)> {
    let mut machine = Asynchronous::new(Settings::default());
    machine.configure(COFFEE, QualifierId::LATEST, config);
    machine.accept(at(0), EVENT, COFFEE, QualifierId::LATEST);
    let (mut now, mut attempt, mut told) = (at(0), 0, Vec::new());
    loop {
        let (outcome, is_stopped) = go(attempt);
        attempt += 1;
        machine.answered(EVENT, &outcome, is_stopped);
        machine.ended(now, EVENT);
        while let Some(command) = machine.poll_command() {
            told.push((now.since(Moment::ZERO).as_secs(), command));
        }
        let Some((due, _)) = machine.poll_timeout() else { return told };
        now = due;
        machine.handle_timeout(now);
        let again = machine.poll_command();
        assert_eq!(again, Some(Command::Attempt { request: EVENT, function: COFFEE }));
    }
}

fn ended(condition: Condition, attempts: u32) -> Command {
    Command::Ended { request: EVENT, function: COFFEE, condition, attempts }
}

fn retry(after: u64, attempts: u32) -> Command {
    again(after, attempts, 0)
}

fn again(after: u64, attempts: u32, throttles: u32) -> Command {
    Command::Retry { request: EVENT, at: at(after), attempts, throttles }
}

fn throttled() -> Outcome {
    Outcome::Throttled { reason: ThrottleReason::ConcurrentInvocationLimitExceeded }
}

#[test]
fn an_event_that_is_worked_off_is_done() {
    let told = told(EventConfig::default(), |_| (Outcome::Returned, false));
    assert_eq!(told, [(0, ended(Condition::Success, 1))]);
}

#[test]
fn an_event_that_fails_comes_again_after_one_minute_and_after_two() {
    let told = told(EventConfig::default(), |_| (Outcome::FunctionError, false));
    let expected =
        [(0, retry(60, 1)), (60, retry(180, 2)), (180, ended(Condition::RetriesExhausted, 3))];
    assert_eq!(told, expected);
}

#[test]
fn a_function_may_want_no_retries() {
    let config = EventConfig { retries_max: 0, ..EventConfig::default() };
    let told = told(config, |_| (Outcome::FunctionError, false));
    assert_eq!(told, [(0, ended(Condition::RetriesExhausted, 1))]);
}

#[test]
fn an_event_that_would_be_too_old_by_then_is_given_up_now() {
    let of_age = |age| EventConfig { age_max: secs(age), ..EventConfig::default() };
    let at_60 = told(of_age(59), |_| (Outcome::FunctionError, false));
    assert_eq!(at_60, [(0, ended(Condition::EventAgeExceeded, 1))]);
    let at_90 = told(of_age(90), |_| (Outcome::FunctionError, false));
    assert_eq!(at_90, [(0, retry(60, 1)), (60, ended(Condition::EventAgeExceeded, 2))]);
}

#[test]
fn a_throttle_is_no_attempt_and_its_pauses_grow_to_five_minutes_for_six_hours() {
    let told = told(EventConfig::default(), |_| (throttled(), false));
    let pauses: Vec<_> = told
        .iter()
        .filter_map(|(now, command)| match command {
            Command::Retry { at, .. } => Some(at.since(Moment::ZERO).as_secs() - now),
            Command::Attempt { .. } | Command::Ended { .. } => None,
        })
        .collect();
    assert_eq!(pauses[..11], [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    let (last, end) = told.last().expect("it ends");
    assert_eq!(*end, ended(Condition::EventAgeExceeded, 0));
    assert!((6 * 3_600 - 300..=6 * 3_600).contains(last), "{last} s");
}

#[test]
fn who_is_throttled_and_then_fails_has_all_his_retries() {
    let told = told(EventConfig::default(), |attempt| match attempt {
        0 | 1 => (throttled(), false),
        _ => (Outcome::FunctionError, false),
    });
    let expected = [
        (0, again(1, 0, 1)),
        (1, again(3, 0, 2)),
        (3, retry(63, 1)),
        (63, retry(183, 2)),
        (183, ended(Condition::RetriesExhausted, 3)),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_function_that_is_stopped_by_a_concurrency_of_0_is_not_tried_again() {
    let told = told(EventConfig::default(), |_| (throttled(), true));
    assert_eq!(told, [(0, ended(Condition::ZeroReservedConcurrency, 0))]);
}

#[test]
fn at_the_shutdown_who_waits_is_given_up() {
    let mut machine = Asynchronous::new(Settings::default());
    machine.accept(at(0), EVENT, COFFEE, QualifierId::LATEST);
    machine.answered(EVENT, &Outcome::FunctionError, false);
    machine.ended(at(0), EVENT);
    assert_eq!(machine.poll_command(), Some(retry(60, 1)));
    machine.shut_down();
    assert_eq!(machine.poll_command(), Some(ended(Condition::ShutDown, 1)));
    assert_eq!(machine.poll_timeout(), None);
}

#[test]
fn an_event_that_grew_too_old_while_the_cloud_was_away_is_not_tried_again() {
    let config = EventConfig { age_max: secs(200), ..EventConfig::default() };
    let come_back = |now| {
        let mut machine = Asynchronous::new(Settings::default());
        machine.configure(COFFEE, QualifierId::LATEST, config);
        let (function, accepted, next) = (COFFEE, at(0), at(60));
        machine.resume(
            now,
            Waiting {
                request: EVENT,
                function,
                qualifier: QualifierId::LATEST,
                accepted,
                attempts: 1,
                throttles: 0,
                next,
            },
        );
        machine.handle_timeout(now);
        machine.poll_command()
    };
    assert_eq!(come_back(at(200)), Some(Command::Attempt { request: EVENT, function: COFFEE }));
    assert_eq!(come_back(at(201)), Some(ended(Condition::EventAgeExceeded, 1)));
}

#[test]
fn an_event_whose_attempt_fails_at_the_shutdown_has_its_other_attempts_to_come() {
    let mut machine = Asynchronous::new(Settings::default());
    machine.accept(at(0), EVENT, COFFEE, QualifierId::LATEST);
    machine.answered(EVENT, &Outcome::FunctionError, false);
    machine.shut_down();
    machine.ended(at(0), EVENT);
    let said: Vec<_> = std::iter::from_fn(|| machine.poll_command()).collect();
    assert_eq!(said, [retry(60, 1), ended(Condition::ShutDown, 1)]);
    assert_eq!(machine.poll_timeout(), None);
}

#[test]
fn an_alias_has_its_events_tried_again_as_it_says_and_not_as_its_function() {
    const LIVE: QualifierId = QualifierId(1);
    let mut machine = Asynchronous::new(Settings::default());
    let once = EventConfig { retries_max: 0, ..EventConfig::default() };
    machine.configure(COFFEE, LIVE, once);
    let other = RequestId { serial: 1, index: 1 };
    machine.accept(at(0), EVENT, COFFEE, LIVE);
    machine.accept(at(0), other, COFFEE, QualifierId::LATEST);
    for event in [EVENT, other] {
        machine.answered(event, &Outcome::FunctionError, false);
        machine.ended(at(0), event);
    }
    assert_eq!(machine.poll_command(), Some(ended(Condition::RetriesExhausted, 1)));
    let again = Command::Retry { request: other, at: at(60), attempts: 1, throttles: 0 };
    assert_eq!(machine.poll_command(), Some(again));
    // It waits, and what is said meanwhile counts.
    machine.configure(COFFEE, QualifierId::LATEST, EventConfig { retries_max: 1, ..once });
    machine.handle_timeout(at(60));
    assert_eq!(machine.poll_command(), Some(Command::Attempt { request: other, function: COFFEE }));
    machine.answered(other, &Outcome::FunctionError, false);
    machine.ended(at(60), other);
    let ended = machine.poll_command();
    assert!(
        matches!(ended, Some(Command::Ended { condition: Condition::RetriesExhausted, .. })),
        "{ended:?}"
    );
}

#[test]
fn after_a_restart_the_pauses_of_who_was_throttled_go_on_growing() {
    let throttle = |machine: &mut Asynchronous, now| {
        machine.answered(EVENT, &throttled(), false);
        machine.ended(now, EVENT);
        match machine.poll_command() {
            Some(Command::Retry { at, attempts, throttles, .. }) => (at, attempts, throttles),
            other => panic!("{other:?}"),
        }
    };
    let mut machine = Asynchronous::new(Settings::default());
    machine.accept(at(0), EVENT, COFFEE, QualifierId::LATEST);
    let mut now = at(0);
    for _ in 0..3 {
        now = throttle(&mut machine, now).0;
        machine.handle_timeout(now);
        assert!(matches!(machine.poll_command(), Some(Command::Attempt { .. })));
    }
    let (next, attempts, throttles) = throttle(&mut machine, now);
    assert_eq!(next.since(now), secs(8));
    let mut machine = Asynchronous::new(Settings::default());
    let (request, function, qualifier) = (EVENT, COFFEE, QualifierId::LATEST);
    let accepted = at(0);
    let waiting = Waiting { request, function, qualifier, accepted, attempts, throttles, next };
    machine.resume(now, waiting);
    machine.handle_timeout(next);
    assert!(matches!(machine.poll_command(), Some(Command::Attempt { .. })));
    assert_eq!(throttle(&mut machine, next).0.since(next), secs(16), "and not 1 s again");
}
