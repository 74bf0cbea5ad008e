//! How big the kitchen is, how fast its time goes, and which engine runs it: all of it checked at the start.

use std::time::Duration;

use shopfront::{Absurd, whole};

use crate::kitchen::Rules;

/// The longest time and the biggest sizes that make sense here.
const DAY_S: u64 = 86_400;
const SIZE_MAX: u64 = 1_000;
const ORDERS_MAX: u64 = 100_000;
/// A shorter pause than that between two looks at the grill is none.
const LOOK_MIN: Duration = Duration::from_millis(1);

/// Who decides when the worker turns to another activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The operating system: three threads.
    Threads(Worker),
    /// The activities themselves: one thread, one event loop.
    Async,
}

/// How many hands the three threads have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worker {
    /// All on one core, as the article's single worker.
    One,
    /// Wherever the operating system lets them run.
    Free,
}

impl Engine {
    /// As `ENGINE` has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Threads(_) => "threads",
            Self::Async => "async",
        }
    }

    /// As `WORKER` has it.
    #[must_use]
    pub const fn worker(self) -> &'static str {
        match self {
            Self::Threads(Worker::Free) => "free",
            Self::Threads(Worker::One) | Self::Async => "one",
        }
    }
}

/// A burger shop as the environment describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// `ENGINE` (`async` or `threads`; `async` if nothing is said), and for threads `WORKER` (`one` or `free`; `one` if nothing is said).
    pub engine: Engine,
    /// `BURGER_GRILL` (4), `BURGER_TRAY` (8), `BURGER_ORDERS` (5), `BURGER_COOK_S` (240) and `BURGER_BURNT_S` (three times as long).
    pub rules: Rules,
    /// `BURGER_LOOK_S`: how long nobody looks at the grill, shop time; 60 for threads and 30 for async if nothing is said,
    /// as in the article.
    pub look_every: Duration,
    /// `BURGER_TIME_SCALE`: so many seconds of shop time pass in one; 600 if nothing is said.
    pub time_scale: u32,
    /// `BURGER_TURNS`: the work of putting a burger together, in turns of which a present-day core does some hundred million in
    /// a second; 100,000 if nothing is said.
    pub turns: u32,
}

