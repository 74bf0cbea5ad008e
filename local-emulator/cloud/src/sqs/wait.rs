//! Receives that wait: who came first is served first, as soon as there is something.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use lunch_contract::Moment;
use lunch_contract::sqs::{CallId, QueueId};

use super::Sqs;
use super::command::Command;
use super::receive::Wish;
use super::refusal::Refusal;
use super::trace::Trace;
use crate::ordered::Ordered;

/// All that wait, at any queue, by arrival.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    waiting: BTreeMap<u64, Waiter>,
    by_call: BTreeMap<CallId, u64>,
    /// When each has waited long enough.
    pub(super) ends: Ordered<(Moment, u64)>,
    arrivals: u64,
}

#[derive(Clone, Copy, Debug)]
struct Waiter {
    wish: Wish,
    /// `None`: it waits until there is something.
    until: Option<Moment>,
}

impl Waiters {
    pub(super) fn has(&self, call: CallId) -> bool {
        self.by_call.contains_key(&call)
    }

    pub(super) fn at(&self, arrival: u64) -> Option<&Wish> {
        self.waiting.get(&arrival).map(|waiter| &waiter.wish)
    }

    fn put(&mut self, wish: Wish, until: Option<Moment>) -> u64 {
        let arrival = self.arrivals;
        self.arrivals += 1;
        self.waiting.insert(arrival, Waiter { wish, until });
        self.by_call.insert(wish.call, arrival);
        if let Some(until) = until {
            self.ends.insert((until, arrival));
        }
        arrival
    }

    fn take(&mut self, arrival: u64) -> Option<Wish> {
        let waiter = self.waiting.remove(&arrival)?;
        self.by_call.remove(&waiter.wish.call);
        if let Some(until) = waiter.until {
            self.ends.remove((until, arrival));
        }
        Some(waiter.wish)
    }
}

impl<T: Trace> Sqs<T> {
    /// Lets a receive wait; `None`: until there is something.
    pub(super) fn wait(&mut self, wish: Wish, wait: Option<Duration>) {
        let until = wait.map(|wait| self.now + wait);
        let arrival = self.waiters.put(wish, until);
        self.queue_mut(wish.queue).waiting.insert(arrival);
    }

    pub(super) fn wait_over(&mut self, arrival: u64) {
        if let Some(wish) = self.stop_waiting(arrival) {
            self.command(Command::Received { call: wish.call, messages: Vec::new() });
        }
    }

    pub(super) fn caller_left(&mut self, call: CallId) {
        if let Some(&arrival) = self.waiters.by_call.get(&call) {
            self.stop_waiting(arrival);
        }
    }

    /// The queue goes: everybody who waits for it hears so.
    pub(super) fn turn_away(&mut self, queue: QueueId) {
        while let Some(arrival) = self.queue_mut(queue).waiting.first() {
            let Some(wish) = self.stop_waiting(arrival) else { return };
            let refusal = Refusal::QueueDoesNotExist;
            self.command(Command::Refused { call: wish.call, refusal });
        }
    }

    /// Something changed in a queue: who waits there may be served.
    pub(super) fn wake_waiting(&mut self, id: QueueId) {
        let has_waiting = self.queues.get(&id).is_some_and(|queue| !queue.waiting.is_empty());
        if has_waiting && self.woken.back() != Some(&id) {
            self.woken.push_back(id);
        }
    }

    /// Serves whom something has changed for. What a receive buries may wake others in turn; each time somebody stops
    /// waiting, so that this comes to an end.
    pub(super) fn serve_woken(&mut self) {
        while let Some(&id) = self.woken.front() {
            let first = self.queues.get(&id).and_then(|queue| queue.waiting.first());
            let wish = first.and_then(|arrival| self.waiters.at(arrival).copied());
            let served = wish.is_some_and(|wish| self.answer(&wish));
            if served && let Some(arrival) = first {
                self.stop_waiting(arrival);
            }
            if !served {
                self.woken.pop_front();
            }
        }
    }

    fn stop_waiting(&mut self, arrival: u64) -> Option<Wish> {
        let wish = self.waiters.take(arrival)?;
        self.queue_mut(wish.queue).waiting.remove(arrival);
        Some(wish)
    }
}
