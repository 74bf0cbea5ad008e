//! What the host keeps of the queues beside what the machine knows: names, attributes, tags, and the bytes of messages.
//!
//! Decides nothing. Who may be told what by which call stands in the machine and in the contract.

mod body;
mod message;
mod policies;

use std::collections::BTreeMap;
use std::sync::Arc;

use lunch_cloud::drive::Restored;
use lunch_cloud::sqs::{Change, Command, DedupKey, Delivery, Refusal};
use lunch_contract::IdAllocator;
use lunch_contract::sqs::{Attributes, CallId, MessageId, NameId, QueueId, SequenceNumber, TaskId};
use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::store::{Kept, Progress, Store, Write};
use crate::uuid::Uuid;

pub(crate) use self::body::{Digest, digest};
pub(crate) use self::message::{
    Attribute, AttributeBytes, Message, Rare, digest_of, half_of_sha256,
};
pub(crate) use self::policies::{RedriveAllowPolicy, RedrivePolicy};

/// A queue, as far as the machine need not know it.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    pub(crate) name: String,
    /// What the service acts on.
    pub(crate) attributes: Attributes,
    /// `RedrivePolicy`, as it was set.
    pub(crate) redrive: Option<RedrivePolicy>,
    /// `RedriveAllowPolicy`, as it was set.
    pub(crate) redrive_allow: Option<RedriveAllowPolicy>,
    /// Attributes that are kept and change nothing here, by name.
    pub(crate) kept: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, String>,
    /// Seconds since 1970.
    pub(crate) created_s: u64,
    /// Seconds since 1970.
    pub(crate) modified_s: u64,
}

/// What a receive is answered with.
pub(crate) type Received = Result<Vec<(Delivery, Message)>, Refusal>;

/// What a send is answered with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) uuid: Uuid,
    pub(crate) sequence: SequenceNumber,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Queues {
    by_name: BTreeMap<String, QueueId>,
    queues: BTreeMap<QueueId, Queue>,
    /// The bytes of messages, by index.
    messages: Vec<Option<(u64, Message)>>,
    message_ids: IdAllocator,
    /// The messages that took a deduplication id, by what they are answered with for as long as it is taken.
    windows: BTreeMap<DedupKey, MessageId>,
    firsts: BTreeMap<MessageId, Uuid>,
    /// The receives that wait for their answers.
    waiting: BTreeMap<CallId, oneshot::Sender<Received>>,
    /// The answers to sends that are being told: one may come of another.
    sent: Vec<(MessageId, Sent)>,
    next_queue: u32,
    next_call: u64,
    next_task: u32,
    /// Names get a number when they are first used.
    names: BTreeMap<String, NameId>,
    next_name: u64,
    /// What is kept beyond the end of the process, where anything is.
    store: Option<Store>,
}

impl Queues {
    pub(crate) fn named(&self, name: &str) -> Option<QueueId> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn of(&self, id: QueueId) -> Option<&Queue> {
        self.queues.get(&id)
    }

