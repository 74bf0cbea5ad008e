//! How long the services pause, and what bounds them.

use core::time::Duration;

use lunch_contract::ecs::Limits;
use serde::{Deserialize, Serialize};

use crate::settings::Pace;

/// How the services behave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// What AWS refuses, and its defaults.
    pub limits: Limits,
    /// How long a task without a health check is RUNNING until it counts as healthy. AWS: 40 s.
    pub healthy_after: Duration,
    /// How starts wait that never come to RUNNING.
    pub throttle: ThrottlePolicy,
    /// A task that ended by itself is replaced no earlier than this after its own placement. Ours: on AWS a task takes tens
    /// of seconds to start (F 10, unsure), here a program that ends at once would be started hundreds of times a second.
    pub least_life: Duration,
    /// How long a task is PROVISIONING. Ours is nothing; AWS's is tens of seconds and not promised.
    pub provisioning: Duration,
    /// STOPPED tasks that are shown at most, the newest ones, within AWS's hour. Ours.
    pub stopped_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self::of(Pace::default())
    }
}

impl Settings {
    /// At that pace: AWS's own pauses, or short ones.
    #[must_use]
    pub const fn of(pace: Pace) -> Self {
        let limits = Limits::aws();
        let (healthy_after, throttle) = match pace {
            Pace::Aws => (limits.healthy_after, ThrottlePolicy::aws_2026()),
            Pace::Fast => (Duration::from_secs(1), ThrottlePolicy::fast()),
        };
        Self {
            limits,
            healthy_after,
            throttle,
            least_life: Duration::from_secs(1),
            provisioning: Duration::ZERO,
            stopped_max: 1_000,
        }
    }
}

/// How the starts of a service wait whose tasks end before they reach RUNNING. AWS says that the pause grows, up to 27
/// minutes, and that this may change; not how: so a policy has a name with a date.
///
/// The first task that fails is replaced at once. Every further failure in a row makes the pause twice as long; tasks
/// that fail in the same pause count as one. A task that reaches RUNNING, or a new deployment, begins from nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThrottlePolicy {
    /// So many failures in a row are replaced at once.
    pub free: u32,
    /// The first pause.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
}

impl ThrottlePolicy {
    /// 10 s, 20 s, 40 s and so on, up to AWS's 27 minutes (D:service-throttle-logic, read in 2026; the first and the
    /// growth are ours).
    #[must_use]
    pub const fn aws_2026() -> Self {
        Self { free: 1, first: Duration::from_secs(10), longest: Limits::aws().throttle_max }
    }

    /// 1 s, 2 s, 4 s and so on, up to 30 s: for who waits at a terminal.
    #[must_use]
    pub const fn fast() -> Self {
        Self { free: 1, first: Duration::from_secs(1), longest: Duration::from_secs(30) }
    }

    /// How long starts wait after that many failures in a row.
    #[must_use]
    pub fn pause(&self, failures: u32) -> Duration {
        match failures.checked_sub(self.free + 1) {
            None => Duration::ZERO,
            Some(doubled) => {
                let times = 1_u32.checked_shl(doubled).unwrap_or(u32::MAX);
                self.first.checked_mul(times).unwrap_or(self.longest).min(self.longest)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_27_minutes() {
        let policy = ThrottlePolicy::aws_2026();
        let pauses = core::array::from_fn(|failures| {
            policy.pause(u32::try_from(failures).expect("twelve are few")).as_secs()
        });
        assert_eq!(pauses, [0, 0, 10, 20, 40, 80, 160, 320, 640, 1_280, 1_620, 1_620]);
        assert_eq!(policy.pause(u32::MAX).as_secs(), 1_620);
    }
}
