//! Every number that AWS promises of ECS on Fargate, with where it promises it.

use alloc::vec::Vec;
use core::ops::RangeInclusive;
use core::time::Duration;

use serde::{Deserialize, Serialize};

/// The limits of a task, a container and a service. All are F 10, which names AWS's own pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Containers of a task definition: 10. D:service-quotas.
    pub containers_max: usize,
    /// Tasks of a service: 5,000. D:service-quotas.
    pub desired_max: u32,
    /// Tasks of one `RunTask`: 10. M:ecs RunTask.
    pub run_max: u32,
    /// `stopTimeout` where none is given: 30 s. D:task_definition_parameters.
    pub stop_timeout: Duration,
    /// `stopTimeout` at most, on Fargate: 120 s. D:task_definition_parameters.
    pub stop_timeout_max: Duration,
    /// `interval` of a health check where none is given: 30 s. M:ecs HealthCheck.
    pub check_interval: Duration,
    /// `interval`: 5 to 300 s. M:ecs HealthCheck.
    pub check_interval_range: (Duration, Duration),
    /// `timeout` of a health check where none is given: 5 s. M:ecs HealthCheck.
    pub check_timeout: Duration,
    /// `timeout`: 2 to 60 s. M:ecs HealthCheck.
    pub check_timeout_range: (Duration, Duration),
    /// `retries` of a health check where none are given: 3. M:ecs HealthCheck.
    pub check_retries: u32,
    /// `retries`: 1 to 10. M:ecs HealthCheck.
    pub check_retries_range: (u32, u32),
    /// `startPeriod`: 0, which is off, to 300 s. M:ecs HealthCheck.
    pub check_start_period_max: Duration,
    /// `restartAttemptPeriod` where none is given: 300 s. M:ecs ContainerRestartPolicy.
    pub restart_period: Duration,
    /// `restartAttemptPeriod`: 60 to 1,800 s. M:ecs ContainerRestartPolicy.
    pub restart_period_range: (Duration, Duration),
    /// `ignoredExitCodes` at most: 50. M:ecs ContainerRestartPolicy.
    pub ignored_exit_codes_max: usize,
    /// How long a task without a health check is RUNNING until it counts as healthy: 40 s. D:deployment-type-ecs.
    pub healthy_after: Duration,
    /// The longest pause between starts of tasks that never reach RUNNING: 27 min. D:service-throttle-logic.
    pub throttle_max: Duration,
    /// How long a STOPPED task is shown: about an hour. D:stopped-task-error-codes.
    pub stopped_shown: Duration,
    /// Events of a service that are shown: the last 100. M:ecs Service.
    pub events_max: usize,
}

impl Limits {
    /// AWS's own limits.
    #[must_use]
    pub const fn aws() -> Self {
        Self {
            containers_max: 10,
            desired_max: 5_000,
            run_max: 10,
            stop_timeout: Duration::from_secs(30),
            stop_timeout_max: Duration::from_secs(120),
            check_interval: Duration::from_secs(30),
            check_interval_range: (Duration::from_secs(5), Duration::from_secs(300)),
            check_timeout: Duration::from_secs(5),
            check_timeout_range: (Duration::from_secs(2), Duration::from_secs(60)),
            check_retries: 3,
            check_retries_range: (1, 10),
            check_start_period_max: Duration::from_secs(300),
            restart_period: Duration::from_secs(300),
            restart_period_range: (Duration::from_secs(60), Duration::from_secs(1_800)),
            ignored_exit_codes_max: 50,
            healthy_after: Duration::from_secs(40),
            throttle_max: Duration::from_secs(27 * 60),
            stopped_shown: Duration::from_secs(3_600),
            events_max: 100,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::aws()
    }
}

/// A container's health check; the command is the driver's. M:ecs HealthCheck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// From the start to the first check, and from the end of one to the beginning of the next.
    pub interval: Duration,
    /// How long a check may take; one that takes longer has failed.
    pub timeout: Duration,
    /// So many failures one after the other make the container UNHEALTHY.
    pub retries: u32,
    /// For so long after the start failures do not count, unless a check has succeeded before.
    pub start_period: Duration,
}

impl Default for HealthCheck {
    /// AWS's: 30 s, 5 s, 3 retries, no start period.
    fn default() -> Self {
        let limits = Limits::aws();
        Self {
            interval: limits.check_interval,
            timeout: limits.check_timeout,
            retries: limits.check_retries,
            start_period: Duration::ZERO,
        }
    }
}

impl HealthCheck {
    /// Whether every value is one that AWS takes.
    #[must_use]
    pub fn is_within(&self, limits: &Limits) -> bool {
        span(limits.check_interval_range).contains(&self.interval)
            && span(limits.check_timeout_range).contains(&self.timeout)
            && span(limits.check_retries_range).contains(&self.retries)
            && self.start_period <= limits.check_start_period_max
    }
}

/// When a container that has ended is started again in place, its task going on. M:ecs ContainerRestartPolicy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestartPolicy {
    /// Exits with these statuses are not followed by a restart.
    pub ignored_exit_codes: Vec<i32>,
    /// A run that was shorter is not followed by a restart.
    pub attempt_period: Duration,
}

impl Default for RestartPolicy {
    /// AWS's: no exit is ignored, 300 s.
    fn default() -> Self {
        Self { ignored_exit_codes: Vec::new(), attempt_period: Limits::aws().restart_period }
    }
}

impl RestartPolicy {
    /// Whether every value is one that AWS takes.
    #[must_use]
    pub fn is_within(&self, limits: &Limits) -> bool {
        self.ignored_exit_codes.len() <= limits.ignored_exit_codes_max
            && span(limits.restart_period_range).contains(&self.attempt_period)
    }
}

const fn span<T: Copy>((least, most): (T, T)) -> RangeInclusive<T> {
    least..=most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_health_check_has_awss_defaults_and_ranges() {
        let limits = Limits::aws();
        let check = HealthCheck::default();
        assert!(check.is_within(&limits));
        let (second, most) = (Duration::from_secs(1), Duration::from_secs(301));
        for wrong in [
            HealthCheck { interval: second, ..check },
            HealthCheck { timeout: second, ..check },
            HealthCheck { retries: 0, ..check },
            HealthCheck { retries: 11, ..check },
            HealthCheck { start_period: most, ..check },
            HealthCheck { interval: most, ..check },
        ] {
            assert!(!wrong.is_within(&limits), "{wrong:?}");
        }
    }

    #[test]
    fn a_restart_policy_has_awss_defaults_and_ranges() {
        let limits = Limits::aws();
        assert!(RestartPolicy::default().is_within(&limits));
        let attempt_period = Duration::from_secs(59);
        assert!(!RestartPolicy { attempt_period, ..Default::default() }.is_within(&limits));
        let ignored_exit_codes = (0..51).collect();
        assert!(!RestartPolicy { ignored_exit_codes, ..Default::default() }.is_within(&limits));
    }
}
