//! Concurrent Burgers, by both engines.

use std::collections::BTreeSet;

use lunch_tests::{Shop, program, wait_until};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::street::{Receipts, Street};

const ENGINES: [&str; 2] = ["async", "threads"];

/// A burger every 40 ms: the grill has one position, and an hour of the shop is less than a second.
fn open(street: &Street, engine: &str, visibility_s: &str) -> Shop {
    let variables = [
        ("ENGINE", engine),
        ("BURGER_GRILL", "1"),
        ("BURGER_TIME_SCALE", "6000"),
        ("VISIBILITY_TIMEOUT_S", visibility_s),
    ];
    street.start(&program("burger"), &variables)
}

fn order(id: u64) -> String {
    json!({"id": id, "customer": "Ada", "item": {"extras": ["cheese"]}}).to_string()
}

fn all(count: u64) -> BTreeSet<u64> {
    (0..count).collect()
}

#[test]
fn orders_go_in_and_receipts_come_out_and_a_broken_one_is_a_dead_letter() {
    for engine in ENGINES {
        let street = Street::open();
        let mut burgers = open(&street, engine, "600");
        street.order(r#"{"id": 99, "customer": "Ada", "item": {"patties": 12}}"#);
        (0..12).for_each(|id| street.order(&order(id)));
        let mut receipts = Receipts::default();
        street.take_receipts(&mut receipts, 12);
        assert_eq!(receipts.orders(), all(12), "{engine}");
        assert!(receipts.0.values().all(|attempt| *attempt == 1), "{engine}: {receipts:?}");

        let (_, reason) = street.dead_letter();
        let expected = "this is no order of the burger shop: a burger has 1 to 3 patties, not 12";
        assert!(reason.starts_with(expected), "{reason}");

        wait_until("nothing is left in the orders' queue", || {
            match street.cloud.messages_in("orders") {
                0 => Ok(()),
                left => Err(left.to_string()),
            }
        });
        let status = burgers.ask("/status");
        let kitchen = &status["kitchen"];
        assert_eq!((&status["served"], &status["refused"]), (&json!(12), &json!(1)), "{status}");
        assert_eq!((&kitchen["engine"], &kitchen["served"]), (&json!(engine), &json!(12)));
        assert!(kitchen["most_in_progress"].as_u64().is_some_and(|most| most <= 7), "{status}");
        assert!(status["most_in_hand"].as_u64().is_some_and(|most| most <= 7), "{status}");
        assert_eq!(kitchen["trace"]["most_executing"], 1, "{status}");
        assert_eq!(kitchen["trace"]["switches_elsewhere"], 0, "{status}");
        assert!(kitchen["involuntary_switches"].is_u64() && kitchen["cpu_s"].is_f64(), "{status}");
        assert_eq!(burgers.ask("/health"), json!({"shop": "burger"}));
        let ended = burgers.end(Signal::SIGTERM);
        assert_eq!(ended.code(), Some(0), "{engine}");
    }
}

#[test]
fn sigterm_loses_no_order() {
    for engine in ENGINES {
        let street = Street::open();
        // What is not given back would not be seen again for ten minutes.
        let mut burgers = open(&street, engine, "600");
        (0..30).for_each(|id| street.order(&order(id)));
        let mut receipts = Receipts::default();
        street.take_receipts(&mut receipts, 3);
        assert_eq!(burgers.end(Signal::SIGTERM).code(), Some(0), "{engine}");
        let left = street.cloud.messages_in("orders");
        assert!(left > 0, "{engine}: it was to be closed in the middle");
        let _burgers = open(&street, engine, "600");
        let missing = 30 - receipts.0.len();
        street.take_receipts(&mut receipts, missing);
        assert_eq!(receipts.orders(), all(30), "{engine}");
    }
}

#[test]
fn a_shop_that_is_killed_loses_no_order() {
    for engine in ENGINES {
        let street = Street::open();
        let mut burgers = open(&street, engine, "2");
        (0..30).for_each(|id| street.order(&order(id)));
        let mut receipts = Receipts::default();
        street.take_receipts(&mut receipts, 3);
        assert_eq!(burgers.end(Signal::SIGKILL).code(), None, "{engine}");
        assert!(
            street.cloud.messages_in("orders") > 0,
            "{engine}: it was to be killed in the middle"
        );
        let _burgers = open(&street, engine, "2");
        let missing = 30 - receipts.0.len();
        street.take_receipts(&mut receipts, missing);
        assert_eq!(receipts.orders(), all(30), "{engine}");
        let again = receipts.0.values().filter(|attempt| **attempt > 1).count();
        assert!(again <= 7, "{engine}: {again} orders were in hand");
    }
}

#[test]
fn burgers_go_on_while_the_pool_works() {
    let street = Street::open();
    let burgers = open(&street, "async", "600");
    let hold_us = |burgers: &Shop| {
        let hold = &burgers.ask("/status")["longest_hold_since_last_status_us"];
        hold.as_u64().expect("a number")
    };
    hold_us(&burgers);
    let by_pool = burgers.ask("/nutrition?n=20000");
    let with = hold_us(&burgers);
    let on_loop = burgers.ask("/nutrition?n=20000&pool=off");
    let without = hold_us(&burgers);
    assert_eq!(by_pool["kilojoules"], on_loop["kilojoules"]);
    assert!(with < without, "the loop was held {with} us with the pool, {without} us without");
}

#[test]
fn a_queue_that_is_not_there_is_waited_for() {
    let street = Street::open();
    let nowhere = [("ORDERS_QUEUE_URL", "http://127.0.0.1/123456789012/nowhere")];
    let mut burgers = street.start(&program("burger"), &nowhere);
    let _said = burgers.says("cannot be read, next try in 400ms: there is no such queue");
    assert!(
        burgers.ask("/status")["trouble"].as_str().is_some_and(|said| said.contains("nowhere"))
    );
    assert_eq!(burgers.ask("/health")["shop"], Value::from("burger"));
    assert_eq!(burgers.end(Signal::SIGTERM).code(), Some(0));
}
