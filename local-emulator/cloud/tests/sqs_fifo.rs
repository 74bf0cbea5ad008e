//! FIFO queues: order and blocking by group, deduplication, receive attempts.

mod post;

use lunch_cloud::sqs::{Event, NewMessage, QueueConfig, Refusal};
use lunch_contract::sqs::{AttemptId, CallId, DedupId, GroupId};
use post::{DEAD, ORDERS, Post, SECOND, fifo, fifo_by_group, secs};

const FIVE_MINUTES: u64 = 300 * SECOND;

#[test]
fn messages_of_a_group_come_in_order_and_others_wait() {
    let mut post = Post::new(fifo());
    for _ in 0..3 {
        post.send_group(1).whatever();
    }
    post.receive_from(ORDERS, 1, 0).says(["c-0 m-0000x1"]);
    post.receive().says(["c-1 nothing"]);
    post.delete(0).whatever();
    post.receive_from(ORDERS, 1, 0).says(["c-2 m-0001x1"]);
}

#[test]
fn a_receive_takes_as_many_of_one_group_as_it_can_before_others() {
    let mut post = Post::new(fifo());
    for group in [1, 2, 1, 2, 1] {
        post.send_group(group).whatever();
    }
    post.receive_from(ORDERS, 4, 0).says(["c-0 m-0000x1 m-0002x1 m-0004x1 m-0001x1"]);
    post.receive().says(["c-1 nothing"]);
}

#[test]
fn a_group_in_flight_blocks_no_other() {
    let mut post = Post::new(fifo());
    for group in [1, 2, 1] {
        post.send_group(group).whatever();
    }
    post.receive_from(ORDERS, 1, 0).says(["c-0 m-0000x1"]);
    post.receive().says(["c-1 m-0001x1"]);
}

#[test]
fn a_message_that_comes_back_comes_before_later_ones_of_its_group() {
    let mut post = Post::new(fifo());
    post.send_group(1).whatever();
    post.send_group(1).whatever();
    post.receive_from(ORDERS, 1, 0).whatever();
    post.at(30 * SECOND).receive().says(["c-1 m-0000x2 m-0001x1"]);
}

#[test]
fn a_group_is_blocked_until_its_earlier_messages_are_visible_or_deleted() {
    let mut post = Post::new(fifo());
    for _ in 0..3 {
        post.send_group(1).whatever();
    }
    post.receive_from(ORDERS, 2, 0).says(["c-0 m-0000x1 m-0001x1"]);
    post.change(1, 0).says([]);
    post.receive().says(["c-1 nothing"]);
    post.delete(0).says(["forget m-0000"]);
    post.receive().says(["c-2 m-0001x2 m-0002x1"]);
}

#[test]
fn a_group_whose_first_is_visible_again_is_blocked_by_what_is_in_flight() {
    let mut post = Post::new(fifo());
    for _ in 0..3 {
        post.send_group(1).whatever();
    }
    post.receive_from(ORDERS, 2, 0).says(["c-0 m-0000x1 m-0001x1"]);
    post.change(0, 0).says([]);
    post.receive().says(["c-1 nothing"]);
    post.delete(1).says(["forget m-0001"]);
    post.receive().says(["c-2 m-0000x2 m-0002x1"]);
}

#[test]
fn a_long_poll_gets_the_next_of_a_group_when_the_one_before_is_deleted() {
    let mut post = Post::new(fifo());
    post.send_group(1).whatever();
    post.send_group(1).whatever();
    post.receive_from(ORDERS, 1, 0).whatever();
    post.receive_from(ORDERS, 1, 20).says([]);
    post.delete(0).says(["forget m-0000", "c-1 m-0001x1"]);
}

#[test]
fn numbers_rise_within_a_group() {
    let mut post = Post::new(fifo());
    for _ in 0..5 {
        post.send_group(1).whatever();
    }
    post.receive().whatever();
    let numbers: Vec<_> = post.deliveries.iter().map(|delivery| delivery.sequence).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
}

#[test]
fn a_delayed_message_blocks_its_group() {
    let mut post = Post::new(QueueConfig { delay: secs(5), ..fifo() });
    post.send_group(1).whatever();
    post.at(4 * SECOND).send_group(1).whatever();
    post.at(5 * SECOND).receive().says(["c-0 m-0000x1"]);
    post.delete(0).whatever();
    post.at(9 * SECOND).receive().says(["c-1 m-0001x1"]);
}

#[test]
fn a_duplicate_is_answered_with_the_first_one_and_kept_nowhere() {
    let mut post = Post::new(fifo());
    post.send_dedup(1, 42).says(["sent m-0000"]);
    post.send_dedup(2, 42).says(["sent m-0001 as m-0000", "forget m-0001"]);
    post.receive().says(["c-0 m-0000x1"]);
}

#[test]
fn deduplication_lasts_five_minutes_and_outlives_the_message() {
    let mut post = Post::new(fifo());
    post.send_dedup(1, 42).whatever();
    post.receive().whatever();
    post.delete(0).whatever();
    post.at(FIVE_MINUTES - 1).send_dedup(1, 42);
    post.says(["sent m-0001 as m-0000", "forget m-0001"]);
    post.at(FIVE_MINUTES).send_dedup(1, 42).says(["sent m-0002"]);
}

