//! The article's pros and cons, each with what became of it: measured, argued, or no longer true.

use lunch_contract::Limits;
use serde::Serialize;

use super::article::cost_in_words;
use super::figures::{Figures, Kind, Way, number};
use super::prices::BreakEven;
use crate::span;

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// The figures of this run show it.
    Measured,
    /// It is not measured, and why it is so.
    Argued,
    /// The figures, or the years, have taken it away.
    NoLongerTrue,
}

impl Status {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Argued => "argued",
            Self::NoLongerTrue => "no longer true",
        }
    }
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Point {
    pub(crate) option: Way,
    pub(crate) is_pro: bool,
    /// The article's word.
    pub(crate) claim: &'static str,
    pub(crate) status: Status,
    pub(crate) because: String,
}

/// All of them, in the article's order.
pub(crate) fn points(figures: &Figures, break_even: &[BreakEven]) -> Vec<Point> {
    let mut points = Vec::new();
    for (option, of) in [
        (Way::Threads, of_threads(figures)),
        (Way::Async, of_async(figures)),
        (Way::Processes, of_processes(figures)),
        (Way::Functions, of_functions(figures, break_even)),
    ] {
        points.extend(of.into_iter().map(|(is_pro, claim, status, because)| Point {
            option,
            is_pro,
            claim,
            status,
            because,
        }));
    }
    points
}

