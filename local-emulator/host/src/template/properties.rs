//! The properties of a resource, and how one of them is read.

use std::time::Duration;

use lunch_contract::names::FunctionReference;

use super::Template;
use super::error::TemplateError;
use super::function::boolean;
use super::node::{Node, Span, Value};
use super::resolve::{Lack, Resolved, Resolver};

/// A resource's properties, a function's with what is said of all functions; or those of a part of a resource.
pub(super) struct Properties<'a> {
    /// Its logical id.
    pub(super) id: &'a str,
    pub(super) node: Node,
    pub(super) resolver: &'a Resolver<'a>,
    /// Where in the resource the part stands, with a point behind it; nothing, if it is the resource.
    within: String,
}

impl<'a> Properties<'a> {
    /// A resource's own; none, where it has none.
    pub(super) fn of(id: &'a str, resource: &Node, resolver: &'a Resolver<'a>) -> Self {
        let nothing = || Node { value: Value::Map(Vec::new()), span: resource.span };
        let node = resource.get("Properties").cloned().unwrap_or_else(nothing);
        Self::new(id, node, resolver)
    }

    pub(super) const fn new(id: &'a str, node: Node, resolver: &'a Resolver<'a>) -> Self {
        Self { id, node, resolver, within: String::new() }
    }

    /// A resource's own, if it is of that type.
    pub(super) fn of_kind(
        kind: &str,
        id: &'a str,
        resource: &Node,
        resolver: &'a Resolver<'a>,
    ) -> Option<Self> {
        (resource.kind() == Some(kind)).then(|| Self::of(id, resource, resolver))
    }

    /// The maps of the list that stands there, each as a part by its place in the list; conditions are decided.
    pub(super) fn parts(&self, path: &str) -> Result<Vec<Self>, TemplateError> {
        let Some(node) = self.find(path)? else { return Ok(Vec::new()) };
        if !matches!(node.value, Value::List(_)) {
            return Err(self.no(path, node, "a list of maps")?);
        }
        let mut parts = Vec::new();
        for (place, item) in node.items().iter().enumerate() {
            let Some(item) = self.resolver.chosen(item)? else { continue };
            let path = format!("{path}.{place}");
            if !item.is_map() || item.intrinsic().is_some() {
                return Err(self.no(&path, item, "a map")?);
            }
            parts.push(self.part(&path, item));
        }
        Ok(parts)
    }

    /// The map that stands there, as a part; conditions are decided.
    pub(super) fn below(&self, path: &str) -> Result<Option<Self>, TemplateError> {
        let Some(node) = self.find(path)? else { return Ok(None) };
        if !node.is_map() || node.intrinsic().is_some() {
            return Err(self.no(path, node, "a map")?);
        }
        Ok(Some(self.part(path, node)))
    }

    /// What stands there, as a part.
    pub(super) fn part(&self, path: &str, node: &Node) -> Self {
        let within = format!("{}{path}.", self.within);
        Self { id: self.id, node: node.clone(), resolver: self.resolver, within }
    }
}

