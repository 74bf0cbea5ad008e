//! Why the queues want to be woken.

use core::fmt;

use lunch_contract::sqs::{CallId, MessageId, QueueId, TaskId};
use serde::{Deserialize, Serialize};

use super::Sqs;
use super::stored::State;
use super::trace::Trace;

/// A deadline, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wake {
    /// When a queue's oldest message has been kept long enough.
    Retention(QueueId),
    /// When a message's delay is over.
    Delay(MessageId),
    /// When a message's visibility timeout is over.
    Visibility(MessageId),
    /// When a receive has waited long enough.
    Wait(CallId),
    /// When a move takes its next message.
    Move(TaskId),
    /// When a deduplication id is free again.
    Deduplication,
    /// When a receive attempt id is forgotten.
    Attempt,
    /// When a deleted queue's name is free again.
    Name,
}

impl Wake {
    /// What it is, without whose.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Retention(_) => "retention",
            Self::Delay(_) => "delay",
            Self::Visibility(_) => "visibility timeout",
            Self::Wait(_) => "wait",
            Self::Move(_) => "move",
            Self::Deduplication => "deduplication window",
            Self::Attempt => "receive attempt window",
            Self::Name => "name of a deleted queue",
        }
    }
}

impl fmt::Display for Wake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.word();
        match self {
            Self::Retention(id) => write!(f, "{word} in {id}"),
            Self::Delay(id) | Self::Visibility(id) => write!(f, "{word} of {id}"),
            Self::Wait(id) => write!(f, "{word} of {id}"),
            Self::Move(id) => write!(f, "{word} of {id}"),
            Self::Deduplication | Self::Attempt | Self::Name => f.write_str(word),
        }
    }
}

/// Whose deadline it is. At one moment what ends a message comes before what makes it visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    Queue(QueueId),
    Message(u32),
    Task(TaskId),
    Dedup,
    Attempt,
    Name,
}

impl<T: Trace> Sqs<T> {
    /// A deadline by its public name.
    pub(super) fn wake(&self, owner: Owner) -> Wake {
        match owner {
            Owner::Queue(queue) => Wake::Retention(queue),
            Owner::Message(index) => match self.messages.at(index).state() {
                State::Delayed { .. } => Wake::Delay(self.id_of(index)),
                State::InFlight { .. } | State::Visible => Wake::Visibility(self.id_of(index)),
            },
            Owner::Task(task) => Wake::Move(task),
            Owner::Dedup => Wake::Deduplication,
            Owner::Attempt => Wake::Attempt,
            Owner::Name => Wake::Name,
        }
    }
}

#[cfg(test)]
mod tests {
    use lunch_contract::Moment;

    use super::*;

    #[test]
    fn a_deadline_is_16_bytes() {
        assert_eq!(size_of::<(Moment, Owner)>(), 16);
    }
}
