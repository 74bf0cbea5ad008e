//! The one place where a test waits for real time: for something that the cloud will come to, and never longer than
//! its patience. Whoever uses it names what is waited for.

use std::thread;
use std::time::{Duration, Instant};

/// How long something that is to come soon may take, on a machine that is busy with other tests.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Looks until there is something to be seen.
///
/// # Panics
/// If nothing is for too long: with `what`, and what `last` was seen.
#[track_caller]
pub fn wait_until<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let begin = Instant::now();
    loop {
        match look() {
            Ok(seen) => return seen,
            Err(_) if begin.elapsed() < PATIENCE => thread::sleep(LOOK_EVERY),
            Err(last) => panic!("for {} s waited in vain until {what}: {last}", PATIENCE.as_secs()),
        }
    }
}

/// A beginning, and points in time after it.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    begin: Instant,
}

impl Pace {
    /// Begins now.
    #[must_use]
    pub fn begin() -> Self {
        Self { begin: Instant::now() }
    }

    /// Waits until so long after the beginning.
    pub fn wait_for(self, after_begin: Duration) {
        thread::sleep(after_begin.saturating_sub(self.begin.elapsed()));
    }
}
