//! More instances than there are cores: played in virtual time, by the machine that decides in `lunch up`, too.
//!
//! What an instance takes is what was measured here; INIT takes at least what was measured on AWS for Rust. Each has a core of
//! its own, as it has on AWS.

use std::time::Duration;

use lunch_cloud::{
    Delay, DelayModel, Event, FunctionConfig, InvocationKind, Profile, Record, ReplyAt, Settings,
};
use lunch_contract::{
    FunctionId, Moment, Outcome, Process, QualifierId, RequestId, ResponseEnding, RevisionId,
};
use lunch_sim::{Act, Playbook, Simulation, Startup};

use super::{Plan, count};
use crate::compare::figures::{Figures, Kind, Row, Spread, Way};
use crate::compare::overlap::{Span, most_at_once};

const FUNCTION: FunctionId = FunctionId(0);

/// Plays what is beyond the cores, from the figures of one caller.
pub(crate) fn play(plan: &Plan, figures: &mut Figures) {
    let beyond = plan.sizes.iter().chain(&plan.played).copied();
    let mut sizes: Vec<_> = beyond.filter(|size| *size > plan.cores).collect();
    sizes.sort_unstable();
    sizes.dedup();
    for work in Kind::ALL {
        let one = figures.measured(Way::Functions, work).next().map(|row| row.pieces_per_s.median);
        let Some(one) = one.filter(|one| *one > 0.0) else { continue };
        let calls = figures.calls;
        for size in &sizes {
            let lunch = Lunch {
                takes: Duration::from_secs_f64(1.0 / one),
                init: Duration::from_secs_f64(calls.init_ms.median / 1e3),
            };
            figures.rows.push(row(&lunch, work, *size, one, calls.memory_mb));
        }
    }
}

/// What an instance of it takes.
#[derive(Clone, Copy, Debug)]
struct Lunch {
    takes: Duration,
    init: Duration,
}

fn row(lunch: &Lunch, work: Kind, size: usize, one: f64, memory_mb: u32) -> Row {
    let played = played(*lunch, size);
    let served = size - played.refused;
    let per_s = count(served) / played.wall_s.max(1e-9);
    let spread = |value| Spread { least: value, median: value, most: value };
    Row {
        way: Way::Functions,
        work,
        workers: size,
        in_progress: most_at_once(&played.spans),
        executing: (work == Kind::Calculates).then(|| most_at_once(&played.executions)),
        pieces_per_s: spread(per_s),
        speed_up: per_s / one,
        wall_s: spread(played.wall_s),
        cpu_s: Spread::default(),
        memory_bytes: None,
        gb_s: Some(f64::from(memory_mb) / 1_024.0 * played.billed_ms / 1e3),
        voluntary_switches: None,
        involuntary_switches: None,
        is_played: true,
        refused: played.refused,
    }
}

#[derive(Debug, Default)]
struct Played {
    /// From arrival to answer, of who was served.
    spans: Vec<Span>,
    /// From the invocation's start to its end.
    executions: Vec<Span>,
    refused: usize,
    wall_s: f64,
    billed_ms: f64,
}

/// So many calls at once to a function that nobody has called before.
fn played(lunch: Lunch, size: usize) -> Played {
    let mut cloud = Simulation::new(Settings::default(), Vec::new(), lunch, false);
    let delay = DelayModel { init: Delay::Profile(Profile::RustAl2023), ..DelayModel::default() };
    let config = FunctionConfig { delay, ..FunctionConfig::default() };
    let deploy = Event::Deploy { function: FUNCTION, revision: RevisionId(1), config };
    cloud.tell(deploy).expect("an empty cloud takes a function");
    for index in 0..size {
        let request = RequestId {
            serial: u64::try_from(index).unwrap_or(u64::MAX),
            index: u32::try_from(index).unwrap_or(u32::MAX),
        };
        let (kind, reply) = (InvocationKind::RequestResponse, ReplyAt::Response);
        let (function, qualifier) = (FUNCTION, QualifierId::LATEST);
        let call = Event::Invoke { request, function, kind, reply, qualifier };
        cloud.tell(call).expect("a call is taken, be it to be refused with an answer");
    }
    // Every call has its answer, and every invocation its end.
    while cloud.world.answers.len() < size && cloud.step().is_some() {}
    let last = cloud.later(Duration::from_secs(1));
    while cloud.world.now() < last && cloud.step().is_some() {}
    let answers = std::mem::take(&mut cloud.world.answers);
    let refused = |outcome: &Outcome| matches!(outcome, Outcome::Throttled { .. });
    let is_served = |answer: &&lunch_sim::Answer| !refused(&answer.outcome);
    let wall = answers.iter().map(|answer| answer.at.as_nanos()).max().unwrap_or(0);
    let mut played = Played {
        spans: answers
            .iter()
            .filter(is_served)
            .map(|answer| span(Moment::ZERO, answer.at))
            .collect(),
        refused: answers.iter().filter(|answer| refused(&answer.outcome)).count(),
        wall_s: Duration::from_nanos(wall).as_secs_f64(),
        ..Played::default()
    };
    for (at, record) in cloud.cloud.into_trace() {
        if let Record::Ended { duration, billed_ms, .. } = record {
            let begin = at.as_nanos() - u64::try_from(duration.as_nanos()).unwrap_or(0);
            played.executions.push(span(Moment::from_nanos(begin), at));
            played.billed_ms += u32::try_from(billed_ms).map_or(f64::MAX, f64::from);
        }
    }
    played
}

const fn span(from: Moment, to: Moment) -> Span {
    Span { from_ns: from.as_nanos(), to_ns: to.as_nanos() }
}

impl Playbook for Lunch {
    fn start(&mut self, _: Process, _: FunctionId, _: RevisionId) -> Startup {
        Startup { takes: self.init, failure: None, acts: vec![Act::Next] }
    }

    fn serve(&mut self, _: Process, _: RequestId) -> Vec<Act> {
        let mut acts = vec![Act::Sleep(self.takes)];
        acts.extend(Act::respond(ResponseEnding::Complete));
        acts.push(Act::Next);
        acts
    }

    fn call_takes(&mut self) -> Duration {
        Duration::ZERO
    }

    fn exit_takes(&mut self) -> Duration {
        Duration::ZERO
    }

    fn kill_takes(&mut self) -> Duration {
        Duration::ZERO
    }

    fn termination_takes(&mut self) -> Duration {
        Duration::ZERO
    }

    fn timer_late(&mut self) -> Duration {
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(size: usize) -> Played {
        played(Lunch { takes: Duration::from_millis(20), init: Duration::from_millis(5) }, size)
    }

    #[test]
    fn as_many_run_at_once_as_the_account_allows_and_the_rest_is_refused() {
        let hundred = of(100);
        assert_eq!((most_at_once(&hundred.spans), hundred.refused), (100, 0));
        assert!(most_at_once(&hundred.executions) > 50, "they start at about the same time");
        let too_many = of(2_000);
        assert_eq!((most_at_once(&too_many.spans), too_many.refused), (1_000, 1_000));
    }

    #[test]
    fn what_is_played_takes_its_init_and_its_work_and_is_billed_for_both() {
        let one = of(1);
        assert!(one.wall_s > 0.025 && one.wall_s < 0.2, "{one:?}");
        assert!(one.billed_ms >= 26.0 && one.billed_ms < 200.0, "{one:?}");
    }
}
