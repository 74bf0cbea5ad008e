//! Queues that are told things in virtual time, what they say to that, one short line a command, and what a driver
//! would have on its disk.
#![expect(dead_code, reason = "each test file uses what it needs")]

use std::collections::BTreeMap;
use std::time::Duration;

use lunch_cloud::sqs::{
    Change, Command, Delivery, Event, Kind, NewMessage, QueueConfig, Redrive, Refusal, Settings,
    Sqs, State, StoredDedup, StoredMessage, StoredQueue, StoredTask,
};
use lunch_contract::sqs::{
    Attributes, CallId, DedupId, DeduplicationScope, GroupId, Handle, MessageId, NameId, QueueId,
    SequenceNumber, TaskId,
};
use lunch_contract::{IdAllocator, Moment};

pub(crate) const ORDERS: QueueId = QueueId(0);
pub(crate) const DEAD: QueueId = QueueId(1);

pub(crate) const SECOND: u64 = 1_000;

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A standard queue as AWS makes one: 30 s of visibility timeout, 4 days of retention.
pub(crate) fn standard() -> QueueConfig {
    QueueConfig::from(&Attributes::new(false))
}

pub(crate) fn fifo() -> QueueConfig {
    QueueConfig::from(&Attributes::new(true))
}

pub(crate) fn fifo_by_group() -> QueueConfig {
    QueueConfig { kind: Kind::Fifo { scope: DeduplicationScope::MessageGroup }, ..fifo() }
}

/// Dead after that many receives.
pub(crate) fn mortal(config: QueueConfig, max_receives: u32) -> QueueConfig {
    QueueConfig { redrive: Some(Redrive { target: DEAD, max_receives }), ..config }
}

/// What a driver would have on its disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Store {
    pub(crate) queues: BTreeMap<QueueId, StoredQueue>,
    pub(crate) messages: BTreeMap<MessageId, StoredMessage>,
    pub(crate) windows: BTreeMap<u128, StoredDedup>,
    pub(crate) tasks: BTreeMap<TaskId, StoredTask>,
    pub(crate) sequence: SequenceNumber,
}

impl Store {
    pub(crate) fn apply(&mut self, change: Change) {
        match change {
            Change::QueuePut(queue) => {
                self.queues.insert(queue.queue, queue);
            }
            Change::QueueRemoved { queue } => {
                self.queues.remove(&queue).expect("a queue that was stored is removed");
            }
            Change::MessagePut(message) => {
                self.sequence = self.sequence.max(message.sequence);
                self.messages.insert(message.message, message);
            }
            Change::MessageRemoved { message } => {
                self.messages.remove(&message).expect("a message that was stored is removed");
            }
            Change::DedupPut(window) => {
                self.windows.insert(window.key.0, window);
            }
            Change::DedupExpired { key } => {
                self.windows.remove(&key.0).expect("a window that was stored is removed");
            }
            Change::TaskPut(task) => {
                self.tasks.insert(task.task, task);
            }
            Change::TaskRemoved { task } => {
                self.tasks.remove(&task).expect("a move that was stored is removed");
            }
        }
    }

    /// All of it, as `restore` takes it.
    pub(crate) fn changes(&self) -> Vec<Change> {
        let queues = self.queues.values().cloned().map(Change::QueuePut);
        let messages = self.messages.values().copied().map(Change::MessagePut);
        let windows = self.windows.values().copied().map(Change::DedupPut);
        let tasks = self.tasks.values().copied().map(Change::TaskPut);
        tasks.chain(windows).chain(messages).chain(queues).collect()
    }

    /// Checks that the disk has what the machine has.
    #[track_caller]
    pub(crate) fn check(&self, sqs: &Sqs<()>) {
        let live: Vec<_> = sqs.queues().flat_map(|view| sqs.messages(view.queue)).collect();
        assert_eq!(live.len(), self.messages.len(), "as many messages as are stored");
        for message in live {
            let mut stored = self.messages[&message.message];
            if stored.state.until().is_some_and(|until| until <= sqs.now()) {
                stored.state = State::Visible;
            }
            assert_eq!(message, stored, "a message is what is stored of it");
        }
        let queues: Vec<_> = sqs.queues().map(|view| (view.queue, view.config)).collect();
        let stored: Vec<_> = self.queues.values().map(|kept| (kept.queue, kept.config)).collect();
        assert_eq!(queues, stored, "a queue is what is stored of it");
    }
}

