//! Messages end: by their age, and with everything else that ends them.

use lunch_contract::sqs::QueueId;

use super::Sqs;
use super::command::Command;
use super::stored::Change;
use super::trace::{End, Record, Trace};
use super::wake::Owner;
use crate::planted::{self, Bug};

impl<T: Trace> Sqs<T> {
    /// A queue's oldest message was kept long enough: it goes, in flight or not.
    pub(super) fn expire_oldest(&mut self, id: QueueId) {
        let queue = self.queue_mut(id);
        queue.expiry = None;
        if let Some((_, index)) = queue.oldest() {
            self.end(index, End::Expired);
        }
    }

    /// Brings a queue's deadline in line with its oldest message.
    pub(super) fn rearm_expiry(&mut self, id: QueueId) {
        let queue = self.queue_mut(id);
        let retention = queue.config.retention;
        let due = queue.oldest().map(|(sent, _)| sent + retention);
        let before = core::mem::replace(&mut queue.expiry, due);
        if before == due {
            return;
        }
        if let Some(before) = before {
            self.timers.remove((before, Owner::Queue(id)));
        }
        if let Some(due) = due {
            self.timers.insert((due, Owner::Queue(id)));
        }
    }

    /// All messages of a queue go.
    pub(super) fn empty(&mut self, id: QueueId, end: End) {
        while let Some((_, index)) = self.queue_mut(id).oldest() {
            self.end(index, end);
        }
    }

    /// A message goes for good.
    pub(super) fn end(&mut self, index: u32, end: End) {
        let message = self.id_of(index);
        self.leave(index);
        self.messages.remove(index);
        self.record(Record::Gone { message, end });
        if end != End::Deleted || !planted::is(Bug::DeletionNotStored) {
            self.store(Change::MessageRemoved { message });
        }
        self.command(Command::Forget { message });
    }
}
