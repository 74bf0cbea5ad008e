//! The one timer: a descriptor that becomes readable at an absolute time, armed anew only for an earlier one.

use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::Duration;

use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use tokio::io::unix::AsyncFd;

use crate::readiness::{Watched, watch};

/// A timer on `CLOCK_BOOTTIME`: to the microsecond, and right after a sleep of the machine too.
#[derive(Clone, Debug)]
pub(crate) struct Timer {
    timer: Rc<TimerFd>,
    /// The same timer by another descriptor.
    readable: Rc<AsyncFd<Watched>>,
}

impl Timer {
    /// A timer that is not armed.
    ///
    /// # Errors
    /// What the operating system refuses.
    pub(crate) fn open() -> io::Result<Self> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_BOOTTIME, flags)?;
        let readable = watch(timer.as_fd().try_clone_to_owned()?)?;
        Ok(Self { timer: Rc::new(timer), readable: Rc::new(readable) })
    }

    /// Fires when `CLOCK_BOOTTIME` says this; in place of what was armed before.
    pub(crate) fn arm(&self, boottime: Duration) {
        // Zero would disarm it.
        let at = TimeSpec::from_duration(boottime.max(Duration::from_nanos(1)));
        self.timer
            .set(Expiration::OneShot(at), TimerSetTimeFlags::TFD_TIMER_ABSTIME)
            .expect("the kernel takes any time that is not negative");
    }

    /// Waits until it has fired.
    pub(crate) async fn fired(&self) {
        loop {
            let Ok(mut ready) = self.readable.readable().await else {
                return std::future::pending().await;
            };
            let read = ready.try_io(|_| self.timer.wait().map_err(io::Error::from));
            if let Ok(Ok(())) = read {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use lunch_contract::Moment;

    use super::*;
    use crate::clock::Clock;

    #[tokio::test]
    async fn it_fires_at_its_time_and_not_before() {
        let clock = Clock::start();
        let timer = Timer::open().expect("there are descriptors");
        let due = Moment::from_millis(20);
        timer.arm(clock.boottime_of(Moment::from_millis(60_000)));
        timer.arm(clock.boottime_of(due));
        timer.fired().await;
        assert!(clock.now() >= due);
    }
}
