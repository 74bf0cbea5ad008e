//! What is served of ECS: task definitions with what their containers' processes run, services, secrets.

use std::path::{Path, PathBuf};

use lunch_cloud::ecs::{Breaker, ContainerConfig, Dependency, ServiceConfig, TaskConfig};
use lunch_contract::ecs::DefinitionId;

use super::Secrets;
use super::environment::{movable_port, resolve};
use super::files::{files_of, stamp};
use crate::build::ContainerPrograms;
use crate::template::{Container, Runs, Service, Span, TaskDefinition, Template, folder};

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
    /// A number that is another one when its files are others.
    pub stamp: u64,
}

impl ContainerProgram {
    /// What a word of a container's command means here: the container's own program by its name, as `/burger` in the image
    /// of `burger`, else a program of this machine.
    pub(crate) fn program_of(&self, word: &str) -> PathBuf {
        let found = resolve(word, &self.folder);
        let is_own = Path::new(word).file_name() == self.program.file_name();
        if is_own && !found.is_file() { self.program.clone() } else { found }
    }
}

impl Tasks {
    /// What of a template can be run as processes here: the services of whose containers each has a command, or a program
    /// that was built.
    #[must_use]
    pub fn of(template: &Template, built: &ContainerPrograms, secrets: Secrets) -> Self {
        let folder = folder(&template.path);
        let served = template.task_definitions.iter();
        let served = served.map(|one| ServedDefinition::of(one, built, folder));
        let definitions: Vec<_> = served.filter(|one| one.container_only().is_empty()).collect();
        let is_run = |service: &&Service| {
            definitions.iter().any(|one| one.definition.family == service.family)
        };
        let services = template.services.iter().filter(is_run).cloned().collect();
        Self { definitions, services, secrets }
    }

    /// Which services of a template are not run, since no process stands for a container of theirs: sentences.
    #[must_use]
    pub fn container_only(template: &Template, built: &ContainerPrograms) -> Vec<String> {
        let folder = folder(&template.path);
        let sentences = template.services.iter().flat_map(|service| {
            let mut definitions = template.task_definitions.iter();
            let definition = definitions.find(|one| one.family == service.family);
            let served = definition.map(|one| ServedDefinition::of(one, built, folder));
            let names = served.as_ref().map_or_else(Vec::new, ServedDefinition::container_only);
            let Service { logical_id, name, at, .. } = service;
            let sentence = |container: &&str| {
                format!(
                    "line {}: service `{name}` (`{logical_id}`): its container `{container}` can be run as a container only: there is no Rust binary `{container}` in the template's workspace, and no `Command` in `Metadata.Lunch.Containers.{container}`",
                    at.line
                )
            };
            names.iter().map(sentence).collect::<Vec<_>>()
        });
        sentences.collect()
    }

    /// All of a template's services, of containers that an engine runs.
    #[must_use]
    pub fn as_containers(template: &Template, secrets: Secrets) -> Self {
        let (folder, none) = (folder(&template.path), ContainerPrograms::default());
        let definitions = template.task_definitions.iter();
        let definitions = definitions.map(|one| ServedDefinition::of(one, &none, folder));
        let services = template.services.clone();
        Self { definitions: definitions.collect(), services, secrets }
    }
}

impl ServedDefinition {
    fn of(definition: &TaskDefinition, built: &ContainerPrograms, folder: &Path) -> Self {
        // Whoever starts a process stands somewhere else.
        let folder = &std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let program = |container: &Container| match &container.runs {
            Runs::Command(words) => words.split_first().map(|(word, arguments)| ContainerProgram {
                program: resolve(word, folder),
                arguments: arguments.to_vec(),
                folder: folder.to_owned(),
                stamp: stamp(&files_of(words, folder)),
            }),
            Runs::Binary(name) => {
                let program = built.of(&definition.logical_id, name)?.to_owned();
                let arguments = arguments(container);
                let stamp = stamp(std::slice::from_ref(&program));
                Some(ContainerProgram { program, arguments, folder: folder.to_owned(), stamp })
            }
        };
        let programs = definition.containers.iter().map(program).collect();
        Self { definition: definition.clone(), programs }
    }

    /// Whether the other one would run the same; where it stands in its template makes no difference.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let anywhere = |one: &Self| {
            let mut one = one.clone();
            one.definition.at = Span::default();
            one.definition.containers.iter_mut().for_each(|one| one.at = Span::default());
            (one.definition, one.programs)
        };
        anywhere(self) == anywhere(other)
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

