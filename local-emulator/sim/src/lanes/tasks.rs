//! The lanes of services, tasks and containers.

use std::collections::BTreeMap;

use lunch_cloud::ecs::{Origin, Record};
use lunch_contract::ecs::{
    DeploymentId, HealthStatus, Names, ServiceId, ServiceMessage, TaskId, TaskStatus,
};

use super::Lane;

/// Reads record after record.
#[derive(Default)]
pub(super) struct Reading {
    services: BTreeMap<ServiceId, Vec<String>>,
    /// Tasks sort by birth.
    tasks: BTreeMap<TaskId, Task>,
}

#[derive(Default)]
struct Task {
    events: Vec<String>,
    is_ending: bool,
    containers: BTreeMap<u8, Vec<String>>,
}

impl Reading {
    pub(super) fn add(&mut self, record: &Record) {
        match record {
            Record::Placed { task, origin } => {
                let whose = match origin {
                    Origin::Run { run } => run.to_string(),
                    Origin::Service { service, deployment } => format!("{service} {deployment}"),
                };
                self.task(*task).events.push(format!("placed ({whose})"));
            }
            // It is shown no longer, which is a matter of time alone.
            Record::Task { to: TaskStatus::Deleted, .. } => {}
            Record::Task { task, to, reason, .. } => {
                let task = self.task(*task);
                let reason =
                    reason.filter(|_| !std::mem::replace(&mut task.is_ending, reason.is_some()));
                let why = reason.map(|why| format!(" ({})", why.code().name()));
                task.events.push(format!("{}{}", to.name(), why.unwrap_or_default()));
            }
            Record::Counted { task, healthy } => {
                let words = if *healthy { "counts" } else { "counts no longer" };
                self.task(*task).events.push(words.to_owned());
            }
            Record::Container { run, to, .. } => {
                self.container(run.task, run.container).push(to.word().to_owned());
            }
            Record::Exited { run, exit } => {
                self.container(run.task, run.container).push(format!("exit {}", exit.code()));
            }
            Record::Health { run, health } => {
                // A start begins with nothing known.
                if *health != HealthStatus::Unknown {
                    let words = health.name().to_owned();
                    self.container(run.task, run.container).push(words);
                }
            }
            Record::Deployed { service, deployment } => {
                self.service(*service).push(format!("{deployment} is PRIMARY"));
            }
            Record::Rollout { service, deployment, to } => {
                self.service(*service).push(format!("{deployment} is {}", to.name()));
            }
            Record::DeploymentGone { service, deployment } => {
                self.service(*service).push(format!("{deployment} is INACTIVE"));
            }
            Record::Service { service, to } => self.service(*service).push(to.name().to_owned()),
            Record::Said { service, message } => self.said(*service, message),
        }
    }

    /// What no other entry says.
    fn said(&mut self, service: ServiceId, message: &ServiceMessage) {
        match message {
            ServiceMessage::Started { .. }
            | ServiceMessage::Stopped { .. }
            | ServiceMessage::DeploymentCompleted { .. }
            | ServiceMessage::DeploymentFailed { .. } => {}
            ServiceMessage::HealthChecksFailed { .. }
            | ServiceMessage::SteadyState
            | ServiceMessage::UnableToStart
            | ServiceMessage::Blocked
            | ServiceMessage::RollbackNotEmulated { .. }
            | ServiceMessage::OneAtATime { .. } => {
                let text = message.text(service, &Ids);
                let said = text.split_once(") ").map_or(text.as_str(), |(_, said)| said);
                let said = said.trim_end_matches('.').to_owned();
                self.service(service).push(said);
            }
        }
    }

    /// Services as `s-0`, tasks as `t0`, their containers as `t0.1`.
    pub(super) fn end(self) -> Vec<Lane> {
        let services = self.services.into_iter();
        let services = services.map(|(id, events)| Lane { lane: id.to_string(), events });
        let tasks = (0..).zip(self.tasks.into_values()).flat_map(|(number, task): (u32, Task)| {
            let own = Lane { lane: format!("t{number}"), events: task.events };
            let containers = task
                .containers
                .into_iter()
                .map(move |(place, events)| Lane { lane: format!("t{number}.{place}"), events });
            std::iter::once(own).chain(containers)
        });
        services.chain(tasks).collect()
    }

    fn service(&mut self, service: ServiceId) -> &mut Vec<String> {
        self.services.entry(service).or_default()
    }

    fn task(&mut self, task: TaskId) -> &mut Task {
        self.tasks.entry(task).or_default()
    }

    fn container(&mut self, task: TaskId, place: u8) -> &mut Vec<String> {
        self.task(task).containers.entry(place).or_default()
    }
}

/// Ids for names: whoever plays has no others.
struct Ids;

impl Names for Ids {
    fn service(&self, service: ServiceId) -> String {
        service.to_string()
    }

    fn task(&self, task: TaskId) -> String {
        format!("t{}", task.serial)
    }

    fn deployment(&self, deployment: DeploymentId) -> String {
        deployment.to_string()
    }
}