impl Properties<'_> {
    /// Where a property of it stands in the resource.
    pub(super) fn path(&self, property: &str) -> String {
        format!("{}{property}", self.within)
    }

    /// Why something that is neither a list nor a map is none.
    fn no(&self, path: &str, node: &Node, wanted: &str) -> Result<TemplateError, TemplateError> {
        Ok(match self.resolver.resolve(node)? {
            Resolved::Unknown { why, lack, at } => self.unresolved(path, why, &lack, at),
            Resolved::Text(text) => self.error(path, &format!("`{text}`"), wanted, node.span),
            Resolved::List(_) | Resolved::Map(_) | Resolved::Nothing => {
                self.error(path, "something else", wanted, node.span)
            }
        })
    }

    /// That something is needed that is not there.
    pub(super) fn missing(&self, path: &str, wanted: &str) -> TemplateError {
        self.error(path, "not there", wanted, self.node.span)
    }

    /// Where something stands; where its owner does, if it does not.
    pub(super) fn place(&self, path: &str) -> Span {
        self.find(path).ok().flatten().map_or(self.node.span, |node| node.span)
    }

    pub(super) fn error(&self, property: &str, got: &str, wanted: &str, at: Span) -> TemplateError {
        let (function, property) = (self.id.to_owned(), format!("`{}`", self.path(property)));
        TemplateError::Value {
            function,
            property,
            got: got.to_owned(),
            wanted: wanted.to_owned(),
            at,
        }
    }

    /// A value is needed that is not known here.
    pub(super) fn unresolved(
        &self,
        property: &str,
        why: String,
        lack: &Lack,
        at: Span,
    ) -> TemplateError {
        let (function, property) = (self.id.to_owned(), format!("`{}`", self.path(property)));
        TemplateError::Unresolved { function, property, why, hint: lack.hint(), at }
    }

    /// What stands there; conditions on the way are decided.
    pub(super) fn find(&self, path: &str) -> Result<Option<&Node>, TemplateError> {
        let mut node = &self.node;
        for name in path.split('.') {
            let Some(found) = node.get(name) else { return Ok(None) };
            let Some(found) = self.resolver.chosen(found)? else { return Ok(None) };
            node = found;
        }
        Ok(Some(node))
    }

    /// A text that is nice to have: where only AWS knows it, that is said.
    pub(super) fn wish(
        &self,
        path: &str,
        template: &mut Template,
    ) -> Result<Option<String>, TemplateError> {
        self.wished(path, self.text(path).map(|found| found.map(|(text, _)| text)), template)
    }

    /// What only AWS knows is said in place of being an error.
    pub(super) fn wished<T>(
        &self,
        path: &str,
        found: Result<Option<T>, TemplateError>,
        template: &mut Template,
    ) -> Result<Option<T>, TemplateError> {
        match found {
            Err(TemplateError::Unresolved { why, at, .. }) => {
                let (line, id, path) = (at.line, self.id, self.path(path));
                let sentence = format!("line {line}: `{path}` of `{id}` is left out: {why}");
                template.not_served.push(sentence);
                Ok(None)
            }
            found => found,
        }
    }

    /// The function that is named there, and what of it is called, if that is said.
    pub(super) fn function(
        &self,
        path: &str,
        template: &mut Template,
    ) -> Result<Option<(String, Option<String>)>, TemplateError> {
        Ok(self.wish(path, template)?.map(|text| function_of(&text)))
    }

    /// A text that is needed, if it is there.
    pub(super) fn text(&self, path: &str) -> Result<Option<(String, Span)>, TemplateError> {
        let Some(node) = self.find(path)? else { return Ok(None) };
        match self.resolver.resolve(node)? {
            Resolved::Text(text) => Ok(Some((text, node.span))),
            Resolved::Nothing => Ok(None),
            Resolved::Unknown { why, lack, at } => Err(self.unresolved(path, why, &lack, at)),
            Resolved::List(_) | Resolved::Map(_) => {
                Err(self.error(path, "a list or a map", "one value", node.span))
            }
        }
    }

    pub(super) fn number(
        &self,
        path: &str,
        least: u32,
        most: u32,
    ) -> Result<Option<u32>, TemplateError> {
        let Some((text, at)) = self.text(path)? else { return Ok(None) };
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        let wanted = format!("a whole number from {least} to {most}");
        number.map(Some).ok_or_else(|| self.error(path, &format!("`{text}`"), &wanted, at))
    }

    /// A whole number of seconds.
    pub(super) fn seconds(
        &self,
        path: &str,
        (least, most): (Duration, Duration),
    ) -> Result<Option<Duration>, TemplateError> {
        let whole = |span: Duration| u32::try_from(span.as_secs()).unwrap_or(u32::MAX);
        let found = self.number(path, whole(least), whole(most))?;
        Ok(found.map(|seconds| Duration::from_secs(seconds.into())))
    }

    /// A yes or no.
    pub(super) fn flag(&self, path: &str) -> Result<Option<bool>, TemplateError> {
        let Some((text, at)) = self.text(path)? else { return Ok(None) };
        let wrong = || self.error(path, &format!("`{text}`"), "`true` or `false`", at);
        boolean(&text).map(Some).ok_or_else(wrong)
    }

    /// A list of texts, or one that stands there without a list.
    pub(super) fn texts(&self, path: &str) -> Result<Option<Vec<String>>, TemplateError> {
        let Some(node) = self.find(path)? else { return Ok(None) };
        let all = match self.resolver.resolve(node)? {
            Resolved::List(all) => all,
            Resolved::Nothing => return Ok(None),
            one @ (Resolved::Text(_) | Resolved::Map(_) | Resolved::Unknown { .. }) => vec![one],
        };
        let mut texts = Vec::new();
        for one in all {
            match one {
                Resolved::Text(text) => texts.push(text),
                Resolved::Nothing => {}
                Resolved::Unknown { why, lack, at } => {
                    return Err(self.unresolved(path, why, &lack, at));
                }
                Resolved::List(_) | Resolved::Map(_) => {
                    return Err(self.error(path, "something else", "a list of texts", node.span));
                }
            }
        }
        Ok(Some(texts))
    }

    pub(super) fn or(&self, path: &str, default: &str) -> Result<String, TemplateError> {
        Ok(self.text(path)?.map_or_else(|| default.to_owned(), |(text, _)| text))
    }
}

/// The function that a name or an ARN means, and what of it is called, if that is said. What is neither is taken to be a
/// name, which nobody has.
pub(super) fn function_of(text: &str) -> (String, Option<String>) {
    match FunctionReference::parse(text) {
        Ok(reference) => (reference.name.to_owned(), reference.qualifier.map(str::to_owned)),
        Err(_) => (text.to_owned(), None),
    }
}
