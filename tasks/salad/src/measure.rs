//! How fast the shop is, fed from memory: `salad measure --makers N --seconds S`.
//!
//! What is measured is the real counter with its real staff; only the queue is left out. It prints what benchmarks
//! divide, and divides nothing itself but by the number of salads.

use std::ffi::OsString;
use std::io;
use std::thread::available_parallelism;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::chop::{calibrate, cpu_time};
use crate::counter::{Counter, Handle, Outcome};
use crate::tally::{Average, Limit, Tally};
use crate::{Dressing, Ingredient, Leaves, STAFF_MAX, Salad, Settings};

/// The first argument of a measurement.
pub const MEASURE: &str = "measure";

/// How long the ways alone are measured.
const TRAVEL: Duration = Duration::from_secs(1);
/// An hour: whoever wants more has mistaken the unit.
const SECONDS_MAX: u32 = 3600;

/// What is to be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// How many processes make salads.
    pub makers: u32,
    /// How many bowls there are.
    pub bowls: u32,
    /// What a salad costs, CPU milliseconds.
    pub salad_cpu_ms: u32,
    /// How long salads are ordered.
    pub seconds: u32,
}

/// A measurement that cannot be made.
#[derive(Debug, Error)]
pub enum NotMeasured {
    /// An argument that there is not, or without its number.
    #[error(
        "`{0}` is not what a measurement takes\n(it takes `--makers N --seconds S`, and `--bowls N` and `--salad-cpu-ms N`)"
    )]
    Argument(String),
    /// A number that makes no shop.
    #[error("`{name}` is {value}, and has to be from {least} to {most}")]
    OutOfRange {
        /// The argument.
        name: &'static str,
        /// What it says.
        value: u32,
        /// The least that it may be.
        least: u32,
        /// The most that it may be.
        most: u32,
    },
    /// The event loop does not start, or the kernel does not tell what was used.
    #[error("the machine cannot be measured: {0}")]
    Machine(#[from] io::Error),
    /// The shop closed during the measurement.
    #[error("only {served} of {ordered} salads were made: the staff does not work")]
    GivenBack {
        /// How many were made.
        served: u64,
        /// How many were to be made.
        ordered: u64,
    },
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// How many processes made salads; one more washed bowls.
    pub makers: u32,
    /// How many bowls there were.
    pub bowls: u32,
    /// On how many processors at once this process may run.
    pub cores: usize,
    /// Rounds of chopping per millisecond of CPU time, as calibrated.
    pub rounds_per_ms: u64,
    /// What a salad is to cost, CPU milliseconds.
    pub salad_cpu_ms: u32,
    /// Salads that were made.
    pub salads: u64,
    /// From the first order to the last salad, after a first round that is not counted, seconds.
    pub wall_s: f64,
    /// Salads per second of it.
    pub salads_per_s: f64,
    /// CPU time of the counter and all staff in it, seconds, the first round and their starts included.
    pub cpu_s: f64,
    /// What a salad took; the first round is included.
    pub average: Option<Average>,
    /// What kept the shop from serving more.
    pub limit: Option<Limit>,
    /// What a salad takes in a shop of one maker where it costs no work: all ways of orders, bowls and salads, microseconds.
    pub travel_us_per_salad: f64,
}

impl Request {
    /// What the arguments ask for.
    ///
    /// # Errors
    /// If there is another argument, or a number out of its range.
    pub fn from(mut arguments: impl Iterator<Item = OsString>) -> Result<Self, NotMeasured> {
        let (mut makers, mut bowls, mut seconds) = (None, None, None);
        let mut salad_cpu_ms = None;
        while let Some(name) = arguments.next() {
            let slot = match name.to_str() {
                Some("--makers") => &mut makers,
                Some("--bowls") => &mut bowls,
                Some("--seconds") => &mut seconds,
                Some("--salad-cpu-ms") => &mut salad_cpu_ms,
                Some(_) | None => return Err(NotMeasured::Argument(name.display().to_string())),
            };
            let number = arguments.next().and_then(|value| value.to_str()?.parse().ok());
            let number = number.ok_or_else(|| NotMeasured::Argument(name.display().to_string()))?;
            *slot = Some(number);
        }
        let makers = within("--makers", makers.unwrap_or(1), 1, STAFF_MAX - 1)?;
        Ok(Self {
            makers,
            bowls: within("--bowls", bowls.unwrap_or(makers * 2), 1, crate::BOWLS_MAX)?,
            seconds: within("--seconds", seconds.unwrap_or(10), 1, SECONDS_MAX)?,
            salad_cpu_ms: within(
                "--salad-cpu-ms",
                salad_cpu_ms.unwrap_or(Settings::SALAD_CPU_MS),
                1,
                crate::SALAD_CPU_MS_MAX,
            )?,
        })
    }
}

fn within(name: &'static str, value: u32, least: u32, most: u32) -> Result<u32, NotMeasured> {
    let is_fine = (least..=most).contains(&value);
    is_fine.then_some(value).ok_or(NotMeasured::OutOfRange { name, value, least, most })
}

