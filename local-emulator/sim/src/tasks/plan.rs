//! What a seed stands for: task definitions, services, and troubles at wildly different rates.

use std::time::Duration;

use lunch_cloud::ecs::{
    self, Breaker, ContainerConfig, Dependency, ServiceConfig, TaskConfig, ThrottlePolicy,
};
use lunch_cloud::{Pace, Settings};
use lunch_contract::ecs::{
    DefinitionId, DependencyCondition, HealthCheck, Percents, RestartPolicy,
};

use crate::random::Random;

/// What may go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    /// A container cannot be started.
    StartFailure,
    /// It ends by itself.
    Crash,
    /// It ignores SIGTERM.
    Stubborn,
    /// Its health checks begin to fail.
    Sickness,
    /// A health check takes longer than it may.
    SlowCheck,
    /// Its start takes long.
    SlowStart,
    /// An old word is told again.
    Stray,
    /// The driver's timer is late.
    LateTimer,
}

const TROUBLES: [Trouble; 8] = [
    Trouble::StartFailure,
    Trouble::Crash,
    Trouble::Stubborn,
    Trouble::Sickness,
    Trouble::SlowCheck,
    Trouble::SlowStart,
    Trouble::Stray,
    Trouble::LateTimer,
];

#[derive(Clone, Debug)]
pub(super) struct TasksPlan {
    pub(super) seed: u64,
    pub(super) settings: Settings,
    pub(super) definitions: Vec<TaskConfig>,
    pub(super) services: Vec<ServiceConfig>,
    troubles: Vec<(Trouble, f64)>,
    /// From one wish of people to the next.
    pub(super) wishes: (Duration, Duration),
}

impl TasksPlan {
    pub(super) fn of(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x7A5C_0E5C);
        let definitions: Vec<_> =
            (0..2 + random.index(4)).map(|_| definition(&mut random)).collect();
        let services = (0..1 + random.index(3)).map(|_| {
            let definition = random.index(definitions.len());
            service(&mut random, u32::try_from(definition).unwrap_or(0))
        });
        let services = services.collect();
        let mut troubles = Vec::new();
        for trouble in TROUBLES {
            if random.chance(0.5) {
                troubles.push((trouble, random.pick(&[0.01, 0.1, 0.3, 0.9])));
            }
        }
        let longest = random.pick(&[30, 120, 600]);
        let wishes = (Duration::from_secs(1), Duration::from_secs(longest));
        let settings = Settings { ecs: settings(&mut random), ..Settings::default() };
        Self { seed, settings, definitions, services, troubles, wishes }
    }

    pub(super) fn rate(&self, trouble: Trouble) -> f64 {
        let found = self.troubles.iter().find(|(one, _)| *one == trouble);
        found.map_or(0.0, |(_, rate)| *rate)
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("seed {}: {:?}", self.seed, self.troubles)];
        lines.push(format!("settings: {:?}", self.settings.ecs));
        let definitions = self.definitions.iter().enumerate();
        lines.extend(definitions.map(|(number, config)| format!("td-{number}: {config:?}")));
        let services = self.services.iter().enumerate();
        lines.extend(services.map(|(number, config)| format!("s-{number}: {config:?}")));
        lines
    }
}

fn settings(random: &mut Random) -> ecs::Settings {
    let settings = ecs::Settings::of(random.pick(&[Pace::Fast, Pace::Aws]));
    ecs::Settings {
        throttle: random.pick(&[ThrottlePolicy::fast(), ThrottlePolicy::aws_2026()]),
        provisioning: Duration::from_secs(random.pick(&[0, 0, 5, 20])),
        stopped_max: random.pick(&[5, 1_000]),
        ..settings
    }
}

fn definition(random: &mut Random) -> TaskConfig {
    let mut containers = vec![container(random, true)];
    if random.chance(0.3) {
        containers.push(container(random, false));
        depend(random, &mut containers);
    }
    if containers.len() == 2 && random.chance(0.5) {
        containers.push(container(random, true));
        depend(random, &mut containers);
    }
    TaskConfig { containers, one_at_a_time: random.chance(0.2) }
}

fn container(random: &mut Random, essential: bool) -> ContainerConfig {
    let check = HealthCheck {
        interval: Duration::from_secs(random.pick(&[5, 30])),
        timeout: Duration::from_secs(random.pick(&[2, 5])),
        retries: random.pick(&[1, 3]),
        start_period: Duration::from_secs(random.pick(&[0, 20])),
    };
    let restart =
        RestartPolicy { ignored_exit_codes: vec![7], attempt_period: Duration::from_secs(60) };
    ContainerConfig {
        essential,
        depends_on: Vec::new(),
        stop_timeout: Duration::from_secs(random.pick(&[2, 30, 120])),
        health_check: random.chance(0.5).then_some(check),
        restart: random.chance(0.3).then_some(restart),
    }
}

/// The last container waits for one before it, or the first one waits for the last.
fn depend(random: &mut Random, containers: &mut [ContainerConfig]) {
    let last = containers.len() - 1;
    let (who, on) = if last == 1 && random.chance(0.5) { (0, last) } else { (last, last - 1) };
    let other = &containers[on];
    let mut conditions = vec![DependencyCondition::Start];
    if !other.essential {
        conditions.extend([DependencyCondition::Complete, DependencyCondition::Success]);
    }
    if other.health_check.is_some() {
        conditions.push(DependencyCondition::Healthy);
    }
    let container = u8::try_from(on).unwrap_or(0);
    // One that is to end for one is never healthy for another.
    let is_awaited = containers.iter().flat_map(|one| &one.depends_on);
    if is_awaited.into_iter().any(|one| one.container == container) {
        conditions.truncate(1);
    }
    let condition = random.pick(&conditions);
    containers[who].depends_on.push(Dependency { container, condition });
}

pub(super) fn service(random: &mut Random, definition: u32) -> ServiceConfig {
    let percents =
        random.pick(&[(100, 200), (100, 150), (50, 100), (0, 100), (50, 200), (66, 133)]);
    let breaker = Breaker { rollback: random.chance(0.5) };
    ServiceConfig {
        definition: DefinitionId(definition),
        desired: random.pick(&[0, 1, 1, 2, 3, 4, 7]),
        percents: Percents { minimum_healthy: percents.0, maximum: percents.1 },
        breaker: random.chance(0.5).then_some(breaker),
    }
}
