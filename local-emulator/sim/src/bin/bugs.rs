//! Plants one bug after the other in the machine and sees each caught, by the law that is there for it.
//!
//! `bugs [--seeds N]`: at most so many seeds for each, 1,000 unless said otherwise.
#![expect(clippy::print_stdout, reason = "it prints what it finds")]

use std::process::ExitCode;

use lunch_cloud::planted::{Bug, plant};
use lunch_sim::{Options, Summary, Violation, run, seed_of, street, tasks};

/// The kind of run that meets it.
type Run = fn(u64, &Options) -> Result<Summary, Box<Violation>>;

/// Each bug with the law that has to catch it.
const BUGS: &[(Bug, &str, Run)] = &[
    (Bug::InstanceTwice, "slots", run),
    (Bug::StaleExit, "stale", run),
    (Bug::IdleNotRearmed, "reclaim", run),
    (Bug::DeadlineNotArmed, "deadline", run),
    (Bug::LeastRecentlyUsed, "choice", run),
    (Bug::LeakedSlot, "throttle", run),
    (Bug::DoubleReply, "answers", run),
    (Bug::LateAnswer, "answers", run),
    (Bug::FreezeBusy, "freezing", run),
    (Bug::MissingThaw, "freezing", run),
    (Bug::ReservedOffByOne, "concurrency", run),
    (Bug::EndlessLife, "reclaim", run),
    (Bug::OldRevision, "revision", run),
    (Bug::BilledDown, "billing", run),
    (Bug::ReleaseTwice, "release", run),
    (Bug::ReleaseNever, "release", run),
    (Bug::ShutdownForgets, "shutdown", run),
    (Bug::AvailableBeforeNext, "slots", run),
    (Bug::KillTwice, "commands", run),
    (Bug::EndlessScaling, "throttle", run),
    (Bug::LeastRecentlyUsed, "choice", street::run),
    (Bug::BilledDown, "billing", street::run),
    (Bug::ReceiveNotStored, "stored", street::run),
    (Bug::ReceivesForgotten, "counts", street::run),
    (Bug::ReceiveTooMany, "counts", street::run),
    (Bug::DedupForgotten, "dedup", street::run),
    (Bug::GroupNotBlocked, "order", street::run),
    (Bug::AttemptAnew, "attempts", street::run),
    (Bug::AttemptNotHidden, "attempts", street::run),
    (Bug::GroupOutOfOrder, "order", street::run),
    (Bug::DeadLetterDropped, "kept", street::run),
    (Bug::DeletionNotStored, "stored", street::run),
    (Bug::QueueNotRemoved, "deleted", street::run),
    (Bug::DeletedInVainOnFifo, "deleted", street::run),
    (Bug::VisibilityForgotten, "hidden", street::run),
    (Bug::VisibilityNotArmed, "drains", street::run),
    (Bug::DeliveredTooOld, "kept", street::run),
    (Bug::PollerTooMany, "pollers", street::run),
    (Bug::BatchTooLarge, "pollers", street::run),
    (Bug::NameFreeAtOnce, "pace", street::run),
    (Bug::PurgedAgain, "pace", street::run),
    (Bug::PollerNeverRests, "pace", street::run),
    (Bug::PartialDeletesAll, "kept", street::run),
    (Bug::PollerStops, "drains", street::run),
    (Bug::PollersGoOn, "pollers", street::run),
    (Bug::RecordApart, "records", street::run),
    (Bug::RetryTooMany, "events", street::run),
    (Bug::EndlessAge, "events", street::run),
    (Bug::OneTooMany, "maximum", tasks::run),
    (Bug::MinimumForgotten, "minimum", tasks::run),
    (Bug::TwoAtATime, "alone", tasks::run),
    (Bug::KilledTooSoon, "grace", tasks::run),
    (Bug::StopOrderForgotten, "order", tasks::run),
    (Bug::StaleRun, "stale", tasks::run),
    (Bug::TimeoutIsHealthy, "health", tasks::run),
    (Bug::UnhealthyStays, "health", tasks::run),
    (Bug::ThrottleForgotten, "throttle", tasks::run),
    (Bug::BreakerTooLate, "breaker", tasks::run),
    (Bug::ShutdownForgetsATask, "shutdown", tasks::run),
    (Bug::RunningLeaks, "counts", tasks::run),
    (Bug::ThrottleNotArmed, "liveness", tasks::run),
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
    let escaped = BUGS.iter().filter(|(bug, law, run)| !is_caught(*bug, law, *run, seeds)).count();
    plant(None);
    println!("{} of {} bugs caught within {seeds} seeds", BUGS.len() - escaped, BUGS.len());
    if escaped == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether that law catches that bug.
fn is_caught(bug: Bug, law: &str, run: Run, seeds: u64) -> bool {
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