#[test]
fn deduplication_by_group_lets_another_group_in() {
    let mut post = Post::new(fifo_by_group());
    post.send_dedup(1, 42).says(["sent m-0000"]);
    post.send_dedup(2, 42).says(["sent m-0001"]);
    post.send_dedup(1, 42).says(["sent m-0002 as m-0000", "forget m-0002"]);
}

#[test]
fn deduplication_is_a_queue_s_own() {
    let mut post = Post::new(fifo());
    post.create(DEAD, fifo());
    post.send_dedup(1, 42).says(["sent m-0000"]);
    let (group, dedup) = (Some(GroupId::of(1)), Some(DedupId(42)));
    let message = NewMessage { group, dedup, ..post.new_message() };
    post.tell(Event::Send { queue: DEAD, message }).says(["sent m-0001"]);
}

#[test]
fn an_expired_handle_is_refused() {
    let mut post = Post::new(fifo());
    post.send_group(1).whatever();
    post.receive().whatever();
    post.at(30 * SECOND).delete(0).says(["refused: ReceiptHandleExpired"]);
    post.change(0, 10).says(["refused: ReceiptHandleExpired"]);
    post.receive().says(["c-1 m-0000x2"]);
    post.delete(0).says(["refused: ReceiptHandleExpired"]);
    post.delete(1).says(["forget m-0000"]);
    post.delete(1).says([]);
}

#[test]
fn what_a_message_lacks_is_refused() {
    let mut post = Post::new(fifo());
    let message = post.new_message();
    let (group, dedup) = (Some(GroupId::of(1)), Some(DedupId(1)));
    for (message, refusal) in [
        (message, Refusal::MissingGroup),
        (NewMessage { group, ..message }, Refusal::MissingDeduplication),
        (NewMessage { group, dedup, delay: Some(secs(1)), ..message }, Refusal::DelayOnFifo),
    ] {
        assert_eq!(post.refused(Event::Send { queue: ORDERS, message }), refusal);
    }
    let message = NewMessage { group, dedup, ..message };
    post.tell(Event::Send { queue: ORDERS, message }).says(["sent m-0000"]);
}

fn attempt(call: u64, attempt: u128) -> Event {
    let (call, attempt) = (CallId(call), Some(AttemptId(attempt)));
    let (queue, wait, visibility) = (ORDERS, Some(secs(0)), None);
    Event::Receive { call, queue, max: 10, wait, visibility, attempt }
}

#[test]
fn a_repeated_attempt_gets_the_same_messages_and_handles() {
    let mut post = Post::new(fifo());
    post.send_group(1).whatever();
    post.send_group(1).whatever();
    post.tell(attempt(100, 5)).says(["c-100 m-0000x1 m-0001x1"]);
    post.at(20 * SECOND).tell(attempt(101, 5)).says(["c-101 m-0000x1 m-0001x1"]);
    assert_eq!(post.handle(0), post.handle(2));
    post.tell(attempt(102, 6)).says(["c-102 nothing"]);
    post.at(50 * SECOND - 1).receive().says(["c-0 nothing"]);
    post.at(50 * SECOND).receive().says(["c-1 m-0000x2 m-0001x2"]);
    post.tell(attempt(103, 5)).says(["c-103 nothing"]);
}

#[test]
fn a_repeated_attempt_leaves_out_what_was_deleted() {
    let mut post = Post::new(fifo());
    post.send_group(1).whatever();
    post.send_group(1).whatever();
    post.tell(attempt(100, 5)).whatever();
    post.delete(0).whatever();
    post.tell(attempt(101, 5)).says(["c-101 m-0001x1"]);
}

#[test]
fn an_attempt_is_forgotten_after_five_minutes() {
    let mut post = Post::new(QueueConfig { visibility: secs(600), ..fifo() });
    post.send_group(1).whatever();
    post.tell(attempt(100, 5)).whatever();
    post.at(FIVE_MINUTES - 1).tell(attempt(101, 5)).says(["c-101 m-0000x1"]);
    post.at(FIVE_MINUTES).tell(attempt(102, 5)).says(["c-102 nothing"]);
}

#[test]
fn an_attempt_that_got_something_else_is_remembered_from_then_on() {
    let mut post = Post::new(QueueConfig { visibility: secs(600), ..fifo() });
    post.send_group(1).whatever();
    post.tell(attempt(100, 5)).whatever();
    post.delete(0).whatever();
    post.send_group(1).whatever();
    post.at(FIVE_MINUTES - SECOND).tell(attempt(101, 5)).says(["c-101 m-0001x1"]);
    post.at(FIVE_MINUTES + SECOND).tell(attempt(102, 5)).says(["c-102 m-0001x1"]);
    post.at(2 * FIVE_MINUTES - SECOND).tell(attempt(103, 5)).says(["c-103 nothing"]);
}

#[test]
fn what_was_kept_long_enough_is_not_delivered_when_its_group_comes_free() {
    let mut post = Post::new(QueueConfig { retention: secs(60), ..fifo() });
    post.send_group(1).whatever();
    post.send_group(1).whatever();
    post.at(50 * SECOND).receive_from(ORDERS, 1, 0).whatever();
    post.receive_from(ORDERS, 10, 20).says([]);
    post.at(60 * SECOND).says(["forget m-0000", "forget m-0001"]);
    post.at(70 * SECOND).says(["c-1 nothing"]);
}
