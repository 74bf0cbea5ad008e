//! Seeded random histories under laws, and a second machine that is restored in the middle of each.
//!
//! Laws: no acknowledged message is lost unless it was deleted, purged or too old; none comes after its deletion from a
//! FIFO queue; a group keeps its order; counts are true; what is stored is what is; a restored machine says what the
//! one says that lived on.

mod post;

use std::collections::BTreeSet;
use std::time::Duration;

use lunch_cloud::Pace;
use lunch_cloud::sqs::{
    Change, Command, Delivery, Event, Mischief, NewMessage, QueueConfig, Redrive, Settings, Sqs,
    State, StoredMessage,
};
use lunch_contract::sqs::{
    AttemptId, CallId, DedupId, GroupId, Handle, MessageId, NameId, QueueId, TaskId,
};
use lunch_contract::{IdAllocator, Moment};
use post::{Store, fifo, fifo_by_group, secs, standard};

/// SplitMix64, as the cloud's own.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }

    fn small(&mut self, bound: u32) -> u32 {
        u32::try_from(self.below(u64::from(bound))).expect("it is below a u32")
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }
}

/// A random world round one machine or two.
struct World {
    dice: Dice,
    now: Moment,
    sqs: Sqs<()>,
    /// Restored from the store, and told the same since.
    twin: Option<Sqs<()>>,
    store: Store,
    ids: IdAllocator,
    handles: Vec<Handle>,
    /// Messages that were acknowledged and have not ended.
    owed: BTreeSet<MessageId>,
    /// Those of FIFO queues that were deleted.
    deleted: BTreeSet<MessageId>,
    /// How many queues were created: no id comes twice.
    created: u32,
    tasks: u32,
    told: u64,
    heard: u64,
}

