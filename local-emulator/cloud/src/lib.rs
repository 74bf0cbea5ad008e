//! Decides the whole life of every instance; pure, and told the time.
//!
//! Everything that AWS decides is decided here, by one value that is told what happened and when. Nothing happens
//! here: no clock, no thread, no socket, no payload. Two drivers play it: the host in real time, the simulation in
//! virtual time.
#![no_std]

extern crate alloc;
#[cfg(test)]
#[macro_use]
extern crate std;

pub mod asynchronous;
mod cloud;
mod command;
mod delay;
pub mod drive;
pub mod ecs;
mod event;
pub mod event_source;
pub mod journal;
pub mod lambda;
mod ordered;
pub mod planted;
mod random;
mod refused;
mod relay;
mod settings;
pub mod sqs;
mod trace;
mod wake;

pub use cloud::Cloud;
pub use command::{Command, Evidence, Notice, Start};
pub use delay::{Delay, DelayModel, Profile};
pub use event::{Event, InvocationKind, ReplyAt};
pub use lambda::{FunctionView, InstanceView};
pub use refused::Refused;
pub use settings::{Choice, FunctionConfig, Pace, ReclaimPolicy, Settings};
pub use trace::{
    Cause, ColdCause, InitFailure, Phase, Record, ResetCause, Retirement, Status, Trace,
};
pub use wake::Wake;
