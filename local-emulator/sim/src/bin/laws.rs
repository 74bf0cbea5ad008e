//! Runs seeds and asks the laws after every step: `laws [--seeds N] [--seed S] [--steps N]`.
//!
//! `S` is the first seed: a number, or a commit's hash.
#![expect(clippy::print_stdout, reason = "it prints what it finds")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use lunch_sim::{Options, Summary, run, seed_of};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)
    };
    let known = ["--seeds", "--seed", "--steps"];
    if let Some(unknown) =
        arguments.iter().step_by(2).find(|argument| !known.contains(&argument.as_str()))
    {
        println!("unknown argument `{unknown}`\n(use: laws [--seeds N] [--seed S] [--steps N])");
        return ExitCode::from(2);
    }
    let seeds = value("--seeds").map_or(1_000, |text| seed_of(text));
    let first = value("--seed").map_or(1, |text| seed_of(text));
    let steps = value("--steps").map_or_else(|| Options::default().steps, |text| seed_of(text));
    std::panic::set_hook(Box::new(|_| {}));

    let begun = Instant::now();
    let mut all = Summary::default();
    for seed in (0..seeds).map(|count| first.wrapping_add(count)) {
        match run(seed, &Options { steps }) {
            Ok(summary) => add(&mut all, &summary),
            Err(violation) => {
                println!("{violation}");
                return ExitCode::FAILURE;
            }
        }
    }
    report(seeds, first, &all, begun.elapsed());
    ExitCode::SUCCESS
}

fn add(all: &mut Summary, one: &Summary) {
    all.steps += one.steps;
    all.simulated += one.simulated;
    all.requests += one.requests;
    all.instances += one.instances;
    all.commands += one.commands;
}

fn report(seeds: u64, first: u64, all: &Summary, took: Duration) {
    let (took, hours) = (took.as_secs_f64(), all.simulated.as_secs_f64() / 3_600.0);
    println!("{seeds} seeds from {first}: {} laws kept", lunch_sim::laws::names().len());
    println!(
        "{} steps, {} requests, {} instances, {} commands, {hours:.0} simulated hours",
        all.steps, all.requests, all.instances, all.commands
    );
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = all.steps as f64 / took;
    println!("{took:.2} s: {:.0} simulated hours/s, {rate:.0} steps/s", hours / took);
}
