//! The machine that decides, alone: driven in virtual time by a street of callers, beside the same street without it.
//!
//! The floor knows when something happens (a heap) and who is idle (a list), and that is all. Ours has the same heap
//! for the street, and tells the cloud: a request, its answer's start and end, the next `/next`.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use lunch_cloud::drive::{Input, World, tell};
use lunch_cloud::{Cloud, Command, Event, FunctionConfig, InvocationKind, ReplyAt, Settings, Wake};
use lunch_contract::{
    FunctionId, IdAllocator, Limits, Moment, Participant, Process, RequestId, ResponseEnding,
    RevisionId,
};

use crate::figures::Rounds;
use crate::table::{Bar, Row, Unit};
use crate::{Bench, Failure};

const SIZES: [u32; 3] = [10, 1_000, 100_000];
/// Each round, at each size.
const REQUESTS: u32 = 400_000;
/// What the driver tells for each request.
const EVENTS_PER_REQUEST: f64 = 4.0;

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    let mut steps_at_first = None;
    for instances in SIZES {
        let (mut ours, mut floor, mut steps) = (Rounds::default(), Rounds::default(), 0.0);
        for _ in 0..bench.rounds {
            floor.add(nanos_per_event(floor_of(instances)));
            let mut street = Street::open(instances);
            let (took, counted) = street.serve()?;
            ours.add(nanos_per_event(took));
            steps = counted;
        }
        let of = format!("{instances} instances");
        rows.push(
            Row::alone(format!("the machine, per event, {of}"), Unit::Nanos, &ours)
                .over("heap and list", &floor)
                .bar(Bar::AtMost(4.0)),
        );
        let first = *steps_at_first.get_or_insert(steps);
        let growth = f64::from(instances).ln() / f64::from(SIZES[0]).ln();
        rows.push(
            Row::figure(format!("  steps per event and command, {of}"), Unit::Steps, steps)
                .bar(Bar::AtMost(first * growth)),
        );
    }
    Ok(rows)
}

fn nanos_per_event(took: Duration) -> f64 {
    took.as_secs_f64() * 1e9 / f64::from(REQUESTS) / EVENTS_PER_REQUEST
}

/// Draws how long a caller is served, or stays away: 0.5 to 1.5 ms.
struct Spans(u64);

impl Spans {
    fn draw(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        500_000 + self.0 % 1_000_000
    }
}

/// The street without a cloud: as many callers as instances, each away or served by the one that came free last.
fn floor_of(instances: u32) -> Duration {
    const NOBODY: u32 = u32::MAX;
    let mut spans = Spans(1);
    let mut idle: Vec<u32> = (0..instances).collect();
    let mut serving = vec![NOBODY; instances as usize];
    let mut due: BinaryHeap<_> =
        (0..instances).map(|caller| Reverse((spans.draw(), caller))).collect();
    let mut served = 0;
    let since = Instant::now();
    while served < REQUESTS {
        let Some(Reverse((now, caller))) = due.pop() else { break };
        let by = &mut serving[caller as usize];
        if *by == NOBODY {
            *by = idle.pop().unwrap_or(NOBODY);
        } else {
            idle.push(*by);
            *by = NOBODY;
            served += 1;
        }
        due.push(Reverse((now + spans.draw(), caller)));
    }
    since.elapsed()
}

/// The same street with a cloud.
struct Street {
    cloud: Cloud<()>,
    outside: Outside,
    spans: Spans,
    due: BinaryHeap<Reverse<(u64, u32)>>,
    /// The request of each caller that is being served.
    requests: Vec<Option<RequestId>>,
    told: u64,
}

