//! How a crowd's orders are followed to their outcomes: `Metadata.Lunch.Follow`, which AWS does not look at.

use std::str::FromStr;

use serde_json::Value;

use super::Template;
use super::error::TemplateError;
use super::node::{Node, Span};

/// Where to look for the outcome of an order that a function only passes on, as a till does.
///
/// The function's answer says by which number the order goes on; a message of the receipts' queue, or of a dead-letter
/// queue, with the same number is its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Follow {
    /// The functions that pass orders on, by name.
    pub functions: Vec<String>,
    /// Where an order's number stands in their answer.
    pub order: Pointer,
    /// The queue of the receipts, which a crowd takes its receipts from.
    pub receipts: Outcomes,
    /// Where the how-manieth attempt it was stands in a receipt, if it stands there.
    pub attempt: Option<Pointer>,
    /// The queues of those that nobody could serve.
    pub dead_letters: Vec<Outcomes>,
}

/// A queue whose messages are outcomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcomes {
    /// The queue's name.
    pub queue: String,
    /// Where an order's number stands in a message's body.
    pub order: Pointer,
}

/// A place in a JSON text (RFC 6901), such as `/order`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer(String);

impl Pointer {
    /// What stands there, as text without quotes: numbers that are numbers in one message and texts in another are the
    /// same. `None`: nothing does, or it is no JSON.
    pub fn find(&self, json: &[u8]) -> Option<String> {
        let json: Value = serde_json::from_slice(json).ok()?;
        match json.pointer(&self.0)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

impl FromStr for Pointer {
    type Err = NotAPointer;

    fn from_str(text: &str) -> Result<Self, NotAPointer> {
        if text.starts_with('/') { Ok(Self(text.to_owned())) } else { Err(NotAPointer) }
    }
}

/// A text that does not begin as a JSON pointer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a JSON pointer begins with `/`, as in `/order`")]
pub struct NotAPointer;

const PLACE: &str = "Metadata.Lunch";

/// Reads it, once the template's functions and queues are known.
pub(super) fn read(
    template: &Template,
    lunch: Option<&Node>,
) -> Result<Option<Follow>, TemplateError> {
    let Some(node) = lunch.and_then(|lunch| lunch.get("Follow")) else { return Ok(None) };
    if !node.is_map() {
        return Err(wrong(
            "Follow",
            "no map",
            "a map with `Functions`, `Order` and `Receipts`",
            node.span,
        ));
    }
    let all = Reader { template, node, path: "Follow" };
    let receipts = all.below("Receipts", "Follow.Receipts")?;
    let dead_letters = node.get("DeadLetters").map_or(Ok(Vec::new()), |list| {
        let read = |node| Reader { template, node, path: "Follow.DeadLetters" }.outcomes();
        listed(list).map(read).collect()
    })?;
    Ok(Some(Follow {
        functions: all.functions()?,
        order: all.pointer("Order")?,
        receipts: receipts.outcomes()?,
        attempt: receipts.node.get("Attempt").map(|_| receipts.pointer("Attempt")).transpose()?,
        dead_letters,
    }))
}

/// A list's items, or the one that stands there without a list.
fn listed(node: &Node) -> impl Iterator<Item = &Node> {
    let is_one = node.is_map() || node.text().is_some();
    if is_one { std::slice::from_ref(node) } else { node.items() }.iter()
}

struct Reader<'a> {
    template: &'a Template,
    node: &'a Node,
    path: &'static str,
}

impl<'a> Reader<'a> {
    fn child(&self, name: &str, wanted: &str) -> Result<&'a Node, TemplateError> {
        let missing =
            || wrong(&format!("{}.{name}", self.path), "not there", wanted, self.node.span);
        self.node.get(name).ok_or_else(missing)
    }

    fn below(&self, name: &str, path: &'static str) -> Result<Self, TemplateError> {
        let node = self.child(name, "a map with `Queue` and `Order`")?;
        Ok(Self { template: self.template, node, path })
    }

    fn outcomes(&self) -> Result<Outcomes, TemplateError> {
        let wanted = "the logical id of a queue of the template";
        let node = self.child("Queue", wanted)?;
        let id = node.text().unwrap_or_default();
        let queue = self.template.queues.iter().find(|queue| queue.logical_id == id);
        let queue = queue.ok_or_else(|| self.unknown("Queue", node, wanted))?.name.clone();
        Ok(Outcomes { queue, order: self.pointer("Order")? })
    }

    fn functions(&self) -> Result<Vec<String>, TemplateError> {
        let wanted = "the logical ids of functions of the template";
        let named = |node: &Node| {
            let id = node.text().unwrap_or_default();
            let found = self.template.functions.iter().find(|function| function.logical_id == id);
            let found = found.ok_or_else(|| self.unknown("Functions", node, wanted))?;
            Ok(found.name.clone())
        };
        listed(self.child("Functions", wanted)?).map(named).collect()
    }

