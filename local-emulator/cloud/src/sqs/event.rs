//! Everything that the world can tell the queues.

use core::time::Duration;

use lunch_contract::sqs::{
    AttemptId, CallId, DedupId, GroupId, Handle, MessageId, NameId, QueueId, TaskId,
};
use serde::{Deserialize, Serialize};

use super::settings::QueueConfig;

/// Something that a caller wants, its parameters checked by what `contract` says. A batch is one event an entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A queue exists from now on.
    CreateQueue {
        /// Its id, never used before, and not the greatest number, which stands for none.
        queue: QueueId,
        /// Its name.
        name: NameId,
        /// What the machine has to know of it.
        config: QueueConfig,
    },
    /// A queue's attributes are others from now on.
    SetAttributes {
        /// Which queue.
        queue: QueueId,
        /// All of them.
        config: QueueConfig,
    },
    /// A queue and its messages are gone.
    DeleteQueue {
        /// Which queue.
        queue: QueueId,
    },
    /// A message is sent. Answered by `Sent`.
    Send {
        /// To which queue.
        queue: QueueId,
        /// What the machine has to know of it.
        message: NewMessage,
    },
    /// Messages are wanted. Answered by `Received`, or by `Refused` if the queue goes before there are any.
    Receive {
        /// The driver's id for it.
        call: CallId,
        /// From which queue.
        queue: QueueId,
        /// How many at most, from 1 to 10.
        max: u8,
        /// How long to wait for the first; `None` for the queue's own.
        wait: Option<Duration>,
        /// How long they are invisible; `None` for the queue's own.
        visibility: Option<Duration>,
        /// What makes a repeated receive get the same messages, in FIFO queues.
        attempt: Option<AttemptId>,
    },
    /// Messages are wanted as soon as there are any, however long that takes: what a mapping's poller that would ask
    /// again and again comes to, without a deadline each time. Answered by `Received`, never with nothing, or by
    /// `Refused`.
    Await {
        /// The driver's id for it.
        call: CallId,
        /// From which queue.
        queue: QueueId,
        /// How many at most, from 1 to 10.
        max: u8,
    },
    /// The caller of a receive hung up: nothing is delivered to it any more.
    CallerLeft {
        /// Which call. One that was answered may be named.
        call: CallId,
    },
    /// A message has been worked off.
    Delete {
        /// In which queue.
        queue: QueueId,
        /// By which receive.
        handle: Handle,
    },
    /// A message is to be invisible for another time, from now on.
    ChangeVisibility {
        /// In which queue.
        queue: QueueId,
        /// By which receive.
        handle: Handle,
        /// For how long; zero makes it visible at once.
        timeout: Duration,
    },
    /// All messages of a queue are to go, those in flight too.
    Purge {
        /// Which queue.
        queue: QueueId,
    },
    /// The messages of a dead-letter queue are to be moved.
    StartMove {
        /// The driver's id for it, higher than any before.
        task: TaskId,
        /// From which queue.
        source: QueueId,
        /// To which; `None` takes each where it came from.
        destination: Option<QueueId>,
        /// How many a second, from 1 to 500. `None` for 500: what AWS takes for itself is not known.
        per_second: Option<u32>,
    },
    /// A move is to stop. What was moved stays where it is.
    CancelMove {
        /// Which one.
        task: TaskId,
    },
}

/// What the machine has to know of a message that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMessage {
    /// The driver's id for it, in use until `Forget`; not at all if it is refused.
    pub message: MessageId,
    /// Its own bytes: body and attributes.
    pub bytes: u32,
    /// How long it is delayed; `None` for the queue's own. A FIFO queue takes none.
    pub delay: Option<Duration>,
    /// Its group: an order in FIFO queues, where it is required; a tenant in standard ones.
    pub group: Option<GroupId>,
    /// What it is deduplicated by, given or made of the body. Required in FIFO queues, without effect in standard ones.
    pub dedup: Option<DedupId>,
}
