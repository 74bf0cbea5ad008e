//! The machine that decides, alone: driven in virtual time by a street of callers, beside the same street without it.
//!
//! Each caller goes round: its request, its answer's start, its answer's end, the instance's next `/next`, each an event
//! at a moment of its own. The floor knows what is due (a heap) and who is idle (a list), and that is all. Ours has the
//! same heap and tells the cloud each event.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use lunch_cloud::drive::{Input, World, tell};
use lunch_cloud::{Cloud, Command, Event, FunctionConfig, InvocationKind, ReplyAt, Settings, Wake};
use lunch_contract::{
    FunctionId, InstanceId, Limits, Moment, Participant, Process, QualifierId, RequestId,
    ResponseEnding, RevisionId,
};

use crate::figures::Rounds;
use crate::table::{Bar, Row, Unit};
use crate::{Bench, Failure};

const SIZES: [u32; 3] = [10, 1_000, 100_000];
/// Each round, at each size.
const EVENTS: u32 = 1_000_000;

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    let mut least = None;
    for instances in SIZES {
        let (mut ours, mut floor, mut steps) = (Rounds::default(), Rounds::default(), 0.0);
        for _ in 0..bench.rounds {
            floor.add(nanos_per_event(floor_of(instances)));
            let (took, counted) = Street::open(instances).serve()?;
            ours.add(nanos_per_event(took));
            steps = counted;
        }
        let what = format!("the machine, per event, {instances} instances");
        let row = Row::alone(what, Unit::Nanos, &ours);
        rows.push(row.over("heap and list", &floor).bar(Bar::AtMost(4.0)));
        let what = format!("  steps per event and command, {instances} instances");
        let row = Row::figure(what, Unit::Steps, steps);
        // The first size says what the others may grow from: with the logarithm, and no faster.
        let growth = f64::from(instances).ln() / f64::from(SIZES[0]).ln();
        rows.push(match least {
            Some(least) => row.bar(Bar::AtMost(least * growth)),
            None => row,
        });
        least = least.or(Some(steps));
    }
    Ok(rows)
}

fn nanos_per_event(took: Duration) -> f64 {
    took.as_secs_f64() * 1e9 / f64::from(EVENTS)
}

/// Draws how long something takes.
struct Spans(u64);

impl Spans {
    /// How long until a caller's next event, in nanoseconds: it is away and is served for 0.5 to 1.5 ms each; an answer
    /// and the way to `/next` take 10 to 30 us.
    const fn draw(&mut self, step: Step) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        match step {
            Step::Asks | Step::AnswerStarts => 500_000 + self.0 % 1_000_000,
            Step::AnswerEnds | Step::Next => 10_000 + self.0 % 20_000,
        }
    }
}

/// What happens at a caller, in this order, round and round.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Asks,
    AnswerStarts,
    AnswerEnds,
    Next,
}

impl Step {
    const fn then(self) -> Self {
        match self {
            Self::Asks => Self::AnswerStarts,
            Self::AnswerStarts => Self::AnswerEnds,
            Self::AnswerEnds => Self::Next,
            Self::Next => Self::Asks,
        }
    }
}

/// What is due: when, at which caller, and what. The earliest first.
type Due = BinaryHeap<Reverse<(u64, u32, Step)>>;

/// Every caller is away at first.
fn opening(callers: u32, spans: &mut Spans) -> Due {
    (0..callers).map(|caller| Reverse((spans.draw(Step::Asks), caller, Step::Asks))).collect()
}

/// The street without a cloud: as many callers as instances, each served by the instance that came free last.
fn floor_of(instances: u32) -> Duration {
    let mut spans = Spans(1);
    let mut idle: Vec<u32> = (0..instances).collect();
    let mut serving = vec![0; instances as usize];
    let mut due = opening(instances, &mut spans);
    let since = Instant::now();
    for _ in 0..EVENTS {
        let Some(Reverse((now, caller, step))) = due.pop() else { break };
        match step {
            Step::Asks => serving[caller as usize] = idle.pop().unwrap_or_default(),
            Step::AnswerStarts | Step::AnswerEnds => {}
            Step::Next => idle.push(serving[caller as usize]),
        }
        let then = step.then();
        due.push(Reverse((now + spans.draw(then), caller, then)));
    }
    std::hint::black_box(&idle);
    since.elapsed()
}

/// The same street with a cloud.
struct Street {
    cloud: Cloud<()>,
    outside: Outside,
    spans: Spans,
    due: Due,
    requests: u64,
    told: u64,
}

/// What a driver keeps.
#[derive(Default)]
struct Outside {
    /// Each caller's request, as its serial number, since its index is the caller's; and who serves it.
    serving: Vec<(u64, Process)>,
    /// Processes that are to be started.
    spawned: Vec<Process>,
    wake: Option<Moment>,
    commands: u64,
}

