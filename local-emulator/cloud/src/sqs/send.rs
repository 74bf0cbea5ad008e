//! A message comes in.

use lunch_contract::sqs::{QueueId, SequenceNumber};

use super::command::Command;
use super::event::NewMessage;
use super::refusal::Refusal;
use super::settings::Kind;
use super::stored::{State, StoredMessage};
use super::table::Message;
use super::trace::{Record, Trace};
use super::{Moment, Sqs};

impl<T: Trace> Sqs<T> {
    pub(super) fn send(&mut self, id: QueueId, new: NewMessage) -> Result<(), Refusal> {
        let kind = self.known(id)?.config.kind;
        self.check_send(kind, &new)?;
        if let Kind::Fifo { scope } = kind
            && self.answer_duplicate(id, scope, &new)
        {
            return Ok(());
        }
        let sequence = SequenceNumber(self.next_sequence());
        let message = StoredMessage {
            message: new.message,
            queue: id,
            sequence,
            bytes: new.bytes,
            group: new.group,
            sent: self.now,
            state: self.state_when_sent(id, &new),
            receives: 0,
            receives_here: 0,
            first_received: Moment::ZERO,
            received: Moment::ZERO,
            source: None,
        };
        let index = new.message.index;
        self.messages.put(index, Message::of(&message));
        self.join(index);
        self.store_message(index);
        if let Kind::Fifo { scope } = kind {
            self.remember(id, scope, &new, sequence);
        }
        self.record(Record::Sent { message: new.message, queue: id });
        self.command(Command::Sent { message: new.message, sequence, duplicate_of: None });
        Ok(())
    }

    fn check_send(&self, kind: Kind, new: &NewMessage) -> Result<(), Refusal> {
        if !self.messages.is_free(new.message.index) {
            return Err(Refusal::MessageInUse);
        }
        if new.delay.is_some_and(|delay| delay > self.settings.limits.delay_max) {
            return Err(Refusal::OutOfRange);
        }
        match kind {
            Kind::Standard => Ok(()),
            Kind::Fifo { .. } if new.group.is_none() => Err(Refusal::MissingGroup),
            Kind::Fifo { .. } if new.dedup.is_none() => Err(Refusal::MissingDeduplication),
            Kind::Fifo { .. } if new.delay.is_some() => Err(Refusal::DelayOnFifo),
            Kind::Fifo { .. } => Ok(()),
        }
    }

    fn state_when_sent(&mut self, id: QueueId, new: &NewMessage) -> State {
        let draws = self.draws;
        let queue = self.queue_mut(id);
        let mut delay = new.delay.unwrap_or(queue.config.delay);
        if !queue.is_fifo() {
            delay += draws.late(new.message.serial);
        }
        if delay.is_zero() { State::Visible } else { State::Delayed { until: self.now + delay } }
    }
}
