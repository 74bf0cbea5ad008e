//! The messages, by index. They stand in blocks, so that a growing table moves none and keeps little to spare; a block
//! in which none ever stood takes no room.

use alloc::vec::Vec;
use lunch_contract::Moment;
use lunch_contract::sqs::{GroupId, Handle, MessageId, QueueId, SequenceNumber};

use super::stored::{State, StoredMessage};

/// No message, no queue.
pub(super) const NONE: u32 = u32::MAX;

const BLOCK: usize = 1_024;

/// A message: 88 bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message {
    pub(super) serial: u64,
    pub(super) sent: Moment,
    pub(super) sequence: u64,
    pub(super) group: Option<GroupId>,
    pub(super) first_received: Moment,
    pub(super) received: Moment,
    /// Of the states that have one.
    until: Moment,
    pub(super) bytes: u32,
    pub(super) queue: QueueId,
    /// Where it was taken from as dead, or `NONE`.
    source: u32,
    /// Its neighbours in its group, in FIFO queues, or `NONE`.
    pub(super) before: u32,
    pub(super) after: u32,
    pub(super) receives: u32,
    pub(super) receives_here: u32,
    phase: Phase,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Delayed,
    Visible,
    InFlight,
}

impl Message {
    pub(super) fn of(stored: &StoredMessage) -> Self {
        let mut message = Self {
            serial: stored.message.serial,
            sent: stored.sent,
            sequence: stored.sequence.0,
            group: stored.group,
            first_received: stored.first_received,
            received: stored.received,
            until: Moment::ZERO,
            bytes: stored.bytes,
            queue: stored.queue,
            source: NONE,
            before: NONE,
            after: NONE,
            receives: stored.receives,
            receives_here: stored.receives_here,
            phase: Phase::Visible,
        };
        message.set_state(stored.state);
        message.set_source(stored.source);
        message
    }

    pub(super) const fn stored(&self, index: u32) -> StoredMessage {
        StoredMessage {
            message: MessageId { serial: self.serial, index },
            queue: self.queue,
            sequence: SequenceNumber(self.sequence),
            bytes: self.bytes,
            group: self.group,
            sent: self.sent,
            state: self.state(),
            receives: self.receives,
            receives_here: self.receives_here,
            first_received: self.first_received,
            received: self.received,
            source: self.source(),
        }
    }

    pub(super) const fn state(&self) -> State {
        match self.phase {
            Phase::Delayed => State::Delayed { until: self.until },
            Phase::Visible => State::Visible,
            Phase::InFlight => State::InFlight { until: self.until },
        }
    }

    pub(super) fn set_state(&mut self, state: State) {
        self.phase = match state {
            State::Delayed { .. } => Phase::Delayed,
            State::Visible => Phase::Visible,
            State::InFlight { .. } => Phase::InFlight,
        };
        self.until = state.until().unwrap_or(Moment::ZERO);
    }

    pub(super) const fn is_visible(&self) -> bool {
        matches!(self.phase, Phase::Visible)
    }

    pub(super) const fn is_in_flight(&self) -> bool {
        matches!(self.phase, Phase::InFlight)
    }

    pub(super) const fn source(&self) -> Option<QueueId> {
        if self.source == NONE { None } else { Some(QueueId(self.source)) }
    }

    pub(super) fn set_source(&mut self, source: Option<QueueId>) {
        self.source = source.map_or(NONE, |queue| queue.0);
    }

    pub(super) const fn handle(&self, index: u32) -> Handle {
        Handle {
            queue: self.queue,
            index,
            sequence: SequenceNumber(self.sequence),
            receive: self.receives_here,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Table {
    blocks: Vec<Vec<Option<Message>>>,
}

impl Table {
    pub(super) fn find(&self, index: u32) -> Option<&Message> {
        let index = index as usize;
        self.blocks.get(index / BLOCK)?.get(index % BLOCK)?.as_ref()
    }

    /// The message at the index of one that is kept.
    pub(super) fn at(&self, index: u32) -> &Message {
        self.find(index).expect("only a kept message's index is kept")
    }

    pub(super) fn at_mut(&mut self, index: u32) -> &mut Message {
        self.slot(index).and_then(Option::as_mut).expect("only a kept message's index is kept")
    }

    /// Whether a message may come there.
    pub(super) fn is_free(&self, index: u32) -> bool {
        index != NONE && self.find(index).is_none()
    }

    pub(super) fn put(&mut self, index: u32, message: Message) {
        let number = index as usize / BLOCK;
        if self.blocks.len() <= number {
            self.blocks.resize_with(number + 1, Vec::new);
        }
        let block = &mut self.blocks[number];
        if block.is_empty() {
            block.resize_with(BLOCK, || None);
        }
        block[index as usize % BLOCK] = Some(message);
    }

    pub(super) fn take(&mut self, index: u32) -> Option<Message> {
        self.slot(index)?.take()
    }

    fn slot(&mut self, index: u32) -> Option<&mut Option<Message>> {
        let index = index as usize;
        self.blocks.get_mut(index / BLOCK)?.get_mut(index % BLOCK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_88_bytes() {
        assert_eq!(size_of::<Option<Message>>(), 88);
    }
}
