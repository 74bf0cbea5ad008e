//! One `AWS::ECS::TaskDefinition`.

use lunch_contract::ecs::{FARGATE_SIZES, FargateSize, Limits, cpu_units, memory_mib};

use super::super::Template;
use super::super::error::TemplateError;
use super::super::node::{Node, Span};
use super::super::properties::Properties;
use super::container::{self, Container};
use super::{NOT_EMULATED, WITHOUT_EFFECT, depends, name, note, runs};

/// An `AWS::ECS::TaskDefinition`, which is revision 1 of its family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskDefinition {
    /// Its logical id.
    pub logical_id: String,
    /// `Family`, else one of the stack's and the logical id.
    pub family: String,
    /// `Cpu`, in CPU units: 1,024 are one vCPU.
    pub cpu_units: Option<u32>,
    /// `Memory`, MiB.
    pub memory_mib: Option<u32>,
    /// `NetworkMode`, as `awsvpc`.
    pub network_mode: Option<String>,
    /// `RequiresCompatibilities`, as `FARGATE`.
    pub compatibilities: Vec<String>,
    /// Its containers, in the template's order.
    pub containers: Vec<Container>,
    /// Where it stands.
    pub at: Span,
}

impl TaskDefinition {
    /// Whether it says that it is for Fargate, whose rules it then keeps.
    #[must_use]
    pub fn is_for_fargate(&self) -> bool {
        self.compatibilities.iter().any(|one| one == FARGATE)
    }
}

const FARGATE: &str = "FARGATE";
const COMPATIBILITIES: [&str; 4] = [FARGATE, "EC2", "EXTERNAL", "MANAGED_INSTANCES"];
const NETWORK_MODES: [&str; 4] = ["awsvpc", "bridge", "host", "none"];

/// Properties that are read and do nothing here.
const NOTED: [(&str, &str); 9] = [
    ("PlacementConstraints", WITHOUT_EFFECT),
    ("RuntimePlatform", WITHOUT_EFFECT),
    ("EphemeralStorage", NOT_EMULATED),
    ("Volumes", NOT_EMULATED),
    ("ProxyConfiguration", NOT_EMULATED),
    ("InferenceAccelerators", NOT_EMULATED),
    ("PidMode", NOT_EMULATED),
    ("IpcMode", NOT_EMULATED),
    ("EnableFaultInjection", NOT_EMULATED),
];

pub(super) fn add(
    template: &mut Template,
    properties: &Properties<'_>,
    resource: &Node,
) -> Result<(), TemplateError> {
    let (id, at) = (properties.id, resource.span);
    let family = name(template, properties, "Family")?;
    let others = template.task_definitions.iter().map(|one| (&one.logical_id, &one.family));
    super::unique(others, "Family", id, &family, at)?;
    note(template, properties, &NOTED)?;
    let mut definition = TaskDefinition {
        logical_id: id.to_owned(),
        family,
        cpu_units: amount(template, properties, "Cpu")?,
        memory_mib: amount(template, properties, "Memory")?,
        network_mode: network_mode(template, properties)?,
        compatibilities: compatibilities(template, properties)?,
        containers: Vec::new(),
        at,
    };
    if definition.is_for_fargate() {
        check_fargate(properties, &definition)?;
    }
    definition.containers = container::all(template, properties, &definition)?;
    depends::check(properties, &definition.containers)?;
    check_memory(properties, &definition)?;
    runs::read(id, resource, &mut definition.containers)?;
    template.task_definitions.push(definition);
    Ok(())
}

/// `Cpu` or `Memory`.
fn amount(
    template: &mut Template,
    properties: &Properties<'_>,
    path: &str,
) -> Result<Option<u32>, TemplateError> {
    let Some(text) = properties.wish(path, template)? else { return Ok(None) };
    let (amount, wanted) = if path == "Cpu" {
        (cpu_units(&text), "a number of CPU units such as `256`, or of vCPUs such as `0.25 vCPU`")
    } else {
        (memory_mib(&text), "a number of MiB such as `512`, or of GB such as `0.5 GB`")
    };
    let wrong = || properties.error(path, &format!("`{text}`"), wanted, properties.place(path));
    amount.map(Some).ok_or_else(wrong)
}

fn network_mode(
    template: &mut Template,
    properties: &Properties<'_>,
) -> Result<Option<String>, TemplateError> {
    const PATH: &str = "NetworkMode";
    let Some(mode) = properties.wish(PATH, template)? else { return Ok(None) };
    one_of(properties, PATH, &mode, &NETWORK_MODES)?;
    Ok(Some(mode))
}

fn compatibilities(
    template: &mut Template,
    properties: &Properties<'_>,
) -> Result<Vec<String>, TemplateError> {
    const PATH: &str = "RequiresCompatibilities";
    let all = properties.wished(PATH, properties.texts(PATH), template)?.unwrap_or_default();
    all.iter().try_for_each(|one| one_of(properties, PATH, one, &COMPATIBILITIES))?;
    Ok(all)
}

