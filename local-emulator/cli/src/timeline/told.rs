//! What a lane has no room for: why tasks ended, and what services cannot do. A sentence each.

use std::collections::BTreeMap;

use lunch_cloud::ecs::{ContainerPhase, Record};
use lunch_contract::Moment;
use lunch_contract::ecs::{ContainerRun, ServiceMessage, StopReason, TaskId, TaskStatus};

use crate::task_names::TaskNames;

/// What is worth a sentence of the records, in their order.
pub(crate) fn told<'a>(
    records: impl IntoIterator<Item = (Moment, &'a Record)>,
    names: &TaskNames,
) -> Vec<(Moment, String)> {
    let mut exits = Exits::default();
    let mut all = Vec::new();
    for (at, record) in records {
        all.extend(exits.sentence(record, names).map(|sentence| (at, sentence)));
    }
    all
}

/// How containers ended, by their tasks.
#[derive(Default)]
struct Exits {
    codes: BTreeMap<TaskId, BTreeMap<u8, i32>>,
}

impl Exits {
    fn sentence(&mut self, record: &Record, names: &TaskNames) -> Option<String> {
        match record {
            Record::Exited { run, exit } => {
                let of_task = self.codes.entry(run.task).or_default();
                of_task.insert(run.container, exit.code());
                None
            }
            Record::Container {
                run,
                from: ContainerPhase::Running,
                to: ContainerPhase::Starting,
            } => Some(self.restarted(*run, names)),
            Record::Task { task, to: TaskStatus::Stopped, reason: Some(reason), .. } => {
                let codes = self.codes.remove(task).unwrap_or_default();
                stopped(*task, *reason, &codes, names)
            }
            Record::Said { service, message } => match message {
                ServiceMessage::HealthChecksFailed { .. }
                | ServiceMessage::UnableToStart
                | ServiceMessage::Blocked
                | ServiceMessage::DeploymentFailed { .. }
                | ServiceMessage::RollbackNotEmulated { .. }
                | ServiceMessage::OneAtATime { .. } => Some(message.text(*service, names)),
                ServiceMessage::Started { .. }
                | ServiceMessage::Stopped { .. }
                | ServiceMessage::SteadyState
                | ServiceMessage::DeploymentCompleted { .. } => None,
            },
            Record::Placed { .. }
            | Record::Task { .. }
            | Record::Container { .. }
            | Record::Health { .. }
            | Record::Counted { .. }
            | Record::Deployed { .. }
            | Record::Rollout { .. }
            | Record::DeploymentGone { .. }
            | Record::Service { .. } => None,
        }
    }

    fn restarted(&self, run: ContainerRun, names: &TaskNames) -> String {
        let name = names.container(run.task, run.container);
        let code = self.codes.get(&run.task).and_then(|codes| codes.get(&run.container));
        let code = code.map(|code| format!(" exited with {code} and")).unwrap_or_default();
        format!("`{name}` of {}{code} is started again", run.task)
    }
}

/// Why a task ended, unless that was what everybody wanted.
fn stopped(
    task: TaskId,
    reason: StopReason,
    codes: &BTreeMap<u8, i32>,
    names: &TaskNames,
) -> Option<String> {
    match reason {
        StopReason::Scaling { .. } | StopReason::ShutDown => return None,
        StopReason::FailedToStart
        | StopReason::EssentialContainerExited
        | StopReason::HealthChecks
        | StopReason::User => {}
    }
    let exits = codes
        .iter()
        .map(|(place, code)| format!("; `{}` exited with {code}", names.container(task, *place)));
    Some(format!(
        "{} is STOPPED, {}: {}{}",
        names.whole(task),
        reason.code().name(),
        reason.text(names),
        exits.collect::<String>()
    ))
}
