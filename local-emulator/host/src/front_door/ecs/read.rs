//! Reads a task definition that a caller registers, and refuses what AWS would. Texts are from memory (unsure), but for
//! those that name a source.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lunch_contract::ecs::{
    ApiError, DependencyCondition, FargateSize, HealthCheck, Limits, RestartPolicy, cpu_units,
    memory_mib,
};

use super::members::{nothing_else, sorted};
use super::{check_name, client, shapes};
use crate::template::{Check, Container, Dependency, Log, PortMapping, Runs, Span, TaskDefinition};

/// Members of a task definition that are kept and told, and do nothing here.
const KEPT: [&str; 4] =
    ["taskRoleArn", "executionRoleArn", "runtimePlatform", "placementConstraints"];

/// Those of a container, likewise.
const KEPT_OF_CONTAINER: [&str; 8] = [
    "ulimits",
    "linuxParameters",
    "systemControls",
    "dockerSecurityOptions",
    "privileged",
    "repositoryCredentials",
    "versionConsistency",
    "dockerLabels",
];

/// Those of a port, likewise.
const KEPT_OF_PORT: [&str; 2] = ["name", "appProtocol"];

pub(super) fn definition(asked: shapes::Register) -> Result<TaskDefinition, ApiError> {
    sorted(asked.others, &KEPT, "")?;
    let family = asked.family.ok_or_else(|| ApiError::missing("family"))?;
    check_name("family", &family)?;
    let amount = |name: &str, text: &Option<String>, read: fn(&str) -> Option<u32>| {
        let Some(text) = text.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
        read(text)
            .map(Some)
            .ok_or_else(|| client(format!("Invalid '{name}' setting for task: {text}")))
    };
    let mut definition = TaskDefinition {
        logical_id: family.clone(),
        family,
        cpu_units: amount("cpu", &asked.cpu, cpu_units)?,
        memory_mib: amount("memory", &asked.memory, memory_mib)?,
        network_mode: asked.network_mode,
        compatibilities: asked.requires_compatibilities.unwrap_or_default(),
        containers: Vec::new(),
        at: Span::default(),
    };
    check_words(&definition)?;
    if definition.is_for_fargate() {
        check_fargate(&definition)?;
    }
    let mut names = BTreeSet::new();
    for container in asked.container_definitions.unwrap_or_default() {
        let container = self::container(container, &definition)?;
        if !names.insert(container.name.clone()) {
            let name = container.name;
            return Err(client(format!("Container names have to differ: there are two `{name}`.")));
        }
        definition.containers.push(container);
    }
    check_dependencies(&definition)?;
    Ok(definition)
}

fn check_words(definition: &TaskDefinition) -> Result<(), ApiError> {
    let known = |what: &str, word: &str, all: &[&str]| {
        if all.contains(&word) {
            return Ok(());
        }
        Err(client(format!("{what} `{word}` is none of {}.", all.join(", "))))
    };
    if let Some(mode) = &definition.network_mode {
        known("networkMode", mode, &["awsvpc", "bridge", "host", "none"])?;
    }
    for one in &definition.compatibilities {
        let all = ["FARGATE", "EC2", "EXTERNAL", "MANAGED_INSTANCES"];
        known("requiresCompatibilities", one, &all)?;
    }
    Ok(())
}

/// What Fargate demands.
fn check_fargate(definition: &TaskDefinition) -> Result<(), ApiError> {
    if definition.network_mode.as_deref() != Some("awsvpc") {
        return Err(client("Fargate only supports network mode ‘awsvpc’."));
    }
    let of_task =
        |name| client(format!("Fargate requires that '{name}' be defined at the task level."));
    let cpu = definition.cpu_units.ok_or_else(|| of_task("cpu"))?;
    let memory = definition.memory_mib.ok_or_else(|| of_task("memory"))?;
    if FargateSize::of(cpu).is_some_and(|size| size.has(memory)) {
        return Ok(());
    }
    Err(client(format!(
        "No Fargate configuration exists for given values: {cpu} CPU, {memory} memory."
    )))
}

