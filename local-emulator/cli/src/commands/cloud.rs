//! From the arguments to a cloud: what `up` and `rush` share. The template is read, the functions are built, and all
//! that was asked for stands in one [`Config`].

use std::path::{Path, PathBuf};

use lunch_cloud::{Delay, DelayModel};
use lunch_host::build::{self, BuildOptions, Built, ContainerPrograms, Progress, Sources};
use lunch_host::sandbox::{Supervisor, raise_open_files};
use lunch_host::tasks::{Secrets, Tasks};
use lunch_host::template::{self, Template};
use lunch_host::{Config, EnvironmentFiles, Host, Listen, ServedFunction, StartError};

use crate::args::{Cloud, NamedDelay, TasksAs};
use crate::failure::{Code, Failure, OrFail as _};
use crate::progress::Building;
use crate::settings::settings;

/// Who starts the functions' processes. It is made before any thread.
pub(crate) fn supervisor() -> Result<Supervisor, Failure> {
    Supervisor::start().or_fail_with(Code::Fault, || "the supervisor of processes did not start")
}

/// A cloud that is read and not yet built.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) template: Template,
    /// Without its functions.
    pub(crate) config: Config,
    delay: DelayModel,
    /// The template's `Metadata.Lunch.Orders`.
    pub(crate) orders: Option<PathBuf>,
    /// The folder that the template is in.
    pub(crate) folder: PathBuf,
    no_build: bool,
    /// What the tasks of services are.
    pub(crate) tasks_as: TasksAs,
    /// Files of variables.
    variables: Vec<PathBuf>,
}

impl Plan {
    /// Reads everything that the arguments name, so that a mistake is told before a minute's build.
    pub(crate) fn read(asked: &Cloud, listen: Listen) -> Result<Self, Failure> {
        let settings = settings(asked).or_fail(Code::Input)?;
        let environment = environment(asked)?;
        let mut template = template::read(&template::Options {
            path: asked.template.clone(),
            parameter_overrides: asked.parameter_overrides.clone(),
            region: asked.region.clone(),
            account: asked.account_id.clone(),
            stack_name: Some(asked.stack_name.clone()),
        })
        .or_fail(Code::Input)?;
        environment.lay_over(&mut template.task_definitions);
        let strangers = strangers(&environment, &template);
        template.warnings.extend(strangers);
        let secrets = asked.secrets.as_deref().map(Secrets::read).transpose();
        let secrets = secrets.or_fail(Code::Input)?.unwrap_or_default();
        let config = Config {
            // The rest of it comes with the build.
            tasks: Tasks { secrets, ..Tasks::default() },
            settings,
            environment,
            region: asked.region.clone(),
            account: asked.account_id.clone(),
            listen,
            template: Some(asked.template.clone()),
            log_groups: template.log_groups.iter().filter_map(|group| group.name.clone()).collect(),
            queues: template.queues.clone(),
            mappings: template.mappings.clone(),
            not_served: [template.not_served.clone(), template.warnings.clone()].concat(),
            journal: asked.journal.clone(),
            ..Config::new(Vec::new())
        };
        Ok(Self {
            orders: template.orders.clone(),
            folder: folder(&asked.template),
            template,
            config,
            delay: delay(asked),
            no_build: asked.no_build,
            tasks_as: TasksAs::Process,
            variables: asked.env_vars.iter().chain(&asked.env_file).cloned().collect(),
        })
    }

    /// That there is a function, a queue or a service.
    pub(crate) fn serves_something(&self) -> Result<(), Failure> {
        let Template { functions, queues, .. } = &self.template;
        if functions.is_empty() && queues.is_empty() && self.config.tasks.definitions.is_empty() {
            return Err(Failure::new(Code::Input, nothing(&self.config)));
        }
        Ok(())
    }

    /// Takes up the services that can be run with these programs, and says which cannot.
    pub(crate) fn take_tasks(&mut self, programs: &ContainerPrograms) {
        let secrets = std::mem::take(&mut self.config.tasks.secrets);
        self.config.tasks = Tasks::of(&self.template, programs, secrets);
        let container_only = Tasks::container_only(&self.template, programs);
        self.config.not_served.extend(container_only.iter().cloned());
        self.template.not_served.extend(container_only);
    }

