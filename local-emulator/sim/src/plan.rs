//! A seed's plan: how the cloud is set, what its functions are like, and which faults there are and how often.
//!
//! Each seed has a random subset of the faults, at wildly different rates, so that each gets its chance to be alone.

use std::time::Duration;

use lunch_cloud::{
    Choice, Delay, DelayModel, FunctionConfig, Profile, ReclaimPolicy, Settings, asynchronous, sqs,
};
use lunch_contract::Limits;

use crate::random::Random;

/// Something that goes wrong, or that is unusual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Fault {
    SpawnFailure,
    SlowInit,
    EndlessInit,
    InitCrash,
    InitErrorReported,
    CrashBeforeAnswer,
    CrashWithinAnswer,
    CrashAfterAnswer,
    CrashWhileIdle,
    NoAnswer,
    AnswerAtTheDeadline,
    DoubleAnswer,
    LateAnswer,
    UnknownId,
    NextTwice,
    Oversized,
    Truncated,
    FunctionError,
    SlowAnswer,
    SlowToAskForMore,
    CallerLeaves,
    ReplyAtEnd,
    LateExit,
    LastWords,
    LateTimer,
    StubbornShutdown,
    Storm,
    EvictFunction,
    EvictInstance,
    Deploy,
    Reserve,
    Advance,
    StaleWord,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 33] = [
        Self::SpawnFailure,
        Self::SlowInit,
        Self::EndlessInit,
        Self::InitCrash,
        Self::InitErrorReported,
        Self::CrashBeforeAnswer,
        Self::CrashWithinAnswer,
        Self::CrashAfterAnswer,
        Self::CrashWhileIdle,
        Self::NoAnswer,
        Self::AnswerAtTheDeadline,
        Self::DoubleAnswer,
        Self::LateAnswer,
        Self::UnknownId,
        Self::NextTwice,
        Self::Oversized,
        Self::Truncated,
        Self::FunctionError,
        Self::SlowAnswer,
        Self::SlowToAskForMore,
        Self::CallerLeaves,
        Self::ReplyAtEnd,
        Self::LateExit,
        Self::LastWords,
        Self::LateTimer,
        Self::StubbornShutdown,
        Self::Storm,
        Self::EvictFunction,
        Self::EvictInstance,
        Self::Deploy,
        Self::Reserve,
        Self::Advance,
        Self::StaleWord,
    ];
}

/// What a function is like when nothing goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionPlan {
    /// What the cloud knows of it.
    pub config: FunctionConfig,
    /// How long its INIT takes.
    pub init: Duration,
    /// How long an answer takes, at least and at most.
    pub work: (Duration, Duration),
    /// Whether its processes register an extension, and whether that wants to know of invocations.
    pub extension: Option<bool>,
}

/// All that a seed stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// How the cloud is set.
    pub settings: Settings,
    /// The functions, by id.
    pub functions: Vec<FunctionPlan>,
    /// From one arrival to the next, at least and at most; every order of magnitude alike.
    pub gap: (Duration, Duration),
    /// How many arrivals a storm has at most.
    pub storm: u64,
    /// The faults that there are, each with its probability where it could happen.
    pub faults: Vec<(Fault, f64)>,
}

impl Plan {
    /// The plan of that seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let settings = settings(&mut random);
        let count = 1 + random.below(3);
        let functions = (0..count).map(|_| function(&mut random)).collect();
        let low = random.magnitude(Duration::from_micros(50), Duration::from_secs(1));
        let spread = random.magnitude(Duration::from_millis(1), Duration::from_secs(3_000));
        Self {
            seed,
            settings,
            functions,
            gap: (low, low + spread),
            storm: 2 + random.below(30),
            faults: faults(&mut random),
        }
    }

    /// For whoever has to find out what went wrong.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let Self { seed: _, settings, functions, gap, storm, faults } = self;
        let functions = functions.iter().enumerate().map(|(nth, one)| format!("f-{nth} {one:?}"));
        std::iter::once(format!("settings {settings:?}"))
            .chain(functions)
            .chain([format!("gap {gap:?}, storm {storm}, faults {faults:?}")])
            .collect()
    }

    /// How probable a fault is.
    #[must_use]
    pub fn rate(&self, fault: Fault) -> f64 {
        self.faults.iter().find(|(with, _)| *with == fault).map_or(0.0, |(_, rate)| *rate)
    }
}

