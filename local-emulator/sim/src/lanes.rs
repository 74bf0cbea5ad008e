//! Lanes: what every instance, service, task and container lived through, in an order and with causes that can be compared between worlds.
//!
//! No times, no process numbers: the same scenario gives the same lanes in virtual and in real time.

mod tasks;

use std::collections::BTreeMap;
use std::fmt;

use lunch_cloud::{Cause, ColdCause, InitFailure, Phase, Record, ResetCause, Retirement, Start};
use lunch_contract::{Exit, InstanceId, Moment, Outcome, RequestId};
use serde::{Deserialize, Serialize};

/// What happened to one instance, service, task or container, in its order; or, in the lane `refused`, to requests that none served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// `i0` for the first one born, `i1` for the next; `refused` for nobody; `s-0` for a service, `t0` for a task, `t0.1`
    /// for its second container.
    pub lane: String,
    /// One entry per thing that happened.
    pub events: Vec<String>,
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.lane, self.events.join(" | "))
    }
}

/// The lanes of a timeline, by birth: instances, `refused`, if there is one, then services, then tasks, each before its
/// containers.
///
/// Entries: `born (first)`, `init`, `invoke r0 cold`, `answer r0 returned`, `idle`, `frozen`, `resetting (timed out)`,
/// `gone (evicted)` and the like: the phase's word, the request's number, and in parentheses the cause where the
/// phase's own name does not say it.
#[must_use]
pub fn lanes(records: &[(Moment, Record)]) -> Vec<Lane> {
    let mut lanes = Lanes::default();
    for (_, record) in records {
        lanes.add(record);
    }
    let mut all: Vec<_> = lanes
        .instances
        .into_iter()
        .enumerate()
        .map(|(number, (_, events))| Lane { lane: format!("i{number}"), events })
        .collect();
    if !lanes.refused.is_empty() {
        lanes.refused.sort();
        all.push(Lane { lane: "refused".into(), events: lanes.refused });
    }
    all.extend(lanes.tasks.end());
    all
}

/// `expected` and `actual` beside each other, for the message of a failed test; `None` where they are the same.
#[must_use]
pub fn difference(expected: &[Lane], actual: &[Lane]) -> Option<String> {
    if expected == actual {
        return None;
    }
    let show = |lanes: &[Lane]| {
        lanes.iter().map(|lane| format!("  {lane}")).collect::<Vec<_>>().join("\n")
    };
    Some(format!("expected\n{}\ncame\n{}", show(expected), show(actual)))
}

#[derive(Default)]
struct Lanes {
    /// Instances sort by birth.
    instances: BTreeMap<InstanceId, Vec<String>>,
    refused: Vec<String>,
    tasks: tasks::Reading,
}

impl Lanes {
    fn at(&mut self, instance: InstanceId) -> &mut Vec<String> {
        self.instances.entry(instance).or_default()
    }

    fn add(&mut self, record: &Record) {
        match record {
            Record::Born { instance, cause, .. } => {
                self.at(*instance).push(format!("born ({})", cold(*cause)));
            }
            Record::Phase { instance, to, cause, .. } => {
                if let Some(words) = phase(*to, *cause) {
                    self.at(*instance).push(words);
                }
            }
            Record::Started { request, instance, start } => {
                let words = format!("invoke {} {}", number(*request), started(*start));
                self.at(*instance).push(words);
            }
            Record::Answered { request, instance: Some(instance), outcome } => {
                let words = format!("answer {} {}", number(*request), answered(outcome));
                self.at(*instance).push(words);
            }
            Record::Answered { request, instance: None, outcome } => {
                self.refused.push(format!("answer {} {}", number(*request), answered(outcome)));
            }
            Record::InitFailed { process, failure, .. } => {
                self.at(process.instance).push(format!("init failed ({})", init_failure(*failure)));
            }
            Record::Ecs(record) => self.tasks.add(record),
            Record::Arrived { .. }
            | Record::Waits { .. }
            | Record::Ended { .. }
            | Record::CallerLeft { .. }
            | Record::Queue(_) => {}
        }
    }
}

fn number(request: RequestId) -> String {
    format!("r{}", request.serial)
}

/// `Invoke` says nothing that `Started` does not say with more.
fn phase(to: Phase, cause: Cause) -> Option<String> {
    let word = match to {
        Phase::Placing | Phase::Invoke => return None,
        Phase::Init => "init",
        Phase::Reinit => "init again",
        Phase::Idle => "idle",
        Phase::Frozen => "frozen",
        Phase::Resetting => "resetting",
        Phase::Reset => "reset",
        Phase::Stopping => "stopping",
        Phase::Gone => "gone",
    };
    Some(match why(cause) {
        Some(why) => format!("{word} ({why})"),
        None => word.to_owned(),
    })
}

fn why(cause: Cause) -> Option<String> {
    match cause {
        Cause::Placed | Cause::InitDone | Cause::Invoked(_) | Cause::Ended(_) | Cause::Unused => {
            None
        }
        Cause::InitFailed(failure) => Some(format!("init failed: {}", init_failure(failure))),
        Cause::TimedOut(request) => Some(format!("{} timed out", number(request))),
        Cause::Exited(exit) => Some(exited(exit)),
        Cause::Retired(retirement) => Some(retired(retirement).to_owned()),
    }
}

/// Why a new instance was needed.
fn cold(cause: ColdCause) -> String {
    match cause {
        ColdCause::First => "first".to_owned(),
        ColdCause::AllBusy => "all busy".to_owned(),
        ColdCause::AfterRetirement(retirement) => format!("after: {}", retired(retirement)),
    }
}

fn started(start: Start) -> String {
    match start {
        Start::Cold(_) => "cold".to_owned(),
        Start::Warm => "warm".to_owned(),
        Start::Reinitialized(ResetCause::TimedOut) => "re-initialised (timed out)".to_owned(),
        Start::Reinitialized(ResetCause::Exited(exit)) => {
            format!("re-initialised ({})", exited(exit))
        }
        Start::Reinitialized(ResetCause::InitFailed(failure)) => {
            format!("re-initialised (init failed: {})", init_failure(failure))
        }
    }
}

fn answered(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Exited { exit } => exited(*exit),
        Outcome::Throttled { reason } => format!("throttled ({})", reason.name()),
        Outcome::Returned
        | Outcome::FunctionError
        | Outcome::InitError
        | Outcome::TimedOut { .. }
        | Outcome::SpawnFailed { .. }
        | Outcome::ResponseTooLarge
        | Outcome::ResponseTruncated
        | Outcome::ShutDown => outcome.word().to_owned(),
    }
}

fn exited(exit: Exit) -> String {
    exit.to_string()
}

fn init_failure(failure: InitFailure) -> String {
    match failure {
        InitFailure::Exited(exit) => exited(exit),
        InitFailure::Reported => "reported".to_owned(),
        InitFailure::TimedOut => "timed out".to_owned(),
        InitFailure::SpawnFailed(_) => "not started".to_owned(),
    }
}

fn retired(retirement: Retirement) -> &'static str {
    match retirement {
        Retirement::FunctionIdle => "function idle",
        Retirement::InstanceIdle => "instance idle",
        Retirement::LifeEnded => "life ended",
        Retirement::NewRevision => "new revision",
        Retirement::Evicted => "evicted",
        Retirement::ShutDown => "shut down",
    }
}
