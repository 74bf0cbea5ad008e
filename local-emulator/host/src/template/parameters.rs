//! The parameters of a template, and what they are here.

use std::collections::BTreeMap;

use super::Options;
use super::error::TemplateError;
use super::node::Node;
use super::resolve::{Lack, Resolved};

/// What every parameter is: the value that was given for it, else its default.
pub(super) fn read(
    root: &Node,
    options: &Options,
) -> Result<BTreeMap<String, Resolved>, TemplateError> {
    let declared = root.get("Parameters").map_or(&[][..], Node::entries);
    let is_declared = |name: &String| declared.iter().any(|(other, _)| other == name);
    if let Some((name, _)) = options.parameter_overrides.iter().find(|(key, _)| !is_declared(key)) {
        let known_names = declared.iter().map(|(name, _)| name.clone()).collect();
        return Err(TemplateError::NoParameter { name: name.clone(), known_names });
    }
    let mut values = BTreeMap::new();
    for (name, declared) in declared {
        let given = options.parameter_overrides.iter().rev().find(|(key, _)| key == name);
        let value = value(name, declared, given.map(|(_, value)| value.as_str()))?;
        values.insert(name.clone(), value);
    }
    Ok(values)
}

/// What a parameter is; one that was given no value and has no default is an error where it is needed.
fn value(name: &str, declared: &Node, given: Option<&str>) -> Result<Resolved, TemplateError> {
    let kind = declared.get("Type").and_then(Node::text).unwrap_or("String");
    let default = declared.get("Default").and_then(Node::text);
    let Some(value) = given.or(default) else {
        let why = format!("parameter `{name}` has neither a value nor a default");
        let at = declared.span;
        return Ok(Resolved::Unknown { why, lack: Lack::Parameter(name.to_owned()), at });
    };
    let is_list = kind == "CommaDelimitedList" || kind.starts_with("List<");
    let items = || value.split(',').map(str::trim);
    let allowed = declared.get("AllowedValues").map_or(&[][..], Node::items);
    let is_allowed = |value: &str| allowed.iter().any(|node| node.text() == Some(value));
    let all_allowed = is_allowed(value) || (is_list && items().all(is_allowed));
    if !allowed.is_empty() && !all_allowed {
        let allowed = allowed.iter().filter_map(Node::text).map(|text| format!("`{text}`"));
        return Err(TemplateError::NotAllowed {
            name: name.to_owned(),
            value: value.to_owned(),
            allowed: allowed.collect::<Vec<_>>().join(", "),
            at: declared.span,
        });
    }
    if let Some(item) = numbers(kind, value).into_iter().find(|item| item.parse::<f64>().is_err()) {
        let (name, value) = (name.to_owned(), item.to_owned());
        let allowed = "any number, as its `Type` says".to_owned();
        return Err(TemplateError::NotAllowed { name, value, allowed, at: declared.span });
    }
    let text = |text: &str| Resolved::Text(text.to_owned());
    Ok(if kind.starts_with("AWS::SSM::") && given.is_none() {
        let why = format!("parameter `{name}` stands in AWS's parameter store");
        Resolved::Unknown { why, lack: Lack::Stored(name.to_owned()), at: declared.span }
    } else if is_list {
        Resolved::List(items().map(text).collect())
    } else {
        text(value)
    })
}

/// What of a value has to be a number, by its type.
fn numbers<'a>(kind: &str, value: &'a str) -> Vec<&'a str> {
    match kind {
        "Number" => vec![value.trim()],
        "List<Number>" => value.split(',').map(str::trim).collect(),
        _ => Vec::new(),
    }
}