    /// Every queue, by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = (QueueId, &Queue)> {
        self.by_name.values().filter_map(|id| Some((*id, self.queues.get(id)?)))
    }

    pub(crate) fn next_queue(&mut self) -> QueueId {
        self.next_queue += 1;
        QueueId(self.next_queue - 1)
    }

    pub(crate) fn next_call(&mut self) -> CallId {
        self.next_call += 1;
        CallId(self.next_call - 1)
    }

    pub(crate) fn next_task(&mut self) -> TaskId {
        self.next_task += 1;
        TaskId(self.next_task - 1)
    }

    /// The number that stands for a name.
    pub(crate) fn name_id(&mut self, name: &str) -> NameId {
        if let Some(id) = self.names.get(name) {
            return *id;
        }
        let id = NameId(self.next_name);
        self.next_name += 1;
        self.names.insert(name.to_owned(), id);
        id
    }

    /// A queue is as this says, from now on.
    pub(crate) fn insert(&mut self, id: QueueId, queue: Queue) {
        self.keep_on(|| Write::About { id, queue: Box::new(queue.clone()) });
        self.place(id, queue);
    }

    fn place(&mut self, id: QueueId, queue: Queue) {
        self.by_name.insert(queue.name.clone(), id);
        self.queues.insert(id, queue);
    }

    pub(crate) fn remove(&mut self, id: QueueId) {
        if let Some(queue) = self.queues.remove(&id) {
            self.by_name.remove(&queue.name);
        }
    }

    /// Keeps a message's bytes, and gives the id that the machine is to know it by.
    pub(crate) fn keep(&mut self, message: Message) -> MessageId {
        let (index, serial) = self.message_ids.allocate();
        let place = index as usize;
        if self.messages.len() <= place {
            self.messages.resize_with(place + 1, || None);
        }
        let id = MessageId { serial, index };
        self.keep_on(|| Write::Body { id, message: message.clone() });
        self.messages[place] = Some((serial, message));
        id
    }

    pub(crate) fn message(&self, id: MessageId) -> Option<&Message> {
        let (serial, message) = self.messages.get(id.index as usize)?.as_ref()?;
        (*serial == id.serial).then_some(message)
    }

    /// Frees a message's bytes and its index.
    pub(crate) fn forget(&mut self, id: MessageId) {
        if self.message(id).is_some() {
            self.messages[id.index as usize] = None;
            self.message_ids.free(id.index);
            self.keep_on(|| Write::Forgotten { id });
        }
    }

    /// Has something made safe, where anything is.
    pub(crate) fn keep_on(&mut self, write: impl FnOnce() -> Write) {
        if let Some(store) = &mut self.store {
            store.push(write());
        }
    }

    /// Hands over what has come to be kept since the last time, and with it how far everything has come; without any,
    /// nothing.
    pub(crate) fn hand_over(&mut self, sequence: SequenceNumber, clock: &Clock) {
        if self.store.as_ref().is_some_and(|store| !store.is_idle()) {
            self.hand_over_clock(sequence, clock);
        }
    }

    /// Has what was handed over made safe.
    pub(crate) fn flush(&mut self) {
        if let Some(store) = &mut self.store {
            store.flush();
        }
    }

    /// Has it made safe how far everything has come, whether anything else is to be kept or not.
    pub(crate) fn hand_over_clock(&mut self, sequence: SequenceNumber, clock: &Clock) {
        let Some(store) = &mut self.store else { return };
        store.hand_over(Progress {
            now: clock.now(),
            wall_epoch: clock.wall_epoch(),
            ahead: clock.ahead(),
            sequence,
            messages: self.message_ids.allocated(),
            queues: self.next_queue,
            names: self.next_name,
            tasks: self.next_task,
        });
    }

    /// Where things are kept, if they are.
    pub(crate) const fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// Closes the store, once all that was handed over is safe.
    pub(crate) fn close_store(&mut self) {
        self.store = None;
    }

    /// From now on things are kept there.
    pub(crate) fn keep_in(&mut self, store: Store) {
        self.store = Some(store);
    }

    /// Goes on with what a store held. Answers with what the machine has to know.
    pub(crate) fn resume(&mut self, kept: Kept) -> Option<Restored> {
        let Progress { sequence, messages, queues, names, tasks, .. } = kept.progress?;
        (self.next_queue, self.next_name, self.next_task) = (queues, names, tasks);
        let abouts: BTreeMap<_, _> = kept.queues.into_iter().collect();
        let bodies: BTreeMap<_, _> = kept.messages.into_iter().collect();
        let mut stored = kept.changes;
        // What the end has cut in two was never acknowledged.
        stored.retain(|change| match change {
            Change::QueuePut(queue) => abouts.contains_key(&queue.queue),
            Change::MessagePut(message) => bodies.contains_key(&message.message),
            Change::QueueRemoved { .. }
            | Change::MessageRemoved { .. }
            | Change::DedupPut(_)
            | Change::DedupExpired { .. }
            | Change::TaskPut(_)
            | Change::TaskRemoved { .. } => true,
        });
        for change in &stored {
            if let Change::QueuePut(queue) = change
                && let Some(about) = abouts.get(&queue.queue)
            {
                self.names.insert(about.name.clone(), queue.name);
                self.place(queue.queue, about.clone());
            }
        }
        self.message_ids = IdAllocator::resume(bodies.keys().map(|id| id.index), messages);
        for (id, message) in bodies {
            let place = id.index as usize;
            if self.messages.len() <= place {
                self.messages.resize_with(place + 1, || None);
            }
            self.messages[place] = Some((id.serial, message));
        }
        for (key, message, uuid) in kept.taken {
            self.windows.insert(key, message);
            self.firsts.insert(message, uuid);
        }
        Some(Restored { sequence, stored, events: Vec::new() })
    }

    /// Waits for a receive's answer.
    pub(crate) fn wait(&mut self, call: CallId) -> oneshot::Receiver<Received> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.insert(call, sender);
        receiver
    }

    pub(crate) fn stop_waiting(&mut self, call: CallId) {
        self.waiting.remove(&call);
    }

    /// The answer to the send that was just told, of that message.
    pub(crate) fn take_sent(&mut self, id: MessageId) -> Option<Sent> {
        let place = self.sent.iter().position(|(message, _)| *message == id)?;
        Some(self.sent.swap_remove(place).1)
    }

    /// Does what the machine asks for; `renew` makes another AWS id.
    pub(crate) fn execute(&mut self, command: Command, renew: impl FnOnce() -> Uuid) {
        match command {
            Command::Store(change) => {
                self.note(&change);
                self.keep_on(|| Write::Change(change));
            }
            Command::Sent { message, sequence, duplicate_of } => {
                let of = duplicate_of.and_then(|first| self.firsts.get(&first).copied());
                let uuid = of.or_else(|| self.message(message).map(|kept| kept.uuid));
                self.sent.extend(uuid.map(|uuid| (message, Sent { uuid, sequence })));
            }
            Command::Received { call, messages } => {
                let bytes = |delivery: Delivery| {
                    let message = self.message(delivery.message).cloned();
                    message.map(|message| (delivery, message))
                };
                let messages = messages.into_iter().filter_map(bytes).collect();
                self.answer(call, Ok(messages));
            }
            Command::Refused { call, refusal } => self.answer(call, Err(refusal)),
            Command::Moved { message, renewed: true, .. } => {
                if let Some(Some((_, kept))) = self.messages.get_mut(message.index as usize) {
                    let uuid = renew();
                    kept.uuid = uuid;
                    self.keep_on(|| Write::Renewed { id: message, uuid });
                }
            }
            Command::Moved { message, to, renewed: false, .. } => self.bury(message, to),
            Command::Forget { message } => self.forget(message),
        }
    }

    /// In a FIFO dead-letter queue a message is deduplicated by its own id, so that two that had one deduplication id
    /// are both kept. D:sqs-configure-dead-letter-queue-redrive.
    fn bury(&mut self, id: MessageId, to: QueueId) {
        if !self.queues.get(&to).is_some_and(|queue| queue.attributes.fifo) {
            return;
        }
        let Some(Some((_, kept))) = self.messages.get_mut(id.index as usize) else { return };
        let rare = Arc::make_mut(kept.rare.get_or_insert_default());
        rare.dedup = Some((&*kept.uuid.text()).into());
        let message = kept.clone();
        self.keep_on(|| Write::Body { id, message });
    }

    /// A caller that left does not hear it.
    fn answer(&mut self, call: CallId, received: Received) {
        if let Some(waiting) = self.waiting.remove(&call) {
            drop(waiting.send(received));
        }
    }

    /// Keeps what a duplicate is answered with.
    fn note(&mut self, change: &Change) {
        match change {
            Change::DedupPut(stored) => {
                if let Some(uuid) = self.message(stored.message).map(|kept| kept.uuid) {
                    self.windows.insert(stored.key, stored.message);
                    self.firsts.insert(stored.message, uuid);
                    self.keep_on(|| Write::Taken { stored: *stored, uuid });
                }
            }
            Change::DedupExpired { key } => {
                if let Some(message) = self.windows.remove(key) {
                    self.firsts.remove(&message);
                }
            }
            Change::QueuePut(_)
            | Change::QueueRemoved { .. }
            | Change::MessagePut(_)
            | Change::MessageRemoved { .. }
            | Change::TaskPut(_)
            | Change::TaskRemoved { .. } => {}
        }
    }
}
