//! One container of a task definition.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lunch_contract::ecs::{Limits, RestartPolicy, is_name};

use super::super::Template;
use super::super::error::TemplateError;
use super::super::node::Span;
use super::super::properties::Properties;
use super::super::resolve::Resolved;
use super::definition::{TaskDefinition, check_count, one_of};
use super::{
    Check, Dependency, NOT_EMULATED, Runs, WITHOUT_EFFECT, checks, depends, environment, note,
};

/// A container of a task definition, as AWS would configure it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// `Name`.
    pub name: String,
    /// `Image`; `None`: only AWS knows it.
    pub image: Option<String>,
    /// What a process that stands for it runs.
    pub runs: Runs,
    /// `Command`: in place of the image's.
    pub command: Option<Vec<String>>,
    /// `EntryPoint`: in place of the image's.
    pub entry_point: Option<Vec<String>>,
    /// `Environment`.
    pub variables: BTreeMap<String, String>,
    /// The names of its variables whose values only AWS knows.
    pub left_out: BTreeSet<String>,
    /// `Secrets`: the `ValueFrom` of each by the variable's name; `None`: only AWS knows it.
    pub secrets: BTreeMap<String, Option<String>>,
    /// `Essential`: whether its end is the task's.
    pub essential: bool,
    /// `HealthCheck`.
    pub health_check: Option<Check>,
    /// `StopTimeout`.
    pub stop_timeout: Duration,
    /// `StartTimeout`.
    pub start_timeout: Option<Duration>,
    /// `PortMappings`.
    pub ports: Vec<PortMapping>,
    /// `DependsOn`.
    pub depends_on: Vec<Dependency>,
    /// `RestartPolicy`, where it is enabled.
    pub restart: Option<RestartPolicy>,
    /// `Cpu`, in CPU units.
    pub cpu_units: Option<u32>,
    /// `Memory`, MiB: more of it ends the container on AWS.
    pub memory_mib: Option<u32>,
    /// `MemoryReservation`, MiB.
    pub memory_reservation_mib: Option<u32>,
    /// `LogConfiguration`.
    pub log: Option<Log>,
    /// `User`.
    pub user: Option<String>,
    /// `WorkingDirectory`.
    pub working_directory: Option<String>,
    /// `ReadonlyRootFilesystem`.
    pub read_only_root: bool,
    /// Where it stands.
    pub at: Span,
}

/// A port of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortMapping {
    /// `ContainerPort`.
    pub container: u16,
    /// `HostPort`; `None`: it says none, or 0, which is any.
    pub host: Option<u16>,
}

/// Where a container's lines go on AWS. It is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// `LogDriver`.
    pub driver: String,
    /// `Options`, but for those that only AWS knows.
    pub options: BTreeMap<String, String>,
}

/// Properties that are read and do nothing here.
const NOTED: [(&str, &str); 20] = [
    ("Ulimits", WITHOUT_EFFECT),
    ("LinuxParameters", WITHOUT_EFFECT),
    ("SystemControls", WITHOUT_EFFECT),
    ("DockerSecurityOptions", WITHOUT_EFFECT),
    ("Privileged", WITHOUT_EFFECT),
    ("RepositoryCredentials", WITHOUT_EFFECT),
    ("VersionConsistency", WITHOUT_EFFECT),
    ("MountPoints", NOT_EMULATED),
    ("VolumesFrom", NOT_EMULATED),
    ("FirelensConfiguration", NOT_EMULATED),
    ("ResourceRequirements", NOT_EMULATED),
    ("EnvironmentFiles", NOT_EMULATED),
    ("Links", NOT_EMULATED),
    ("ExtraHosts", NOT_EMULATED),
    ("DnsServers", NOT_EMULATED),
    ("DnsSearchDomains", NOT_EMULATED),
    ("Hostname", NOT_EMULATED),
    ("DisableNetworking", NOT_EMULATED),
    ("Interactive", NOT_EMULATED),
    ("PseudoTerminal", NOT_EMULATED),
];

