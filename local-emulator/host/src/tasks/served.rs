//! What is served of ECS: task definitions with what their containers' processes run, services, secrets.

use std::path::{Path, PathBuf};

use lunch_cloud::ecs::{Breaker, ContainerConfig, Dependency, ServiceConfig, TaskConfig};
use lunch_contract::ecs::DefinitionId;

use super::Secrets;
use super::environment::{movable_port, resolve};
use crate::template::{Container, Runs, Service, TaskDefinition, Template, folder};

/// All that a cloud serves of ECS from its start on.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    /// Task definitions, each the next revision of its family.
    pub definitions: Vec<ServedDefinition>,
    /// Services, of those task definitions.
    pub services: Vec<Service>,
    /// The values of secrets.
    pub secrets: Secrets,
}

/// A task definition, with what stands for its containers.
#[derive(Clone, Debug)]
pub struct ServedDefinition {
    /// What the template says.
    pub definition: TaskDefinition,
    /// What is run for each of its containers, in their order; `None`: it can be run as a container only.
    pub programs: Vec<Option<ContainerProgram>>,
}

/// What a process runs that stands for a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerProgram {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its working folder.
    pub folder: PathBuf,
}

impl Tasks {
    /// What of a template can be run as processes here: the services of whose containers each has a command.
    #[must_use]
    pub fn of(template: &Template, secrets: Secrets) -> Self {
        let folder = folder(&template.path);
        let served = template.task_definitions.iter().map(|one| ServedDefinition::of(one, folder));
        let definitions: Vec<_> = served.filter(|one| one.container_only().is_empty()).collect();
        let is_run = |service: &&Service| {
            definitions.iter().any(|one| one.definition.family == service.family)
        };
        let services = template.services.iter().filter(is_run).cloned().collect();
        Self { definitions, services, secrets }
    }
}

impl ServedDefinition {
    fn of(definition: &TaskDefinition, folder: &Path) -> Self {
        // Whoever starts a process stands somewhere else.
        let folder = &std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let program = |container: &Container| match &container.runs {
            Runs::Command(words) => words.split_first().map(|(word, arguments)| ContainerProgram {
                program: resolve(word, folder),
                arguments: arguments.to_vec(),
                folder: folder.to_owned(),
            }),
            Runs::Binary(_) => None,
        };
        let programs = definition.containers.iter().map(program).collect();
        Self { definition: definition.clone(), programs }
    }

    /// The names of its containers that no process stands for.
    #[must_use]
    pub fn container_only(&self) -> Vec<&str> {
        let programs = self.programs.iter().map(Option::as_ref).chain(std::iter::repeat(None));
        let all = self.definition.containers.iter().zip(programs);
        all.filter(|(_, program)| program.is_none()).map(|(one, _)| one.name.as_str()).collect()
    }

    /// What the machine has to know of it.
    pub(crate) fn config(&self) -> TaskConfig {
        let TaskDefinition { containers, network_mode, .. } = &self.definition;
        // In these modes the port of the container is the port of its host: without an address of its own, here.
        let is_shared = matches!(network_mode.as_deref(), Some("awsvpc" | "host"));
        let is_fixed = |one: &Container| {
            let is_moved =
                one.variables.iter().any(|(name, value)| movable_port(name, value).is_some());
            !is_moved && one.ports.iter().any(|port| is_shared || port.host.is_some())
        };
        TaskConfig {
            containers: containers.iter().map(|one| config(one, containers)).collect(),
            one_at_a_time: containers.iter().any(is_fixed),
        }
    }
}

fn config(container: &Container, all: &[Container]) -> ContainerConfig {
    // The template was refused if one of them is not there.
    let place = |name: &str| (0..).zip(all).find(|(_, one)| one.name == name).map(|(at, _)| at);
    let depends_on = container.depends_on.iter().filter_map(|one| {
        Some(Dependency { container: place(&one.container)?, condition: one.condition })
    });
    ContainerConfig {
        essential: container.essential,
        depends_on: depends_on.collect(),
        stop_timeout: container.stop_timeout,
        health_check: container.health_check.as_ref().map(|check| check.settings),
        restart: container.restart.clone(),
    }
}

/// A service as the machine knows it.
pub(crate) fn service_config(service: &Service, definition: DefinitionId) -> ServiceConfig {
    ServiceConfig {
        definition,
        desired: service.desired,
        percents: service.percents,
        breaker: service.breaker.map(|breaker| Breaker { rollback: breaker.rollback }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{Options, read};

    #[test]
    fn a_templates_own_folder_is_named_in_full() {
        let options = Options {
            path: "tests/templates/services.yaml".into(),
            parameter_overrides: Vec::new(),
            region: "us-east-1".to_owned(),
            account: "123456789012".to_owned(),
            stack_name: None,
        };
        let template = read(&options).expect("it is read elsewhere, too");
        let whole = std::env::current_dir().expect("there is one").join("tests/templates");
        let served = template.task_definitions.iter();
        let served = served.map(|one| ServedDefinition::of(one, folder(&template.path)));
        let programs: Vec<_> = served.flat_map(|one| one.programs).flatten().collect();
        assert!(!programs.is_empty(), "one of its containers has a command");
        for program in programs {
            assert_eq!(program.folder, whole);
            assert!(program.program.is_absolute(), "{program:?}");
        }
    }
}
