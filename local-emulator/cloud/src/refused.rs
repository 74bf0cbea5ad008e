//! What the machine will not take, by whose event it was.

use lunch_contract::Refusal;
use serde::{Deserialize, Serialize};

use crate::{ecs, event_source, sqs};

/// What the machine will not take, by whose event it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// An event of the functions and their instances.
    Event(Refusal),
    /// An event of the queues.
    Queue(sqs::Refusal),
    /// An event of the event source mappings.
    Source(event_source::Refusal),
    /// An event of services and their tasks.
    Ecs(ecs::Refusal),
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Event(refusal)
    }
}

impl From<sqs::Refusal> for Refused {
    fn from(refusal: sqs::Refusal) -> Self {
        Self::Queue(refusal)
    }
}

impl From<event_source::Refusal> for Refused {
    fn from(refusal: event_source::Refusal) -> Self {
        Self::Source(refusal)
    }
}

impl From<ecs::Refusal> for Refused {
    fn from(refusal: ecs::Refusal) -> Self {
        Self::Ecs(refusal)
    }
}
