//! Long times in which nothing comes cost nothing, and what comes after them is served as ever.

use std::time::Duration;

use lunch_cloud::event_source::{Event, MappingConfig, Verdict};
use lunch_cloud::sqs::{self, Kind};
use lunch_contract::sqs::NameId;

use crate::mapped::{FIFO, MAPPING, ORDERS, SECOND, Street, mapping, queue};

const YEAR: Duration = Duration::from_hours(24 * 365);

/// How often the cloud is woken in that time, and how many steps it takes.
fn cost(street: &mut Street, span: Duration) -> (u32, u64) {
    let (target, before) = (street.now + span, street.cloud.operations());
    let mut wakes = 0;
    while let Some((at, _)) = street.cloud.poll_timeout().filter(|(at, _)| *at <= target) {
        let until_then = at.since(street.now);
        street.pass(until_then);
        wakes += 1;
    }
    let rest = target.since(street.now);
    street.pass(rest);
    (wakes, street.cloud.operations() - before)
}

fn waiting(street: &Street) -> usize {
    street.cloud.queues().queue(ORDERS).expect("it exists").waiting
}

#[test]
fn a_year_over_an_empty_queue_costs_no_wake_and_its_pollers_still_wait() {
    for kind in [Kind::Standard, FIFO] {
        let mut street = Street::of(kind, mapping());
        assert_eq!(cost(&mut street, YEAR), (0, 0));
        assert_eq!((street.pollers(), waiting(&street)), (5, 5));
        street.send(1, Some(7));
        assert_eq!(street.in_hand(), [1], "at once");
        street.answer(|_| Verdict::Succeeded);
        assert_eq!((street.pollers(), waiting(&street)), (5, 5));
    }
}

#[test]
fn a_year_after_a_crowd_costs_no_more_than_the_way_down_to_five_pollers() {
    let mut street = Street::of(Kind::Standard, mapping());
    street.send(2_000, None);
    let mut most = 0;
    while !street.batches.is_empty() {
        street.answer(|_| Verdict::Succeeded);
        most = most.max(street.pollers());
        street.pass(Duration::from_millis(50));
    }
    assert!(most > 5, "it was a crowd");
    let (wakes, _) = cost(&mut street, YEAR);
    assert!(wakes <= 2 * most, "{wakes} wakes for {most} pollers");
    assert_eq!((street.pollers(), waiting(&street)), (5, 5));
}

#[test]
fn a_year_without_the_queue_costs_no_wake_and_who_makes_it_again_is_served() {
    let mut street = Street::of(Kind::Standard, mapping());
    street.queue(sqs::Event::DeleteQueue { queue: ORDERS });
    assert_eq!(cost(&mut street, YEAR), (0, 0));
    let config = queue(Kind::Standard);
    street.queue(sqs::Event::CreateQueue { queue: ORDERS, name: NameId(0), config });
    street.send(1, None);
    assert_eq!(street.in_hand(), [1]);
    street.queue(sqs::Event::DeleteQueue { queue: ORDERS });
    street.tell(Event::Delete { mapping: MAPPING });
    street.answer(|_| Verdict::Succeeded);
    assert!(street.gone, "with the last that it had in hand");
}

#[test]
fn a_window_is_over_at_its_time_though_nobody_else_wakes() {
    let windowed = MappingConfig { window: 300 * SECOND, batch_size: 100, ..mapping() };
    let mut street = Street::of(Kind::Standard, windowed);
    cost(&mut street, YEAR);
    street.send(1, None);
    street.pass(29 * SECOND);
    assert_eq!(street.in_hand(), []);
    street.pass(271 * SECOND);
    assert!(!street.in_hand().is_empty());
}
