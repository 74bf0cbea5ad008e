//! What happened to messages and why, for people and for tests.

use alloc::vec::Vec;

use lunch_contract::Moment;
use lunch_contract::sqs::{MessageId, QueueId};
use serde::{Deserialize, Serialize};

/// Takes the records. `()` takes none and costs nothing.
pub trait Trace {
    /// One thing that happened at that moment.
    fn record(&mut self, at: Moment, record: Record);
}

impl Trace for () {
    #[inline]
    fn record(&mut self, _at: Moment, _record: Record) {}
}

impl Trace for Vec<(Moment, Record)> {
    fn record(&mut self, at: Moment, record: Record) {
        self.push((at, record));
    }
}

/// One thing that happened to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// It was sent.
    Sent {
        /// Which message.
        message: MessageId,
        /// To which queue.
        queue: QueueId,
    },
    /// It was sent, and another with its deduplication id before it.
    Duplicate {
        /// Which message.
        message: MessageId,
        /// The one before.
        of: MessageId,
    },
    /// It was delivered.
    Received {
        /// Which message.
        message: MessageId,
        /// The count of its receives, with this one.
        count: u32,
    },
    /// Its delay is over, or its visibility timeout.
    Visible {
        /// Which message.
        message: MessageId,
    },
    /// It is in another queue.
    Moved {
        /// Which message.
        message: MessageId,
        /// From where.
        from: QueueId,
        /// To where.
        to: QueueId,
    },
    /// It is gone.
    Gone {
        /// Which message.
        message: MessageId,
        /// Why.
        end: End,
    },
    /// It was deleted, and mischief lets it come once more.
    DeletedInVain {
        /// Which message.
        message: MessageId,
    },
}

/// Why a message is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Its consumer deleted it.
    Deleted,
    /// It was kept for as long as its queue keeps messages.
    Expired,
    /// Its queue was purged.
    Purged,
    /// Its queue was deleted.
    QueueDeleted,
}
