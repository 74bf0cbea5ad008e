//! What the machine will not take from a runtime, and in which state it would not.

use core::fmt;

use serde::{Deserialize, Serialize};

/// The Runtime API's own names for where a runtime stands; they reach the runtime in the body of a 403.
///
/// Source: the state names of the runtime interface emulator's `core` package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RuntimeState {
    /// The process runs and has not called yet.
    RuntimeStarted,
    /// It has reported that it cannot start.
    RuntimeInitError,
    /// It waits in `/next`.
    RuntimeReady,
    /// It has an invocation.
    RuntimeRunning,
    /// It is sending an answer.
    InvocationResponse,
    /// It is sending an error.
    InvocationErrorResponse,
    /// It has answered and not called `/next` yet.
    RuntimeResponseSent,
}

impl fmt::Display for RuntimeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// An event that the machine will not take; nothing changed by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The request is not the instance's current one: 400 `InvalidRequestID`.
    InvalidRequestId,
    /// The runtime may not do that now: 403 `InvalidStateTransition`.
    InvalidStateTransition {
        /// Where the runtime stands.
        from: RuntimeState,
        /// Where it wanted to go.
        to: RuntimeState,
    },
    /// The runtime has called `/next`, after which no extension may register: 403 `Extension.RegistrationClosed`.
    RegistrationClosed,
    /// There are as many extensions as there may be: 403 `Extension.TooManyExtensions`.
    TooManyExtensions,
    /// No such extension has registered with the instance: 403 `Extension.UnknownExtensionIdentifier`.
    UnknownExtension,
    /// The word is about a process that has ended or an instance that is gone. There is nobody left to answer.
    Gone,
    /// The function is not known.
    UnknownFunction,
    /// The request id is in use.
    RequestInUse,
    /// The request is not known: it has ended already, or its index leaves a hole in the table of the unfinished.
    UnknownRequest,
    /// Reserving that much would leave less than the account's unreserved minimum.
    UnreservedConcurrencyBelowMinimum,
    /// The cloud is shutting down and takes nothing new.
    ShuttingDown,
}
