//! Intrinsic functions: what a value is, as far as it can be known without AWS.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Options;
use super::error::TemplateError;
use super::node::{Node, Span, Value};

/// Steps that all values of a template together may take; text counts too.
const STEPS_MAX: usize = 2_000_000;
const CHAIN_MAX: usize = 64;

/// What a value came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Resolved {
    /// As it is written: what it means (a number, a yes or no) the reader of a property decides.
    Text(String),
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
    pub(super) root: &'a Node,
    parameters: BTreeMap<String, Resolved>,
    pseudo: BTreeMap<&'static str, String>,
    region: String,
    account: String,
    /// The conditions and functions that are being resolved, to notice who refers to himself.
    chain: RefCell<Vec<String>>,
    steps: Cell<usize>,
}

fn text(text: impl Into<String>) -> Resolved {
    Resolved::Text(text.into())
}

fn unknown(why: impl Into<String>, at: Span) -> Resolved {
    Resolved::Unknown { why: why.into(), at }
}

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

    /// Takes so many steps; whether that was still allowed.
    pub(super) fn step(&self, steps: usize) -> bool {
        self.steps.set(self.steps.get().saturating_add(steps));
        self.steps.get() <= STEPS_MAX
    }

    pub(crate) fn resolve(&self, node: &Node) -> Result<Resolved, TemplateError> {
        if !self.step(1 + node.text().map_or(0, str::len) / 16) {
            return Ok(unknown("the template takes too long to resolve", node.span));
        }
        if let Some((name, argument)) = node.intrinsic() {
            return self.intrinsic(name, argument, node.span);
        }
        Ok(match &node.value {
            Value::Scalar { text, .. } => Resolved::Text(text.clone()),
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

    /// The node that counts where conditions decide; `None`: it is as if it were not there.
    pub(super) fn chosen<'n>(&self, node: &'n Node) -> Result<Option<&'n Node>, TemplateError> {
        match node.intrinsic() {
            Some(("Fn::If", argument)) => match argument.items() {
                [Node { value: Value::Scalar { text: name, .. }, .. }, then, or_else] => {
                    match self.condition(name, node.span)? {
                        Some(true) => self.chosen(then),
                        Some(false) => self.chosen(or_else),
                        None => Ok(Some(node)),
                    }
                }
                _ => Ok(Some(node)),
            },
            Some(("Ref", argument)) if argument.text() == Some("AWS::NoValue") => Ok(None),
            _ => Ok(Some(node)),
        }
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
        Ok(match name {
            "Ref" => match argument.text() {
                Some(of) => self.reference(of, at)?,
                None => malformed(name, at),
            },
            "Fn::Sub" => self.substitute(argument, at)?,
            "Fn::GetAtt" => match argument.items() {
                [of, attribute] => match (of.text(), attribute.text()) {
                    (Some(of), Some(attribute)) => self.attribute(of, attribute, at)?,
                    _ => malformed(name, at),
                },
                _ => match argument.text().and_then(|text| text.split_once('.')) {
                    Some((of, attribute)) => self.attribute(of, attribute, at)?,
                    None => malformed(name, at),
                },
            },
            "Fn::Join" => self.join(&self.all(argument.items())?, at),
            "Fn::Select" => self.select(argument, at)?,
            "Fn::Split" => split(&self.all(argument.items())?, at),
            "Fn::FindInMap" => self.find_in_map(argument, at)?,
            "Fn::If" => match argument.items() {
                [Node { value: Value::Scalar { text: condition, .. }, .. }, then, or_else] => {
                    match self.condition(condition, at)? {
                        Some(true) => self.resolve(then)?,
                        Some(false) => self.resolve(or_else)?,
                        None => unknown(format!("whether `{condition}` holds is not known"), at),
                    }
                }
                _ => malformed(name, at),
            },
            "Fn::Base64" => match self.resolve(argument)? {
                Resolved::Text(plain) => text(STANDARD.encode(plain)),
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
        text(joined)
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
        let keys = self.all(argument.items())?;
        let mut node = self.root.get("Mappings");
        let mut path = Vec::new();
        for key in keys.iter().take(3) {
            match key {
                Resolved::Text(text) => {
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
                known @ (Resolved::Text(_)
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
            Resolved::Text(name) => {
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
                Resolved::Text(text) => whole.push_str(&text),
                found @ Resolved::Unknown { .. } => return Ok(found),
                Resolved::List(_) | Resolved::Map(_) | Resolved::Nothing => {
                    return Ok(unknown(format!("`${{{name}}}` is no text"), at));
                }
            }
            if !self.step(1 + whole.len() / 16) {
                return Ok(unknown("the template takes too long to resolve", at));
            }
        }
        whole.push_str(rest);
        Ok(text(whole))
    }

    pub(super) fn within<T>(
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
