//! Tasks and containers go the ways of their diagrams; a task that was told to end never runs again.

use lunch_cloud::ecs::{ContainerPhase, Record};
use lunch_contract::Moment;
use lunch_contract::ecs::TaskStatus;

use super::{Book, Law};
use crate::laws::{Step, Verdict, require};

#[derive(Debug, Default)]
pub(super) struct Diagram;

impl Law for Diagram {
    fn name(&self) -> &'static str {
        "diagram"
    }

    fn record(&mut self, book: &Book, _: &Step<'_>, _: Moment, record: &Record) -> Verdict {
        match record {
            Record::Task { task, from, to, reason } => {
                let Some(guest) = book.tasks.get(task) else {
                    return Err(format!("{task} is {to:?} and was never placed"));
                };
                let is_next = guest.status == *from && to.may_follow(*from);
                require(is_next, || format!("{task} goes from {from:?} to {to:?}"))?;
                let again =
                    guest.reason.is_some() && (reason.is_none() || *to < TaskStatus::Deactivating);
                require(!again, || format!("{task} was told to end and is {to:?}"))?;
                let holds = guest.reason.is_none() || guest.reason == *reason;
                require(holds, || format!("{task} ends for two reasons"))
            }
            Record::Container { run, from, to } => {
                let Some(pot) = book.pot(*run) else {
                    return Err(format!("{run} is {to:?} and is nobody's"));
                };
                let is_next = pot.phase == *from && to.may_follow(*from);
                require(is_next, || format!("{run} goes from {from:?} to {to:?}"))
            }
            Record::Exited { run, .. } => {
                let has_process = book.pot(*run).is_some_and(|pot| match pot.phase {
                    ContainerPhase::Running
                    | ContainerPhase::Stopping
                    | ContainerPhase::Killing => true,
                    ContainerPhase::Waiting | ContainerPhase::Starting | ContainerPhase::Ended => {
                        false
                    }
                });
                require(has_process, || format!("{run} has ended and did not run"))
            }
            Record::Placed { .. }
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
