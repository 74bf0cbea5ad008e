//! What is known of a program, which answers the tree's questions, or says what it would have to know.

use std::num::NonZero;
use std::thread::available_parallelism;
use std::time::Duration;

use lunch_cloud::Profile;
use lunch_contract::Limits;
use lunch_host::measured::Measured;

use super::tree::{BOTH, CPU, Choice, IO, LONG, NO, Question, SHORT, YES, walk};
use crate::span;

/// What a cold start may cost whoever waits, at most: AWS's operator's guide has 100 ms to 1 s. F 3.3.
const COLD_START_MAX: Duration = Duration::from_secs(1);

/// From this share of its time in the processor a program calculates, and to that one it waits; between them it does both.
const CALCULATES_FROM: f64 = 0.75;
const WAITS_TO: f64 = 0.30;

/// What a program spends its time with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Work {
    /// Waiting: for a network, a disk, somebody
    Io,
    /// Calculating
    Cpu,
    /// Both: it answers many, and some of them need long calculations
    Both,
}

/// How often something runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rate {
    times: f64,
    unit: &'static str,
    per_year: f64,
}

/// How often each unit comes in a year of 365 days and 6 hours.
const UNITS: [(&str, f64); 7] = [
    ("year", 1.0),
    ("month", 12.0),
    ("week", 365.25 / 7.0),
    ("day", 365.25),
    ("h", 8_766.0),
    ("min", 525_960.0),
    ("s", 31_557_600.0),
];

impl Rate {
    /// Reads `1/week`, `200/day`, `10/s`.
    ///
    /// # Errors
    /// A sentence, where it is none.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let refused =
            || format!("`{text}` does not say how often\n(write `1/week`, `200/day` or `10/s`)");
        let (times, unit) = text.trim().split_once('/').ok_or_else(refused)?;
        let times: f64 = times.trim().parse().map_err(|_| refused())?;
        let unit = unit.trim();
        let (unit, per_year) =
            UNITS.into_iter().find(|(name, _)| *name == unit).ok_or_else(refused)?;
        if !times.is_finite() || times < 0.0 {
            return Err(refused());
        }
        Ok(Self { times, unit, per_year })
    }
}

/// All that was said or measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// How often it runs.
    pub(crate) runs: Option<Rate>,
    /// How long a run takes.
    pub(crate) duration: Option<Duration>,
    /// In a year, so much is worth the work.
    pub(crate) worth: Duration,
    /// Whether somebody waits for each run.
    pub(crate) waits: Option<bool>,
    /// What it spends its time with.
    pub(crate) work: Option<Work>,
    /// Whether what it waits for can be awaited.
    pub(crate) can_await: Option<bool>,
    /// Whether its tasks share what they change.
    pub(crate) shares: Option<bool>,
    /// How long the longest run takes.
    pub(crate) longest: Option<Duration>,
    /// How long a run may wait before it begins.
    pub(crate) may_wait: Option<Duration>,
    /// What one run of it took.
    pub(crate) measured: Option<Measured>,
}

/// What would have to be known to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    Runs,
    Duration,
    Waits,
    Work,
    CanAwait,
    Shares,
    Longest,
    MayWait,
}

impl Missing {
    /// The question for a human.
    pub(crate) const fn question(self) -> &'static str {
        match self {
            Self::Runs => "How often does it run? (`1/week`, `200/day`, `10/s`)",
            Self::Duration => "How long does one run take? (`10m`, `3s`)",
            Self::Waits => "Does somebody wait for each run? (yes, no)",
            Self::Work => "Does it wait (io), calculate (cpu), or both?",
            Self::CanAwait => {
                "Can what it waits for be awaited, which takes async libraries? (yes, no)"
            }
            Self::Shares => "Do its tasks share what they change? (yes, no)",
            Self::Longest => "How long does the longest run take? (`10m`, `3s`)",
            Self::MayWait => "How long may a run wait before it begins? (`0s`, `500ms`, `2s`)",
        }
    }

    /// The flag that answers it.
    pub(crate) const fn flag(self) -> &'static str {
        match self {
            Self::Runs => "--runs RATE",
            Self::Duration => "--duration SPAN",
            Self::Waits => "--waits yes|no",
            Self::Work => "--work io|cpu|both",
            Self::CanAwait => "--can-await yes|no",
            Self::Shares => "--shares yes|no",
            Self::Longest => "--longest SPAN",
            Self::MayWait => "--may-wait SPAN",
        }
    }
}