type Told = (bool, &'static str, Status, String);

const PRO: bool = true;
const CON: bool = false;

/// Measured as the article has it, or measured and not so.
const fn measured(is_so: bool) -> Status {
    if is_so { Status::Measured } else { Status::NoLongerTrue }
}

/// From that on a speed-up is one.
const SPEED_UP_MIN: f64 = 1.3;

fn of_threads(figures: &Figures) -> Vec<Told> {
    let io = figures.speed_up(Way::Threads, Kind::Waits);
    let cpu = figures.speed_up(Way::Threads, Kind::Calculates);
    let waiting = figures.in_progress(Way::Threads, Kind::Waits);
    let switch = |way| figures.cost(way).and_then(|cost| cost.switch_us).map(|us| us.median);
    let (thread, task) = (switch(Way::Threads), switch(Way::Async));
    let shown = |us: Option<f64>| us.map_or_else(|| "not measured".to_owned(), number);
    let refused = figures.compiled.refused_with.join(", ");
    vec![
        (
            PRO,
            "waiting for I/O does not hold up the others",
            measured(io > SPEED_UP_MIN),
            format!("{waiting} waited at once, x{} over one", number(io)),
        ),
        (
            PRO,
            "every library works",
            Status::Argued,
            "a thread that blocks needs nothing of its libraries".to_owned(),
        ),
        (
            CON,
            "slower than async through switches between system threads",
            measured(thread > task),
            format!(
                "a switch takes {} us, and {} us on the event loop",
                shown(thread),
                shown(task)
            ),
        ),
        (
            CON,
            "not thread safe",
            measured(refused.is_empty()),
            if refused.is_empty() {
                "the compiler took a data race".to_owned()
            } else {
                format!("the compiler refuses what is not: {refused}")
            },
        ),
        (
            CON,
            "no gain on CPU-bound work",
            measured(cpu < SPEED_UP_MIN),
            format!("x{} over one thread, on {} cores", number(cpu), figures.cores),
        ),
    ]
}

fn of_async(figures: &Figures) -> Vec<Told> {
    let io = figures.speed_up(Way::Async, Kind::Waits);
    let cpu = figures.speed_up(Way::Async, Kind::Calculates);
    let costs = figures.cost(Way::Async).zip(figures.cost(Way::Threads));
    let is_less =
        costs.is_some_and(|(task, thread)| task.create_us.median < thread.create_us.median);
    let words = costs.map_or_else(
        || "not measured".to_owned(),
        |(task, thread)| {
            format!("a task: {}; a thread: {}", cost_in_words(task), cost_in_words(thread))
        },
    );
    vec![
        (
            PRO,
            "extremely fast for I/O, with less overhead than threads",
            measured(is_less && io > SPEED_UP_MIN),
            format!("x{} over one; {words}", number(io)),
        ),
        (
            PRO,
            "thread safe",
            Status::Argued,
            "one thread; and the compiler checks what tasks share where there are more".to_owned(),
        ),
        (
            CON,
            "no gain on CPU-bound work",
            measured(cpu < SPEED_UP_MIN),
            format!("x{} over one task", number(cpu)),
        ),
        (
            CON,
            "recent, and library support is not complete",
            Status::NoLongerTrue,
            "stable in Rust since 2019: all of SQS, HTTP and Lambda here is async".to_owned(),
        ),
        (
            CON,
            "`async` changes a function's interface",
            Status::Argued,
            "so it does in Rust: what awaits is async, and so is its caller".to_owned(),
        ),
    ]
}

fn of_processes(figures: &Figures) -> Vec<Told> {
    let cpu = figures.speed_up(Way::Processes, Kind::Calculates);
    let aside = figures.aside;
    let (with, without) = (aside.with_pool_ms.median, aside.without_pool_ms.median);
    let costs = figures.cost(Way::Processes).zip(figures.cost(Way::Threads));
    let is_more = costs.is_some_and(|(process, thread)| process.memory_bytes > thread.memory_bytes);
    let words = costs.map_or_else(
        || "not measured".to_owned(),
        |(process, thread)| {
            format!("a process: {}; a thread: {}", cost_in_words(process), cost_in_words(thread))
        },
    );
    vec![
        (
            PRO,
            "speeds up CPU-bound work",
            measured(cpu > SPEED_UP_MIN),
            format!("x{} over one, on {} cores", number(cpu), figures.cores),
        ),
        (PRO, "thread safe", Status::Argued, "nothing is shared".to_owned()),
        (
            PRO,
            "long calculations beside a web server",
            measured(with < without),
            format!(
                "the burger shop's loop was held for {} ms with the pool, and for {} ms without",
                number(with),
                number(without)
            ),
        ),
        (
            CON,
            "nothing is shared",
            measured(figures.travel_us_per_salad > 0.0),
            format!(
                "what goes from one to another is sent: {} us a salad",
                number(figures.travel_us_per_salad)
            ),
        ),
        (CON, "high overhead, not for I/O", measured(is_more), words),
    ]
}

fn of_functions(figures: &Figures, break_even: &[BreakEven]) -> Vec<Told> {
    let calls = figures.calls;
    let cheaper = break_even.first().map_or_else(
        || "not measured".to_owned(),
        |row| {
            format!(
                "below {} requests a second on average, for a coffee against Fargate's smallest task",
                number(row.requests_a_second)
            )
        },
    );
    let played = figures.rows.iter().filter(|row| row.is_played);
    let most = played.map(|row| row.in_progress).max().unwrap_or(0);
    let limit = Limits::strict();
    vec![
        (
            PRO,
            "extremely simple",
            Status::Argued,
            "a coffee is one function of its order, and knows of no other".to_owned(),
        ),
        (
            PRO,
            "can be cheaper than a server that is always on",
            measured(!break_even.is_empty()),
            cheaper,
        ),
        (
            PRO,
            "scales without effort",
            measured(most > figures.cores),
            format!("{most} at once in virtual time, by nothing but calls"),
        ),
        (
            CON,
            "latency when instances start",
            measured(calls.cold_ms.median > calls.warm_ms.median),
            format!(
                "a cold call {} ms, a warm one {} ms",
                number(calls.cold_ms.median),
                number(calls.warm_ms.median)
            ),
        ),
        (
            CON,
            "time limits",
            Status::Argued,
            format!("AWS's: {} in place of about 5 minutes", span::show(limit.timeout_max)),
        ),
        (
            CON,
            "less control over the language's version",
            Status::NoLongerTrue,
            format!(
                "the function is a program of ours, by a compiler of ours: {}",
                figures.compiled.rustc
            ),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::prices::break_even;
    use crate::compare::sample::figures;

    fn status(figures: &Figures, option: Way, claim: &str) -> Status {
        let points = points(figures, &break_even("coffee", 128, 50.0));
        let point = points.iter().find(|point| point.option == option && point.claim == claim);
        point.expect("it stands in the article").status
    }

    #[test]
    fn every_pro_and_con_of_the_article_is_there() {
        let points = points(&figures(2), &[]);
        let count = |option, is_pro| {
            points.iter().filter(|point| point.option == option && point.is_pro == is_pro).count()
        };
        assert_eq!((count(Way::Threads, PRO), count(Way::Threads, CON)), (2, 3));
        assert_eq!((count(Way::Async, PRO), count(Way::Async, CON)), (2, 3));
        assert_eq!((count(Way::Processes, PRO), count(Way::Processes, CON)), (3, 2));
        assert_eq!((count(Way::Functions, PRO), count(Way::Functions, CON)), (3, 3));
    }

    #[test]
    fn what_the_figures_have_taken_away_is_no_longer_true() {
        let claim = "no gain on CPU-bound work";
        assert_eq!(status(&figures(2), Way::Threads, claim), Status::NoLongerTrue);
        assert_eq!(status(&figures(1), Way::Threads, claim), Status::Measured);
        assert_eq!(status(&figures(2), Way::Async, claim), Status::Measured);
        assert_eq!(status(&figures(2), Way::Threads, "not thread safe"), Status::NoLongerTrue);
        assert_eq!(
            status(&figures(1), Way::Processes, "speeds up CPU-bound work"),
            Status::NoLongerTrue
        );
    }
}
