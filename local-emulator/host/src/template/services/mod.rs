//! What a template says of ECS: clusters, task definitions and services. Facts 10.
//!
//! Nothing is run here. What AWS would refuse is refused with its place.

mod checks;
mod container;
mod definition;
mod depends;
mod environment;
mod runs;
mod scaling;
mod service;
#[cfg(test)]
mod tests;

pub use checks::Check;
pub use container::{Container, Log, PortMapping};
pub use definition::TaskDefinition;
pub use depends::Dependency;
pub use runs::Runs;
pub use service::{Breaker, Service};

use super::Template;
use super::error::TemplateError;
use super::node::{Node, Span};
use super::properties::Properties;
use super::resolve::Resolver;

/// An `AWS::ECS::Cluster`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Its logical id.
    pub logical_id: String,
    /// Its name: its `ClusterName`, else one of the stack's and the logical id.
    pub name: String,
    /// Where it stands.
    pub at: Span,
}

/// Adds such a resource, if it is one, and says whether it is.
pub(super) fn add(
    template: &mut Template,
    resolver: &Resolver<'_>,
    id: &str,
    resource: &Node,
) -> Result<bool, TemplateError> {
    let at = resource.span;
    let properties = Properties::of(id, resource, resolver);
    match resource.kind() {
        Some("AWS::ECS::Cluster") => {
            let name = name(template, &properties, "ClusterName")?;
            let others = template.clusters.iter().map(|one| (&one.logical_id, &one.name));
            unique(others, "ClusterName", id, &name, at)?;
            template.clusters.push(Cluster { logical_id: id.to_owned(), name, at });
        }
        Some("AWS::ECS::TaskDefinition") => definition::add(template, &properties, resource)?,
        Some("AWS::ECS::Service") => service::add(template, &properties, at)?,
        Some(kind) => return scaling::add(template, &properties, kind, at),
        None => return Ok(false),
    }
    Ok(true)
}

/// Its name, where the template gives it one that is known, else what it is called without.
fn name(
    template: &mut Template,
    properties: &Properties<'_>,
    property: &str,
) -> Result<String, TemplateError> {
    let Some(name) = properties.wish(property, template)? else {
        return Ok(properties.resolver.default_name(properties.id));
    };
    check_name(properties, property, &name)?;
    Ok(name)
}

fn check_name(
    properties: &Properties<'_>,
    property: &str,
    name: &str,
) -> Result<(), TemplateError> {
    if lunch_contract::ecs::is_name(name) {
        return Ok(());
    }
    let got = format!("`{}`", name.chars().take(80).collect::<String>());
    let wanted = "1 to 255 letters, digits, `-` and `_`";
    Err(properties.error(property, &got, wanted, properties.place(property)))
}

/// That no other one has this name.
fn unique<'a>(
    mut others: impl Iterator<Item = (&'a String, &'a String)>,
    property: &'static str,
    id: &str,
    name: &str,
    at: Span,
) -> Result<(), TemplateError> {
    match others.find(|(_, other)| *other == name) {
        None => Ok(()),
        Some((other, name)) => Err(TemplateError::SameName {
            name: name.clone(),
            property,
            other: other.clone(),
            id: id.to_owned(),
            at,
        }),
    }
}

/// Says what of it is read and does nothing here.
fn note(
    template: &mut Template,
    properties: &Properties<'_>,
    all: &[(&str, &str)],
) -> Result<(), TemplateError> {
    for (name, why) in all {
        if let Some(node) = properties.find(name)? {
            let (line, id, path) = (node.span.line, properties.id, properties.path(name));
            template.not_served.push(format!("line {line}: `{path}` of `{id}`: {why}"));
        }
    }
    Ok(())
}

/// What a sentence says of what has no effect on a developer's machine.
const WITHOUT_EFFECT: &str = "without effect here";
/// What a sentence says of what AWS does and nobody does here.
const NOT_EMULATED: &str = "not emulated";

/// Says of which services the task definition is not there, and what there is that nobody runs.
pub(super) fn settle(template: &mut Template) {
    service::settle(template);
    not_run(template);
}

/// Says what no service names.
fn not_run(template: &mut Template) {
    let Template { clusters, task_definitions, services, not_served, .. } = template;
    for TaskDefinition { logical_id, family, at, .. } in task_definitions.iter() {
        if services.iter().all(|service| service.family != *family) {
            let line = at.line;
            not_served.push(format!(
                "line {line}: task definition `{family}` (`{logical_id}`): no service of this template runs it"
            ));
        }
    }
    for Cluster { logical_id, name, at } in clusters.iter() {
        if services.iter().all(|service| service.cluster != *name) {
            let line = at.line;
            not_served.push(format!(
                "line {line}: cluster `{name}` (`{logical_id}`): no service of this template is in it"
            ));
        }
    }
}
