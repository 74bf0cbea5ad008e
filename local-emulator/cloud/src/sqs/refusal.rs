//! What the queues will not do.

use serde::{Deserialize, Serialize};

/// An event that the machine will not take; nothing changed by it. Its texts are `contract`'s `ApiError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// No such queue: `QueueDoesNotExist`.
    QueueDoesNotExist,
    /// The id is in use, or stands for none.
    QueueInUse,
    /// The name's last queue was deleted less than 60 s ago: `QueueDeletedRecently`.
    QueueDeletedRecently,
    /// A purge began less than 60 s ago: `PurgeQueueInProgress`.
    PurgeQueueInProgress,
    /// A queue keeps its type: `InvalidAttributeValue`.
    TypeIsFixed,
    /// The dead-letter queue or the destination does not exist, or is of the other type.
    UnsuitableTarget,
    /// The message's index is in use.
    MessageInUse,
    /// A FIFO queue's message without a group.
    MissingGroup,
    /// A FIFO queue's message without a deduplication id.
    MissingDeduplication,
    /// A FIFO queue's message with a delay of its own.
    DelayOnFifo,
    /// A number is out of the range that `contract` gives it.
    OutOfRange,
    /// The call's id is in use.
    CallInUse,
    /// A short poll of a standard queue with as many messages in flight as may be: `OverLimit`.
    OverLimit,
    /// The handle is of another queue: `ReceiptHandleIsInvalid`.
    ReceiptHandleIsInvalid,
    /// A FIFO queue's handle whose time is over: `ApiError::handle_expired`.
    ReceiptHandleExpired,
    /// An older handle of a standard queue's visible message: `MessageNotInflight`.
    MessageNotInflight,
    /// A standard queue's handle whose message is gone or in flight by a later receive:
    /// `ApiError::not_available_for_visibility_change`.
    NotAvailableForVisibilityChange,
    /// It would be invisible for more than 12 h since its receive: `ApiError::visibility_beyond_limit`.
    VisibilityBeyondLimit,
    /// The move's id is not higher than those before.
    TaskInUse,
    /// The source is nobody's dead-letter queue: `ApiError::not_a_dead_letter_queue`.
    NotADeadLetterQueue,
    /// A move out of that queue is running.
    MoveRunning,
    /// No such move is running: `ResourceNotFound`.
    NoSuchMove,
}
