//! A timeline as a running cloud tells it, taken apart: the records, the functions' names, and what the host adds.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lunch_cloud::Record;
use lunch_contract::{FunctionId, Moment};

use crate::span;
use crate::task_names::TaskNames;
use crate::terminal::Stream;
use crate::timeline::{LANES, View, picture, render, told};
use lunch_host::wire::{Happened, Note, TimelineLine};

/// Sentences below a drawing, where not all are asked for: the last ones.
const TOLD: usize = 24;

/// See the module's text.
#[derive(Debug, Default)]
pub(crate) struct Story {
    pub(crate) records: Vec<(Moment, Record)>,
    pub(crate) names: BTreeMap<FunctionId, String>,
    pub(crate) tasks: TaskNames,
    pub(crate) notes: Vec<(Moment, Note)>,
}

impl Story {
    /// Takes the lines of `/_lunch/timeline` apart.
    pub(crate) fn of_lines(lines: Vec<TimelineLine>) -> Self {
        let mut story = Self::default();
        for TimelineLine { at, function, about, happened } in lines {
            match happened {
                Happened::Record(record) => {
                    if let (Some(name), Some(id)) = (function, function_of(&record)) {
                        story.names.entry(id).or_insert(name);
                    }
                    if let (Some(about), Record::Ecs(record)) = (about, &record) {
                        story.tasks.learn(record, about);
                    }
                    story.records.push((at, record));
                }
                Happened::Note(note) => story.notes.push((at, note)),
            }
        }
        story
    }

    /// Of a journal, which knows functions by their ids alone.
    pub(crate) fn of_records(records: Vec<(Moment, Record)>) -> Self {
        let ids = records.iter().filter_map(|(_, record)| function_of(record));
        let names = ids.map(|id| (id, id.to_string())).collect();
        Self { records, names, ..Self::default() }
    }

    /// The drawing and, below it, what the host has to add; as wide as stdout.
    pub(crate) fn draw(&self, until: Moment, lanes: Lanes, see_all: &str) -> String {
        let mut text = render(&self.records, &self.view(until, lanes, see_all));
        let told = self.told();
        let hidden = match lanes {
            Lanes::All => 0,
            Lanes::Some => told.len().saturating_sub(TOLD),
        };
        if hidden > 0 {
            writeln!(text, "{hidden} sentences are left out here ({see_all})")
                .expect("a string takes what is written");
        }
        for (at, words) in told.into_iter().skip(hidden) {
            writeln!(text, "at {at}: {words}").expect("a string takes what is written");
        }
        text
    }

    /// What the drawing has no room for, by time.
    fn told(&self) -> Vec<(Moment, String)> {
        let of_tasks = self.records.iter().filter_map(|(at, record)| {
            let Record::Ecs(record) = record else { return None };
            Some((*at, record))
        });
        let mut all = told(of_tasks, &self.tasks);
        let notes = self.notes.iter();
        all.extend(notes.filter_map(|(at, note)| Some((*at, words(note, &self.tasks)?))));
        all.sort_by_key(|(at, _)| *at);
        all
    }
}

impl Story {
    /// The drawing as an SVG file has it.
    pub(crate) fn picture(&self, until: Moment, lanes: Lanes, see_all: &str) -> String {
        picture(&self.records, &self.view(until, lanes, see_all))
    }

    fn view<'a>(&'a self, until: Moment, lanes: Lanes, see_all: &'a str) -> View<'a> {
        View {
            width: Stream::Out.width(),
            colour: Stream::Out.wants_colour(),
            lanes_max: match lanes {
                Lanes::All => None,
                Lanes::Some => Some(LANES),
            },
            names: &self.names,
            tasks: &self.tasks,
            origin: Moment::ZERO,
            until,
            see_all,
        }
    }
}

/// How many lanes are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lanes {
    /// Every one.
    All,
    /// As many as a screen has.
    Some,
}

impl Lanes {
    /// By the flag of that name.
    pub(crate) const fn all_if(all: bool) -> Self {
        if all { Self::All } else { Self::Some }
    }
}

/// The function that a record names.
const fn function_of(record: &Record) -> Option<FunctionId> {
    match record {
        Record::Born { function, .. } | Record::Arrived { function, .. } => Some(*function),
        Record::Phase { .. }
        | Record::Waits { .. }
        | Record::Started { .. }
        | Record::Answered { .. }
        | Record::Ended { .. }
        | Record::InitFailed { .. }
        | Record::CallerLeft { .. }
        | Record::Queue(_)
        | Record::Ecs(_) => None,
    }
}

/// A note in words; `None` for what the drawing shows by itself.
fn words(note: &Note, tasks: &TaskNames) -> Option<String> {
    Some(match note {
        Note::Advanced { .. } => return None,
        Note::EventRetried { request_id, attempts, after, .. } => format!(
            "the event `{request_id}` failed ({attempts} of its attempts so far) and comes again in {}",
            span::show(*after)
        ),
        Note::EventDropped { request_id, outcome, condition, attempts, .. } => format!(
            "the event `{request_id}` was dropped after {attempts} attempts ({}): {condition:?}",
            outcome.word()
        ),
        Note::EventRecorded { request_id, to, why: None, .. } => {
            format!("what became of the event `{request_id}` was told to {to}")
        }
        Note::EventRecorded { request_id, to, why: Some(why), .. } => {
            format!("what became of the event `{request_id}` could not be told to {to}: {why}")
        }
        Note::NotStarted { process, why } => format!("`{process}` could not be started: {why}"),
        Note::ContainerNotStarted { run, failure, why } => {
            let name = tasks.container(run.task, run.container);
            let why = failure.reason(why).replace('\n', " ");
            format!("`{name}` of {} could not be started: {why}", run.task)
        }
        Note::InPlace { instance, why } => {
            format!("`{instance}` runs where its code is, in the machine's own folders: {why}")
        }
        Note::LessApart { why } => why.replace('\n', " "),
        Note::ExtensionFailed { process, extension, error_type } => {
            format!("the extension `{extension}` of `{process}` failed with `{error_type}`")
        }
        Note::MemoryExceeded { process, used_mb, memory_mb } => format!(
            "`{process}` has had {used_mb} MB of memory, more than its function's {memory_mb} MB: AWS would have \
             ended it"
        ),
        Note::ContainerMemoryExceeded { run, used_mib, memory_mib } => format!(
            "`{}` of {} has had {used_mib} MiB of memory, more than its {memory_mib} MiB: AWS would have ended it",
            tasks.container(run.task, run.container),
            run.task
        ),
        Note::Forgotten { lines } => {
            format!("{lines} older lines are forgotten (the timeline is bounded)")
        }
        Note::Fault(what) => format!("FAULT of lunch's own: {what}"),
    })
}

/// By how much cloud time is ahead, as a clause; `None` where it is not.
pub(crate) fn ahead(ahead_ms: u64) -> Option<String> {
    let ahead = std::time::Duration::from_millis(ahead_ms);
    (ahead_ms > 0).then(|| {
        format!(
            "cloud time is {0} ahead; functions see this machine's clock, which is {0} behind it",
            span::clock(ahead)
        )
    })
}
