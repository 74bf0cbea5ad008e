//! What survives the end of the machine: everything that was stored, and time that passed meanwhile counts.

mod post;

use lunch_cloud::Pace;
use lunch_cloud::sqs::{Event, Refusal, Settings};
use lunch_contract::sqs::TaskId;
use post::{DEAD, ORDERS, Post, SECOND, fifo, mortal, standard};

#[test]
fn a_message_in_flight_comes_back_in_its_time_and_its_handle_still_counts() {
    let mut post = Post::new(standard());
    post.send().whatever();
    post.send().whatever();
    post.receive().whatever();
    post.at(10 * SECOND).restart().says([]);
    assert_eq!(post.counts(ORDERS), (0, 2, 0));
    post.delete(0).says(["forget m-0000"]);
    post.at(30 * SECOND).receive().says(["c-1 m-0001x2"]);
}

#[test]
fn what_was_due_meanwhile_is_kept_at_once() {
    let mut post = Post::new(standard());
    post.send_delayed(20).whatever();
    post.send().whatever();
    let settings = post.sqs.settings().clone();
    let (sequence, changes) = (post.store.sequence, post.store.changes());
    let later = lunch_contract::Moment::from_millis(4 * 86_400 * SECOND);
    let mut sqs = lunch_cloud::sqs::Sqs::restore(settings, (), later, sequence, changes);
    assert_eq!(sqs.queue(ORDERS).unwrap().visible, 0, "both were kept long enough");
    let mut forgotten = 0;
    while let Some(command) = sqs.poll_command() {
        forgotten += usize::from(post::line(&command).starts_with("forget"));
    }
    assert_eq!(forgotten, 2);
}

#[test]
fn receive_counts_survive_on_their_way_to_the_dead_letter_queue() {
    let mut post = Post::new(mortal(standard(), 2));
    post.send().whatever();
    post.receive().whatever();
    post.at(30 * SECOND).restart().says([]);
    post.receive().says(["c-1 m-0000x2"]);
    post.at(60 * SECOND).restart().says([]);
    post.receive().says(["moved m-0000 from q-0 to q-1", "c-2 nothing"]);
    post.restart().says([]);
    post.receive_from(DEAD, 1, 0).says(["c-3 m-0000x3"]);
    assert_eq!(post.deliveries[2].source, Some(ORDERS));
}

#[test]
fn deduplication_survives_and_so_does_the_number_to_answer_with() {
    let mut post = Post::new(fifo());
    post.send_dedup(1, 42).whatever();
    post.receive().whatever();
    post.delete(0).whatever();
    post.restart().says([]);
    post.send_dedup(1, 42).says(["sent m-0001 as m-0000", "forget m-0001"]);
    post.at(300 * SECOND).send_dedup(1, 42).says(["sent m-0002"]);
    post.receive().whatever();
    assert!(post.deliveries[1].sequence > post.deliveries[0].sequence, "numbers go on");
}

#[test]
fn a_group_keeps_its_order_and_stays_blocked() {
    let mut post = Post::new(fifo());
    for _ in 0..3 {
        post.send_group(1).whatever();
    }
    post.receive_from(ORDERS, 1, 0).whatever();
    post.restart().says([]);
    post.receive().says(["c-1 nothing"]);
    post.at(30 * SECOND).receive().says(["c-2 m-0000x2 m-0001x1 m-0002x1"]);
}

#[test]
fn a_move_goes_on() {
    let mut post = Post::new(mortal(standard(), 1));
    for _ in 0..3 {
        post.send().whatever();
    }
    post.receive().whatever();
    post.at(30 * SECOND).receive().whatever();
    let start =
        Event::StartMove { task: TaskId(1), source: DEAD, destination: None, per_second: Some(1) };
    post.tell(start).whatever();
    post.at(30 * SECOND).says(["moved m-0000 from q-1 to q-0, renewed"]);
    post.restart().says([]);
    post.at(31 * SECOND).says(["moved m-0001 from q-1 to q-0, renewed"]);
}

#[test]
fn a_purge_in_progress_survives_and_who_waited_does_not() {
    let settings = Settings { pace: Pace::Aws, ..Settings::default() };
    let mut post = Post::with(settings, standard());
    post.tell(Event::Purge { queue: ORDERS }).says([]);
    post.receive_from(ORDERS, 1, 20).says([]);
    post.restart().says([]);
    assert_eq!(post.refused(Event::Purge { queue: ORDERS }), Refusal::PurgeQueueInProgress);
    post.at(21 * SECOND).says([]);
}
