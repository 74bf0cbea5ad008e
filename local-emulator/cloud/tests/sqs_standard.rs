//! Standard queues: delay, visibility, receipt handles, long polling, retention, limits.

mod post;

use std::time::Duration;

use lunch_cloud::sqs::{Event, Kind, QueueConfig, Refusal, Settings};
use lunch_contract::Moment;
use lunch_contract::sqs::{CallId, GroupId, Handle, Limits, NameId, QueueId};
use post::{DEAD, ORDERS, Post, SECOND, fifo, secs, standard};

const HOUR: u64 = 3_600 * SECOND;
const DAY: u64 = 24 * HOUR;

#[test]
fn a_message_is_sent_received_and_deleted() {
    let mut post = Post::new(standard());
    post.send().says(["sent m-0000"]);
    assert_eq!(post.counts(ORDERS), (1, 0, 0));
    post.receive().says(["c-0 m-0000x1"]);
    assert_eq!(post.counts(ORDERS), (0, 1, 0));
    post.delete(0).says(["forget m-0000"]);
    assert_eq!(post.counts(ORDERS), (0, 0, 0));
    post.receive().says(["c-1 nothing"]);
}

#[test]
fn a_receive_takes_as_many_as_it_wants() {
    let mut post = Post::new(standard());
    for _ in 0..4 {
        post.send().whatever();
    }
    post.receive_from(ORDERS, 3, 0).says(["c-0 m-0000x1 m-0001x1 m-0002x1"]);
    post.receive().says(["c-1 m-0003x1"]);
}

#[test]
fn a_message_comes_back_at_the_end_of_its_visibility_timeout() {
    let mut post = Post::new(standard());
    post.send().whatever();
    post.receive().whatever();
    post.at(30 * SECOND - 1).receive().says(["c-1 nothing"]);
    post.at(30 * SECOND).receive().says(["c-2 m-0000x2"]);
    let delivery = post.deliveries[1];
    assert_eq!(delivery.first_received, Moment::ZERO, "the first stays the first");
}

#[test]
fn a_receive_may_set_its_own_visibility_timeout() {
    let mut post = Post::new(standard());
    post.send().whatever();
    let call = CallId(100);
    let (wait, attempt) = (None, None);
    let visibility = Some(secs(3));
    post.tell(Event::Receive { call, queue: ORDERS, max: 1, wait, visibility, attempt })
        .says(["c-100 m-0000x1"]);
    post.at(3 * SECOND).receive().says(["c-0 m-0000x2"]);
}

#[test]
fn a_visibility_timeout_of_zero_leaves_the_message_visible() {
    let mut post = Post::new(QueueConfig { visibility: Duration::ZERO, ..standard() });
    post.send().whatever();
    post.receive().says(["c-0 m-0000x1"]);
    post.receive().says(["c-1 m-0000x2"]);
}

#[test]
fn a_delay_is_the_message_s_own_or_the_queue_s() {
    let mut post = Post::new(QueueConfig { delay: secs(5), ..standard() });
    post.send().whatever();
    post.send_delayed(0).whatever();
    post.send_delayed(900).whatever();
    assert_eq!(post.counts(ORDERS), (1, 0, 2));
    post.receive().says(["c-0 m-0001x1"]);
    post.at(5 * SECOND).receive().says(["c-1 m-0000x1"]);
    post.delete(0).whatever();
    post.delete(1).whatever();
    post.at(900 * SECOND).receive().says(["c-2 m-0002x1"]);
}

#[test]
fn a_visibility_change_counts_from_now() {
    let mut post = Post::new(standard());
    post.send().whatever();
    post.receive().whatever();
    post.at(20 * SECOND).change(0, 60).says([]);
    post.at(80 * SECOND - 1).receive().says(["c-1 nothing"]);
    post.at(80 * SECOND).receive().says(["c-2 m-0000x2"]);
}

#[test]
fn a_visibility_change_to_zero_makes_it_visible_at_once() {
    let mut post = Post::new(standard());
    post.send().whatever();
    post.receive().whatever();
    post.receive_from(ORDERS, 1, 20).says([]);
    post.change(0, 0).says(["c-1 m-0000x2"]);
}

#[test]
fn a_message_is_invisible_for_12_hours_since_its_receive_at_most() {
    let mut post = Post::new(standard());
    post.send().whatever();
    post.receive().whatever();
    post.at(SECOND).change(0, 43_200).says(["refused: VisibilityBeyondLimit"]);
    post.change(0, 43_199).says([]);
}