/// That each container waits for one that there is; the machine sees to the rest.
fn check_dependencies(definition: &TaskDefinition) -> Result<(), ApiError> {
    for container in &definition.containers {
        for Dependency { container: other, .. } in &container.depends_on {
            if !definition.containers.iter().any(|one| one.name == *other) {
                let name = &container.name;
                return Err(client(format!(
                    "Container `{name}` depends on `{other}`, which the task definition does not have."
                )));
            }
        }
    }
    Ok(())
}

fn container(asked: shapes::Container, definition: &TaskDefinition) -> Result<Container, ApiError> {
    let name = asked.name.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| client("Container.name should not be null or empty."))?;
    check_name("Container.name", &name)?;
    sorted(asked.others, &KEPT_OF_CONTAINER, &name)?;
    let image = asked.image.filter(|image| !image.is_empty());
    let image = image.ok_or_else(|| client("Container.image should not be null or empty."))?;
    if definition.memory_mib.is_none() && asked.memory.or(asked.memory_reservation).is_none() {
        return Err(client(format!(
            "Invalid setting for container '{name}'. At least one of 'memory' or 'memoryReservation' must be specified."
        )));
    }
    let (variables, secrets) = variables(asked.environment, asked.secrets)?;
    Ok(Container {
        image: Some(image),
        runs: Runs::Binary(name.clone()),
        command: asked.command.filter(|words| !words.is_empty()),
        entry_point: asked.entry_point.filter(|words| !words.is_empty()),
        variables,
        left_out: BTreeSet::new(),
        secrets,
        essential: asked.essential.unwrap_or(true),
        health_check: asked.health_check.map(health).transpose()?,
        stop_timeout: asked.stop_timeout.map_or(Limits::aws().stop_timeout, Duration::from_secs),
        start_timeout: asked.start_timeout.map(Duration::from_secs),
        ports: ports(asked.port_mappings.unwrap_or_default(), definition)?,
        depends_on: depends_on(asked.depends_on.unwrap_or_default())?,
        restart: restart(asked.restart_policy)?,
        cpu_units: asked.cpu,
        memory_mib: asked.memory,
        memory_reservation_mib: asked.memory_reservation,
        log: log(asked.log_configuration)?,
        user: asked.user,
        working_directory: asked.working_directory,
        read_only_root: asked.readonly_root_filesystem.unwrap_or(false),
        at: Span::default(),
        name,
    })
}

/// Variables, by name; a process can have them.
pub(super) fn environment(
    all: Vec<shapes::Variable>,
) -> Result<BTreeMap<String, String>, ApiError> {
    let mut variables = BTreeMap::new();
    for one in all {
        nothing_else(one.others, "environment")?;
        let (name, value) = (one.name.unwrap_or_default(), one.value.unwrap_or_default());
        check_variable(&name, &value)?;
        variables.insert(name, value);
    }
    Ok(variables)
}

fn check_variable(name: &str, value: &str) -> Result<(), ApiError> {
    if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
        let shown = name.escape_debug();
        return Err(client(format!(
            "Environment variable `{shown}`: a name is not empty and has no `=`, and neither has a NUL."
        )));
    }
    Ok(())
}

fn variables(
    environment: Option<Vec<shapes::Variable>>,
    secrets: Option<Vec<shapes::Secret>>,
) -> Result<(BTreeMap<String, String>, BTreeMap<String, Option<String>>), ApiError> {
    let variables = self::environment(environment.unwrap_or_default())?;
    let mut all = BTreeMap::new();
    for one in secrets.unwrap_or_default() {
        nothing_else(one.others, "secrets")?;
        let name = one.name.unwrap_or_default();
        check_variable(&name, "")?;
        if variables.contains_key(&name) || all.contains_key(&name) {
            return Err(client(format!(
                "The secret name must be unique and not shared with any new or existing environment variables set on the container, such as '{name}'."
            )));
        }
        all.insert(name, Some(one.value_from.ok_or_else(|| ApiError::missing("valueFrom"))?));
    }
    Ok((variables, all))
}