/// The containers of a task definition.
pub(super) fn all(
    template: &mut Template,
    properties: &Properties<'_>,
    definition: &TaskDefinition,
) -> Result<Vec<Container>, TemplateError> {
    const PATH: &str = "ContainerDefinitions";
    let parts = properties.parts(PATH)?;
    check_count(properties, parts.len())?;
    let mut all: Vec<Container> = Vec::new();
    for part in parts {
        let Some((name, at)) = part.text("Name")? else {
            return Err(part.missing("Name", "a name"));
        };
        if !is_name(&name) {
            let got = format!("`{}`", name.chars().take(80).collect::<String>());
            return Err(part.error("Name", &got, "1 to 255 letters, digits, `-` and `_`", at));
        }
        if all.iter().any(|other| other.name == name) {
            let wanted = "a name that no other container of it has";
            return Err(part.error("Name", &format!("`{name}`"), wanted, at));
        }
        // From here on its own name says in sentences which one it is.
        let part = properties.part(&format!("{PATH}.{name}"), &part.node);
        all.push(read(template, &part, name, definition)?);
    }
    if !all.iter().any(|one| one.essential) {
        let wanted = "with at least one that is `Essential`, as AWS demands it";
        let got = "containers of which none is essential";
        return Err(properties.error(PATH, got, wanted, properties.place(PATH)));
    }
    Ok(all)
}

fn read(
    template: &mut Template,
    part: &Properties<'_>,
    name: String,
    definition: &TaskDefinition,
) -> Result<Container, TemplateError> {
    note(template, part, &NOTED)?;
    if part.find("Image")?.is_none() {
        return Err(part.missing("Image", "an image, as AWS demands it"));
    }
    let (variables, left_out) = environment::variables(template, part, &name)?;
    let secrets = environment::secrets(template, part, &variables)?;
    let (memory_mib, memory_reservation_mib) = memory(part, definition)?;
    Ok(Container {
        image: part.wish("Image", template)?,
        runs: Runs::Binary(name.clone()),
        command: part.wished("Command", part.texts("Command"), template)?,
        entry_point: part.wished("EntryPoint", part.texts("EntryPoint"), template)?,
        variables,
        left_out,
        secrets,
        essential: part.flag("Essential")?.unwrap_or(true),
        health_check: checks::health(part)?,
        stop_timeout: stop_timeout(template, part, definition)?,
        start_timeout: start_timeout(part, definition)?,
        ports: ports(template, part, definition)?,
        depends_on: depends::read(part)?,
        restart: checks::restart(part)?,
        cpu_units: part.number("Cpu", 0, u32::MAX)?,
        memory_mib,
        memory_reservation_mib,
        log: log(template, part)?,
        user: part.wish("User", template)?,
        working_directory: part.wish("WorkingDirectory", template)?,
        read_only_root: part.flag("ReadonlyRootFilesystem")?.unwrap_or(false),
        at: part.node.span,
        name,
    })
}

/// `Memory` and `MemoryReservation`.
fn memory(
    part: &Properties<'_>,
    definition: &TaskDefinition,
) -> Result<(Option<u32>, Option<u32>), TemplateError> {
    const RESERVATION: &str = "MemoryReservation";
    let memory = part.number("Memory", 1, u32::MAX)?;
    let reservation = part.number(RESERVATION, 1, u32::MAX)?;
    if let (Some(memory), Some(reservation)) = (memory, reservation)
        && reservation > memory
    {
        let wanted = format!("at most its `Memory`, {memory}");
        return Err(part.error(
            RESERVATION,
            &format!("`{reservation}`"),
            &wanted,
            part.place(RESERVATION),
        ));
    }
    if let Some(most) = definition.memory_mib
        && let Some(memory) = memory.filter(|memory| *memory > most)
    {
        let wanted = format!("at most the task's `Memory`, {most}");
        return Err(part.error("Memory", &format!("`{memory}`"), &wanted, part.place("Memory")));
    }
    Ok((memory, reservation))
}

