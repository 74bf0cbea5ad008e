//! What one run of `lunch compare` has measured, as data.

use std::fmt;

use serde::Serialize;

/// One of the ways of doing several things at once that are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Way {
    /// Threads, all on one core: as the article's Python has them, of which one executes at a time.
    ThreadsOnOneCore,
    /// Threads, wherever the operating system lets them run.
    Threads,
    /// Tasks on one event loop.
    Async,
    /// Processes.
    Processes,
    /// Instances of a function.
    Functions,
}

impl Way {
    /// What is measured by a program of the shops.
    pub(crate) const LOCAL: [Self; 4] =
        [Self::ThreadsOnOneCore, Self::Threads, Self::Async, Self::Processes];

    /// The article's options.
    pub(crate) const OPTIONS: [Self; 4] =
        [Self::Threads, Self::Async, Self::Processes, Self::Functions];

    /// In words.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ThreadsOnOneCore => "threads, one core",
            Self::Threads => "threads",
            Self::Async => "async",
            Self::Processes => "processes",
            Self::Functions => "cloud functions",
        }
    }
}

/// The article's two kinds of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// I/O bound.
    Waits,
    /// CPU bound.
    Calculates,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Waits, Self::Calculates];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Waits => "I/O bound (waits)",
            Self::Calculates => "CPU bound (calculates)",
        }
    }
}

/// What repeated measurements of one thing came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) most: f64,
}

impl Spread {
    /// Of at least one.
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        let (Some(least), Some(most)) = (values.first(), values.last()) else {
            return Self::default();
        };
        let (lower, upper) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        Self { least: *least, median: f64::midpoint(lower, upper), most: *most }
    }
}

/// As a number with its range; the range is left out where there is none to speak of.
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, median, most) = (number(self.least), number(self.median), number(self.most));
        if least == most { f.write_str(&median) } else { write!(f, "{median} ({least}-{most})") }
    }
}

/// With as many digits as a reader needs.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        small if small < 0.001 => format!("{value:.6}"),
        small if small < 0.1 => format!("{value:.4}"),
        small if small < 10.0 => format!("{value:.2}"),
        small if small < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// A way, at one kind of work, with so many workers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Row {
    pub(crate) way: Way,
    pub(crate) work: Kind,
    pub(crate) workers: usize,
    /// The most pieces at once that were begun and not done.
    pub(crate) in_progress: usize,
    /// The most cores at once that calculated; `None` where nothing is calculated.
    pub(crate) executing: Option<usize>,
    pub(crate) pieces_per_s: Spread,
    /// Over one worker of the same way, by the medians.
    pub(crate) speed_up: f64,
    pub(crate) wall_s: Spread,
    pub(crate) cpu_s: Spread,
    /// What all of it held in memory, bytes.
    pub(crate) memory_bytes: Option<u64>,
    /// Memory times wall; of a function as AWS bills it: its size times the billed milliseconds.
    pub(crate) gb_s: Option<f64>,
    pub(crate) voluntary_switches: Option<u64>,
    pub(crate) involuntary_switches: Option<u64>,
    /// Whether it was played in virtual time.
    pub(crate) is_played: bool,
    /// How many calls AWS would have refused; 0 where nothing can.
    pub(crate) refused: usize,
}

/// What a worker costs, of what was made and handed over for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Cost {
    pub(crate) way: Way,
    pub(crate) create_us: Spread,
    /// Memory of its own, bytes.
    pub(crate) memory_bytes: Option<u64>,
    /// From one worker to another; `None`: instances do not switch to each other.
    pub(crate) switch_us: Option<Spread>,
}

/// A shop as it is built, whose customers never end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Shop {
    pub(crate) name: String,
    /// The size that limits it: `grill 4`, `makers 2`.
    pub(crate) size: String,
    pub(crate) served: u64,
    pub(crate) per_s: f64,
    pub(crate) wall_s: f64,
    pub(crate) cpu_s: f64,
    pub(crate) in_progress: Option<u64>,
    pub(crate) executing: Option<u64>,
    pub(crate) involuntary_switches: Option<u64>,
    /// Where activities gave up control elsewhere than at a point.
    pub(crate) switches_elsewhere: Option<u64>,
}

