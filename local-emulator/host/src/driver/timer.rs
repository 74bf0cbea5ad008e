//! The one timer: a descriptor that becomes readable at an absolute time, armed anew only for an earlier one.

use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::rc::Rc;
use std::time::Duration;

use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use tokio::io::unix::AsyncFd;

/// A timer on `CLOCK_BOOTTIME`: to the microsecond, and right after a sleep of the machine too.
#[derive(Clone, Debug)]
pub(crate) struct Timer(Rc<AsyncFd<Descriptor>>);

#[derive(Debug)]
struct Descriptor(TimerFd);

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl Timer {
    /// A timer that is not armed.
    ///
    /// # Errors
    /// What the operating system refuses.
    pub(crate) fn open() -> io::Result<Self> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_BOOTTIME, flags)?;
        Ok(Self(Rc::new(AsyncFd::new(Descriptor(timer))?)))
    }

    /// Fires when `CLOCK_BOOTTIME` says this; in place of what was armed before.
    pub(crate) fn arm(&self, boottime: Duration) {
        // Zero would disarm it.
        let at = TimeSpec::from_duration(boottime.max(Duration::from_nanos(1)));
        let set = self.0.get_ref().0.set(Expiration::OneShot(at), TimerSetTimeFlags::TFD_TIMER_ABSTIME);
        set.expect("the kernel takes any time that is not negative");
    }

    /// Waits until it has fired.
    pub(crate) async fn fired(&self) {
        loop {
            let Ok(mut ready) = self.0.readable().await else { return std::future::pending().await };
            let read = ready.try_io(|timer| timer.get_ref().0.wait().map_err(io::Error::from));
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
