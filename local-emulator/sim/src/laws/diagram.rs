//! Instances go only where the diagram of their life lets them, and the cloud is settled when none is on its way.

use std::collections::{BTreeMap, BTreeSet};

use lunch_cloud::{Phase, Record};
use lunch_contract::{InstanceId, RequestId};

use super::{Law, Step, Verdict, require};

#[derive(Debug, Default)]
pub(super) struct Diagram {
    phases: BTreeMap<InstanceId, Phase>,
    waiting: BTreeSet<RequestId>,
    born: Option<u32>,
}

/// Written from AWS's description, and not from the machine's table.
const fn may_follow(from: Phase, to: Phase) -> bool {
    use Phase::{Frozen, Gone, Idle, Init, Invoke, Placing, Reinit, Reset, Resetting, Stopping};
    matches!(
        (from, to),
        (Placing, Init | Gone)
            | (Init, Invoke | Reinit | Resetting | Stopping)
            | (Reinit, Invoke | Resetting | Reset | Stopping)
            | (Invoke, Idle | Resetting | Reset | Stopping)
            | (Idle, Frozen | Invoke | Reset | Stopping)
            | (Frozen, Invoke | Reset | Stopping)
            | (Resetting, Reset | Reinit | Stopping)
            | (Reset, Reinit | Gone)
            | (Stopping, Gone)
    )
}

const fn under_way(phase: Phase) -> bool {
    match phase {
        Phase::Placing
        | Phase::Init
        | Phase::Reinit
        | Phase::Invoke
        | Phase::Resetting
        | Phase::Stopping => true,
        Phase::Idle | Phase::Frozen | Phase::Reset | Phase::Gone => false,
    }
}

impl Law for Diagram {
    fn name(&self) -> &'static str {
        "diagram"
    }

    fn check(&mut self, step: &Step<'_>) -> Verdict {
        for record in step.records() {
            match record {
                Record::Born { instance, .. } => {
                    require(self.born.is_none_or(|last| last < instance.serial), || {
                        format!("{instance} is born with a serial number in use")
                    })?;
                    self.born = Some(instance.serial);
                    self.phases.insert(*instance, Phase::Placing);
                }
                Record::Phase { instance, from, to, cause } => {
                    let at = self.phases.insert(*instance, *to);
                    require(at == Some(*from), || {
                        format!("{instance} leaves {from:?} and stands in {at:?}")
                    })?;
                    require(may_follow(*from, *to), || {
                        format!("{instance} goes from {from:?} to {to:?} because of {cause:?}")
                    })?;
                    if *to == Phase::Gone {
                        self.phases.remove(instance);
                    }
                }
                Record::Waits { request } => drop(self.waiting.insert(*request)),
                Record::Answered { request, .. } | Record::Started { request, .. } => {
                    self.waiting.remove(request);
                }
                Record::Arrived { .. }
                | Record::Ended { .. }
                | Record::InitFailed { .. }
                | Record::CallerLeft { .. }
                | Record::Queue(_)
                | Record::Ecs(_) => {}
            }
        }
        // A request that has waited long enough for a cold start is under way as its instance is.
        let under_way = self.phases.values().any(|phase| under_way(*phase));
        let settled = !under_way && self.waiting.is_empty();
        require(step.settled == settled, || {
            format!(
                "settled is {}, with {:?} and {:?} waiting",
                step.settled, self.phases, self.waiting
            )
        })
    }
}
