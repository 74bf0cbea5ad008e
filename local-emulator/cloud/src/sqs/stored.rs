//! What has to survive: the changes that a driver keeps, and hands back.

use lunch_contract::Moment;
use lunch_contract::sqs::{GroupId, MessageId, NameId, QueueId, SequenceNumber, TaskId};
use serde::{Deserialize, Serialize};

use super::settings::QueueConfig;

/// One change to what has to survive. A put replaces what was put for the same id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A queue is as this says.
    QueuePut(StoredQueue),
    /// A queue is gone. Each of its messages has its own `MessageRemoved`.
    QueueRemoved {
        /// Which one.
        queue: QueueId,
    },
    /// A message is as this says.
    MessagePut(StoredMessage),
    /// A message is gone.
    MessageRemoved {
        /// Which one.
        message: MessageId,
    },
    /// A deduplication id is taken.
    DedupPut(StoredDedup),
    /// A deduplication id is free again.
    DedupExpired {
        /// Which one.
        key: DedupKey,
    },
    /// A move is as this says.
    TaskPut(StoredTask),
    /// A move that ended is no longer listed.
    TaskRemoved {
        /// Which one.
        task: TaskId,
    },
}

/// A queue, stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredQueue {
    /// Which one.
    pub queue: QueueId,
    /// Its name.
    pub name: NameId,
    /// How it is set.
    pub config: QueueConfig,
    /// When it was purged last.
    pub purged: Option<Moment>,
}

/// A message, stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredMessage {
    /// Which one.
    pub message: MessageId,
    /// Where it is.
    pub queue: QueueId,
    /// Its place there.
    pub sequence: SequenceNumber,
    /// Its own bytes.
    pub bytes: u32,
    /// Its group.
    pub group: Option<GroupId>,
    /// What its retention counts from.
    pub sent: Moment,
    /// Whether it can be had.
    pub state: State,
    /// Receives that are shown.
    pub receives: u32,
    /// Receives from the queue where it is.
    pub receives_here: u32,
    /// When it was first received, if it was.
    pub first_received: Moment,
    /// When it was last received, if it was.
    pub received: Moment,
    /// The queue that it was taken from as dead.
    pub source: Option<QueueId>,
}

/// Whether a message can be had.
///
/// ```text
/// Delayed ──▶ Visible ◀──▶ InFlight
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Sent, and not to be had before that moment.
    Delayed {
        /// Which moment.
        until: Moment,
    },
    /// To be had; in a FIFO queue, as soon as its group lets it.
    Visible,
    /// Received, and not to be had again before that moment.
    InFlight {
        /// Which moment.
        until: Moment,
    },
}

impl State {
    /// When time alone ends it.
    #[must_use]
    pub const fn until(self) -> Option<Moment> {
        match self {
            Self::Delayed { until } | Self::InFlight { until } => Some(until),
            Self::Visible => None,
        }
    }
}

/// A deduplication id within its queue or group, in one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DedupKey(pub u128);

/// A deduplication id that is taken, stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredDedup {
    /// Which one.
    pub key: DedupKey,
    /// The message that took it. It may be gone.
    pub message: MessageId,
    /// That message's number.
    pub sequence: SequenceNumber,
    /// When it is free again.
    pub until: Moment,
}

/// A move of messages, stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredTask {
    /// Which one.
    pub task: TaskId,
    /// From where.
    pub source: QueueId,
    /// To where; `None` takes each where it came from.
    pub destination: Option<QueueId>,
    /// How many a second, if that was said.
    pub per_second: Option<u32>,
    /// How it stands.
    pub status: MoveStatus,
    /// How many were moved.
    pub moved: u64,
    /// How many there were to move at its start.
    pub to_move: u64,
    /// When it started.
    pub started: Moment,
    /// When the next message is moved.
    pub next: Moment,
}

/// How a move stands, in AWS's words. Ours stops at once, so that `CANCELLING` is never seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MoveStatus {
    /// It goes on.
    Running,
    /// There was nothing left to move.
    Completed,
    /// Somebody stopped it.
    Cancelled,
    /// A queue to move to does not exist: `AWS.SimpleQueueService.NonExistentQueue`.
    Failed,
}