/// What a driver keeps.
#[derive(Default)]
struct Outside {
    ids: IdAllocator,
    /// Who serves a request, by its index.
    serving: Vec<Option<Process>>,
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
                let index = request.index as usize;
                if self.serving.len() <= index {
                    self.serving.resize(index + 1, None);
                }
                self.serving[index] = Some(process);
            }
            Command::Release { request } => self.ids.free(request.index),
            Command::Notify { .. }
            | Command::Reply { .. }
            | Command::Freeze { .. }
            | Command::Thaw { .. }
            | Command::Terminate { .. }
            | Command::Kill { .. }
            | Command::Retire { .. } => {}
        }
    }

    fn arm(&mut self, wake: Option<(Moment, Wake)>) {
        self.wake = wake.map(|(at, _)| at);
    }
}

impl Street {
    /// A street on which everybody has been served once, at the same time: there are as many instances as callers.
    fn open(instances: u32) -> Self {
        let settings = Settings { limits: Limits::relaxed(), ..Settings::default() };
        let mut street = Self {
            cloud: Cloud::new(settings, ()),
            outside: Outside::default(),
            spans: Spans(1),
            due: BinaryHeap::new(),
            requests: vec![None; instances as usize],
            told: 0,
        };
        let (function, revision) = (FunctionId(0), RevisionId(1));
        let config = FunctionConfig::default();
        street.tell(Moment::ZERO, Event::Deploy { function, revision, config });
        for caller in 0..instances {
            street.ask(Moment::ZERO, caller);
        }
        for process in std::mem::take(&mut street.outside.spawned) {
            street.tell(Moment::ZERO, Event::Next { process, participant: Participant::Runtime });
        }
        for caller in 0..instances {
            street.answer(Moment::ZERO, caller);
        }
        for caller in 0..instances {
            let at = street.spans.draw();
            street.due.push(Reverse((at, caller)));
        }
        street
    }

    /// How long it takes, and how many steps each event and each command cost.
    fn serve(&mut self) -> Result<(Duration, f64), Failure> {
        let (steps, told) = (self.cloud.operations(), self.told + self.outside.commands);
        let mut served = 0;
        let since = Instant::now();
        while served < REQUESTS {
            let Some(Reverse((at, caller))) = self.due.pop() else { break };
            let now = Moment::from_nanos(at);
            if self.requests[caller as usize].is_none() {
                self.ask(now, caller);
            } else {
                self.answer(now, caller);
                served += 1;
            }
            self.due.push(Reverse((at + self.spans.draw(), caller)));
        }
        let took = since.elapsed();
        if !self.outside.spawned.is_empty() {
            return Err(Failure::Premise("an instance was started although one was idle".into()));
        }
        let (steps, told) =
            (self.cloud.operations() - steps, self.told + self.outside.commands - told);
        Ok((took, ratio(steps, told)))
    }

    fn ask(&mut self, now: Moment, caller: u32) {
        let (index, serial) = self.outside.ids.allocate();
        let request = RequestId { serial, index };
        self.requests[caller as usize] = Some(request);
        let kind = InvocationKind::RequestResponse;
        self.tell(
            now,
            Event::Invoke { request, function: FunctionId(0), kind, reply: ReplyAt::Response },
        );
    }

    fn answer(&mut self, now: Moment, caller: u32) {
        let request = self.requests[caller as usize].take().expect("the caller is served");
        let process = self.outside.serving[request.index as usize].expect("somebody serves");
        self.tell(now, Event::ResponseStarted { process, request, error: false });
        let ending = ResponseEnding::Complete;
        self.tell(now, Event::ResponseEnded { process, request, ending });
        self.tell(now, Event::Next { process, participant: Participant::Runtime });
    }

    /// Tells, as a driver does: whatever is due first, then what happened.
    fn tell(&mut self, now: Moment, event: Event) {
        while let Some(at) = self.outside.wake.filter(|&at| at <= now) {
            self.told += 1;
            tell(&mut self.cloud, &mut self.outside, at, Input::Timeout)
                .expect("time is not refused");
        }
        self.told += 1;
        tell(&mut self.cloud, &mut self.outside, now, Input::Event(event))
            .expect("it is not refused");
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio of counts for people to read")]
fn ratio(steps: u64, told: u64) -> f64 {
    steps as f64 / told as f64
}
