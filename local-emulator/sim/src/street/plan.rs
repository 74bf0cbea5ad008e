//! A seed's plan of a street: its queues, who works them off, and what goes wrong and how often.

use std::time::Duration;

use lunch_cloud::event_source::{self, MappingConfig};
use lunch_cloud::sqs::{self, Kind, Mischief, QueueConfig, Redrive};
use lunch_cloud::{DelayModel, Pace, asynchronous, asynchronous::EventConfig};
use lunch_contract::sqs::{Attributes, DeduplicationScope, QueueId};
use lunch_contract::{FunctionId, Limits};

use crate::plan::{Fault, Plan};
use crate::random::Random;

/// Something that goes wrong with the street, or that is unusual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trouble {
    /// The whole process ends, whatever is not safe yet is lost, and time goes by until it starts again.
    Crash,
    /// Somebody ends the cloud in good order, and starts it again.
    Stop,
    /// A commit fails, which ends the cloud.
    StoreFails,
    /// A commit takes its time.
    SlowStore,
    /// A function names messages of its batch that have to come again.
    PartialFailure,
    /// A receiver keeps what it was given and never says a word of it.
    Forgets,
    /// A receiver of a FIFO queue does not get its answer, and asks again with the same attempt id.
    AnswerLost,
    /// A receiver wants a message to be invisible for another time.
    ChangesVisibility,
    /// A receiver takes longer than its messages are invisible.
    SlowReceiver,
    /// Somebody uses a handle again.
    OldHandle,
    /// Somebody who waits for messages hangs up.
    HangsUp,
    Deploy,
    Evict,
    Reserve,
    UpdateMapping,
    /// A mapping is deleted, and another one made.
    Remap,
    SetAttributes,
    /// A queue is deleted, and made again some time later.
    DeleteQueue,
    Purge,
    MoveBack,
    /// Nothing happens for a long time.
    Quiet,
}

impl Trouble {
    const ALL: [Self; 21] = [
        Self::Crash,
        Self::Stop,
        Self::StoreFails,
        Self::SlowStore,
        Self::PartialFailure,
        Self::Forgets,
        Self::AnswerLost,
        Self::ChangesVisibility,
        Self::SlowReceiver,
        Self::OldHandle,
        Self::HangsUp,
        Self::Deploy,
        Self::Evict,
        Self::Reserve,
        Self::UpdateMapping,
        Self::Remap,
        Self::SetAttributes,
        Self::DeleteQueue,
        Self::Purge,
        Self::MoveBack,
        Self::Quiet,
    ];
}

/// The faults of instances that a batch or an event meets.
const OF_INSTANCES: [Fault; 14] = [
    Fault::SpawnFailure,
    Fault::SlowInit,
    Fault::InitCrash,
    Fault::InitErrorReported,
    Fault::CrashBeforeAnswer,
    Fault::CrashWithinAnswer,
    Fault::CrashAfterAnswer,
    Fault::CrashWhileIdle,
    Fault::NoAnswer,
    Fault::FunctionError,
    Fault::Oversized,
    Fault::SlowToAskForMore,
    Fault::LateExit,
    Fault::LateTimer,
];

/// A mapping, and how its function answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MappingPlan {
    pub(crate) config: MappingConfig,
    /// `ReportBatchItemFailures`.
    pub(crate) reports_failures: bool,
    /// Whether a filter rejects some.
    pub(crate) filters: bool,
}

/// Where a function's events end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Destinations {
    pub(crate) success: Option<QueueId>,
    pub(crate) failure: Option<QueueId>,
}

/// All that a seed stands for.
#[derive(Clone, Debug)]
pub(crate) struct StreetPlan {
    /// The cloud's settings, the functions, and the faults of their instances.
    pub(crate) instances: Plan,
    /// By id. The first two are for the dead, one of either type.
    pub(crate) queues: Vec<QueueConfig>,
    pub(crate) mappings: Vec<MappingPlan>,
    pub(crate) destinations: Vec<Destinations>,
    /// How each function's events are tried again.
    pub(crate) events: Vec<EventConfig>,
    /// From one visit to the next.
    pub(crate) gap: (Duration, Duration),
    /// How long a commit takes when the store is well.
    pub(crate) commit: Duration,
    /// How many groups and how many deduplication ids there are.
    pub(crate) groups: u64,
    pub(crate) dedups: u64,
    troubles: Vec<(Trouble, f64)>,
}

const DEAD: QueueId = QueueId(0);
const DEAD_FIFO: QueueId = QueueId(1);

