//! What a cloud's records add up to.

use std::collections::{BTreeMap, BTreeSet};

use lunch_cloud::{Cause, ColdCause, Phase, Record, ResetCause, Retirement, Start};
use lunch_contract::{InstanceId, Moment, RequestId};

/// What the records say.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) cold: BTreeMap<String, usize>,
    pub(super) reinitialized: BTreeMap<&'static str, usize>,
    pub(super) reclaimed: BTreeMap<&'static str, usize>,
    pub(super) invocations: BTreeMap<InstanceId, usize>,
    pub(super) born: usize,
    pub(super) customers_max: usize,
    pub(super) stalls_max: usize,
}

/// Counts. Customers are those whose requests are named: what a queue calls a function with is nobody's order.
pub(super) fn count(records: &[(Moment, Record)], customers: &BTreeSet<RequestId>) -> Counts {
    let mut counts = Counts::default();
    let (mut waiting, mut stalls) = (0_usize, 0_usize);
    for (_, record) in records {
        match record {
            Record::Born { .. } => {
                counts.born += 1;
                stalls += 1;
                counts.stalls_max = counts.stalls_max.max(stalls);
            }
            Record::Phase { from, to, cause, .. } => {
                if *to == Phase::Gone {
                    stalls = stalls.saturating_sub(1);
                }
                // From Stopping on it is the process's end that moves it, and no longer the decision.
                if let (true, Cause::Retired(why)) = (*from != Phase::Stopping, cause) {
                    *counts.reclaimed.entry(retired(*why)).or_default() += 1;
                }
            }
            Record::Arrived { request, .. } if customers.contains(request) => {
                waiting += 1;
                counts.customers_max = counts.customers_max.max(waiting);
            }
            Record::Answered { request, .. } if customers.contains(request) => {
                waiting = waiting.saturating_sub(1);
            }
            Record::Started { instance, start, .. } => {
                *counts.invocations.entry(*instance).or_default() += 1;
                match start {
                    Start::Cold(why) => *counts.cold.entry(cold(*why)).or_default() += 1,
                    Start::Reinitialized(why) => {
                        *counts.reinitialized.entry(reset(*why)).or_default() += 1;
                    }
                    Start::Warm => {}
                }
            }
            Record::Arrived { .. }
            | Record::Answered { .. }
            | Record::Waits { .. }
            | Record::Ended { .. }
            | Record::InitFailed { .. }
            | Record::CallerLeft { .. }
            | Record::Queue(_)
            | Record::Ecs(_) => {}
        }
    }
    counts
}

/// Why a request was cold, as a clause.
fn cold(cause: ColdCause) -> String {
    match cause {
        ColdCause::First => "first".to_owned(),
        ColdCause::AllBusy => "as all were busy".to_owned(),
        ColdCause::AfterRetirement(why) => format!("after one had gone ({})", retired(why)),
    }
}

/// Why an instance went.
pub(crate) const fn retired(why: Retirement) -> &'static str {
    match why {
        Retirement::FunctionIdle => "function idle",
        Retirement::InstanceIdle => "instance idle",
        Retirement::LifeEnded => "life over",
        Retirement::NewRevision => "new revision",
        Retirement::Evicted => "evicted",
        Retirement::ShutDown => "shut down",
    }
}

const fn reset(why: ResetCause) -> &'static str {
    match why {
        ResetCause::TimedOut => "after a timeout",
        ResetCause::Exited(_) => "after a crash",
        ResetCause::InitFailed(_) => "after a failed init",
    }
}
