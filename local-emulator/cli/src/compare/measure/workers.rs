//! What the shops' programs do and cost: threads and tasks of the burger shop's, processes of the salad shop's, and the two
//! shops as they are.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::programs::Programs;
use super::{Plan, Stint, row};
use crate::compare::figures::{Cost, Figures, Kind, Row, Shop, Spread, Way};
use crate::compare::overlap::{Slice, Span};
use crate::failure::{Code, Failure, OrFail as _};
use crate::say;

/// A short salad, so that a short measurement has many.
const SALAD_CPU_MS: &str = "20";
/// A minute of the shop in ten milliseconds.
const TIME_SCALE: &str = "6000";
/// How many workers are made at once, to know what one costs.
const MADE: [(Way, usize); 3] = [(Way::Threads, 200), (Way::Async, 10_000), (Way::Processes, 16)];
/// How often two of them hand over to each other.
const ROUNDS: u32 = 2_000;

/// What a stint's program tells.
#[derive(Debug, Deserialize)]
struct Done {
    pieces: Vec<Piece>,
    cpu_ns: u64,
    voluntary_switches: u64,
    involuntary_switches: u64,
    memory_bytes: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Piece {
    from_ns: u64,
    to_ns: u64,
    slices: Vec<Slice>,
}

/// What a worker costs, as its program tells.
#[derive(Debug, Deserialize)]
struct Costs {
    create_us: f64,
    memory_bytes: Option<u64>,
    switch_us: f64,
}

/// Measures all that needs no cloud.
pub(crate) fn measure(plan: &Plan, programs: &Programs) -> Result<Figures, Failure> {
    let mut figures = plan.figures();
    let one_maker = salads(programs, 1)?;
    let number = |value: &Value, name: &str| value[name].as_f64().unwrap_or_default();
    let rounds_per_ms = one_maker["rounds_per_ms"].as_u64().unwrap_or_default();
    figures.rounds = rounds_per_ms.max(1) * plan.calculates_ms;
    figures.travel_us_per_salad = number(&one_maker, "travel_us_per_salad");
    for work in Kind::ALL {
        for way in Way::LOCAL {
            say::beside(format!("measuring {}: {}", way.name(), work.name()));
            figures.rows.extend(stints(plan, programs, figures.rounds, way, work)?);
        }
    }
    say::beside("measuring what workers cost");
    for (way, workers) in MADE {
        figures.costs.push(cost(plan, programs, way, workers)?);
    }
    say::beside("measuring the shops as they are");
    figures.shops = burgers(plan, programs)?;
    figures.shops.push(salad_shop(&one_maker));
    if plan.cores > 1 {
        figures.shops.push(salad_shop(&salads(programs, plan.cores)?));
    }
    Ok(figures)
}

/// The work as a stint's JSON has it.
fn json_of(plan: &Plan, rounds: u64, work: Kind) -> Value {
    match work {
        Kind::Waits => json!({"waits_ms": plan.waits_ms}),
        Kind::Calculates => json!({"rounds": rounds}),
    }
}

fn stints(
    plan: &Plan,
    programs: &Programs,
    rounds: u64,
    way: Way,
    work: Kind,
) -> Result<Vec<Row>, Failure> {
    let mut rows: Vec<Row> = Vec::new();
    for workers in &plan.sizes {
        let asked = json!({
            "workers": workers,
            "work": json_of(plan, rounds, work),
            "lasts_ms": u64::try_from(plan.lasts.as_millis()).unwrap_or(u64::MAX).max(1),
        });
        let again = (0..plan.repeats).map(|_| {
            let (program, variables) = program(programs, way);
            ask(program, variables, &["stint", &asked.to_string()]).map(stint)
        });
        let stints = again.collect::<Result<Vec<_>, _>>()?;
        let one = rows.first().map(|one| one.pieces_per_s.median);
        rows.push(row(way, work, *workers, &stints, one));
    }
    Ok(rows)
}

fn stint(done: Done) -> Stint {
    let spans = done.pieces.iter().map(|piece| Span { from_ns: piece.from_ns, to_ns: piece.to_ns });
    Stint {
        spans: spans.collect(),
        slices: done.pieces.iter().flat_map(|piece| &piece.slices).copied().collect(),
        cpu_s: Duration::from_nanos(done.cpu_ns).as_secs_f64(),
        memory_bytes: done.memory_bytes,
        billed_gb_s: None,
        voluntary_switches: Some(done.voluntary_switches),
        involuntary_switches: Some(done.involuntary_switches),
    }
}

/// Whose workers are of that way.
fn program(programs: &Programs, way: Way) -> (&Path, &'static [(&'static str, &'static str)]) {
    match way {
        Way::ThreadsOnOneCore => (&programs.burger, &[("ENGINE", "threads"), ("WORKER", "one")]),
        Way::Threads => (&programs.burger, &[("ENGINE", "threads"), ("WORKER", "free")]),
        Way::Async => (&programs.burger, &[("ENGINE", "async")]),
        Way::Processes | Way::Functions => (&programs.salad, &[]),
    }
}

fn cost(plan: &Plan, programs: &Programs, way: Way, workers: usize) -> Result<Cost, Failure> {
    let asked = json!({"workers": workers, "rounds": ROUNDS}).to_string();
    let (program, variables) = program(programs, way);
    let again = (0..plan.repeats).map(|_| ask::<Costs>(program, variables, &["costs", &asked]));
    let costs = again.collect::<Result<Vec<_>, _>>()?;
    let of = |one: fn(&Costs) -> f64| Spread::of(costs.iter().map(one).collect());
    Ok(Cost {
        way,
        create_us: of(|cost| cost.create_us),
        memory_bytes: costs.iter().map(|cost| cost.memory_bytes).max().flatten(),
        switch_us: Some(of(|cost| cost.switch_us)),
    })
}

/// The burger shop by both engines, with its own grill and with one twice as large.
fn burgers(plan: &Plan, programs: &Programs) -> Result<Vec<Shop>, Failure> {
    let lasts_ms = u64::try_from(plan.lasts.as_millis()).unwrap_or(u64::MAX).max(100).to_string();
    let mut shops = Vec::new();
    for (name, engine, worker) in [
        ("burgers, threads on one core", "threads", "one"),
        ("burgers, threads", "threads", "free"),
        ("burgers, async", "async", "one"),
    ] {
        for grill in ["4", "8"] {
            let variables = [
                ("ENGINE", engine),
                ("WORKER", worker),
                ("BURGER_GRILL", grill),
                ("BURGER_TIME_SCALE", TIME_SCALE),
            ];
            let told: Value = ask(&programs.burger, &variables, &["measure", &lasts_ms])?;
            let (served, wall_s) = (whole(&told, "served"), real(&told, "wall_s"));
            shops.push(Shop {
                name: name.to_owned(),
                size: format!("grill {grill}"),
                served: served.unwrap_or_default(),
                per_s: real(&told, "served") / wall_s.max(1e-9),
                wall_s,
                cpu_s: real(&told, "cpu_s"),
                in_progress: whole(&told, "most_in_progress"),
                executing: whole(&told, "most_executing"),
                involuntary_switches: whole(&told, "involuntary_switches"),
                switches_elsewhere: whole(&told, "switches_elsewhere"),
            });
        }
    }
    Ok(shops)
}

fn salads(programs: &Programs, makers: usize) -> Result<Value, Failure> {
    let makers = makers.to_string();
    say::beside(format!("measuring the salad shop, makers: {makers}"));
    let arguments =
        ["measure", "--makers", &makers, "--seconds", "1", "--salad-cpu-ms", SALAD_CPU_MS];
    ask(&programs.salad, &[], &arguments)
}

fn salad_shop(told: &Value) -> Shop {
    Shop {
        name: "salads, processes".to_owned(),
        size: format!("makers {}", whole(told, "makers").unwrap_or_default()),
        served: whole(told, "salads").unwrap_or_default(),
        per_s: real(told, "salads_per_s"),
        wall_s: real(told, "wall_s"),
        cpu_s: real(told, "cpu_s"),
        in_progress: None,
        executing: None,
        involuntary_switches: None,
        switches_elsewhere: None,
    }
}

fn whole(told: &Value, name: &str) -> Option<u64> {
    told[name].as_u64()
}

fn real(told: &Value, name: &str) -> f64 {
    told[name].as_f64().unwrap_or_default()
}

/// Runs a program to its end, for the JSON that it prints.
fn ask<T: DeserializeOwned>(
    program: &Path,
    variables: &[(&str, &str)],
    arguments: &[&str],
) -> Result<T, Failure> {
    let mut command = Command::new(program);
    command.env_clear().envs(variables.iter().copied()).args(arguments).stdin(Stdio::null());
    let name = program.display();
    let output = command.output().or_fail_with(Code::Bad, || format!("`{name}` does not run"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let sentence = format!(
            "`{name} {}` ended with {}: {}",
            arguments.join(" "),
            output.status,
            said.trim_end()
        );
        return Err(Failure::new(Code::Bad, sentence));
    }
    serde_json::from_slice(&output.stdout).or_fail_with(Code::Bad, || {
        format!("`{name}` tells something else than this lunch understands\n(build both from the same checkout)")
    })
}
