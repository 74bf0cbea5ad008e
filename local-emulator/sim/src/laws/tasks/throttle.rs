//! Starts that fail wait longer and longer, a task that ended early is replaced a second after its placement at the
//! soonest, and nothing else waits.

use std::collections::BTreeMap;

use lunch_cloud::ecs::{Origin, Record};
use lunch_contract::Moment;
use lunch_contract::ecs::{DeploymentId, StopReason, TaskStatus};

use super::{Book, Law};
use crate::laws::{Step, Verdict, require};

/// What a deployment's starts came to.
#[derive(Debug, Default)]
struct Starts {
    failed: u32,
    until: Moment,
    rests: Moment,
}

#[derive(Debug, Default)]
pub(super) struct Throttle(BTreeMap<DeploymentId, Starts>);

impl Law for Throttle {
    fn name(&self) -> &'static str {
        "throttle"
    }

    fn record(&mut self, book: &Book, step: &Step<'_>, at: Moment, record: &Record) -> Verdict {
        let settings = &step.settings.ecs;
        match record {
            Record::Placed { task, origin: Origin::Service { deployment, .. } } => {
                let starts = self.0.entry(*deployment).or_default();
                let until = starts.until.max(starts.rests);
                require(until <= at, || format!("{task} is placed at {at} and not after {until}"))
            }
            Record::Task { task, to, reason, .. } => {
                let Some(guest) = book.tasks.get(task) else { return Ok(()) };
                let Origin::Service { deployment, .. } = guest.origin else { return Ok(()) };
                let starts = self.0.entry(deployment).or_default();
                if *to == TaskStatus::Running {
                    starts.failed = 0;
                    starts.until = starts.until.min(at);
                }
                if guest.is_alive() && reason.is_some_and(is_failure) {
                    starts.rests = starts.rests.max(guest.placed + settings.least_life);
                    if !guest.ran && at >= starts.until {
                        starts.failed += 1;
                        starts.until = at + settings.throttle.pause(starts.failed);
                    }
                }
                Ok(())
            }
            Record::Placed { .. }
            | Record::Container { .. }
            | Record::Exited { .. }
            | Record::Health { .. }
            | Record::Counted { .. }
            | Record::Deployed { .. }
            | Record::Rollout { .. }
            | Record::DeploymentGone { .. }
            | Record::Service { .. }
            | Record::Said { .. } => Ok(()),
        }
    }
}

/// Whether the task ended by itself.
pub(super) const fn is_failure(reason: StopReason) -> bool {
    match reason {
        StopReason::FailedToStart
        | StopReason::EssentialContainerExited
        | StopReason::HealthChecks => true,
        StopReason::Scaling { .. } | StopReason::User | StopReason::ShutDown => false,
    }
}
