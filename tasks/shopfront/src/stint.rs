//! A stint: so many workers do the same piece of work again and again, for whoever compares ways of doing several things at
//! once. What a worker is (a thread, a task on an event loop, a process) is its program's business.
//!
//! Nothing is judged here: each piece is told with its times, by the one clock that all processes of a machine share, and
//! who reads them counts how many there were at once.

use std::fs;
use std::hint::black_box;
use std::io;
use std::time::Duration;

use nix::sched::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
use nix::sys::resource::{UsageWho, getrusage};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// A calculation looks at the clocks so often: a slice is short beside what a scheduler gives at once.
const SLICES: u64 = 16;
/// More workers than that are no comparison but a load.
const WORKERS_MAX: usize = 10_000;
const LASTS_MAX: Duration = Duration::from_secs(600);

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stint {
    /// How many workers.
    pub workers: usize,
    /// What each of them does again and again.
    pub work: Work,
    /// No piece begins later than that after the first.
    pub lasts_ms: u64,
}

/// A piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Waits for so many milliseconds.
    WaitsMs(u64),
    /// Calculates so many rounds.
    Rounds(u64),
}

/// What is to be found out about workers that do nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// How many are made at once.
    pub workers: usize,
    /// How often two of them hand over to each other, there and back.
    pub rounds: u32,
}

/// A part of a calculation: nanoseconds of the machine's monotonic clock, and of the worker's own processor time in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// When it began.
    pub from_ns: u64,
    /// When it was done.
    pub to_ns: u64,
    /// Processor time between the two.
    pub cpu_ns: u64,
    /// On which core it ended; `None` where the kernel does not say.
    pub core: Option<usize>,
}

/// A piece of work that is done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// When it began, nanoseconds of the machine's monotonic clock.
    pub from_ns: u64,
    /// When it was done.
    pub to_ns: u64,
    /// When it calculated.
    pub slices: Vec<Slice>,
}

/// What a stint came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// All pieces.
    pub pieces: Vec<Piece>,
    /// Processor time of all workers, from the first piece to the last.
    pub cpu_ns: u64,
    /// How often a worker gave its core up to wait.
    pub voluntary_switches: u64,
    /// How often one was made to give it up.
    pub involuntary_switches: u64,
    /// What all of it held in memory at its end, bytes; `None` where `/proc` does not say.
    pub memory_bytes: Option<u64>,
}

/// What workers cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// From before the first is made until all have begun, by their number, microseconds.
    pub create_us: f64,
    /// Memory of its own that each holds, bytes; `None` where `/proc` does not say.
    pub memory_bytes: Option<u64>,
    /// From one worker to another on the same core, microseconds.
    pub switch_us: f64,
}

impl Stint {
    /// When the last piece may begin, if the first begins now.
    #[must_use]
    pub fn ends_ns(&self) -> u64 {
        now_ns() + self.lasts_ms.saturating_mul(1_000_000)
    }

    fn check(self) -> Result<Self, String> {
        let most = LASTS_MAX.as_millis();
        check_workers(self.workers)?;
        if self.lasts_ms == 0 || u128::from(self.lasts_ms) > most {
            let lasts_ms = self.lasts_ms;
            return Err(format!("`lasts_ms` is {lasts_ms}, and has to be from 1 to {most}"));
        }
        match self.work {
            Work::WaitsMs(0) | Work::Rounds(0) => Err("a piece of nothing never ends".to_owned()),
            Work::WaitsMs(_) | Work::Rounds(_) => Ok(self),
        }
    }
}

fn check_workers(workers: usize) -> Result<(), String> {
    let is_fine = (1..=WORKERS_MAX).contains(&workers);
    let refused = || format!("`workers` is {workers}, and has to be from 1 to {WORKERS_MAX}");
    is_fine.then_some(()).ok_or_else(refused)
}

/// What a program was asked for, by two arguments: `stint` or `costs`, and its JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// `stint JSON`.
    Stint(Stint),
    /// `costs JSON`.
    Costs(Costs),
}

impl Asked {
    /// Reads them; `None` if the first is neither.
    ///
    /// # Errors
    /// A sentence, if the JSON makes no sense.
    pub fn from(part: &str, json: Option<&str>) -> Option<Result<Self, String>> {
        let json = json.unwrap_or_default();
        let told = |error| format!("`{json}` cannot be read after `{part}`: {error}");
        match part {
            "stint" => {
                let stint = serde_json::from_str::<Stint>(json).map_err(told);
                Some(stint.and_then(Stint::check).map(Self::Stint))
            }
            "costs" => {
                let costs = serde_json::from_str::<Costs>(json).map_err(told);
                let checked = costs.and_then(|costs| {
                    check_workers(costs.workers)?;
                    if costs.rounds == 0 { Err("`rounds` is 0".to_owned()) } else { Ok(costs) }
                });
                Some(checked.map(Self::Costs))
            }
            _ => None,
        }
    }
}

/// The machine's monotonic clock, nanoseconds.
#[must_use]
pub fn now_ns() -> u64 {
    clock(ClockId::CLOCK_MONOTONIC)
}

/// Processor time of this process, nanoseconds.
#[must_use]
pub fn cpu_ns() -> u64 {
    clock(ClockId::CLOCK_PROCESS_CPUTIME_ID)
}

fn clock(which: ClockId) -> u64 {
    let now = clock_gettime(which).expect("Linux has these clocks");
    u64::try_from(Duration::from(now).as_nanos()).unwrap_or(u64::MAX)
}

