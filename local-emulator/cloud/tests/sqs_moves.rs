//! Messages that go from one queue to another, and queues that go: dead letters, move tasks, purges, deletions.

mod post;

use lunch_cloud::Pace;
use lunch_cloud::sqs::{Event, Mischief, MoveStatus, QueueConfig, Redrive, Refusal, Settings};
use lunch_contract::Moment;
use lunch_contract::sqs::{NameId, QueueId, TaskId};
use post::{DEAD, ORDERS, Post, SECOND, fifo, mortal, secs, standard};

const OTHER: QueueId = QueueId(5);

/// Receives the first message until it is dead, 30 s each.
fn kill(post: &mut Post, receives: u64) {
    let from = post.sqs.now().as_nanos() / 1_000_000;
    for n in 0..=receives {
        post.at(from + n * 30 * SECOND).receive_from(ORDERS, 1, 0).whatever();
    }
}

#[test]
fn a_message_that_was_received_too_often_goes_to_the_dead_letter_queue() {
    let mut post = Post::new(mortal(standard(), 2));
    post.at(SECOND).send().whatever();
    post.receive().says(["c-0 m-0000x1"]);
    post.at(31 * SECOND).receive().says(["c-1 m-0000x2"]);
    post.at(61 * SECOND).says([]);
    assert_eq!(post.counts(ORDERS), (1, 0, 0), "it goes at the next receive");
    post.receive().says(["moved m-0000 from q-0 to q-1", "c-2 nothing"]);
    post.receive_from(DEAD, 10, 0).says(["c-3 m-0000x3"]);
    let dead = post.deliveries[2];
    assert_eq!(dead.source, Some(ORDERS));
    assert_eq!(dead.sent, Moment::from_millis(SECOND), "a standard queue keeps it");
    assert_eq!(dead.first_received, Moment::from_millis(SECOND));
}

#[test]
fn a_receive_passes_the_dead_and_takes_the_living() {
    let mut post = Post::new(mortal(standard(), 1));
    post.send().whatever();
    post.receive().whatever();
    post.at(30 * SECOND).send().whatever();
    post.receive().says(["moved m-0000 from q-0 to q-1", "c-1 m-0001x1"]);
}

#[test]
fn who_waits_at_the_dead_letter_queue_is_served_at_once() {
    let mut post = Post::new(mortal(standard(), 1));
    post.send().whatever();
    post.receive().whatever();
    post.at(29 * SECOND).receive_from(DEAD, 10, 20).says([]);
    post.at(30 * SECOND).receive();
    post.says(["moved m-0000 from q-0 to q-1", "c-2 nothing", "c-1 m-0000x2"]);
}

#[test]
fn a_dead_fifo_message_frees_its_group_and_counts_its_age_anew() {
    let mut post = Post::new(mortal(fifo(), 1));
    post.send_group(1).whatever();
    post.send_group(1).whatever();
    post.receive_from(ORDERS, 1, 0).says(["c-0 m-0000x1"]);
    post.at(30 * SECOND).receive().says(["moved m-0000 from q-0 to q-1", "c-1 m-0001x1"]);
    assert_eq!(post.sqs.queue(DEAD).unwrap().oldest, Some(Moment::from_millis(30 * SECOND)));
}

#[test]
fn a_dead_message_of_a_standard_queue_keeps_its_age() {
    let config = QueueConfig { retention: secs(100), ..mortal(standard(), 1) };
    let mut post = Post::new(config);
    post.send().whatever();
    kill(&mut post, 1);
    assert_eq!(post.counts(DEAD), (1, 0, 0));
    post.at(100 * SECOND).says(["forget m-0000"]);
}

#[test]
fn a_dead_message_that_is_too_old_for_its_new_queue_is_received_by_nobody() {
    let mut post = Post::new(mortal(standard(), 1));
    let config = QueueConfig { retention: secs(60), ..standard() };
    post.tell(Event::SetAttributes { queue: DEAD, config }).says([]);
    post.send().whatever();
    post.at(45 * SECOND).receive().whatever();
    post.at(74 * SECOND).receive_from(DEAD, 10, 20).says([]);
    post.at(75 * SECOND).receive();
    post.says(["moved m-0000 from q-0 to q-1", "forget m-0000", "c-2 nothing"]);
}

#[test]
fn a_handle_from_before_the_move_does_nothing() {
    let mut post = Post::new(mortal(standard(), 1));
    post.send().whatever();
    kill(&mut post, 1);
    post.delete(0).says([]);
    post.change(0, 10).says(["refused: NotAvailableForVisibilityChange"]);
    assert_eq!(post.counts(DEAD), (1, 0, 0));
}

