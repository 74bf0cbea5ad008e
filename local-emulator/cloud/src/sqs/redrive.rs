//! Messages go from one queue to another.

use lunch_contract::sqs::QueueId;

use super::Sqs;
use super::command::Command;
use super::table::Message;
use super::trace::{End, Record, Trace};
use crate::planted::{self, Bug};

impl<T: Trace> Sqs<T> {
    /// Where the message goes in place of being received once more, if it was received often enough from this queue.
    /// Where the dead-letter queue does not exist it stays (unsure).
    pub(super) fn grave_of(&self, index: u32) -> Option<QueueId> {
        let message = self.messages.at(index);
        let queue = self.queues.get(&message.queue())?;
        let redrive = queue.config.redrive?;
        let target = self.queues.get(&redrive.target)?;
        let most = redrive.max_receives.max(1) + u32::from(planted::is(Bug::ReceiveTooMany));
        let is_due = message.receives_here() >= most;
        (is_due && target.config.kind.is_like(queue.config.kind)).then_some(redrive.target)
    }

    /// Takes it to a dead-letter queue. Its receives go on counting. A FIFO queue counts its retention anew; for another
    /// one it may be too old, before anybody who waits there could have it. F 9.3.
    pub(super) fn bury(&mut self, index: u32, target: QueueId) {
        if planted::is(Bug::DeadLetterDropped) {
            return self.end(index, End::Deleted);
        }
        let now = self.now;
        let grave = self.queue_mut(target);
        let (is_fifo, retention) = (grave.is_fifo(), grave.config.retention);
        self.carry(index, target, false, |message| {
            message.bury();
            if is_fifo {
                message.sent = now;
            }
        });
        if self.messages.at(index).sent + retention <= now {
            self.end(index, End::Expired);
        }
    }

    /// Takes it to where it counts as newly sent. D:sqs-configure-dead-letter-queue-redrive.
    pub(super) fn renew(&mut self, index: u32, target: QueueId) {
        let now = self.now;
        self.carry(index, target, true, |message| message.renew(now));
    }

    fn carry(&mut self, index: u32, to: QueueId, renewed: bool, change: impl FnOnce(&mut Message)) {
        self.leave(index);
        let sequence = self.next_sequence();
        let message = self.messages.at_mut(index);
        let from = message.queue();
        change(message);
        message.carry(to, sequence);
        self.join(index);
        self.store_message(index);
        let message = self.id_of(index);
        self.record(Record::Moved { message, from, to });
        self.command(Command::Moved { message, from, to, renewed });
    }
}
