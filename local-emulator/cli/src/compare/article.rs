//! The article's table, cell by cell: its word, what was measured, and whether that holds.
//!
//! *Making lunch faster with Python concurrency* (Sourcery, 2021). A verdict looks at the figures alone: on a machine of one
//! core, or at a run that went differently, it says something else.

use serde::Serialize;

use super::figures::{Cost, Figures, Kind, Row, Way, number};
use crate::span;
use lunch_contract::Limits;

/// What the figures say to a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict", content = "why")]
pub(crate) enum Verdict {
    /// It was measured, and is so.
    Holds,
    /// It was measured, and is not so: why.
    Differs(String),
    /// It is not measured here: why it is so, or not.
    Argued(String),
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Cell {
    /// The table's row.
    pub(crate) row: &'static str,
    pub(crate) option: Way,
    /// The article's word.
    pub(crate) claim: &'static str,
    /// What was found.
    pub(crate) found: String,
    #[serde(flatten)]
    pub(crate) verdict: Verdict,
}

/// From that on a speed-up is one: less is noise.
const SPEED_UP_MIN: f64 = 1.3;
/// Below it, so many workers were no faster than one.
const NO_SPEED_UP_MAX: f64 = 1.15;

/// All cells: every row of the table, each for all four options.
pub(crate) fn cells(figures: &Figures) -> Vec<Cell> {
    let looks: [fn(&Figures, Way) -> Found; 9] = [
        kind_of_concurrency,
        concurrent_or_parallel,
        explicit_control,
        who_switches,
        most_at_once,
        communication,
        thread_safety,
        tasks_to_use_it_on,
        overhead,
    ];
    let rows = ROWS.iter().zip(looks);
    let cells = rows.flat_map(|((row, claims), look)| {
        Way::OPTIONS.into_iter().zip(claims).map(move |(option, claim)| {
            let (found, verdict) = look(figures, option);
            Cell { row, option, claim, found, verdict }
        })
    });
    cells.collect()
}

type Found = (String, Verdict);

/// The article's table: its rows, and the claims for threads, async, processes and functions.
const ROWS: [(&str, [&str; 4]); 9] = [
    (
        "concurrency type",
        [
            "pre-emptive multitasking",
            "cooperative multitasking",
            "multiprocessing",
            "many instances",
        ],
    ),
    (
        "concurrent or parallel",
        ["concurrent", "concurrent", "parallel (and so concurrent, too)", "parallel"],
    ),
    ("explicit control of concurrency", ["no", "yes", "no", "no"]),
    (
        "who decides the switch",
        [
            "the operating system",
            "the tasks, by giving up control",
            "nobody: they run at once on different cores",
            "nobody: they run at once in different instances",
        ],
    ),
    ("most executing at once", ["1", "1", "number of cores", "unlimited"]),
    (
        "communication between tasks",
        ["shared state", "shared state", "cross-process queues and return values", "impossible"],
    ),
    ("thread safe", ["no", "yes", "yes", "yes"]),
    (
        "tasks to use it on",
        ["I/O bound", "I/O bound", "CPU bound", "CPU bound, if shorter than ~5 minutes"],
    ),
    (
        "overhead of a task",
        [
            "a system thread: memory, and slower switches",
            "as little as possible: one process, one thread",
            "a system process: more memory and switching time than a thread",
            "the latency of starting an instance",
        ],
    ),
];

/// It holds if it is so; else why not.
fn if_so(is_so: bool, why_not: impl Into<String>) -> Verdict {
    if is_so { Verdict::Holds } else { Verdict::Differs(why_not.into()) }
}

/// How often workers of that way were made to give up their cores while they calculated.
fn forced(figures: &Figures, way: Way) -> u64 {
    let rows = figures.measured(way, Kind::Calculates);
    rows.filter_map(|row| row.involuntary_switches).sum()
}

fn kind_of_concurrency(figures: &Figures, option: Way) -> Found {
    match option {
        Way::Threads | Way::ThreadsOnOneCore => {
            let forced = forced(figures, Way::ThreadsOnOneCore) + forced(figures, Way::Threads);
            let found = format!("{forced} switches forced on threads that calculated");
            (found, if_so(forced > 0, "no thread was ever made to give up its core in this run"))
        }
        Way::Async => {
            let aside = figures.aside;
            let found = format!(
                "one calculation held the whole loop for {} ms: nobody took it away",
                number(aside.without_pool_ms.median)
            );
            let is_so = aside.without_pool_ms.median > aside.answer_ms.median / 2.0;
            (found, if_so(is_so, "the loop went on during a calculation"))
        }
        Way::Processes => {
            let at_once = figures.executing(option);
            let found = format!("processes on {at_once} cores at once");
            (found, if_so(at_once > 1, "this run had one core for them"))
        }
        Way::Functions => {
            let instances = figures.calls.instances;
            let found = format!("{instances} instances for {} callers at once", figures.cores);
            (found, if_so(instances == figures.cores, "an instance was not each caller's own"))
        }
    }
}

/// In the article's two words: several in progress, several executing.
fn word(in_progress: usize, executing: usize) -> &'static str {
    match (in_progress > 1, executing > 1) {
        (_, true) => "concurrent and parallel",
        (true, false) => "concurrent",
        (false, false) => "one after the other",
    }
}

