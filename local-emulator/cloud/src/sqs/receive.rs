//! Messages are handed out.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::time::Duration;

use lunch_contract::Moment;
use lunch_contract::sqs::{AttemptId, CallId, Handle, QueueId, SequenceNumber};
use smallvec::SmallVec;

use super::Sqs;
use super::command::{Command, Delivery};
use super::refusal::Refusal;
use super::room::give_back;
use super::stored::State;
use super::trace::{End, Record, Trace};
use super::wake::Owner;
use crate::planted::{self, Bug};

/// How a receive is to be answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) call: CallId,
    pub(super) queue: QueueId,
    pub(super) max: u8,
    pub(super) visibility: Option<Duration>,
    pub(super) attempt: Option<AttemptId>,
}

/// Receives by their attempt ids, for five minutes. A restart forgets them.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    handles: BTreeMap<(QueueId, AttemptId), Got>,
    /// An id that got something else meanwhile is in it more than once, and ends with the last.
    by_end: VecDeque<(Moment, (QueueId, AttemptId))>,
}

/// What an attempt got, and until when it is remembered.
#[derive(Debug)]
struct Got {
    handles: SmallVec<[Handle; 1]>,
    until: Moment,
}

impl<T: Trace> Sqs<T> {
    pub(super) fn receive(
        &mut self,
        call: CallId,
        queue: QueueId,
        max: u8,
        wait: Option<Duration>,
        visibility: Option<Duration>,
        attempt: Option<AttemptId>,
    ) -> Result<(), Refusal> {
        let limits = &self.settings.limits;
        let kept = self.known(queue)?;
        let wait = wait.unwrap_or(kept.config.wait);
        let is_in_range = (1..=limits.batch_max).contains(&max)
            && wait <= limits.wait_max
            && visibility.is_none_or(|visibility| visibility <= limits.visibility_max);
        if !is_in_range {
            return Err(Refusal::OutOfRange);
        }
        if self.waiters.has(call) {
            return Err(Refusal::CallInUse);
        }
        let is_full = kept.counts.in_flight >= limits.in_flight_max;
        if is_full && wait.is_zero() && !kept.is_fifo() {
            return Err(Refusal::OverLimit);
        }
        let attempt = attempt.filter(|_| kept.is_fifo());
        let wish = Wish { call, queue, max, visibility, attempt };
        if self.answer_again(&wish) || self.answer(&wish) {
            return Ok(());
        }
        if wait.is_zero() {
            self.command(Command::Received { call, messages: Vec::new() });
        } else {
            self.wait(wish, Some(wait));
        }
        Ok(())
    }

    pub(super) fn await_any(
        &mut self,
        call: CallId,
        queue: QueueId,
        max: u8,
    ) -> Result<(), Refusal> {
        self.known(queue)?;
        if !(1..=self.settings.limits.batch_max).contains(&max) {
            return Err(Refusal::OutOfRange);
        }
        if self.waiters.has(call) {
            return Err(Refusal::CallInUse);
        }
        let wish = Wish { call, queue, max, visibility: None, attempt: None };
        if !self.answer(&wish) {
            self.wait(wish, None);
        }
        Ok(())
    }

    /// Answers with what there is, if there is something.
    pub(super) fn answer(&mut self, wish: &Wish) -> bool {
        let visibility = self.visibility_of(wish);
        let mut again: SmallVec<[u32; 10]> = SmallVec::new();
        let mut picked: SmallVec<[u32; 10]> = SmallVec::new();
        while picked.len() < usize::from(wish.max)
            && let Some(index) = self.next_alive(wish.queue, picked.last().copied())
        {
            if self.hand_out(index, visibility) {
                again.push(index);
            }
            picked.push(index);
        }
        let messages: Vec<Delivery> = picked.iter().map(|&index| self.delivery(index)).collect();
        for index in again {
            self.shift(index, State::Visible);
        }
        for &index in picked.iter().filter(|_| !planted::is(Bug::ReceiveNotStored)) {
            self.store_message(index);
        }
        if messages.is_empty() {
            return false;
        }
        self.remember_attempt(wish, &messages);
        self.command(Command::Received { call: wish.call, messages });
        true
    }

