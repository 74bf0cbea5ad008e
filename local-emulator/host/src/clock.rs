//! The host's clock: real time that goes on while the machine sleeps, and how far `advance` has put the cloud ahead.
//!
//! The only place that makes a [`Moment`]. The cloud's wall-clock time is a pure function of it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lunch_contract::Moment;
use nix::time::{ClockId, clock_gettime};

/// Tells the time.
#[derive(Debug)]
pub(crate) struct Clock {
    /// `CLOCK_BOOTTIME` at the driver's epoch.
    epoch: Duration,
    /// Wall-clock time of the moment zero, since 1970: the first run's beginning, where there were others.
    wall_epoch: Duration,
    /// The moment of this run's epoch.
    began: Moment,
    /// How much farther the cloud is than the machine.
    ahead: Duration,
}

impl Clock {
    /// A clock whose epoch is now.
    pub(crate) fn start() -> Self {
        let (wall_epoch, began) = (wall(), Moment::ZERO);
        Self { epoch: boottime(), wall_epoch, began, ahead: Duration::ZERO }
    }

    /// A clock that goes on where another one stood at `last`: time that has passed meanwhile counts, and none goes back.
    pub(crate) fn resume(wall_epoch: Duration, ahead: Duration, last: Moment) -> Self {
        let passed = Moment::ZERO + wall().saturating_sub(wall_epoch);
        let began = passed.max(Moment::ZERO + last.since(Moment::ZERO + ahead));
        Self { epoch: boottime(), wall_epoch, began, ahead }
    }

    /// Now, in the cloud.
    pub(crate) fn now(&self) -> Moment {
        self.began + (boottime().saturating_sub(self.epoch) + self.ahead)
    }

    /// The cloud's wall-clock time of a moment, since 1970.
    pub(crate) fn wall_of(&self, at: Moment) -> Duration {
        self.wall_epoch + at.since(Moment::ZERO)
    }

    /// When `CLOCK_BOOTTIME` will say that the moment has come.
    pub(crate) fn boottime_of(&self, at: Moment) -> Duration {
        (self.epoch + at.since(self.began)).saturating_sub(self.ahead)
    }

    /// Puts the cloud ahead.
    pub(crate) fn advance(&mut self, by: Duration) {
        self.ahead += by;
    }

    /// Wall-clock time of the moment zero, since 1970.
    pub(crate) const fn wall_epoch(&self) -> Duration {
        self.wall_epoch
    }

    /// How far the cloud is ahead.
    pub(crate) const fn ahead(&self) -> Duration {
        self.ahead
    }
}

/// Wall-clock time of the machine, since 1970: what a function's own clock says.
pub(crate) fn wall() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn boottime() -> Duration {
    let time = clock_gettime(ClockId::CLOCK_BOOTTIME).expect("Linux has this clock since 2.6.39");
    Duration::new(
        u64::try_from(time.tv_sec()).unwrap_or_default(),
        u32::try_from(time.tv_nsec()).unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_advance_moves_the_cloud_and_not_the_machine() {
        let mut clock = Clock::start();
        let before = clock.now();
        clock.advance(Duration::from_secs(600));
        let after = clock.now();

        assert!(after.since(before) >= Duration::from_secs(600));
        let due = after + Duration::from_secs(1);
        let waits = clock.boottime_of(due).saturating_sub(boottime());
        assert!(waits <= Duration::from_secs(1), "a second in the cloud is one here: {waits:?}");
        assert!(clock.wall_of(after) >= wall() + Duration::from_secs(599));
    }
}
