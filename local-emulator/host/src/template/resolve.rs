//! Intrinsic functions: what a value is, as far as it can be known without AWS.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::Options;
use super::error::TemplateError;
use super::node::{Node, Span, Value};

/// Steps that all values of a template together may take; text counts too.
const STEPS_MAX: usize = 2_000_000;
const CHAIN_MAX: usize = 64;

/// What a value came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Resolved {
    Text {
        text: String,
        plain: bool,
    },
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
    /// `AWS::NoValue`: as if it were not there.
    Nothing,
    /// Only AWS knows.
    Unknown {
        why: String,
        at: Span,
    },
}

pub(crate) struct Resolver<'a> {
    root: &'a Node,
    parameters: BTreeMap<String, Resolved>,
    pseudo: BTreeMap<&'static str, String>,
    region: String,
    account: String,
    /// The conditions and functions that are being resolved, to notice who refers to himself.
    chain: RefCell<Vec<String>>,
    steps: Cell<usize>,
}

fn text(text: impl Into<String>) -> Resolved {
    Resolved::Text { text: text.into(), plain: false }
}

fn unknown(why: impl Into<String>, at: Span) -> Resolved {
    Resolved::Unknown { why: why.into(), at }
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(
        root: &'a Node,
        parameters: BTreeMap<String, Resolved>,
        options: &Options,
    ) -> Self {
        let stack = options.stack_name.clone().unwrap_or_else(|| "lunch".to_owned());
        let (region, account) = (options.region.clone(), options.account.clone());
        let pseudo = BTreeMap::from([
            ("AWS::Region", region.clone()),
            ("AWS::AccountId", account.clone()),
            (
                "AWS::StackId",
                format!(
                    "arn:aws:cloudformation:{region}:{account}:stack/{stack}/00000000-0000-0000-0000-000000000000"
                ),
            ),
            ("AWS::StackName", stack),
            ("AWS::Partition", "aws".to_owned()),
            ("AWS::URLSuffix", "amazonaws.com".to_owned()),
        ]);
        let (chain, steps) = (RefCell::default(), Cell::new(0));
        Self { root, parameters, pseudo, region, account, chain, steps }
    }

    pub(crate) fn resolve(&self, node: &Node) -> Result<Resolved, TemplateError> {
        self.steps.set(self.steps.get() + 1 + node.text().map_or(0, str::len) / 16);
        if self.steps.get() > STEPS_MAX {
            return Ok(unknown("the template takes too long to resolve", node.span));
        }
        if let Some((name, argument)) = node.intrinsic() {
            return self.intrinsic(name, argument, node.span);
        }
        Ok(match &node.value {
            Value::Scalar { text, plain } => Resolved::Text { text: text.clone(), plain: *plain },
            Value::List(items) => Resolved::List(self.all(items)?),
            Value::Map(entries) => {
                let mut map = Vec::new();
                for (name, node) in entries {
                    let value = self.resolve(node)?;
                    if value != Resolved::Nothing {
                        map.push((name.clone(), value));
                    }
                }
                Resolved::Map(map)
            }
        })
    }

    fn all(&self, nodes: &[Node]) -> Result<Vec<Resolved>, TemplateError> {
        let mut all = Vec::new();
        for node in nodes {
            let value = self.resolve(node)?;
            if value != Resolved::Nothing {
                all.push(value);
            }
        }
        Ok(all)
    }

    fn intrinsic(&self, name: &str, argument: &Node, at: Span) -> Result<Resolved, TemplateError> {
        let malformed =
            || unknown(format!("`{name}` is given something that it does not take"), at);
        Ok(match name {
            "Ref" => match argument.text() {
                Some(name) => self.reference(name, at)?,
                None => malformed(),
            },
            "Fn::Sub" => self.substitute(argument, at)?,
            "Fn::GetAtt" => match argument.items() {
                [of, attribute] => match (of.text(), attribute.text()) {
                    (Some(of), Some(attribute)) => self.attribute(of, attribute, at)?,
                    _ => malformed(),
                },
                _ => match argument.text().and_then(|text| text.split_once('.')) {
                    Some((of, attribute)) => self.attribute(of, attribute, at)?,
                    None => malformed(),
                },
            },
            "Fn::Join" => match self.all(argument.items())?.as_slice() {
                [Resolved::Text { text: by, .. }, Resolved::List(parts)] => {
                    self.join(by, parts, at)
                }
                [_, found @ Resolved::Unknown { .. }] => found.clone(),
                _ => malformed(),
            },
            "Fn::Select" => match self.all(argument.items())?.as_slice() {
                [Resolved::Text { text: index, .. }, Resolved::List(parts)] => index
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| parts.get(index).cloned())
                    .unwrap_or_else(|| {
                        unknown(format!("there is no item `{index}` to select"), at)
                    }),
                [_, found @ Resolved::Unknown { .. }] => found.clone(),
                _ => malformed(),
            },
            "Fn::Split" => match self.all(argument.items())?.as_slice() {
                [Resolved::Text { text: by, .. }, Resolved::Text { text: whole, .. }]
                    if !by.is_empty() =>
                {
                    Resolved::List(whole.split(by.as_str()).map(text).collect())
                }
                [_, found @ Resolved::Unknown { .. }] => found.clone(),
                _ => malformed(),
            },
            "Fn::FindInMap" => self.find_in_map(argument, at)?,
            "Fn::If" => match argument.items() {
                [condition, then, or_else] => match condition.text() {
                    Some(condition) => match self.condition(condition, at)? {
                        Some(true) => self.resolve(then)?,
                        Some(false) => self.resolve(or_else)?,
                        None => unknown(format!("whether `{condition}` holds is not known"), at),
                    },
                    None => malformed(),
                },
                _ => malformed(),
            },
            "Fn::Base64" => match self.resolve(argument)? {
                Resolved::Text { text: plain, .. } => text(base64(plain.as_bytes())),
                other @ (Resolved::List(_)
                | Resolved::Map(_)
                | Resolved::Nothing
                | Resolved::Unknown { .. }) => other,
            },
            "Fn::ImportValue" | "Fn::GetAZs" | "Fn::Cidr" | "Fn::Transform" | "Fn::Length"
            | "Fn::ToJsonString" | "Fn::ForEach" => {
                unknown(format!("`{name}` is only known to AWS"), at)
            }
            other => unknown(format!("`{other}` is an intrinsic not understood"), at),
        })
    }

    fn join(&self, by: &str, parts: &[Resolved], at: Span) -> Resolved {
        let mut texts = Vec::new();
        for part in parts {
            match part {
                Resolved::Text { text, .. } => texts.push(text.as_str()),
                Resolved::Unknown { .. } => return part.clone(),
                Resolved::List(_) | Resolved::Map(_) | Resolved::Nothing => {
                    return unknown("`Fn::Join` joins texts only", at);
                }
            }
        }
        let joined = texts.join(by);
        self.steps.set(self.steps.get() + joined.len() / 16);
        text(joined)
    }

    fn find_in_map(&self, argument: &Node, at: Span) -> Result<Resolved, TemplateError> {
        let keys = self.all(argument.items())?;
        let mut node = self.root.get("Mappings");
        let mut path = Vec::new();
        for key in keys.iter().take(3) {
            match key {
                Resolved::Text { text, .. } => {
                    path.push(text.as_str());
                    node = node.and_then(|node| node.get(text));
                }
                Resolved::Unknown { .. } => return Ok(key.clone()),
                Resolved::List(_) | Resolved::Map(_) | Resolved::Nothing => node = None,
            }
        }
        match node.filter(|_| path.len() == 3) {
            Some(node) => self.resolve(node),
            None => Ok(unknown(format!("`Mappings` has no `{}`", path.join(".")), at)),
        }
    }

    /// What `Ref` gives.
    fn reference(&self, name: &str, at: Span) -> Result<Resolved, TemplateError> {
        if let Some(value) = self.parameters.get(name) {
            return Ok(match value {
                Resolved::Unknown { why, .. } => unknown(why.clone(), at),
                known @ (Resolved::Text { .. }
                | Resolved::List(_)
                | Resolved::Map(_)
                | Resolved::Nothing) => known.clone(),
            });
        }
        if let Some(value) = self.pseudo.get(name) {
            return Ok(text(value.clone()));
        }
        match name {
            "AWS::NoValue" => return Ok(Resolved::Nothing),
            "AWS::NotificationARNs" => return Ok(Resolved::List(Vec::new())),
            _ => {}
        }
        let Some(resource) = self.root.get("Resources").and_then(|all| all.get(name)) else {
            return Ok(unknown(format!("there is no `{name}` to refer to"), at));
        };
        if is_function(resource) { self.function_name(name, resource, at) } else { Ok(text(name)) }
    }

    /// A function's name: its `FunctionName`, else its logical id.
    pub(crate) fn function_name(
        &self,
        logical_id: &str,
        resource: &Node,
        at: Span,
    ) -> Result<Resolved, TemplateError> {
        match resource.get("Properties").and_then(|all| all.get("FunctionName")) {
            Some(name) => {
                let name = self.within(logical_id, at, || self.resolve(name))?;
                Ok(if name == Resolved::Nothing { text(logical_id) } else { name })
            }
            None => Ok(text(logical_id)),
        }
    }

    fn attribute(&self, of: &str, attribute: &str, at: Span) -> Result<Resolved, TemplateError> {
        let resource = self.root.get("Resources").and_then(|all| all.get(of));
        let Some(resource) = resource.filter(|node| is_function(node) && attribute == "Arn") else {
            return Ok(unknown(format!("`{of}.{attribute}` is only known to AWS"), at));
        };
        Ok(match self.function_name(of, resource, at)? {
            Resolved::Text { text: name, .. } => {
                text(format!("arn:aws:lambda:{}:{}:function:{name}", self.region, self.account))
            }
            other @ (Resolved::List(_)
            | Resolved::Map(_)
            | Resolved::Nothing
            | Resolved::Unknown { .. }) => other,
        })
    }

    fn substitute(&self, argument: &Node, at: Span) -> Result<Resolved, TemplateError> {
        let (pattern, own) = match argument.items() {
            [pattern, own] => (pattern.text(), Some(own)),
            _ => (argument.text(), None),
        };
        let Some(mut rest) = pattern else {
            return Ok(unknown("`Fn::Sub` is given something that it does not take", at));
        };
        let mut whole = String::new();
        while let Some((before, after)) = rest.split_once("${") {
            whole.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                whole.push_str("${");
                rest = after;
                continue;
            };
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                whole.push_str("${");
                whole.push_str(literal);
                whole.push('}');
                continue;
            }
            let name = name.trim();
            let value = match own.and_then(|own| own.get(name)) {
                Some(node) => self.resolve(node)?,
                None => match name.split_once('.') {
                    Some((of, attribute)) => self.attribute(of, attribute, at)?,
                    None => self.reference(name, at)?,
                },
            };
            match value {
                Resolved::Text { text, .. } => whole.push_str(&text),
                found @ Resolved::Unknown { .. } => return Ok(found),
                Resolved::List(_) | Resolved::Map(_) | Resolved::Nothing => {
                    return Ok(unknown(format!("`${{{name}}}` is no text"), at));
                }
            }
            self.steps.set(self.steps.get() + 1 + whole.len() / 16);
            if self.steps.get() > STEPS_MAX {
                return Ok(unknown("the template takes too long to resolve", at));
            }
        }
        whole.push_str(rest);
        Ok(text(whole))
    }

    /// Whether a condition holds; `None` if only AWS knows.
    pub(crate) fn condition(&self, name: &str, at: Span) -> Result<Option<bool>, TemplateError> {
        let Some(node) = self.root.get("Conditions").and_then(|all| all.get(name)) else {
            return Ok(None);
        };
        self.within(&format!("condition {name}"), at, || self.holds(node))
    }

    fn holds(&self, node: &Node) -> Result<Option<bool>, TemplateError> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > STEPS_MAX {
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
                Ok(known.then_some(!decisive))
            }
            ("Fn::Equals", [one, other]) => Ok(match (self.resolve(one)?, self.resolve(other)?) {
                (Resolved::Unknown { .. }, _) | (_, Resolved::Unknown { .. }) => None,
                (Resolved::Text { text: one, .. }, Resolved::Text { text: other, .. }) => {
                    Some(one == other)
                }
                (one, other) => Some(one == other),
            }),
            _ => Ok(None),
        }
    }

    fn within<T>(
        &self,
        name: &str,
        at: Span,
        what: impl FnOnce() -> Result<T, TemplateError>,
    ) -> Result<T, TemplateError> {
        let is_cycle = {
            let chain = self.chain.borrow();
            chain.len() >= CHAIN_MAX || chain.iter().any(|other| other == name)
        };
        if is_cycle {
            return Err(TemplateError::Cycle { name: name.to_owned(), at });
        }
        self.chain.borrow_mut().push(name.to_owned());
        let answer = what();
        self.chain.borrow_mut().pop();
        answer
    }
}

pub(crate) fn is_function(resource: &Node) -> bool {
    let kind = resource.get("Type").and_then(Node::text);
    matches!(kind, Some("AWS::Serverless::Function" | "AWS::Lambda::Function"))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = (bits >> (18 - 6 * place)) & 63;
            text.push(if place <= chunk.len() { char::from(DIGITS[digit as usize]) } else { '=' });
        }
    }
    text
}