/// Some queues with each other as dead-letter queues, in both types.
fn config(dice: &mut Dice, queue: u32) -> QueueConfig {
    let base = match queue % 4 {
        0 | 1 => standard(),
        2 => fifo(),
        _ => fifo_by_group(),
    };
    let pick = |dice: &mut Dice, some: &[u64]| secs(some[dice.small(4) as usize]);
    let target = QueueId(queue / 4 * 4 + [1, 0, 3, 2][queue as usize % 4]);
    let max_receives = dice.small(4);
    QueueConfig {
        delay: pick(dice, &[0, 0, 0, 3]),
        visibility: pick(dice, &[0, 5, 30, 30]),
        wait: pick(dice, &[0, 0, 2, 20]),
        retention: pick(dice, &[60, 120, 600, 1_200]),
        redrive: dice.one_in(2).then_some(Redrive { target, max_receives }),
        ..base
    }
}

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mischief = Mischief { duplicate: 0.2, reorder: 3, late: Duration::from_millis(700) };
        let mut settings = Settings { seed, ..Settings::default() };
        settings.limits.in_flight_max = 5 + dice.small(60);
        if dice.one_in(2) {
            settings.mischief = mischief;
        }
        if dice.one_in(2) {
            settings.pace = Pace::Aws;
        }
        Self {
            dice,
            now: Moment::ZERO,
            sqs: Sqs::new(settings, ()),
            twin: None,
            store: Store::default(),
            ids: IdAllocator::default(),
            handles: Vec::new(),
            owed: BTreeSet::new(),
            deleted: BTreeSet::new(),
            created: 0,
            tasks: 0,
            told: 0,
            heard: 0,
        }
    }

    fn queue(&mut self) -> QueueId {
        QueueId(self.dice.small(8))
    }

    fn event(&mut self) -> Event {
        if self.created < 4 || (self.created < 8 && self.dice.one_in(40)) {
            let queue = QueueId(self.created);
            self.created += 1;
            let config = config(&mut self.dice, queue.0);
            let config = QueueConfig { redrive: None, ..config };
            return Event::CreateQueue { queue, name: NameId(u64::from(queue.0)), config };
        }
        let queue = self.queue();
        match self.dice.below(40) {
            0 | 1 => {
                let config = config(&mut self.dice, queue.0);
                Event::SetAttributes { queue, config }
            }
            2 if self.dice.one_in(20) => Event::DeleteQueue { queue },
            3 if self.dice.one_in(10) => Event::Purge { queue },
            4 => {
                self.tasks += 1;
                let (source, task) = (queue, TaskId(self.tasks));
                let destination = self.dice.one_in(2).then(|| self.queue());
                let per_second = self.dice.one_in(2).then(|| self.dice.small(4));
                Event::StartMove { task, source, destination, per_second }
            }
            5 if self.dice.one_in(4) => Event::CancelMove { task: TaskId(self.tasks) },
            6 => Event::CallerLeft { call: CallId(self.told.saturating_sub(self.dice.below(9))) },
            7..=19 => self.send(queue),
            20..=29 => self.receive(queue),
            _ => self.handle(queue),
        }
    }

    fn send(&mut self, queue: QueueId) -> Event {
        let (index, serial) = self.ids.allocate();
        let is_fifo = queue.0 % 4 >= 2;
        let message = NewMessage {
            message: MessageId { serial, index },
            bytes: self.dice.small(1_000),
            delay: (!is_fifo && self.dice.one_in(4)).then(|| secs(self.dice.below(5))),
            group: (is_fifo || self.dice.one_in(3)).then(|| GroupId::of(1 + self.dice.below(4))),
            dedup: (!self.dice.one_in(50)).then(|| DedupId(u128::from(self.dice.below(3_000)))),
        };
        Event::Send { queue, message }
    }

    fn receive(&mut self, queue: QueueId) -> Event {
        Event::Receive {
            call: CallId(self.told),
            queue,
            max: [0, 1, 1, 1, 2, 3, 5, 9, 10, 10, 10, 11][self.dice.small(12) as usize],
            wait: self.dice.one_in(2).then(|| secs(self.dice.below(5))),
            visibility: self.dice.one_in(4).then(|| secs(self.dice.below(10))),
            // A restart forgets these: with a twin there are none.
            attempt: (self.twin.is_none() && self.dice.one_in(3))
                .then(|| AttemptId(u128::from(self.dice.below(50)))),
        }
    }

    /// Something is done by a recent handle, or by an older one, or by one that nobody gave.
    fn handle(&mut self, queue: QueueId) -> Event {
        let back = if self.dice.one_in(5) { 400 } else { 12 };
        let nth = self.handles.len().saturating_sub(1 + self.dice.small(back) as usize);
        let Some(&handle) = self.handles.get(nth) else {
            return Event::CallerLeft { call: CallId(0) };
        };
        let queue = if self.dice.one_in(30) { queue } else { handle.queue };
        let receive = if self.dice.one_in(50) { self.dice.small(9) } else { handle.receive };
        let handle = Handle { receive, ..handle };
        if self.dice.one_in(4) {
            let timeout = secs(self.dice.below(4) * self.dice.below(15_000));
            Event::ChangeVisibility { queue, handle, timeout }
        } else {
            Event::Delete { queue, handle }
        }
    }

    fn step(&mut self) {
        self.told += 1;
        if self.dice.one_in(3) {
            let most = [1, 1_000, 20_000, 100_000][self.dice.small(4) as usize];
            self.now = self.now + Duration::from_millis(self.dice.below(most));
        }
        let event = self.event();
        let verdict = self.sqs.handle(self.now, event.clone());
        if let (Err(_), Event::Send { message, .. }) = (verdict, &event) {
            self.ids.free(message.message.index);
        }
        let commands = drain(&mut self.sqs);
        if let Some(twin) = &mut self.twin {
            assert_eq!(twin.handle(self.now, event.clone()), verdict, "at {} {event:?}", self.now);
            let (its, ours) = (in_order(drain(twin)), in_order(commands.clone()));
            let differs = its.iter().zip(&ours).find(|(its, ours)| its != ours);
            assert_eq!(differs, None, "at {} {event:?}", self.now);
            assert_eq!(its.len(), ours.len(), "at {} {event:?}", self.now);
        }
        let deletion = matches!(event, Event::Delete { .. });
        self.heard += commands.len() as u64;
        for command in commands {
            self.take(command, deletion);
        }
        if self.told.is_multiple_of(100) {
            self.check();
        }
    }

    fn take(&mut self, command: Command, deletion: bool) {
        match command {
            Command::Store(change) => {
                if let Change::MessagePut(message) = &change {
                    self.moved_on(message);
                }
                self.store.apply(change);
            }
            Command::Sent { message, duplicate_of: None, .. } => {
                assert!(self.store.messages.contains_key(&message), "stored before its answer");
                self.owed.insert(message);
            }
            Command::Received { messages, .. } => {
                assert!(messages.len() <= 10);
                for delivery in messages {
                    self.delivered(&delivery);
                }
            }
            Command::Forget { message } => {
                self.owed.remove(&message);
                self.ids.free(message.index);
                if deletion {
                    self.deleted.insert(message);
                }
            }
            Command::Sent { .. } | Command::Refused { .. } | Command::Moved { .. } => {}
        }
    }

    /// A message in another queue begins there anew.
    fn moved_on(&self, message: &StoredMessage) {
        let before = self.store.messages.get(&message.message);
        if before.is_some_and(|before| before.queue != message.queue) {
            assert!(before.is_some_and(|before| before.sequence < message.sequence));
        }
    }

    fn delivered(&mut self, delivery: &Delivery) {
        let stored = self.store.messages[&delivery.message];
        assert_eq!(
            stored.receives, delivery.receive_count,
            "the count is stored before it is told"
        );
        assert!(!self.deleted.contains(&delivery.message), "a deleted message came again");
        self.handles.push(delivery.handle);
        let Some(group) = stored.group.filter(|_| stored.queue.0 % 4 >= 2) else { return };
        // All that come before it in its group are gone, or in flight with it; so is all else that is in flight.
        let earlier = self.sqs.messages(stored.queue).filter(|other| {
            let is_in_flight = matches!(other.state, State::InFlight { .. });
            other.group == Some(group) && (other.sequence < stored.sequence || is_in_flight)
        });
        let zero = stored.state == State::Visible;
        for other in earlier {
            let with_it = other.received == stored.received && other.receives_here > 0;
            assert!(with_it || zero, "{other:?} should have come before {stored:?}");
        }
    }

    fn check(&self) {
        self.store.check(&self.sqs);
        for view in self.sqs.queues() {
            let messages: Vec<_> = self.sqs.messages(view.queue).collect();
            let of = |is: fn(&State) -> bool| -> u32 {
                let number = messages.iter().filter(|message| is(&message.state)).count();
                u32::try_from(number).expect("they are few")
            };
            assert_eq!(view.visible, of(|state| matches!(state, State::Visible)));
            assert_eq!(view.not_visible, of(|state| matches!(state, State::InFlight { .. })));
            assert_eq!(view.delayed, of(|state| matches!(state, State::Delayed { .. })));
            let bytes: u64 = messages.iter().map(|message| u64::from(message.bytes)).sum();
            assert_eq!(view.bytes, bytes);
        }
        let kept: BTreeSet<_> = self.store.messages.keys().copied().collect();
        assert_eq!(kept, self.owed, "what was acknowledged and has not ended is kept");
        if let Some(twin) = &self.twin {
            assert!(twin.queues().eq(self.sqs.queues()));
            assert_eq!(twin.poll_timeout(), self.sqs.poll_timeout());
        }
        if let Some((at, wake)) = self.sqs.poll_timeout() {
            assert!(at > self.now || wake_is_new(wake), "{wake:?} at {at} was forgotten");
        }
    }

    fn restart(&mut self) {
        // Receives that wait are not restored: let all of them end before the two are compared.
        let leave: Vec<_> = (self.told.saturating_sub(5_000)..=self.told).map(CallId).collect();
        for call in leave {
            self.sqs.handle(self.now, Event::CallerLeft { call }).expect("it is taken");
        }
        for command in drain(&mut self.sqs) {
            self.take(command, false);
        }
        let settings = self.sqs.settings().clone();
        let (sequence, changes) = (self.store.sequence, self.store.changes());
        let mut twin = Sqs::restore(settings, (), self.now, sequence, changes);
        assert_eq!(drain(&mut twin), [], "the other has kept all that was due");
        for view in self.sqs.queues() {
            assert_eq!(twin.queue(view.queue), Some(view));
        }
        self.twin = Some(twin);
    }
}

