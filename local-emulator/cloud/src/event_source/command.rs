//! Everything that the mappings can ask of the world.

use alloc::vec::Vec;

use lunch_contract::FunctionId;
use lunch_contract::sqs::MessageId;
use serde::{Deserialize, Serialize};

use super::config::{MappingId, PollerId};
use crate::sqs::{self, Delivery};

/// Something to be done, in this order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[must_use = "a command that is not executed is a lost batch"]
pub enum Command {
    /// Tell the queues. A message that is gone by then is nobody's fault.
    Queue(sqs::Event),
    /// Say what these messages are by their bytes. Answered by `Examined`.
    Examine {
        /// For whom.
        poller: PollerId,
        /// Of which mapping, whose filters count.
        mapping: MappingId,
        /// Which messages.
        messages: Vec<MessageId>,
    },
    /// Call the function with these messages, and wait for its answer. Answered by `Answered`.
    Invoke {
        /// For whom.
        poller: PollerId,
        /// Of which mapping.
        mapping: MappingId,
        /// Which function.
        function: FunctionId,
        /// With what.
        messages: Vec<Delivery>,
    },
    /// The mapping is gone.
    Gone {
        /// Which one.
        mapping: MappingId,
    },
}
