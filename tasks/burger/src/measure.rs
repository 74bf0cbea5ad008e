//! How fast the shop is, fed from memory: `burger measure MILLISECONDS`, set by the same variables as the shop. What is
//! measured is the real kitchen with its real engine; only the street is left out.
//!
//! Beside it `burger stint JSON` and `burger costs JSON` measure [`workers`] that make no burgers.

use std::env;
use std::future::{Future, ready};
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;
use shopfront::Holds;
use shopfront::stint::{Asked, Done, Meter};
use thiserror::Error;
use tokio::runtime;

use crate::burger::Patties;
use crate::customers::{Customers, InHand};
use crate::settings::{Engine, Settings};
use crate::shop::Shop;
use crate::trace::Trace;
use crate::{event_loop, threads, workers};

/// The first argument of a measurement of the shop.
const MEASURE: &str = "measure";
/// Whoever wants more has mistaken the unit.
const LASTS_MS_MAX: u64 = 3_600_000;

/// A measurement that cannot be made.
#[derive(Debug, Error)]
pub enum NotMeasured {
    /// It makes no sense.
    #[error("{0}")]
    Argument(String),
    /// The operating system does not let itself be measured.
    #[error("the machine cannot be measured: {0}")]
    Machine(#[from] io::Error),
}

/// What was measured of a shop whose customers never end, from when its first patties were done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// As `ENGINE` has it.
    pub engine: &'static str,
    /// As `WORKER` has it.
    pub worker: &'static str,
    /// Positions of the grill.
    pub grill: usize,
    /// Burgers that were served.
    pub served: u64,
    /// In so many seconds.
    pub wall_s: f64,
    /// The most orders at once that were taken and not served.
    pub most_in_progress: usize,
    /// The most activities at once between two of their points.
    pub most_begun: usize,
    /// The most cores at once on which there were any.
    pub most_executing: usize,
    /// How often an activity gave up control elsewhere than at a point.
    pub switches_elsewhere: u64,
    /// Processor time, seconds.
    pub cpu_s: f64,
    /// How often a thread gave its core up to wait.
    pub voluntary_switches: u64,
    /// How often one was made to.
    pub involuntary_switches: u64,
    /// Memory that only this shop holds, bytes.
    pub memory_bytes: Option<u64>,
}

/// What these arguments ask to be measured, as JSON; `None` if they ask for nothing of the kind.
///
/// # Errors
/// If they make no sense, or the machine cannot be measured.
pub fn asked(arguments: &[String]) -> Option<Result<Value, NotMeasured>> {
    let (part, given) = (arguments.first()?, arguments.get(1).map(String::as_str));
    let asked = Asked::from(part, given);
    if part != MEASURE && asked.is_none() {
        return None;
    }
    let settings = Settings::from(|name| env::var(name).ok());
    let settings = settings.map_err(|absurd| NotMeasured::Argument(absurd.to_string()));
    Some(settings.and_then(|settings| match asked {
        None => Ok(value(&shop(settings, lasts(given)?)?)),
        Some(Err(why)) => Err(NotMeasured::Argument(why)),
        Some(Ok(Asked::Stint(stint))) => Ok(value(&workers::stint(settings.engine, stint)?)),
        Some(Ok(Asked::Costs(costs))) => Ok(value(&workers::costs(settings.engine, costs)?)),
    }))
}

fn value(measured: &impl Serialize) -> Value {
    serde_json::to_value(measured).expect("figures are plain data")
}

fn lasts(given: Option<&str>) -> Result<Duration, NotMeasured> {
    let ms = given.and_then(|text| text.parse().ok()).filter(|ms| (1..=LASTS_MS_MAX).contains(ms));
    let refused =
        || format!("`{MEASURE}` takes a number of milliseconds, from 1 to {LASTS_MS_MAX}");
    ms.map(Duration::from_millis).ok_or_else(|| NotMeasured::Argument(refused()))
}

/// Measures a shop for so long.
///
/// # Errors
/// If there are no threads, or no event loop.
pub fn shop(settings: Settings, lasts: Duration) -> io::Result<Measured> {
    // Until the first patties are cooked and looked at there is nothing to serve.
    let until_served =
        settings.rules.cooked_after / settings.time_scale + settings.real_look_every();
    let shop = Shop::open(settings, Trace::counting());
    let looked = match settings.engine {
        Engine::Threads(_) => {
            drop(threads::start(&shop, Endless)?);
            thread::sleep(until_served);
            let look = Look::begin(&shop)?;
            thread::sleep(lasts);
            look.end(&shop)?
        }
        Engine::Async => {
            let event_loop = runtime::Builder::new_current_thread().enable_all().build()?;
            event_loop.block_on(async {
                drop(event_loop::start(&shop, Endless, &Holds::default()));
                tokio::time::sleep(until_served).await;
                let look = Look::begin(&shop)?;
                tokio::time::sleep(lasts).await;
                look.end(&shop)
            })?
        }
    };
    Ok(measured(&shop, &looked))
}

