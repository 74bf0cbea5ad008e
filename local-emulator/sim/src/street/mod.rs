//! A street: queues, mappings, functions, people who send and receive, and a store that may be cut off at any moment.
//!
//! # The contract
//! A plan is drawn from a seed: the queues (standard and FIFO, with and without dead letters, delays, visibility timeouts,
//! mischief), the mappings, the functions with their events' retries, ages and destinations, the people, and a random subset
//! of troubles at wildly different rates. The cloud is the machine as the host plays it, instances and all, in virtual time.
//!
//! *Safe* is what a commit of the store has taken. All that one telling and what it brought about want to be kept is one
//! batch, which is safe as a whole or not at all, in the order of the tellings. Nobody outside hears an answer before its
//! batch is safe: that is what an acknowledgement is here, and people act on nothing else. Functions do not wait for the
//! store, as in the host.
//!
//! A *crash* ends the process at any moment, so does a commit that fails. What was not safe is lost, with it all receives
//! that waited, all batches in a function's hands, all attempts under way. Then time goes by, from a millisecond to a day,
//! and the machine is made anew of what is safe, its functions deployed, its mappings made again. People remember what they
//! heard, and go on using their handles.
//!
//! The laws (`laws::street`) hear every step. After a crash they know what they knew as of the last safe step, since the
//! machine has to be what it would be if nothing had been told to it afterwards. Then they look at all that it has kept.
//!
//! In the end nothing goes wrong any more, functions are not stopped, mappings are enabled, and who else receives deletes
//! what he gets: within a simulated day the street has to be empty, every event at its end. A last restart has to find
//! nothing.

mod disk;
mod drain;
mod driver;
mod people;
mod plan;
mod queues;
mod survive;

use self::driver::Street;
pub(crate) use self::plan::Destinations;
use self::plan::StreetPlan;
use crate::run::{Broken, Options, Summary, Violation, unharmed};

/// Runs that seed's street.
///
/// # Errors
/// The first law that was broken.
pub fn run(seed: u64, options: &Options) -> Result<Summary, Box<Violation>> {
    let plan = StreetPlan::of(seed);
    let mut street = Street::new(seed, &plan);
    let Err(Broken { law, what }) = unharmed(|| street.play(options.steps)) else {
        return Ok(street.summary());
    };
    Err(Box::new(Violation {
        law,
        what,
        step: street.summary().steps,
        seed,
        kind: "street",
        tail: street.tail(),
        plan: plan.lines(),
    }))
}
