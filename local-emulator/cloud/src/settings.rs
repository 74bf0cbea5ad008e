//! What a driver may choose: every doubt about AWS and every disturbance is a setting here, with a documented default.

use core::time::Duration;

use lunch_contract::Limits;
use serde::{Deserialize, Serialize};

use crate::asynchronous;
use crate::delay::DelayModel;
use crate::ecs;
use crate::event_source;
use crate::sqs;

/// How the cloud behaves, fixed for its life. With the seed and the events it decides every command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Where the draws begin: lives, delays, random choice.
    pub seed: u64,
    /// What AWS refuses.
    pub limits: Limits,
    /// Which idle instance serves next.
    pub choice: Choice,
    /// When idle and old instances go.
    pub reclaim: ReclaimPolicy,
    /// How long after the end of an invocation the instance is frozen, if nobody calls before. `None`: never.
    ///
    /// AWS does not say; a few milliseconds spare back-to-back requests two signals each.
    pub freeze_after: Option<Duration>,
    /// How long a request waits at most for an instance that has answered and not yet asked for more, before a cold
    /// start or a refusal is decided.
    pub gap_wait: Duration,
    /// Whether an instance with a registered extension gets its SHUTDOWN phase. Without extensions there is none.
    pub graceful_shutdown: bool,
    /// How the queues behave.
    #[serde(default)]
    pub sqs: sqs::Settings,
    /// What bounds event source mappings.
    #[serde(default)]
    pub sources: event_source::Limits,
    /// How events are tried again.
    #[serde(default)]
    pub asynchronous: asynchronous::Settings,
    /// How services keep their tasks.
    #[serde(default)]
    pub ecs: ecs::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            limits: Limits::strict(),
            choice: Choice::default(),
            reclaim: ReclaimPolicy::aws_2020(),
            freeze_after: Some(Duration::from_millis(5)),
            gap_wait: Duration::from_millis(25),
            graceful_shutdown: true,
            sqs: sqs::Settings::default(),
            sources: event_source::Limits::default(),
            asynchronous: asynchronous::Settings::default(),
            ecs: ecs::Settings::default(),
        }
    }
}

/// Whether AWS's own pauses are kept: what nobody needs but who wants to see them. What AWS refuses is
/// [`Limits`]' business.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pace {
    /// None: a deleted queue's name is free at once, a queue may be purged again at once, and a poller asks for more at
    /// once after a batch that failed. A service counts a task as healthy after a second, and tries again after at most
    /// half a minute.
    #[default]
    Fast,
    /// The first two last 60 s (F 9.2), and a poller backs off (F 7.3). A service takes 40 s, and up to 27 minutes (F 10).
    Aws,
}

/// Which of several idle instances serves the next request.
///
/// AWS documents none. In the AWS logs of 2020 behind `aws-2020` it was the most recently used one in 99.6 to 100 % of
/// the choices; the others are for tests that want to see what depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// The one that ended an invocation last.
    #[default]
    MostRecentlyUsed,
    /// The one that ended an invocation first.
    LeastRecentlyUsed,
    /// The one that was born first.
    Oldest,
    /// The one that was born last.
    Newest,
    /// Any, by the seed.
    Random,
}

impl Choice {
    /// All of them, with the names that a command line takes.
    pub const ALL: [(&'static str, Self); 5] = [
        ("mru", Self::MostRecentlyUsed),
        ("lru", Self::LeastRecentlyUsed),
        ("oldest", Self::Oldest),
        ("newest", Self::Newest),
        ("random", Self::Random),
    ];
}

/// When idle and old instances go. AWS promises nothing and changes it: so a policy has a name with a date.
///
/// Idle time is counted from the end of the last invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReclaimPolicy {
    /// All instances of a function go when it has served nothing for this long.
    pub function_idle: Option<Duration>,
    /// Any instance goes when it was idle for this long.
    pub instance_idle: Option<Duration>,
    /// An instance's life is drawn at birth, uniform between these; a busy one finishes its request before it goes.
    pub life: Option<(Duration, Duration)>,
}

impl ReclaimPolicy {
    /// Fitted to the logs of AWS us-east-1, April to June 2020, that N. Mahmoudi and H. Khazaei published with
    /// "Performance Modeling of Serverless Computing Platforms" (IEEE TCC 2020): 640 s, 1,100 s, 6,000 to 7,400 s.
    #[must_use]
    pub const fn aws_2020() -> Self {
        Self {
            function_idle: Some(Duration::from_secs(640)),
            instance_idle: Some(Duration::from_secs(1_100)),
            life: Some((Duration::from_secs(6_000), Duration::from_secs(7_400))),
        }
    }

    /// Ten minutes idle and no more, as measured from August 2019 on by M. Shilkov ("precisely 10 minutes").
    #[must_use]
    pub const fn aws_2019() -> Self {
        Self { function_idle: None, instance_idle: Some(Duration::from_secs(600)), life: None }
    }

    /// About six minutes idle, as measured on 2021-01-05 by M. Shilkov: at 6 minutes 41 % were cold, at 7 all.
    #[must_use]
    pub const fn aws_2021() -> Self {
        Self { function_idle: None, instance_idle: Some(Duration::from_secs(375)), life: None }
    }

    /// Instances stay until the cloud is shut down.
    #[must_use]
    pub const fn never() -> Self {
        Self { function_idle: None, instance_idle: None, life: None }
    }

    /// All named policies.
    pub const ALL: [(&'static str, Self); 4] = [
        ("aws-2020", Self::aws_2020()),
        ("aws-2019", Self::aws_2019()),
        ("aws-2021", Self::aws_2021()),
        ("never", Self::never()),
    ];
}

/// What the cloud knows of a function's code and configuration: one revision.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FunctionConfig {
    /// How long an invocation may take.
    pub timeout: Duration,
    /// How many invocations one instance takes at once: 1 unless the platform says more.
    pub slots: u32,
    /// How much longer a cold start takes than the host's own.
    pub delay: DelayModel,
}

impl Default for FunctionConfig {
    /// AWS's default timeout of 3 s, one slot, no delay.
    fn default() -> Self {
        Self { timeout: Duration::from_secs(3), slots: 1, delay: DelayModel::default() }
    }
}