    fn pointer(&self, name: &str) -> Result<Pointer, TemplateError> {
        let wanted = "a JSON pointer such as `/order`";
        let node = self.child(name, wanted)?;
        let pointer = node.text().and_then(|text| text.parse().ok());
        pointer.ok_or_else(|| self.unknown(name, node, wanted))
    }

    fn unknown(&self, name: &str, node: &Node, wanted: &str) -> TemplateError {
        let got = node.text().map_or_else(|| "no text".to_owned(), |text| format!("`{text}`"));
        wrong(&format!("{}.{name}", self.path), &got, wanted, node.span)
    }
}

fn wrong(property: &str, got: &str, wanted: &str, at: Span) -> TemplateError {
    TemplateError::Value {
        function: PLACE.to_owned(),
        property: format!("`{property}`"),
        got: got.to_owned(),
        wanted: wanted.to_owned(),
        at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::parse;
    use crate::template::tests::options;

    const RESOURCES: &str = "
Resources:
  Till: {Type: AWS::Serverless::Function, Properties: {FunctionName: till, Runtime: provided.al2023, Handler: bootstrap, CodeUri: .}}
  Receipts: {Type: AWS::SQS::Queue, Properties: {QueueName: receipts}}
  Dead: {Type: AWS::SQS::Queue}
";

    fn follow(metadata: &str) -> Result<Option<Follow>, String> {
        let text = format!("{RESOURCES}Metadata: {{Lunch: {{Follow: {metadata}}}}}\n");
        let read = parse(text.as_bytes(), &options());
        read.map(|template| template.follow).map_err(|error| error.to_string())
    }

    fn at(pointer: &str) -> Pointer {
        Pointer(pointer.to_owned())
    }

    #[test]
    fn whom_to_follow_and_where_to_look_is_read() {
        let whole = "{Functions: [Till], Order: /order, Receipts: {Queue: Receipts, Order: /of/id, Attempt: /attempt}, DeadLetters: [{Queue: Dead, Order: /id}]}";
        let read = follow(whole).expect("it is whole").expect("it is there");
        assert_eq!(read.functions, ["till"]);
        assert_eq!(read.receipts, Outcomes { queue: "receipts".to_owned(), order: at("/of/id") });
        assert_eq!(read.attempt, Some(at("/attempt")));
        assert_eq!(
            read.dead_letters,
            [Outcomes { queue: "lunch-Dead".to_owned(), order: at("/id") }]
        );
        let least = "{Functions: Till, Order: /order, Receipts: {Queue: Receipts, Order: /order}}";
        let read = follow(least).expect("it is enough").expect("it is there");
        assert_eq!((read.functions.len(), read.attempt, read.dead_letters.len()), (1, None, 0));
    }

    #[test]
    fn whoever_is_not_there_is_told_with_its_place() {
        let cases = [
            ("Till", "`Follow` of `Metadata.Lunch` is no map; it must be a map with"),
            ("{Order: /order}", "`Follow.Receipts` of `Metadata.Lunch` is not there; it must be"),
            (
                "{Functions: [Tea], Order: /order, Receipts: {Queue: Receipts, Order: /order}}",
                "`Follow.Functions` of `Metadata.Lunch` is `Tea`; it must be the logical ids",
            ),
            (
                "{Functions: [Till], Order: /order, Receipts: {Queue: receipts, Order: /order}}",
                "`Follow.Queue`",
            ),
            (
                "{Functions: [Till], Order: order, Receipts: {Queue: Receipts, Order: /order}}",
                "`Follow.Order` of `Metadata.Lunch` is `order`; it must be a JSON pointer",
            ),
        ];
        for (metadata, sentence) in cases {
            let told = follow(metadata).expect_err("it is wrong");
            let sentence = sentence.replace("Follow.Queue", "Follow.Receipts.Queue");
            assert!(told.contains(&sentence), "{told}");
            assert!(told.contains("line 6, column "), "{told}");
        }
    }

    #[test]
    fn a_number_is_found_as_a_number_and_as_a_text_and_nothing_else_is_one() {
        let order = at("/order");
        assert_eq!(order.find(br#"{"order": 7}"#).as_deref(), Some("7"));
        assert_eq!(order.find(br#"{"order": "7"}"#).as_deref(), Some("7"));
        for none in [&br#"{"order": null}"#[..], br#"{"order": {}}"#, br#"{"id": 7}"#, b"order 7"] {
            assert_eq!(order.find(none), None);
        }
    }
}
