//! A template's text as a tree: every value keeps where it stands, and scalars stay text.
//!
//! What a scalar means (a number, a yes or no) is for the reader of a property to decide. Templates are untrusted:
//! size, depth and what aliases expand to are bounded.

use std::collections::BTreeMap;

use libyaml_safer::{Event, EventData, Parser, ScalarStyle};

use super::quiet;

const DEPTH_MAX: usize = 96;
/// What all nodes together may weigh, aliases expanded; a node's own weight is [`NODE_BYTES`] and its text.
const WEIGHT_MAX: usize = 64 << 20;
const NODE_BYTES: usize = 64;

/// Where something stands; both count from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The line.
    pub line: u64,
    /// The column.
    pub column: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// `plain` if it was not quoted.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) span: Span,
}

/// The entries of a map that is being made: each name once, where it came first, with what came last.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    all: Vec<(String, Node)>,
    places: BTreeMap<String, usize>,
}

impl Entries {
    pub(crate) fn get(&self, name: &str) -> Option<&Node> {
        self.places.get(name).map(|place| &self.all[*place].1)
    }

    pub(crate) fn put(&mut self, name: String, node: Node) {
        if let Some(place) = self.places.get(&name) {
            self.all[*place].1 = node;
        } else {
            self.places.insert(name.clone(), self.all.len());
            self.all.push((name, node));
        }
    }

    pub(crate) fn done(self) -> Vec<(String, Node)> {
        self.all
    }
}

/// Why a text is no tree.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) span: Span,
    pub(crate) words: String,
}

impl Node {
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    pub(crate) fn entries(&self) -> &[(String, Self)] {
        if let Value::Map(entries) = &self.value { entries } else { &[] }
    }

    pub(crate) fn items(&self) -> &[Self] {
        if let Value::List(items) = &self.value { items } else { &[] }
    }

    /// What it says of its `Type`: a resource's, or an event's.
    pub(crate) fn kind(&self) -> Option<&str> {
        self.get("Type").and_then(Self::text)
    }

    pub(crate) fn text(&self) -> Option<&str> {
        if let Value::Scalar { text, .. } = &self.value { Some(text) } else { None }
    }

    pub(crate) const fn is_map(&self) -> bool {
        matches!(self.value, Value::Map(_))
    }

    /// The name and argument of the intrinsic function that this is, if it is one.
    pub(crate) fn intrinsic(&self) -> Option<(&str, &Self)> {
        match self.entries() {
            [(name, argument)]
                if name == "Ref" || name == "Condition" || name.starts_with("Fn::") =>
            {
                Some((name, argument))
            }
            _ => None,
        }
    }

    fn weight_and_depth(&self) -> (usize, usize) {
        let fold = |(weight, depth): (usize, usize), node: &Self| {
            let (more, below) = node.weight_and_depth();
            (weight.saturating_add(more), depth.max(below))
        };
        let (weight, depth) = match &self.value {
            Value::Scalar { text, .. } => (text.len(), 0),
            Value::List(items) => items.iter().fold((0, 0), fold),
            Value::Map(entries) => entries.iter().map(|(_, node)| node).fold((0, 0), fold),
        };
        (weight.saturating_add(NODE_BYTES), depth + 1)
    }
}

/// What a text holds, and warnings on it.
pub(crate) fn compose(text: &str) -> Result<(Node, Vec<String>), Broken> {
    let text = text.trim_start_matches('\u{feff}');
    if let Some(span) = control(text) {
        return Err(broken(span, "a control character stands there"));
    }
    // A block scalar that ends with the text needs the end of its line.
    let text = format!("{text}{}", if text.ends_with('\n') { "" } else { "\n" });
    let mut composer = Composer::new();
    // The reader is somebody else's code; should it panic on a text, that is one more broken text.
    quiet::catch(|| composer.document(&mut text.as_bytes()))
        .unwrap_or_else(|| Err(broken(composer.reached, "the YAML reader gives up after this")))
}

/// Where the first character stands that no YAML may hold; the reader tells it without a place.
fn control(text: &str) -> Option<Span> {
    let is_bad = |char: char| {
        (char.is_control() && !matches!(char, '\t' | '\n' | '\r' | '\u{85}'))
            || matches!(char, '\u{fffe}' | '\u{ffff}')
    };
    let (before, _) = text.split_at(text.find(is_bad)?);
    let line = before.matches('\n').count() as u64 + 1;
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) as u64 + 1;
    Some(Span { line, column })
}

struct Composer {
    anchors: BTreeMap<String, (Node, usize, usize)>,
    weight: usize,
    warnings: Vec<String>,
    /// The begin of the last event that was read.
    reached: Span,
}

impl Composer {
    const fn new() -> Self {
        let reached = Span { line: 1, column: 1 };
        Self { anchors: BTreeMap::new(), weight: 0, warnings: Vec::new(), reached }
    }