    /// Builds the functions, for the first time or again. With the configuration comes what they are made of.
    pub(crate) fn build(mut self, again: bool) -> Result<(Config, Sources), Failure> {
        let functions_only = self.tasks_as == TasksAs::Container;
        let options =
            BuildOptions { no_build: self.no_build, offline: false, again, functions_only };
        let building = Building::begin();
        let built = build::build(&self.template, &options, &mut |progress| match progress {
            Progress::Compiling { what, done, total } => building.compiles(&what, done, total),
            Progress::Said(line) => building.says(&line),
            Progress::Built { name, took } => building.built(&name, took),
        });
        let Built { functions, containers } = built.or_fail(Code::Build)?;
        building.done(functions.len(), containers.len());
        match self.tasks_as {
            TasksAs::Process => self.take_tasks(&containers),
            TasksAs::Container => {
                let secrets = std::mem::take(&mut self.config.tasks.secrets);
                self.config.tasks = Tasks::as_containers(&self.template, secrets);
            }
        }
        self.serves_something()?;
        let with_delay = |function| ServedFunction { delay: self.delay, ..function };
        let functions = functions.into_iter().map(with_delay).collect();
        let mut sources = Sources::of(&self.template);
        for file in &self.variables {
            sources.file(file);
        }
        Ok((Config { functions, ..self.config }, sources))
    }
}

/// Starts the cloud.
pub(crate) fn start(config: Config, supervisor: Supervisor) -> Result<Host, Failure> {
    let processes = supervisor
        .attach()
        .or_fail_with(Code::Fault, || "the supervisor of processes is out of reach")?;
    raise_open_files().or_fail(Code::Fault)?;
    Host::start(config, Box::new(processes)).map_err(|error| {
        // What the template says of a queue or a service is what was given; all else is about where the cloud stands.
        let is_input = matches!(error, StartError::Queue { .. } | StartError::Service { .. });
        let code = if is_input { Code::Input } else { Code::Door };
        Failure { code, error: error.into() }
    })
}

/// Ends the cloud; what it met that it should not have met is told, and decides the code.
pub(crate) async fn shut_down(host: Host, code: Code) -> Result<Code, Failure> {
    let faults = host.shut_down().await;
    match faults.as_slice() {
        [] => Ok(code),
        faults => Err(Failure::new(Code::Fault, broken(faults))),
    }
}

fn broken(faults: &[String]) -> String {
    format!(
        "lunch broke promises of its own:\n{}\n(this is a bug worth reporting, with the timeline and the journal)",
        faults.join("\n")
    )
}

fn nothing(config: &Config) -> String {
    let sentence =
        "the template has no function, no queue and no service that can be served".to_owned();
    let not_served = config.not_served.iter().map(|line| format!("not served: {line}"));
    [sentence].into_iter().chain(not_served).collect::<Vec<_>>().join("\n")
}

fn environment(asked: &Cloud) -> Result<EnvironmentFiles, Failure> {
    let mut files = EnvironmentFiles::default();
    if let Some(path) = &asked.env_vars {
        files.add_json(path).or_fail(Code::Input)?;
    }
    if let Some(path) = &asked.env_file {
        files.add_lines(path).or_fail(Code::Input)?;
    }
    Ok(files)
}

/// Names in `--env-vars` that mean no function and no task definition, in sentences.
fn strangers(environment: &EnvironmentFiles, template: &Template) -> Vec<String> {
    let Template { functions, task_definitions, .. } = template;
    let tasks = task_definitions.iter().map(|one| format!("`{}`", one.logical_id));
    let there_is = functions.iter().map(|one| format!("`{}`", one.logical_id)).chain(tasks);
    let there_is = there_is.collect::<Vec<_>>().join(", ");
    let or_task = if task_definitions.is_empty() { "" } else { " and no task definition" };
    let sentence = |name: &&str| {
        format!(
            "`--env-vars` has variables for `{name}`, which is no function that is served{or_task}\n(there is {there_is})"
        )
    };
    environment.strangers(functions, task_definitions).iter().map(sentence).collect()
}

fn delay(asked: &Cloud) -> DelayModel {
    let of = |named: &Option<NamedDelay>| named.as_ref().map_or(Delay::None, |named| named.delay);
    DelayModel { placement: of(&asked.placement), init: of(&asked.cold_start) }
}

/// What a delay model adds, in words; `None`: nothing.
pub(crate) fn modelled(asked: &Cloud) -> Option<String> {
    let words = |named: &Option<NamedDelay>, what: &str| {
        let named = named.as_ref().filter(|named| named.delay != Delay::None)?;
        Some(format!("{what} `{}`", named.name))
    };
    let init = words(&asked.cold_start, "INIT takes at least a draw of");
    let placement = words(&asked.placement, "before it a place is looked for, by");
    let parts: Vec<_> = [init, placement].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// A template's folder; the current one is `.`.
fn folder(template: &Path) -> PathBuf {
    let parent = template.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or_else(|| Path::new(".")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_beside_one_has_the_current_folder() {
        assert_eq!(folder(Path::new("template.yaml")), Path::new("."));
        assert_eq!(folder(Path::new("/a/b/template.yaml")), Path::new("/a/b"));
    }
}