/// Measures, which takes about two seconds longer than was asked for.
///
/// # Errors
/// If the staff does not work, or the machine does not let itself be measured.
pub fn measure(request: Request) -> Result<Measured, NotMeasured> {
    let rounds_per_ms = calibrate();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let program = "/proc/self/exe".into();
    let Request { makers, bowls, salad_cpu_ms, seconds } = request;
    let shop = Settings { makers, bowls, salad_cpu_ms, program };
    let before = cpu_of_all()?;
    let run = runtime.block_on(feed(&shop, rounds_per_ms, Duration::from_secs(seconds.into())))?;
    let cpu_s = (cpu_of_all()? - before).as_secs_f64();
    let ways = Settings { makers: 1, bowls: 2, salad_cpu_ms: 0, ..shop };
    let travel = runtime.block_on(feed(&ways, rounds_per_ms, TRAVEL))?;
    Ok(Measured {
        makers,
        bowls,
        cores: available_parallelism()?.get(),
        rounds_per_ms,
        salad_cpu_ms,
        salads: run.salads,
        wall_s: run.wall.as_secs_f64(),
        salads_per_s: as_number(run.salads) / run.wall.as_secs_f64(),
        cpu_s,
        average: run.tally.average(),
        limit: run.tally.limit(),
        travel_us_per_salad: travel.wall.as_secs_f64() * 1e6 / as_number(travel.salads),
    })
}

struct Run {
    salads: u64,
    wall: Duration,
    tally: Tally,
}

/// Orders for so long that there is always an order more for each maker, and waits for the last salad.
async fn feed(shop: &Settings, rounds_per_ms: u64, span: Duration) -> Result<Run, NotMeasured> {
    let (counter, closed) = Counter::open(shop, rounds_per_ms);
    // A round for the processes to start, and for the cores to wake up.
    customers(&counter, shop.makers, Duration::ZERO).await;
    let start = Instant::now();
    let salads = customers(&counter, shop.makers * 2, span).await;
    let wall = start.elapsed();
    drop(counter);
    let tally = closed.await.map_err(io::Error::from)?;
    if salads == 0 || tally.given_back > 0 {
        return Err(NotMeasured::GivenBack { served: tally.served, ordered: tally.ordered });
    }
    Ok(Run { salads, wall, tally })
}

/// So many customers, each of whom orders once and then again and again for that long. How many salads they got.
async fn customers(counter: &Handle, many: u32, span: Duration) -> u64 {
    let end = Instant::now() + span;
    let mut customers = JoinSet::new();
    for _ in 0..many {
        let counter = counter.clone();
        customers.spawn(async move {
            let mut salads: u64 = 0;
            loop {
                match counter.make(salad()).await {
                    Outcome::Served(_) => salads += 1,
                    Outcome::Closing | Outcome::MakersLost => return salads,
                }
                if Instant::now() >= end {
                    return salads;
                }
            }
        });
    }
    customers.join_all().await.into_iter().sum()
}

fn salad() -> Salad {
    let ingredients = vec![Ingredient::Tomatoes, Ingredient::RedOnion, Ingredient::Feta];
    Salad { leaves: Leaves::Romaine, ingredients, dressing: Dressing::Vinaigrette }
}

/// CPU time of this process, and of those that it has started and reaped.
fn cpu_of_all() -> io::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let us = [usage.user_time(), usage.system_time()].map(|time| {
        let us = time.tv_sec().saturating_mul(1_000_000).saturating_add(time.tv_usec());
        u64::try_from(us).unwrap_or(0)
    });
    Ok(cpu_time() + Duration::from_micros(us[0] + us[1]))
}

#[expect(clippy::cast_precision_loss, reason = "nobody makes 2^53 salads")]
const fn as_number(salads: u64) -> f64 {
    salads as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(words: &str) -> Result<Request, String> {
        let request = Request::from(words.split_whitespace().map(OsString::from));
        request.map_err(|why| why.to_string())
    }

    #[test]
    fn a_measurement_has_defaults_and_takes_numbers() {
        let plain =
            Request { makers: 1, bowls: 2, salad_cpu_ms: Settings::SALAD_CPU_MS, seconds: 10 };
        assert_eq!(request(""), Ok(plain));
        let all = Request { makers: 4, bowls: 3, salad_cpu_ms: 20, seconds: 1 };
        assert_eq!(request("--makers 4 --bowls 3 --salad-cpu-ms 20 --seconds 1"), Ok(all));
        assert_eq!(request("--makers 4").map(|four| four.bowls), Ok(8));
    }

    #[test]
    fn another_measurement_is_refused() {
        for words in ["--staff 2", "--makers", "--makers many", "now"] {
            let told = request(words).expect_err("it is refused");
            let word = words.split(' ').next().expect("a word");
            assert!(
                told.starts_with(&format!("`{word}` is not what a measurement takes")),
                "{told}"
            );
        }
        let told = request("--makers 0").expect_err("nobody makes salads");
        assert_eq!(told, "`--makers` is 0, and has to be from 1 to 255");
        assert!(request("--seconds 3601").is_err() && request("--bowls 0").is_err());
    }
}
