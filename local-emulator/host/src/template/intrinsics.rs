//! What each intrinsic function makes of its argument.
//!
//! The functions are those of CloudFormation's reference; `Fn::Length`, `Fn::ToJsonString` and a `DefaultValue` of
//! `Fn::FindInMap` are what its transform `AWS::LanguageExtensions` adds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::TemplateError;
use super::function::boolean;
use super::node::{Node, Span, Value};
use super::resolve::{Resolved, Resolver, text, unknown, whole};

fn malformed(name: &str, at: Span) -> Resolved {
    unknown(format!("`{name}` is given something that it does not take"), at)
}

fn first_unknown(of: &[Resolved]) -> Option<Resolved> {
    of.iter().find(|one| matches!(one, Resolved::Unknown { .. })).cloned()
}

fn split(arguments: &[Resolved], at: Span) -> Resolved {
    match arguments {
        [Resolved::Text(by), Resolved::Text(whole)] if !by.is_empty() => {
            Resolved::List(whole.split(by.as_str()).map(text).collect())
        }
        other => first_unknown(other).unwrap_or_else(|| malformed("Fn::Split", at)),
    }
}

impl Resolver<'_> {
    pub(super) fn intrinsic(
        &self,
        name: &str,
        argument: &Node,
        at: Span,
    ) -> Result<Resolved, TemplateError> {
        Ok(match name {
            "Ref" => match argument.text() {
                Some(of) => self.reference(of, at)?,
                None => malformed(name, at),
            },
            "Fn::Sub" => self.substitute(argument, at)?,
            "Fn::GetAtt" => self.get_attribute(argument, at)?,
            "Fn::Join" => self.join(&self.all(argument.items())?, at),
            "Fn::Select" => self.select(argument, at)?,
            "Fn::Split" => split(&self.all(argument.items())?, at),
            "Fn::FindInMap" => self.find_in_map(argument, at)?,
            "Fn::If" => match argument.items() {
                [Node { value: Value::Scalar { text: condition, .. }, .. }, then, or_else] => {
                    match self.condition(condition, at)? {
                        Ok(true) => self.resolve(then)?,
                        Ok(false) => self.resolve(or_else)?,
                        Err(doubt) => doubt.of(condition, at),
                    }
                }
                _ => malformed(name, at),
            },
            "Fn::Base64" => match self.resolve(argument)? {
                Resolved::Text(plain) => text(STANDARD.encode(plain)),
                found @ Resolved::Unknown { .. } => found,
                Resolved::List(_) | Resolved::Map(_) | Resolved::Nothing => malformed(name, at),
            },
            "Fn::Length" => match self.resolve(argument)? {
                Resolved::List(items) => text(items.len().to_string()),
                found @ Resolved::Unknown { .. } => found,
                Resolved::Text(_) | Resolved::Map(_) | Resolved::Nothing => malformed(name, at),
            },
            "Fn::ToJsonString" if argument.is_map() || !argument.items().is_empty() => {
                let mut json = String::new();
                match self.json(argument, &mut json)? {
                    Some(found) => found,
                    None => whole(json, at),
                }
            }
            "Fn::ToJsonString" => malformed(name, at),
            "Fn::ImportValue" | "Fn::GetAZs" | "Fn::Cidr" | "Fn::Transform" | "Fn::ForEach" => {
                unknown(format!("`{name}` is only known to AWS"), at)
            }
            other => unknown(format!("`{other}` is an intrinsic not understood"), at),
        })
    }

    fn get_attribute(&self, argument: &Node, at: Span) -> Result<Resolved, TemplateError> {
        if let Some((of, attribute)) = argument.text().and_then(|text| text.split_once('.')) {
            return self.attribute(of, attribute, at);
        }
        match self.all(argument.items())?.as_slice() {
            [Resolved::Text(of), Resolved::Text(attribute)] => self.attribute(of, attribute, at),
            other => Ok(first_unknown(other).unwrap_or_else(|| malformed("Fn::GetAtt", at))),
        }
    }

    fn join(&self, arguments: &[Resolved], at: Span) -> Resolved {
        let (by, parts) = match arguments {
            [Resolved::Text(by), Resolved::List(parts)] => (by, parts),
            other => return first_unknown(other).unwrap_or_else(|| malformed("Fn::Join", at)),
        };
        let mut texts = Vec::new();
        for part in parts {
            match part {
                Resolved::Text(text) => texts.push(text.as_str()),
                Resolved::Unknown { .. } => return part.clone(),
                Resolved::List(_) | Resolved::Map(_) | Resolved::Nothing => {
                    return unknown("`Fn::Join` joins texts only", at);
                }
            }
        }
        let joined = texts.join(by);
        self.step(joined.len() / 16);
        whole(joined, at)
    }

    /// One of a list; the others may be known to AWS alone.
    fn select(&self, argument: &Node, at: Span) -> Result<Resolved, TemplateError> {
        let [index, list] = argument.items() else { return Ok(malformed("Fn::Select", at)) };
        let arguments = [self.resolve(index)?, self.resolve(list)?];
        let [Resolved::Text(index), Resolved::List(parts)] = &arguments else {
            return Ok(first_unknown(&arguments).unwrap_or_else(|| malformed("Fn::Select", at)));
        };
        let part = index.parse().ok().and_then(|index: usize| parts.get(index).cloned());
        Ok(part.unwrap_or_else(|| unknown(format!("there is no item `{index}` to select"), at)))
    }

    fn find_in_map(&self, argument: &Node, at: Span) -> Result<Resolved, TemplateError> {
        let items = argument.items();
        let default = items.get(3).and_then(|node| node.get("DefaultValue"));
        let keys = self.all(&items[..items.len().min(3)])?;
        let mut node = self.root.get("Mappings");
        let mut path = Vec::new();
        for key in &keys {
            match key {
                Resolved::Text(text) => {
                    path.push(text.as_str());
                    node = node.and_then(|node| node.get(text));
                }
                Resolved::Unknown { .. } => return Ok(key.clone()),
                Resolved::List(_) | Resolved::Map(_) | Resolved::Nothing => node = None,
            }
        }
        match node.filter(|_| path.len() == 3).or(default) {
            Some(node) => self.resolve(node),
            None => Ok(unknown(format!("`Mappings` has no `{}`", path.join(".")), at)),
        }
    }

    fn substitute(&self, argument: &Node, at: Span) -> Result<Resolved, TemplateError> {
        let (pattern, own) = match argument.items() {
            [pattern, own] => (pattern.text(), Some(own)),
            _ => (argument.text(), None),
        };
        let Some(mut rest) = pattern else { return Ok(malformed("Fn::Sub", at)) };
        let mut filled = String::new();
        while let Some((before, after)) = rest.split_once("${") {
            filled.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                filled.push_str("${");
                rest = after;
                continue;
            };
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                filled.push_str("${");
                filled.push_str(literal);
                filled.push('}');
                continue;
            }
            match self.named(name.trim(), own, at)? {
                Resolved::Text(text) => filled.push_str(&text),
                found @ Resolved::Unknown { .. } => return Ok(found),
                Resolved::List(_) | Resolved::Map(_) | Resolved::Nothing => {
                    return Ok(unknown(format!("`${{{name}}}` is no text"), at));
                }
            }
            if !self.step(1 + filled.len() / 16) {
                return Ok(unknown("the template takes too long to resolve", at));
            }
        }
        filled.push_str(rest);
        Ok(whole(filled, at))
    }

    /// What a name in `${…}` is.
    fn named(&self, name: &str, own: Option<&Node>, at: Span) -> Result<Resolved, TemplateError> {
        match (own.and_then(|own| own.get(name)), name.split_once('.')) {
            (Some(node), _) => self.resolve(node),
            (None, Some((of, attribute))) => self.attribute(of, attribute, at),
            (None, None) => self.reference(name, at),
        }
    }

    /// Writes a value as compact JSON, in its own order; what of it only AWS knows, if there is something.
    pub(super) fn json(
        &self,
        node: &Node,
        into: &mut String,
    ) -> Result<Option<Resolved>, TemplateError> {
        if node.intrinsic().is_some() {
            let value = self.resolve(node)?;
            return Ok(write_resolved(&value, into).err());
        }
        if !self.step(1 + into.len() / 4096) {
            return Ok(Some(unknown("the template takes too long to resolve", node.span)));
        }
        match &node.value {
            Value::Scalar { text, plain: true } => into.push_str(&written(text)),
            Value::Scalar { text, plain: false } => into.push_str(&quoted(text)),
            Value::List(items) => {
                into.push('[');
                for (index, item) in items.iter().enumerate() {
                    into.push_str(if index == 0 { "" } else { "," });
                    if let Some(found) = self.json(item, into)? {
                        return Ok(Some(found));
                    }
                }
                into.push(']');
            }
            Value::Map(entries) => {
                into.push('{');
                for (index, (name, value)) in entries.iter().enumerate() {
                    into.push_str(if index == 0 { "" } else { "," });
                    into.push_str(&quoted(name));
                    into.push(':');
                    if let Some(found) = self.json(value, into)? {
                        return Ok(Some(found));
                    }
                }
                into.push('}');
            }
        }
        Ok(None)
    }
}