/// A move that starts, and a message that comes too old to a dead-letter queue, are due at once.
fn wake_is_new(wake: lunch_cloud::sqs::Wake) -> bool {
    use lunch_cloud::sqs::Wake;
    matches!(wake, Wake::Move(_) | Wake::Retention(_))
}

fn drain(sqs: &mut Sqs<()>) -> Vec<Command> {
    std::iter::from_fn(|| sqs.poll_command()).collect()
}

/// All but windows that end at one moment, whose order is of no account.
fn in_order(commands: Vec<Command>) -> Vec<Command> {
    let is_window =
        |command: &Command| matches!(command, Command::Store(Change::DedupExpired { .. }));
    commands.into_iter().filter(|command| !is_window(command)).collect()
}

#[test]
fn a_hundred_thousand_events_break_no_law() {
    for seed in 0..50 {
        let mut world = World::new(seed);
        for _ in 0..2_000 {
            world.step();
        }
        world.check();
        assert!(world.handles.len() > 100, "seed {seed}: something was received");
        assert!(world.heard < 5 * world.told, "seed {seed}: nothing goes in circles");
    }
}

#[test]
fn a_restored_machine_says_what_the_one_says_that_lived_on() {
    for seed in 100..200 {
        let mut world = World::new(seed);
        // Attempt ids from before would be known to one of the two: wait them out.
        for _ in 0..700 {
            world.step();
        }
        world.now = world.now + secs(301);
        world.step();
        world.restart();
        for _ in 0..700 {
            world.step();
        }
        world.check();
    }
}