#[test]
fn an_expired_handle_still_deletes() {
    let mut post = Post::new(standard());
    post.send().whatever();
    post.receive().whatever();
    post.at(31 * SECOND).delete(0).says(["forget m-0000"]);
    post.delete(0).says([]);
}

#[test]
fn an_old_handle_still_deletes() {
    let mut post = Post::new(standard());
    post.send().whatever();
    post.receive().whatever();
    post.at(30 * SECOND).receive().says(["c-1 m-0000x2"]);
    post.delete(0).says(["forget m-0000"]);
}

#[test]
fn visibility_changes_after_its_end_if_not_received_again() {
    let mut post = Post::new(standard());
    post.send().whatever();
    post.receive().whatever();
    post.at(31 * SECOND).change(0, 10).says([]);
    post.receive().says(["c-1 nothing"]);
    post.at(41 * SECOND).receive().says(["c-2 m-0000x2"]);
    post.change(0, 10).says(["refused: NotAvailableForVisibilityChange"]);
    post.at(71 * SECOND).change(0, 10).says(["refused: MessageNotInflight"]);
    post.delete(1).whatever();
    post.change(1, 10).says(["refused: NotAvailableForVisibilityChange"]);
}

#[test]
fn a_handle_is_for_its_own_queue_and_its_own_message() {
    let mut post = Post::new(standard());
    post.create(DEAD, standard());
    post.send().whatever();
    post.receive().whatever();
    let handle = post.handle(0);
    let foreign = Event::Delete { queue: DEAD, handle };
    assert_eq!(post.refused(foreign), Refusal::ReceiptHandleIsInvalid);
    post.delete(0).says(["forget m-0000"]);
    post.send().says(["sent m-0001"]);
    post.delete(0).says([]);
    assert_eq!(post.counts(ORDERS), (1, 0, 0), "the next message in its place is another");
    let made_up = Handle { receive: 7, ..handle };
    post.tell(Event::Delete { queue: ORDERS, handle: made_up }).says([]);
}

#[test]
fn a_long_poll_is_answered_by_the_next_message() {
    let mut post = Post::new(standard());
    post.receive_from(ORDERS, 10, 20).says([]);
    post.at(7 * SECOND).send().says(["sent m-0000", "c-0 m-0000x1"]);
}

#[test]
fn a_long_poll_ends_empty() {
    let mut post = Post::new(standard());
    post.receive_from(ORDERS, 10, 20).says([]);
    post.at(20 * SECOND - 1).says([]);
    post.at(20 * SECOND).says(["c-0 nothing"]);
}

#[test]
fn a_long_poll_is_answered_at_the_end_of_a_delay_and_of_a_timeout() {
    let mut post = Post::new(standard());
    post.send_delayed(3).whatever();
    post.receive_from(ORDERS, 10, 20).says([]);
    post.at(3 * SECOND).says(["c-0 m-0000x1"]);
    post.at(14 * SECOND).receive_from(ORDERS, 10, 20).says([]);
    post.at(33 * SECOND).says(["c-1 m-0000x2"]);
}

#[test]
fn who_came_first_is_served_first() {
    let mut post = Post::new(standard());
    for _ in 0..3 {
        post.receive_from(ORDERS, 10, 20).says([]);
    }
    post.send().says(["sent m-0000", "c-0 m-0000x1"]);
    post.send().says(["sent m-0001", "c-1 m-0001x1"]);
    post.send().says(["sent m-0002", "c-2 m-0002x1"]);
}

#[test]
fn who_left_is_served_nothing() {
    let mut post = Post::new(standard());
    post.receive_from(ORDERS, 10, 20).says([]);
    post.receive_from(ORDERS, 10, 20).says([]);
    post.tell(Event::CallerLeft { call: CallId(0) }).says([]);
    post.tell(Event::CallerLeft { call: CallId(0) }).says([]);
    post.send().says(["sent m-0000", "c-1 m-0000x1"]);
    post.at(20 * SECOND).says([]);
}

#[test]
fn the_queue_s_own_wait_counts_where_the_receive_has_none() {
    let mut post = Post::new(QueueConfig { wait: secs(2), ..standard() });
    let (wait, visibility, attempt) = (None, None, None);
    let call = CallId(9);
    post.tell(Event::Receive { call, queue: ORDERS, max: 1, wait, visibility, attempt }).says([]);
    post.at(2 * SECOND).says(["c-9 nothing"]);
}

