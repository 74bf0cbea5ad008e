//! Why the cloud wants to be woken.

use core::fmt;

use lunch_contract::{FunctionId, InstanceId, RequestId};
use serde::{Deserialize, Serialize};

use crate::ecs;
use crate::event_source::PollerId;
use crate::sqs;

/// A deadline, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wake {
    /// When a place has been found and the process is started.
    Placement(InstanceId),
    /// When INIT has taken as long as it may.
    InitDeadline(InstanceId),
    /// When INIT has taken as long as the delay model wants.
    InitPadding(InstanceId),
    /// When an invocation has taken as long as it may.
    InvokeDeadline(InstanceId),
    /// When an unused instance is frozen.
    Freeze(InstanceId),
    /// When an instance has been idle for as long as the policy lets it.
    IdleExpiry(InstanceId),
    /// When an instance has lived for as long as was drawn.
    LifeEnd(InstanceId),
    /// When the SHUTDOWN phase is over.
    ShutdownGrace(InstanceId),
    /// When a process that has reported that it cannot start has had its time to end itself.
    InitErrorExit(InstanceId),
    /// When a function has served nothing for as long as the policy lets it.
    FunctionIdle(FunctionId),
    /// When a request has waited long enough for an instance to ask for more.
    GapWait(RequestId),
    /// What the queues wait for.
    Queue(sqs::Wake),
    /// When a poller stops waiting for more, or tries again.
    Poller(PollerId),
    /// When an event is tried again.
    Retry(RequestId),
    /// What the services wait for.
    Ecs(ecs::Wake),
}

impl Wake {
    /// What it is, without whose.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Placement(_) => "placement",
            Self::InitDeadline(_) => "init deadline",
            Self::InitPadding(_) => "modelled init",
            Self::InvokeDeadline(_) => "invoke deadline",
            Self::Freeze(_) => "freeze",
            Self::IdleExpiry(_) => "idle expiry",
            Self::LifeEnd(_) => "life end",
            Self::ShutdownGrace(_) => "shutdown grace",
            Self::InitErrorExit(_) => "exit after an init error",
            Self::FunctionIdle(_) => "function's idle expiry",
            Self::GapWait(_) => "gap wait",
            Self::Queue(wake) => wake.word(),
            Self::Poller(_) => "poller",
            Self::Retry(_) => "retry",
            Self::Ecs(wake) => wake.word(),
        }
    }
}

impl fmt::Display for Wake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.word();
        match self {
            Self::Placement(id)
            | Self::InitDeadline(id)
            | Self::InitPadding(id)
            | Self::InvokeDeadline(id)
            | Self::Freeze(id)
            | Self::IdleExpiry(id)
            | Self::LifeEnd(id)
            | Self::ShutdownGrace(id)
            | Self::InitErrorExit(id) => write!(f, "{word} of {id}"),
            Self::Retry(id) => write!(f, "{word} of {id}"),
            Self::FunctionIdle(id) => write!(f, "{word} of {id}"),
            Self::GapWait(id) => write!(f, "{word} of {id}"),
            Self::Queue(wake) => wake.fmt(f),
            Self::Ecs(wake) => wake.fmt(f),
            Self::Poller(id) => write!(f, "{word} {id}"),
        }
    }
}
