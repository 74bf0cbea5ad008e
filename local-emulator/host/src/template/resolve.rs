//! What a value is, as far as it can be known without AWS: parameters, resources, and who refers to whom.
//!
//! What each intrinsic function does with its argument stands in [`super::intrinsics`].

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::Options;
use super::error::TemplateError;
use super::generated;
use super::node::{Node, Span, Value};
use super::placeholder::{self, Made};
use super::scalar;

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
        lack: Lack,
        at: Span,
    },
}

/// Whose turn it is to give a value that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    /// AWS's: it knows.
    Aws,
    /// AWS's, and the user may give this parameter another one.
    Stored(String),
    /// The user's: this parameter has none.
    Parameter(String),
}

impl Lack {
    /// What to do about it.
    pub(super) fn hint(&self) -> String {
        match self {
            Self::Aws => "write the value itself, or make it a parameter and give `--parameter-overrides KEY=VALUE`".to_owned(),
            Self::Stored(name) | Self::Parameter(name) => {
                format!("give it with `--parameter-overrides {name}=VALUE`")
            }
        }
    }
}

pub(crate) struct Resolver<'a> {
    pub(super) root: &'a Node,
    parameters: BTreeMap<String, Resolved>,
    pseudo: BTreeMap<&'static str, String>,
    pub(super) region: String,
    pub(super) account: String,
    /// The conditions and functions that are being resolved, to notice who refers to himself.
    chain: RefCell<Vec<String>>,
    steps: Cell<usize>,
    /// What stood in for something that is not there, by the expression that asked for it.
    placeholders: RefCell<BTreeMap<String, Placeholder>>,
}

/// A value in place of one that only a deployment has.
#[derive(Clone, Debug)]
pub(super) struct Placeholder {
    /// The logical id of the resource.
    pub(super) id: String,
    pub(super) value: String,
    pub(super) at: Span,
}

pub(super) fn text(text: impl Into<String>) -> Resolved {
    Resolved::Text(text.into())
}

pub(super) fn unknown(why: impl Into<String>, at: Span) -> Resolved {
    Resolved::Unknown { why: why.into(), lack: Lack::Aws, at }
}

