//! A queue that is mapped to a function, in virtual time, and who examines its messages and is called.

use std::collections::BTreeSet;
use std::time::Duration;

use lunch_cloud::event_source::{
    Command as Word, Event, Fact, MappingConfig, MappingId, PollerId, Verdict,
};
use lunch_cloud::sqs::{self, Delivery, Kind, NewMessage, QueueConfig, Redrive};
use lunch_cloud::{Cloud, Command, Settings};
use lunch_contract::sqs::{DedupId, DeduplicationScope, GroupId, MessageId, NameId, QueueId};
use lunch_contract::{FunctionId, Moment};

pub(crate) const MAPPING: MappingId = MappingId(0);
pub(crate) const ORDERS: QueueId = QueueId(0);
pub(crate) const DEAD: QueueId = QueueId(1);

/// A queue, a mapping, and who examines and is called.
pub(crate) struct Street {
    pub(crate) cloud: Cloud<()>,
    pub(crate) now: Moment,
    /// The batches that a function has in hand.
    pub(crate) batches: Vec<(PollerId, Vec<Delivery>)>,
    /// Messages that no filter lets pass.
    pub(crate) rejected: BTreeSet<u64>,
    pub(crate) record_bytes: u32,
    /// How often anybody wanted messages looked at.
    pub(crate) examined: u32,
    pub(crate) sent: u32,
    pub(crate) gone: bool,
}

pub(crate) const fn queue(kind: Kind) -> QueueConfig {
    QueueConfig {
        kind,
        delay: Duration::ZERO,
        visibility: Duration::from_secs(30),
        wait: Duration::ZERO,
        retention: Duration::from_secs(345_600),
        redrive: None,
    }
}

pub(crate) const fn mapping() -> MappingConfig {
    MappingConfig {
        queue: ORDERS,
        function: FunctionId(0),
        batch_size: 10,
        window: Duration::ZERO,
        concurrency_max: None,
        reports_failures: false,
        enabled: true,
    }
}

pub(crate) const FIFO: Kind = Kind::Fifo { scope: DeduplicationScope::Queue };

impl Street {
    pub(crate) fn of(kind: Kind, config: MappingConfig) -> Self {
        Self::with(Settings::default(), kind, config)
    }

    pub(crate) fn with(settings: Settings, kind: Kind, config: MappingConfig) -> Self {
        let mut street = Self {
            cloud: Cloud::new(settings, ()),
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

    pub(crate) fn queue(&mut self, event: sqs::Event) {
        self.cloud.handle_queue(self.now, event).expect("it is well-formed");
        self.drain();
    }

    pub(crate) fn tell(&mut self, event: Event) {
        self.cloud.handle_source(self.now, event).expect("it is well-formed");
        self.drain();
    }

    pub(crate) fn drain(&mut self) {
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
                Command::Queue(_)
                | Command::Source(Word::Queue(_))
                | Command::Asynchronous(_)
                | Command::Ecs(_) => {}
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
    pub(crate) fn send(&mut self, count: u32, group: Option<u64>) {
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

    pub(crate) fn pass(&mut self, span: Duration) {
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
    pub(crate) fn answer(&mut self, verdict: impl FnOnce(&[Delivery]) -> Verdict) -> Vec<u64> {
        let (poller, batch) = self.batches.remove(0);
        let verdict = verdict(&batch);
        self.tell(Event::Answered { poller, verdict });
        batch.iter().map(|delivery| delivery.message.serial).collect()
    }

    /// Messages of the queue: visible, in flight; and of the dead-letter queue.
    pub(crate) fn counts(&self) -> (u32, u32, u32) {
        let view = |id| self.cloud.queues().queue(id).expect("it exists");
        (view(ORDERS).visible, view(ORDERS).not_visible, view(DEAD).visible)
    }

    pub(crate) fn pollers(&self) -> u32 {
        self.cloud.sources().mapping(MAPPING).map_or(0, |view| view.pollers)
    }

    pub(crate) fn in_hand(&self) -> Vec<usize> {
        self.batches.iter().map(|(_, batch)| batch.len()).collect()
    }
}

pub(crate) const SECOND: Duration = Duration::from_secs(1);