/// One machine, and what it said to the last telling.
pub(crate) struct Post {
    pub(crate) sqs: Sqs<()>,
    pub(crate) store: Store,
    ids: IdAllocator,
    now: Moment,
    said: Vec<String>,
    calls: u64,
    pub(crate) deliveries: Vec<Delivery>,
}

impl Post {
    /// With one queue.
    pub(crate) fn new(config: QueueConfig) -> Self {
        Self::with(Settings::default(), config)
    }

    pub(crate) fn with(settings: Settings, config: QueueConfig) -> Self {
        let mut post = Self {
            sqs: Sqs::new(settings, ()),
            store: Store::default(),
            ids: IdAllocator::default(),
            now: Moment::ZERO,
            said: Vec::new(),
            calls: 0,
            deliveries: Vec::new(),
        };
        if let Some(redrive) = config.redrive {
            let dead = QueueConfig { redrive: None, ..config };
            post.create(redrive.target, dead);
        }
        post.create(ORDERS, config);
        post
    }

    pub(crate) fn create(&mut self, queue: QueueId, config: QueueConfig) {
        let name = NameId(u64::from(queue.0));
        self.tell(Event::CreateQueue { queue, name, config }).says([]);
    }

    /// Time passes to that moment, from wake to wake.
    #[track_caller]
    pub(crate) fn at(&mut self, ms: u64) -> &mut Self {
        let to = Moment::from_millis(ms);
        assert!(to >= self.now, "time never goes back");
        self.quiet();
        while let Some((at, _)) = self.sqs.poll_timeout().filter(|(at, _)| *at <= to) {
            assert!(at >= self.now, "a wake at {at} when it is {}", self.now);
            self.now = at;
            self.sqs.handle_timeout(at);
            self.drain();
        }
        self.now = to;
        self.sqs.handle_timeout(to);
        self.drain();
        self
    }

    #[track_caller]
    pub(crate) fn tell(&mut self, event: Event) -> &mut Self {
        self.quiet();
        if let Err(refusal) = self.sqs.handle(self.now, event) {
            self.said.push(format!("refused: {refusal:?}"));
        }
        self.drain();
        self
    }

    #[track_caller]
    pub(crate) fn refused(&mut self, event: Event) -> Refusal {
        self.quiet();
        let refusal = self.sqs.handle(self.now, event).expect_err("the event is refused");
        assert_eq!(self.sqs.poll_command(), None, "a refusal commands nothing");
        refusal
    }

    /// Checks what was said to the last telling: all of it, and nothing else. What is stored is checked otherwise.
    #[track_caller]
    pub(crate) fn says<const N: usize>(&mut self, expected: [&str; N]) -> &mut Self {
        let said = std::mem::take(&mut self.said);
        assert_eq!(said, expected, "at {}", self.now);
        self
    }

    /// All that was said to the last telling.
    pub(crate) fn heard(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }

    /// Time passes to that moment, and no wake before it is kept: a driver whose timer is late.
    pub(crate) fn late(&mut self, ms: u64) -> &mut Self {
        self.now = Moment::from_millis(ms);
        self
    }

    pub(crate) fn whatever(&mut self) -> &mut Self {
        self.said.clear();
        self
    }

    pub(crate) fn new_message(&mut self) -> NewMessage {
        let (index, serial) = self.ids.allocate();
        let message = MessageId { serial, index };
        NewMessage { message, bytes: 100, delay: None, group: None, dedup: None }
    }

    #[track_caller]
    pub(crate) fn send(&mut self) -> &mut Self {
        self.send_to(ORDERS)
    }

    #[track_caller]
    pub(crate) fn send_to(&mut self, queue: QueueId) -> &mut Self {
        let message = self.new_message();
        self.tell(Event::Send { queue, message })
    }

    #[track_caller]
    pub(crate) fn send_delayed(&mut self, seconds: u64) -> &mut Self {
        let message = NewMessage { delay: Some(secs(seconds)), ..self.new_message() };
        self.tell(Event::Send { queue: ORDERS, message })
    }

    /// To a group, deduplicated by nothing but itself.
    #[track_caller]
    pub(crate) fn send_group(&mut self, group: u64) -> &mut Self {
        let new = self.new_message();
        let dedup = DedupId(1_000_000 + u128::from(new.message.serial));
        self.send_as(new, group, dedup.0)
    }