fn concurrent_or_parallel(figures: &Figures, option: Way) -> Found {
    let in_progress = figures.in_progress(option, Kind::Waits);
    let executing = figures.executing(option);
    let word = word(in_progress, executing);
    let found = format!("{word}: {in_progress} in progress at once, {executing} executing at once");
    let verdict = match option {
        Way::Threads | Way::ThreadsOnOneCore => {
            let on_one = figures.executing(Way::ThreadsOnOneCore);
            if_so(
                word == "concurrent",
                format!(
                    "Rust's threads have no lock round the interpreter; kept on one core they are the article's, {on_one} executing"
                ),
            )
        }
        Way::Async => if_so(word == "concurrent", "several tasks of one loop executed at once"),
        Way::Processes | Way::Functions => {
            if_so(executing > 1, "this run had one core for them, which is concurrent at most")
        }
    };
    (found, verdict)
}

fn explicit_control(figures: &Figures, option: Way) -> Found {
    match option {
        Way::Async => {
            let shop = figures.shops.iter().find(|shop| shop.name.contains("async"));
            let elsewhere = shop.and_then(|shop| shop.switches_elsewhere);
            let found = match elsewhere {
                Some(0) => "the burger shop gave up control at its six points and nowhere else",
                Some(_) => "the burger shop gave up control elsewhere than at its six points",
                None => "not measured in this run",
            };
            (found.to_owned(), if_so(elsewhere == Some(0), found))
        }
        Way::Threads | Way::ThreadsOnOneCore => {
            let forced = forced(figures, Way::ThreadsOnOneCore);
            let found = format!("{forced} switches where the code says nothing of one");
            (found, if_so(forced > 0, "no switch was forced in this run"))
        }
        Way::Processes => (
            "nothing in a salad says when another is made".to_owned(),
            Verdict::Argued("a process is written as if it were alone".to_owned()),
        ),
        Way::Functions => (
            "nothing in a coffee says when another is made".to_owned(),
            Verdict::Argued("a handler is written as if it were alone".to_owned()),
        ),
    }
}

fn who_switches(figures: &Figures, option: Way) -> Found {
    match option {
        Way::Threads | Way::ThreadsOnOneCore => {
            let forced = forced(figures, Way::ThreadsOnOneCore);
            let found = format!("{forced} involuntary switches on one core");
            (found, if_so(forced > 0, "the operating system decided none in this run"))
        }
        Way::Async => {
            let executing = figures.executing(option);
            let found = "the others went on only where one gave up control".to_owned();
            (found, if_so(executing == 1, "two tasks of one loop executed at once"))
        }
        Way::Processes => {
            let (within, beyond): (Vec<&Row>, Vec<&Row>) = figures
                .measured(option, Kind::Calculates)
                .partition(|row| row.workers <= figures.cores);
            let sum =
                |rows: &[&Row]| rows.iter().filter_map(|row| row.involuntary_switches).sum::<u64>();
            let found = format!(
                "{} forced switches with as many processes as cores or fewer, {} with more",
                sum(&within),
                sum(&beyond)
            );
            let why = "up to the number of cores; with more processes the operating system decides, as between threads";
            (found, if_so(sum(&beyond) == 0, why))
        }
        Way::Functions => {
            let at_once = figures.executing(option);
            let found =
                format!("{at_once} instances calculated at once on {} cores", figures.cores);
            (found, if_so(at_once == figures.cores, "they shared fewer cores than they were"))
        }
    }
}