fn stop_timeout(
    template: &mut Template,
    part: &Properties<'_>,
    definition: &TaskDefinition,
) -> Result<Duration, TemplateError> {
    const PATH: &str = "StopTimeout";
    let Limits { stop_timeout, stop_timeout_max: most, .. } = Limits::aws();
    if definition.is_for_fargate() {
        return Ok(part.seconds(PATH, (Duration::ZERO, most))?.unwrap_or(stop_timeout));
    }
    let said = part.seconds(PATH, (Duration::ZERO, Duration::MAX))?.unwrap_or(stop_timeout);
    if said > most {
        let (line, id, path) = (part.place(PATH).line, part.id, part.path(PATH));
        let (said, most) = (said.as_secs(), most.as_secs());
        template.not_served.push(format!(
            "line {line}: `{path}` of `{id}` is {said}: {most} s here, as on Fargate"
        ));
    }
    Ok(said.min(most))
}

/// As long as `StopTimeout` at most, on Fargate. D:task_definition_parameters.
fn start_timeout(
    part: &Properties<'_>,
    definition: &TaskDefinition,
) -> Result<Option<Duration>, TemplateError> {
    let is_bound = definition.is_for_fargate();
    let most = if is_bound { Limits::aws().stop_timeout_max } else { Duration::MAX };
    part.seconds("StartTimeout", (Duration::ZERO, most))
}

fn ports(
    template: &mut Template,
    part: &Properties<'_>,
    definition: &TaskDefinition,
) -> Result<Vec<PortMapping>, TemplateError> {
    let is_own = definition.network_mode.as_deref() == Some("awsvpc");
    let mut ports = Vec::new();
    for port in part.parts("PortMappings")? {
        note(template, &port, &[("ContainerPortRange", NOT_EMULATED)])?;
        let number = |name: &str, least| -> Result<Option<u16>, TemplateError> {
            let number = port.number(name, least, u16::MAX.into())?;
            Ok(number.and_then(|number| u16::try_from(number).ok()))
        };
        if let Some(protocol) = port.wish("Protocol", template)? {
            one_of(&port, "Protocol", &protocol, &["tcp", "udp"])?;
        }
        let host = number("HostPort", 0)?.filter(|port| *port > 0);
        let Some(container) = number("ContainerPort", 1)? else {
            if port.find("ContainerPortRange")?.is_some() {
                continue;
            }
            return Err(port.missing("ContainerPort", "a port"));
        };
        if let Some(host) = host.filter(|host| is_own && *host != container) {
            let wanted =
                format!("its `ContainerPort`, `{container}`, as AWS demands it with `awsvpc`");
            return Err(port.error(
                "HostPort",
                &format!("`{host}`"),
                &wanted,
                port.place("HostPort"),
            ));
        }
        ports.push(PortMapping { container, host });
    }
    Ok(ports)
}

fn log(template: &mut Template, part: &Properties<'_>) -> Result<Option<Log>, TemplateError> {
    const OPTIONS: &str = "LogConfiguration.Options";
    if part.find("LogConfiguration")?.is_none() {
        return Ok(None);
    }
    note(template, part, &[("LogConfiguration.SecretOptions", NOT_EMULATED)])?;
    let Some(driver) = part.wish("LogConfiguration.LogDriver", template)? else { return Ok(None) };
    let mut options = BTreeMap::new();
    let all = part.find(OPTIONS)?.map_or(&[][..], |node| node.entries());
    for (name, node) in all {
        match part.resolver.resolve(node)? {
            Resolved::Text(text) => {
                options.insert(name.clone(), text);
            }
            Resolved::Unknown { why, .. } => {
                let (line, id, path) = (node.span.line, part.id, part.path(OPTIONS));
                template
                    .not_served
                    .push(format!("line {line}: `{path}.{name}` of `{id}` is left out: {why}"));
            }
            Resolved::Nothing => {}
            Resolved::List(_) | Resolved::Map(_) => {
                return Err(part.error(
                    &format!("{OPTIONS}.{name}"),
                    "a list or a map",
                    "a text",
                    node.span,
                ));
            }
        }
    }
    Ok(Some(Log { driver, options }))
}
