//! Everything that the queues can ask of the world.

use alloc::vec::Vec;

use lunch_contract::Moment;
use lunch_contract::sqs::{CallId, Handle, MessageId, QueueId, SequenceNumber};
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use super::stored::Change;

/// Something to be done, in this order. What is to survive comes as `Store` before the answer that promises it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[must_use = "a command that is not executed is a lost message"]
pub enum Command {
    /// Keep this. No later answer is given before it is safe, nor is the event's own `Ok`.
    Store(Change),
    /// Answer a `Send`.
    Sent {
        /// Which message was sent.
        message: MessageId,
        /// The number to answer with, in FIFO queues.
        sequence: SequenceNumber,
        /// The message to answer for: the first of those with this deduplication id. It may be long gone; then
        /// the driver has its AWS id from where it keeps the entry of `Change::DedupPut`.
        duplicate_of: Option<MessageId>,
    },
    /// Answer a `Receive`.
    Received {
        /// Which call.
        call: CallId,
        /// With what; with nothing where the wait is over.
        messages: Vec<Delivery>,
    },
    /// Answer a `Receive` that waited, with an error.
    Refused {
        /// Which call.
        call: CallId,
        /// Why.
        refusal: Refusal,
    },
    /// A message is in another queue from now on.
    Moved {
        /// Which message.
        message: MessageId,
        /// From where.
        from: QueueId,
        /// To where.
        to: QueueId,
        /// Whether it counts as newly sent and gets another AWS id, as a move task's do.
        /// D:sqs-configure-dead-letter-queue-redrive.
        renewed: bool,
    },
    /// The message's id and all bytes kept for it are free: no later command names it but as `duplicate_of`.
    Forget {
        /// Which message.
        message: MessageId,
    },
}

/// A message as a receive gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Which message.
    pub message: MessageId,
    /// What names this receive.
    pub handle: Handle,
    /// `ApproximateReceiveCount`: with this receive, and with those from a queue that it was taken from as dead.
    pub receive_count: u32,
    /// `SentTimestamp`.
    pub sent: Moment,
    /// `ApproximateFirstReceiveTimestamp`.
    pub first_received: Moment,
    /// `SequenceNumber`, of FIFO queues.
    pub sequence: SequenceNumber,
    /// `DeadLetterQueueSourceArn`, where it came here as dead.
    pub source: Option<QueueId>,
}
