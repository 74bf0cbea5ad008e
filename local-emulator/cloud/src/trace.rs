//! What happened and why, for people and for tests.

use alloc::vec::Vec;
use core::time::Duration;

use lunch_contract::{
    Exit, FunctionId, InstanceId, Moment, Outcome, Process, RequestId, RevisionId, SpawnFailure,
};
use serde::{Deserialize, Serialize};

use crate::command::Start;
use crate::ecs;
use crate::sqs;

/// Takes the records. `()` takes none and costs nothing.
pub trait Trace {
    /// Whether the records are looked at; what nobody looks at need not be passed on.
    const LISTENS: bool = true;

    /// One thing that happened at that moment.
    fn record(&mut self, at: Moment, record: Record);

    /// The cloud broke a promise of its own. Tests and the simulation panic; the host says so and goes on.
    fn broken(&mut self, at: Moment, promise: &'static str) {
        panic!("at {at} the cloud broke its promise: {promise}");
    }
}

impl Trace for () {
    const LISTENS: bool = false;

    #[inline]
    fn record(&mut self, _at: Moment, _record: Record) {}
}

impl Trace for Vec<(Moment, Record)> {
    fn record(&mut self, at: Moment, record: Record) {
        self.push((at, record));
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// An instance came into being, in phase `Placing`.
    Born {
        /// Which instance.
        instance: InstanceId,
        /// Of which function.
        function: FunctionId,
        /// Of which revision.
        revision: RevisionId,
        /// Why a new one was needed.
        cause: ColdCause,
        /// How long it may live, as drawn.
        life: Option<Duration>,
    },
    /// An instance went from one phase to another.
    Phase {
        /// Which instance.
        instance: InstanceId,
        /// From where.
        from: Phase,
        /// To where.
        to: Phase,
        /// Why.
        cause: Cause,
    },
    /// A request came in.
    Arrived {
        /// Which request.
        request: RequestId,
        /// For which function.
        function: FunctionId,
    },
    /// A request waits for an instance that has answered and not yet asked for more.
    Waits {
        /// Which request.
        request: RequestId,
    },
    /// An invocation began: its timeout runs.
    Started {
        /// Which request.
        request: RequestId,
        /// In which instance.
        instance: InstanceId,
        /// What the instance had to do first.
        start: Start,
    },
    /// The caller was given an answer.
    Answered {
        /// Which request.
        request: RequestId,
        /// Who served it, if anybody.
        instance: Option<InstanceId>,
        /// What it was.
        outcome: Outcome,
    },
    /// An invocation ended: the runtime and all extensions are done with it.
    Ended {
        /// Which request.
        request: RequestId,
        /// In which instance.
        instance: InstanceId,
        /// How.
        status: Status,
        /// From its start to its end.
        duration: Duration,
        /// The INIT phase that it waited for, where that is reported and billed.
        init: Option<Duration>,
        /// Whole milliseconds, rounded up: `duration` and `init` together.
        billed_ms: u64,
    },
    /// An INIT phase failed, which AWS reports in a line of its own.
    InitFailed {
        /// In which process.
        process: Process,
        /// How.
        failure: InitFailure,
        /// How long it took.
        duration: Duration,
        /// Whether it ran inside an invocation.
        in_invoke: bool,
    },
    /// The caller hung up before its answer.
    CallerLeft {
        /// Which request.
        request: RequestId,
    },
    /// Something happened to a message.
    Queue(sqs::Record),
    /// Something happened to a task or a service.
    Ecs(ecs::Record),
}

/// How an invocation ended, in the words of AWS's platform events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The function answered, be it by an error of its own.
    Success,
    /// The process failed.
    Error,
    /// The timeout came first.
    Timeout,
    /// The cloud was shut down.
    Failure,
}

/// Where an instance stands, without what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// AWS looks for a place: the delay that nobody reports.
    Placing,
    /// INIT: the process starts and gets ready.
    Init,
    /// INIT, again, inside an invocation and under its timeout.
    Reinit,
    /// INVOKE: at least one invocation is in progress.
    Invoke,
    /// Ready, still running for a moment.
    Idle,
    /// Ready, and stopped from running.
    Frozen,
    /// RESET: its process is being ended.
    Resetting,
    /// Without a process; the next invocation brings INIT again.
    Reset,
    /// SHUTDOWN: it is being ended.
    Stopping,
    /// Ended.
    Gone,
}

/// Why a new instance was needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColdCause {
    /// The function never had one.
    First,
    /// All that there are were busy.
    AllBusy,
    /// There was one, and it had gone.
    AfterRetirement(Retirement),
}

/// Why an instance went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retirement {
    /// Its function had served nothing for the policy's time.
    FunctionIdle,
    /// It had been idle for the policy's time.
    InstanceIdle,
    /// Its life was over.
    LifeEnded,
    /// There is newer code or configuration.
    NewRevision,
    /// Somebody asked for it.
    Evicted,
    /// The cloud was shut down.
    ShutDown,
}

/// Why an instance lost its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResetCause {
    /// An invocation ran into its timeout.
    TimedOut,
    /// The process ended by itself.
    Exited(Exit),
    /// INIT failed.
    InitFailed(InitFailure),
}

/// How an INIT phase failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InitFailure {
    /// The process ended.
    Exited(Exit),
    /// The runtime said so by `/init/error`.
    Reported,
    /// It took longer than it may.
    TimedOut,
    /// The program could not be started.
    SpawnFailed(SpawnFailure),
}

/// Why an instance went from one phase to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A place was found.
    Placed,
    /// INIT ended well.
    InitDone,
    /// INIT failed and comes again inside the invocation.
    InitFailed(InitFailure),
    /// A request came.
    Invoked(RequestId),
    /// The last invocation in progress ended.
    Ended(RequestId),
    /// Nobody had called for a moment.
    Unused,
    /// An invocation ran into its timeout.
    TimedOut(RequestId),
    /// The process ended.
    Exited(Exit),
    /// It was decided that it goes.
    Retired(Retirement),
}
