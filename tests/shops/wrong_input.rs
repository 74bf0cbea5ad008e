//! What a shop does with a queue that goes away, and with settings that make no shop.

use lunch_tests::program;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::street::{Receipts, Street};

/// Each shop's program and something that it makes.
fn shops() -> [(&'static str, Value); 2] {
    [("burger", json!({})), ("salad", json!({"leaves": "rocket", "ingredients": []}))]
}

#[test]
fn a_queue_that_goes_away_is_waited_for_until_it_is_there_again() {
    for (name, item) in shops() {
        let street = Street::open();
        let quick = [("BURGER_TIME_SCALE", "6000"), ("SALAD_CPU_MS", "1"), ("WAIT_TIME_S", "1")];
        let mut shop = street.start(&program(name), &quick);
        let order = |id: u64| json!({"id": id, "customer": "Ada", "item": item}).to_string();
        let mut receipts = Receipts::default();
        street.order(&order(1));
        street.take_receipts(&mut receipts, 1);
        let url = street.cloud.queue_url("orders");
        street.cloud.sqs("DeleteQueue", &json!({"QueueUrl": url}));
        let said = shop.says("cannot be read, next try in 400ms");
        assert!(said.ends_with("there is no such queue"), "{name}: {said}");
        assert!(shop.ask("/status")["trouble"].as_str().is_some_and(|why| why.contains(&url)));
        assert_eq!(shop.ask("/health"), json!({"shop": name}));
        street.cloud.sqs("CreateQueue", &json!({"QueueName": "orders"}));
        street.order(&order(2));
        street.take_receipts(&mut receipts, 1);
        let _again = shop.says("can be read again");
        assert_eq!(shop.ask("/status")["trouble"], "", "{name}");
        assert_eq!(receipts.orders(), [1, 2].into(), "{name}");
        assert_eq!(shop.end(Signal::SIGTERM).code(), Some(0), "{name}");
    }
}

#[test]
fn an_absurd_burger_shop_is_refused_at_the_start() {
    let street = Street::open();
    let absurd = [
        ("BURGER_GRILL", "0"),
        ("BURGER_TRAY", "-1"),
        ("BURGER_ORDERS", "100001"),
        ("STOP_TIMEOUT_S", "0"),
        ("ENGINE", "steam"),
    ];
    for (name, value) in absurd {
        let mut burgers = street.start(&program("burger"), &[(name, value)]);
        assert_eq!(burgers.ended().code(), Some(1), "{name}");
        let said = burgers.says("the burger shop cannot stay open");
        assert!(said.contains(&format!("the variable `{name}` is `{value}`")), "{said}");
    }
}

#[test]
fn an_absurd_salad_shop_is_refused_at_the_start() {
    let street = Street::open();
    for (name, value, why) in [
        ("NUM_STAFF", "1", "one of the staff washes bowls, and one has to make salads"),
        ("NUM_STAFF", "100000", "each of the staff is a process"),
        ("BOWLS", "0", "a salad is mixed in a bowl"),
        ("SALAD_CPU_MS", "0", "a salad is work"),
    ] {
        let mut salads = street.start(&program("salad"), &[(name, value)]);
        assert_eq!(salads.ended().code(), Some(1), "{name}");
        let said = salads.last_words();
        assert!(said.starts_with(&format!("error: `{name}` is {value}: {why}")), "{said}");
    }
}