impl StreetPlan {
    pub(crate) fn of(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x57EE_7000);
        let instances = instances(seed, &mut random);
        let queues = queues(&mut random);
        let functions = instances.functions.len();
        let mappings = mappings(&mut random, &queues, functions);
        let destination = |random: &mut Random| {
            let any = random.pick(&[None, Some(DEAD), Some(QueueId(2))]);
            any.filter(|queue| matches!(queues[queue.0 as usize].kind, Kind::Standard))
        };
        let destinations = (0..functions)
            .map(|_| Destinations {
                success: destination(&mut random),
                failure: destination(&mut random),
            })
            .collect();
        let ages = [60, 61, 200, 6 * 3_600].map(Duration::from_secs);
        let events = (0..functions)
            .map(|_| EventConfig {
                retries_max: random.pick(&[0, 1, 2, 2]),
                age_max: random.pick(&ages),
            })
            .collect();
        let low = random.magnitude(Duration::from_micros(200), Duration::from_secs(1));
        let spread = random.magnitude(Duration::from_millis(5), Duration::from_secs(120));
        let share = random.pick(&[0.0, 0.15, 0.3, 0.6]);
        let enabled: Vec<_> = Trouble::ALL.into_iter().filter(|_| random.chance(share)).collect();
        let rate = |trouble| (trouble, random.pick(&[0.01, 0.03, 0.1, 0.3]));
        Self {
            troubles: enabled.into_iter().map(rate).collect(),
            instances,
            queues: queues.clone(),
            mappings,
            destinations,
            events,
            gap: (low, low + spread),
            commit: random.magnitude(Duration::from_micros(50), Duration::from_millis(100)),
            groups: 1 + random.below(4),
            dedups: random.pick(&[5, 50, 5_000]),
        }
    }

    /// Which of the plan's queues that is or was: each time one is made it has another id.
    pub(crate) fn place(&self, queue: QueueId) -> usize {
        queue.0 as usize % self.queues.len()
    }

    pub(crate) fn rate(&self, trouble: Trouble) -> f64 {
        self.troubles.iter().find(|(with, _)| *with == trouble).map_or(0.0, |(_, rate)| *rate)
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        let Self { instances, queues, mappings, destinations, events, gap, commit, .. } = self;
        let mut lines = instances.lines();
        lines.extend(queues.iter().enumerate().map(|(nth, one)| format!("q-{nth} {one:?}")));
        lines.extend(mappings.iter().map(|one| format!("{one:?}")));
        lines.push(format!("{destinations:?}, {events:?}, gap {gap:?}, commit {commit:?}"));
        lines.push(format!("troubles {:?}", self.troubles));
        lines
    }
}

/// A cloud as other seeds have it, whose functions are sound: when nothing goes wrong, each answers in time.
fn instances(seed: u64, random: &mut Random) -> Plan {
    let mut plan = Plan::of(seed);
    plan.functions.truncate(2);
    plan.faults.retain(|(fault, _)| OF_INSTANCES.contains(fault));
    for function in &mut plan.functions {
        let timeout = random.magnitude(Duration::from_millis(500), Duration::from_secs(20));
        function.config.timeout = timeout;
        function.config.delay = DelayModel::default();
        let least = random.magnitude(Duration::from_micros(100), timeout / 20);
        function.work = (least, random.magnitude(least, timeout / 4));
    }
    let settings = &mut plan.settings;
    settings.limits.init = Limits::strict().init;
    settings.asynchronous = asynchronous::Settings::default();
    let pace = if random.chance(0.3) { Pace::Aws } else { Pace::Fast };
    settings.sources = event_source::Limits {
        pace,
        pollers_min: random.pick(&[1, 2, 5]),
        payload_bytes_max: random.pick(&[300_000, 6 * 1024 * 1024]),
        ..event_source::Limits::default()
    };
    let mut limits = lunch_contract::sqs::Limits::aws();
    limits.in_flight_max = random.pick(&[10, 120_000, 120_000]);
    let mischief = Mischief {
        duplicate: random.pick(&[0.0, 0.2]),
        reorder: random.pick(&[0, 3]),
        late: random.pick(&[Duration::ZERO, Duration::from_millis(700)]),
    };
    let mischief = if random.chance(0.4) { mischief } else { Mischief::default() };
    settings.sqs = sqs::Settings { seed: random.next(), limits, pace, mischief };
    plan
}

fn queues(random: &mut Random) -> Vec<QueueConfig> {
    let standard = QueueConfig::from(&Attributes::new(false));
    let fifo = QueueConfig::from(&Attributes::new(true));
    let count = 1 + random.below(3);
    let mut queues = vec![standard, fifo];
    for _ in 0..count {
        let scope = random.pick(&[DeduplicationScope::Queue, DeduplicationScope::MessageGroup]);
        let (kind, target) =
            random.pick(&[(Kind::Standard, DEAD), (Kind::Fifo { scope }, DEAD_FIFO)]);
        let retentions = [60, 300, 345_600, 345_600].map(Duration::from_secs);
        let max_receives = u32::try_from(1 + random.below(4)).unwrap_or(1);
        queues.push(QueueConfig {
            kind,
            delay: Duration::from_secs(random.pick(&[0, 0, 0, 3])),
            visibility: Duration::from_secs(random.pick(&[0, 1, 5, 30, 30, 90])),
            wait: Duration::from_secs(random.pick(&[0, 2, 20])),
            retention: random.pick(&retentions),
            redrive: random.chance(0.6).then_some(Redrive { target, max_receives }),
        });
    }
    queues
}

fn mappings(random: &mut Random, queues: &[QueueConfig], functions: usize) -> Vec<MappingPlan> {
    let mut mappings = Vec::new();
    for (number, queue) in queues.iter().enumerate().skip(2) {
        // What is visible at once is delivered for ever.
        if queue.visibility.is_zero() || random.chance(0.3) {
            continue;
        }
        let is_fifo = matches!(queue.kind, Kind::Fifo { .. });
        let windows: &[u64] = if is_fifo { &[0] } else { &[0, 0, 1, 5] };
        let most = u32::try_from(2 + random.below(5)).unwrap_or(2);
        let reports_failures = random.chance(0.5);
        mappings.push(MappingPlan {
            config: MappingConfig {
                queue: QueueId(u32::try_from(number).unwrap_or(0)),
                function: FunctionId(u32::try_from(random.index(functions)).unwrap_or(0)),
                batch_size: random.pick(if is_fifo { &[1, 3, 10] } else { &[1, 3, 10, 25] }),
                window: Duration::from_secs(random.pick(windows)),
                concurrency_max: random.chance(0.5).then_some(most),
                reports_failures,
                enabled: true,
            },
            reports_failures,
            filters: random.chance(0.2),
        });
    }
    mappings
}
