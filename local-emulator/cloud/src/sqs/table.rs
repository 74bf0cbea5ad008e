//! The messages, by index. They stand in blocks, so that a growing table moves none and keeps little to spare; a block
//! in which none ever stood takes no room.

use alloc::boxed::Box;
use alloc::vec::Vec;
use lunch_contract::Moment;
use lunch_contract::sqs::{GroupId, Handle, MessageId, QueueId, SequenceNumber};

use super::stored::{State, StoredMessage};

/// No message, no queue: no index and no id of one that is there.
pub(super) const NONE: u32 = u32::MAX;

const BLOCK: usize = 1_024;

/// A message: 56 bytes. Most of a crowd wait to be received for the first time, and have no past; others have it in 40
/// bytes more.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) serial: u64,
    pub(super) sent: Moment,
    pub(super) sequence: u64,
    pub(super) group: Option<GroupId>,
    /// `None`: it is [`FRESH`].
    past: Option<Box<Past>>,
    pub(super) bytes: u32,
    /// `NONE` where no message stands.
    queue: u32,
    /// Its neighbours in its group, in FIFO queues, or `NONE`.
    pub(super) before: u32,
    pub(super) after: u32,
}

/// What happened to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Past {
    first_received: Moment,
    received: Moment,
    /// Of the states that have one.
    until: Moment,
    /// Where it was taken from as dead, or `NONE`.
    source: u32,
    receives: u32,
    receives_here: u32,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Delayed,
    Visible,
    InFlight,
}

/// Nothing happened yet: it was sent without a delay.
static FRESH: Past = Past {
    first_received: Moment::ZERO,
    received: Moment::ZERO,
    until: Moment::ZERO,
    source: NONE,
    receives: 0,
    receives_here: 0,
    phase: Phase::Visible,
};

impl Message {
    /// No message.
    const fn vacant() -> Self {
        Self {
            serial: 0,
            sent: Moment::ZERO,
            sequence: 0,
            group: None,
            past: None,
            bytes: 0,
            queue: NONE,
            before: NONE,
            after: NONE,
        }
    }

    pub(super) fn of(stored: &StoredMessage) -> Self {
        let mut message = Self {
            serial: stored.message.serial,
            sent: stored.sent,
            sequence: stored.sequence.0,
            group: stored.group,
            past: None,
            bytes: stored.bytes,
            queue: stored.queue.0,
            before: NONE,
            after: NONE,
        };
        message.change(|past| {
            past.first_received = stored.first_received;
            past.received = stored.received;
            past.source = stored.source.map_or(NONE, |queue| queue.0);
            past.receives = stored.receives;
            past.receives_here = stored.receives_here;
        });
        message.set_state(stored.state);
        message
    }

    pub(super) fn stored(&self, index: u32) -> StoredMessage {
        let past = self.past();
        StoredMessage {
            message: MessageId { serial: self.serial, index },
            queue: self.queue(),
            sequence: SequenceNumber(self.sequence),
            bytes: self.bytes,
            group: self.group,
            sent: self.sent,
            state: self.state(),
            receives: past.receives,
            receives_here: past.receives_here,
            first_received: past.first_received,
            received: past.received,
            source: self.source(),
        }
    }

    pub(super) const fn queue(&self) -> QueueId {
        QueueId(self.queue)
    }

    pub(super) fn state(&self) -> State {
        let past = self.past();
        match past.phase {
            Phase::Delayed => State::Delayed { until: past.until },
            Phase::Visible => State::Visible,
            Phase::InFlight => State::InFlight { until: past.until },
        }
    }

    pub(super) fn set_state(&mut self, state: State) {
        self.change(|past| {
            past.phase = match state {
                State::Delayed { .. } => Phase::Delayed,
                State::Visible => Phase::Visible,
                State::InFlight { .. } => Phase::InFlight,
            };
            past.until = state.until().unwrap_or(Moment::ZERO);
        });
    }

    pub(super) fn is_visible(&self) -> bool {
        matches!(self.past().phase, Phase::Visible)
    }

    pub(super) fn is_in_flight(&self) -> bool {
        matches!(self.past().phase, Phase::InFlight)
    }

