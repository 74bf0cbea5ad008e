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
    /// How many messages were sent, where there are queues.
    pub messages: u64,
    /// How often the process ended and another began.
    pub restarts: u64,
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
    /// The seed.
    pub seed: u64,
    /// Of which kind the run was, as `laws --kind` takes it.
    pub kind: &'static str,
    /// The seed's plan, in lines.
    pub plan: Vec<String>,
    /// The last tellings and what came of each, the broken one last.
    pub tail: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { law, what, step, seed, kind, plan, tail } = self;
        writeln!(f, "seed {seed}, step {step}: law `{law}`: {what}")?;
        for line in plan.iter().chain(tail) {
            writeln!(f, "{line}")?;
        }
        write!(
            f,
            "(again: cargo run --release -p lunch-sim --bin laws -- --kind {kind} --seeds 1 --seed {seed})"
        )
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
    let Err(Broken { law, what }) = unharmed(|| driver.play(options.steps)) else {
        return Ok(driver.summary());
    };
    Err(Box::new(Violation {
        law,
        what,
        step: driver.summary().steps,
        seed,
        kind: "instances",
        tail: driver.tail().collect(),
        plan: plan.lines(),
    }))
}

/// Plays, and takes a panic for a promise that the machine broke.
pub(crate) fn unharmed(play: impl FnOnce() -> Result<(), Broken>) -> Result<(), Broken> {
    catch_unwind(AssertUnwindSafe(play)).unwrap_or_else(|panic| {
        let what = format!("the machine panicked: {}", message(&*panic));
        Err(Broken { law: crate::laws::PROMISE, what })
    })
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
        self.0.iter().flat_map(|(entry, records)| lines_of(entry, records))
    }
}

/// One telling and what came of it.
pub(crate) fn lines_of(entry: &journal::Entry, records: &[(Moment, Record)]) -> Vec<String> {
    let refused = entry.refusal.map(|refusal| format!(" refused {refusal:?}"));
    let told = format!("{} {:?}{}", entry.at, entry.input, refused.unwrap_or_default());
    let records = records.iter().map(|(_, record)| format!("    {record:?}"));
    let commands = entry.commands.iter().map(|command| format!("    -> {command:?}"));
    std::iter::once(told).chain(records).chain(commands).collect()
}
