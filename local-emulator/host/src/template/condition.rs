//! Conditions: whether they hold, as far as it can be known without AWS.

use super::error::TemplateError;
use super::node::{Node, Span};
use super::resolve::{Lack, Resolved, Resolver};

/// Why it is not known whether a condition holds.
#[derive(Clone, Debug)]
pub(super) struct Doubt {
    pub(super) why: String,
    pub(super) lack: Lack,
}

impl Doubt {
    fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), lack: Lack::Aws }
    }

    /// What is said where this condition decides a value.
    pub(super) fn of(self, condition: &str, at: Span) -> Resolved {
        let why = format!("whether `{condition}` holds is not known: {}", self.why);
        Resolved::Unknown { why, lack: self.lack, at }
    }
}

impl Resolver<'_> {
    /// Whether a condition holds.
    ///
    /// AWS takes no template that names a condition that it does not have, and neither do we.
    pub(super) fn condition(
        &self,
        name: &str,
        at: Span,
    ) -> Result<Result<bool, Doubt>, TemplateError> {
        let all = self.root.get("Conditions").map_or(&[][..], Node::entries);
        if let Some((_, node)) = all.iter().find(|(other, _)| other == name) {
            return self.within(&format!("condition {name}"), at, || self.holds(node));
        }
        if let Some((other, _)) = all.iter().find(|(other, _)| other.starts_with("Fn::")) {
            return Ok(Err(Doubt::new(format!("`{other}` may make it"))));
        }
        let known_names = all.iter().map(|(name, _)| name.clone()).collect();
        Err(TemplateError::NoCondition { name: name.to_owned(), known_names, at })
    }

    fn holds(&self, node: &Node) -> Result<Result<bool, Doubt>, TemplateError> {
        let malformed = Ok(Err(Doubt::new("it is not written as a condition is")));
        if !self.step(1) {
            return Ok(Err(Doubt::new("the template takes too long to resolve")));
        }
        let Some((name, argument)) = node.intrinsic() else { return malformed };
        match (name, argument.items()) {
            ("Condition", _) => match argument.text() {
                Some(name) => self.condition(name, node.span),
                None => malformed,
            },
            ("Fn::Not", [one]) => Ok(self.holds(one)?.map(|holds| !holds)),
            ("Fn::And" | "Fn::Or", all) if !all.is_empty() => {
                let decisive = name == "Fn::Or";
                let mut doubt = None;
                for one in all {
                    match self.holds(one)? {
                        Ok(holds) if holds == decisive => return Ok(Ok(decisive)),
                        Ok(_) => {}
                        Err(why) => doubt = doubt.or(Some(why)),
                    }
                }
                Ok(doubt.map_or(Ok(!decisive), Err))
            }
            ("Fn::Equals", [one, other]) => Ok(match (self.resolve(one)?, self.resolve(other)?) {
                (Resolved::Unknown { why, lack, .. }, _)
                | (_, Resolved::Unknown { why, lack, .. }) => Err(Doubt { why, lack }),
                (one, other) => Ok(one == other),
            }),
            _ => malformed,
        }
    }
}
