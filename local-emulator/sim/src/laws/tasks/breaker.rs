//! So many tasks that fail in a row fail their deployment, and a failed deployment starts no more.

use std::collections::{BTreeMap, BTreeSet};

use lunch_cloud::ecs::{Origin, Record};
use lunch_contract::Moment;
use lunch_contract::ecs::{DeploymentId, RolloutState, StopReason, breaker_threshold};

use super::throttle::is_failure;
use super::{Book, Law};
use crate::laws::{Step, Verdict, require};

#[derive(Debug, Default)]
pub(super) struct Breaker {
    failed: BTreeMap<DeploymentId, u32>,
    /// Those that are COMPLETED or FAILED.
    over: BTreeMap<DeploymentId, RolloutState>,
    /// Those that have to be FAILED when the step is over.
    due: BTreeSet<DeploymentId>,
}

impl Law for Breaker {
    fn name(&self) -> &'static str {
        "breaker"
    }

    fn record(&mut self, book: &Book, _: &Step<'_>, _: Moment, record: &Record) -> Verdict {
        match record {
            Record::Placed { task, origin: Origin::Service { deployment, .. } } => {
                let is_failed = self.over.get(deployment) == Some(&RolloutState::Failed);
                require(!is_failed, || format!("{task} is placed by {deployment}, which is FAILED"))
            }
            Record::Counted { task, healthy: true } => {
                if let Some(Origin::Service { deployment, .. }) =
                    book.tasks.get(task).map(|guest| guest.origin)
                {
                    self.failed.remove(&deployment);
                }
                Ok(())
            }
            Record::Task { task, reason: Some(reason), .. } => {
                let Some(guest) = book.tasks.get(task).filter(|guest| guest.is_alive()) else {
                    return Ok(());
                };
                let Origin::Service { service, deployment } = guest.origin else { return Ok(()) };
                let counts = !guest.ran || *reason == StopReason::HealthChecks;
                if !is_failure(*reason) || !counts || self.over.contains_key(&deployment) {
                    return Ok(());
                }
                let failed = self.failed.entry(deployment).or_default();
                *failed += 1;
                if let Some(kept) = book.services.get(&service)
                    && kept.config.breaker.is_some()
                    && kept.primary == Some(deployment)
                    && *failed >= breaker_threshold(kept.config.desired)
                {
                    self.due.insert(deployment);
                }
                Ok(())
            }
            Record::Rollout { deployment, to, .. } => {
                self.over.insert(*deployment, *to);
                let is_due = self.due.remove(deployment);
                let holds = *to != RolloutState::Failed || is_due;
                require(holds, || format!("{deployment} is FAILED too early"))
            }
            Record::Placed { .. }
            | Record::Task { .. }
            | Record::Container { .. }
            | Record::Exited { .. }
            | Record::Health { .. }
            | Record::Counted { .. }
            | Record::Deployed { .. }
            | Record::DeploymentGone { .. }
            | Record::Service { .. }
            | Record::Said { .. } => Ok(()),
        }
    }

    fn check(&mut self, _: &Book, _: &Step<'_>) -> Verdict {
        let due = self.due.first();
        require(due.is_none(), || format!("{due:?} should be FAILED"))
    }
}