    /// Where it was taken from as dead.
    pub(super) fn source(&self) -> Option<QueueId> {
        let source = self.past().source;
        if source == NONE { None } else { Some(QueueId(source)) }
    }

    /// Receives that are shown.
    pub(super) fn receives(&self) -> u32 {
        self.past().receives
    }

    /// Receives from the queue where it is.
    pub(super) fn receives_here(&self) -> u32 {
        self.past().receives_here
    }

    pub(super) fn first_received(&self) -> Moment {
        self.past().first_received
    }

    pub(super) fn received(&self) -> Moment {
        self.past().received
    }

    pub(super) fn handle(&self, index: u32) -> Handle {
        Handle {
            queue: self.queue(),
            index,
            sequence: SequenceNumber(self.sequence),
            receive: self.receives_here(),
        }
    }

    /// It is received once more.
    pub(super) fn count_receive(&mut self, now: Moment) {
        self.change(|past| {
            if past.receives == 0 {
                past.first_received = now;
            }
            past.receives += 1;
            past.receives_here += 1;
            past.received = now;
        });
    }

    /// It is another queue's from now on, and visible there.
    pub(super) fn carry(&mut self, to: QueueId, sequence: u64) {
        (self.queue, self.sequence) = (to.0, sequence);
        self.change(|past| past.receives_here = 0);
        self.set_state(State::Visible);
    }

    /// It was taken from its queue as dead.
    pub(super) fn bury(&mut self) {
        let source = self.queue;
        self.change(|past| past.source = source);
    }

    /// It counts as sent now.
    pub(super) fn renew(&mut self, now: Moment) {
        self.sent = now;
        self.change(|past| {
            past.source = NONE;
            past.receives = 0;
            past.first_received = Moment::ZERO;
        });
    }

    fn past(&self) -> &Past {
        self.past.as_deref().unwrap_or(&FRESH)
    }

    /// Changes what happened to it. A message that is fresh again, as after its delay, takes no room for it.
    fn change(&mut self, change: impl FnOnce(&mut Past)) {
        let mut past = *self.past();
        change(&mut past);
        if past == FRESH {
            self.past = None;
        } else if let Some(kept) = &mut self.past {
            **kept = past;
        } else {
            self.past = Some(Box::new(past));
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Table {
    blocks: Vec<Vec<Message>>,
}

impl Table {
    pub(super) fn find(&self, index: u32) -> Option<&Message> {
        let index = index as usize;
        let message = self.blocks.get(index / BLOCK)?.get(index % BLOCK)?;
        (message.queue != NONE).then_some(message)
    }

    /// The message at the index of one that is kept.
    pub(super) fn at(&self, index: u32) -> &Message {
        self.find(index).expect("only a kept message's index is kept")
    }

    pub(super) fn at_mut(&mut self, index: u32) -> &mut Message {
        let message = self.slot(index).filter(|message| message.queue != NONE);
        message.expect("only a kept message's index is kept")
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
            block.reserve_exact(BLOCK);
            block.resize_with(BLOCK, Message::vacant);
        }
        block[index as usize % BLOCK] = message;
    }

    pub(super) fn remove(&mut self, index: u32) {
        if let Some(slot) = self.slot(index) {
            *slot = Message::vacant();
        }
    }

    fn slot(&mut self, index: u32) -> Option<&mut Message> {
        let index = index as usize;
        self.blocks.get_mut(index / BLOCK)?.get_mut(index % BLOCK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_56_bytes_and_its_past_40() {
        assert_eq!(size_of::<Message>(), 56);
        assert_eq!(size_of::<Past>(), 40);
    }

    #[test]
    fn a_message_has_a_past_from_its_first_receive_on_and_none_from_a_delay() {
        let mut message = Message::vacant();
        message.set_state(State::Delayed { until: Moment::from_millis(1) });
        assert!(message.past.is_some());
        message.set_state(State::Visible);
        assert!(message.past.is_none());
        message.count_receive(Moment::from_millis(2));
        message.set_state(State::InFlight { until: Moment::from_millis(3) });
        message.set_state(State::Visible);
        assert_eq!((message.receives(), message.receives_here()), (1, 1));
        assert_eq!(message.first_received(), Moment::from_millis(2));
    }
}