/// A text that is whole; one with a dynamic reference in it is filled in by AWS.
pub(super) fn whole(whole: String, at: Span) -> Resolved {
    let Some((_, rest)) = whole.split_once("{{resolve:") else { return Resolved::Text(whole) };
    let named = rest.split_once("}}").map_or(rest, |(named, _)| named);
    let named = named.chars().take(80).collect::<String>();
    unknown(format!("`{{{{resolve:{named}}}}}` stands in AWS's own stores"), at)
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
        let placeholders = RefCell::default();
        Self { root, parameters, pseudo, region, account, chain, steps, placeholders }
    }

    /// Takes so many steps; whether that was still allowed.
    pub(super) fn step(&self, steps: usize) -> bool {
        self.steps.set(self.steps.get().saturating_add(steps));
        self.steps.get() <= STEPS_MAX
    }

    /// What stood in so far for what is not there, each by the expression that asked for it.
    pub(super) fn placeholders(&self) -> BTreeMap<String, Placeholder> {
        self.placeholders.borrow().clone()
    }

    pub(crate) fn resolve(&self, node: &Node) -> Result<Resolved, TemplateError> {
        if !self.step(1 + node.text().map_or(0, str::len) / 16) {
            return Ok(unknown("the template takes too long to resolve", node.span));
        }
        if let Some((name, argument)) = node.intrinsic() {
            return self.intrinsic(name, argument, node.span);
        }
        Ok(match &node.value {
            Value::Scalar { text, .. } => whole(text.clone(), node.span),
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
                        Ok(true) => self.chosen(then),
                        Ok(false) => self.chosen(or_else),
                        Err(_) => Ok(Some(node)),
                    }
                }
                _ => Ok(Some(node)),
            },
            Some(("Ref", argument)) if argument.text() == Some("AWS::NoValue") => Ok(None),
            _ => Ok(Some(node)),
        }
    }

    pub(super) fn all(&self, nodes: &[Node]) -> Result<Vec<Resolved>, TemplateError> {
        let mut all = Vec::new();
        for node in nodes {
            let value = self.resolve(node)?;
            if value != Resolved::Nothing {
                all.push(value);
            }
        }
        Ok(all)
    }

    /// What `Ref` gives.
    pub(super) fn reference(&self, name: &str, at: Span) -> Result<Resolved, TemplateError> {
        if let Some(value) = self.parameters.get(name) {
            return Ok(match value {
                Resolved::Unknown { why, lack, .. } => {
                    Resolved::Unknown { why: why.clone(), lack: lack.clone(), at }
                }
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
        if let Some(resource) = self.resource(name).filter(|node| is_function(node)) {
            let name_of = self.function_name(name, resource, at)?;
            return Ok(self.noted(name, name, name_of, at));
        }
        if let Some(owner) = generated::owner_of_alias(self.root, name) {
            return self.attribute(owner, "Alias", at);
        }
        if self.kind(name).is_none()
            && let Some((of, attribute)) = name.split_once('.')
        {
            // SAM's own: `Ref: MyFunction.Alias`.
            return self.attribute(of, attribute, at);
        }
        self.stand_in(name, None, at)
    }

    /// What `Fn::GetAtt` gives.
    pub(super) fn attribute(
        &self,
        of: &str,
        attribute: &str,
        at: Span,
    ) -> Result<Resolved, TemplateError> {
        let Some(resource) = self.resource(of).filter(|node| is_function(node)) else {
            return self.stand_in(of, Some(attribute), at);
        };
        let name = match self.function_name(of, resource, at)? {
            Resolved::Text(name) => name,
            other @ (Resolved::List(_)
            | Resolved::Map(_)
            | Resolved::Nothing
            | Resolved::Unknown { .. }) => return Ok(other),
        };
        let arn = format!("arn:aws:lambda:{}:{}:function:{name}", self.region, self.account);
        let expression = format!("{of}.{attribute}");
        let published = generated::alias(self.root, resource);
        Ok(match (attribute, published) {
            ("Arn", _) => self.noted(&expression, of, text(arn), at),
            ("Version", Some(_)) => {
                self.noted(&expression, &expression, text(format!("{arn}:1")), at)
            }
            ("Alias", Some(alias)) => match self.resolve(alias)? {
                Resolved::Text(alias) => {
                    self.noted(&expression, &expression, text(format!("{arn}:{alias}")), at)
                }
                other @ (Resolved::List(_)
                | Resolved::Map(_)
                | Resolved::Nothing
                | Resolved::Unknown { .. }) => other,
            },
            _ => unknown(format!("`{of}.{attribute}` is only known to AWS"), at),
        })
    }

    /// What a resource is called to which the template gives no name.
    pub(super) fn default_name(&self, id: &str) -> String {
        placeholder::default_name(&self.pseudo["AWS::StackName"], id)
    }

    pub(super) fn resource(&self, id: &str) -> Option<&'a Node> {
        let all = self.root.get("Resources")?;
        // They are looked through one by one.
        self.step(all.entries().len() / 16);
        all.get(id)
    }

    /// The type of a resource that the template has, or that SAM makes of it.
    fn kind(&self, id: &str) -> Option<&'a str> {
        match self.resource(id) {
            Some(resource) => resource.kind(),
            None => generated::kind(self.root, id),
        }
    }

    /// What stands in for a resource, or for one of its attributes.
    fn stand_in(
        &self,
        id: &str,
        attribute: Option<&str>,
        at: Span,
    ) -> Result<Resolved, TemplateError> {
        let Some(kind) = self.kind(id) else {
            return Ok(unknown(format!("there is no `{id}` to refer to"), at));
        };
        let expression =
            attribute.map_or_else(|| id.to_owned(), |attribute| format!("{id}.{attribute}"));
        if kind == "AWS::Lambda::Url"
            && let Some(value) = self.of_url(id, attribute, at)?
        {
            return Ok(self.noted(&expression, id, value, at));
        }
        let properties = self.resource(id).and_then(|node| node.get("Properties"));
        let property = |name: &str| -> Result<Option<String>, TemplateError> {
            let Some(node) = properties.and_then(|all| all.get(name)) else { return Ok(None) };
            let found = self.within(id, at, || self.resolve(node))?;
            Ok(if let Resolved::Text(text) = found { Some(text) } else { None })
        };
        let named = placeholder::name_property(kind).map_or(Ok(None), property)?;
        let function =
            if kind.starts_with("AWS::Lambda::") { property("FunctionName")? } else { None };
        let cluster = if kind == "AWS::ECS::Service" { property("Cluster")? } else { None };
        let is_fifo =
            properties.and_then(|all| all.get("FifoQueue").or_else(|| all.get("FifoTopic")));
        let made = Made {
            id,
            kind,
            named,
            function,
            cluster,
            is_fifo: is_fifo.and_then(Node::text).is_some_and(|text| {
                text == "true" || scalar::read_as(text).as_deref() == Some("true")
            }),
            region: &self.region,
            account: &self.account,
            stack: &self.pseudo["AWS::StackName"],
        };
        let value = attribute.map_or_else(|| made.reference(), |name| made.attribute(name));
        Ok(self.noted(&expression, id, text(value), at))
    }

    /// Keeps in mind that this value stands in for a resource.
    fn noted(&self, expression: &str, id: &str, value: Resolved, at: Span) -> Resolved {
        if let Resolved::Text(text) = &value {
            let made = || Placeholder { id: id.to_owned(), value: text.clone(), at };
            self.placeholders.borrow_mut().entry(expression.to_owned()).or_insert_with(made);
        }
        value
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
    let kind = resource.kind();
    matches!(kind, Some("AWS::Serverless::Function" | "AWS::Lambda::Function"))
}
