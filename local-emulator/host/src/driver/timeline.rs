//! What happened, kept within a bound, and the answers that were given.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use lunch_cloud::{Phase, Record, Trace};
use lunch_contract::{FunctionId, InstanceId, Moment, Outcome, RequestId};

use super::about::Guests;
use crate::tasks::Book;
use crate::uuid::Uuid;
use crate::wire::{AboutTask, AnsweredRequest, Happened, Note, TimelineLine};

/// The timeline: shared by the cloud, which records, and the driver, which adds notes and reads.
#[derive(Clone, Debug)]
pub(crate) struct Timeline(Rc<RefCell<Kept>>);

#[derive(Debug)]
struct Kept {
    lines: VecDeque<(Moment, Line)>,
    lines_max: usize,
    forgotten: u64,
    answered: VecDeque<Answered>,
    /// What is to be logged.
    platform: Vec<(Moment, Record)>,
    faults: Vec<String>,
}

/// A line; notes are few and large.
#[derive(Debug)]
enum Line {
    Record(Record),
    Note(Box<Note>),
}

/// An answer that was given.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    pub(crate) at: Moment,
    pub(crate) id: RequestId,
    pub(crate) uuid: Uuid,
    pub(crate) function: FunctionId,
    pub(crate) instance: Option<InstanceId>,
    pub(crate) outcome: Outcome,
    pub(crate) last_line: Option<String>,
}

/// More faults than this say nothing new.
const FAULTS_MAX: usize = 100;

impl Timeline {
    /// An empty timeline that keeps so many lines, and an eighth as many answers.
    pub(crate) fn new(lines_max: usize) -> Self {
        Self(Rc::new(RefCell::new(Kept {
            lines: VecDeque::new(),
            lines_max: lines_max.max(8),
            forgotten: 0,
            answered: VecDeque::new(),
            platform: Vec::new(),
            faults: Vec::new(),
        })))
    }

    /// Adds what the cloud does not know.
    pub(crate) fn note(&self, at: Moment, note: Note) {
        self.0.borrow_mut().push(at, Line::Note(Box::new(note)));
    }

    /// Adds that the host failed at something: told to the human, and never to a function's caller.
    pub(crate) fn fault(&self, at: Moment, sentence: String) {
        tracing::error!(%at, "{sentence}");
        let mut kept = self.0.borrow_mut();
        if kept.faults.len() < FAULTS_MAX {
            kept.faults.push(sentence.clone());
        }
        kept.push(at, Line::Note(Box::new(Note::Fault(sentence))));
    }

    /// All faults so far.
    pub(crate) fn faults(&self) -> Vec<String> {
        self.0.borrow().faults.clone()
    }

    /// Keeps an answer.
    pub(crate) fn answered(&self, answered: Answered) {
        let mut kept = self.0.borrow_mut();
        if kept.answered.len() >= kept.lines_max / 8 {
            kept.answered.pop_front();
        }
        kept.answered.push_back(answered);
    }

    /// The answers that are kept, oldest first.
    pub(crate) fn answers(&self, names: &[String]) -> Vec<AnsweredRequest> {
        let kept = self.0.borrow();
        let shown = kept.answered.iter().map(|answered| AnsweredRequest {
            at: answered.at,
            request: answered.id,
            request_id: answered.uuid.to_string(),
            function: names.get(answered.function.0 as usize).cloned().unwrap_or_default(),
            instance: answered.instance,
            outcome: answered.outcome.clone(),
            last_line: answered.last_line.clone(),
        });
        shown.collect()
    }

    /// Moves the records over that AWS would write a line about, and that were not taken yet.
    pub(crate) fn take_platform(&self, into: &mut Vec<(Moment, Record)>) {
        into.append(&mut self.0.borrow_mut().platform);
    }

    /// How many lines there were so far, the forgotten ones too.
    pub(crate) fn count(&self) -> u64 {
        let kept = self.0.borrow();
        kept.forgotten + kept.lines.len() as u64
    }

