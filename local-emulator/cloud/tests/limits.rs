//! What AWS refuses, each promise by its name, in virtual time.

mod street;

use std::time::Duration;

use lunch_cloud::{Event, InvocationKind, ReplyAt, Settings};
use lunch_contract::{Limits, Outcome, Refusal, ThrottleReason};
use street::{COFFEE, Street, TEA, config, process, settings};

fn throttled(street: &Street, reason: ThrottleReason) -> usize {
    let outcome = Outcome::Throttled { reason };
    street.outcomes.iter().filter(|(_, each)| *each == outcome).count()
}

#[test]
fn reserved_concurrency_is_a_cap() {
    let mut street = Street::new(settings());
    street.reserve(2).says([]);
    street.invoke().whatever();
    street.invoke().whatever();

    street.invoke().says([
        "reply r-0002: ReservedFunctionConcurrentInvocationLimitExceeded",
        "release r-0002",
    ]);
}

#[test]
fn reserved_concurrency_of_0_stops_the_function() {
    let mut street = Street::new(settings());
    street.reserve(0).says([]);

    street.invoke().says([
        "reply r-0000: ReservedFunctionConcurrentInvocationLimitExceeded",
        "release r-0000",
    ]);
}

#[test]
fn a_sequential_caller_is_never_refused_at_reserved_concurrency_of_1() {
    let mut street = Street::new(settings());
    street.reserve(1).says([]);
    street.invoke().whatever();
    street.next(process(0, 0)).whatever();

    for r in 0..5 {
        street.respond(process(0, 0), r).whatever();
        street.invoke().says([]);
        street.next(process(0, 0)).whatever();
    }
    assert_eq!(street.outcomes.len(), 5);
}

#[test]
fn a_request_that_waited_in_vain_at_the_cap_is_refused() {
    let mut street = Street::new(settings());
    street.reserve(1).says([]);
    street.invoke().whatever();
    street.next(process(0, 0)).whatever();
    street.respond(process(0, 0), 0).whatever();

    street.invoke().says([]);
    street.at(25).says([
        "reply r-0001: ReservedFunctionConcurrentInvocationLimitExceeded",
        "release r-0001",
    ]);
}

#[test]
fn what_one_function_reserves_the_others_do_not_have() {
    let limits =
        Limits { account_concurrency: Some(5), unreserved_concurrency_min: 1, ..Limits::strict() };
    let mut street = Street::new(Settings { limits, ..settings() });
    street.reserve(3).says([]);
    street.deploy(TEA, 1, config(3_000)).says([]);

    for _ in 0..3 {
        street.invoke_with(TEA, InvocationKind::RequestResponse, ReplyAt::Response).whatever();
    }
    assert_eq!(throttled(&street, ThrottleReason::ConcurrentInvocationLimitExceeded), 1);
    for _ in 0..3 {
        street.invoke().whatever();
    }
    assert_eq!(street.outcomes.len(), 1, "the reserved three are there");
}

#[test]
fn at_least_100_stay_unreserved() {
    let mut street = Street::new(settings());
    street.deploy(TEA, 1, config(3_000)).says([]);

    street.reserve(500).says([]);
    let reserve = |concurrency| Event::Reserve { function: TEA, concurrency: Some(concurrency) };
    assert_eq!(street.refused(reserve(401)), Refusal::UnreservedConcurrencyBelowMinimum);
    street.tell(reserve(400)).says([]);
    street.tell(Event::Reserve { function: COFFEE, concurrency: None }).says([]);
    street.tell(reserve(900)).says([]);
}

#[test]
fn the_account_has_1000_at_once() {
    let limits = Limits { requests_per_second_per_concurrency: None, ..Limits::strict() };
    let mut street = Street::new(Settings { limits, ..settings() });
    for _ in 0..1_000 {
        street.invoke().whatever();
    }
    assert_eq!(street.outcomes.len(), 0);

    street.invoke().whatever();
    assert_eq!(throttled(&street, ThrottleReason::ConcurrentInvocationLimitExceeded), 1);
}

#[test]
fn a_function_grows_by_1000_instances_in_10_s() {
    let limits = Limits { account_concurrency: Some(5_000), ..Limits::strict() };
    let mut street = Street::new(Settings { limits, ..settings() });
    for _ in 0..1_001 {
        street.invoke().whatever();
    }
    assert_eq!(throttled(&street, ThrottleReason::ConcurrentInvocationLimitExceeded), 1);

    // One every 10 ms from then on.
    street.at(20).whatever();
    for _ in 0..3 {
        street.invoke().whatever();
    }
    assert_eq!(throttled(&street, ThrottleReason::ConcurrentInvocationLimitExceeded), 2);
}

#[test]
fn ten_requests_per_second_for_each_unit_of_concurrency() {
    let mut street = Street::new(settings());
    street.reserve(1).says([]);
    street.invoke().whatever();
    street.next(process(0, 0)).whatever();
    street.respond(process(0, 0), 0).whatever();
    street.next(process(0, 0)).whatever();
    for r in 1..10 {
        street.serve_warm(process(0, 0), r);
    }

    street
        .invoke()
        .says(["reply r-0010: ReservedFunctionInvocationRateLimitExceeded", "release r-0010"]);
    street.at(100).whatever().invoke().whatever();
    assert_eq!(street.outcomes.len(), 11, "one more every 100 ms");
}

#[test]
fn the_account_takes_10000_requests_per_second() {
    let mut street = Street::new(Settings { freeze_after: None, ..settings() });
    street.serve_cold(process(0, 0), 0);
    for r in 1..10_000 {
        street.serve_warm(process(0, 0), r);
    }

    street.invoke().says(["reply r-10000: FunctionInvocationRateLimitExceeded", "release r-10000"]);
}

#[test]
fn events_have_no_request_rate() {
    let mut street = Street::new(Settings { freeze_after: None, ..settings() });
    street.reserve(1).says([]);
    street.serve_cold(process(0, 0), 0);
    for r in 1..50 {
        street.invoke_with(COFFEE, InvocationKind::Event, ReplyAt::Response).whatever();
        street.respond(process(0, 0), r).whatever();
        street.next(process(0, 0)).whatever();
    }
    assert!(street.outcomes.iter().all(|(_, outcome)| *outcome == Outcome::Returned));
}

#[test]
fn relaxed_lifts_rates_and_the_accounts_concurrency_and_nothing_else() {
    let mut street = Street::new(Settings { limits: Limits::relaxed(), ..settings() });
    for _ in 0..12_000 {
        street.invoke().whatever();
    }
    assert_eq!(street.outcomes.len(), 0);

    street.reserve(12_000).says([]);
    street.invoke().whatever();
    assert_eq!(
        throttled(&street, ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded),
        1
    );
    let (strict, relaxed) = (Limits::strict(), Limits::relaxed());
    assert_eq!(relaxed.init, Duration::from_secs(10));
    assert_eq!(
        Limits {
            account_concurrency: strict.account_concurrency,
            scaling_instances: strict.scaling_instances,
            requests_per_second_per_concurrency: strict.requests_per_second_per_concurrency,
            ..relaxed
        },
        strict
    );
}
