//! What a receipt handle does in each state of its message: all of both, kept as a snapshot, so that a new one shows up
//! as a difference. And what a trace tells.

mod post;

use std::fmt::Write as _;

use lunch_cloud::sqs::{End, Event, NewMessage, QueueConfig, Record, Settings, Sqs, Wake};
use lunch_contract::Moment;
use lunch_contract::sqs::{CallId, MessageId, NameId};
use post::{ORDERS, Post, SECOND, fifo, mortal, secs, standard};

/// Every state of a message after a receive by the handle in question, which is the first.
fn states() -> [(&'static str, fn(&mut Post)); 8] {
    [
        ("in flight", |_| {}),
        ("visible again", |post| {
            post.at(30 * SECOND).says([]);
        }),
        ("made visible", |post| {
            post.change(0, 0).says([]);
        }),
        ("received again", |post| {
            post.at(30 * SECOND).receive().whatever();
        }),
        ("received again, visible again", |post| {
            post.at(30 * SECOND).receive().whatever();
            post.at(60 * SECOND).says([]);
        }),
        ("in the dead-letter queue", |post| {
            post.at(30 * SECOND).receive().whatever();
            post.at(60 * SECOND).receive().whatever();
        }),
        ("deleted", |post| {
            post.delete(0).whatever();
        }),
        ("purged", |post| {
            post.tell(Event::Purge { queue: ORDERS }).whatever();
        }),
    ]
}

fn actions() -> [(&'static str, fn(&mut Post)); 4] {
    [
        ("delete", |post| {
            post.delete(0);
        }),
        ("change to 0 s", |post| {
            post.change(0, 0);
        }),
        ("change to 10 s", |post| {
            post.change(0, 10);
        }),
        ("change to 12 h", |post| {
            post.change(0, 43_200);
        }),
    ]
}

#[test]
fn a_handle_is_decided_in_every_state_of_its_message() {
    let mut table = String::new();
    for (kind, config) in [("standard", standard()), ("fifo", fifo())] {
        for (state, reach) in states() {
            for (action, act) in actions() {
                let mut post = Post::new(mortal(config, 2));
                post.send_group(1).whatever();
                post.receive().whatever();
                reach(&mut post);
                act(&mut post);
                let said = post.heard();
                let counts = post.sqs.queue(ORDERS).map(|view| (view.visible, view.not_visible));
                let line = format!("{kind}, {state}, {action}:");
                writeln!(table, "{line:58} {said:?} {counts:?}").expect("a text takes all");
            }
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_deadline_that_has_come_is_kept_before_the_event() {
    let mut post = Post::new(standard());
    post.send().whatever();
    post.receive().whatever();
    let wish = post.wish(ORDERS, 1, 0);
    post.late(31 * SECOND).tell(wish).says(["c-1 m-0000x2"]);
}

#[test]
fn every_wake_has_a_name() {
    let mut post = Post::new(QueueConfig { visibility: secs(5), ..standard() });
    let message = MessageId { serial: 0, index: 0 };
    post.send_delayed(3).whatever();
    let wake = |post: &Post| post.sqs.poll_timeout();
    assert_eq!(wake(&post), Some((Moment::from_millis(3_000), Wake::Delay(message))));
    post.receive_from(ORDERS, 1, 2).says([]);
    assert_eq!(wake(&post), Some((Moment::from_millis(2_000), Wake::Wait(CallId(0)))));
    post.at(3_000).says(["c-0 nothing"]);
    let four_days = Moment::from_millis(4 * 86_400 * SECOND);
    assert_eq!(wake(&post), Some((four_days, Wake::Retention(ORDERS))));
    post.receive().whatever();
    assert_eq!(wake(&post), Some((Moment::from_millis(8_000), Wake::Visibility(message))));
    assert_eq!(Wake::Visibility(message).to_string(), "visibility timeout of m-0000");
}

#[test]
fn a_trace_tells_the_life_of_a_message() {
    let mut sqs = Sqs::new(Settings::default(), Vec::new());
    let (queue, message) = (ORDERS, MessageId { serial: 0, index: 0 });
    let new = NewMessage { message, bytes: 1, delay: None, group: None, dedup: None };
    let config = QueueConfig { retention: secs(60), ..standard() };
    let (wait, visibility, attempt) = (None, None, None);
    for event in [
        Event::CreateQueue { queue, name: NameId(0), config },
        Event::Send { queue, message: new },
        Event::Receive { call: CallId(0), queue, max: 1, wait, visibility, attempt },
    ] {
        sqs.handle(Moment::ZERO, event).expect("it is taken");
    }
    sqs.handle_timeout(Moment::from_millis(60 * SECOND));
    let told: Vec<_> = sqs.trace().iter().map(|&(_, record)| record).collect();
    let all = [
        Record::Sent { message, queue },
        Record::Received { message, count: 1 },
        Record::Visible { message },
        Record::Gone { message, end: End::Expired },
    ];
    assert_eq!(told, all);
}
