//! Event source mappings in virtual time, over the real queues. Facts 7.

mod long;
mod mapped;
mod pace;

use std::time::Duration;

use lunch_cloud::event_source::{Event, MappingConfig, MappingState, Verdict};
use lunch_cloud::sqs::{self, Kind, QueueConfig};
use lunch_contract::Moment;
use lunch_contract::sqs::{NameId, SequenceNumber};
use mapped::{FIFO, MAPPING, ORDERS, SECOND, Street, mapping, queue};

#[test]
fn a_message_goes_to_the_function_at_once_and_is_deleted_when_it_is_worked_off() {
    let mut street = Street::of(Kind::Standard, mapping());
    assert_eq!(street.pollers(), 5);
    street.send(1, None);
    assert_eq!(street.in_hand(), [1]);
    assert_eq!(street.counts(), (0, 1, 0));
    street.answer(|_| Verdict::Succeeded);
    assert_eq!(street.counts(), (0, 0, 0));
    street.pass(60 * SECOND);
    assert_eq!(street.pollers(), 5, "they wait for more");
}

#[test]
fn a_batch_that_failed_comes_back_by_its_visibility_timeout_and_ends_as_dead() {
    let mut street = Street::of(Kind::Standard, mapping());
    street.send(1, None);
    for _ in 0..3 {
        assert_eq!(street.in_hand(), [1]);
        street.answer(|_| Verdict::Failed);
        street.pass(29 * SECOND);
        assert_eq!(street.in_hand(), [], "not before its time");
        street.pass(SECOND);
    }
    assert_eq!(street.in_hand(), []);
    assert_eq!(street.counts(), (0, 0, 1));
}

#[test]
fn of_a_batch_that_failed_in_part_the_rest_is_deleted() {
    let config = MappingConfig { window: SECOND, ..mapping() };
    let mut street = Street::of(Kind::Standard, config);
    street.send(3, None);
    street.pass(SECOND);
    let batches = street.batches.len();
    let mut kept = 0;
    for _ in 0..batches {
        street.answer(|batch| {
            kept += 1;
            Verdict::Partial(vec![batch[0].message])
        });
    }
    assert_eq!(street.counts(), (0, kept, 0));
}

#[test]
fn a_window_gathers_until_it_is_over_or_the_batch_is_full() {
    let one = Some(1);
    let config =
        MappingConfig { window: 5 * SECOND, batch_size: 20, concurrency_max: one, ..mapping() };
    let mut street = Street::of(Kind::Standard, config);
    street.send(3, None);
    street.pass(4 * SECOND);
    assert_eq!(street.in_hand(), []);
    street.pass(SECOND);
    assert_eq!(street.in_hand(), [3], "the window is over");
    street.answer(|_| Verdict::Succeeded);
    street.send(20, None);
    assert_eq!(street.in_hand(), [20], "it is full");
    street.answer(|_| Verdict::Succeeded);
    assert_eq!(street.counts(), (0, 0, 0));
}

#[test]
fn no_batch_is_larger_than_a_function_takes() {
    let config =
        MappingConfig { window: SECOND, batch_size: 100, concurrency_max: Some(1), ..mapping() };
    let mut street = Street::of(Kind::Standard, config);
    street.record_bytes = 1_000_000;
    street.send(10, None);
    street.pass(SECOND);
    assert_eq!(street.in_hand(), [6], "6 MB");
    street.answer(|_| Verdict::Succeeded);
    street.pass(SECOND);
    assert_eq!(street.in_hand(), [4], "what had no room in it");
    street.answer(|_| Verdict::Succeeded);
    assert_eq!(street.counts(), (0, 0, 0));
}

#[test]
fn what_no_filter_lets_pass_is_deleted_and_nobody_is_called_for_it() {
    let mut street = Street::of(Kind::Standard, mapping());
    street.rejected.extend([0, 1]);
    street.send(2, None);
    assert_eq!(street.in_hand(), []);
    assert_eq!(street.counts(), (0, 0, 0));
    street.send(1, None);
    assert_eq!(street.in_hand(), [1]);
}

#[test]
fn a_throttled_batch_is_tried_again_until_its_messages_time_is_over() {
    let mut street = Street::of(Kind::Standard, mapping());
    street.send(1, None);
    street.answer(|_| Verdict::Throttled);
    assert_eq!(street.in_hand(), [], "after a pause");
    street.pass(SECOND);
    assert_eq!(street.in_hand(), [1]);
    let mut tries = 1;
    while street.now < Moment::ZERO + 30 * SECOND {
        while !street.batches.is_empty() {
            tries += 1;
            street.answer(|_| Verdict::Throttled);
        }
        street.pass(SECOND);
    }
    assert!((5..12).contains(&tries), "{tries} tries, with longer and longer pauses");
    for _ in 0..200 {
        while !street.batches.is_empty() {
            street.answer(|_| Verdict::Throttled);
        }
        street.pass(SECOND);
    }
    assert_eq!(street.counts(), (0, 0, 1), "it is dead, and no function has run for it");
}

