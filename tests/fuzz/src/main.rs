//! Fuzzes the doors: `fuzz [DOOR...] [--seconds N] [--cases N] [--seed S]`.
//!
//! Each case follows from a seed of its own, the first from `S` (a number, or a commit's hash), and each next one from
//! the number after it. Each door runs in a process of its own, so that one that dies, or says nothing for a minute,
//! is told with the seed that it had in hand.
#![expect(clippy::print_stdout, reason = "it prints what it finds")]

mod case;
mod corpus;
mod doors;
mod exchange;
mod inside;
mod mutate;
mod outside;
#[path = "../../../local-emulator/host/tests/host/street.rs"]
#[expect(dead_code, reason = "the host's own tests use more of it")]
mod street;

use std::process::ExitCode;
use std::time::Duration;

use lunch_sim::seed_of;

use crate::doors::{DOORS, Door};

const USE: &str = "use: fuzz [DOOR...] [--seconds N] [--cases N] [--seed S]";

/// What is asked for.
#[derive(Debug)]
struct Plan {
    seconds: Duration,
    cases: u64,
    seed: u64,
    doors: Vec<&'static Door>,
    /// Whether this is the process of one door.
    inside: bool,
}

fn main() -> ExitCode {
    let plan = match plan(std::env::args().skip(1)) {
        Ok(plan) => plan,
        Err(sentence) => {
            println!("{sentence}\n({USE})");
            return ExitCode::from(2);
        }
    };
    if plan.inside {
        inside::run(plan.doors[0], &plan);
        return ExitCode::SUCCESS;
    }
    println!("seed {}", plan.seed);
    if outside::are_clean(&plan) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn plan(mut arguments: impl Iterator<Item = String>) -> Result<Plan, String> {
    let mut plan = Plan {
        seconds: Duration::from_secs(10),
        cases: u64::MAX,
        seed: 1,
        doors: Vec::new(),
        inside: false,
    };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("`{argument}` needs a value"));
        let number = |text: String| text.parse().map_err(|_| format!("`{text}` is no number"));
        match argument.as_str() {
            "--seconds" => plan.seconds = Duration::from_secs(number(value()?)?),
            "--cases" => plan.cases = number(value()?)?,
            "--seed" => plan.seed = seed_of(&value()?),
            "--inside" => plan.inside = true,
            name => {
                let door = DOORS.iter().find(|door| door.name == name);
                plan.doors.push(door.ok_or_else(|| unknown(name))?);
            }
        }
    }
    if plan.doors.is_empty() {
        plan.doors = DOORS.iter().collect();
    }
    Ok(plan)
}

fn unknown(name: &str) -> String {
    let names: Vec<_> = DOORS.iter().map(|door| door.name).collect();
    format!("there is no door `{name}`, but {}", names.join(", "))
}