/// The arguments that a container's command has for its program. The first word of an entry point is the program; so is that
/// of a command without one, where it ends in the container's name.
fn arguments(container: &Container) -> Vec<String> {
    let command = container.command.as_deref().unwrap_or_default();
    match container.entry_point.as_deref() {
        Some([_, arguments @ ..]) => [arguments, command].concat(),
        Some([]) | None => {
            let is_program = |word: &String| Path::new(word).ends_with(&container.name);
            let skipped = usize::from(command.first().is_some_and(is_program));
            command[skipped..].to_vec()
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

    /// A template with a service, of a task definition with one container.
    fn template(container: &str) -> Template {
        let folder = std::env::temp_dir().join(format!("lunch-served-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("there is room");
        let path = folder.join(format!("{:x}.yaml", told_apart(container)));
        let text = format!(
            "Resources:\n  Kitchen: {{Type: AWS::ECS::TaskDefinition, Properties: {{Family: kitchen, \
             ContainerDefinitions: [{{Name: grill, Image: g, Memory: 64, {container}}}]}}}}\n  \
             Shop: {{Type: AWS::ECS::Service, Properties: {{ServiceName: shop, TaskDefinition: !Ref Kitchen}}}}\n"
        );
        std::fs::write(&path, text).expect("there is room");
        let options = Options {
            path,
            parameter_overrides: Vec::new(),
            region: "us-east-1".to_owned(),
            account: "123456789012".to_owned(),
            stack_name: None,
        };
        read(&options).expect("a template")
    }

    /// Tells files apart that several tests write at once.
    fn told_apart(text: &str) -> u64 {
        use std::hash::{DefaultHasher, Hash as _, Hasher as _};
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        hasher.finish()
    }

    fn served(template: &Template) -> Vec<ServedDefinition> {
        let built = ContainerPrograms::one("Kitchen", "grill", "/built/grill".into());
        Tasks::of(template, &built, Secrets::default()).definitions
    }

    #[test]
    fn a_service_without_a_command_for_a_container_is_said_not_to_run() {
        let template = template("Essential: true");
        let none = ContainerPrograms::default();
        let said = Tasks::container_only(&template, &none);
        let [said] = said.as_slice() else { panic!("{said:?}") };
        assert!(
            said.starts_with("line 3: service `shop` (`Shop`): its container `grill`"),
            "{said}"
        );
        assert!(said.contains("can be run as a container only"), "{said}");
        assert!(Tasks::of(&template, &none, Secrets::default()).services.is_empty());
        let built = ContainerPrograms::one("Kitchen", "grill", "/built/grill".into());
        assert_eq!(Tasks::container_only(&template, &built), [""; 0]);
        assert_eq!(Tasks::of(&template, &built, Secrets::default()).services.len(), 1);
    }

    #[test]
    fn a_containers_program_has_the_arguments_that_its_container_would_have() {
        for (lines, arguments) in [
            ("Essential: true", &[][..]),
            ("Command: [/grill, --hot]", &["--hot"]),
            ("Command: [--hot, grill]", &["--hot", "grill"]),
            ("EntryPoint: [/grill, --hot], Command: [grill]", &["--hot", "grill"]),
            ("EntryPoint: [/bin/grill]", &[]),
        ] {
            let served = served(&template(lines));
            let program = served[0].programs[0].as_ref().expect("it was built");
            assert_eq!(program.arguments, arguments, "{lines}");
            assert_eq!(program.program_of("/grill"), Path::new("/built/grill"));
            assert!(program.program_of("sh").is_file(), "another one is the machine's");
        }
    }

    #[test]
    fn a_task_definition_is_the_same_wherever_it_stands() {
        let mut all = served(&template("Essential: true"));
        let one = all.remove(0);
        let mut other = one.clone();
        other.definition.at.line += 1;
        other.definition.containers[0].at.line += 1;
        assert!(one.is_same(&other));
        other.programs[0].as_mut().expect("it was built").stamp += 1;
        assert!(!one.is_same(&other), "its program is another one");
        assert!(!one.is_same(&served(&template("Command: [x]"))[0]));
    }

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
        let served = served.map(|one| {
            ServedDefinition::of(one, &ContainerPrograms::default(), folder(&template.path))
        });
        let programs: Vec<_> = served.flat_map(|one| one.programs).flatten().collect();
        assert!(!programs.is_empty(), "one of its containers has a command");
        for program in programs {
            assert_eq!(program.folder, whole);
            assert!(program.program.is_absolute(), "{program:?}");
        }
    }
}