#[test]
fn a_throttled_batch_is_tried_for_as_long_as_its_queue_hides_it_and_not_as_the_queue_was_once() {
    let last_try = |visibility: Duration| {
        let alone = MappingConfig { concurrency_max: Some(1), ..mapping() };
        let mut street = Street::of(Kind::Standard, alone);
        let config = QueueConfig { visibility, ..queue(Kind::Standard) };
        street.queue(sqs::Event::SetAttributes { queue: ORDERS, config });
        street.send(1, None);
        let mut last = Moment::ZERO;
        while street.batches.first().is_none_or(|(_, batch)| batch[0].receive_count == 1) {
            while !street.batches.is_empty() {
                last = street.now;
                street.answer(|_| Verdict::Throttled);
            }
            street.pass(SECOND / 2);
        }
        (last.since(Moment::ZERO), street.now.since(Moment::ZERO))
    };
    assert_eq!(
        last_try(90 * SECOND),
        (SECOND * 175 / 2, 90 * SECOND),
        "and not the 30 s of before"
    );
    assert_eq!(last_try(4 * SECOND), (SECOND * 7 / 2, 4 * SECOND));
}

#[test]
fn a_backlog_has_more_pollers_one_each_200_ms_and_never_more_than_it_may() {
    let mut street = Street::of(Kind::Standard, mapping());
    let before = street.pollers();
    street.send(3_000, None);
    for _ in 0..300 {
        while !street.batches.is_empty() {
            street.answer(|_| Verdict::Succeeded);
            if street.batches.len() < 5 {
                break;
            }
        }
        street.pass(Duration::from_millis(10));
    }
    let grown = street.pollers() - before;
    assert!((1..=16).contains(&grown), "{grown} more in 3 s");
    let mut street =
        Street::of(Kind::Standard, MappingConfig { concurrency_max: Some(2), ..mapping() });
    street.send(500, None);
    street.pass(10 * SECOND);
    assert_eq!(street.in_hand().len(), 2);
    assert_eq!(street.pollers(), 2);
}

#[test]
fn a_backlog_has_more_pollers_however_small_a_batch_is() {
    let mut street = Street::of(Kind::Standard, MappingConfig { batch_size: 1, ..mapping() });
    street.send(1_000, None);
    for _ in 0..10 {
        for _ in 0..street.batches.len() {
            street.answer(|_| Verdict::Succeeded);
        }
        street.pass(Duration::from_millis(200));
    }
    assert!((12..=16).contains(&street.pollers()), "{} after 2 s", street.pollers());
}

#[test]
fn a_backlog_has_more_pollers_though_no_function_answers() {
    let mut street = Street::of(Kind::Standard, mapping());
    street.send(1_000, None);
    street.pass(2 * SECOND);
    assert_eq!(street.pollers(), 5 + 11, "one at once, and one each 200 ms");
    street.pass(19 * SECOND);
    assert_eq!(street.counts().0, 0, "each has as much of it as it can");
    let busy = u32::try_from(street.in_hand().len()).unwrap();
    assert_eq!(street.pollers(), busy + 1, "one waits for what may come");
}

#[test]
fn who_is_throttled_has_pollers_enough() {
    let mut street = Street::of(Kind::Standard, mapping());
    street.send(1_000, None);
    for _ in 0..100 {
        // One is in the function's hands, which takes no more.
        for _ in 1..street.batches.len() {
            street.answer(|_| Verdict::Throttled);
        }
        street.pass(Duration::from_millis(100));
    }
    assert_eq!(street.pollers(), 6, "one more before the first throttle");
}

#[test]
fn pollers_that_receive_nothing_go_again() {
    let mut street = Street::of(Kind::Standard, mapping());
    street.send(2_000, None);
    while !street.batches.is_empty() {
        street.answer(|_| Verdict::Succeeded);
        street.pass(Duration::from_millis(50));
    }
    street.pass(60 * SECOND);
    assert_eq!(street.pollers(), 5);
    assert_eq!(street.counts(), (0, 0, 0));
}

#[test]
fn of_a_group_one_batch_is_in_hand_and_in_order() {
    let mut street = Street::of(FIFO, mapping());
    street.send(1, Some(7));
    street.send(3, Some(7));
    street.send(1, Some(8));
    assert_eq!(street.in_hand(), [1, 1], "one of each group");
    assert_eq!(street.answer(|_| Verdict::Succeeded), [0]);
    let next: Vec<_> = street.batches[1]
        .1
        .iter()
        .map(|delivery| (delivery.message.serial, delivery.sequence))
        .collect();
    let serials: Vec<_> = next.iter().map(|(serial, _)| *serial).collect();
    assert_eq!(serials, [1, 2, 3]);
    assert!(next.is_sorted_by_key(|(_, SequenceNumber(number))| *number));
}

