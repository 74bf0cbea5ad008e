//! The properties of a resource, and how one of them is read.

use lunch_contract::names::FunctionReference;

use super::Template;
use super::error::TemplateError;
use super::node::{Node, Span, Value};
use super::resolve::{Lack, Resolved, Resolver};

/// A resource's properties; a function's with what is said of all functions.
pub(super) struct Properties<'a> {
    /// Its logical id.
    pub(super) id: &'a str,
    pub(super) node: Node,
    pub(super) resolver: &'a Resolver<'a>,
}

impl<'a> Properties<'a> {
    /// A resource's own; none, where it has none.
    pub(super) fn of(id: &'a str, resource: &Node, resolver: &'a Resolver<'a>) -> Self {
        let nothing = || Node { value: Value::Map(Vec::new()), span: resource.span };
        let node = resource.get("Properties").cloned().unwrap_or_else(nothing);
        Self { id, node, resolver }
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
}

impl Properties<'_> {
    pub(super) fn error(&self, property: &str, got: &str, wanted: &str, at: Span) -> TemplateError {
        let (function, property) = (self.id.to_owned(), format!("`{property}`"));
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
        let (function, property) = (self.id.to_owned(), format!("`{property}`"));
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
        match self.text(path) {
            Ok(found) => Ok(found.map(|(text, _)| text)),
            Err(TemplateError::Unresolved { why, at, .. }) => {
                let (line, id) = (at.line, self.id);
                let sentence = format!("line {line}: `{path}` of `{id}` is left out: {why}");
                template.not_served.push(sentence);
                Ok(None)
            }
            Err(other) => Err(other),
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
