//! Event source mappings in virtual time, over the real queues. Facts 7.

use std::collections::BTreeSet;
use std::time::Duration;

use lunch_cloud::event_source::{
    Command as Word, Event, Fact, MappingConfig, MappingId, MappingState, PollerId, Verdict,
};
use lunch_cloud::sqs::{self, Delivery, Kind, NewMessage, QueueConfig, Redrive};
use lunch_cloud::{Cloud, Command, Settings};
use lunch_contract::sqs::{
    DedupId, DeduplicationScope, GroupId, MessageId, NameId, QueueId, SequenceNumber,
};
use lunch_contract::{FunctionId, Moment};

const MAPPING: MappingId = MappingId(0);
const ORDERS: QueueId = QueueId(0);
const DEAD: QueueId = QueueId(1);

/// A queue, a mapping, and who examines and is called.
struct Street {
    cloud: Cloud<()>,
    now: Moment,
    /// The batches that a function has in hand.
    batches: Vec<(PollerId, Vec<Delivery>)>,
    /// Messages that no filter lets pass.
    rejected: BTreeSet<u64>,
    record_bytes: u32,
    /// How often anybody wanted messages looked at.
    examined: u32,
    sent: u32,
    gone: bool,
}

const fn queue(kind: Kind) -> QueueConfig {
    QueueConfig {
        kind,
        delay: Duration::ZERO,
        visibility: Duration::from_secs(30),
        wait: Duration::ZERO,
        retention: Duration::from_secs(345_600),
        redrive: None,
    }
}

const fn mapping() -> MappingConfig {
    MappingConfig {
        queue: ORDERS,
        function: FunctionId(0),
        batch_size: 10,
        window: Duration::ZERO,
        concurrency_max: None,
        visibility: Duration::from_secs(30),
        enabled: true,
    }
}

const FIFO: Kind = Kind::Fifo { scope: DeduplicationScope::Queue };

impl Street {
    fn of(kind: Kind, config: MappingConfig) -> Self {
        let mut street = Self {
            cloud: Cloud::new(Settings::default(), ()),
            now: Moment::ZERO,
            batches: Vec::new(),
            rejected: BTreeSet::new(),
            record_bytes: 500,
            examined: 0,
            sent: 0,
            gone: false,
        };
        let redrive = Some(Redrive { target: DEAD, max_receives: 3 });
        let dead = sqs::Event::CreateQueue { queue: DEAD, name: NameId(1), config: queue(kind) };
        street.queue(dead);
        let config_of_orders = QueueConfig { redrive, ..queue(kind) };
        let orders =
            sqs::Event::CreateQueue { queue: ORDERS, name: NameId(0), config: config_of_orders };
        street.queue(orders);
        street.tell(Event::Create { mapping: MAPPING, config });
        street
    }

    fn queue(&mut self, event: sqs::Event) {
        self.cloud.handle_queue(self.now, event).expect("it is well-formed");
        self.drain();
    }

    fn tell(&mut self, event: Event) {
        self.cloud.handle_source(self.now, event).expect("it is well-formed");
        self.drain();
    }

    fn drain(&mut self) {
        let mut examined = Vec::new();
        while let Some(command) = self.cloud.poll_command() {
            match command {
                Command::Source(Word::Examine { poller, messages, .. }) => {
                    self.examined += 1;
                    assert!(self.examined < 1_000, "this comes to no end");
                    let fact = |message: &MessageId| Fact {
                        rendered_bytes: self.record_bytes,
                        passes: !self.rejected.contains(&message.serial),
                    };
                    let facts = messages.iter().map(fact).collect();
                    examined.push(Event::Examined { poller, facts });
                }
                Command::Source(Word::Invoke { poller, messages, .. }) => {
                    assert!(!messages.is_empty(), "no function is called with nothing");
                    self.batches.push((poller, messages));
                }
                Command::Source(Word::Gone { .. }) => self.gone = true,
                Command::Queue(_) | Command::Source(Word::Queue(_)) | Command::Asynchronous(_) => {}
                other @ (Command::Spawn { .. }
                | Command::Deliver { .. }
                | Command::Notify { .. }
                | Command::Reply { .. }
                | Command::Release { .. }
                | Command::Freeze { .. }
                | Command::Thaw { .. }
                | Command::Terminate { .. }
                | Command::Kill { .. }
                | Command::Retire { .. }) => panic!("there is no function: {other:?}"),
            }
        }
        for event in examined {
            self.tell(event);
        }
    }

    /// Sends so many messages, and gives their serial numbers.
    fn send(&mut self, count: u32, group: Option<u64>) {
        for _ in 0..count {
            let number = self.sent;
            self.sent += 1;
            let message = NewMessage {
                message: MessageId { serial: number.into(), index: number },
                bytes: 100,
                delay: None,
                group: group.map(GroupId::of),
                dedup: group.map(|_| DedupId(number.into())),
            };
            self.queue(sqs::Event::Send { queue: ORDERS, message });
        }
    }

    fn pass(&mut self, span: Duration) {
        let target = self.now + span;
        while let Some((at, _)) = self.cloud.poll_timeout().filter(|(at, _)| *at <= target) {
            self.now = at.max(self.now);
            self.cloud.handle_timeout(self.now);
            self.drain();
        }
        self.now = target;
        self.cloud.handle_timeout(target);
        self.drain();
    }

    /// Lets the function answer for its oldest batch; gives the batch's serial numbers.
    fn answer(&mut self, verdict: impl FnOnce(&[Delivery]) -> Verdict) -> Vec<u64> {
        let (poller, batch) = self.batches.remove(0);
        let verdict = verdict(&batch);
        self.tell(Event::Answered { poller, verdict });
        batch.iter().map(|delivery| delivery.message.serial).collect()
    }

    /// Messages of the queue: visible, in flight; and of the dead-letter queue.
    fn counts(&self) -> (u32, u32, u32) {
        let view = |id| self.cloud.queues().queue(id).expect("it exists");
        (view(ORDERS).visible, view(ORDERS).not_visible, view(DEAD).visible)
    }

    fn pollers(&self) -> u32 {
        self.cloud.sources().mapping(MAPPING).map_or(0, |view| view.pollers)
    }

    fn in_hand(&self) -> Vec<usize> {
        self.batches.iter().map(|(_, batch)| batch.len()).collect()
    }
}

const SECOND: Duration = Duration::from_secs(1);

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
