//! What calls of the ECS API say of clusters, task definitions, services and runs, and how they find them.

use std::rc::Rc;

use lunch_cloud::ecs::Origin;
use lunch_contract::Moment;
use lunch_contract::ecs::{ContainerRun, DefinitionId, RunId, ServiceId, TaskId};
use serde_json::{Map, Value};

use super::{Book, DEFAULT_CLUSTER, Placed, number};
use crate::tasks::{ContainerProgram, ServedDefinition};

/// What is known of a task definition by how it was registered.
#[derive(Debug, Default)]
pub(crate) struct Registered {
    /// What the caller said, with AWS's defaults; `None`: it is the template's.
    pub(crate) shown: Option<Map<String, Value>>,
    /// When; `None`: with the template.
    pub(crate) at: Option<Moment>,
    /// When it became INACTIVE, if it did.
    pub(crate) deregistered: Option<Moment>,
}

/// What a caller said of a service that nothing here depends on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// Members of the service that are kept, and told as they were given.
    pub(crate) kept: Map<String, Value>,
    /// The token by which the same call is known again.
    pub(crate) token: Option<String>,
}

/// A `RunTask`.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) cluster: String,
    /// `group`, where the caller named one.
    pub(crate) group: Option<String>,
    pub(crate) started_by: Option<String>,
    /// `overrides`, as they were given.
    pub(crate) overrides: Value,
    /// The task definition as it is with the overrides, where there are any.
    pub(crate) served: Option<ServedDefinition>,
    /// The token by which the same call is known again, and what was asked with it.
    pub(crate) token: Option<(String, String)>,
}

/// Clusters.
impl Book {
    /// The name of the cluster that a call names: by its name, by its ARN, or not at all. `None`: there is none.
    pub(crate) fn cluster_named(&self, named: Option<&str>) -> Option<String> {
        let name = cluster_name(named);
        self.clusters.get(name).cloned()
    }

    /// The clusters, by name.
    pub(crate) fn clusters(&self) -> impl Iterator<Item = &str> {
        self.clusters.iter().map(String::as_str)
    }

    /// Whether a cluster of that name was deleted and is not there.
    pub(crate) fn is_deleted(&self, name: &str) -> bool {
        self.deleted_clusters.contains(name)
    }

    pub(crate) fn create_cluster(&mut self, name: &str) {
        self.deleted_clusters.remove(name);
        self.clusters.insert(name.to_owned());
    }

    pub(crate) fn delete_cluster(&mut self, name: &str) {
        if self.clusters.remove(name) {
            self.deleted_clusters.insert(name.to_owned());
        }
    }

    /// An ARN of ECS: `cluster/street`, `service/street/burger` and so on.
    pub(crate) fn arn(&self, of: &str) -> String {
        format!("{}:{of}", self.prefix)
    }
}

/// The name in a cluster's name or ARN.
pub(crate) fn cluster_name(named: Option<&str>) -> &str {
    let named = named.filter(|name| !name.is_empty()).unwrap_or(DEFAULT_CLUSTER);
    named.rsplit('/').next().unwrap_or(named)
}

/// Task definitions.
impl Book {
    /// The one that a call names: by its family, which means its newest that is ACTIVE, with a revision, or by its ARN.
    pub(crate) fn definition_named(&self, named: &str) -> Option<DefinitionId> {
        let named = named.rsplit('/').next().unwrap_or(named);
        let (family, revision) = match named.rsplit_once(':') {
            Some((family, revision)) => (family, Some(revision.parse::<u32>().ok()?)),
            None => (named, None),
        };
        let is_meant = |one: &super::Definition| {
            one.served.definition.family == family
                && match revision {
                    Some(revision) => one.revision == revision,
                    None => one.registered.deregistered.is_none(),
                }
        };
        self.definitions.iter().rposition(is_meant).map(|place| DefinitionId(number(place)))
    }

    pub(crate) fn definition_arn(&self, id: DefinitionId) -> Option<String> {
        let (served, revision) = self.definition(id)?;
        let family = &served.definition.family;
        Some(format!("{}:task-definition/{family}:{revision}", self.prefix))
    }

    /// All there have been, by age.
    pub(crate) fn definitions(&self) -> impl Iterator<Item = DefinitionId> {
        (0..number(self.definitions.len())).map(DefinitionId)
    }

    pub(crate) fn registered(&self, id: DefinitionId) -> Option<&Registered> {
        self.definitions.get(id.0 as usize).map(|one| &one.registered)
    }

    /// Whether new tasks may be made of it.
    pub(crate) fn is_active(&self, id: DefinitionId) -> bool {
        self.registered(id).is_some_and(|one| one.deregistered.is_none())
    }

    /// Says what is known of how it was registered.
    pub(crate) fn note_registered(&mut self, id: DefinitionId, registered: Registered) {
        if let Some(one) = self.definitions.get_mut(id.0 as usize) {
            one.registered = registered;
        }
    }

    pub(crate) fn deregistered(&mut self, id: DefinitionId, at: Moment) {
        if let Some(one) = self.definitions.get_mut(id.0 as usize) {
            one.registered.deregistered = Some(at);
        }
    }

