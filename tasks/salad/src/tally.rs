//! What was made so far, what it took, and what kept it from being more.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::word::Cost;

/// From that share of a maker's time on, something is more than an accident, percent.
const MUCH_PERCENT: u64 = 20;

/// Sums since the shop opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Orders that were brought to the counter.
    pub ordered: u64,
    /// Of them, those that no maker was free for when they came.
    pub waited: u64,
    /// Salads that were handed over the counter.
    pub served: u64,
    /// Orders that were given back unmade.
    pub given_back: u64,
    /// Processes of the staff that ended while the shop was open.
    pub staff_lost: u64,
    /// What the served salads took, in sum.
    pub makers: Cost,
    /// Bowls that were washed.
    pub washed: u64,
    /// What washing them took, in sum.
    pub washer: Cost,
}

/// What keeps the shop from serving more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Limit {
    /// Nothing in the shop: most orders found a maker that was free.
    Orders,
    /// Makers wait for clean bowls: more bowls, or a faster washer.
    Bowls,
    /// Makers wait for the processor: the machine has no more.
    Cores,
    /// Makers work all the time: more staff.
    Staff,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Orders => "its customers, who were too few",
            Self::Bowls => "its bowls",
            Self::Cores => "the cores, which ran out",
            Self::Staff => "its staff",
        })
    }
}

/// What one salad took on average, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Average {
    /// CPU time of its maker.
    pub cpu_ms: f64,
    /// From the bowl to the container.
    pub wall_ms: f64,
    /// From the order to the bowl.
    pub bowl_wait_ms: f64,
}

impl Tally {
    /// What one salad took; `None` before the first.
    #[must_use]
    pub fn average(&self) -> Option<Average> {
        let Cost { cpu_us, wall_us, bowl_wait_us } = self.makers;
        let each = |sum_us| {
            let sum = Duration::from_micros(sum_us);
            let each = sum.checked_div(u32::try_from(self.served).unwrap_or(u32::MAX));
            each.map(|each| each.as_secs_f64() * 1000.0)
        };
        Some(Average {
            cpu_ms: each(cpu_us)?,
            wall_ms: each(wall_us)?,
            bowl_wait_ms: each(bowl_wait_us)?,
        })
    }

    /// What kept the shop from serving more; `None` before the first salad.
    #[must_use]
    pub fn limit(&self) -> Option<Limit> {
        let Cost { cpu_us, wall_us, bowl_wait_us } = self.makers;
        let is_much = |part: u64, whole: u64| part > whole / 100 * MUCH_PERCENT;
        Some(if self.served == 0 {
            return None;
        } else if self.waited < self.ordered / 2 {
            Limit::Orders
        } else if is_much(bowl_wait_us, wall_us + bowl_wait_us) {
            Limit::Bowls
        } else if is_much(wall_us.saturating_sub(cpu_us), wall_us) {
            Limit::Cores
        } else {
            Limit::Staff
        })
    }
}

impl Cost {
    /// Adds another piece of work.
    pub(crate) const fn add(&mut self, other: Self) {
        self.cpu_us = self.cpu_us.saturating_add(other.cpu_us);
        self.wall_us = self.wall_us.saturating_add(other.wall_us);
        self.bowl_wait_us = self.bowl_wait_us.saturating_add(other.bowl_wait_us);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten salads that took so much in sum, ms, of orders of which so many waited.
    fn tally(waited: u64, cpu_ms: u64, wall_ms: u64, bowl_wait_ms: u64) -> Tally {
        let makers = Cost {
            cpu_us: cpu_ms * 1000,
            wall_us: wall_ms * 1000,
            bowl_wait_us: bowl_wait_ms * 1000,
        };
        Tally { ordered: 10, waited, served: 10, makers, ..Tally::default() }
    }

    #[test]
    fn the_limit_is_what_makes_orders_wait() {
        assert_eq!(Tally::default().limit(), None);
        assert_eq!(tally(4, 1000, 2000, 9000).limit(), Some(Limit::Orders));
        assert_eq!(tally(9, 1000, 1010, 500).limit(), Some(Limit::Bowls));
        assert_eq!(tally(9, 1000, 1400, 10).limit(), Some(Limit::Cores));
        assert_eq!(tally(9, 1000, 1010, 10).limit(), Some(Limit::Staff));
    }

    #[test]
    fn the_average_is_per_salad() {
        assert_eq!(Tally::default().average(), None);
        let average = Average { cpu_ms: 100.0, wall_ms: 140.0, bowl_wait_ms: 1.0 };
        assert_eq!(tally(9, 1000, 1400, 10).average(), Some(average));
    }
}
