//! Amazon SQS: queues, their messages and who waits for them.
//!
//! `send` takes messages in, `receive` and `wait` hand them out, `handles` is what a receiver may do with one,
//! `redrive` and `tasks` move them, `queues` and `expire` end them. Only `Queue::shift` changes a message's state.

mod command;
mod dedup;
mod event;
mod expire;
mod fifo;
mod handles;
mod look;
mod mischief;
mod queue;
mod queues;
mod receive;
mod redrive;
mod refusal;
mod restore;
mod room;
mod send;
mod settings;
mod standard;
mod stored;
mod table;
mod tasks;
mod trace;
mod wait;
mod wake;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use core::time::Duration;

use lunch_contract::Moment;
use lunch_contract::sqs::{MessageId, NameId, QueueId, TaskId};

use self::dedup::Windows;
use self::mischief::Draws;
use self::queue::Queue;
use self::receive::Attempts;
use self::room::give_back;
use self::table::Table;
use self::wait::Waiters;
use self::wake::Owner;
use crate::ordered::Ordered;

pub use self::command::{Command, Delivery};
pub use self::event::{Event, NewMessage};
pub use self::look::QueueView;
pub use self::refusal::Refusal;
pub use self::settings::{Kind, Mischief, QueueConfig, Redrive, Settings};
pub use self::stored::{
    Change, DedupKey, MoveStatus, State, StoredDedup, StoredMessage, StoredQueue, StoredTask,
};
pub use self::trace::{End, Record, Trace};
pub use self::wake::Wake;

/// The machine that decides: who gets which message, when it comes back, where it ends.
///
/// # Tell
/// [`handle`](Self::handle) says what a caller wants, [`handle_timeout`](Self::handle_timeout) that time has passed.
/// Time never goes back: a `now` earlier than the last one counts as the last one. A deadline that has come is kept
/// before the event is taken: a message whose visibility timeout ends now is visible to a receive of now.
///
/// # Ask
/// After each telling, [`poll_command`](Self::poll_command) until it is `None`, carrying each command out in this
/// order; then, and only then, tell the next. A `Sent`, `Received` or `Refused` answers its call. Any other event is
/// answered by what `handle` returned. No answer is given before every `Store` that came before it is safe; those of
/// one telling may be made safe together, and with those of other tellings.
///
/// # Look
/// [`queue`](Self::queue), [`messages`](Self::messages), [`moves`](Self::moves) and
/// [`operations`](Self::operations) change nothing.
///
/// # Wake
/// [`poll_timeout`](Self::poll_timeout) says when to call `handle_timeout` at the latest, and why. It changes with
/// each telling; one timer is enough.
///
/// # Survive
/// [`restore`](Self::restore) makes a machine of what was stored. It does what the one that is gone would have done,
/// but for receives that waited, receive attempt ids, and the names of queues that were deleted, which are forgotten.
///
/// Bytes and texts are the driver's: the machine knows a message's id, its length and hashes. An event, and each
/// command that comes of it, costs O(log n) steps in the number of messages, queues and calls. Nothing is scanned but
/// by `Purge` and `DeleteQueue`, which have commands for every message.
#[derive(Debug)]
pub struct Sqs<T: Trace> {
    settings: Settings,
    draws: Draws,
    trace: T,
    now: Moment,
    queues: BTreeMap<QueueId, Queue>,
    messages: Table,
    /// The last number given to a message.
    sequence: u64,
    windows: Windows,
    attempts: Attempts,
    tasks: BTreeMap<TaskId, StoredTask>,
    waiters: Waiters,
    /// Names of deleted queues that are not free again.
    names: BTreeSet<NameId>,
    names_by_end: VecDeque<(Moment, NameId)>,
    timers: Ordered<(Moment, Owner)>,
    /// Queues that have something new for who waits.
    woken: VecDeque<QueueId>,
    commands: VecDeque<Command>,
}

impl<T: Trace> Sqs<T> {
    /// Without a queue.
    #[must_use]
    pub fn new(settings: Settings, trace: T) -> Self {
        Self {
            draws: Draws::new(&settings),
            settings,
            trace,
            now: Moment::ZERO,
            queues: BTreeMap::new(),
            messages: Table::default(),
            sequence: 0,
            windows: Windows::default(),
            attempts: Attempts::default(),
            tasks: BTreeMap::new(),
            waiters: Waiters::default(),
            names: BTreeSet::new(),
            names_by_end: VecDeque::new(),
            timers: Ordered::default(),
            woken: VecDeque::new(),
            commands: VecDeque::new(),
        }
    }

    /// Tells what a caller wants.
    ///
    /// # Errors
    /// What is refused. Then nothing changed but what time alone has changed.
    pub fn handle(&mut self, now: Moment, event: Event) -> Result<(), Refusal> {
        self.handle_timeout(now);
        match event {
            Event::CreateQueue { queue, name, config } => self.create_queue(queue, name, config),
            Event::SetAttributes { queue, config } => self.set_attributes(queue, config),
            Event::DeleteQueue { queue } => self.delete_queue(queue),
            Event::Send { queue, message } => self.send(queue, message),
            Event::Receive { call, queue, max, wait, visibility, attempt } => {
                self.receive(call, queue, max, wait, visibility, attempt)
            }
            Event::Await { call, queue, max } => self.await_any(call, queue, max),
            Event::CallerLeft { call } => {
                self.caller_left(call);
                Ok(())
            }
            Event::Delete { queue, handle } => self.delete(queue, handle),
            Event::ChangeVisibility { queue, handle, timeout } => {
                self.change_visibility(queue, handle, timeout)
            }
            Event::Purge { queue } => self.purge(queue),
            Event::StartMove { task, source, destination, per_second } => {
                self.start_move(task, source, destination, per_second)
            }
            Event::CancelMove { task } => self.cancel_move(task),
        }?;
        self.serve_woken();
        Ok(())
    }

