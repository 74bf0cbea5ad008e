//! What `AWS::ApplicationAutoScaling::*` says of services: read, named, and not emulated.

use super::super::Template;
use super::super::error::TemplateError;
use super::super::node::{Node, Span};
use super::super::properties::Properties;
use super::super::resolve::{Resolved, Resolver};

/// Adds such a resource, if it is one and of an ECS service, and says whether it is.
pub(super) fn add(
    template: &mut Template,
    properties: &Properties<'_>,
    kind: &str,
    at: Span,
) -> Result<bool, TemplateError> {
    if !kind.starts_with("AWS::ApplicationAutoScaling::") || !is_of_ecs(properties)? {
        return Ok(false);
    }
    let (line, id) = (at.line, properties.id);
    template.not_served.push(format!(
        "line {line}: `{id}` (`{kind}`): not emulated: its service keeps as many tasks as `DesiredCount` says"
    ));
    Ok(true)
}

fn is_of_ecs(properties: &Properties<'_>) -> Result<bool, TemplateError> {
    if names_ecs(&properties.node, properties.resolver)? {
        return Ok(true);
    }
    // A policy says of which target it is, and that one of which service.
    let target = properties.find("ScalingTargetId")?.and_then(Node::intrinsic);
    let named = target.filter(|(name, _)| *name == "Ref").and_then(|(_, of)| of.text());
    let target = named.and_then(|id| properties.resolver.resource(id)?.get("Properties"));
    target.map_or(Ok(false), |target| names_ecs(target, properties.resolver))
}

fn names_ecs(node: &Node, resolver: &Resolver<'_>) -> Result<bool, TemplateError> {
    let Some(namespace) = node.get("ServiceNamespace") else { return Ok(false) };
    Ok(resolver.resolve(namespace)? == Resolved::Text("ecs".to_owned()))
}
