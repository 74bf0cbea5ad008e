//! What the host keeps of the queues beside what the machine knows: names, attributes, tags, and the bytes of messages.
//!
//! Decides nothing. Who may be told what by which call stands in the machine and in the contract.

mod message;
mod policies;

use std::collections::BTreeMap;
use std::rc::Rc;

use lunch_cloud::sqs::{Change, Command, DedupKey, Delivery, Refusal};
use lunch_contract::IdAllocator;
use lunch_contract::sqs::{Attributes, CallId, MessageId, NameId, QueueId, SequenceNumber, TaskId};
use tokio::sync::oneshot;

use crate::uuid::Uuid;

pub(crate) use self::message::{
    Attribute, AttributeBytes, Digest, Message, Rare, digest, digest_of, half_of_sha256,
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
pub(crate) type Received = Result<Vec<(Delivery, Rc<Message>)>, Refusal>;

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
    messages: Vec<Option<(u64, Rc<Message>)>>,
    message_ids: IdAllocator,
    /// The messages that took a deduplication id, by what they are answered with for as long as it is taken.
    windows: BTreeMap<DedupKey, MessageId>,
    firsts: BTreeMap<MessageId, Uuid>,
    /// The receives that wait for their answers.
    waiting: BTreeMap<CallId, oneshot::Sender<Received>>,
    /// The answer to the send that is being told.
    sent: Option<Sent>,
    next_queue: u32,
    next_call: u64,
    next_task: u32,
    /// Names get a number when they are first used.
    names: BTreeMap<String, NameId>,
}

impl Queues {
    pub(crate) fn named(&self, name: &str) -> Option<QueueId> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn of(&self, id: QueueId) -> Option<&Queue> {
        self.queues.get(&id)
    }

    pub(crate) fn of_mut(&mut self, id: QueueId) -> Option<&mut Queue> {
        self.queues.get_mut(&id)
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
        let id = NameId(self.names.len() as u64);
        self.names.insert(name.to_owned(), id);
        id
    }

    pub(crate) fn insert(&mut self, id: QueueId, queue: Queue) {
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
        self.messages[place] = Some((serial, Rc::new(message)));
        MessageId { serial, index }
    }

    pub(crate) fn message(&self, id: MessageId) -> Option<&Rc<Message>> {
        let (serial, message) = self.messages.get(id.index as usize)?.as_ref()?;
        (*serial == id.serial).then_some(message)
    }

    /// Frees a message's bytes and its index.
    pub(crate) fn forget(&mut self, id: MessageId) {
        if self.message(id).is_some() {
            self.messages[id.index as usize] = None;
            self.message_ids.free(id.index);
        }
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

    /// The answer to the send that was just told.
    pub(crate) fn take_sent(&mut self) -> Option<Sent> {
        self.sent.take()
    }

    /// Does what the machine asks for; `renew` makes another AWS id.
    pub(crate) fn execute(&mut self, command: Command, renew: impl FnOnce() -> Uuid) {
        match command {
            Command::Store(change) => self.note(&change),
            Command::Sent { message, sequence, duplicate_of } => {
                let of = duplicate_of.and_then(|first| self.firsts.get(&first).copied());
                let uuid = of.or_else(|| self.message(message).map(|kept| kept.uuid));
                self.sent = uuid.map(|uuid| Sent { uuid, sequence });
            }
            Command::Received { call, messages } => {
                let bytes = |delivery: Delivery| {
                    let message = self.message(delivery.message).map(Rc::clone);
                    message.map(|message| (delivery, message))
                };
                let messages = messages.into_iter().filter_map(bytes).collect();
                self.answer(call, Ok(messages));
            }
            Command::Refused { call, refusal } => self.answer(call, Err(refusal)),
            Command::Moved { message, renewed: true, .. } => {
                if let Some(Some((_, kept))) = self.messages.get_mut(message.index as usize) {
                    Rc::make_mut(kept).uuid = renew();
                }
            }
            Command::Moved { renewed: false, .. } => {}
            Command::Forget { message } => self.forget(message),
        }
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
