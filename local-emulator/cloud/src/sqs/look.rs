//! Looking at the queues without changing them.

use lunch_contract::Moment;
use lunch_contract::sqs::{NameId, QueueId, SequenceNumber};

use super::Sqs;
use super::settings::{QueueConfig, Settings};
use super::stored::{StoredMessage, StoredTask};
use super::trace::Trace;

/// A queue, looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueView {
    /// Which one.
    pub queue: QueueId,
    /// Its name.
    pub name: NameId,
    /// How it is set.
    pub config: QueueConfig,
    /// `ApproximateNumberOfMessages`: those that can be had, in FIFO queues as soon as their group lets them.
    pub visible: u32,
    /// `ApproximateNumberOfMessagesNotVisible`: those in flight.
    pub not_visible: u32,
    /// `ApproximateNumberOfMessagesDelayed`.
    pub delayed: u32,
    /// The messages' own bytes.
    pub bytes: u64,
    /// When the oldest message was sent, which its age counts from.
    pub oldest: Option<Moment>,
    /// Receives that wait.
    pub waiting: usize,
    /// How many queues have it as their dead-letter queue.
    pub dead_letter_of: u32,
}

impl<T: Trace> Sqs<T> {
    /// How the queues were set.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The latest moment that the machine was told.
    #[must_use]
    pub const fn now(&self) -> Moment {
        self.now
    }

    /// The last number that a message was given; `restore` wants it.
    #[must_use]
    pub const fn sequence(&self) -> SequenceNumber {
        SequenceNumber(self.sequence)
    }

    /// What takes the records.
    #[must_use]
    pub const fn trace(&self) -> &T {
        &self.trace
    }

    /// What takes the records.
    pub const fn trace_mut(&mut self) -> &mut T {
        &mut self.trace
    }

    /// The queue, if it exists.
    #[must_use]
    pub fn queue(&self, queue: QueueId) -> Option<QueueView> {
        self.queues.get(&queue).map(|kept| QueueView {
            queue,
            name: kept.name,
            config: kept.config,
            visible: kept.counts.visible,
            not_visible: kept.counts.in_flight,
            delayed: kept.counts.delayed,
            bytes: kept.counts.bytes,
            oldest: kept.oldest().map(|(sent, _)| sent),
            waiting: kept.waiting.len(),
            dead_letter_of: kept.dead_letter_of,
        })
    }

    /// Every queue, by id.
    pub fn queues(&self) -> impl Iterator<Item = QueueView> {
        self.queues.keys().filter_map(|&queue| self.queue(queue))
    }

    /// The messages of a queue, the oldest first, whatever their state.
    pub fn messages(&self, queue: QueueId) -> impl Iterator<Item = StoredMessage> {
        let by_age = self.queues.get(&queue).into_iter().flat_map(super::Queue::by_age);
        by_age.map(|index| self.messages.at(index).stored(index))
    }

    /// The moves out of a queue, the newest first.
    pub fn moves(&self, queue: QueueId) -> impl Iterator<Item = StoredTask> {
        let listed = self.queues.get(&queue).into_iter().flat_map(|queue| queue.tasks.iter().rev());
        listed.filter_map(|task| self.tasks.get(task).copied())
    }

    /// Steps taken in ordered structures so far: what an event costs, counted and not timed.
    #[must_use]
    pub fn operations(&self) -> u64 {
        let queues: u64 = self.queues.values().map(super::Queue::steps).sum();
        queues + self.timers.steps() + self.waiters.ends.steps() + self.windows.steps
    }
}
