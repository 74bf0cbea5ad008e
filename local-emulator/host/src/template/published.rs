//! What a template says of versions, aliases and log groups. Who serves them decides what becomes of them.

use super::Template;
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

/// Adds such a resource, if it is one; what of it only AWS knows is said.
pub(super) fn add(
    template: &mut Template,
    resolver: &Resolver<'_>,
    id: &str,
    resource: &Node,
) -> Result<(), TemplateError> {
    let at = resource.span;
    let nothing = Node { value: Value::Map(Vec::new()), span: at };
    let node = resource.get("Properties").unwrap_or(&nothing).clone();
    let properties = Properties { id, node, resolver };
    let mut read = |path: &str| properties.wish(path, template);
    let logical_id = id.to_owned();
    match resource.get("Type").and_then(Node::text) {
        Some("AWS::Lambda::Version") => {
            let Some(function) = read("FunctionName")? else { return Ok(()) };
            let description = read("Description")?.unwrap_or_default();
            let function = name(&function);
            template.versions.push(Version { logical_id, function, description, at });
        }
        Some("AWS::Lambda::Alias") => {
            let (function, alias) = (read("FunctionName")?, read("Name")?);
            let (Some(function), Some(alias)) = (function, alias) else { return Ok(()) };
            let (function, version) = (name(&function), read("FunctionVersion")?);
            template.aliases.push(Alias { logical_id, function, name: alias, version, at });
        }
        Some("AWS::Logs::LogGroup") => {
            let name = read("LogGroupName")?;
            template.log_groups.push(LogGroup { logical_id, name, at });
        }
        Some(_) | None => {}
    }
    Ok(())
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