/// That it is one of AWS's words.
pub(super) fn one_of(
    properties: &Properties<'_>,
    path: &str,
    word: &str,
    all: &[&str],
) -> Result<(), TemplateError> {
    if all.contains(&word) {
        return Ok(());
    }
    let wanted = format!("one of {}", all.join(", "));
    Err(properties.error(path, &format!("`{word}`"), &wanted, properties.place(path)))
}

/// What Fargate demands of a task definition, as far as it is known here.
fn check_fargate(
    properties: &Properties<'_>,
    definition: &TaskDefinition,
) -> Result<(), TemplateError> {
    let wrong = |path: &str, got: Option<u32>, wanted: &str| match got {
        Some(got) => {
            Err(properties.error(path, &format!("`{got}`"), wanted, properties.place(path)))
        }
        None => Err(properties.missing(path, wanted)),
    };
    let is_said = |path| properties.find(path).map(|node| node.is_some());
    match definition.network_mode.as_deref() {
        Some("awsvpc") => {}
        Some(mode) => {
            let wanted = "`awsvpc`, the only one that Fargate has";
            return Err(properties.error(
                "NetworkMode",
                &format!("`{mode}`"),
                wanted,
                properties.place("NetworkMode"),
            ));
        }
        None if is_said("NetworkMode")? => {}
        None => return wrong("NetworkMode", None, "`awsvpc`, the only one that Fargate has"),
    }
    let size = match definition.cpu_units {
        Some(units) => FargateSize::of(units).map(Some),
        None if is_said("Cpu")? => Some(None),
        None => None,
    };
    let Some(size) = size else {
        let all = FARGATE_SIZES.map(|size| size.cpu_units.to_string()).join(", ");
        return wrong(
            "Cpu",
            definition.cpu_units,
            &format!("one of {all}, the CPU units that Fargate has"),
        );
    };
    match (size, definition.memory_mib) {
        (Some(size), Some(memory)) if !size.has(memory) => {
            wrong("Memory", Some(memory), &memory_of(size))
        }
        (_, None) if !is_said("Memory")? => {
            wrong("Memory", None, "a number of MiB, which Fargate demands")
        }
        (_, Some(_) | None) => Ok(()),
    }
}

/// Which memory a size has.
fn memory_of(size: FargateSize) -> String {
    let FargateSize { cpu_units, memory_least_mib: least, memory_most_mib: most, .. } = size;
    let all = (least..=most).step_by(512).filter(|memory| size.has(*memory));
    let all = all.map(|memory| memory.to_string()).collect::<Vec<_>>();
    let all = match all.as_slice() {
        [one, two, three] => format!("{one}, {two} or {three}"),
        _ => format!("{least} to {most} by {}", size.memory_step_mib),
    };
    format!("{all} MiB, as Fargate has it with {cpu_units} CPU units")
}

/// That the task has the memory that its containers reserve, and every container some.
fn check_memory(
    properties: &Properties<'_>,
    definition: &TaskDefinition,
) -> Result<(), TemplateError> {
    let is_said = properties.find("Memory")?.is_some();
    let reserved = |one: &Container| one.memory_reservation_mib.or(one.memory_mib);
    let Some(memory) = definition.memory_mib else {
        let bare = definition.containers.iter().find(|one| reserved(one).is_none());
        let Some(bare) = bare.filter(|_| !is_said) else { return Ok(()) };
        let path = format!("ContainerDefinitions.{}.Memory", bare.name);
        let wanted = "there, or `MemoryReservation`, where the task definition has no `Memory`, as AWS demands it";
        return Err(properties.error(&path, "not there", wanted, bare.at));
    };
    let all = definition.containers.iter().filter_map(reserved).map(u64::from).sum::<u64>();
    if all <= u64::from(memory) {
        return Ok(());
    }
    let wanted =
        format!("at least the {all} MiB that its containers reserve together, as AWS demands it");
    Err(properties.error("Memory", &format!("`{memory}`"), &wanted, properties.place("Memory")))
}

/// Containers of a task definition at most, as a sentence has it.
pub(super) fn check_count(properties: &Properties<'_>, count: usize) -> Result<(), TemplateError> {
    const PATH: &str = "ContainerDefinitions";
    let most = Limits::aws().containers_max;
    if (1..=most).contains(&count) {
        return Ok(());
    }
    let wanted = format!("1 to {most} containers");
    if count == 0 {
        return Err(properties.error(PATH, "without a container", &wanted, properties.place(PATH)));
    }
    Err(properties.error(PATH, &format!("{count} containers"), &wanted, properties.place(PATH)))
}
