//! One `AWS::ECS::Service`.

use lunch_contract::ecs::{Limits, Percents};

use super::super::Template;
use super::super::error::TemplateError;
use super::super::node::Span;
use super::super::placeholder::cluster_name;
use super::super::properties::Properties;
use super::{NOT_EMULATED, WITHOUT_EFFECT, check_name, name, note};

/// An `AWS::ECS::Service`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its logical id.
    pub logical_id: String,
    /// Its name: its `ServiceName`, else one of the stack's and the logical id.
    pub name: String,
    /// The name of the cluster that it is in; `default` where it says nothing, or where only AWS knows.
    pub cluster: String,
    /// The family of the task definition, one of the template, that its tasks are of.
    pub family: String,
    /// `DesiredCount`.
    pub desired: u32,
    /// `DeploymentConfiguration`'s `MinimumHealthyPercent` and `MaximumPercent`.
    pub percents: Percents,
    /// `DeploymentCircuitBreaker`, where it is enabled.
    pub breaker: Option<Breaker>,
    /// Where it stands.
    pub at: Span,
}

/// A deployment circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// `Rollback`. It is read, and nothing is rolled back.
    pub rollback: bool,
}

/// Properties that are read and do nothing here.
const NOTED: [(&str, &str); 14] = [
    ("NetworkConfiguration", WITHOUT_EFFECT),
    ("CapacityProviderStrategy", WITHOUT_EFFECT),
    ("PlacementConstraints", WITHOUT_EFFECT),
    ("PlacementStrategies", WITHOUT_EFFECT),
    ("LoadBalancers", NOT_EMULATED),
    ("ServiceRegistries", NOT_EMULATED),
    ("ServiceConnectConfiguration", NOT_EMULATED),
    ("VpcLatticeConfigurations", NOT_EMULATED),
    ("VolumeConfigurations", NOT_EMULATED),
    ("HealthCheckGracePeriodSeconds", NOT_EMULATED),
    ("EnableExecuteCommand", NOT_EMULATED),
    ("DeploymentConfiguration.Alarms", NOT_EMULATED),
    ("DeploymentConfiguration.LifecycleHooks", NOT_EMULATED),
    ("DeploymentConfiguration.BakeTimeInMinutes", NOT_EMULATED),
];

/// A property of which AWS takes some words, what stands for it here, and what is said of the others.
struct Word {
    path: &'static str,
    all: &'static [&'static str],
    here: &'static str,
    of_others: &'static str,
}

const WORDS: [Word; 4] = [
    Word {
        path: "LaunchType",
        all: &["FARGATE", "EC2", "EXTERNAL"],
        here: "FARGATE",
        of_others: "its tasks are as on Fargate",
    },
    Word {
        path: "SchedulingStrategy",
        all: &["REPLICA", "DAEMON"],
        here: "REPLICA",
        of_others: "not emulated: it has as many tasks as `DesiredCount` says",
    },
    Word {
        path: "DeploymentController.Type",
        all: &["ECS", "CODE_DEPLOY", "EXTERNAL"],
        here: "ECS",
        of_others: "not emulated: its updates are rolling ones",
    },
    Word {
        path: "DeploymentConfiguration.Strategy",
        all: &["ROLLING", "BLUE_GREEN", "LINEAR", "CANARY"],
        here: "ROLLING",
        of_others: "not emulated: its updates are rolling ones",
    },
];

pub(super) fn add(
    template: &mut Template,
    properties: &Properties<'_>,
    at: Span,
) -> Result<(), TemplateError> {
    let id = properties.id;
    let name = name(template, properties, "ServiceName")?;
    let cluster = properties.wish("Cluster", template)?;
    let cluster = cluster_name(cluster.as_deref()).to_owned();
    check_name(properties, "Cluster", &cluster)?;
    for word in &WORDS {
        word.check(template, properties)?;
    }
    note(template, properties, &NOTED)?;
    let of_cluster = template.services.iter().filter(|one| one.cluster == cluster);
    let others = of_cluster.map(|one| (&one.logical_id, &one.name));
    super::unique(others, "ServiceName", id, &name, at)?;
    let desired = properties.number("DesiredCount", 0, Limits::aws().desired_max)?.unwrap_or(1);
    let percents = percents(properties)?;
    let breaker = breaker(template, properties)?;
    if properties.find("TaskDefinition")?.is_none() {
        let wanted = "a task definition, as `!Ref` names it";
        return Err(properties.missing("TaskDefinition", wanted));
    }
    // Where only AWS knows it, that is said, and there is nothing to run.
    let Some(definition) = properties.wish("TaskDefinition", template)? else { return Ok(()) };
    let family = definition;
    let logical_id = id.to_owned();
    let service = Service { logical_id, name, cluster, family, desired, percents, breaker, at };
    template.services.push(service);
    Ok(())
}

