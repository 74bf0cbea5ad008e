//! Records made into lanes: what every instance lived through, between which moments.

use std::collections::BTreeMap;
use std::time::Duration;

use lunch_cloud::{Cause, Phase, Record};
use lunch_contract::{FunctionId, InstanceId, Moment, Outcome, RequestId};

use super::glyph::Glyph;
use super::tasks::{self, Party};
use crate::task_names::TaskNames;

/// All lanes of a timeline, and what does not belong to one instance.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    /// By birth.
    pub(super) instances: Vec<Lane>,
    /// Services and their tasks.
    pub(super) parties: Vec<Party>,
    /// When requests were throttled.
    pub(super) refused: Vec<Moment>,
    /// Requests in flight from each moment on.
    pub(super) in_flight: Vec<(Moment, u32)>,
    /// When something was going on, unsorted and overlapping.
    pub(super) active: Vec<(Moment, Moment)>,
}

/// One instance.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) instance: InstanceId,
    /// `None` where its birth is not among the records.
    pub(super) function: Option<FunctionId>,
    pub(super) row: Row,
    /// How many invocations it was given.
    pub(super) invocations: u32,
}

/// What stands in a lane.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) stretches: Vec<Stretch>,
    pub(super) marks: Vec<Mark>,
}

impl Row {
    /// All that it shows, in no order.
    pub(super) fn glyphs(&self) -> impl Iterator<Item = Glyph> {
        let stretches = self.stretches.iter().map(|stretch| stretch.glyph);
        stretches.chain(self.marks.iter().map(|mark| mark.glyph))
    }
}

/// What happened at one moment.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) at: Moment,
    pub(super) glyph: Glyph,
    /// What a picture says of it, where that is more than the glyph's word.
    pub(super) title: Option<String>,
}

impl Mark {
    pub(super) const fn titled(at: Moment, glyph: Glyph, title: String) -> Self {
        Self { at, glyph, title: Some(title) }
    }
}

/// A part of a lane that looks the same all along.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(super) from: Moment,
    pub(super) to: Moment,
    pub(super) glyph: Glyph,
}

impl Lane {
    /// Whether something happened in it that nobody wants.
    pub(super) fn troubled(&self) -> bool {
        self.row.glyphs().any(|glyph| matches!(glyph, Glyph::TimedOut | Glyph::Crashed))
    }
}

/// Makes lanes of the records; who lives on does so until `until`.
pub(super) fn lanes(records: &[(Moment, Record)], until: Moment, names: &TaskNames) -> Lanes {
    let start = records.first().map_or(Moment::ZERO, |(at, _)| *at);
    let (lanes, open) = (BTreeMap::new(), BTreeMap::new());
    let tasks = tasks::Reading::new(names, start);
    let mut reading = Reading { start, lanes, open, tasks, rest: Lanes::default() };
    for (at, record) in records {
        reading.read(*at, record);
    }
    reading.end(until)
}

struct Reading<'a> {
    start: Moment,
    /// Lanes with the phase that each is in, and since when.
    lanes: BTreeMap<InstanceId, (Lane, Phase, Moment)>,
    open: BTreeMap<RequestId, Moment>,
    tasks: tasks::Reading<'a>,
    rest: Lanes,
}