#[test]
fn two_queues_that_bury_in_each_other_come_to_an_end() {
    let mut post = Post::new(mortal(standard(), 1));
    let config =
        QueueConfig { redrive: Some(Redrive { target: ORDERS, max_receives: 1 }), ..standard() };
    post.tell(Event::SetAttributes { queue: DEAD, config }).says([]);
    post.send().whatever();
    post.receive().whatever();
    post.at(20 * SECOND).receive_from(DEAD, 10, 20).says([]);
    post.at(30 * SECOND).receive();
    post.says(["moved m-0000 from q-0 to q-1", "c-2 nothing", "c-1 m-0000x2"]);
}

#[test]
fn a_dead_letter_queue_exists_and_is_of_the_same_type() {
    let mut post = Post::new(standard());
    let (queue, config) = (ORDERS, mortal(standard(), 1));
    assert_eq!(post.refused(Event::SetAttributes { queue, config }), Refusal::UnsuitableTarget);
    post.create(DEAD, fifo());
    assert_eq!(post.refused(Event::SetAttributes { queue, config }), Refusal::UnsuitableTarget);
}

fn start(task: u32, destination: Option<QueueId>, per_second: Option<u32>) -> Event {
    Event::StartMove { task: TaskId(task), source: DEAD, destination, per_second }
}

/// With that many dead messages.
fn with_dead(count: usize) -> Post {
    let mut post = Post::new(mortal(standard(), 1));
    for _ in 0..count {
        post.send().whatever();
    }
    post.receive().whatever();
    post.at(30 * SECOND).receive().whatever();
    assert_eq!(post.counts(DEAD).0 as usize, count);
    post
}

#[test]
fn a_move_takes_messages_back_at_its_rate() {
    let mut post = with_dead(3);
    post.tell(start(1, None, Some(2))).says([]);
    post.at(30 * SECOND).says(["moved m-0000 from q-1 to q-0, renewed"]);
    post.at(30 * SECOND + 499).says([]);
    post.at(30 * SECOND + 500).says(["moved m-0001 from q-1 to q-0, renewed"]);
    post.at(40 * SECOND).says(["moved m-0002 from q-1 to q-0, renewed"]);
    let task = post.sqs.moves(DEAD).next().unwrap();
    assert_eq!((task.status, task.moved, task.to_move), (MoveStatus::Completed, 3, 3));
    post.receive().says(["c-2 m-0000x1 m-0001x1 m-0002x1"]);
    let delivery = post.deliveries[3];
    assert_eq!((delivery.source, delivery.sent), (None, Moment::from_millis(30 * SECOND)));
}

#[test]
fn a_move_may_go_to_any_queue_of_the_same_type() {
    let mut post = with_dead(1);
    post.create(OTHER, standard());
    post.tell(start(1, Some(OTHER), None)).says([]);
    post.at(31 * SECOND).says(["moved m-0000 from q-1 to q-5, renewed"]);
    let sixth = QueueId(6);
    post.create(sixth, fifo());
    assert_eq!(post.refused(start(2, Some(sixth), None)), Refusal::UnsuitableTarget);
    assert_eq!(post.refused(start(2, Some(DEAD), None)), Refusal::UnsuitableTarget);
}

#[test]
fn a_move_ends_with_as_many_as_there_were() {
    let mut post = with_dead(2);
    post.tell(start(1, None, Some(1))).says([]);
    post.send_to(DEAD).says(["moved m-0000 from q-1 to q-0, renewed", "sent m-0002"]);
    post.at(40 * SECOND).says(["moved m-0001 from q-1 to q-0, renewed"]);
    assert_eq!(post.sqs.moves(DEAD).next().unwrap().status, MoveStatus::Completed);
    assert_eq!(post.counts(DEAD), (1, 0, 0));
}

#[test]
fn one_move_out_of_a_queue_runs_at_a_time() {
    let mut post = with_dead(3);
    post.tell(start(1, None, Some(1))).says([]);
    post.at(30 * SECOND).says(["moved m-0000 from q-1 to q-0, renewed"]);
    assert_eq!(post.refused(start(2, None, Some(1))), Refusal::MoveRunning);
    post.tell(Event::CancelMove { task: TaskId(1) }).says([]);
    assert_eq!(post.refused(Event::CancelMove { task: TaskId(1) }), Refusal::NoSuchMove);
    post.at(60 * SECOND).says([]);
    let task = post.sqs.moves(DEAD).next().unwrap();
    assert_eq!((task.status, task.moved), (MoveStatus::Cancelled, 1));
    post.tell(start(2, None, Some(500))).says([]);
    assert_eq!(post.sqs.moves(DEAD).count(), 2);
}

#[test]
fn a_move_is_out_of_a_dead_letter_queue_and_at_1_to_500_a_second() {
    let mut post = with_dead(1);
    let source = ORDERS;
    let wrong = Event::StartMove { task: TaskId(1), source, destination: None, per_second: None };
    assert_eq!(post.refused(wrong), Refusal::NotADeadLetterQueue);
    for rate in [0, 501] {
        assert_eq!(post.refused(start(1, None, Some(rate))), Refusal::OutOfRange);
    }
}