fn most_at_once(figures: &Figures, option: Way) -> Found {
    let executing = figures.executing(option);
    match option {
        Way::Threads | Way::ThreadsOnOneCore => {
            let why = "in Rust as many as there are cores: nothing lets one thread run only";
            (executing.to_string(), if_so(executing == 1, why))
        }
        Way::Async => (executing.to_string(), if_so(executing == 1, "one loop has one thread")),
        Way::Processes => {
            let found = format!("{executing} on {} cores", figures.cores);
            (found, if_so(executing == figures.cores, "not all cores were free in this run"))
        }
        Way::Functions => {
            let most = figures.rows.iter().filter(|row| row.way == option && row.is_played);
            let most = most.max_by_key(|row| row.workers);
            let played = most.map_or_else(String::new, |row| {
                format!(
                    "; played: of {} calls at once {} ran and {} were refused with 429",
                    row.workers, row.in_progress, row.refused
                )
            });
            let found = format!("{executing} measured on {} cores{played}", figures.cores);
            let limit = Limits::strict().account_concurrency.unwrap_or(u32::MAX);
            let is_unlimited = most.is_none_or(|row| row.refused == 0);
            (
                found,
                if_so(
                    is_unlimited,
                    format!("{limit} at once in a new account, until AWS raises it"),
                ),
            )
        }
    }
}

fn communication(figures: &Figures, option: Way) -> Found {
    match option {
        Way::Threads | Way::ThreadsOnOneCore => {
            let takes = figures.compiled.takes_locked;
            let found = "the compiler takes state that threads share behind a lock".to_owned();
            (found, if_so(takes, "the compiler did not take it"))
        }
        Way::Async => (
            "the burger shop's three activities share one kitchen".to_owned(),
            Verdict::Argued("between two points nobody else can change it".to_owned()),
        ),
        Way::Processes => {
            let travel = figures.travel_us_per_salad;
            let found =
                format!("orders, bowls and salads by sockets: {} us a salad", number(travel));
            (found, if_so(travel > 0.0, "nothing was passed between processes in this run"))
        }
        Way::Functions => (
            "instances have neither memory nor an address in common".to_owned(),
            Verdict::Argued(
                "directly it is impossible; by a queue or a store they can, as the till does"
                    .to_owned(),
            ),
        ),
    }
}

fn thread_safety(figures: &Figures, option: Way) -> Found {
    let compiled = &figures.compiled;
    match option {
        Way::Threads | Way::ThreadsOnOneCore => {
            let found = match compiled.refused_with.as_slice() {
                [] => "the compiler took a state that two threads change without a lock".to_owned(),
                errors => format!(
                    "{} refuses a state that two threads change without a lock: {}",
                    compiled.rustc,
                    errors.join(", ")
                ),
            };
            let is_unsafe = compiled.refused_with.is_empty();
            (found, if_so(is_unsafe, "in Rust a data race does not compile"))
        }
        Way::Async => (
            "one thread, and what it shares is checked as between threads".to_owned(),
            Verdict::Argued("what was read before an await may have changed after it".to_owned()),
        ),
        Way::Processes => (
            "nothing is shared".to_owned(),
            Verdict::Argued("each has memory of its own".to_owned()),
        ),
        Way::Functions => (
            "nothing is shared".to_owned(),
            Verdict::Argued("an instance serves one request at a time".to_owned()),
        ),
    }
}

fn tasks_to_use_it_on(figures: &Figures, option: Way) -> Found {
    let (io, cpu) =
        (figures.speed_up(option, Kind::Waits), figures.speed_up(option, Kind::Calculates));
    let (for_io, for_cpu) = (io >= SPEED_UP_MIN, cpu >= SPEED_UP_MIN);
    let found = format!("over one worker: waits x{}, calculates x{}", number(io), number(cpu));
    let verdict = match option {
        Way::Threads | Way::ThreadsOnOneCore => {
            if_so(for_io && !for_cpu, "CPU-bound work, too: Rust's threads run on all cores")
        }
        Way::Async => if_so(for_io && cpu < NO_SPEED_UP_MAX, "its speed-up is another in this run"),
        Way::Processes => if_so(for_cpu, "no more than one core was free in this run"),
        Way::Functions => {
            let limit = span::show(Limits::strict().timeout_max);
            Verdict::Differs(format!(
                "a function may run for {limit} (since 2018; the article has about 5); CPU-bound work gains {}",
                if for_cpu { "as it says" } else { "nothing on the cores of this run" }
            ))
        }
    };
    (found, verdict)
}

/// What a worker costs, in words.
pub(crate) fn cost_in_words(cost: &Cost) -> String {
    let memory = cost.memory_bytes.map_or_else(|| "memory not measured".to_owned(), kib);
    let switch = cost
        .switch_us
        .map_or_else(String::new, |switch| format!(", {} us a switch", number(switch.median)));
    format!("{} us to make, {memory}{switch}", number(cost.create_us.median))
}

