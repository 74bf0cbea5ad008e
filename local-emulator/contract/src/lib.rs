//! What AWS promises, as types and pure functions: moments, names, limits, outcomes and how they look on the wire.
//!
//! Nothing here decides anything and nothing here does anything: no policy, no clock, no socket. Every number and
//! every text that AWS promises stands in this crate once, with its source.
#![no_std]

extern crate alloc;

mod caller_error;
pub mod code;
pub mod ecs;
pub mod environment;
mod ids;
mod limits;
mod moment;
pub mod names;
mod outcome;
mod refusal;
pub mod sqs;
pub mod wire;

pub use ids::{
    FunctionId, IdAllocator, InstanceId, Participant, Process, QualifierId, RequestId, RevisionId,
};
pub use limits::{Limits, Strictness};
pub use moment::Moment;
pub use outcome::{Exit, Outcome, ResponseEnding, SpawnFailure, ThrottleReason};
pub use refusal::{Refusal, RuntimeState};
