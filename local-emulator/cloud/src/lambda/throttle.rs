//! Rates: so many in each window, granted anew continuously.

use core::time::Duration;

use lunch_contract::Moment;

/// A token bucket that holds one window's worth, kept as the moment at which it will be full again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bucket {
    full_at: Moment,
}

impl Bucket {
    /// Takes one of the `per_window`, if there is one.
    pub(super) fn take(&mut self, now: Moment, per_window: u32, window: Duration) -> bool {
        if per_window == 0 {
            return false;
        }
        let full_at = self.full_at.max(now) + window / per_window;
        if full_at > now + window {
            return false;
        }
        self.full_at = full_at;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_worth_at_once_and_then_one_by_one() {
        let mut bucket = Bucket::default();
        let window = Duration::from_secs(10);
        let start = Moment::from_millis(5);

        let at_once = (0..2_000).filter(|_| bucket.take(start, 1_000, window)).count();
        assert_eq!(at_once, 1_000);
        assert!(!bucket.take(start + Duration::from_millis(9), 1_000, window));
        assert!(bucket.take(start + Duration::from_millis(10), 1_000, window));
        assert!(!bucket.take(start + Duration::from_millis(10), 1_000, window));
    }
}