/// Bytes, in KiB or MiB.
pub(crate) fn kib(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "nobody has 2^53 bytes")]
    let kib = bytes as f64 / 1_024.0;
    if kib < 1_024.0 {
        format!("{} KiB", number(kib))
    } else {
        format!("{} MiB", number(kib / 1_024.0))
    }
}

fn overhead(figures: &Figures, option: Way) -> Found {
    let Some(cost) = figures.cost(option) else {
        return ("not measured in this run".to_owned(), Verdict::Argued("no figures".to_owned()));
    };
    let thread = figures.cost(Way::Threads);
    let task = figures.cost(Way::Async);
    let is_more = |one: Option<&Cost>, other: Option<&Cost>| {
        let switch = |cost: &Cost| cost.switch_us.map(|switch| switch.median);
        let of = one.zip(other);
        of.map(|(one, other)| {
            (
                one.memory_bytes > other.memory_bytes,
                switch(one) > switch(other),
                one.create_us.median > other.create_us.median,
            )
        })
    };
    match option {
        Way::Threads | Way::ThreadsOnOneCore => {
            let (memory, switch, _) = is_more(Some(cost), task).unwrap_or_default();
            (
                cost_in_words(cost),
                if_so(memory && switch, "a task of the event loop was no cheaper"),
            )
        }
        Way::Async => {
            let (memory, switch, create) = is_more(thread, Some(cost)).unwrap_or_default();
            let why = "a thread was no dearer in this run";
            (cost_in_words(cost), if_so(memory && switch && create, why))
        }
        Way::Processes => {
            let (memory, switch, _) = is_more(Some(cost), thread).unwrap_or_default();
            let why = match (memory, switch) {
                (true, false) => "more memory, but its switch took no longer than a thread's",
                (false, true) => "a longer switch, but no more memory than a thread",
                _ => "neither was more than a thread's",
            };
            (cost_in_words(cost), if_so(memory && switch, why))
        }
        Way::Functions => {
            let calls = figures.calls;
            let found = format!(
                "a cold call {} ms (INIT {} ms), a warm one {} ms beside the work",
                number(calls.cold_ms.median),
                number(calls.init_ms.median),
                number(calls.warm_ms.median)
            );
            (found, if_so(calls.cold_ms.median > calls.warm_ms.median, "a cold call was no slower"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::sample::figures;

    fn verdict(figures: &Figures, row: &str, option: Way) -> Verdict {
        let cells = cells(figures);
        let cell = cells.iter().find(|cell| cell.row == row && cell.option == option);
        cell.expect("it stands in the table").verdict.clone()
    }

    #[test]
    fn every_row_of_the_article_has_a_cell_for_each_option() {
        let cells = cells(&figures(2));
        assert_eq!(cells.len(), 9 * 4);
        assert!(cells.iter().all(|cell| !cell.found.is_empty() && !cell.claim.is_empty()));
    }

    #[test]
    fn threads_of_rust_are_parallel_and_kept_on_one_core_they_are_the_articles() {
        let two = figures(2);
        assert!(matches!(
            verdict(&two, "most executing at once", Way::Threads),
            Verdict::Differs(_)
        ));
        assert!(matches!(
            verdict(&two, "concurrent or parallel", Way::Threads),
            Verdict::Differs(_)
        ));
        assert_eq!(verdict(&two, "concurrent or parallel", Way::Async), Verdict::Holds);
        assert_eq!(verdict(&two, "concurrent or parallel", Way::Processes), Verdict::Holds);
        let one = figures(1);
        assert_eq!(verdict(&one, "most executing at once", Way::Threads), Verdict::Holds);
        assert!(matches!(
            verdict(&one, "concurrent or parallel", Way::Processes),
            Verdict::Differs(_)
        ));
    }

    #[test]
    fn a_compiler_that_took_the_race_would_let_the_article_hold() {
        let mut figures = figures(2);
        assert!(matches!(verdict(&figures, "thread safe", Way::Threads), Verdict::Differs(_)));
        figures.compiled.refused_with.clear();
        assert_eq!(verdict(&figures, "thread safe", Way::Threads), Verdict::Holds);
    }

    #[test]
    fn a_switch_between_processes_that_is_no_dearer_is_told() {
        let mut figures = figures(2);
        assert_eq!(verdict(&figures, "overhead of a task", Way::Processes), Verdict::Holds);
        for cost in &mut figures.costs {
            if cost.way == Way::Processes {
                cost.switch_us = Some(super::super::figures::Spread::of(vec![0.001]));
            }
        }
        let why = "more memory, but its switch took no longer than a thread's".to_owned();
        assert_eq!(verdict(&figures, "overhead of a task", Way::Processes), Verdict::Differs(why));
    }
}