impl Settings {
    /// Reads them from variables.
    ///
    /// # Errors
    /// If one is absurd.
    pub fn from(variable: impl Fn(&'static str) -> Option<String>) -> Result<Self, Absurd> {
        let engine = engine(&variable)?;
        let usual_look_s = match engine {
            Engine::Threads(_) => 60,
            Engine::Async => 30,
        };
        let size = |name, usual, most| size(name, &variable, usual, most);
        let seconds =
            |name, usual, most| whole(name, &variable, usual, 1, most).map(Duration::from_secs);
        let cooked_after = seconds("BURGER_COOK_S", 240, DAY_S)?;
        let look_every = seconds("BURGER_LOOK_S", usual_look_s, DAY_S)?;
        let rules = Rules {
            grill: size("BURGER_GRILL", 4, SIZE_MAX)?,
            tray: size("BURGER_TRAY", 8, SIZE_MAX)?,
            orders: size("BURGER_ORDERS", 5, ORDERS_MAX)?,
            cooked_after,
            burnt_after: seconds("BURGER_BURNT_S", 3 * cooked_after.as_secs(), 4 * DAY_S)?,
        };
        check_burnt(&rules, look_every)?;
        let time_scale = fits(whole("BURGER_TIME_SCALE", &variable, 600, 1, 100_000)?);
        check_pace(look_every, time_scale)?;
        let turns = whole("BURGER_TURNS", &variable, 100_000, 0, 1_000_000_000)?;
        Ok(Self { engine, rules, look_every, time_scale, turns: fits(turns) })
    }

    /// How long nobody looks at the grill, real time: rounded up, so that a patty is not raw by a nanosecond.
    #[must_use]
    pub fn real_look_every(&self) -> Duration {
        let ns = self.look_every.as_nanos().div_ceil(u128::from(self.time_scale));
        Duration::from_nanos(u64::try_from(ns).unwrap_or(u64::MAX))
    }
}

fn engine(variable: &impl Fn(&'static str) -> Option<String>) -> Result<Engine, Absurd> {
    let text = |name| variable(name).filter(|value| !value.is_empty());
    let worker = match text("WORKER").as_deref() {
        None | Some("one") => Worker::One,
        Some("free") => Worker::Free,
        Some(value) => return Err(absurd("WORKER", value, "it has to be `one` or `free`")),
    };
    match text("ENGINE").as_deref() {
        Some("threads") => Ok(Engine::Threads(worker)),
        None | Some("async") if worker == Worker::One => Ok(Engine::Async),
        None | Some("async") => Err(absurd(
            "WORKER",
            "free",
            "the engine `async` has one worker: only `threads` can be free",
        )),
        Some(value) => Err(absurd("ENGINE", value, "it has to be `threads` or `async`")),
    }
}

fn absurd(name: &'static str, value: &str, expected: &str) -> Absurd {
    Absurd::Value { name, value: value.to_owned(), expected: expected.to_owned() }
}

fn size(
    name: &'static str,
    variable: &impl Fn(&'static str) -> Option<String>,
    usual: u64,
    most: u64,
) -> Result<usize, Absurd> {
    whole(name, variable, usual, 1, most).map(fits)
}

/// What is bounded above fits everywhere.
fn fits<N: TryFrom<u64> + Default>(number: u64) -> N {
    N::try_from(number).unwrap_or_default()
}

/// A patty that is cooked just after a look must not be burnt at the next one, nor at the one after it.
fn check_burnt(rules: &Rules, look_every: Duration) -> Result<(), Absurd> {
    let least = rules.cooked_after + 2 * look_every;
    if rules.burnt_after >= least {
        return Ok(());
    }
    let expected = format!(
        "it has to be at least {}: as long as a patty cooks and nobody looks twice",
        least.as_secs()
    );
    Err(absurd("BURGER_BURNT_S", &rules.burnt_after.as_secs().to_string(), &expected))
}

fn check_pace(look_every: Duration, time_scale: u32) -> Result<(), Absurd> {
    if look_every / time_scale >= LOOK_MIN {
        return Ok(());
    }
    let expected = format!(
        "with it there is less than 1 ms between two looks at the grill, which are {} s of shop time apart",
        look_every.as_secs()
    );
    Err(absurd("BURGER_TIME_SCALE", &time_scale.to_string(), &expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings_of(variables: &[(&str, &str)]) -> Result<Settings, Absurd> {
        Settings::from(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn without_a_word_it_is_the_articles_shop() {
        let settings = settings_of(&[]).expect("all has a default");
        assert_eq!((settings.engine.name(), settings.engine.worker()), ("async", "one"));
        assert_eq!((settings.rules.orders, settings.rules.room()), (5, 7));
        assert_eq!(settings.look_every, Duration::from_secs(30));
        assert_eq!(settings.real_look_every(), Duration::from_millis(50));
        let threads = settings_of(&[("ENGINE", "threads")]).expect("an engine");
        assert_eq!(threads.engine, Engine::Threads(Worker::One));
        assert_eq!(threads.look_every, Duration::from_secs(60));
    }

    #[test]
    fn zero_and_absurd_sizes_are_refused_with_a_sentence() {
        for (name, value) in [
            ("BURGER_GRILL", "0"),
            ("BURGER_GRILL", "1001"),
            ("BURGER_TRAY", "0"),
            ("BURGER_TRAY", "many"),
            ("BURGER_ORDERS", "0"),
            ("BURGER_ORDERS", "-5"),
            ("BURGER_COOK_S", "0"),
            ("BURGER_BURNT_S", "250"),
            ("BURGER_LOOK_S", "0"),
            ("BURGER_LOOK_S", "2147483648"),
            ("BURGER_TIME_SCALE", "0"),
            ("BURGER_TIME_SCALE", "60000"),
            ("BURGER_TURNS", "1000000001"),
            ("ENGINE", "steam"),
            ("WORKER", "two"),
            ("WORKER", "free"),
        ] {
            let error = settings_of(&[(name, value)]).expect_err("it is absurd").to_string();
            let beginning = format!("the variable `{name}` is `{value}`\n(");
            assert!(error.starts_with(&beginning), "{error}");
        }
    }
}
