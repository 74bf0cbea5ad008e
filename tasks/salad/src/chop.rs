//! The work: chopping, which is real work for the processor, and how much of it a millisecond is.
//!
//! A salad costs an amount of CPU *time*. How many rounds that is on this machine is measured once, at the start, by
//! the clock that runs only while this process does; after that every salad is so many rounds, and what they cost is
//! measured again and told.

use std::hint::black_box;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// How long a trial of the calibration works.
const TRIAL: Duration = Duration::from_millis(10);
/// So many trials, of which the middle one counts: one that was disturbed does not.
const TRIALS: usize = 7;
/// Rounds between two looks at the clock: a look costs about half a microsecond, these some tens of microseconds.
const ROUNDS_PER_LOOK: u64 = 20_000;

/// CPU time of this process so far.
#[must_use]
pub fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID);
    now.expect("Linux has a clock for each process").into()
}

/// Chops, so many rounds.
pub fn chop(rounds: u64) {
    let mut board = 0x9E37_79B9_u32;
    for _ in 0..rounds {
        board ^= board << 13;
        board ^= board >> 17;
        board ^= board << 5;
        board = black_box(board);
    }
}

/// How many rounds of [`chop`] are a millisecond of CPU time here; at least 1. Takes some 80 ms.
#[must_use]
pub fn calibrate() -> u64 {
    // A core that was asleep needs a moment to come to its speed.
    trial();
    let mut rates: Vec<u64> = (0..TRIALS).map(|_| trial()).collect();
    rates.sort_unstable();
    rates[TRIALS / 2].max(1)
}

/// Rounds per millisecond, in one trial.
fn trial() -> u64 {
    let start = cpu_time();
    let mut rounds = 0;
    loop {
        chop(ROUNDS_PER_LOOK);
        rounds += ROUNDS_PER_LOOK;
        let spent = cpu_time() - start;
        if spent >= TRIAL {
            let per_ms = u128::from(rounds) * 1_000_000 / spent.as_nanos();
            return u64::try_from(per_ms).unwrap_or(u64::MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_calibrated_costs_about_what_it_should() {
        let per_ms = calibrate();
        let mut costs: Vec<_> = (0..5)
            .map(|_| {
                let start = cpu_time();
                chop(per_ms * 20);
                cpu_time() - start
            })
            .collect();
        costs.sort_unstable();
        // Wide, since other tests share the core's caches and its second thread.
        let middle = costs[2];
        assert!(
            middle > Duration::from_millis(10) && middle < Duration::from_millis(40),
            "{costs:?}"
        );
    }
}
