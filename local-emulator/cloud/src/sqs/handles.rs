//! What a receiver may do with a message by its receipt handle, which differs by queue type and action. F 9.2, 9.3.

use core::time::Duration;

use lunch_contract::sqs::{Handle, QueueId};

use super::Sqs;
use super::refusal::Refusal;
use super::stored::State;
use super::trace::{End, Record, Trace};
use crate::planted::{self, Bug};

/// What became of the message that a handle was given for.
enum Found {
    /// It is no longer in this queue.
    Gone,
    /// It is there, and this is the handle of its last receive.
    Last(u32),
    /// It is there, and was received again since.
    Old(u32),
}

impl<T: Trace> Sqs<T> {
    /// A standard queue takes any handle that it gave. A FIFO queue takes the last one, in its time; for a message that
    /// is gone it says yes as well (unsure).
    pub(super) fn delete(&mut self, queue: QueueId, handle: Handle) -> Result<(), Refusal> {
        let is_fifo = self.known(queue)?.is_fifo();
        let index = match self.find(queue, handle)? {
            Found::Gone => return Ok(()),
            Found::Last(index) if is_fifo && !self.messages.at(index).is_in_flight() => {
                return Err(Refusal::ReceiptHandleExpired);
            }
            Found::Old(_) if is_fifo => return Err(Refusal::ReceiptHandleExpired),
            Found::Last(index) | Found::Old(index) => index,
        };
        let may_be_in_vain = !is_fifo || planted::is(Bug::DeletedInVainOnFifo);
        if may_be_in_vain && self.draws.in_vain(self.messages.at(index)) {
            let message = self.id_of(index);
            self.record(Record::DeletedInVain { message });
        } else {
            self.end(index, End::Deleted);
        }
        Ok(())
    }

    /// A standard queue takes the last handle, after its time too, and puts the message back in flight. A FIFO queue
    /// takes it in its time only.
    ///
    /// AWS's own page has `MessageNotInflight` for any visible message, and recordings of AWS show the last handle at
    /// work on one: so that is left for older handles. F 9.2, 9.3 (unsure).
    pub(super) fn change_visibility(
        &mut self,
        queue: QueueId,
        handle: Handle,
        timeout: Duration,
    ) -> Result<(), Refusal> {
        let is_fifo = self.known(queue)?.is_fifo();
        let index = match self.find(queue, handle)? {
            Found::Last(index) if !is_fifo || self.messages.at(index).is_in_flight() => index,
            Found::Last(_) | Found::Old(_) | Found::Gone if is_fifo => {
                return Err(Refusal::ReceiptHandleExpired);
            }
            Found::Old(index) if self.messages.at(index).is_visible() => {
                return Err(Refusal::MessageNotInflight);
            }
            Found::Last(_) | Found::Old(_) | Found::Gone => {
                return Err(Refusal::NotAvailableForVisibilityChange);
            }
        };
        let (until, max) = (self.now + timeout, self.settings.limits.visibility_max);
        if !timeout.is_zero() && until > self.messages.at(index).received() + max {
            return Err(Refusal::VisibilityBeyondLimit);
        }
        let to = if timeout.is_zero() { State::Visible } else { State::InFlight { until } };
        self.shift(index, to);
        self.store_message(index);
        Ok(())
    }

    /// The message, if it is in flight by this very receive.
    pub(super) fn in_flight_by(&self, handle: Handle) -> Option<u32> {
        match self.find(handle.queue, handle) {
            Ok(Found::Last(index)) if self.messages.at(index).is_in_flight() => Some(index),
            Ok(Found::Last(_) | Found::Old(_) | Found::Gone) | Err(_) => None,
        }
    }

    fn find(&self, queue: QueueId, handle: Handle) -> Result<Found, Refusal> {
        if handle.queue != queue {
            return Err(Refusal::ReceiptHandleIsInvalid);
        }
        let message = self.messages.find(handle.index);
        let here = message.filter(|message| {
            message.queue() == queue
                && message.sequence == handle.sequence.0
                && (1..=message.receives_here()).contains(&handle.receive)
        });
        Ok(match here {
            None => Found::Gone,
            Some(message) if message.receives_here() == handle.receive => Found::Last(handle.index),
            Some(_) => Found::Old(handle.index),
        })
    }
}