impl Reading<'_> {
    fn read(&mut self, at: Moment, record: &Record) {
        match record {
            Record::Born { instance, function, .. } => {
                self.lane(*instance, Phase::Placing, at).0.function = Some(*function);
                self.rest.active.push((at, at));
            }
            Record::Phase { instance, from, to, cause } => {
                self.moved(at, *instance, (*from, *to), *cause);
            }
            Record::Started { instance, .. } => {
                self.lane(*instance, Phase::Invoke, at).0.invocations += 1;
            }
            Record::Arrived { request, .. } => {
                self.open.insert(*request, at);
                self.in_flight(at);
            }
            Record::Answered { request, outcome, .. } => {
                let since = self.open.remove(request).unwrap_or(at);
                self.rest.active.push((since, at));
                self.in_flight(at);
                if matches!(outcome, Outcome::Throttled { .. }) {
                    self.rest.refused.push(at);
                }
            }
            Record::Ecs(record) => self.tasks.read(at, record),
            Record::Waits { .. }
            | Record::Ended { .. }
            | Record::InitFailed { .. }
            | Record::CallerLeft { .. }
            | Record::Queue(_) => {}
        }
    }

    fn lane(
        &mut self,
        instance: InstanceId,
        phase: Phase,
        at: Moment,
    ) -> &mut (Lane, Phase, Moment) {
        self.lanes.entry(instance).or_insert_with(|| {
            let lane = Lane { instance, function: None, row: Row::default(), invocations: 0 };
            (lane, phase, at)
        })
    }

    fn in_flight(&mut self, at: Moment) {
        let count = u32::try_from(self.open.len()).unwrap_or(u32::MAX);
        self.rest.in_flight.push((at, count));
    }

    fn moved(&mut self, at: Moment, instance: InstanceId, phases: (Phase, Phase), cause: Cause) {
        let (from, to) = phases;
        let start = self.start;
        let (lane, phase, since) = self.lane(instance, from, start);
        let stretch = Stretch { from: *since, to: at, glyph: glyph(*phase) };
        let was_active = active(*phase).then_some((*since, at));
        lane.row.stretches.push(stretch);
        (*phase, *since) = (to, at);
        if let Some(glyph) = mark(from, to, cause) {
            lane.row.marks.push(Mark { at, glyph, title: None });
            self.rest.active.push((at, at));
        }
        self.rest.active.extend(was_active);
    }

    fn end(mut self, until: Moment) -> Lanes {
        for (mut lane, phase, since) in self.lanes.into_values() {
            let until = until.max(since);
            if phase != Phase::Gone {
                lane.row.stretches.push(Stretch { from: since, to: until, glyph: glyph(phase) });
                if active(phase) {
                    self.rest.active.push((since, until));
                }
            }
            self.rest.instances.push(lane);
        }
        self.rest.active.extend(self.open.into_values().map(|since| (since, until.max(since))));
        let (parties, active) = self.tasks.end(until);
        self.rest.parties = parties;
        self.rest.active.extend(active);
        self.rest
    }
}

/// What an instance went through at one moment and no phase shows.
fn mark(from: Phase, to: Phase, cause: Cause) -> Option<Glyph> {
    match (from, to, cause) {
        (Phase::Frozen, Phase::Invoke, _) => Some(Glyph::Thawed),
        (_, Phase::Gone, _) => Some(Glyph::Reclaimed),
        (Phase::Resetting | Phase::Stopping, ..) => None,
        (_, Phase::Resetting | Phase::Reset, Cause::TimedOut(_)) => Some(Glyph::TimedOut),
        (_, _, Cause::Exited(_) | Cause::InitFailed(_)) => Some(Glyph::Crashed),
        _ => None,
    }
}

const fn glyph(phase: Phase) -> Glyph {
    match phase {
        Phase::Placing => Glyph::Placing,
        Phase::Init | Phase::Reinit => Glyph::Init,
        Phase::Invoke => Glyph::Invoke,
        Phase::Idle => Glyph::Idle,
        Phase::Frozen => Glyph::Frozen,
        Phase::Resetting | Phase::Reset => Glyph::Reset,
        Phase::Stopping => Glyph::Stopping,
        Phase::Gone => Glyph::Nothing,
    }
}

/// Whether time spent there is worth its columns, or may be folded away.
const fn active(phase: Phase) -> bool {
    match phase {
        Phase::Placing
        | Phase::Init
        | Phase::Reinit
        | Phase::Invoke
        | Phase::Resetting
        | Phase::Stopping => true,
        Phase::Idle | Phase::Frozen | Phase::Reset | Phase::Gone => false,
    }
}

/// Sorts and joins what overlaps or touches.
pub(super) fn join(mut spans: Vec<(Moment, Moment)>) -> Vec<(Moment, Moment)> {
    spans.sort_unstable();
    let mut joined: Vec<(Moment, Moment)> = Vec::new();
    for (from, to) in spans {
        match joined.last_mut() {
            Some(last) if from.since(last.1) == Duration::ZERO => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}