/// What calls of a function cost beside its work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Calls {
    /// From the call of a coffee that found no instance to its INIT's end, and that INIT alone.
    pub(crate) cold_ms: Spread,
    pub(crate) init_ms: Spread,
    /// A call that asks for nothing and finds an instance, from end to end.
    pub(crate) warm_ms: Spread,
    /// What AWS bills for one small cold brew that finds an instance.
    pub(crate) coffee_billed_ms: f64,
    pub(crate) memory_mb: u32,
    /// How many instances served at once, of as many callers as there are cores.
    pub(crate) instances: usize,
}

/// How long the burger shop's event loop was held by a calculation that a customer asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Aside {
    /// How many burgers' nutrition.
    pub(crate) burgers: u32,
    pub(crate) with_pool_ms: Spread,
    pub(crate) without_pool_ms: Spread,
    /// How long the answer took without the pool.
    pub(crate) answer_ms: Spread,
}

/// What the compiler said of two programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Compiled {
    /// Which compiler.
    pub(crate) rustc: String,
    /// The errors that it refuses a state with which two threads share without a lock.
    pub(crate) refused_with: Vec<String>,
    /// Whether it takes the same with a lock.
    pub(crate) takes_locked: bool,
}

/// A whole run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Figures {
    pub(crate) cores: usize,
    pub(crate) repeats: usize,
    pub(crate) seconds: f64,
    pub(crate) waits_ms: u64,
    pub(crate) calculates_ms: u64,
    pub(crate) rounds: u64,
    pub(crate) rows: Vec<Row>,
    pub(crate) costs: Vec<Cost>,
    pub(crate) shops: Vec<Shop>,
    pub(crate) travel_us_per_salad: f64,
    pub(crate) calls: Calls,
    pub(crate) aside: Aside,
    pub(crate) compiled: Compiled,
}

impl Figures {
    /// The rows of a way and a kind of work that were measured, by size.
    pub(crate) fn measured(&self, way: Way, work: Kind) -> impl Iterator<Item = &Row> {
        let is_meant = move |row: &&Row| row.way == way && row.work == work && !row.is_played;
        self.rows.iter().filter(is_meant)
    }

    /// The most that were in progress at once, at that work.
    pub(crate) fn in_progress(&self, way: Way, work: Kind) -> usize {
        self.measured(way, work).map(|row| row.in_progress).max().unwrap_or(0)
    }

    /// The most cores that executed at once.
    pub(crate) fn executing(&self, way: Way) -> usize {
        self.measured(way, Kind::Calculates).filter_map(|row| row.executing).max().unwrap_or(0)
    }

    /// The best speed-up over one worker.
    pub(crate) fn speed_up(&self, way: Way, work: Kind) -> f64 {
        self.measured(way, work).map(|row| row.speed_up).fold(1.0, f64::max)
    }

    pub(crate) fn cost(&self, way: Way) -> Option<&Cost> {
        self.costs.iter().find(|cost| cost.way == way)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_a_median_and_its_range() {
        assert_eq!(Spread::of(vec![3.0, 1.0, 2.0]).to_string(), "2.00 (1.00-3.00)");
        assert_eq!(Spread::of(vec![1.0, 2.0]).to_string(), "1.50 (1.00-2.00)");
        assert_eq!(Spread::of(vec![98.4]).to_string(), "98.4");
    }

    #[test]
    fn a_number_has_the_digits_that_matter() {
        let shown = [0.0, 0.000_012, 0.0123, 1.5, 42.25, 1234.5].map(number);
        assert_eq!(shown, ["0", "0.000012", "0.0123", "1.50", "42.2", "1234"]);
    }
}
