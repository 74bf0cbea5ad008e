//! What functions do and cost, on a local cloud that serves them as `lunch up` does: as many callers at once as there are
//! cores at most, each with an instance of its own.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use lunch_cloud::Record;
use lunch_host::wire::{Happened, Ps, TimelineLine};
use lunch_host::{Config, ServedFunction};
use serde_json::{Value, json};
use tokio::task::spawn_local;

use super::programs::Programs;
use super::{Plan, Stint, processes, row};
use crate::compare::figures::{Calls, Cost, Figures, Kind, Row, Spread, Way};
use crate::compare::overlap::{Slice, Span};
use crate::door::{Answer, Door};
use crate::failure::{Code, Failure};
use crate::say;

/// The function that does stints.
const SCRIPTED: &str = "scripted";
/// Longer than any piece takes, however many share a core.
const TIMEOUT: Duration = Duration::from_secs(600);
/// The shortest coffee that there is: one shot to grind, and 40 ms for the water.
const COFFEE: &str =
    r#"{"id": 1, "customer": "Ada", "item": {"drink": "cold brew", "size": "small"}}"#;
/// Calls that ask for nothing.
const WARM_CALLS: usize = 50;
/// Cold starts are worth that many, however often stints are repeated.
const COLD_MIN: usize = 5;
/// All that a run comes to is kept in sight.
const TIMELINE_LINES_MAX: usize = 1 << 20;

/// A cloud with these functions, and one coffee function for each cold start.
pub(crate) fn config(plan: &Plan, programs: &Programs) -> Config {
    let served = |name: &str, program: &Path| ServedFunction {
        timeout: TIMEOUT,
        ..ServedFunction::new(name, program)
    };
    let coffees = (0..colds(plan)).map(|one| served(&coffee(one), &programs.coffee));
    let functions = [served(SCRIPTED, &programs.scripted)].into_iter().chain(coffees);
    Config { timeline_lines_max: TIMELINE_LINES_MAX, ..Config::new(functions.collect()) }
}

fn colds(plan: &Plan) -> usize {
    plan.repeats.max(COLD_MIN)
}

fn coffee(one: usize) -> String {
    format!("coffee-{one}")
}

/// Measures all that functions come to.
pub(crate) async fn measure(
    plan: &Plan,
    door: &Rc<Door>,
    figures: &mut Figures,
) -> Result<(), Failure> {
    say::beside("measuring cloud functions: cold starts and warm calls");
    let (calls, create_us) = calls(plan, door).await?;
    figures.calls = calls;
    let mut instances = 0;
    for work in Kind::ALL {
        say::beside(format!("measuring cloud functions: {}", work.name()));
        let mut rows: Vec<Row> = Vec::new();
        for workers in sizes(plan) {
            let mut stints = Vec::with_capacity(plan.repeats);
            for _ in 0..plan.repeats {
                let (stint, by) = stint(plan, door, figures.rounds, work, workers).await?;
                stints.push(stint);
                instances = if workers == plan.cores { instances.max(by) } else { instances };
            }
            let one = rows.first().map(|one| one.pieces_per_s.median);
            rows.push(row(Way::Functions, work, workers, &stints, one));
        }
        figures.rows.extend(rows);
    }
    figures.calls.instances = instances;
    let each = each_bytes(&ps(door).await?);
    figures.costs.push(Cost {
        way: Way::Functions,
        create_us,
        memory_bytes: each,
        switch_us: None,
    });
    Ok(())
}