    /// Tells that time has passed.
    pub fn handle_timeout(&mut self, now: Moment) {
        self.now = self.now.max(now);
        while let Some(owner) = self.take_due() {
            match owner {
                Owner::Queue(queue) => self.expire_oldest(queue),
                Owner::Message(index) => self.surface(index),
                Owner::Task(task) => self.move_next(task),
                Owner::Dedup => self.dedup_expired(),
                Owner::Attempt => self.attempt_expired(),
                Owner::Name => self.name_free(),
            }
            self.serve_woken();
        }
    }

    /// The owner of the earliest deadline, if it has come. Waits that end before it do so first, and those of the same
    /// moment after it: what comes at the end of a wait is still delivered.
    fn take_due(&mut self) -> Option<Owner> {
        let first = self.timers.first().filter(|&(at, _)| at <= self.now);
        let before = first.map_or(self.now + Duration::from_nanos(1), |(at, _)| at);
        while let Some((_, arrival)) = self.waiters.ends.first().filter(|&(at, _)| at < before) {
            self.wait_over(arrival);
        }
        self.timers.remove(first?);
        first.map(|(_, owner)| owner)
    }

    /// The next command.
    pub fn poll_command(&mut self) -> Option<Command> {
        let next = self.commands.pop_front();
        give_back(&mut self.commands);
        next
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) at the latest, and why.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Moment, Wake)> {
        let timer = self.timers.first().map(|(at, owner)| (at, self.wake(owner)));
        let wait = self.waiters.ends.first().and_then(|(at, arrival)| {
            self.waiters.at(arrival).map(|wish| (at, Wake::Wait(wish.call)))
        });
        match (timer, wait) {
            (Some(timer), Some(wait)) if wait.0 < timer.0 => Some(wait),
            (timer, wait) => timer.or(wait),
        }
    }
}

/// The pieces that all rooms use.
impl<T: Trace> Sqs<T> {
    fn command(&mut self, command: Command) {
        self.commands.push_back(command);
    }

    fn store(&mut self, change: Change) {
        self.commands.push_back(Command::Store(change));
    }

    /// Stores the message as it is now.
    fn store_message(&mut self, index: u32) {
        let stored = self.messages.at(index).stored(index);
        self.store(Change::MessagePut(stored));
    }

    fn record(&mut self, record: Record) {
        self.trace.record(self.now, record);
    }

    fn known(&self, id: QueueId) -> Result<&Queue, Refusal> {
        self.queues.get(&id).ok_or(Refusal::QueueDoesNotExist)
    }

    /// The queue of a message that is kept, or of one that waits.
    fn queue_mut(&mut self, id: QueueId) -> &mut Queue {
        self.queues.get_mut(&id).expect("a message is kept no longer than its queue")
    }

    fn id_of(&self, index: u32) -> MessageId {
        MessageId { serial: self.messages.at(index).serial, index }
    }

    const fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// A message that stands in the table joins its queue.
    fn join(&mut self, index: u32) {
        let message = self.messages.at(index);
        let (id, until) = (message.queue(), message.state().until());
        if let Some(until) = until {
            self.timers.insert((until, Owner::Message(index)));
        }
        let queue = self.queues.get_mut(&id).expect("a message is kept no longer than its queue");
        queue.join(index, &mut self.messages);
        self.rearm_expiry(id);
        self.wake_waiting(id);
    }

    /// A message leaves its queue, and stays in the table.
    fn leave(&mut self, index: u32) {
        let message = self.messages.at(index);
        let (id, until) = (message.queue(), message.state().until());
        if let Some(until) = until {
            self.timers.remove((until, Owner::Message(index)));
        }
        let queue = self.queues.get_mut(&id).expect("a message is kept no longer than its queue");
        queue.leave(index, &mut self.messages);
        self.rearm_expiry(id);
        self.wake_waiting(id);
    }

    /// A message's state is another from now on; its deadline goes with it.
    fn shift(&mut self, index: u32, to: State) {
        let message = self.messages.at(index);
        let (id, from) = (message.queue(), message.state());
        if let Some(until) = from.until() {
            self.timers.remove((until, Owner::Message(index)));
        }
        if let Some(until) = to.until() {
            self.timers.insert((until, Owner::Message(index)));
        }
        let queue = self.queues.get_mut(&id).expect("a message is kept no longer than its queue");
        queue.shift(index, to, &mut self.messages);
        self.wake_waiting(id);
    }

    /// A message's delay or its visibility timeout is over.
    fn surface(&mut self, index: u32) {
        self.shift(index, State::Visible);
        let message = self.id_of(index);
        self.record(Record::Visible { message });
    }
}
