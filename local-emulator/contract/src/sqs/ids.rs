//! Ids of queues, messages and calls: dense or hashed, short when printed. Texts are the driver's.

use core::fmt;
use core::num::NonZeroU64;

use serde::{Deserialize, Serialize};

/// A queue from its creation to its deletion: one of the same name is another queue. Never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct QueueId(pub u32);

/// A message and the bytes that the driver keeps for it.
///
/// `index` is dense and is used again after `Forget`; `serial` counts the messages before it, those before a restart
/// included, and never comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageId {
    /// The count of messages before this one.
    pub serial: u64,
    /// Where the message stands in a table of the kept ones.
    pub index: u32,
}

/// A `ReceiveMessage` that waits for its answer. Each has another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(pub u64);

/// A move of messages out of a dead-letter queue; its handle's text is the driver's. Each has another, rising.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(pub u32);

/// A `MessageGroupId`, hashed by the driver: the order of a FIFO queue, the tenant of a fair one.
///
/// Two groups of one hash are one group: they wait for each other and lose nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GroupId(pub NonZeroU64);

/// A deduplication id, given or made of the body: the first half of its SHA-256, so that two never meet by chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DedupId(pub u128);

/// A `ReceiveRequestAttemptId`, hashed as a [`DedupId`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttemptId(pub u128);

/// A queue's name, which outlives the queue by 60 s; numbered or hashed by the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NameId(pub u64);

impl GroupId {
    /// A group by any number; 0 and 1 are one.
    #[must_use]
    pub const fn of(hash: u64) -> Self {
        match NonZeroU64::new(hash) {
            Some(hash) => Self(hash),
            None => Self(NonZeroU64::MIN),
        }
    }
}

impl fmt::Display for QueueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "q-{}", self.0)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m-{:04}", self.serial)
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c-{}", self.0)
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t-{}", self.0)
    }
}