    #[track_caller]
    pub(crate) fn send_dedup(&mut self, group: u64, dedup: u128) -> &mut Self {
        let new = self.new_message();
        self.send_as(new, group, dedup)
    }

    #[track_caller]
    fn send_as(&mut self, new: NewMessage, group: u64, dedup: u128) -> &mut Self {
        let (group, dedup) = (Some(GroupId::of(group)), Some(DedupId(dedup)));
        self.tell(Event::Send { queue: ORDERS, message: NewMessage { group, dedup, ..new } })
    }

    /// The next receive, of ten messages at most; calls are numbered from 0.
    #[track_caller]
    pub(crate) fn receive(&mut self) -> &mut Self {
        self.receive_from(ORDERS, 10, 0)
    }

    #[track_caller]
    pub(crate) fn receive_from(&mut self, queue: QueueId, max: u8, wait: u64) -> &mut Self {
        let event = self.wish(queue, max, wait);
        self.tell(event)
    }

    pub(crate) fn wish(&mut self, queue: QueueId, max: u8, wait: u64) -> Event {
        let call = CallId(self.calls);
        self.calls += 1;
        let (wait, visibility, attempt) = (Some(secs(wait)), None, None);
        Event::Receive { call, queue, max, wait, visibility, attempt }
    }

    /// The handle of the `nth` delivery of all.
    pub(crate) fn handle(&self, nth: usize) -> Handle {
        self.deliveries[nth].handle
    }

    #[track_caller]
    pub(crate) fn delete(&mut self, nth: usize) -> &mut Self {
        let handle = self.handle(nth);
        self.tell(Event::Delete { queue: handle.queue, handle })
    }

    #[track_caller]
    pub(crate) fn change(&mut self, nth: usize, seconds: u64) -> &mut Self {
        let handle = self.handle(nth);
        let timeout = secs(seconds);
        self.tell(Event::ChangeVisibility { queue: handle.queue, handle, timeout })
    }

    /// Visible, in flight, delayed.
    pub(crate) fn counts(&self, queue: QueueId) -> (u32, u32, u32) {
        let view = self.sqs.queue(queue).expect("the queue exists");
        (view.visible, view.not_visible, view.delayed)
    }

    /// Ends the machine and makes another of what is on the disk.
    pub(crate) fn restart(&mut self) -> &mut Self {
        self.quiet();
        let settings = self.sqs.settings().clone();
        let (sequence, changes) = (self.store.sequence, self.store.changes());
        self.sqs = Sqs::restore(settings, (), self.now, sequence, changes);
        self.drain();
        self
    }

    #[track_caller]
    fn quiet(&self) {
        assert_eq!(self.said, Vec::<String>::new(), "what was said before was looked at");
    }

    #[track_caller]
    fn drain(&mut self) {
        while let Some(command) = self.sqs.poll_command() {
            match &command {
                Command::Store(change) => {
                    self.store.apply(change.clone());
                    continue;
                }
                Command::Received { messages, .. } => self.deliveries.extend(messages),
                Command::Forget { message } => self.ids.free(message.index),
                Command::Sent { .. } | Command::Refused { .. } | Command::Moved { .. } => {}
            }
            self.said.push(line(&command));
        }
        self.store.check(&self.sqs);
    }
}

pub(crate) fn line(command: &Command) -> String {
    match command {
        Command::Store(change) => format!("store {change:?}"),
        Command::Sent { message, duplicate_of: None, .. } => format!("sent {message}"),
        Command::Sent { message, duplicate_of: Some(of), .. } => format!("sent {message} as {of}"),
        Command::Received { call, messages } if messages.is_empty() => format!("{call} nothing"),
        Command::Received { call, messages } => {
            let each = |it: &Delivery| format!("{}x{}", it.message, it.receive_count);
            let all: Vec<_> = messages.iter().map(each).collect();
            format!("{call} {}", all.join(" "))
        }
        Command::Refused { call, refusal } => format!("{call} refused: {refusal:?}"),
        Command::Moved { message, from, to, renewed } => {
            let how = if *renewed { ", renewed" } else { "" };
            format!("moved {message} from {from} to {to}{how}")
        }
        Command::Forget { message } => format!("forget {message}"),
    }
}
