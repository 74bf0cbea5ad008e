//! Everything that the world can tell the mappings.

use alloc::vec::Vec;
use core::time::Duration;

use lunch_contract::Outcome;
use lunch_contract::sqs::MessageId;
use serde::{Deserialize, Serialize};

use super::config::{MappingConfig, MappingId, PollerId};
use crate::sqs::Delivery;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A mapping is there from now on.
    Create {
        /// Its id, never used before.
        mapping: MappingId,
        /// What the machine has to know of it.
        config: MappingConfig,
    },
    /// A mapping is another one from now on; batches in hand are worked off as they are.
    Update {
        /// Which one.
        mapping: MappingId,
        /// All of it.
        config: MappingConfig,
    },
    /// A mapping takes no more messages, and goes when those in hand are worked off.
    Delete {
        /// Which one.
        mapping: MappingId,
    },
    /// A poller's receive was answered; with nothing where the wait is over.
    Received {
        /// Whose.
        poller: PollerId,
        /// With what.
        messages: Vec<Delivery>,
        /// How long the queue hides them from now on. A throttled batch is tried for that long.
        visibility: Duration,
    },
    /// A poller's receive was refused: the queue is gone, or will not give any.
    QueueGone {
        /// Whose.
        poller: PollerId,
    },
    /// What a driver knows of messages by their bytes: the answer to `Examine`.
    Examined {
        /// Whose.
        poller: PollerId,
        /// In the order in which they were asked for.
        facts: Vec<Fact>,
    },
    /// The function has a batch no longer.
    Answered {
        /// Whose.
        poller: PollerId,
        /// What it made of it.
        verdict: Verdict,
    },
}

/// What a message is by its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// How long its record in the event is, bytes.
    pub rendered_bytes: u32,
    /// Whether the mapping's filters let it pass.
    pub passes: bool,
}

/// What a function made of a batch. F 7.3, 7.4.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All is worked off.
    Succeeded,
    /// Nothing is.
    Failed,
    /// All but these.
    Partial(Vec<MessageId>),
    /// It was not even taken.
    Throttled,
}

impl Verdict {
    /// By what became of the call; what its answer says counts only where there is one.
    pub fn of(outcome: &Outcome, answered: impl FnOnce() -> Self) -> Self {
        match outcome {
            Outcome::Returned => answered(),
            Outcome::Throttled { .. } => Self::Throttled,
            Outcome::FunctionError
            | Outcome::InitError
            | Outcome::TimedOut { .. }
            | Outcome::Exited { .. }
            | Outcome::SpawnFailed { .. }
            | Outcome::ResponseTooLarge
            | Outcome::ResponseTruncated
            | Outcome::ShutDown => Self::Failed,
        }
    }
}

/// What the mappings will not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The id is in use.
    MappingInUse,
    /// No such mapping.
    UnknownMapping,
    /// No such poller, or it has nothing of the kind in hand.
    Gone,
}