/// What a scalar without quotes is in JSON, by YAML 1.1, as AWS reads it.
fn written(text: &str) -> String {
    match (boolean(text), text) {
        (Some(is_true), _) => is_true.to_string(),
        (None, "" | "~" | "null" | "Null" | "NULL") => "null".to_owned(),
        (None, text) if text.parse::<serde_json::Number>().is_ok() => text.to_owned(),
        (None, text) => quoted(text),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn write_resolved(value: &Resolved, into: &mut String) -> Result<(), Resolved> {
    match value {
        Resolved::Text(text) => into.push_str(&quoted(text)),
        Resolved::Nothing => into.push_str("null"),
        Resolved::Unknown { .. } => return Err(value.clone()),
        Resolved::List(items) => {
            into.push('[');
            for (index, item) in items.iter().enumerate() {
                into.push_str(if index == 0 { "" } else { "," });
                write_resolved(item, into)?;
            }
            into.push(']');
        }
        Resolved::Map(entries) => {
            into.push('{');
            for (index, (name, item)) in entries.iter().enumerate() {
                into.push_str(if index == 0 { "" } else { "," });
                into.push_str(&quoted(name));
                into.push(':');
                write_resolved(item, into)?;
            }
            into.push('}');
        }
    }
    Ok(())
}
