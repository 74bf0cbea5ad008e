//! What became of each message, by what was told and by what the machine says happened: maps and counters, no clock.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lunch_cloud::drive::Input;
use lunch_cloud::event_source::{self, MappingConfig, MappingId};
use lunch_cloud::sqs::{self, Change, Delivery, Kind, NewMessage, QueueConfig, Record, State};
use lunch_cloud::{Command, sqs::Event};
use lunch_contract::Moment;
use lunch_contract::sqs::{
    CallId, DedupId, DeduplicationScope, GroupId, Handle, MessageId, QueueId,
};

use crate::laws::Step;

/// A message that has not ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Letter {
    pub(crate) queue: QueueId,
    pub(crate) group: Option<GroupId>,
    /// What its retention counts from.
    pub(crate) since: Moment,
    /// Its place: the how-manieth of all that came to any queue.
    pub(crate) place: u64,
    /// How often it was delivered, and how often from the queue where it is.
    pub(crate) receives: u32,
    pub(crate) here: u32,
    /// How often it was moved.
    pub(crate) moves: u32,
    /// Not to be delivered before that.
    pub(crate) hidden_until: Moment,
    /// When it was delivered last, and in which receive of that step, if that is known.
    pub(crate) last: Option<(Moment, Option<usize>)>,
}

/// What a deduplication id is one of a kind within.
pub(crate) type DedupKey = (QueueId, Option<GroupId>, DedupId);

/// See the module's text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    pub(crate) queues: BTreeMap<QueueId, QueueConfig>,
    /// Those of them that were deleted.
    pub(crate) deleted: BTreeSet<QueueId>,
    pub(crate) letters: BTreeMap<MessageId, Letter>,
    /// Those that have ended.
    pub(crate) gone: BTreeSet<MessageId>,
    /// Which message each handle was given for, and how often that had been moved.
    pub(crate) receipts: BTreeMap<Handle, (MessageId, u32)>,
    /// The ids that were taken, by whom and until when.
    pub(crate) windows: BTreeMap<DedupKey, (MessageId, Moment)>,
    pub(crate) mappings: BTreeMap<MappingId, MappingConfig>,
    calls: BTreeMap<CallId, Option<Duration>>,
    places: u64,
    slip: Slip,
}

/// What the commands of one step say of its deliveries.
#[derive(Clone, Debug, Default)]
struct Slip {
    /// How long a delivery is invisible where its receive said so, by message and count.
    hidden: BTreeMap<(MessageId, u32), Duration>,
    /// In which receive each was.
    receives: BTreeMap<(MessageId, u32), usize>,
    /// How often a message had been moved when it was delivered.
    moves: BTreeMap<(MessageId, u32), u32>,
    /// Stored as in flight.
    flying: BTreeSet<(MessageId, u32)>,
    /// Given back at once, by a poller that had stopped to wait.
    returned: BTreeSet<(MessageId, u32)>,
    /// Moves that make a new message.
    renewed: BTreeSet<(MessageId, QueueId, QueueId)>,
}

impl Book {
    /// Before the records of a step: what was told, and what the commands say.
    pub(super) fn open(&mut self, step: &Step<'_>) {
        if step.refusal.is_some() {
            return;
        }
        match step.input {
            Input::Queue(event) => self.told(step.now, event),
            Input::Source(event) => self.mapped(event),
            Input::Event(_) | Input::Ecs(_) | Input::Restored(_) | Input::Timeout => {}
        }
        self.slip = Slip::default();
        for (nth, command) in step.commands.iter().enumerate() {
            if let Command::Queue(command) = command {
                self.read(nth, command);
            }
        }
    }