impl Known {
    /// Where it leads, with what stands behind each step.
    ///
    /// # Errors
    /// What is to be known first.
    pub(crate) fn choose(&self) -> Result<(Choice, Vec<Step>), Missing> {
        let mut steps = Vec::new();
        let choice = walk(|question| {
            let (place, because) = self.answer(question)?;
            steps.push(Step { question, place, because });
            Ok(place)
        })?;
        Ok((choice, steps))
    }

    /// The answer's place, and the numbers behind it.
    fn answer(&self, question: Question) -> Result<(usize, String), Missing> {
        match question {
            Question::Worth => self.worth(),
            Question::Work => self.work(),
            Question::Libraries => {
                let can = self.can_await.ok_or(Missing::CanAwait)?;
                let said = if can { "its libraries are async" } else { "its libraries block" };
                Ok((usize::from(can), said.to_owned()))
            }
            Question::Sharing => {
                let shares = self.shares.ok_or(Missing::Shares)?;
                let said = if shares {
                    "shared state, which the compiler checks between threads"
                } else {
                    "nothing is shared"
                };
                Ok((usize::from(shares), said.to_owned()))
            }
            Question::Longest => {
                let longest = self.longest.ok_or(Missing::Longest)?;
                let limit = Limits::strict().timeout_max;
                let place = if longest <= limit { SHORT } else { LONG };
                let said = format!(
                    "{}; a function's timeout is {} at most",
                    span::show(longest),
                    span::show(limit)
                );
                Ok((place, said))
            }
            Question::Start => {
                let may_wait = self.may_wait.ok_or(Missing::MayWait)?;
                let place = if may_wait >= COLD_START_MAX { YES } else { NO };
                let init = Profile::RustAl2023;
                let said = format!(
                    "it may wait {}; a cold start takes up to {} (of it INIT in Rust: {} at the median, {} at the 99th percentile)",
                    span::show(may_wait),
                    span::show(COLD_START_MAX),
                    span::show(init.median()),
                    span::show(init.p99()),
                );
                Ok((place, said))
            }
        }
    }

    fn worth(&self) -> Result<(usize, String), Missing> {
        if self.waits == Some(true) {
            return Ok((YES, "somebody waits for each run".to_owned()));
        }
        let runs = self.runs.ok_or(Missing::Runs)?;
        let duration = self.duration.ok_or(Missing::Duration)?;
        let hours = runs.times * runs.per_year * duration.as_secs_f64() / 3_600.0;
        let worth_hours = self.worth.as_secs_f64() / 3_600.0;
        let sum = format!(
            "{}/{} x {} = {} a year",
            runs.times,
            runs.unit,
            span::show(duration),
            in_hours(hours)
        );
        if hours >= worth_hours {
            return Ok((YES, format!("{sum}; {} and more are worth it", in_hours(worth_hours))));
        }
        match self.waits {
            None => Err(Missing::Waits),
            Some(_) => Ok((
                NO,
                format!("{sum}, less than {}, and nobody waits for it", in_hours(worth_hours)),
            )),
        }
    }

    fn work(&self) -> Result<(usize, String), Missing> {
        let place = |work| match work {
            Work::Io => IO,
            Work::Cpu => CPU,
            Work::Both => BOTH,
        };
        if let Some(work) = self.work {
            return Ok((place(work), "as you say".to_owned()));
        }
        let measured = self.measured.as_ref().ok_or(Missing::Work)?;
        let share = measured.cpu().as_secs_f64() / measured.wall.as_secs_f64().max(1e-9);
        let work = if share >= CALCULATES_FROM {
            Work::Cpu
        } else if share <= WAITS_TO {
            Work::Io
        } else {
            Work::Both
        };
        let already = if share > 1.1 {
            format!(", so it runs on {share:.1} cores at once already")
        } else {
            String::new()
        };
        let (cpu, wall) = (span::show(measured.cpu()), span::show(measured.wall));
        let said = format!("{cpu} of the processor in {wall}: {:.0} %{already}", share * 100.0);
        Ok((place(work), said))
    }
}

/// An answer on the way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) question: Question,
    pub(crate) place: usize,
    pub(crate) because: String,
}

impl Step {
    /// The answer, in the tree's words.
    pub(crate) fn label(&self) -> &'static str {
        self.question.branches()[self.place].0
    }
}

