//! What services, tasks and containers are called in a timeline, as far as it says.

use std::collections::BTreeMap;

use lunch_cloud::ecs::{Origin, Record};
use lunch_contract::ecs::{DeploymentId, Names, ServiceId, TaskId};
use lunch_host::wire::AboutTask;

/// See the module's text.
#[derive(Clone, Debug, Default)]
pub(crate) struct TaskNames {
    services: BTreeMap<ServiceId, String>,
    /// The services of tasks, or the families of their definitions.
    owners: BTreeMap<TaskId, String>,
    /// The tasks' ids on AWS.
    ids: BTreeMap<TaskId, String>,
    containers: BTreeMap<(TaskId, u8), String>,
}

impl TaskNames {
    /// Learns what a record's line says of its names.
    pub(crate) fn learn(&mut self, record: &Record, about: AboutTask) {
        let AboutTask { owner, task: id, container, text: _ } = about;
        let (task, place) = match record {
            Record::Placed { task, origin: Origin::Service { service, .. } } => {
                self.services.insert(*service, owner.clone());
                (*task, None)
            }
            Record::Placed { task, .. }
            | Record::Task { task, .. }
            | Record::Counted { task, .. } => (*task, None),
            Record::Container { run, .. }
            | Record::Exited { run, .. }
            | Record::Health { run, .. } => (run.task, Some(run.container)),
            Record::Deployed { service, .. }
            | Record::Rollout { service, .. }
            | Record::DeploymentGone { service, .. }
            | Record::Service { service, .. }
            | Record::Said { service, .. } => {
                self.services.insert(*service, owner);
                return;
            }
        };
        self.owners.insert(task, owner);
        self.ids.extend(id.map(|id| (task, id)));
        let named = place.zip(container);
        self.containers.extend(named.map(|(place, name)| ((task, place), name)));
    }

    /// The service of a task, or the family of its definition.
    pub(crate) fn owner(&self, task: TaskId) -> Option<&str> {
        self.owners.get(&task).map(String::as_str)
    }

    /// A container's name, else its place in the task definition.
    pub(crate) fn container(&self, task: TaskId, place: u8) -> String {
        self.containers.get(&(task, place)).cloned().unwrap_or_else(|| format!("container {place}"))
    }

    /// The task, as a human finds it again: by its name here, whose it is, and its id on AWS.
    pub(crate) fn whole(&self, task: TaskId) -> String {
        let of = self.owner(task).map(|owner| format!(" of `{owner}`")).unwrap_or_default();
        let id = self.ids.get(&task).map(|id| format!(" ({id})")).unwrap_or_default();
        format!("{task}{of}{id}")
    }
}

impl Names for TaskNames {
    fn service(&self, service: ServiceId) -> String {
        self.services.get(&service).cloned().unwrap_or_else(|| service.to_string())
    }

    /// By the names that the lanes have.
    fn task(&self, task: TaskId) -> String {
        task.to_string()
    }

    fn deployment(&self, deployment: DeploymentId) -> String {
        deployment.to_string()
    }
}