    fn told(&mut self, now: Moment, event: &Event) {
        match event {
            Event::CreateQueue { queue, config, .. } | Event::SetAttributes { queue, config } => {
                self.queues.insert(*queue, *config);
            }
            Event::Receive { call, visibility, .. } => {
                self.calls.insert(*call, *visibility);
            }
            Event::Await { call, .. } => {
                self.calls.insert(*call, None);
            }
            Event::ChangeVisibility { handle, timeout, .. } => {
                if let Some((message, _)) = self.receipts.get(handle)
                    && let Some(letter) = self.letters.get_mut(message)
                {
                    letter.hidden_until = now + *timeout;
                }
            }
            Event::DeleteQueue { queue } => {
                self.deleted.insert(*queue);
            }
            Event::Send { .. }
            | Event::CallerLeft { .. }
            | Event::Delete { .. }
            | Event::Purge { .. }
            | Event::StartMove { .. }
            | Event::CancelMove { .. } => {}
        }
    }

    fn mapped(&mut self, event: &event_source::Event) {
        match event {
            event_source::Event::Create { mapping, config }
            | event_source::Event::Update { mapping, config } => {
                self.mappings.insert(*mapping, *config);
            }
            event_source::Event::Delete { .. }
            | event_source::Event::Received { .. }
            | event_source::Event::QueueGone { .. }
            | event_source::Event::Examined { .. }
            | event_source::Event::Answered { .. } => {}
        }
    }

    fn read(&mut self, nth: usize, command: &sqs::Command) {
        match command {
            sqs::Command::Received { call, messages } => {
                let visibility = self.calls.remove(call).flatten();
                for delivery in messages {
                    let key = (delivery.message, delivery.receive_count);
                    self.slip.receives.insert(key, nth);
                    if let Some(visibility) = visibility {
                        self.slip.hidden.insert(key, visibility);
                    }
                }
            }
            sqs::Command::Moved { message, from, to, renewed: true } => {
                self.slip.renewed.insert((*message, *from, *to));
            }
            sqs::Command::Store(Change::MessagePut(put)) => {
                // The first put of a delivery says in flight; a second one takes that back.
                let key = (put.message, put.receives);
                match put.state {
                    State::InFlight { .. } => {
                        self.slip.flying.insert(key);
                    }
                    State::Visible if self.slip.flying.contains(&key) => {
                        self.slip.returned.insert(key);
                    }
                    State::Visible | State::Delayed { .. } => {}
                }
            }
            sqs::Command::Store(_)
            | sqs::Command::Sent { .. }
            | sqs::Command::Refused { .. }
            | sqs::Command::Moved { .. }
            | sqs::Command::Forget { .. } => {}
        }
    }

    /// What a record says.
    pub(super) fn note(&mut self, step: &Step<'_>, at: Moment, record: Record) {
        match record {
            Record::Sent { message, queue } => {
                if let Some(new) = sent(step).filter(|new| new.message == message) {
                    self.sent(at, queue, new);
                }
            }
            Record::Received { message, count } => self.received(at, message, count),
            Record::Moved { message, from, to } => self.moved(at, message, from, to),
            Record::Gone { message, .. } => {
                self.letters.remove(&message);
                self.gone.insert(message);
            }
            Record::Duplicate { .. } | Record::Visible { .. } | Record::DeletedInVain { .. } => {}
        }
    }

    fn sent(&mut self, at: Moment, queue: QueueId, new: &NewMessage) {
        self.places += 1;
        let delay = self.queues.get(&queue).map(|queue| queue.delay).unwrap_or_default();
        let letter = Letter {
            queue,
            group: new.group,
            since: at,
            place: self.places,
            receives: 0,
            here: 0,
            moves: 0,
            hidden_until: at + new.delay.unwrap_or(delay),
            last: None,
        };
        self.letters.insert(new.message, letter);
        if let Some(key) = self.dedup_key(queue, new) {
            let until = at + lunch_contract::sqs::Limits::aws().deduplication;
            self.windows.insert(key, (new.message, until));
        }
    }

    fn received(&mut self, at: Moment, message: MessageId, count: u32) {
        let Some(letter) = self.letters.get_mut(&message) else { return };
        let key = (message, count);
        let of_queue = self.queues.get(&letter.queue).map(|queue| queue.visibility);
        let visibility = self.slip.hidden.get(&key).copied().or(of_queue).unwrap_or_default();
        letter.receives += 1;
        letter.here += 1;
        self.slip.moves.insert(key, letter.moves);
        letter.last = Some((at, self.slip.receives.get(&key).copied()));
        let returned = self.slip.returned.contains(&key);
        letter.hidden_until = if returned { at } else { at + visibility };
    }

