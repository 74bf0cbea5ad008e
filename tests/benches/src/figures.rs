//! Percentiles and medians.

use std::time::Duration;

/// Measurements of the same thing.
#[derive(Debug, Default)]
pub(crate) struct Sample(Vec<Duration>);

impl Sample {
    /// Makes room, so that none is made between measurements.
    pub(crate) fn reserve(&mut self, count: usize) {
        self.0.reserve(count);
    }

    pub(crate) fn add(&mut self, took: Duration) {
        self.0.push(took);
    }

    /// The smallest measurement that at least `percent` of all do not exceed: one that was made, none in between.
    ///
    /// # Panics
    /// If nothing was measured.
    pub(crate) fn percentile(&mut self, percent: usize) -> Duration {
        self.0.sort_unstable();
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0[rank - 1]
    }

    pub(crate) fn p50(&mut self) -> Duration {
        self.percentile(50)
    }
}

/// One figure for each round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rounds(Vec<f64>);

impl Rounds {
    pub(crate) fn add(&mut self, figure: f64) {
        self.0.push(figure);
    }

    /// The middle one, or the mean of the middle two.
    ///
    /// # Panics
    /// If there was no round.
    pub(crate) fn median(&self) -> f64 {
        let sorted = self.sorted();
        let half = sorted.len() / 2;
        if sorted.len() % 2 == 1 {
            sorted[half]
        } else {
            f64::midpoint(sorted[half - 1], sorted[half])
        }
    }

    /// The least and the most.
    pub(crate) fn span(&self) -> (f64, f64) {
        let sorted = self.sorted();
        (sorted[0], sorted[sorted.len() - 1])
    }

    /// Round by round, how many times the other's figure this one's is: what disturbs a round disturbs both.
    pub(crate) fn over(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(mine, theirs)| mine / theirs).collect())
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_measurement_by_its_rank() {
        let mut sample = Sample::default();
        for millis in [50, 10, 40, 20, 30] {
            sample.add(Duration::from_millis(millis));
        }
        let of = [1, 20, 21, 50, 80, 81, 99, 100].map(|p| sample.percentile(p).as_millis());
        assert_eq!(of, [10, 10, 20, 30, 40, 50, 50, 50]);
    }

    #[test]
    fn the_median_of_ratios_is_taken_round_by_round() {
        let (mut ours, mut floor) = (Rounds::default(), Rounds::default());
        for (mine, theirs) in [(2.0, 1.0), (30.0, 10.0), (4.0, 4.0), (9.0, 3.0)] {
            ours.add(mine);
            floor.add(theirs);
        }
        let ratio = ours.over(&floor);
        assert_eq!((ratio.median(), ratio.span()), (2.5, (1.0, 3.0)));
    }
}
