//! The virtual world: a clock, scripted functions, faults, and the laws that every step of the cloud must keep.
//!
//! It plays the machine of `lunch-cloud` without sockets, processes or waiting: a simulated hour costs milliseconds,
//! and whatever goes wrong has a seed. Nothing is decided here.

mod act;
mod driver;
pub mod lanes;
pub mod laws;
mod plan;
mod random;
pub mod replay;
mod run;
pub mod scenario;
pub mod script;
mod seeded;
mod simulation;
pub mod street;
pub mod tasks;
mod world;

pub use act::{Act, Startup, Stray};
pub use plan::{Fault, FunctionPlan, Plan};
pub use random::{Random, seed_of};
pub use run::{Options, Summary, Violation, run};
pub use simulation::{Simulation, Skip, Stepped};
pub use world::{Answer, Occurrence, Playbook, VirtualWorld};