    /// The last one was refused: it has never been.
    pub(crate) fn unregister_last(&mut self) {
        self.definitions.pop();
    }

    /// What runs for containers of that family: for each what the newest revision with a program for that name has.
    pub(crate) fn programs<'a>(
        &self,
        family: &str,
        containers: impl Iterator<Item = &'a str>,
    ) -> Vec<Option<ContainerProgram>> {
        let of_family = || {
            let all = self.definitions.iter().rev();
            all.filter(|one| one.served.definition.family == family).map(|one| &one.served)
        };
        let program = |name: &str| of_family().find_map(|served| program_of(served, name).cloned());
        containers.map(program).collect()
    }
}

fn program_of<'a>(served: &'a ServedDefinition, name: &str) -> Option<&'a ContainerProgram> {
    let mut all = served.definition.containers.iter().zip(&served.programs);
    all.find(|(container, _)| container.name == name)?.1.as_ref()
}

/// Services.
impl Book {
    /// The newest service that a call names: by its name, or by its ARN.
    pub(crate) fn service_named(&self, cluster: &str, named: &str) -> Option<ServiceId> {
        let name = named.rsplit('/').next().unwrap_or(named);
        let is_meant = |one: &super::Service| one.cluster == cluster && one.name == name;
        self.services.iter().rposition(is_meant).map(|place| ServiceId(number(place)))
    }

    pub(crate) fn service_arn(&self, id: ServiceId) -> Option<String> {
        let one = self.services.get(id.0 as usize)?;
        Some(format!("{}:service/{}/{}", self.prefix, one.cluster, one.name))
    }

    pub(crate) fn asked(&self, id: ServiceId) -> Option<&Asked> {
        self.services.get(id.0 as usize).map(|one| &one.asked)
    }

    pub(crate) fn note_asked(&mut self, id: ServiceId, asked: Asked) {
        if let Some(one) = self.services.get_mut(id.0 as usize) {
            one.asked = asked;
        }
    }

    /// The last one was refused: it has never been.
    pub(crate) fn remove_last_service(&mut self) {
        self.services.pop();
    }
}

/// Runs, and what is said of their tasks and of others.
impl Book {
    /// The machine is about to be told of it.
    pub(crate) fn begin_run(&mut self, run: Run) -> RunId {
        let id = RunId(self.runs);
        self.runs += 1;
        self.running.insert(id, (Rc::new(run), Vec::new()));
        id
    }

    /// The machine has been told: these are its tasks.
    pub(crate) fn end_run(&mut self, id: RunId) -> Vec<TaskId> {
        self.running.remove(&id).map(|(_, tasks)| tasks).unwrap_or_default()
    }

    pub(super) fn joins(&mut self, task: TaskId, origin: Origin) -> Option<Rc<Run>> {
        match origin {
            Origin::Run { run } => {
                let (run, tasks) = self.running.get_mut(&run)?;
                tasks.push(task);
                Some(Rc::clone(run))
            }
            Origin::Service { .. } => None,
        }
    }

    /// The tasks that came of a call with that token, and what was asked with it.
    pub(crate) fn run_again(&self, cluster: &str, token: &str) -> Option<(String, Vec<TaskId>)> {
        let asked = |placed: &Placed| {
            let run = placed.run.as_ref().filter(|run| run.cluster == cluster)?;
            let (own, asked) = run.token.as_ref()?;
            (own == token).then(|| asked.clone())
        };
        let first = self.tasks.values().find_map(asked)?;
        let is_its = |(task, placed): (&TaskId, &Placed)| asked(placed).map(|_| *task);
        Some((first, self.tasks.iter().filter_map(is_its).collect()))
    }

    /// The task that a call names: by its id, or by its ARN.
    pub(crate) fn task_named(&self, cluster: &str, named: &str) -> Option<TaskId> {
        let task = self.by_id(named.rsplit('/').next().unwrap_or(named))?;
        self.task(task).filter(|placed| placed.cluster == cluster).map(|_| task)
    }

    /// Whoever stops it says why.
    pub(crate) fn note_stop(&mut self, task: TaskId, reason: String) {
        if let Some(placed) = self.tasks.get_mut(&task) {
            placed.stop_reason = Some(reason);
        }
    }

    /// Says why a container did not start, for as long as its task is shown.
    pub(crate) fn not_started(&mut self, run: ContainerRun, reason: String) {
        if let Some(placed) = self.tasks.get_mut(&run.task) {
            placed.not_started.insert(run.container, reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_named_by_its_name_its_arn_or_not_at_all() {
        let mut book = Book::new("eu-west-1", "123456789012");
        book.create_cluster("street");
        let arn = book.arn("cluster/street");
        for named in ["street", arn.as_str()] {
            assert_eq!(book.cluster_named(Some(named)).as_deref(), Some("street"), "{named}");
        }
        assert_eq!(book.cluster_named(None).as_deref(), Some("default"));
        book.delete_cluster("street");
        assert_eq!(book.cluster_named(Some("street")), None);
        assert!(book.is_deleted("street") && !book.is_deleted("alley"));
    }
}