fn measured(shop: &Shop<Slip>, looked: &Looked) -> Measured {
    let Settings { engine, rules, .. } = shop.settings;
    let Looked { served, wall, done } = looked;
    Measured {
        engine: engine.name(),
        worker: engine.worker(),
        grill: rules.grill,
        served: *served,
        wall_s: wall.as_secs_f64(),
        most_in_progress: shop.counts().most_taken,
        most_begun: shop.trace.most_begun(),
        most_executing: shop.trace.most_executing(),
        switches_elsewhere: shop.trace.switches_elsewhere(),
        cpu_s: Duration::from_nanos(done.cpu_ns).as_secs_f64(),
        voluntary_switches: done.voluntary_switches,
        involuntary_switches: done.involuntary_switches,
        memory_bytes: done.memory_bytes,
    }
}

/// What the shop had served, and when.
struct Look {
    served: u64,
    at: Instant,
    meter: Meter,
}

/// What it has served since.
struct Looked {
    served: u64,
    wall: Duration,
    done: Done,
}

impl Look {
    fn begin(shop: &Arc<Shop<Slip>>) -> io::Result<Self> {
        Ok(Self { meter: Meter::start()?, served: shop.counts().served, at: Instant::now() })
    }

    fn end(self, shop: &Arc<Shop<Slip>>) -> io::Result<Looked> {
        let (served, wall) = (shop.counts().served - self.served, self.at.elapsed());
        Ok(Looked { served, wall, done: self.meter.done(Vec::new())? })
    }
}

/// Customers without end, each of whom is there at once.
struct Endless;

#[derive(Debug)]
struct Slip;

impl Customers for Endless {
    type Order = Slip;

    fn next(&mut self) -> impl Future<Output = Option<Slip>> + Send {
        ready(Some(Slip))
    }

    fn next_blocking(&mut self) -> Option<Slip> {
        Some(Slip)
    }
}

impl InHand for Slip {
    fn patties(&self) -> usize {
        Patties::One.count()
    }

    fn find(&self) -> impl Future<Output = ()> + Send {
        ready(())
    }

    fn find_blocking(&self) {}

    fn serve(self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Worker;

    fn settings(engine: Engine) -> Settings {
        let settings = Settings::from(|_| None).expect("all has a default");
        Settings { engine, time_scale: 20_000, turns: 1_000, ..settings }
    }

    #[test]
    fn a_shop_is_limited_by_its_grill_and_executes_one_thing_at_once() {
        for engine in [Engine::Async, Engine::Threads(Worker::One)] {
            let measured = shop(settings(engine), Duration::from_millis(300)).expect("a shop");
            assert!(measured.served > 4, "{measured:?}");
            // Four patties every 12 ms, and what was on the tray before.
            let most = 4.0 * measured.wall_s / 0.012 + 12.0;
            assert!(
                f64::from(u32::try_from(measured.served).expect("few")) <= most,
                "{measured:?}"
            );
            // Whether all seven places are ever taken at once is the operating system's to say.
            assert!((2..=7).contains(&measured.most_in_progress), "{engine:?}: {measured:?}");
            assert_eq!(measured.most_executing, 1, "{engine:?}");
        }
    }

    #[test]
    fn what_is_asked_is_measured_and_what_makes_no_sense_is_refused() {
        let ask = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
            asked(&words)
        };
        assert!(ask(&[]).is_none() && ask(&["open"]).is_none());
        let measured = ask(&["measure", "30"]).expect("a part").expect("a number");
        assert_eq!((&measured["engine"], &measured["grill"]), (&"async".into(), &4.into()));
        let stint = r#"{"workers":2,"work":{"waits_ms":1},"lasts_ms":1}"#;
        let done = ask(&["stint", stint]).expect("a part").expect("a stint");
        assert!(done["pieces"].as_array().is_some_and(|pieces| pieces.len() >= 2), "{done}");
        for words in [&["measure"][..], &["measure", "0"], &["measure", "soon"], &["costs", "{}"]] {
            ask(words).expect("a part").expect_err("it makes no sense");
        }
    }
}
