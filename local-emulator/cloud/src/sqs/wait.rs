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
use super::wake::Owner;

/// All that wait, at any queue.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    slots: Vec<Option<Waiter>>,
    free: Vec<u32>,
    by_call: BTreeMap<CallId, u32>,
    arrivals: u64,
}

#[derive(Clone, Copy, Debug)]
struct Waiter {
    wish: Wish,
    arrival: u64,
    until: Moment,
}

impl Waiters {
    pub(super) fn has(&self, call: CallId) -> bool {
        self.by_call.contains_key(&call)
    }

    pub(super) fn at(&self, slot: u32) -> &Wish {
        let waiter = self.slots[slot as usize].as_ref();
        &waiter.expect("only a waiting receive's place is kept").wish
    }

    fn put(&mut self, wish: Wish, until: Moment) -> (u64, u32) {
        let arrival = self.arrivals;
        self.arrivals += 1;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).expect("fewer than 4 billion calls wait")
        });
        self.slots[slot as usize] = Some(Waiter { wish, arrival, until });
        self.by_call.insert(wish.call, slot);
        (arrival, slot)
    }

    fn take(&mut self, slot: u32) -> Option<Waiter> {
        let waiter = self.slots.get_mut(slot as usize)?.take()?;
        self.by_call.remove(&waiter.wish.call);
        self.free.push(slot);
        Some(waiter)
    }
}

impl<T: Trace> Sqs<T> {
    pub(super) fn wait(&mut self, wish: Wish, wait: Duration) {
        let until = self.now + wait;
        let place = self.waiters.put(wish, until);
        self.timers.insert((until, Owner::Caller(place.1)));
        self.queue_mut(wish.queue).waiting.insert(place);
    }

    pub(super) fn wait_over(&mut self, slot: u32) {
        if let Some(wish) = self.stop_waiting(slot) {
            self.command(Command::Received { call: wish.call, messages: Vec::new() });
        }
    }

    pub(super) fn caller_left(&mut self, call: CallId) {
        if let Some(&slot) = self.waiters.by_call.get(&call) {
            self.stop_waiting(slot);
        }
    }

    /// The queue goes: everybody who waits for it hears so.
    pub(super) fn turn_away(&mut self, queue: QueueId) {
        while let Some((_, slot)) = self.queue_mut(queue).waiting.first() {
            let Some(wish) = self.stop_waiting(slot) else { return };
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
            let served = first.is_some_and(|(_, slot)| {
                let wish = *self.waiters.at(slot);
                let served = self.answer(&wish);
                if served {
                    self.stop_waiting(slot);
                }
                served
            });
            if !served {
                self.woken.pop_front();
            }
        }
    }

    fn stop_waiting(&mut self, slot: u32) -> Option<Wish> {
        let waiter = self.waiters.take(slot)?;
        self.timers.remove((waiter.until, Owner::Caller(slot)));
        self.queue_mut(waiter.wish.queue).waiting.remove((waiter.arrival, slot));
        Some(waiter.wish)
    }
}