impl Word {
    /// That it is a word of AWS's, and what is done in place of it.
    fn check(
        &self,
        template: &mut Template,
        properties: &Properties<'_>,
    ) -> Result<(), TemplateError> {
        let Self { path, all, here, of_others } = self;
        let Some(word) = properties.wish(path, template)? else { return Ok(()) };
        let at = properties.place(path);
        if !all.contains(&word.as_str()) {
            let wanted = format!("one of {}", all.join(", "));
            return Err(properties.error(path, &format!("`{word}`"), &wanted, at));
        }
        if word != *here {
            let (line, id) = (at.line, properties.id);
            template
                .not_served
                .push(format!("line {line}: `{path}` of `{id}` is `{word}`: {of_others}"));
        }
        Ok(())
    }
}

fn percents(properties: &Properties<'_>) -> Result<Percents, TemplateError> {
    const MINIMUM: &str = "DeploymentConfiguration.MinimumHealthyPercent";
    const MAXIMUM: &str = "DeploymentConfiguration.MaximumPercent";
    let percents = Percents::default();
    let minimum_healthy = properties.number(MINIMUM, 0, 200)?.unwrap_or(percents.minimum_healthy);
    let maximum = properties.number(MAXIMUM, 100, 200)?.unwrap_or(percents.maximum);
    let percents = Percents { minimum_healthy, maximum };
    if percents.are_possible() {
        return Ok(percents);
    }
    let got = format!("`{maximum}`, with a `MinimumHealthyPercent` of `{minimum_healthy}`");
    let wanted = "more than 100, or that one less, as AWS demands it: no deployment could stop a task or start one";
    Err(properties.error(MAXIMUM, &got, wanted, properties.place("DeploymentConfiguration")))
}

fn breaker(
    template: &mut Template,
    properties: &Properties<'_>,
) -> Result<Option<Breaker>, TemplateError> {
    const BREAKER: &str = "DeploymentConfiguration.DeploymentCircuitBreaker";
    let Some(part) = properties.below(BREAKER)? else { return Ok(None) };
    let flag = |name| part.flag(name)?.ok_or_else(|| part.missing(name, "`true` or `false`"));
    let (is_enabled, rollback) = (flag("Enable")?, flag("Rollback")?);
    if is_enabled && rollback {
        let (line, id) = (part.place("Rollback").line, properties.id);
        template.not_served.push(format!(
            "line {line}: `{BREAKER}.Rollback` of `{id}`: not emulated: a deployment that fails is ended and said, and nothing is rolled back"
        ));
    }
    Ok(is_enabled.then_some(Breaker { rollback }))
}

/// The family that a service names: by itself, or with the revision, in an ARN or not; `None`: it is an older one.
fn family(named: &str) -> Option<&str> {
    let named = named.rsplit('/').next().unwrap_or(named);
    match named.split_once(':') {
        None => Some(named),
        Some((family, "1")) => Some(family),
        Some(_) => None,
    }
}

/// Gives each service its family, and leaves out those whose task definition is not in the template.
pub(super) fn settle(template: &mut Template) {
    for service in std::mem::take(&mut template.services) {
        let named = &service.family;
        let is_here =
            |family: &&str| template.task_definitions.iter().any(|one| one.family == **family);
        if let Some(family) = family(named).filter(is_here) {
            let family = family.to_owned();
            template.services.push(Service { family, ..service });
        } else {
            let (line, id) = (service.at.line, &service.logical_id);
            template.not_served.push(format!(
                "line {line}: service `{}` (`{id}`): the task definition `{named}` is not in this template",
                service.name
            ));
        }
    }
}