    fn moved(&mut self, at: Moment, message: MessageId, from: QueueId, to: QueueId) {
        self.places += 1;
        let is_renewed = self.is_renewed(message, from, to);
        let is_fifo = self.is_fifo(to);
        let Some(letter) = self.letters.get_mut(&message) else { return };
        (letter.queue, letter.place, letter.here) = (to, self.places, 0);
        letter.moves += 1;
        letter.hidden_until = at;
        if is_renewed {
            letter.receives = 0;
        }
        if is_renewed || is_fifo {
            letter.since = at;
        }
    }

    /// When all laws have seen the step.
    pub(super) fn close(&mut self, step: &Step<'_>) {
        let slip = std::mem::take(&mut self.slip);
        for command in step.commands {
            let Command::Queue(sqs::Command::Received { messages, .. }) = command else { continue };
            for delivery in messages {
                let key = (delivery.message, delivery.receive_count);
                let Some(moves) = slip.moves.get(&key) else {
                    self.told_again(step.now, delivery, slip.hidden.get(&key).copied());
                    continue;
                };
                self.receipts.insert(delivery.handle, (delivery.message, *moves));
            }
        }
    }

    /// A receive is told again, and its time begins anew.
    fn told_again(&mut self, now: Moment, delivery: &Delivery, visibility: Option<Duration>) {
        let of_queue = self.queues.get(&delivery.handle.queue).map(|queue| queue.visibility);
        if let Some(letter) = self.letters.get_mut(&delivery.message) {
            letter.hidden_until = now + visibility.or(of_queue).unwrap_or_default();
        }
    }

    /// Nobody waits any more, and mappings are made again.
    pub(super) fn restarted(&mut self) {
        self.calls.clear();
        self.mappings.clear();
    }
}

impl Book {
    pub(crate) fn is_fifo(&self, queue: QueueId) -> bool {
        self.queues.get(&queue).is_some_and(|queue| matches!(queue.kind, Kind::Fifo { .. }))
    }

    /// Whether the move makes a new message of it, as a move task's do.
    pub(super) fn is_renewed(&self, message: MessageId, from: QueueId, to: QueueId) -> bool {
        self.slip.renewed.contains(&(message, from, to))
    }

    /// In which receive of this step a delivery is, if a receiver's own.
    pub(super) fn receive_of(&self, message: MessageId, count: u32) -> Option<usize> {
        self.slip.receives.get(&(message, count)).copied()
    }

    /// Whether that receive was told in an earlier step.
    pub(super) fn is_told_again(&self, delivery: &Delivery) -> bool {
        self.receipts.contains_key(&delivery.handle)
    }

    /// Whether the message that the handle was given for is still in flight by that very receive.
    pub(super) fn is_in_flight_by(&self, handle: Handle, now: Moment) -> bool {
        let Some((message, moves)) = self.receipts.get(&handle) else { return false };
        self.letters.get(message).is_some_and(|letter| {
            letter.moves == *moves && letter.here == handle.receive && now < letter.hidden_until
        })
    }

    /// What a message of a FIFO queue is deduplicated by.
    pub(super) fn dedup_key(&self, queue: QueueId, new: &NewMessage) -> Option<DedupKey> {
        match self.queues.get(&queue)?.kind {
            Kind::Standard => None,
            Kind::Fifo { scope: DeduplicationScope::Queue } => Some((queue, None, new.dedup?)),
            Kind::Fifo { scope: DeduplicationScope::MessageGroup } => {
                Some((queue, new.group, new.dedup?))
            }
        }
    }
}

/// The message that is being sent.
pub(super) fn sent<'step>(step: &Step<'step>) -> Option<&'step NewMessage> {
    match step.input {
        Input::Queue(Event::Send { message, .. }) => Some(message),
        Input::Queue(_)
        | Input::Event(_)
        | Input::Source(_)
        | Input::Ecs(_)
        | Input::Restored(_)
        | Input::Timeout => None,
    }
}
