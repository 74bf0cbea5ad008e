//! The store of a street: what was handed over and is not safe yet, and what is.
//!
//! A batch is all that one telling and what it brought about want to be kept; it is safe as a whole or not at all. Batches
//! are made safe in their order, all that have come meanwhile at once.

use std::collections::{BTreeMap, VecDeque};

use lunch_cloud::asynchronous::Waiting;
use lunch_cloud::event_source::MappingConfig;
use lunch_cloud::sqs::{Change, DedupKey, StoredDedup, StoredMessage, StoredQueue, StoredTask};
use lunch_contract::sqs::{CallId, Handle, MessageId, QueueId, SequenceNumber, TaskId};
use lunch_contract::{FunctionId, IdAllocator, Moment, QualifierId, RequestId};

/// Something to be made safe.
#[derive(Clone, Debug)]
pub(super) enum Write {
    Change(Change),
    /// An event was accepted. It is known by its first request's serial number.
    Event(u64, StoredEvent),
    Retried {
        event: u64,
        attempts: u32,
        throttles: u32,
        next: Moment,
    },
    Ended {
        event: u64,
    },
    /// The mapping of that number in the plan is set so.
    Mapping(usize, MappingConfig),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct StoredEvent {
    pub(super) function: FunctionId,
    pub(super) accepted: Moment,
    pub(super) attempts: u32,
    pub(super) throttles: u32,
    /// `None`: it was being tried.
    pub(super) next: Option<Moment>,
}

/// Who is to be told something as soon as it is safe.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// A receiver, by that call, what it gets.
    Received(CallId, Vec<Handle>),
    /// Anybody else, who has nothing to do with it.
    Done,
}

/// What is to be kept of one telling.
#[derive(Debug)]
pub(super) struct Batch {
    writes: Vec<Write>,
    pub(super) answers: Vec<Answer>,
    /// The last step whose doing it is.
    pub(super) step: u64,
    sequence: SequenceNumber,
    messages: u64,
}

/// What is safe.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    queues: BTreeMap<QueueId, StoredQueue>,
    messages: BTreeMap<MessageId, StoredMessage>,
    windows: BTreeMap<DedupKey, StoredDedup>,
    tasks: BTreeMap<TaskId, StoredTask>,
    events: BTreeMap<u64, StoredEvent>,
    pub(super) mappings: BTreeMap<usize, MappingConfig>,
    pub(super) sequence: SequenceNumber,
    allocated: u64,
}

#[derive(Debug, Default)]
pub(super) struct Disk {
    pub(super) kept: Kept,
    writes: Vec<Write>,
    answers: Vec<Answer>,
    handed: VecDeque<Batch>,
    /// How many of them are being made safe.
    committing: usize,
}

impl Disk {
    pub(super) fn write(&mut self, write: Write) {
        self.writes.push(write);
    }

    pub(super) fn answer(&mut self, answer: Answer) {
        self.answers.push(answer);
    }

    /// Hands over what has come since the last time. Answers with who may be told something now, since nothing is on its
    /// way to the disk.
    pub(super) fn hand_over(
        &mut self,
        step: u64,
        sequence: SequenceNumber,
        messages: u64,
    ) -> Vec<Answer> {
        let answers = std::mem::take(&mut self.answers);
        if self.writes.is_empty() {
            let Some(last) = self.handed.back_mut() else { return answers };
            last.answers.extend(answers);
            return Vec::new();
        }
        let writes = std::mem::take(&mut self.writes);
        self.handed.push_back(Batch { writes, answers, step, sequence, messages });
        Vec::new()
    }

    /// Begins to make safe what was handed over; `false`: there is nothing, or some is on its way already.
    pub(super) fn begin(&mut self) -> bool {
        let begins = self.committing == 0 && !self.handed.is_empty();
        if begins {
            self.committing = self.handed.len();
        }
        begins
    }

    /// What was begun is safe: who is to be told, and the last step that is safe.
    pub(super) fn commit(&mut self) -> (Vec<Answer>, Option<u64>) {
        let (mut answers, mut step) = (Vec::new(), None);
        for batch in self.handed.drain(..std::mem::take(&mut self.committing)) {
            for write in batch.writes {
                self.kept.apply(write);
            }
            self.kept.sequence = self.kept.sequence.max(batch.sequence);
            self.kept.allocated = batch.messages;
            answers.extend(batch.answers);
            step = Some(batch.step);
        }
        (answers, step)
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.handed.is_empty()
    }

    /// The process is gone, and with it all that was not safe.
    pub(super) fn cut_off(&mut self) {
        *self = Self { kept: std::mem::take(&mut self.kept), ..Self::default() };
    }
}

impl Kept {
    fn apply(&mut self, write: Write) {
        match write {
            Write::Change(change) => self.change(change),
            Write::Event(id, event) => {
                self.events.insert(id, event);
            }
            Write::Retried { event, attempts, throttles, next } => {
                if let Some(event) = self.events.get_mut(&event) {
                    (event.attempts, event.throttles) = (attempts, throttles);
                    event.next = Some(next);
                }
            }
            Write::Ended { event } => {
                self.events.remove(&event);
            }
            Write::Mapping(number, config) => {
                self.mappings.insert(number, config);
            }
        }
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::QueuePut(queue) => {
                self.queues.insert(queue.queue, queue);
            }
            Change::QueueRemoved { queue } => {
                self.queues.remove(&queue);
            }
            Change::MessagePut(message) => {
                self.messages.insert(message.message, message);
            }
            Change::MessageRemoved { message } => {
                self.messages.remove(&message);
            }
            Change::DedupPut(window) => {
                self.windows.insert(window.key, window);
            }
            Change::DedupExpired { key } => {
                self.windows.remove(&key);
            }
            Change::TaskPut(task) => {
                self.tasks.insert(task.task, task);
            }
            Change::TaskRemoved { task } => {
                self.tasks.remove(&task);
            }
        }
    }

    /// All that the queues' machine has to know, messages before their queues, since any order will do.
    pub(super) fn changes(&self) -> Vec<Change> {
        let messages = self.messages.values().rev().copied().map(Change::MessagePut);
        let windows = self.windows.values().copied().map(Change::DedupPut);
        let tasks = self.tasks.values().copied().map(Change::TaskPut);
        let queues = self.queues.values().cloned().map(Change::QueuePut);
        messages.chain(windows).chain(tasks).chain(queues).collect()
    }

    /// The ids of messages go on where they were.
    pub(super) fn ids(&self) -> IdAllocator {
        IdAllocator::resume(self.messages.keys().map(|id| id.index), self.allocated)
    }

    /// The events, with a new request for each.
    pub(super) fn events(
        &self,
        now: Moment,
        mut request: impl FnMut() -> RequestId,
    ) -> Vec<(u64, Waiting)> {
        let waiting = |(id, event): (&u64, &StoredEvent)| {
            let StoredEvent { function, accepted, attempts, throttles, next } = *event;
            let next = next.unwrap_or(now);
            let qualifier = QualifierId::LATEST;
            let request = request();
            (*id, Waiting { request, function, qualifier, accepted, attempts, throttles, next })
        };
        self.events.iter().map(waiting).collect()
    }
}
