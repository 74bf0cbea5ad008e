//! Plants one bug after the other in the machine and sees each caught, by the law that is there for it.
//!
//! `bugs [--seeds N]`: at most so many seeds for each, 1,000 unless said otherwise.
#![expect(clippy::print_stdout, reason = "it prints what it finds")]

use std::process::ExitCode;

use lunch_cloud::planted::{Bug, plant};
use lunch_sim::{Options, run, seed_of};

/// Each bug with the law that has to catch it.
const BUGS: [(Bug, &str); 20] = [
    (Bug::InstanceTwice, "slots"),
    (Bug::StaleExit, "stale"),
    (Bug::IdleNotRearmed, "reclaim"),
    (Bug::DeadlineNotArmed, "deadline"),
    (Bug::LeastRecentlyUsed, "choice"),
    (Bug::LeakedSlot, "throttle"),
    (Bug::DoubleReply, "answers"),
    (Bug::LateAnswer, "answers"),
    (Bug::FreezeBusy, "freezing"),
    (Bug::MissingThaw, "freezing"),
    (Bug::ReservedOffByOne, "concurrency"),
    (Bug::EndlessLife, "reclaim"),
    (Bug::OldRevision, "revision"),
    (Bug::BilledDown, "billing"),
    (Bug::ReleaseTwice, "release"),
    (Bug::ReleaseNever, "release"),
    (Bug::ShutdownForgets, "shutdown"),
    (Bug::AvailableBeforeNext, "slots"),
    (Bug::KillTwice, "commands"),
    (Bug::EndlessScaling, "throttle"),
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let seeds = match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => 1_000,
        (Some("--seeds"), Some(text)) => seed_of(&text),
        (Some(unknown), _) => {
            println!("unknown argument `{unknown}`\n(use: bugs [--seeds N])");
            return ExitCode::from(2);
        }
    };
    std::panic::set_hook(Box::new(|_| {}));
    println!("{:<22} {:<12} {:>5} {:>5}  by other laws before", "bug", "law", "seed", "step");
    let escaped = BUGS.iter().filter(|(bug, law)| !is_caught(*bug, law, seeds)).count();
    plant(None);
    println!("{} of {} bugs caught within {seeds} seeds", BUGS.len() - escaped, BUGS.len());
    if escaped == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether that law catches that bug.
fn is_caught(bug: Bug, law: &str, seeds: u64) -> bool {
    plant(Some(bug));
    let mut others = std::collections::BTreeMap::new();
    for seed in 1..=seeds {
        let Err(violation) = run(seed, &Options::default()) else { continue };
        if violation.law == law {
            let others: Vec<_> =
                others.iter().map(|(law, count): (&&str, &u32)| format!("{law} {count}")).collect();
            let name = format!("{bug:?}");
            println!("{name:<22} {law:<12} {seed:>5} {:>5}  {}", violation.step, others.join(", "));
            return true;
        }
        *others.entry(violation.law).or_default() += 1;
    }
    println!("{bug:?} escaped the law `{law}`; caught by others: {others:?}");
    false
}
