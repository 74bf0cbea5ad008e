//! What a driver may choose of the queues, and what it has to say of each.

use core::time::Duration;

use lunch_contract::sqs::{Attributes, DeduplicationScope, Limits, QueueId};
use serde::{Deserialize, Serialize};

use crate::settings::Pace;

/// How all queues behave, fixed for the machine's life.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Where the draws of `mischief` begin.
    pub seed: u64,
    /// What AWS refuses.
    pub limits: Limits,
    /// Whether AWS's own pauses are kept: those after DeleteQueue and PurgeQueue.
    pub pace: Pace,
    /// What at-least-once delivery may do, and AWS seldom does.
    pub mischief: Mischief,
}

/// What standard queues may do to a message, drawn from the seed, the message and its receives: nothing else, so that a
/// restart changes no draw. FIFO queues do nothing of this.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mischief {
    /// How probable it is that a received message is there for others at once, and that a deleted one comes once more.
    pub duplicate: f64,
    /// How many places a message may fall back behind later ones.
    pub reorder: u32,
    /// How much later than it should a sent message may come.
    pub late: Duration,
}

/// What the machine has to know of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueConfig {
    /// Its type, which is never changed.
    pub kind: Kind,
    /// How long its messages are delayed, where they have no delay of their own. Another delay counts for messages that
    /// are sent from then on; that AWS applies it to what stands in a FIFO queue already is not emulated (unsure).
    pub delay: Duration,
    /// How long a received message is invisible, where the receive does not say.
    pub visibility: Duration,
    /// How long a receive waits, where it does not say.
    pub wait: Duration,
    /// How long a message is kept.
    pub retention: Duration,
    /// Where messages go that are received too often.
    pub redrive: Option<Redrive>,
}

/// A queue's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// At least once, in any order.
    Standard,
    /// Once, in order within a group.
    Fifo {
        /// Within what a deduplication id is one of a kind.
        scope: DeduplicationScope,
    },
}

/// A redrive policy, its target found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redrive {
    /// The dead-letter queue.
    pub target: QueueId,
    /// How often a message is received from this queue before it goes there; 0 counts as 1.
    pub max_receives: u32,
}

impl Kind {
    /// Whether two queues may exchange messages.
    pub(super) const fn is_like(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Standard, Self::Standard) | (Self::Fifo { .. }, Self::Fifo { .. })
        )
    }
}

impl From<&Attributes> for QueueConfig {
    /// Without a redrive policy, whose target is the driver's to find.
    fn from(attributes: &Attributes) -> Self {
        let scope = attributes.deduplication_scope;
        Self {
            kind: if attributes.fifo { Kind::Fifo { scope } } else { Kind::Standard },
            delay: attributes.delay,
            visibility: attributes.visibility,
            wait: attributes.wait,
            retention: attributes.retention,
            redrive: None,
        }
    }
}
