//! Measuring: each way does its stints, one after the other, so that nothing that is measured runs beside another.

pub(crate) mod aside;
pub(crate) mod beyond;
pub(crate) mod compiled;
pub(crate) mod functions;
pub(crate) mod processes;
pub(crate) mod programs;
pub(crate) mod workers;

use std::num::NonZero;
use std::thread::available_parallelism;
use std::time::Duration;

use super::figures::{Figures, Kind, Row, Spread, Way};
use super::overlap::{Slice, Span, most_at_once, most_executing};

/// How long a piece waits.
const WAITS_MS: u64 = 20;
/// How much of a core a piece takes that calculates.
const CALCULATES_MS: u64 = 10;

/// What is to be measured, and how often.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Workers, from one on, ascending.
    pub(crate) sizes: Vec<usize>,
    pub(crate) repeats: usize,
    pub(crate) lasts: Duration,
    pub(crate) cores: usize,
    pub(crate) waits_ms: u64,
    pub(crate) calculates_ms: u64,
    /// How long a calculation is that a customer of the burger shop asks for, in burgers.
    pub(crate) aside_burgers: u32,
    /// Calls at once that are played only, beside the sizes.
    pub(crate) played: Vec<usize>,
}

/// More calls at once than any machine has cores: as many as an account may have, and twice as many.
const PLAYED: [usize; 2] = [1_000, 2_000];

impl Plan {
    /// With these sizes, or with some that this machine makes sense of.
    pub(crate) fn of(sizes: &[usize], repeats: usize, lasts: Duration, is_quick: bool) -> Self {
        let cores = available_parallelism().map_or(1, NonZero::get);
        let usual: &[usize] = if is_quick { &[] } else { &[16, 64] };
        let asked = if sizes.is_empty() { [usual, &[cores]].concat() } else { sizes.to_vec() };
        let mut sizes: Vec<_> = [vec![1], asked].concat();
        sizes.sort_unstable();
        sizes.dedup();
        Self {
            sizes,
            repeats,
            lasts,
            cores,
            waits_ms: WAITS_MS,
            calculates_ms: CALCULATES_MS,
            aside_burgers: if is_quick { 10_000 } else { 50_000 },
            played: PLAYED.to_vec(),
        }
    }

    pub(crate) fn figures(&self) -> Figures {
        Figures {
            cores: self.cores,
            repeats: self.repeats,
            seconds: self.lasts.as_secs_f64(),
            waits_ms: self.waits_ms,
            calculates_ms: self.calculates_ms,
            ..Figures::default()
        }
    }
}

/// One stint, as it was done.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stint {
    pub(crate) spans: Vec<Span>,
    pub(crate) slices: Vec<Slice>,
    pub(crate) cpu_s: f64,
    pub(crate) memory_bytes: Option<u64>,
    /// As AWS bills it; else memory times wall is taken.
    pub(crate) billed_gb_s: Option<f64>,
    pub(crate) voluntary_switches: Option<u64>,
    pub(crate) involuntary_switches: Option<u64>,
}

impl Stint {
    /// From the first piece's begin to the last one's end, seconds.
    #[expect(clippy::cast_precision_loss, reason = "a stint is shorter than 2^53 ns")]
    fn wall_s(&self) -> f64 {
        let from = self.spans.iter().map(|span| span.from_ns).min().unwrap_or(0);
        let to = self.spans.iter().map(|span| span.to_ns).max().unwrap_or(0);
        to.saturating_sub(from) as f64 / 1e9
    }
}

/// What the repeats of a stint come to; `one`: how many pieces a second one worker of that way does.
pub(crate) fn row(way: Way, work: Kind, workers: usize, stints: &[Stint], one: Option<f64>) -> Row {
    let spread = |of: &dyn Fn(&Stint) -> f64| Spread::of(stints.iter().map(of).collect());
    let sum = |of: &dyn Fn(&Stint) -> Option<u64>| stints.iter().map(of).sum::<Option<u64>>();
    let pieces_per_s = spread(&|stint| count(stint.spans.len()) / stint.wall_s().max(1e-9));
    let gb_s = |stint: &Stint| {
        let held = || stint.memory_bytes.map(|bytes| gb(bytes) * stint.wall_s());
        stint.billed_gb_s.or_else(held)
    };
    let all_gb_s: Option<Vec<_>> = stints.iter().map(gb_s).collect();
    // Whoever has calculated was executing, however often it was interrupted.
    let executing =
        |stint: &Stint| most_executing(&stint.slices).max(usize::from(!stint.slices.is_empty()));
    let executing = stints.iter().map(executing).max();
    Row {
        way,
        work,
        workers,
        in_progress: stints.iter().map(|stint| most_at_once(&stint.spans)).max().unwrap_or(0),
        executing: executing.filter(|_| work == Kind::Calculates),
        pieces_per_s,
        speed_up: pieces_per_s.median / one.unwrap_or(pieces_per_s.median).max(1e-9),
        wall_s: spread(&Stint::wall_s),
        cpu_s: spread(&|stint| stint.cpu_s),
        memory_bytes: stints.iter().map(|stint| stint.memory_bytes).max().flatten(),
        gb_s: all_gb_s.map(|all| Spread::of(all).median),
        voluntary_switches: sum(&|stint| stint.voluntary_switches),
        involuntary_switches: sum(&|stint| stint.involuntary_switches),
        is_played: false,
        refused: 0,
    }
}

/// As AWS counts: 1,024 MB each.
pub(crate) fn gb(bytes: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "nobody has 2^53 bytes")]
    let bytes = bytes as f64;
    bytes / f64::from(1_u32 << 30)
}

/// A count as a number to divide with.
pub(crate) fn count(many: usize) -> f64 {
    u32::try_from(many).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stint(pieces: &[(u64, u64)], cpu_s: f64) -> Stint {
        let ms = 1_000_000;
        let span = |(from, to): &(u64, u64)| Span { from_ns: from * ms, to_ns: to * ms };
        let spans = pieces.iter().map(span).collect();
        Stint { spans, cpu_s, memory_bytes: Some(1 << 30), ..Stint::default() }
    }

    #[test]
    fn a_row_is_made_of_its_repeats() {
        let stints = [
            stint(&[(0, 10), (0, 10), (10, 20), (10, 20)], 0.01),
            stint(&[(5, 25), (5, 25)], 0.03),
        ];
        let row = row(Way::Async, Kind::Waits, 2, &stints, Some(50.0));
        assert_eq!((row.in_progress, row.executing), (2, None));
        assert_eq!(row.pieces_per_s.to_string(), "150 (100-200)");
        assert!((row.speed_up - 3.0).abs() < 1e-9);
        assert!((row.wall_s.median - 0.02).abs() < 1e-9 && (row.cpu_s.most - 0.03).abs() < 1e-9);
        assert!(row.gb_s.is_some_and(|gb_s| (gb_s - 0.02).abs() < 1e-9), "{row:?}");
    }

    #[test]
    fn one_worker_is_always_measured() {
        let plan = Plan::of(&[8, 4, 8], 1, Duration::from_secs(1), false);
        assert_eq!(plan.sizes, [1, 4, 8]);
        assert!(Plan::of(&[], 1, Duration::from_secs(1), true).sizes.contains(&1));
    }
}
