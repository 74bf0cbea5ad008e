//! One run of a command of the user's own, measured by what the kernel counted of it.

use std::io;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// What a command and all that it waited for took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// From its start to its end.
    pub wall: Duration,
    /// In its own code.
    pub user: Duration,
    /// In the kernel, for it.
    pub system: Duration,
    /// How often it gave up the processor to wait.
    pub voluntary_switches: u64,
    /// How often it was made to give it up.
    pub involuntary_switches: u64,
    /// What the largest of its processes held at most, bytes.
    pub rss_bytes_max: u64,
}

impl Measured {
    /// In the processor, its own code and the kernel's.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        self.user + self.system
    }
}

/// Runs a command to its end, with this program's own streams where it names no others, and measures it.
///
/// What is measured is what of this program's children has ended meanwhile: nothing else may be waited for beside it.
///
/// # Errors
/// It cannot be started or waited for.
pub fn run(command: &mut Command) -> io::Result<(ExitStatus, Measured)> {
    let before = children()?;
    let start = Instant::now();
    let status = command.status()?;
    let wall = start.elapsed();
    let after = children()?;
    let span = |of: fn(&Usage) -> TimeVal| {
        Duration::from_micros(micros(of(&after)).saturating_sub(micros(of(&before))))
    };
    let count = |of: fn(&Usage) -> libc::c_long| {
        u64::try_from(of(&after).saturating_sub(of(&before))).unwrap_or_default()
    };
    let measured = Measured {
        wall,
        user: span(Usage::user_time),
        system: span(Usage::system_time),
        voluntary_switches: count(Usage::voluntary_context_switches),
        involuntary_switches: count(Usage::involuntary_context_switches),
        rss_bytes_max: u64::try_from(after.max_rss()).unwrap_or_default() * 1024,
    };
    Ok((status, measured))
}

fn children() -> io::Result<Usage> {
    getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|errno: Errno| io::Error::from(errno))
}

fn micros(value: TimeVal) -> u64 {
    let whole = u64::try_from(value.tv_sec()).unwrap_or_default() * 1_000_000;
    whole + u64::try_from(value.tv_usec()).unwrap_or_default()
}
