//! One queue: how it is set, what it holds, who waits for it.

use alloc::vec::Vec;

use lunch_contract::Moment;
use lunch_contract::sqs::{NameId, QueueId, TaskId};

use super::fifo::Fifo;
use super::mischief::Draws;
use super::settings::{Kind, QueueConfig};
use super::standard::Standard;
use super::stored::{State, StoredQueue};
use super::table::Table;
use crate::ordered::{Numbered, Ordered};

#[derive(Debug)]
pub(super) struct Queue {
    pub(super) name: NameId,
    pub(super) config: QueueConfig,
    pub(super) purged: Option<Moment>,
    pub(super) counts: Counts,
    order: Order,
    /// All messages by what their retention counts from.
    ages: Ordered<Numbered>,
    /// When the oldest goes, as the timers know it.
    pub(super) expiry: Option<Moment>,
    /// Receives that wait, by arrival.
    pub(super) waiting: Ordered<u64>,
    /// How many queues have this one as their dead-letter queue.
    pub(super) dead_letter_of: u32,
    /// The moves out of it, oldest first.
    pub(super) tasks: Vec<TaskId>,
}

/// Messages by state, kept and never counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) delayed: u32,
    pub(super) visible: u32,
    pub(super) in_flight: u32,
    pub(super) bytes: u64,
}

#[derive(Debug)]
enum Order {
    Standard(Standard),
    Fifo(Fifo),
}

impl Counts {
    const fn of(&mut self, state: State) -> &mut u32 {
        match state {
            State::Delayed { .. } => &mut self.delayed,
            State::Visible => &mut self.visible,
            State::InFlight { .. } => &mut self.in_flight,
        }
    }
}

impl Queue {
    pub(super) fn new(name: NameId, config: QueueConfig, draws: Draws) -> Self {
        Self {
            name,
            config,
            purged: None,
            counts: Counts::default(),
            order: match config.kind {
                Kind::Standard => Order::Standard(Standard::new(draws)),
                Kind::Fifo { .. } => Order::Fifo(Fifo::default()),
            },
            ages: Ordered::default(),
            expiry: None,
            waiting: Ordered::default(),
            dead_letter_of: 0,
            tasks: Vec::new(),
        }
    }

    pub(super) const fn stored(&self, queue: QueueId) -> StoredQueue {
        StoredQueue { queue, name: self.name, config: self.config, purged: self.purged }
    }

    pub(super) const fn is_fifo(&self) -> bool {
        matches!(self.order, Order::Fifo(_))
    }

    /// A message comes, and stands in the table already.
    pub(super) fn join(&mut self, index: u32, table: &mut Table) {
        let message = table.at(index);
        *self.counts.of(message.state()) += 1;
        self.counts.bytes += u64::from(message.bytes);
        self.ages.insert(age(message.sent, index));
        match &mut self.order {
            Order::Standard(order) => order.offer(index, message),
            Order::Fifo(order) => order.join(index, table),
        }
    }

    /// A message goes, and stands in the table still.
    pub(super) fn leave(&mut self, index: u32, table: &mut Table) {
        let message = table.at(index);
        *self.counts.of(message.state()) -= 1;
        self.counts.bytes -= u64::from(message.bytes);
        self.ages.remove(age(message.sent, index));
        match &mut self.order {
            Order::Standard(order) => order.retract(index, message),
            Order::Fifo(order) => order.leave(index, table),
        }
    }

    /// Changes a message's state: the one place that does.
    pub(super) fn shift(&mut self, index: u32, to: State, table: &mut Table) {
        let message = table.at_mut(index);
        *self.counts.of(message.state()) -= 1;
        *self.counts.of(to) += 1;
        match &mut self.order {
            Order::Standard(order) => {
                order.retract(index, message);
                message.set_state(to);
                order.offer(index, message);
            }
            Order::Fifo(order) => {
                order.retract(index, table);
                table.at_mut(index).set_state(to);
                order.offer(index, table);
            }
        }
    }

    /// The next message to deliver; in a FIFO queue the one behind `last` in its group, if that can be.
    pub(super) fn next(
        &self,
        last: Option<u32>,
        limits: &lunch_contract::sqs::Limits,
        table: &Table,
    ) -> Option<u32> {
        match &self.order {
            Order::Standard(order) => order.first(self.counts.in_flight, limits),
            Order::Fifo(order) => {
                last.and_then(|last| Fifo::next(last, table)).or_else(|| order.first())
            }
        }
    }

    /// The oldest message, and what its retention counts from.
    pub(super) fn oldest(&self) -> Option<(Moment, u32)> {
        self.ages.first().map(|age| (Moment::from_nanos(age.number()), age.index))
    }

    /// All messages, the oldest first.
    pub(super) fn by_age(&self) -> impl Iterator<Item = u32> {
        self.ages.iter().map(|age| age.index)
    }

    pub(super) const fn steps(&self) -> u64 {
        let order = match &self.order {
            Order::Standard(order) => order.steps(),
            Order::Fifo(order) => order.steps(),
        };
        order + self.ages.steps() + self.waiting.steps()
    }
}

const fn age(sent: Moment, index: u32) -> Numbered {
    Numbered::new(sent.as_nanos(), index)
}
