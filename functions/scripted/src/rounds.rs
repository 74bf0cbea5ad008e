//! Real work for the processor, told with its times, so that who looks at several instances can see which executed at once.

use std::hint::black_box;
use std::time::Duration;

use nix::sched::sched_getcpu;
use nix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

/// So often the clocks are looked at.
const SLICES: u64 = 16;

/// Calculates so many rounds: for each sixteenth of them when it began and ended, nanoseconds of the machine's monotonic
/// clock, what it took of the processor, and the core.
pub(crate) fn play(rounds: u64) -> Vec<Value> {
    let (each, rest) = (rounds / SLICES, rounds % SLICES);
    let slices = (0..SLICES).map(|slice| each + u64::from(slice < rest));
    slices.filter(|rounds| *rounds > 0).map(slice).collect()
}

fn slice(rounds: u64) -> Value {
    let from_ns = now_ns(ClockId::CLOCK_MONOTONIC);
    let cpu_ns = now_ns(ClockId::CLOCK_THREAD_CPUTIME_ID);
    let mut board = 0x9E37_79B9_u32;
    for _ in 0..rounds {
        board ^= board << 13;
        board ^= board >> 17;
        board ^= board << 5;
        board = black_box(board);
    }
    json!({
        "from_ns": from_ns,
        "cpu_ns": now_ns(ClockId::CLOCK_THREAD_CPUTIME_ID) - cpu_ns,
        "to_ns": now_ns(ClockId::CLOCK_MONOTONIC),
        "core": sched_getcpu().ok(),
    })
}

fn now_ns(clock: ClockId) -> u64 {
    let now = clock_gettime(clock).expect("Linux has these clocks");
    u64::try_from(Duration::from(now).as_nanos()).unwrap_or(u64::MAX)
}
