//! The fate of an invocation: plain data, on its way to the wire.

use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

/// How one invocation ended for its caller. Each request has exactly one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The function answered; the driver holds the answer.
    Returned,
    /// The function reported an error of its own by `/error`; the driver holds its body.
    FunctionError,
    /// The runtime reported by `/init/error` that it cannot start; the driver holds its body.
    InitError,
    /// The invocation ran into the function's timeout.
    TimedOut {
        /// The function's timeout.
        after: Duration,
    },
    /// The function's process ended before it had answered.
    Exited {
        /// How it ended.
        exit: Exit,
    },
    /// The function's program could not be started.
    SpawnFailed {
        /// Why.
        why: SpawnFailure,
    },
    /// The function's answer was larger than AWS takes.
    ResponseTooLarge,
    /// The function stopped in the middle of sending its answer.
    ResponseTruncated,
    /// AWS would not have taken the request: a 429.
    Throttled {
        /// AWS's own reason.
        reason: ThrottleReason,
    },
    /// The cloud was shut down under the request.
    ShutDown,
}

impl Outcome {
    /// A word for a human, as `timed out`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Returned => "returned",
            Self::FunctionError => "function error",
            Self::InitError => "init error",
            Self::TimedOut { .. } => "timed out",
            Self::Exited { .. } => "exited",
            Self::SpawnFailed { .. } => "not started",
            Self::ResponseTooLarge => "response too large",
            Self::ResponseTruncated => "response truncated",
            Self::Throttled { .. } => "throttled",
            Self::ShutDown => "shut down",
        }
    }
}

/// How a process ended, as the operating system told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// By itself, with this status.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit status {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// Why a function's program could not be started. The driver holds the sentence for a human.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpawnFailure {
    /// There is no `bootstrap`.
    Missing,
    /// It may not be executed.
    PermissionDenied,
    /// It is not a program for this machine.
    ExecFormat,
    /// The host refused for a reason of its own: this `errno`.
    Host {
        /// The operating system's error number.
        errno: i32,
    },
}

/// How the bytes of an answer came to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseEnding {
    /// All of `/response` arrived.
    Complete,
    /// All of `/error` arrived.
    Error,
    /// The connection ended in the middle.
    Truncated,
    /// It passed the limit.
    Oversized,
}

/// AWS's reasons for a 429. Source: the service model's `ThrottleReason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ThrottleReason {
    /// The account's concurrency is used up; AWS gives the same where a function may not grow faster.
    ConcurrentInvocationLimitExceeded,
    /// More requests per second than ten times the account's concurrency.
    FunctionInvocationRateLimitExceeded,
    /// The function's reserved concurrency is used up.
    ReservedFunctionConcurrentInvocationLimitExceeded,
    /// More requests per second than ten times the function's reserved concurrency.
    ReservedFunctionInvocationRateLimitExceeded,
}

impl ThrottleReason {
    /// AWS's name for it, as it stands in the answer's `Reason`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConcurrentInvocationLimitExceeded => "ConcurrentInvocationLimitExceeded",
            Self::FunctionInvocationRateLimitExceeded => "FunctionInvocationRateLimitExceeded",
            Self::ReservedFunctionConcurrentInvocationLimitExceeded => {
                "ReservedFunctionConcurrentInvocationLimitExceeded"
            }
            Self::ReservedFunctionInvocationRateLimitExceeded => {
                "ReservedFunctionInvocationRateLimitExceeded"
            }
        }
    }
}
