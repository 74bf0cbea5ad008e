//! `Fn::ForEach` in resources and conditions: a loop is replaced by what it makes, before anything else is read.
//!
//! Source: "Fn::ForEach" of CloudFormation's template reference; it needs the transform `AWS::LanguageExtensions`.

use super::error::TemplateError;
use super::node::{Entries, Node, Span, Value};
use super::resolve::{Resolved, Resolver};

pub(super) const LOOP: &str = "Fn::ForEach::";
const TRANSFORM: &str = "AWS::LanguageExtensions";

/// What all loops together may make: nodes and bytes of text.
const MADE_MAX: usize = 1 << 19;

/// A template without loops, and what is to be said of them.
#[derive(Debug)]
pub(super) struct Unrolled {
    pub(super) root: Node,
    /// Loops that stay as they are, in sentences.
    pub(super) not_served: Vec<String>,
    pub(super) warnings: Vec<String>,
}

/// Unrolls every loop whose collection is known.
pub(super) fn unroll(root: &Node, resolver: &Resolver<'_>) -> Result<Unrolled, TemplateError> {
    let mut loops = Loops { resolver, left: MADE_MAX, first: None, not_served: Vec::new() };
    let Value::Map(entries) = &root.value else {
        return Ok(Unrolled { root: root.clone(), not_served: Vec::new(), warnings: Vec::new() });
    };
    let mut unrolled = Vec::new();
    for (name, node) in entries {
        let has_loops = matches!(name.as_str(), "Resources" | "Conditions");
        let node = if has_loops { loops.node(node)? } else { node.clone() };
        unrolled.push((name.clone(), node));
    }
    let transform = root.get("Transform");
    let names = |node: &Node| node.text() == Some(TRANSFORM);
    let is_named = transform.is_some_and(|node| names(node) || node.items().iter().any(names));
    let warning = |at: Span| {
        let line = at.line;
        format!("line {line}: AWS takes a `Fn::ForEach` only where `Transform` names `{TRANSFORM}`")
    };
    let warnings = loops.first.filter(|_| !is_named).map(warning).into_iter().collect();
    let root = Node { value: Value::Map(unrolled), span: root.span };
    Ok(Unrolled { root, not_served: loops.not_served, warnings })
}

struct Loops<'a> {
    resolver: &'a Resolver<'a>,
    /// What may still be made.
    left: usize,
    /// Where the first one stands.
    first: Option<Span>,
    not_served: Vec<String>,
}

impl Loops<'_> {
    fn node(&mut self, node: &Node) -> Result<Node, TemplateError> {
        let value = match &node.value {
            Value::Scalar { .. } => return Ok(node.clone()),
            Value::List(items) => {
                Value::List(items.iter().map(|item| self.node(item)).collect::<Result<_, _>>()?)
            }
            Value::Map(entries) => {
                let mut unrolled = Entries::default();
                for (name, node) in entries {
                    if !name.starts_with(LOOP) {
                        unrolled.put(name.clone(), self.node(node)?);
                        continue;
                    }
                    self.first = self.first.or(Some(node.span));
                    match self.made(node)? {
                        Ok(made) => {
                            made.into_iter().for_each(|(name, node)| unrolled.put(name, node));
                        }
                        Err(why) => {
                            let line = node.span.line;
                            self.not_served
                                .push(format!("line {line}: `{name}` stays as it is: {why}"));
                            unrolled.put(name.clone(), node.clone());
                        }
                    }
                }
                Value::Map(unrolled.done())
            }
        };
        Ok(Node { value, span: node.span })
    }

    /// What a loop makes, or why it makes nothing.
    fn made(
        &mut self,
        looped: &Node,
    ) -> Result<Result<Vec<(String, Node)>, String>, TemplateError> {
        let [identifier, collection, Node { value: Value::Map(body), .. }] = looped.items() else {
            return Ok(Err("it takes an identifier, a collection and a map".to_owned()));
        };
        let Some(identifier) = identifier.text().filter(|name| !name.is_empty()) else {
            return Ok(Err("its identifier is no word".to_owned()));
        };
        let items = match self.resolver.resolve(collection)? {
            Resolved::List(items) => items,
            Resolved::Unknown { why, .. } => return Ok(Err(why)),
            Resolved::Text(_) | Resolved::Map(_) | Resolved::Nothing => {
                return Ok(Err("its collection is no list".to_owned()));
            }
        };
        let mut made = Vec::new();
        for item in items {
            let item = match item {
                Resolved::Text(item) => item,
                Resolved::Unknown { why, .. } => return Ok(Err(why)),
                Resolved::List(_) | Resolved::Map(_) | Resolved::Nothing => {
                    return Ok(Err("its collection holds more than texts".to_owned()));
                }
            };
            let turn = Turn::new(identifier, &item);
            let Some(entries) = self.turned(&turn, body) else {
                return Ok(Err("the loops make too much".to_owned()));
            };
            // A loop within it is one of known items now.
            let within = Node { value: Value::Map(entries), span: looped.span };
            if let Value::Map(entries) = self.node(&within)?.value {
                made.extend(entries);
            }
        }
        Ok(Ok(made))
    }

    fn turned(&mut self, turn: &Turn, entries: &[(String, Node)]) -> Option<Vec<(String, Node)>> {
        let mut turned = Vec::new();
        for (name, node) in entries {
            turned.push((turn.fill(name), self.turned_node(turn, node)?));
        }
        Some(turned)
    }

    fn turned_node(&mut self, turn: &Turn, node: &Node) -> Option<Node> {
        let value = match (&node.value, node.intrinsic()) {
            (_, Some(("Ref", of))) if of.text() == Some(&turn.identifier) => {
                Value::Scalar { text: turn.item.clone(), plain: false }
            }
            (Value::Scalar { text, plain }, _) => {
                let (text, plain) = (turn.fill(text), *plain);
                self.left = self.left.checked_sub(text.len())?;
                Value::Scalar { text, plain }
            }
            (Value::List(items), _) => {
                let items = items.iter().map(|item| self.turned_node(turn, item));
                Value::List(items.collect::<Option<_>>()?)
            }
            (Value::Map(entries), _) => Value::Map(self.turned(turn, entries)?),
        };
        self.left = self.left.checked_sub(64)?;
        Some(Node { value, span: node.span })
    }
}

/// One turn of a loop.
struct Turn {
    identifier: String,
    item: String,
    /// How `${Identifier}` and `&{Identifier}` are written.
    written: [String; 2],
    /// The item without what no logical id may hold.
    bare: String,
}

impl Turn {
    fn new(identifier: &str, item: &str) -> Self {
        Self {
            identifier: identifier.to_owned(),
            item: item.to_owned(),
            written: [format!("${{{identifier}}}"), format!("&{{{identifier}}}")],
            bare: item.chars().filter(char::is_ascii_alphanumeric).collect(),
        }
    }

    fn fill(&self, text: &str) -> String {
        let [whole, bare] = &self.written;
        text.replace(whole, &self.item).replace(bare, &self.bare)
    }
}