/// What bounds the option on this machine and in this account.
pub(crate) fn bound(choice: Choice) -> Option<String> {
    let cores = available_parallelism().map_or(1, NonZero::get);
    match choice {
        Choice::Leave => None,
        Choice::Threads | Choice::Processes => {
            Some(format!("at most {cores} at once on this machine's cores"))
        }
        Choice::Async => Some("as many in progress as memory holds, one executing".to_owned()),
        Choice::AsyncWithPool => {
            Some(format!("one event loop, and at most {cores} calculating on this machine's cores"))
        }
        Choice::Functions => {
            let limits = Limits::strict();
            let account = limits.account_concurrency.unwrap_or(u32::MAX);
            Some(format!("{account} at once in a new account"))
        }
    }
}

fn in_hours(hours: f64) -> String {
    if hours < 100.0 { format!("{hours:.1} hours") } else { format!("{hours:.0} hours") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn once_a_week() -> Known {
        Known {
            runs: Some(Rate::read("1/week").expect("a rate")),
            duration: Some(Duration::from_secs(600)),
            worth: Duration::from_secs(86_400),
            waits: Some(false),
            ..Known::default()
        }
    }

    fn measured(cpu_ms: u64, wall_ms: u64) -> Option<Measured> {
        let (user, wall) = (Duration::from_millis(cpu_ms), Duration::from_millis(wall_ms));
        Some(Measured { wall, user, ..Measured::default() })
    }

    #[test]
    fn ten_minutes_once_a_week_are_left_alone() {
        let (choice, steps) = once_a_week().choose().expect("all is known");
        assert_eq!(choice, Choice::Leave);
        assert_eq!(
            steps[0].because,
            "1/week x 10m = 8.7 hours a year, less than 24.0 hours, and nobody waits for it"
        );
    }

    #[test]
    fn what_somebody_waits_for_is_worth_it_however_seldom() {
        let known = Known { waits: Some(true), ..once_a_week() };
        assert_eq!(known.choose(), Err(Missing::Work));
        let unknown = Known { waits: None, ..once_a_week() };
        assert_eq!(unknown.choose(), Err(Missing::Waits));
        let often = Known { runs: Rate::read("10/day").ok(), waits: None, ..once_a_week() };
        assert_eq!(often.choose(), Err(Missing::Work), "608.8 hours need nobody who waits");
    }

    #[test]
    fn a_measured_run_says_what_it_spends_its_time_with() {
        let known = |cpu_ms| Known {
            waits: Some(true),
            measured: measured(cpu_ms, 1_000),
            can_await: Some(true),
            shares: Some(true),
            ..Known::default()
        };
        let chosen = |cpu_ms| known(cpu_ms).choose().expect("all is known");
        assert_eq!(chosen(20).0, Choice::Async);
        assert_eq!(chosen(500).0, Choice::AsyncWithPool);
        assert_eq!(chosen(980).0, Choice::Threads);
        let (_, steps) = chosen(1_900);
        assert_eq!(
            steps[1].because,
            "1.90 s of the processor in 1.00 s: 190 %, so it runs on 1.9 cores at once already"
        );
    }

    #[test]
    fn a_function_is_for_short_runs_that_may_wait_for_a_start() {
        let known = |longest_s, may_wait_ms| Known {
            waits: Some(true),
            work: Some(Work::Cpu),
            shares: Some(false),
            longest: Some(Duration::from_secs(longest_s)),
            may_wait: Some(Duration::from_millis(may_wait_ms)),
            ..Known::default()
        };
        let chosen = |longest_s, may_wait_ms| {
            known(longest_s, may_wait_ms).choose().expect("all is known").0
        };
        assert_eq!(chosen(900, 1_000), Choice::Functions);
        assert_eq!(chosen(901, 1_000), Choice::Processes);
        assert_eq!(chosen(900, 999), Choice::Processes);
    }

    #[test]
    fn a_rate_is_read_as_people_write_it() {
        let hours = |text| {
            let rate = Rate::read(text).expect(text);
            rate.times * rate.per_year
        };
        assert!((hours("1/week") - 52.18).abs() < 0.01);
        assert!((hours("2/h") - 17_532.0).abs() < 0.01);
        for text in ["", "7", "x/week", "1/fortnight", "-1/day", "inf/day"] {
            let error = Rate::read(text).expect_err(text);
            assert!(error.contains("write `1/week`"), "{error}");
        }
    }
}
