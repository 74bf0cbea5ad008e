//! Everything that the cloud can ask of the world.

use core::time::Duration;

use lunch_contract::{FunctionId, InstanceId, Moment, Outcome, Process, RequestId, RevisionId};
use serde::{Deserialize, Serialize};

use crate::asynchronous;
use crate::ecs;
use crate::event_source;
use crate::sqs;
use crate::trace::{ColdCause, ResetCause};

/// Something to be done. It says what, never how; what could not be done comes back as an [`Event`](crate::Event).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[must_use = "a command that is not executed is a lost invocation"]
pub enum Command {
    /// Start a process. The first of an instance comes with the instance: its listener, its `/tmp`, its log stream.
    Spawn {
        /// Its name from now on.
        process: Process,
        /// Of which function.
        function: FunctionId,
        /// Of which code and configuration.
        revision: RevisionId,
    },
    /// Answer the runtime's waiting `/next` with this request.
    Deliver {
        /// To which process.
        process: Process,
        /// Which request.
        request: RequestId,
        /// When the invocation must have ended.
        deadline: Moment,
    },
    /// Answer an extension's waiting `/next`.
    Notify {
        /// In which process.
        process: Process,
        /// Which extension.
        extension: u8,
        /// What it is to know.
        notice: Notice,
    },
    /// Answer the caller.
    Reply {
        /// Which request.
        request: RequestId,
        /// With what.
        outcome: Outcome,
        /// What an observer may know beside.
        evidence: Evidence,
    },
    /// The request's id and everything kept for it are free: no later command names it.
    Release {
        /// Which request.
        request: RequestId,
    },
    /// Stop a process and all that belongs to it from running.
    Freeze {
        /// Which process.
        process: Process,
    },
    /// Let it run again.
    Thaw {
        /// Which process.
        process: Process,
    },
    /// Ask the process to end (SIGTERM): its SHUTDOWN phase begins.
    Terminate {
        /// Which process.
        process: Process,
    },
    /// End the process and all that belongs to it (SIGKILL). `Exited` is awaited.
    Kill {
        /// Which process.
        process: Process,
    },
    /// The instance is gone: its listener and its `/tmp` go too.
    Retire {
        /// Which instance.
        instance: InstanceId,
    },
    /// What the queues ask for.
    Queue(sqs::Command),
    /// What the event source mappings ask for.
    Source(event_source::Command),
    /// What becomes of an event that nobody waits for.
    Asynchronous(asynchronous::Command),
    /// What the services ask for.
    Ecs(ecs::Command),
}

/// What an extension is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// An invocation begins.
    Invoke {
        /// Which request.
        request: RequestId,
        /// When it must have ended.
        deadline: Moment,
    },
}

/// How an invocation came to its instance, and what that cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Who served it; nobody where it was refused.
    pub instance: Option<InstanceId>,
    /// What the instance had to do first; nothing is known where it was refused.
    pub start: Option<Start>,
    /// How long the request waited for the INIT phase, the modelled part included. `None` where there was none.
    pub init: Option<Duration>,
    /// How much of `init` was not the host's but the delay model's.
    pub init_modelled: Duration,
    /// How long the request waited for anything else: an instance to come free, a place to be found.
    pub queued: Duration,
    /// From the invocation's start to this answer.
    pub duration: Duration,
}

/// What an instance had to do before an invocation could start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// Everything: it was made for this request.
    Cold(ColdCause),
    /// Nothing: it was there.
    Warm,
    /// Its process had ended, so its INIT ran again inside the invocation.
    Reinitialized(ResetCause),
}
