//! What happened to messages and why, for people and for tests.

use alloc::vec::Vec;
use core::fmt;

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

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent { message, queue } => write!(f, "{message} is sent to {queue}"),
            Self::Duplicate { message, of } => {
                write!(f, "{message} is a duplicate of {of} and dropped")
            }
            Self::Received { message, count: 1 } => write!(f, "{message} is received"),
            Self::Received { message, count } => {
                write!(f, "{message} is received again, {count} times in all")
            }
            Self::Visible { message } => write!(f, "{message} is visible"),
            Self::Moved { message, from, to } => write!(f, "{message} goes from {from} to {to}"),
            Self::Gone { message, end: End::Deleted } => write!(f, "{message} is deleted"),
            Self::Gone { message, end: End::Expired } => {
                write!(f, "{message} was kept long enough and is dropped")
            }
            Self::Gone { message, end: End::Purged } => write!(f, "{message} is purged"),
            Self::Gone { message, end: End::QueueDeleted } => {
                write!(f, "{message} goes with its queue")
            }
            Self::DeletedInVain { message } => {
                write!(f, "{message} is deleted, and comes once more all the same")
            }
        }
    }
}