fn ports(
    asked: Vec<shapes::Port>,
    definition: &TaskDefinition,
) -> Result<Vec<PortMapping>, ApiError> {
    let is_own = definition.network_mode.as_deref() == Some("awsvpc");
    let read = |port: shapes::Port| {
        sorted(port.others, &KEPT_OF_PORT, "portMappings")?;
        let container = port.container_port.filter(|port| *port > 0);
        let container = container.ok_or_else(|| ApiError::missing("containerPort"))?;
        let host = port.host_port.filter(|port| *port > 0);
        if is_own && host.is_some_and(|host| host != container) {
            return Err(client(
                "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
            ));
        }
        Ok(PortMapping { container, host })
    };
    asked.into_iter().map(read).collect()
}

fn depends_on(asked: Vec<shapes::DependsOn>) -> Result<Vec<Dependency>, ApiError> {
    let read = |one: shapes::DependsOn| {
        nothing_else(one.others, "dependsOn")?;
        let container = one.container_name.ok_or_else(|| ApiError::missing("containerName"))?;
        let word = one.condition.ok_or_else(|| ApiError::missing("condition"))?;
        let condition = DependencyCondition::ALL.into_iter().find(|one| one.name() == word);
        let condition = condition.ok_or_else(|| {
            client(format!("condition `{word}` is none of START, COMPLETE, SUCCESS, HEALTHY."))
        })?;
        Ok(Dependency { container, condition })
    };
    asked.into_iter().map(read).collect()
}

/// What runs the text of a `CMD-SHELL`. D:healthcheck.
const SHELL: [&str; 2] = ["/bin/sh", "-c"];

fn health(asked: shapes::Health) -> Result<Check, ApiError> {
    nothing_else(asked.others, "healthCheck")?;
    let words = asked.command.unwrap_or_default();
    let command = match words.split_first() {
        Some((how, rest)) if how == "CMD" && !rest.is_empty() => rest.to_vec(),
        Some((how, rest)) if how == "CMD-SHELL" && !rest.is_empty() => {
            SHELL.map(str::to_owned).into_iter().chain(rest.iter().cloned()).collect()
        }
        Some(_) | None => {
            return Err(client(
                "healthCheck.command has to begin with `CMD` and a program, or with `CMD-SHELL` and a shell's line.",
            ));
        }
    };
    let usual = HealthCheck::default();
    let settings = HealthCheck {
        interval: asked.interval.map_or(usual.interval, Duration::from_secs),
        timeout: asked.timeout.map_or(usual.timeout, Duration::from_secs),
        retries: asked.retries.unwrap_or(usual.retries),
        start_period: asked.start_period.map_or(usual.start_period, Duration::from_secs),
    };
    Ok(Check { command, settings })
}

fn restart(asked: Option<shapes::Restart>) -> Result<Option<RestartPolicy>, ApiError> {
    let Some(asked) = asked else { return Ok(None) };
    nothing_else(asked.others, "restartPolicy")?;
    let usual = Limits::aws().restart_period;
    let policy = RestartPolicy {
        ignored_exit_codes: asked.ignored_exit_codes.unwrap_or_default(),
        attempt_period: asked.restart_attempt_period.map_or(usual, Duration::from_secs),
    };
    Ok(asked.enabled.unwrap_or(false).then_some(policy))
}

fn log(asked: Option<shapes::Log>) -> Result<Option<Log>, ApiError> {
    let Some(asked) = asked else { return Ok(None) };
    nothing_else(asked.others, "logConfiguration")?;
    let driver = asked.log_driver.ok_or_else(|| ApiError::missing("logDriver"))?;
    Ok(Some(Log { driver, options: asked.options.unwrap_or_default() }))
}
