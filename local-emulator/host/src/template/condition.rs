//! Conditions: whether they hold, as far as it can be known without AWS.

use super::error::TemplateError;
use super::node::{Node, Span};
use super::resolve::{Resolved, Resolver};

impl Resolver<'_> {
    /// Whether a condition holds; `None` if only AWS knows.
    ///
    /// AWS takes no template that names a condition that it does not have, and neither do we.
    pub(super) fn condition(&self, name: &str, at: Span) -> Result<Option<bool>, TemplateError> {
        let all = self.root.get("Conditions").map_or(&[][..], Node::entries);
        if let Some((_, node)) = all.iter().find(|(other, _)| other == name) {
            return self.within(&format!("condition {name}"), at, || self.holds(node));
        }
        if all.iter().any(|(other, _)| other.starts_with("Fn::")) {
            return Ok(None);
        }
        let known_names = all.iter().map(|(name, _)| name.clone()).collect();
        Err(TemplateError::NoCondition { name: name.to_owned(), known_names, at })
    }

    fn holds(&self, node: &Node) -> Result<Option<bool>, TemplateError> {
        if !self.step(1) {
            return Ok(None);
        }
        let Some((name, argument)) = node.intrinsic() else { return Ok(None) };
        match (name, argument.items()) {
            ("Condition", _) => match argument.text() {
                Some(name) => self.condition(name, node.span),
                None => Ok(None),
            },
            ("Fn::Not", [one]) => Ok(self.holds(one)?.map(|holds| !holds)),
            ("Fn::And" | "Fn::Or", all) => {
                let decisive = name == "Fn::Or";
                let mut known = true;
                for one in all {
                    match self.holds(one)? {
                        Some(holds) if holds == decisive => return Ok(Some(decisive)),
                        Some(_) => {}
                        None => known = false,
                    }
                }
                Ok((known && !all.is_empty()).then_some(!decisive))
            }
            ("Fn::Equals", [one, other]) => Ok(match (self.resolve(one)?, self.resolve(other)?) {
                (Resolved::Unknown { .. }, _) | (_, Resolved::Unknown { .. }) => None,
                (one, other) => Some(one == other),
            }),
            _ => Ok(None),
        }
    }
}
