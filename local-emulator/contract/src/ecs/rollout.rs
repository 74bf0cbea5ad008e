//! The sums of a rolling update: how many tasks have to be healthy, how many may be there, how many failures are enough.

use serde::{Deserialize, Serialize};

use super::limits::Limits;

/// Between how many of its tasks a service moves while it replaces them, in percent of the desired count.
/// D:service_definition_parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Percents {
    /// `minimumHealthyPercent`: tasks that stay healthy, rounded up.
    pub minimum_healthy: u32,
    /// `maximumPercent`: tasks that are there or on their way, rounded down.
    pub maximum: u32,
}

impl Default for Percents {
    /// AWS's: 100 and 200.
    fn default() -> Self {
        Self { minimum_healthy: 100, maximum: 200 }
    }
}

impl Percents {
    /// The tasks that must stay healthy; never more than are wanted.
    #[must_use]
    pub fn least_healthy(self, desired: u32) -> u32 {
        let least = (u64::from(desired) * u64::from(self.minimum_healthy)).div_ceil(100);
        u32::try_from(least).unwrap_or(u32::MAX).min(desired)
    }

    /// The tasks that there may be; never fewer than are wanted.
    #[must_use]
    pub fn most(self, desired: u32) -> u32 {
        let most = u64::from(desired) * u64::from(self.maximum) / 100;
        u32::try_from(most).unwrap_or(u32::MAX).max(desired)
    }

    /// Whether AWS takes them: a maximum below 100 would want fewer tasks than are desired, and 100 for both would block
    /// every deployment.
    #[must_use]
    pub const fn are_possible(self) -> bool {
        self.maximum >= 100
            && self.minimum_healthy <= 200
            && self.maximum <= 200
            && !(self.minimum_healthy >= 100 && self.maximum == 100)
    }
}

/// So many tasks that failed one after the other fail a deployment: half of the desired count, at least 3, at most 200.
/// D:deployment-circuit-breaker.
#[must_use]
pub const fn breaker_threshold(desired: u32) -> u32 {
    let half = desired.div_ceil(2);
    if half < 3 {
        3
    } else if half > 200 {
        200
    } else {
        half
    }
}

const _: () = assert!(breaker_threshold(Limits::aws().desired_max) == 200);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minimum_is_rounded_up_and_the_maximum_down() {
        let percents = Percents { minimum_healthy: 50, maximum: 150 };
        assert_eq!((percents.least_healthy(5), percents.most(5)), (3, 7));
        assert_eq!((percents.least_healthy(1), percents.most(1)), (1, 1));
        assert_eq!((percents.least_healthy(0), percents.most(0)), (0, 0));
        let default = Percents::default();
        assert_eq!((default.least_healthy(4), default.most(4)), (4, 8));
    }

    #[test]
    fn both_at_100_percent_would_block_every_deployment() {
        assert!(Percents::default().are_possible());
        assert!(!Percents { minimum_healthy: 100, maximum: 100 }.are_possible());
        assert!(!Percents { minimum_healthy: 0, maximum: 99 }.are_possible());
        assert!(Percents { minimum_healthy: 0, maximum: 100 }.are_possible());
    }

    #[test]
    fn the_threshold_is_half_of_the_desired_count_between_3_and_200() {
        let thresholds = [0, 1, 6, 7, 25, 400, 5_000].map(breaker_threshold);
        assert_eq!(thresholds, [3, 3, 3, 4, 13, 200, 200]);
    }
}