    /// The lines that are kept from the so-many-th on, each with the names of what it is about.
    pub(crate) fn lines(&self, from: u64, names: &[String], book: &Book) -> Vec<TimelineLine> {
        let kept = self.0.borrow();
        let mut lines = Vec::new();
        if kept.forgotten > from
            && let Some((at, _)) = kept.lines.front()
        {
            let note = Note::Forgotten { lines: kept.forgotten - from };
            let happened = Happened::Note(note);
            lines.push(TimelineLine { at: *at, function: None, about: None, happened });
        }
        let (mut owners, mut guests) = (Owners::default(), Guests::default());
        for (position, (at, line)) in (kept.forgotten..).zip(&kept.lines) {
            let (owner, about) = (owners.of(line), about(line, &mut guests, book));
            if position >= from {
                let function = owner.and_then(|id| names.get(id.0 as usize).cloned());
                let happened = match line {
                    Line::Record(record) => Happened::Record(record.clone()),
                    Line::Note(note) => Happened::Note((**note).clone()),
                };
                lines.push(TimelineLine { at: *at, function, about, happened });
            }
        }
        lines
    }
}

impl Kept {
    fn push(&mut self, at: Moment, line: Line) {
        if self.lines.len() >= self.lines_max {
            self.lines.pop_front();
            self.forgotten += 1;
        }
        self.lines.push_back((at, line));
    }
}

impl Trace for Timeline {
    fn record(&mut self, at: Moment, record: Record) {
        let mut kept = self.0.borrow_mut();
        if is_logged(&record) {
            kept.platform.push((at, record.clone()));
        }
        kept.push(at, Line::Record(record));
    }

    fn broken(&mut self, at: Moment, promise: &'static str) {
        self.fault(at, format!("the cloud broke its promise: {promise}"));
    }
}

/// Whether AWS may write a line about it.
const fn is_logged(record: &Record) -> bool {
    match record {
        Record::Started { .. }
        | Record::Ended { .. }
        | Record::InitFailed { .. }
        | Record::Phase { to: Phase::Init | Phase::Reinit, .. }
        | Record::Phase { from: Phase::Init | Phase::Reinit, .. } => true,
        Record::Phase { .. }
        | Record::Born { .. }
        | Record::Arrived { .. }
        | Record::Waits { .. }
        | Record::Answered { .. }
        | Record::CallerLeft { .. }
        | Record::Queue(_)
        | Record::Ecs(_) => false,
    }
}

/// What a line is about, where that is a task or a service.
fn about(line: &Line, guests: &mut Guests, book: &Book) -> Option<AboutTask> {
    match line {
        Line::Record(Record::Ecs(record)) => guests.of(record, book),
        Line::Record(_) => None,
        Line::Note(note) => guests.container(note.container()?, book),
    }
}

/// Whose instances and requests are, as far as their births and arrivals were seen.
#[derive(Default)]
struct Owners {
    instances: BTreeMap<InstanceId, FunctionId>,
    requests: BTreeMap<RequestId, FunctionId>,
}

impl Owners {
    fn of(&mut self, line: &Line) -> Option<FunctionId> {
        match line {
            Line::Record(record) => self.of_record(record),
            Line::Note(note) => match &**note {
                Note::EventDropped { request, .. }
                | Note::EventRetried { request, .. }
                | Note::EventRecorded { request, .. } => self.requests.get(request).copied(),
                Note::NotStarted { process, .. }
                | Note::ExtensionFailed { process, .. }
                | Note::MemoryExceeded { process, .. } => {
                    self.instances.get(&process.instance).copied()
                }
                Note::InPlace { instance, .. } => self.instances.get(instance).copied(),
                Note::ContainerNotStarted { .. }
                | Note::ContainerMemoryExceeded { .. }
                | Note::LessApart { .. }
                | Note::Forgotten { .. }
                | Note::Advanced { .. }
                | Note::Fault(_) => None,
            },
        }
    }

    fn of_record(&mut self, record: &Record) -> Option<FunctionId> {
        match record {
            Record::Born { instance, function, .. } => {
                self.instances.insert(*instance, *function);
                Some(*function)
            }
            Record::Arrived { request, function } => {
                self.requests.insert(*request, *function);
                Some(*function)
            }
            Record::Phase { instance, .. } => self.instances.get(instance).copied(),
            Record::InitFailed { process, .. } => self.instances.get(&process.instance).copied(),
            Record::Waits { request }
            | Record::Started { request, .. }
            | Record::Answered { request, .. }
            | Record::Ended { request, .. }
            | Record::CallerLeft { request } => self.requests.get(request).copied(),
            Record::Queue(_) | Record::Ecs(_) => None,
        }
    }
}