impl World for Outside {
    fn execute(&mut self, _now: Moment, command: Command) {
        self.commands += 1;
        match command {
            Command::Spawn { process, .. } => self.spawned.push(process),
            Command::Deliver { process, request, .. } => {
                self.serving[request.index as usize] = (request.serial, process);
            }
            Command::Release { .. }
            | Command::Notify { .. }
            | Command::Reply { .. }
            | Command::Freeze { .. }
            | Command::Thaw { .. }
            | Command::Terminate { .. }
            | Command::Kill { .. }
            | Command::Retire { .. }
            | Command::Queue(_)
            | Command::Source(_)
            | Command::Asynchronous(_)
            | Command::Ecs(_) => {}
        }
    }

    fn arm(&mut self, wake: Option<(Moment, Wake)>) {
        self.wake = wake.map(|(at, _)| at);
    }
}

impl Street {
    /// A street on which everybody has been served once, all at the same time: there are as many instances as callers.
    fn open(instances: u32) -> Self {
        let settings = Settings { limits: Limits::relaxed(), ..Settings::default() };
        let mut spans = Spans(1);
        let due = opening(instances, &mut spans);
        // Serial numbers begin at 1: nobody is served yet.
        let nobody = Process { instance: InstanceId { serial: 0, index: 0 }, spawn: 0 };
        let serving = vec![(0, nobody); instances as usize];
        let outside = Outside { serving, ..Outside::default() };
        let cloud = Cloud::new(settings, ());
        let mut street = Self { cloud, outside, spans, due, requests: 0, told: 0 };
        let (function, revision) = (FunctionId(0), RevisionId(1));
        let config = FunctionConfig::default();
        street.tell(Moment::ZERO, Event::Deploy { function, revision, config });
        let each = |street: &mut Self, step| {
            (0..instances).for_each(|caller| street.take(Moment::ZERO, caller, step));
        };
        each(&mut street, Step::Asks);
        for process in std::mem::take(&mut street.outside.spawned) {
            let participant = Participant::Runtime;
            street.tell(Moment::ZERO, Event::Next { process, participant });
        }
        for step in [Step::AnswerStarts, Step::AnswerEnds, Step::Next] {
            each(&mut street, step);
        }
        street
    }

    /// How long it takes, and how many steps each event and each command cost.
    fn serve(&mut self) -> Result<(Duration, f64), Failure> {
        let before = (self.cloud.operations(), self.told + self.outside.commands);
        let since = Instant::now();
        for _ in 0..EVENTS {
            let Some(Reverse((now, caller, step))) = self.due.pop() else { break };
            self.take(Moment::from_nanos(now), caller, step);
            let then = step.then();
            self.due.push(Reverse((now + self.spans.draw(then), caller, then)));
        }
        let took = since.elapsed();
        if !self.outside.spawned.is_empty() {
            let sentence = "an instance was started although one was idle";
            return Err(Failure::Premise(sentence.into()));
        }
        let after = (self.cloud.operations(), self.told + self.outside.commands);
        Ok((took, ratio(after.0 - before.0, after.1 - before.1)))
    }

    /// Tells what happens at a caller.
    fn take(&mut self, now: Moment, caller: u32, step: Step) {
        let event = if step == Step::Asks {
            self.requests += 1;
            Event::Invoke {
                request: RequestId { serial: self.requests, index: caller },
                function: FunctionId(0),
                kind: InvocationKind::RequestResponse,
                reply: ReplyAt::Response,
                qualifier: QualifierId::LATEST,
            }
        } else {
            let (serial, process) = self.outside.serving[caller as usize];
            let request = RequestId { serial, index: caller };
            match step {
                Step::AnswerStarts => Event::ResponseStarted { process, request, error: false },
                Step::AnswerEnds => {
                    Event::ResponseEnded { process, request, ending: ResponseEnding::Complete }
                }
                Step::Next | Step::Asks => {
                    Event::Next { process, participant: Participant::Runtime }
                }
            }
        };
        self.tell(now, event);
    }

    /// Tells, as a driver does: whatever is due first, then what happened.
    fn tell(&mut self, now: Moment, event: Event) {
        while let Some(at) = self.outside.wake.filter(|&at| at <= now) {
            self.told += 1;
            let told = tell(&mut self.cloud, &mut self.outside, at, Input::Timeout);
            told.expect("time is not refused");
        }
        self.told += 1;
        let told = tell(&mut self.cloud, &mut self.outside, now, Input::Event(event));
        told.expect("what happens on this street is not refused");
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio of counts for people to read")]
fn ratio(steps: u64, told: u64) -> f64 {
    steps as f64 / told as f64
}
