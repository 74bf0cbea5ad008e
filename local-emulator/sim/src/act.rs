//! What a process does, call by call: the one vocabulary of scenarios, faults and load.

use std::time::Duration;

use lunch_cloud::Event;
use lunch_contract::{Exit, Participant, Process, RequestId, ResponseEnding, SpawnFailure};

/// One thing that a process does. A process does one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Nothing, for a while. Being frozen does not make it longer.
    Sleep(Duration),
    /// Registers an extension inside the process.
    Register {
        /// Whether it wants to know of each invocation.
        invoke: bool,
        /// How long it takes with each, and before its first `/next`.
        takes: Duration,
    },
    /// Calls `/next` as the runtime.
    Next,
    /// Says by `/init/error` that it cannot start.
    InitError,
    /// Sends the head of an answer to the request in hand.
    Begin {
        /// Whether it is an `/error`.
        error: bool,
    },
    /// Sends the rest of it.
    End(ResponseEnding),
    /// Answers a request that it does not have.
    Stray(Stray),
    /// Ends by itself.
    Exit(Exit),
    /// Ignores SIGTERM from now on.
    Stubborn,
}

/// Which request an answer names that is not in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stray {
    /// One that never was.
    Unknown,
    /// The one before: a late answer.
    Previous,
    /// The one in hand, which has its answer already.
    Again,
}

/// How a process comes into being.
#[derive(Clone, Debug)]
pub struct Startup {
    /// From the command to the process's first act, or to the failure.
    pub takes: Duration,
    /// The host could not start it.
    pub failure: Option<SpawnFailure>,
    /// All until it waits for its first invocation.
    pub acts: Vec<Act>,
}

impl Act {
    /// A whole answer.
    #[must_use]
    pub const fn respond(ending: ResponseEnding) -> [Self; 2] {
        [Self::Begin { error: matches!(ending, ResponseEnding::Error) }, Self::End(ending)]
    }

    /// What the cloud is told of it, with the request in hand and the one before.
    pub(crate) fn event(
        self,
        process: Process,
        current: Option<RequestId>,
        previous: Option<RequestId>,
    ) -> Option<Event> {
        match self {
            Self::Sleep(_) | Self::Exit(_) | Self::Stubborn => None,
            Self::Register { invoke, .. } => {
                Some(Event::ExtensionRegistered { process, invoke, external: false })
            }
            Self::Next => Some(Event::Next { process, participant: Participant::Runtime }),
            Self::InitError => Some(Event::InitError { process }),
            Self::Begin { error } => {
                current.map(|request| Event::ResponseStarted { process, request, error })
            }
            Self::End(ending) => {
                current.map(|request| Event::ResponseEnded { process, request, ending })
            }
            Self::Stray(stray) => {
                let request = match stray {
                    Stray::Unknown => Some(RequestId { serial: u64::MAX, index: 3 }),
                    Stray::Previous => previous,
                    Stray::Again => current,
                };
                request.map(|request| Event::ResponseStarted { process, request, error: false })
            }
        }
    }
}