#[test]
fn retention_ends_a_message_in_any_state() {
    let config = QueueConfig { retention: secs(60), ..standard() };
    let mut post = Post::new(config);
    post.send().whatever();
    post.receive_from(ORDERS, 1, 0).says(["c-0 m-0000x1"]);
    post.change(0, 600).says([]);
    post.send_delayed(300).whatever();
    post.send().whatever();
    assert_eq!(post.counts(ORDERS), (1, 1, 1));
    post.at(60 * SECOND - 1).says([]);
    post.at(60 * SECOND).says(["forget m-0000", "forget m-0001", "forget m-0002"]);
}

#[test]
fn another_retention_counts_for_the_messages_that_are_there() {
    let mut post = Post::new(standard());
    post.send().whatever();
    let config = QueueConfig { retention: secs(60), ..standard() };
    post.at(SECOND).tell(Event::SetAttributes { queue: ORDERS, config }).says([]);
    post.at(60 * SECOND).says(["forget m-0000"]);
}

#[test]
fn a_message_is_kept_for_four_days() {
    let mut post = Post::new(standard());
    post.send().whatever();
    post.at(4 * DAY - 1).says([]);
    assert_eq!(post.sqs.queue(ORDERS).unwrap().oldest, Some(Moment::ZERO));
    post.at(4 * DAY).says(["forget m-0000"]);
    assert_eq!(post.sqs.queue(ORDERS).unwrap().oldest, None);
}

fn few_in_flight(max: u32) -> Settings {
    let limits = Limits { in_flight_max: max, ..Limits::aws() };
    Settings { limits, ..Settings::default() }
}

#[test]
fn a_short_poll_with_too_many_in_flight_is_refused_and_a_long_one_waits() {
    let mut post = Post::with(few_in_flight(2), standard());
    for _ in 0..4 {
        post.send().whatever();
    }
    post.receive().says(["c-0 m-0000x1 m-0001x1"]);
    post.receive().says(["refused: OverLimit"]);
    post.receive_from(ORDERS, 10, 20).says([]);
    post.delete(0).says(["forget m-0000", "c-2 m-0002x1"]);
}

#[test]
fn a_fifo_queue_with_too_many_in_flight_gives_nothing() {
    let mut post = Post::with(few_in_flight(1), fifo());
    post.send_group(1).whatever();
    post.send_group(2).whatever();
    post.receive().says(["c-0 m-0000x1"]);
    post.receive().says(["c-1 nothing"]);
}

#[test]
fn a_noisy_tenant_waits_for_the_others() {
    let mut post = Post::new(standard());
    let mut send = |tenant: u64| {
        let group = Some(GroupId::of(tenant));
        let message = lunch_cloud::sqs::NewMessage { group, ..post.new_message() };
        post.tell(Event::Send { queue: ORDERS, message }).whatever();
    };
    for _ in 0..40 {
        send(7);
    }
    send(8);
    for _ in 0..3 {
        post.receive().whatever();
    }
    assert_eq!(post.counts(ORDERS), (11, 30, 0));
    post.receive_from(ORDERS, 2, 0).says(["c-3 m-0040x1 m-0030x1"]);
}

#[test]
fn what_is_out_of_its_range_is_refused() {
    let mut post = Post::new(standard());
    for (max, wait) in [(0, 0), (11, 0), (1, 21)] {
        let wish = post.wish(ORDERS, max, wait);
        assert_eq!(post.refused(wish), Refusal::OutOfRange);
    }
    let wish = post.wish(QueueId(7), 1, 0);
    assert_eq!(post.refused(wish), Refusal::QueueDoesNotExist);
    let (queue, kind) = (ORDERS, Kind::Standard);
    let config = QueueConfig { delay: secs(901), kind, ..standard() };
    assert_eq!(post.refused(Event::SetAttributes { queue, config }), Refusal::OutOfRange);
    assert_eq!(post.refused(Event::SetAttributes { queue, config: fifo() }), Refusal::TypeIsFixed);
    let (none, name) = (QueueId(u32::MAX), NameId(9));
    let create = Event::CreateQueue { queue: none, name, config: standard() };
    assert_eq!(post.refused(create), Refusal::QueueInUse);
}