    fn document<'a>(&mut self, input: &'a mut &'a [u8]) -> Result<(Node, Vec<String>), Broken> {
        let mut parser = Parser::new();
        parser.set_input_string(input);
        loop {
            let event = self.next(&mut parser)?;
            match event.data {
                EventData::StreamStart { .. } | EventData::DocumentStart { .. } => {}
                EventData::StreamEnd => return Err(broken(span(&event), "there is nothing in it")),
                EventData::Alias { .. }
                | EventData::Scalar { .. }
                | EventData::SequenceStart { .. }
                | EventData::SequenceEnd
                | EventData::MappingStart { .. }
                | EventData::MappingEnd
                | EventData::DocumentEnd { .. } => {
                    let root = self.node(&mut parser, event, 0)?;
                    // What follows must be well-formed too, and be no second document.
                    loop {
                        let after = self.next(&mut parser)?;
                        if after.data == EventData::StreamEnd {
                            return Ok((root, std::mem::take(&mut self.warnings)));
                        }
                        if matches!(after.data, EventData::DocumentStart { .. }) {
                            return Err(broken(span(&after), "a second document begins"));
                        }
                    }
                }
            }
        }
    }

    fn node(
        &mut self,
        parser: &mut Parser<&mut &[u8]>,
        event: Event,
        depth: usize,
    ) -> Result<Node, Broken> {
        let span = span(&event);
        if depth > DEPTH_MAX {
            return Err(broken(span, "it is nested too deeply"));
        }
        self.weigh(NODE_BYTES, span)?;
        let (value, tag, anchor) = match event.data {
            EventData::Alias { anchor } => return self.alias(&anchor, span, depth),
            EventData::Scalar { anchor, tag, value, style, .. } => {
                self.weigh(value.len(), span)?;
                let plain = style == ScalarStyle::Plain && tag.is_none();
                (Value::Scalar { text: value, plain }, tag, anchor)
            }
            EventData::SequenceStart { anchor, tag, .. } => {
                let mut items = Vec::new();
                loop {
                    let event = self.next(parser)?;
                    if event.data == EventData::SequenceEnd {
                        break;
                    }
                    items.push(self.node(parser, event, depth + 1)?);
                }
                (Value::List(items), tag, anchor)
            }
            EventData::MappingStart { anchor, tag, .. } => {
                (Value::Map(self.entries(parser, depth)?), tag, anchor)
            }
            EventData::StreamStart { .. }
            | EventData::StreamEnd
            | EventData::DocumentStart { .. }
            | EventData::DocumentEnd { .. }
            | EventData::SequenceEnd
            | EventData::MappingEnd => return Err(broken(span, "a value is missing")),
        };
        let node = tagged(Node { value, span }, tag.as_deref());
        if let Some(anchor) = anchor {
            let (weight, height) = node.weight_and_depth();
            self.weigh(weight, span)?;
            self.anchors.insert(anchor, (node.clone(), weight, height));
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: &str, span: Span, depth: usize) -> Result<Node, Broken> {
        let Some((node, weight, height)) = self.anchors.get(anchor) else {
            return Err(broken(span, &format!("there is no anchor `{anchor}` before it")));
        };
        if depth + height > DEPTH_MAX {
            return Err(broken(span, "it is nested too deeply"));
        }
        let (node, weight) = (node.clone(), *weight);
        self.weigh(weight, span)?;
        Ok(node)
    }

    fn entries(
        &mut self,
        parser: &mut Parser<&mut &[u8]>,
        depth: usize,
    ) -> Result<Vec<(String, Node)>, Broken> {
        let mut entries = Entries::default();
        let mut merged = Vec::new();
        loop {
            let event = self.next(parser)?;
            if event.data == EventData::MappingEnd {
                break;
            }
            let key = self.node(parser, event, depth + 1)?;
            let span = key.span;
            let Value::Scalar { text: name, plain } = key.value else {
                return Err(broken(span, "a key must be a word"));
            };
            let event = self.next(parser)?;
            let node = self.node(parser, event, depth + 1)?;
            if plain && name == "<<" {
                merged.push(node);
            } else {
                if entries.get(&name).is_some() {
                    self.warnings.push(format!(
                        "line {}: `{name}` is there twice; the last one counts",
                        span.line
                    ));
                }
                entries.put(name, node);
            }
        }
        for node in merged {
            let sources = if node.is_map() { vec![node] } else { node.items().to_vec() };
            for (name, value) in sources.iter().flat_map(Node::entries) {
                if entries.get(name).is_none() {
                    entries.put(name.clone(), value.clone());
                }
            }
        }
        Ok(entries.done())
    }

    fn next(&mut self, parser: &mut Parser<&mut &[u8]>) -> Result<Event, Broken> {
        let event = parser.parse().map_err(|error| {
            let mark = error.problem_mark().unwrap_or_default();
            let span = Span { line: mark.line + 1, column: mark.column + 1 };
            let context = error.context().map(|words| format!(" {words}")).unwrap_or_default();
            broken(span, &format!("{}{context}", error.problem()))
        })?;
        self.reached = span(&event);
        Ok(event)
    }

    fn weigh(&mut self, more: usize, span: Span) -> Result<(), Broken> {
        self.weight = self.weight.saturating_add(more);
        if self.weight > WEIGHT_MAX {
            return Err(broken(span, "its aliases expand to too much"));
        }
        Ok(())
    }
}

/// The long form of a short tag: `!Sub x` is `Fn::Sub: x`.
fn tagged(node: Node, tag: Option<&str>) -> Node {
    let Some(name) = tag.and_then(|tag| tag.strip_prefix('!')).filter(|name| !name.is_empty())
    else {
        return node;
    };
    let span = node.span;
    let name = match name {
        "Ref" | "Condition" => name.to_owned(),
        other => format!("Fn::{other}"),
    };
    let argument = match (&node.value, name.as_str()) {
        (Value::Scalar { text, .. }, "Fn::GetAtt") => {
            let (of, attribute) = text.split_once('.').unwrap_or((text, ""));
            let part = |text: &str| Node {
                value: Value::Scalar { text: text.to_owned(), plain: false },
                span,
            };
            Node { value: Value::List(vec![part(of), part(attribute)]), span }
        }
        _ => node,
    };
    Node { value: Value::Map(vec![(name, argument)]), span }
}

const fn span(event: &Event) -> Span {
    Span { line: event.start_mark.line + 1, column: event.start_mark.column + 1 }
}

fn broken(span: Span, words: &str) -> Broken {
    Broken { span, words: words.to_owned() }
}
