//! What a template says of versions, aliases and log groups. Who serves them decides what becomes of them.

use super::Template;
use std::collections::BTreeSet;

use super::error::TemplateError;
use super::node::{Node, Span, Value};
use super::properties::Properties;
use super::resolve::Resolver;

/// An `AWS::Lambda::Version`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its logical id.
    pub logical_id: String,
    /// The name of the function that it is of.
    pub function: String,
    /// What it is for.
    pub description: String,
    /// Where it stands.
    pub at: Span,
}

/// An `AWS::Lambda::Alias`, or the `AutoPublishAlias` of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// Its logical id.
    pub logical_id: String,
    /// The name of the function that it is of.
    pub function: String,
    /// Its own name.
    pub name: String,
    /// The version that it leads to; `None`: the one that is published with it.
    pub version: Option<String>,
    /// Where it stands.
    pub at: Span,
}

/// An `AWS::Logs::LogGroup`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGroup {
    /// Its logical id.
    pub logical_id: String,
    /// Its name; `None`: AWS gives it one.
    pub name: Option<String>,
    /// Where it stands.
    pub at: Span,
}

/// Adds such a resource, if it is one, and says whether it is; what of it only AWS knows is said.
pub(super) fn add(
    template: &mut Template,
    resolver: &Resolver<'_>,
    id: &str,
    resource: &Node,
) -> Result<bool, TemplateError> {
    let at = resource.span;
    let nothing = Node { value: Value::Map(Vec::new()), span: at };
    let node = resource.get("Properties").unwrap_or(&nothing).clone();
    let properties = Properties { id, node, resolver };
    let mut read = |path: &str| properties.wish(path, template);
    let logical_id = id.to_owned();
    match resource.get("Type").and_then(Node::text) {
        Some("AWS::Lambda::Version") => {
            let Some(function) = read("FunctionName")? else { return Ok(true) };
            let description = read("Description")?.unwrap_or_default();
            let function = name(&function);
            template.versions.push(Version { logical_id, function, description, at });
        }
        Some("AWS::Lambda::Alias") => {
            let (function, alias) = (read("FunctionName")?, read("Name")?);
            let (Some(function), Some(alias)) = (function, alias) else { return Ok(true) };
            let (function, version) = (name(&function), read("FunctionVersion")?);
            template.aliases.push(Alias { logical_id, function, name: alias, version, at });
        }
        Some("AWS::Logs::LogGroup") => {
            let name = read("LogGroupName")?;
            template.log_groups.push(LogGroup { logical_id, name, at });
        }
        Some(_) | None => return Ok(false),
    }
    Ok(true)
}

/// Says of which versions and aliases the function is not served, and leaves them out.
pub(super) fn settle(template: &mut Template) {
    let served: BTreeSet<_> =
        template.functions.iter().map(|function| function.name.clone()).collect();
    let mut not_served = Vec::new();
    let mut stays = |id: &str, kind: &str, function: &str, at: Span| {
        let stays = served.contains(function);
        if !stays {
            let line = at.line;
            not_served.push(format!("line {line}: `{id}` (`{kind}`): `{function}` is not served"));
        }
        stays
    };
    template
        .versions
        .retain(|one| stays(&one.logical_id, "AWS::Lambda::Version", &one.function, one.at));
    template
        .aliases
        .retain(|one| stays(&one.logical_id, "AWS::Lambda::Alias", &one.function, one.at));
    template.not_served.append(&mut not_served);
}

/// Adds the alias that a function is published under, by the id that SAM gives it.
pub(super) fn add_auto(
    template: &mut Template,
    properties: &Properties<'_>,
    function: &str,
) -> Result<(), TemplateError> {
    let Some(name) = properties.wish("AutoPublishAlias", template)? else { return Ok(()) };
    let at = properties.find("AutoPublishAlias")?.map_or(properties.node.span, |node| node.span);
    let logical_id = format!("{}Alias{name}", properties.id);
    let function = function.to_owned();
    template.aliases.push(Alias { logical_id, function, name, version: None, at });
    Ok(())
}

/// A function's name, of its name or ARN.
fn name(function: &str) -> String {
    function.rsplit_once(":function:").map_or(function, |(_, name)| name).to_owned()
}