    /// The next message that may be delivered; those that were kept too long or received too often go on the way.
    fn next_alive(&mut self, id: QueueId, last: Option<u32>) -> Option<u32> {
        loop {
            let queue = self.queues.get(&id)?;
            if queue.counts.in_flight >= self.settings.limits.in_flight_max {
                return None;
            }
            let index = queue.next(last, &self.settings.limits, &self.messages)?;
            let kept_until = self.messages.at(index).sent + queue.config.retention;
            if kept_until <= self.now && !planted::is(Bug::DeliveredTooOld) {
                // Others of this moment may have gone first, and woken who waits.
                self.end(index, End::Expired);
                continue;
            }
            let Some(target) = self.grave_of(index) else { return Some(index) };
            self.bury(index, target);
        }
    }

    /// Counts the receive, and says whether the message is there for others at once all the same.
    fn hand_out(&mut self, index: u32, visibility: Duration) -> bool {
        self.shift(index, State::InFlight { until: self.now + visibility });
        let (now, draws) = (self.now, self.draws);
        let message = self.messages.at_mut(index);
        message.count_receive(now);
        let (count, id) = (message.receives(), message.queue());
        let twice = draws.twice(message);
        let message = self.id_of(index);
        self.record(Record::Received { message, count });
        visibility.is_zero() || (twice && !self.queue_mut(id).is_fifo())
    }

    fn delivery(&self, index: u32) -> Delivery {
        let message = self.messages.at(index);
        Delivery {
            message: self.id_of(index),
            handle: message.handle(index),
            receive_count: message.receives(),
            sent: message.sent,
            first_received: message.first_received(),
            sequence: SequenceNumber(message.sequence),
            source: message.source(),
        }
    }

    fn visibility_of(&self, wish: &Wish) -> Duration {
        let of_queue = || self.queues.get(&wish.queue).map(|queue| queue.config.visibility);
        wish.visibility.or_else(of_queue).unwrap_or_default()
    }
}

/// Receive attempt ids: a repeated receive gets what the first got, as far as it still is in flight. F 9.3.
impl<T: Trace> Sqs<T> {
    fn answer_again(&mut self, wish: &Wish) -> bool {
        let Some(attempt) = wish.attempt.filter(|_| !planted::is(Bug::AttemptAnew)) else {
            return false;
        };
        let got = self.attempts.handles.get(&(wish.queue, attempt));
        let Some(handles) = got.map(|got| got.handles.clone()) else { return false };
        let visibility = self.visibility_of(wish);
        let mut messages = Vec::new();
        for handle in handles {
            let Some(index) = self.in_flight_by(handle) else { continue };
            let latest = self.messages.at(index).received() + self.settings.limits.visibility_max;
            let until = (self.now + visibility).min(latest);
            messages.push(self.delivery(index));
            if !planted::is(Bug::AttemptNotHidden) {
                self.shift(index, State::InFlight { until });
                self.store_message(index);
            }
        }
        if messages.is_empty() {
            return false;
        }
        self.command(Command::Received { call: wish.call, messages });
        true
    }

    fn remember_attempt(&mut self, wish: &Wish, messages: &[Delivery]) {
        let Some(attempt) = wish.attempt else { return };
        let key = (wish.queue, attempt);
        let handles = messages.iter().map(|delivery| delivery.handle).collect();
        let until = self.now + self.settings.limits.deduplication;
        self.attempts.handles.insert(key, Got { handles, until });
        if self.attempts.by_end.is_empty() {
            self.timers.insert((until, Owner::Attempt));
        }
        self.attempts.by_end.push_back((until, key));
    }

    pub(super) fn attempt_expired(&mut self) {
        if let Some((end, key)) = self.attempts.by_end.pop_front() {
            if self.attempts.handles.get(&key).is_some_and(|got| got.until <= end) {
                self.attempts.handles.remove(&key);
            }
            give_back(&mut self.attempts.by_end);
        }
        if let Some(&(next, _)) = self.attempts.by_end.front() {
            self.timers.insert((next, Owner::Attempt));
        }
    }
}