#[test]
fn a_mapping_that_is_disabled_works_off_what_it_has_in_hand_and_takes_no_more() {
    let mut street = Street::of(Kind::Standard, mapping());
    street.send(1, None);
    let off = MappingConfig { enabled: false, ..mapping() };
    street.tell(Event::Update { mapping: MAPPING, config: off });
    street.send(5, None);
    let state = |street: &Street| street.cloud.sources().mapping(MAPPING).expect("there").state;
    assert_eq!(state(&street), MappingState::Disabling);
    assert_eq!(street.in_hand(), [1]);
    street.answer(|_| Verdict::Succeeded);
    assert_eq!(state(&street), MappingState::Disabled);
    assert_eq!(street.counts(), (5, 0, 0));
    street.tell(Event::Update { mapping: MAPPING, config: mapping() });
    assert_eq!(street.in_hand().iter().sum::<usize>(), 5);
}

#[test]
fn a_mapping_that_is_deleted_goes_with_the_last_that_it_has_in_hand() {
    let mut street = Street::of(Kind::Standard, mapping());
    street.send(1, None);
    street.tell(Event::Delete { mapping: MAPPING });
    assert!(!street.gone);
    street.answer(|_| Verdict::Succeeded);
    assert!(street.gone);
    assert_eq!(street.cloud.poll_timeout().map(|(_, wake)| wake.word()), None, "nothing waits");
}

#[test]
fn a_queue_that_goes_is_asked_for_again_and_found() {
    let mut street = Street::of(Kind::Standard, mapping());
    street.queue(sqs::Event::DeleteQueue { queue: ORDERS });
    street.pass(60 * SECOND);
    let orders =
        sqs::Event::CreateQueue { queue: ORDERS, name: NameId(0), config: queue(Kind::Standard) };
    street.queue(orders);
    street.pass(10 * SECOND);
    street.send(1, None);
    assert_eq!(street.in_hand(), [1]);
}

#[test]
fn what_cannot_be_deleted_is_not_looked_at_without_a_pause() {
    let mut street = Street::of(FIFO, mapping());
    let config = QueueConfig { visibility: Duration::ZERO, redrive: None, ..queue(FIFO) };
    street.queue(sqs::Event::SetAttributes { queue: ORDERS, config });
    street.rejected.insert(0);
    street.send(1, Some(1));
    assert!((1..20).contains(&street.examined), "{} times", street.examined);
    let before = street.examined;
    street.pass(5 * SECOND);
    assert!((before + 1..before + 200).contains(&street.examined), "{} times", street.examined);
}

#[test]
fn what_is_throttled_and_not_hidden_is_not_asked_for_again_without_a_pause() {
    let mut street = Street::of(FIFO, mapping());
    let config = QueueConfig { visibility: Duration::ZERO, redrive: None, ..queue(FIFO) };
    street.queue(sqs::Event::SetAttributes { queue: ORDERS, config });
    street.send(1, Some(1));
    for _ in 0..100 {
        while !street.batches.is_empty() {
            street.answer(|_| Verdict::Throttled);
        }
        street.pass(Duration::from_millis(50));
    }
    assert!((10..=100).contains(&street.examined), "{} times in 5 s", street.examined);
}

/// Sim street 5570 of an earlier plan: a poller with something left in hand did not rest, took the same messages again to
/// make a batch of it, and so for ever at one moment.
#[test]
fn who_is_throttled_with_more_in_hand_than_a_batch_rests_all_the_same() {
    let window = MappingConfig { window: SECOND, batch_size: 100, ..mapping() };
    let mut street =
        Street::of(Kind::Standard, MappingConfig { concurrency_max: Some(1), ..window });
    street.record_bytes = 1_000_000;
    let config = QueueConfig { visibility: Duration::ZERO, ..queue(Kind::Standard) };
    street.queue(sqs::Event::SetAttributes { queue: ORDERS, config });
    street.send(10, None);
    let mut called = 0;
    for _ in 0..100 {
        while !street.batches.is_empty() {
            called += 1;
            assert!(called <= 100, "called without a pause");
            street.answer(|_| Verdict::Throttled);
        }
        street.pass(Duration::from_millis(50));
    }
    assert!((5..=100).contains(&called), "{called} times in 5 s");
    for _ in 0..20 {
        if !street.batches.is_empty() {
            street.answer(|_| Verdict::Succeeded);
        }
        street.pass(SECOND);
    }
    assert_eq!(street.counts(), (0, 0, 0));
}

#[test]
fn a_cloud_that_ends_takes_no_more_messages() {
    let mut street = Street::of(Kind::Standard, MappingConfig { batch_size: 1, ..mapping() });
    street.send(20, None);
    let begun = street.in_hand().len();
    street.cloud.handle(street.now, lunch_cloud::Event::ShutDown).expect("it is taken");
    street.drain();
    while !street.batches.is_empty() {
        street.answer(|_| Verdict::Failed);
    }
    street.pass(20 * SECOND);
    let (visible, in_flight, _) = street.counts();
    assert_eq!(
        (visible as usize, in_flight as usize),
        (20 - begun, begun),
        "none is received in vain"
    );
}
