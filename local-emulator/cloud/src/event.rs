//! Everything that the world can tell the cloud.

use lunch_contract::{
    Exit, FunctionId, InstanceId, Participant, Process, QualifierId, RequestId, ResponseEnding,
    RevisionId, SpawnFailure,
};
use serde::{Deserialize, Serialize};

use crate::asynchronous::EventConfig;
use crate::settings::FunctionConfig;

/// Something that happened. Plain data: a journal of these, with the settings, replays to the same commands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A function exists from now on, or has new code or configuration: instances of older revisions go.
    ///
    /// Functions are numbered from 0 without a hole, in the order in which they are first deployed.
    Deploy {
        /// Which function.
        function: FunctionId,
        /// Its new revision, another one than before.
        revision: RevisionId,
        /// What the cloud has to know of it.
        config: FunctionConfig,
    },
    /// A function's concurrency is reserved (`PutFunctionConcurrency`) or no longer.
    Reserve {
        /// Which function.
        function: FunctionId,
        /// Requests in flight at once; 0 stops the function.
        concurrency: Option<u32>,
    },
    /// Events for what is called by that qualifier are tried again so from now on (`PutFunctionEventInvokeConfig`), those
    /// that wait already too.
    ConfigureEvents {
        /// Which function.
        function: FunctionId,
        /// What of it is called.
        qualifier: QualifierId,
        /// How they are tried again.
        config: EventConfig,
    },
    /// A caller wants an answer, or wants to be rid of an event.
    Invoke {
        /// The driver's id for it, in use until `Release`.
        request: RequestId,
        /// Which function.
        function: FunctionId,
        /// Whether the caller waits.
        kind: InvocationKind,
        /// When the caller is answered.
        reply: ReplyAt,
        /// What of the function is called: its events are tried again as that one's.
        #[serde(default, skip_serializing_if = "QualifierId::is_latest")]
        qualifier: QualifierId,
    },
    /// The caller hung up. The function goes on, as on AWS; the answer is for nobody.
    CallerLeft {
        /// Whose caller.
        request: RequestId,
    },
    /// A process could not be started.
    SpawnFailed {
        /// Which one.
        process: Process,
        /// Why.
        why: SpawnFailure,
    },
    /// An extension registered. Extensions are numbered from 0 in this order.
    ExtensionRegistered {
        /// In which process.
        process: Process,
        /// Whether it wants to know of each invocation.
        invoke: bool,
        /// Whether it is a process of its own. None is, yet.
        external: bool,
    },
    /// The runtime or an extension asks for what is next, and waits.
    Next {
        /// In which process.
        process: Process,
        /// Who.
        participant: Participant,
    },
    /// The runtime says that it cannot start.
    InitError {
        /// In which process.
        process: Process,
    },
    /// The first bytes of `/response` or `/error` arrived.
    ResponseStarted {
        /// From which process.
        process: Process,
        /// To which request.
        request: RequestId,
        /// Whether it is an `/error`.
        error: bool,
    },
    /// The answer has come to its end.
    ResponseEnded {
        /// From which process.
        process: Process,
        /// To which request.
        request: RequestId,
        /// How.
        ending: ResponseEnding,
    },
    /// A process and all that it left behind have ended.
    Exited {
        /// Which one.
        process: Process,
        /// How.
        exit: Exit,
    },
    /// Somebody wants the next request of a function to be cold: all its instances go.
    EvictFunction {
        /// Which function.
        function: FunctionId,
    },
    /// Somebody wants an instance to go.
    EvictInstance {
        /// Which instance.
        instance: InstanceId,
    },
    /// The cloud is to end: everything is ended, everybody is answered, nothing new is taken.
    ShutDown,
}

/// Whether the caller waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvocationKind {
    /// The caller waits.
    RequestResponse,
    /// The caller does not; the request rate limit is not for these.
    Event,
}

/// When the caller is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyAt {
    /// As soon as the answer is complete.
    Response,
    /// At the end of the invocation, since the answer carries the log's tail with its REPORT line.
    End,
}
