//! Parallel Salads: orders out of a queue, receipts into another, and a staff that is killed.

use std::collections::BTreeMap;

use lunch_tests::{Shop, program, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::street::{Receipts, Street, order_in};

/// Three makers and a washer, who share two bowls.
fn open(street: &Street, more: &[(&str, &str)]) -> Shop {
    let few = [("NUM_STAFF", "4"), ("BOWLS", "2"), ("SALAD_CPU_MS", "40"), ("WAIT_TIME_S", "1")];
    let all: Vec<_> = few.iter().chain(more).copied().collect();
    let shop = street.start(&program("salad"), &all);
    assert_eq!(shop.ask("/health"), json!({"shop": "salad"}));
    shop
}

fn order(street: &Street, id: u64) {
    let item = json!({"leaves": "rocket", "ingredients": ["feta"]});
    street.order(&json!({"id": id, "customer": "Ada", "item": item}).to_string());
}

fn kitchen(shop: &Shop) -> Value {
    shop.ask("/status")["kitchen"].clone()
}

/// One of the staff, once that is so of it.
fn staff(shop: &Shop, what: &str, is_so: impl Fn(&Value) -> bool) -> i32 {
    wait_until(what, || {
        let now = kitchen(shop)["now"].clone();
        let staff = now["staff"].as_array().expect("staff");
        let found = staff.iter().find(|member| is_so(member) && member["pid"].is_u64());
        let pid = found.and_then(|member| i32::try_from(member["pid"].as_u64()?).ok());
        pid.ok_or_else(|| now.to_string())
    })
}

fn signal(pid: i32, signal: Signal) {
    kill(Pid::from_raw(pid), signal).expect("the process is there");
}

#[test]
fn killed_makers_and_washers_lose_no_order_of_the_queue_and_broken_ones_are_set_aside() {
    let street = Street::open();
    street.order(r#"{"id": 99, "customer": "Ada", "item": {"leaves": "hay"}}"#);
    (1..=24).for_each(|id| order(&street, id));
    let mut shop = open(&street, &[]);
    let mut killed: Vec<i32> = Vec::new();
    for part in ["maker", "washer", "maker", "washer"] {
        let is_next = |member: &Value| {
            member["part"] == part && !killed.iter().any(|pid| member["pid"] == *pid)
        };
        if part == "washer" {
            // It has a bowl for two milliseconds only, unless it is stopped.
            let washes = |member: &Value| is_next(member) && member["is_ready"] == true;
            signal(staff(&shop, "somebody washes", washes), Signal::SIGSTOP);
        }
        let has_bowl = |member: &Value| is_next(member) && member["bowl"].is_u64();
        let one = staff(&shop, "a bowl is in its hands", has_bowl);
        signal(one, Signal::SIGKILL);
        killed.push(one);
    }
    let mut receipts = Receipts::default();
    street.take_receipts(&mut receipts, 24);
    assert_eq!(receipts.orders(), (1..=24).collect());
    let (broken, reason) = street.dead_letter();
    assert_eq!(order_in(&broken), 99);
    assert!(reason.contains("unknown variant `hay`"), "{reason}");
    let kitchen = wait_until("all bowls are clean", || {
        let kitchen = kitchen(&shop);
        let is_so = kitchen["now"]["clean_bowls"] == 2;
        is_so.then_some(kitchen.clone()).ok_or_else(|| kitchen.to_string())
    });
    assert_eq!(kitchen["now"]["tally"]["served"], 24, "{kitchen}");
    assert_eq!(kitchen["now"]["tally"]["staff_lost"], 4, "{kitchen}");
    assert!(kitchen["now"]["average"]["cpu_ms"].is_f64(), "{kitchen}");
    assert!(shop.end(Signal::SIGTERM).success());
}

#[test]
fn a_shop_that_is_told_to_close_serves_or_gives_back_all_that_it_holds() {
    let street = Street::open();
    let mut shop = open(&street, &[("VISIBILITY_TIMEOUT_S", "600")]);
    (1..=30).for_each(|id| order(&street, id));
    staff(&shop, "somebody makes a salad", |member| member["order"].is_u64());
    assert!(shop.end(Signal::SIGTERM).success());
    let _closed = shop.says("0 of the staff lost");
    let mut outcomes: BTreeMap<u64, u32> = BTreeMap::new();
    let served = street.cloud.take_all("receipts.fifo");
    assert!(!served.is_empty(), "what was begun is served");
    let receipt = served[0]["Body"].as_str().unwrap_or_default();
    assert!(receipt.contains("a rocket salad with feta, vinaigrette"), "{receipt}");
    // What is given back is there at once, and not only after the visibility timeout.
    for message in served.iter().chain(&street.cloud.take_all("orders")) {
        *outcomes.entry(order_in(message)).or_default() += 1;
    }
    assert_eq!(outcomes, (1..=30).map(|order| (order, 1)).collect());
}

#[test]
fn a_shop_that_is_told_to_end_before_it_is_open_closes_in_order() {
    let street = Street::open();
    let mut shop = street.start(&program("salad"), &[("WAIT_TIME_S", "1")]);
    assert!(shop.says("looks how fast a core is").starts_with("the salad shop"));
    assert_eq!(shop.end(Signal::SIGTERM).code(), Some(0));
}