/// One slice of a piece that takes so many rounds.
#[must_use]
pub fn calculate(rounds: u64) -> Slice {
    let (from_ns, cpu) = (now_ns(), clock(ClockId::CLOCK_THREAD_CPUTIME_ID));
    let mut board = 0x9E37_79B9_u32;
    for _ in 0..rounds {
        board ^= board << 13;
        board ^= board >> 17;
        board ^= board << 5;
        board = black_box(board);
    }
    let cpu_ns = clock(ClockId::CLOCK_THREAD_CPUTIME_ID) - cpu;
    Slice { from_ns, to_ns: now_ns(), cpu_ns, core: sched_getcpu().ok() }
}

/// The slices of a piece, in rounds.
pub fn slices(rounds: u64) -> impl Iterator<Item = u64> {
    let (each, rest) = (rounds / SLICES, rounds % SLICES);
    (0..SLICES).map(move |slice| each + u64::from(slice < rest)).filter(|rounds| *rounds > 0)
}

/// Does pieces in a thread that has nothing else to do, until it is too late to begin another.
#[must_use]
pub fn work(work: Work, ends_ns: u64) -> Vec<Piece> {
    let mut pieces = Vec::new();
    loop {
        let from_ns = now_ns();
        if from_ns >= ends_ns && !pieces.is_empty() {
            return pieces;
        }
        let slices = match work {
            Work::WaitsMs(ms) => {
                std::thread::sleep(Duration::from_millis(ms));
                Vec::new()
            }
            Work::Rounds(rounds) => slices(rounds).map(calculate).collect(),
        };
        pieces.push(Piece { from_ns, to_ns: now_ns(), slices });
    }
}

/// What is counted of this process while its workers work.
#[derive(Debug)]
pub struct Meter {
    cpu_ns: u64,
    switches: (u64, u64),
}

impl Meter {
    /// Counts from now on.
    ///
    /// # Errors
    /// If the kernel does not tell.
    pub fn start() -> io::Result<Self> {
        Ok(Self { switches: switches()?, cpu_ns: cpu_ns() })
    }

    /// What was done meanwhile, in these pieces.
    ///
    /// # Errors
    /// If the kernel does not tell.
    pub fn done(self, pieces: Vec<Piece>) -> io::Result<Done> {
        let (cpu_ns, now) = (cpu_ns() - self.cpu_ns, switches()?);
        Ok(Done {
            pieces,
            cpu_ns,
            voluntary_switches: now.0 - self.switches.0,
            involuntary_switches: now.1 - self.switches.1,
            memory_bytes: own_bytes(),
        })
    }
}

/// How often this process's threads, also those that have ended, gave up their cores: to wait, and made to.
///
/// # Errors
/// If the kernel does not tell.
fn switches() -> io::Result<(u64, u64)> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let count = |of| u64::try_from(of).unwrap_or(0);
    Ok((count(usage.voluntary_context_switches()), count(usage.involuntary_context_switches())))
}

/// The memory that only this process holds, bytes: what would be free without it.
#[must_use]
pub fn own_bytes() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/smaps_rollup").ok()?;
    let field = |name: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    };
    Some((field("Private_Clean:")? + field("Private_Dirty:")?) * 1_024)
}

/// Keeps the calling thread on the first core that it may use: the same one for all.
///
/// # Errors
/// If the kernel refuses.
pub fn pin() -> io::Result<()> {
    let this = Pid::from_raw(0);
    let may = sched_getaffinity(this)?;
    let mut first = CpuSet::new();
    if let Some(core) = (0..CpuSet::count()).find(|core| may.is_set(*core).unwrap_or(false)) {
        first.set(core)?;
    }
    Ok(sched_setaffinity(this, &first)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_told_with_its_times_and_its_processor_time() {
        let done = work(Work::Rounds(160_000), 0);
        let [piece] = done.as_slice() else { panic!("one piece is always done: {done:?}") };
        assert_eq!(piece.slices.len(), 16);
        let spans = piece.slices.windows(2);
        assert!({ spans }.all(|pair| pair[0].to_ns <= pair[1].from_ns));
        assert!(piece.slices.iter().all(|slice| slice.cpu_ns > 0 && slice.core.is_some()));
        let waited = &work(Work::WaitsMs(3), 0)[0];
        assert!(waited.to_ns - waited.from_ns >= 3_000_000 && waited.slices.is_empty());
    }

    #[test]
    fn all_rounds_are_in_some_slice() {
        for rounds in [1, 15, 16, 17, 1_000_003] {
            assert_eq!(slices(rounds).sum::<u64>(), rounds);
            assert!(slices(rounds).all(|slice| slice > 0));
        }
    }

    #[test]
    fn what_makes_no_stint_is_refused_with_a_sentence() {
        let refused = |part, json| Asked::from(part, Some(json)).expect("a part").expect_err(json);
        assert!(Asked::from("chef", None).is_none());
        let stint = r#"{"workers":2,"work":{"waits_ms":20},"lasts_ms":5}"#;
        assert!(matches!(Asked::from("stint", Some(stint)), Some(Ok(Asked::Stint(_)))));
        let told = refused("stint", r#"{"workers":0,"work":{"waits_ms":20},"lasts_ms":5}"#);
        assert_eq!(told, "`workers` is 0, and has to be from 1 to 10000");
        let told = refused("stint", r#"{"workers":1,"work":{"rounds":0},"lasts_ms":5}"#);
        assert_eq!(told, "a piece of nothing never ends");
        let told = refused("stint", r#"{"workers":1,"work":{"rounds":1},"lasts_ms":0}"#);
        assert!(told.starts_with("`lasts_ms` is 0"), "{told}");
        assert!(refused("costs", "x").starts_with("`x` cannot be read after `costs`: "));
        assert_eq!(refused("costs", r#"{"workers":1,"rounds":0}"#), "`rounds` is 0");
    }

    #[test]
    fn this_process_holds_memory_of_its_own() {
        assert!(own_bytes().expect("Linux") > 100 * 1_024);
    }
}