/// Up to the number of cores, and that number itself.
fn sizes(plan: &Plan) -> Vec<usize> {
    let asked = plan.sizes.iter().copied().chain([plan.cores]);
    let mut sizes: Vec<_> = asked.filter(|size| *size <= plan.cores).collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

/// The latency of calls; beside it what it takes to make an instance, microseconds.
async fn calls(plan: &Plan, door: &Rc<Door>) -> Result<(Calls, Spread), Failure> {
    let (mut cold, mut init, mut billed) = (Vec::new(), Vec::new(), Vec::new());
    for one in 0..colds(plan) {
        let name = coffee(one);
        let (first, took) = call(door, &name, COFFEE).await?;
        let work = header_ms(&first, "x-lunch-duration-ms");
        // What the caller waits for that is not the coffee's own time.
        cold.push((took.as_secs_f64() * 1e3 - work).max(0.0));
        init.push(header_ms(&first, "x-lunch-init-ms"));
        let before = seen(door).await?.len();
        call(door, &name, COFFEE).await?;
        billed.extend(billed_ms(&since(door, before).await?));
    }
    call(door, SCRIPTED, "{}").await?;
    let mut warm = Vec::new();
    for _ in 0..WARM_CALLS {
        warm.push(call(door, SCRIPTED, "{}").await?.1.as_secs_f64() * 1e3);
    }
    let memory_mb = ps(door).await?.instances.first().map_or(0, |one| one.memory_size_mb);
    let create_us = Spread::of(cold.iter().map(|ms| ms * 1e3).collect());
    let calls = Calls {
        cold_ms: Spread::of(cold),
        init_ms: Spread::of(init),
        warm_ms: Spread::of(warm),
        coffee_billed_ms: Spread::of(billed).median,
        memory_mb,
        instances: 0,
    };
    Ok((calls, create_us))
}

/// As many callers as workers, each of whom calls again and again; and how many instances served them.
async fn stint(
    plan: &Plan,
    door: &Rc<Door>,
    rounds: u64,
    work: Kind,
    workers: usize,
) -> Result<(Stint, usize), Failure> {
    let script = match work {
        Kind::Waits => json!({"do": [{"sleep_ms": plan.waits_ms}]}),
        Kind::Calculates => json!({"do": [{"rounds": rounds}]}),
    };
    let script = script.to_string();
    // An instance for each of them; the first calls are cold, and not counted.
    callers(door, &script, workers, Duration::ZERO).await?;
    let pids = pids(&ps(door).await?);
    let cpu = || pids.iter().map(|pid| processes::cpu_ns(*pid)).sum::<u64>();
    let (before, cpu_before) = (seen(door).await?.len(), cpu());
    let told = callers(door, &script, workers, plan.lasts).await?;
    let cpu_ns = cpu().saturating_sub(cpu_before);
    let ended = since(door, before).await?;
    let mb = f64::from(ps(door).await?.instances.first().map_or(0, |one| one.memory_size_mb));
    let billed_s = billed_ms(&ended).iter().sum::<f64>() / 1e3;
    let instances: std::collections::BTreeSet<_> =
        told.iter().filter_map(|(_, answer)| answer.header("x-lunch-instance")).collect();
    let stint = Stint {
        spans: told.iter().map(|(span, _)| *span).collect(),
        slices: told.iter().flat_map(|(_, answer)| slices(answer)).collect(),
        cpu_s: Duration::from_nanos(cpu_ns).as_secs_f64(),
        memory_bytes: pids.iter().map(|pid| processes::own_bytes(*pid)).sum(),
        billed_gb_s: Some(mb / 1_024.0 * billed_s),
        voluntary_switches: None,
        involuntary_switches: None,
    };
    Ok((stint, instances.len()))
}

type Told = Vec<(Span, Answer)>;

/// The calls of so many callers, each of whom calls once and then again for so long.
async fn callers(
    door: &Rc<Door>,
    script: &str,
    many: usize,
    lasts: Duration,
) -> Result<Told, Failure> {
    let begin = Instant::now();
    let told = Rc::new(RefCell::new(Told::new()));
    let callers: Vec<_> = (0..many)
        .map(|_| {
            let (door, told, script) = (Rc::clone(door), Rc::clone(&told), script.to_owned());
            spawn_local(async move {
                loop {
                    let from_ns = since_ns(begin);
                    let (answer, _) = call(&door, SCRIPTED, &script).await?;
                    let span = Span { from_ns, to_ns: since_ns(begin) };
                    told.borrow_mut().push((span, answer));
                    if begin.elapsed() >= lasts {
                        return Ok::<_, Failure>(());
                    }
                }
            })
        })
        .collect();
    for caller in callers {
        let gone = |_| Failure::new(Code::Fault, "a caller of functions has panicked");
        caller.await.map_err(gone)??;
    }
    Ok(told.take())
}

fn since_ns(begin: Instant) -> u64 {
    u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Calls a function, which has to answer, and says how long that took.
async fn call(door: &Door, name: &str, payload: &str) -> Result<(Answer, Duration), Failure> {
    let begin = Instant::now();
    let answer = door.invoke(name, payload.to_owned(), false).await?;
    let took = begin.elapsed();
    let failed = answer.header("x-amz-function-error").is_some();
    if answer.status.is_success() && !failed {
        return Ok((answer, took));
    }
    let said = String::from_utf8_lossy(&answer.body);
    let sentence =
        format!("the function `{name}` did not do what it was to do: {} {said}", answer.status);
    Err(Failure::new(Code::Bad, sentence))
}

fn header_ms(answer: &Answer, name: &str) -> f64 {
    answer.header(name).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// When and where an instance calculated, as it tells.
fn slices(answer: &Answer) -> Vec<Slice> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    serde_json::from_value(body["seen"]["rounds"].clone()).unwrap_or_default()
}

async fn ps(door: &Door) -> Result<Ps, Failure> {
    Ok(door.read("/_lunch/ps").await?)
}

/// The processes of the instances that do stints.
fn pids(ps: &Ps) -> Vec<u32> {
    let of = ps.instances.iter().filter(|instance| instance.function == SCRIPTED);
    of.filter_map(|instance| instance.pid).collect()
}

/// What an instance holds, on average.
fn each_bytes(ps: &Ps) -> Option<u64> {
    let pids = pids(ps);
    let all: Option<u64> = pids.iter().map(|pid| processes::own_bytes(*pid)).sum();
    all?.checked_div(u64::try_from(pids.len()).ok()?)
}

/// The timeline up to where every invocation has ended, which is a moment after its answer.
async fn seen(door: &Door) -> Result<Vec<TimelineLine>, Failure> {
    loop {
        let lines: Vec<TimelineLine> = door.read_lines("/_lunch/timeline").await?;
        let count = |is_meant: fn(&Record) -> bool| {
            let is_meant = |line: &&TimelineLine| match &line.happened {
                Happened::Record(record) => is_meant(record),
                Happened::Note(_) => false,
            };
            lines.iter().filter(is_meant).count()
        };
        let started = count(|record| matches!(record, Record::Started { .. }));
        if started == count(|record| matches!(record, Record::Ended { .. })) {
            return Ok(lines);
        }
    }
}

/// What has happened since there were so many lines.
async fn since(door: &Door, before: usize) -> Result<Vec<TimelineLine>, Failure> {
    Ok(seen(door).await?.split_off(before))
}

/// What each invocation that has ended is billed.
fn billed_ms(lines: &[TimelineLine]) -> Vec<f64> {
    let of = |line: &TimelineLine| match &line.happened {
        Happened::Record(Record::Ended { billed_ms, .. }) => {
            u32::try_from(*billed_ms).ok().map(f64::from)
        }
        Happened::Record(_) | Happened::Note(_) => None,
    };
    lines.iter().filter_map(of).collect()
}
