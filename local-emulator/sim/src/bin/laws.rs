//! Runs seeds and asks the laws after every step: `laws [--seeds N] [--seed S] [--steps N] [--kind instances|street|tasks]`.
//!
//! `S` is the first seed: a number, or a commit's hash. Without a kind each seed is run as all of them.
#![expect(clippy::print_stdout, reason = "it prints what it finds")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use lunch_sim::{Options, Summary, Violation, laws, run, seed_of, street, tasks};

/// A kind of run, with the names of its laws.
struct Kind {
    name: &'static str,
    run: fn(u64, &Options) -> Result<Summary, Box<Violation>>,
    laws: fn() -> Vec<&'static str>,
}

const KINDS: [Kind; 3] = [
    Kind { name: "instances", run, laws: laws::names },
    Kind { name: "street", run: street::run, laws: laws::street::names },
    Kind { name: "tasks", run: tasks::run, laws: laws::tasks::names },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)
    };
    let known = ["--seeds", "--seed", "--steps", "--kind"];
    let unknown = arguments.iter().step_by(2).find(|argument| !known.contains(&argument.as_str()));
    let chosen = value("--kind");
    let is_known = |name: &String| KINDS.iter().any(|kind| kind.name == name);
    if let Some(unknown) = unknown.or_else(|| chosen.filter(|name| !is_known(name))) {
        println!(
            "unknown argument `{unknown}`\n(use: laws [--seeds N] [--seed S] [--steps N] [--kind instances|street|tasks])"
        );
        return ExitCode::from(2);
    }
    let seeds = value("--seeds").map_or(1_000, |text| seed_of(text));
    let first = value("--seed").map_or(1, |text| seed_of(text));
    let steps = value("--steps").map_or_else(|| Options::default().steps, |text| seed_of(text));
    std::panic::set_hook(Box::new(|_| {}));

    for kind in KINDS.iter().filter(|kind| chosen.is_none_or(|name| kind.name == name)) {
        let begun = Instant::now();
        let mut all = Summary::default();
        for seed in (0..seeds).map(|count| first.wrapping_add(count)) {
            match (kind.run)(seed, &Options { steps }) {
                Ok(summary) => add(&mut all, &summary),
                Err(violation) => {
                    println!("{violation}");
                    return ExitCode::FAILURE;
                }
            }
        }
        println!("{}: {seeds} seeds from {first}: {} laws kept", kind.name, (kind.laws)().len());
        report(&all, begun.elapsed());
    }
    ExitCode::SUCCESS
}

fn add(all: &mut Summary, one: &Summary) {
    all.steps += one.steps;
    all.simulated += one.simulated;
    all.requests += one.requests;
    all.instances += one.instances;
    all.commands += one.commands;
    all.messages += one.messages;
    all.restarts += one.restarts;
}

fn report(all: &Summary, took: Duration) {
    let (took, hours) = (took.as_secs_f64(), all.simulated.as_secs_f64() / 3_600.0);
    println!(
        "{} steps, {} requests, {} instances, {} commands, {hours:.0} simulated hours",
        all.steps, all.requests, all.instances, all.commands
    );
    if all.messages > 0 {
        println!("{} messages, {} restarts", all.messages, all.restarts);
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = all.steps as f64 / took;
    println!("{took:.2} s: {:.0} simulated hours/s, {rate:.0} steps/s", hours / took);
}
