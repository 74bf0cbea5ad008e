//! Services, their tasks and their containers in virtual time.
//!
//! # The contract
//! A plan is drawn from a seed: task definitions with one to three containers that wait for each other, services of them,
//! settings, and a random subset of troubles at wildly different rates. Containers do what their [`Script`] says; people
//! scale, deploy, stop, run and delete. The laws (`laws::tasks`) hear every step, and look at what is shown after it.
//!
//! In the end nothing goes wrong any more and people force a deployment of what the circuit breaker has failed: within a
//! simulated day every service has to be steady, unless its percents block it, which it has to have said. Then the cloud
//! ends, and nothing may outlive it.

mod driver;
mod plan;
mod script;
mod stage;

use self::driver::Hall;
use self::plan::TasksPlan;
use crate::run::{Broken, Options, Summary, Violation, unharmed};

pub use self::script::Script;
pub use self::stage::Stage;

/// Runs that seed's services.
///
/// # Errors
/// The first law that was broken.
pub fn run(seed: u64, options: &Options) -> Result<Summary, Box<Violation>> {
    let plan = TasksPlan::of(seed);
    let mut hall = Hall::new(&plan);
    let Err(Broken { law, what }) = unharmed(|| hall.play(options.steps)) else {
        return Ok(hall.summary());
    };
    Err(Box::new(Violation {
        law,
        what,
        step: hall.summary().steps,
        seed,
        kind: "tasks",
        tail: hall.tail(),
        plan: plan.lines(),
    }))
}
