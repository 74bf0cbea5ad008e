//! Why the cloud wants to be woken.

use core::fmt;

use lunch_contract::{FunctionId, InstanceId, RequestId};
use serde::{Deserialize, Serialize};

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
    /// When a function has served nothing for as long as the policy lets it.
    FunctionIdle(FunctionId),
    /// When a request has waited long enough for an instance to ask for more.
    GapWait(RequestId),
}

impl fmt::Display for Wake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Placement(id) => write!(f, "placement of {id}"),
            Self::InitDeadline(id) => write!(f, "init deadline of {id}"),
            Self::InitPadding(id) => write!(f, "modelled init of {id}"),
            Self::InvokeDeadline(id) => write!(f, "invoke deadline of {id}"),
            Self::Freeze(id) => write!(f, "freeze of {id}"),
            Self::IdleExpiry(id) => write!(f, "idle expiry of {id}"),
            Self::LifeEnd(id) => write!(f, "life end of {id}"),
            Self::ShutdownGrace(id) => write!(f, "shutdown grace of {id}"),
            Self::FunctionIdle(id) => write!(f, "idle expiry of {id}"),
            Self::GapWait(id) => write!(f, "gap wait of {id}"),
        }
    }
}
