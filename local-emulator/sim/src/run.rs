//! One seeded run: the plan's load and faults (safety), then nothing goes wrong any more and everything has to come
//! right (liveness), then the end; after every step each law is asked.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use lunch_cloud::journal;
use lunch_cloud::{Record, Trace};
use lunch_contract::Moment;

use crate::driver::Driver;
use crate::plan::Plan;

/// How long a run is.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How often the cloud is told something before the faults end, at least.
    pub steps: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { steps: 400 }
    }
}

/// What a run without a violation came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How often the cloud was told something.
    pub steps: u64,
    /// How much time passed in the simulation.
    pub simulated: Duration,
    /// How many requests there were.
    pub requests: u64,
    /// How many instances were born.
    pub instances: u64,
    /// How many commands came.
    pub commands: u64,
}

/// A broken law.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Which law.
    pub law: &'static str,
    /// How it was broken.
    pub what: String,
    /// In the how-manieth telling, from 1.
    pub step: u64,
    /// The seed's plan.
    pub plan: Box<Plan>,
    /// The last tellings and what came of each, the broken one last.
    pub tail: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan { seed, settings, functions, gap, storm, faults } = &*self.plan;
        writeln!(f, "seed {seed}, step {}: law `{}`: {}", self.step, self.law, self.what)?;
        writeln!(f, "settings {settings:?}")?;
        for (number, function) in functions.iter().enumerate() {
            writeln!(f, "f-{number} {function:?}")?;
        }
        writeln!(f, "gap {gap:?}, storm {storm}, faults {faults:?}")?;
        for line in &self.tail {
            writeln!(f, "{line}")?;
        }
        write!(f, "(again: cargo run --release -p lunch-sim --bin laws -- --seeds 1 --seed {seed})")
    }
}

impl std::error::Error for Violation {}

/// Runs that seed's plan.
///
/// # Errors
/// The first law that was broken.
pub fn run(seed: u64, options: &Options) -> Result<Summary, Box<Violation>> {
    let plan = Plan::of(seed);
    let mut driver = Driver::new(&plan);
    let played = catch_unwind(AssertUnwindSafe(|| driver.play(options.steps)));
    let broken = match played {
        Ok(Ok(())) => return Ok(driver.summary()),
        Ok(Err(broken)) => broken,
        Err(panic) => Broken {
            law: crate::laws::PROMISE,
            what: format!("the machine panicked: {}", message(&*panic)),
        },
    };
    Err(Box::new(Violation {
        law: broken.law,
        what: broken.what,
        step: driver.summary().steps,
        tail: driver.tail().collect(),
        plan: Box::new(plan.clone()),
    }))
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a message")
}

/// Which law, and how.
#[derive(Clone, Debug)]
pub(crate) struct Broken {
    pub(crate) law: &'static str,
    pub(crate) what: String,
}

/// The records of the current step.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) records: Vec<(Moment, Record)>,
    pub(crate) broken: Option<&'static str>,
}

impl Trace for Log {
    fn record(&mut self, at: Moment, record: Record) {
        self.records.push((at, record));
    }

    fn broken(&mut self, _at: Moment, promise: &'static str) {
        self.broken.get_or_insert(promise);
    }
}

/// The last tellings.
#[derive(Debug, Default)]
pub(crate) struct Tail(VecDeque<(journal::Entry, Vec<(Moment, Record)>)>);

const TAIL: usize = 20;

impl Tail {
    pub(crate) fn push(&mut self, entry: journal::Entry, records: Vec<(Moment, Record)>) {
        if self.0.len() == TAIL {
            self.0.pop_front();
        }
        self.0.push_back((entry, records));
    }

    /// The last one.
    pub(crate) fn last(&self) -> (&journal::Entry, &[(Moment, Record)]) {
        let (entry, records) = self.0.back().expect("something was told");
        (entry, records)
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().flat_map(|(entry, records)| {
            let refused = entry.refusal.map(|refusal| format!(" refused {refusal:?}"));
            let told = format!("{} {:?}{}", entry.at, entry.input, refused.unwrap_or_default());
            let records = records.iter().map(|(_, record)| format!("    {record:?}"));
            let commands = entry.commands.iter().map(|command| format!("    -> {command:?}"));
            std::iter::once(told).chain(records).chain(commands).collect::<Vec<_>>()
        })
    }
}