#[test]
fn a_move_to_a_queue_that_is_gone_fails() {
    let mut post = with_dead(2);
    post.create(OTHER, mortal(standard(), 1));
    post.tell(Event::DeleteQueue { queue: ORDERS }).says([]);
    post.tell(start(1, None, None)).says([]);
    post.at(31 * SECOND).says([]);
    assert_eq!(post.sqs.moves(DEAD).next().unwrap().status, MoveStatus::Failed);
}

#[test]
fn the_last_ten_moves_are_listed() {
    let mut post = with_dead(0);
    for task in 1..=12 {
        post.tell(start(task, None, None)).says([]);
        post.at(30 * SECOND).says([]);
    }
    let listed: Vec<_> = post.sqs.moves(DEAD).map(|task| task.task.0).collect();
    assert_eq!(listed, [12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
}

#[test]
fn a_purge_takes_what_is_in_flight_too() {
    let mut post = Post::new(standard());
    post.send().whatever();
    post.receive().whatever();
    post.send_delayed(60).whatever();
    post.tell(Event::Purge { queue: ORDERS }).says(["forget m-0000", "forget m-0001"]);
    post.delete(0).says([]);
    post.tell(Event::Purge { queue: ORDERS }).says([]);
}

fn at_aws_s_pace() -> Settings {
    Settings { pace: Pace::Aws, ..Settings::default() }
}

#[test]
fn a_purge_is_in_progress_for_60_s_at_aws_s_pace() {
    let mut post = Post::with(at_aws_s_pace(), standard());
    post.tell(Event::Purge { queue: ORDERS }).says([]);
    let again = Event::Purge { queue: ORDERS };
    assert_eq!(post.at(60 * SECOND - 1).refused(again.clone()), Refusal::PurgeQueueInProgress);
    post.at(60 * SECOND).tell(again).says([]);
}

#[test]
fn a_deleted_queue_s_name_is_taken_for_60_s_at_aws_s_pace() {
    let mut post = Post::with(at_aws_s_pace(), standard());
    post.tell(Event::DeleteQueue { queue: ORDERS }).says([]);
    let again = |queue| Event::CreateQueue { queue, name: NameId(0), config: standard() };
    let refusal = post.at(60 * SECOND - 1).refused(again(OTHER));
    assert_eq!(refusal, Refusal::QueueDeletedRecently);
    post.at(60 * SECOND).tell(again(OTHER)).says([]);
}

#[test]
fn a_deleted_queue_takes_its_messages_along_and_turns_away_who_waits() {
    let mut post = Post::new(standard());
    post.send().whatever();
    post.receive().whatever();
    post.receive_from(ORDERS, 1, 20).says([]);
    let delete = Event::DeleteQueue { queue: ORDERS };
    post.tell(delete.clone()).says(["c-1 refused: QueueDoesNotExist", "forget m-0000"]);
    assert_eq!(post.refused(delete), Refusal::QueueDoesNotExist);
    post.create(ORDERS, standard());
    post.receive().says(["c-2 nothing"]);
}

fn mischievous(mischief: Mischief) -> Settings {
    Settings { seed: 11, mischief, ..Settings::default() }
}

#[test]
fn mischief_delivers_twice_and_after_a_deletion() {
    let mischief = Mischief { duplicate: 1.0, ..Mischief::default() };
    let mut post = Post::with(mischievous(mischief), standard());
    post.send().whatever();
    post.receive().says(["c-0 m-0000x1"]);
    post.receive().says(["c-1 m-0000x2"]);
    post.delete(1).says([]);
    post.receive().says(["c-2 m-0000x3"]);
}

#[test]
fn mischief_delivers_out_of_order_and_late() {
    let mischief = Mischief { duplicate: 0.0, reorder: 5, late: secs(10) };
    let mut post = Post::with(mischievous(mischief), standard());
    for _ in 0..10 {
        post.send().whatever();
    }
    assert!(post.counts(ORDERS).2 > 5, "most are late");
    post.at(10 * SECOND).receive().whatever();
    let order: Vec<_> = post.deliveries.iter().map(|delivery| delivery.message).collect();
    assert_eq!(order.len(), 10);
    assert!(!order.is_sorted());
}

#[test]
fn fifo_queues_know_no_mischief() {
    let mischief = Mischief { duplicate: 1.0, reorder: 5, late: secs(10) };
    let mut post = Post::with(mischievous(mischief), fifo());
    post.send_group(1).whatever();
    post.send_group(1).whatever();
    post.receive().says(["c-0 m-0000x1 m-0001x1"]);
    post.delete(0).says(["forget m-0000"]);
}
