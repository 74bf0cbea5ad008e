//! The laws: what must be true of every step, whatever happens. A module each, with a name and a reference of its own.
//!
//! A law's reference is sets and counters, fed by what was told, what was commanded and what was recorded; where it
//! would have to be clever it would share the machine's bug.

mod answers;
mod billing;
mod choice;
mod commands;
mod concurrency;
mod deadline;
mod diagram;
mod evidence;
mod freezing;
mod in_flight;
mod reclaim;
mod release;
mod revision;
mod shutdown;
mod slots;
mod stale;
pub mod street;
pub mod tasks;
mod throttle;
mod wake;

use std::collections::BTreeMap;
use std::time::Duration;

use lunch_cloud::drive::Input;
use lunch_cloud::{Command, Event, FunctionConfig, Phase, Record, Refused, Settings, Wake};
use lunch_contract::{FunctionId, InstanceId, Moment, Process};

use crate::street::Destinations;

/// One telling and all that came of it.
#[derive(Clone, Debug)]
pub(crate) struct Step<'run> {
    pub(crate) settings: &'run Settings,
    pub(crate) now: Moment,
    pub(crate) input: &'run Input,
    pub(crate) refusal: Option<Refused>,
    pub(crate) commands: &'run [Command],
    pub(crate) records: &'run [(Moment, Record)],
    /// What the cloud waited for before this step, and waits for after it.
    pub(crate) wakes: [Option<(Moment, Wake)>; 2],
    pub(crate) settled: bool,
    /// What the cloud looked like before and after, where a step should have changed nothing.
    pub(crate) looks: Option<[String; 2]>,
    /// Where each function's events end.
    pub(crate) destinations: &'run [Destinations],
    /// What is sent in it is that event's record.
    pub(crate) record_of: Option<u64>,
}

impl<'run> Step<'run> {
    pub(crate) fn records(&self) -> impl Iterator<Item = &'run Record> {
        self.records.iter().map(|(_, record)| record)
    }

    /// The process whose end it is that the cloud was told, and took.
    pub(crate) fn ended(&self) -> Option<Process> {
        match self.taken() {
            Some(Event::Exited { process, .. } | Event::SpawnFailed { process, .. }) => {
                Some(*process)
            }
            _ => None,
        }
    }

    /// Whether a deadline had come when the cloud was told, which is kept first.
    pub(crate) fn was_due(&self) -> bool {
        self.wakes[0].is_some_and(|(at, _)| at <= self.now)
    }

    /// The event that the cloud was told and took.
    pub(crate) fn taken(&self) -> Option<&'run Event> {
        match self.input {
            Input::Event(event) if self.refusal.is_none() => Some(event),
            Input::Event(_)
            | Input::Queue(_)
            | Input::Source(_)
            | Input::Ecs(_)
            | Input::Restored(_)
            | Input::Timeout => None,
        }
    }
}

/// What a law has to say.
pub(crate) type Verdict = Result<(), String>;

/// Something that must be true.
pub(crate) trait Law {
    /// Its name, by which a violation is known.
    fn name(&self) -> &'static str;

    /// Looks at one step.
    fn check(&mut self, step: &Step<'_>) -> Verdict;

    /// Looks back when everything has been shut down and has ended.
    fn end(&mut self) -> Verdict {
        Ok(())
    }
}

/// Every law, with nothing seen yet.
pub(crate) fn all() -> Vec<Box<dyn Law>> {
    vec![
        Box::new(stale::Stale::default()),
        Box::new(commands::Commands::default()),
        Box::new(freezing::Freezing::default()),
        Box::new(slots::Slots::default()),
        Box::new(revision::Revision::default()),
        Box::new(choice::ChoiceObeyed::default()),
        Box::new(answers::Answers::default()),
        Box::new(deadline::Deadline::default()),
        Box::new(release::Release::default()),
        Box::new(concurrency::Concurrency::default()),
        Box::new(throttle::Throttle::default()),
        Box::new(diagram::Diagram::default()),
        Box::new(reclaim::Reclaim::default()),
        Box::new(billing::Billing::default()),
        Box::new(evidence::EvidenceTold::default()),
        Box::new(wake::Wakes::default()),
        Box::new(shutdown::Shutdown::default()),
    ]
}

/// Those that hold on streets, too. The others' references know of no event that is tried again by the same request, nor of
/// one that a restart brought back; a street's court has its own of when to wake.
pub(crate) fn on_streets() -> Vec<Box<dyn Law>> {
    const OTHERS: [&str; 6] = ["answers", "release", "evidence", "freezing", "slots", "wake"];
    all().into_iter().filter(|law| !OTHERS.contains(&law.name())).collect()
}

/// The laws' names, in the order in which they are asked; and the two that the runner itself keeps.
#[must_use]
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = all().iter().map(|law| law.name()).collect();
    names.extend([PROMISE, LIVENESS]);
    names
}

/// The machine panics nowhere and never says that it broke a promise of its own.
pub(crate) const PROMISE: &str = "promise";
/// When nothing goes wrong any more, every request is answered and every function serves again.
pub(crate) const LIVENESS: &str = "liveness";

/// The process that an event is a word of.
pub(crate) const fn speaker(event: &Event) -> Option<Process> {
    match event {
        Event::SpawnFailed { process, .. }
        | Event::ExtensionRegistered { process, .. }
        | Event::Next { process, .. }
        | Event::InitError { process }
        | Event::ResponseStarted { process, .. }
        | Event::ResponseEnded { process, .. }
        | Event::Exited { process, .. } => Some(*process),
        Event::Deploy { .. }
        | Event::Reserve { .. }
        | Event::ConfigureEvents { .. }
        | Event::Invoke { .. }
        | Event::CallerLeft { .. }
        | Event::EvictFunction { .. }
        | Event::EvictInstance { .. }
        | Event::ShutDown => None,
    }
}

/// Which function each instance is of, and how each revision is configured.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    configs: BTreeMap<(FunctionId, u32), FunctionConfig>,
    instances: BTreeMap<InstanceId, (FunctionId, u32)>,
}

impl Directory {
    /// Notes what was deployed and born in that step.
    pub(crate) fn note(&mut self, step: &Step<'_>) {
        if let Some(Event::Deploy { function, revision, config }) = step.taken() {
            self.configs.insert((*function, revision.0), *config);
        }
        for record in step.records() {
            if let Record::Born { instance, function, revision, .. } = record {
                self.instances.insert(*instance, (*function, revision.0));
            }
        }
    }

    pub(crate) fn function_of(&self, instance: InstanceId) -> Option<FunctionId> {
        self.instances.get(&instance).map(|(function, _)| *function)
    }

    pub(crate) fn config_of(&self, instance: InstanceId) -> Option<&FunctionConfig> {
        self.instances.get(&instance).and_then(|key| self.configs.get(key))
    }
}

/// `Err` with that sentence where the condition does not hold.
pub(crate) fn require(holds: bool, sentence: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(sentence()) }
}

/// Whether an instance could take a request in that phase.
pub(crate) const fn is_available(phase: Phase) -> bool {
    match phase {
        Phase::Idle | Phase::Frozen | Phase::Reset => true,
        Phase::Placing
        | Phase::Init
        | Phase::Reinit
        | Phase::Invoke
        | Phase::Resetting
        | Phase::Stopping
        | Phase::Gone => false,
    }
}

/// Whole milliseconds, rounded up.
pub(crate) fn ceil_ms(span: Duration) -> u64 {
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    if span.subsec_nanos().is_multiple_of(1_000_000) { millis } else { millis + 1 }
}