fn faults(random: &mut Random) -> Vec<(Fault, f64)> {
    let share = random.pick(&[0.0, 0.1, 0.3, 0.6]);
    let enabled: Vec<_> = Fault::ALL.into_iter().filter(|_| random.chance(share)).collect();
    enabled.into_iter().map(|fault| (fault, random.pick(&[0.002, 0.01, 0.05, 0.2, 0.5]))).collect()
}

fn settings(random: &mut Random) -> Settings {
    let reclaim = match random.below(6) {
        0 => ReclaimPolicy::never(),
        1 => ReclaimPolicy::aws_2019(),
        2 | 3 => small_reclaim(random),
        _ => ReclaimPolicy::aws_2020(),
    };
    let choice = match random.below(8) {
        0 => Choice::LeastRecentlyUsed,
        1 => Choice::Oldest,
        2 => Choice::Newest,
        3 => Choice::Random,
        _ => Choice::MostRecentlyUsed,
    };
    Settings {
        seed: random.next(),
        limits: limits(random),
        choice,
        reclaim,
        freeze_after: random.pick(&[
            None,
            Some(Duration::ZERO),
            Some(Duration::from_millis(5)),
            Some(Duration::from_millis(5)),
            Some(Duration::from_secs(1)),
        ]),
        gap_wait: Duration::from_millis(random.pick(&[0, 1, 25, 25, 25, 1_000])),
        graceful_shutdown: random.chance(0.8),
        sqs: sqs::Settings::default(),
        sources: lunch_cloud::event_source::Limits::default(),
        // Each request has one answer by these laws.
        asynchronous: asynchronous::Settings {
            retries: false,
            ..asynchronous::Settings::default()
        },
        ecs: lunch_cloud::ecs::Settings::default(),
    }
}

fn small_reclaim(random: &mut Random) -> ReclaimPolicy {
    let (short, long) = (Duration::from_millis(50), Duration::from_secs(100));
    let life = random.magnitude(short, long);
    let spread = random.magnitude(short, long);
    ReclaimPolicy {
        function_idle: random.chance(0.6).then(|| random.magnitude(short, long)),
        instance_idle: random.chance(0.6).then(|| random.magnitude(short, long)),
        life: random.chance(0.6).then(|| (life, life + spread)),
    }
}

fn limits(random: &mut Random) -> Limits {
    let strict = Limits::strict();
    let small = |random: &mut Random, most: u64| u32::try_from(1 + random.below(most)).unwrap_or(1);
    Limits {
        account_concurrency: match random.below(3) {
            0 => None,
            1 => Some(small(random, 12)),
            _ => strict.account_concurrency,
        },
        unreserved_concurrency_min: random.pick(&[0, 1, 3, 100]),
        scaling_instances: match random.below(3) {
            0 => None,
            1 => Some(small(random, 12)),
            _ => strict.scaling_instances,
        },
        scaling_window: random.pick(&[strict.scaling_window, Duration::from_secs(1)]),
        requests_per_second_per_concurrency: match random.below(3) {
            0 => None,
            1 => Some(small(random, 3)),
            _ => strict.requests_per_second_per_concurrency,
        },
        init: random.pick(&[strict.init, Duration::from_millis(200)]),
        ..strict
    }
}

fn function(random: &mut Random) -> FunctionPlan {
    let timeout = random.magnitude(Duration::from_millis(20), Duration::from_secs(60));
    let delay = |random: &mut Random| match random.below(6) {
        0 => Delay::Fixed(random.magnitude(Duration::from_millis(1), Duration::from_secs(1))),
        1 => Delay::Profile(Profile::RustAl2023),
        2 => Delay::LogNormal { mu: 3.0, sigma: 1.0 },
        _ => Delay::None,
    };
    let least = random.magnitude(Duration::from_micros(100), timeout / 8);
    FunctionPlan {
        config: FunctionConfig {
            timeout,
            slots: 1,
            delay: DelayModel { placement: delay(random), init: delay(random) },
        },
        init: random.magnitude(Duration::from_micros(500), Duration::from_millis(100)),
        work: (least, random.magnitude(least, timeout / 2)),
        extension: random.chance(0.3).then(|| random.chance(0.5)),
    }
}
