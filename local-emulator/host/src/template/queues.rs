//! What a template says of queues.

use std::collections::BTreeMap;

use lunch_contract::sqs::{Attributes, Limits, QueueName};

use super::Template;
use super::error::TemplateError;
use super::node::{Node, Span};
use super::properties::Properties;
use super::resolve::{Resolved, Resolver};
use crate::queues::{RedriveAllowPolicy, RedrivePolicy};

/// An `AWS::SQS::Queue`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Its logical id.
    pub logical_id: String,
    /// Its name: its `QueueName`, else one of the stack's and the logical id.
    pub name: String,
    /// Its attributes, as SQS names them and in its texts.
    pub attributes: BTreeMap<String, String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Where it stands.
    pub at: Span,
}

/// Properties that are attributes of the same name.
const ATTRIBUTES: [&str; 12] = [
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
];

/// Properties that are attributes in JSON.
const POLICIES: [&str; 2] = ["RedriveAllowPolicy", "RedrivePolicy"];

/// Adds such a resource, if it is one, and says whether it is.
pub(super) fn add(
    template: &mut Template,
    resolver: &Resolver<'_>,
    id: &str,
    resource: &Node,
) -> Result<bool, TemplateError> {
    let at = resource.span;
    let properties = Properties::of(id, resource, resolver);
    match resource.kind() {
        Some("AWS::SQS::Queue") => {
            let queue = queue(template, &properties, at)?;
            template.queues.push(queue);
        }
        Some("AWS::SQS::QueuePolicy") => policy(template, &properties)?,
        Some(_) | None => return Ok(false),
    }
    Ok(true)
}

fn queue(
    template: &mut Template,
    properties: &Properties<'_>,
    at: Span,
) -> Result<Queue, TemplateError> {
    // Where only AWS knows it, that is an error with its place.
    let given = properties.text("QueueName")?.map(|(name, _)| name);
    let name = match properties.resolver.attribute(properties.id, "QueueName", at)? {
        Resolved::Text(name) => name,
        Resolved::List(_) | Resolved::Map(_) | Resolved::Nothing | Resolved::Unknown { .. } => {
            properties.id.to_owned()
        }
    };
    let mut attributes = BTreeMap::new();
    for name in ATTRIBUTES {
        if let Some(text) = properties.wish(name, template)? {
            attributes.insert(name.to_owned(), plain(name, &text));
        }
    }
    // As if it were not there, which is all that a standard queue may say.
    attributes.retain(|name, value| name != "FifoQueue" || value != "false");
    let is_fifo = attributes.contains_key("FifoQueue");
    check_name(properties, given.as_deref().unwrap_or(&name), is_fifo, at)?;
    let mut kept = Attributes::new(is_fifo);
    for (name, value) in &attributes {
        kept.set(name, value, &Limits::aws()).map_err(|error| {
            let at = properties.find(name).ok().flatten().map_or(at, |node| node.span);
            let wanted = format!("what SQS takes, which says: {error}");
            properties.error(name, &format!("`{value}`"), &wanted, at)
        })?;
    }
    for name in POLICIES {
        if let Some(json) = json(template, properties, name)? {
            check_policy(properties, name, &json)?;
            attributes.insert(name.to_owned(), json);
        }
    }
    let tags = tags(properties)?;
    Ok(Queue { logical_id: properties.id.to_owned(), name, attributes, tags, at })
}

/// As SQS spells a yes or no.
fn plain(name: &str, text: &str) -> String {
    let is_flag =
        matches!(name, "ContentBasedDeduplication" | "FifoQueue" | "SqsManagedSseEnabled");
    match super::scalar::read_as(text) {
        Some(read) if is_flag => read,
        Some(_) | None => text.to_owned(),
    }
}

fn check_name(
    properties: &Properties<'_>,
    name: &str,
    is_fifo: bool,
    at: Span,
) -> Result<(), TemplateError> {
    let at = properties.find("QueueName").ok().flatten().map_or(at, |node| node.span);
    let got = format!("`{name}`");
    match QueueName::parse(name) {
        Err(error) => Err(properties.error("QueueName", &got, &error.to_string(), at)),
        Ok(name) if name.is_fifo() == is_fifo => Ok(()),
        Ok(_) => {
            let wanted = "a name with `.fifo` at its end where `FifoQueue` is `true`, and no other";
            Err(properties.error("QueueName", &got, wanted, at))
        }
    }
}

/// A property in JSON, or already a text of it; what of it only AWS knows is said.
fn json(
    template: &mut Template,
    properties: &Properties<'_>,
    name: &str,
) -> Result<Option<String>, TemplateError> {
    let Some(node) = properties.find(name)? else { return Ok(None) };
    if node.text().is_some() {
        return properties.wish(name, template);
    }
    let mut json = String::new();
    match properties.resolver.json(node, &mut json)? {
        None => Ok(Some(json)),
        Some(Resolved::Unknown { why, at, .. }) => {
            let (line, id) = (at.line, properties.id);
            template.not_served.push(format!("line {line}: `{name}` of `{id}` is left out: {why}"));
            Ok(None)
        }
        Some(_) => Ok(None),
    }
}

fn check_policy(properties: &Properties<'_>, name: &str, json: &str) -> Result<(), TemplateError> {
    let (is_good, wanted) = if name == "RedrivePolicy" {
        (
            RedrivePolicy::read(json).is_some(),
            "`deadLetterTargetArn`, the ARN of a queue, and `maxReceiveCount`, a number",
        )
    } else {
        (
            RedriveAllowPolicy::read(json).is_some(),
            "`redrivePermission`, one of `allowAll`, `denyAll` and `byQueue`, and with `byQueue` the `sourceQueueArns`",
        )
    };
    if is_good {
        return Ok(());
    }
    let at = properties.find(name)?.map_or(properties.node.span, |node| node.span);
    Err(properties.error(name, json, wanted, at))
}

fn tags(properties: &Properties<'_>) -> Result<BTreeMap<String, String>, TemplateError> {
    let mut tags = BTreeMap::new();
    let Some(node) = properties.find("Tags")? else { return Ok(tags) };
    let Resolved::List(all) = properties.resolver.resolve(node)? else { return Ok(tags) };
    for tag in all {
        let Resolved::Map(members) = tag else { continue };
        let member = |wanted: &str| {
            let value = members.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
            if let Some(Resolved::Text(text)) = value { Some(text.clone()) } else { None }
        };
        if let (Some(key), Some(value)) = (member("Key"), member("Value")) {
            tags.insert(key, value);
        }
    }
    Ok(tags)
}

/// A policy of queues: kept with each, and not enforced.
fn policy(template: &mut Template, properties: &Properties<'_>) -> Result<(), TemplateError> {
    let Some(document) = json(template, properties, "PolicyDocument")? else { return Ok(()) };
    let Some(node) = properties.find("Queues")? else { return Ok(()) };
    let Resolved::List(queues) = properties.resolver.resolve(node)? else { return Ok(()) };
    for queue in queues {
        if let Resolved::Text(url) = queue {
            let name = url.rsplit('/').next().unwrap_or_default().to_owned();
            template.queue_policies.push((name, document.clone()));
        }
    }
    Ok(())
}

/// Gives each queue the policies that the template has of it, and says of two queues with one name.
pub(super) fn settle(template: &mut Template) -> Result<(), TemplateError> {
    for (name, document) in std::mem::take(&mut template.queue_policies) {
        for queue in template.queues.iter_mut().filter(|queue| queue.name == name) {
            queue.attributes.insert("Policy".to_owned(), document.clone());
        }
    }
    let names: Vec<_> = template.queues.iter().map(|queue| queue.name.clone()).collect();
    for queue in &mut template.queues {
        let policy =
            queue.attributes.get("RedrivePolicy").and_then(|json| RedrivePolicy::read(json));
        let Some(policy) = policy else { continue };
        let is_here = QueueName::of_arn(&policy.target_arn)
            .is_ok_and(|target| names.iter().any(|name| name == target.as_str()));
        if !is_here {
            queue.attributes.remove("RedrivePolicy");
            let (line, id, target) = (queue.at.line, &queue.logical_id, &policy.target_arn);
            template.not_served.push(format!(
                "line {line}: `RedrivePolicy` of `{id}` is left out: `{target}` is no queue of this template, so that \
                 its messages come back for ever"
            ));
        }
    }
    let mut seen: BTreeMap<&str, &Queue> = BTreeMap::new();
    for queue in &template.queues {
        if let Some(first) = seen.insert(&queue.name, queue) {
            return Err(TemplateError::SameName {
                name: queue.name.clone(),
                property: "QueueName",
                other: first.logical_id.clone(),
                id: queue.logical_id.clone(),
                at: queue.at,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{of, sentence};
    use super::Queue;

    fn queues(rest: &str) -> Vec<Queue> {
        of("", rest).expect("a template").queues
    }

    #[test]
    fn a_queue_has_its_attributes_as_sqs_has_them() {
        let rest = "  Dead: {Type: AWS::SQS::Queue}
  Orders:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: orders
      VisibilityTimeout: 90
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 5}
      Tags: [{Key: shop, Value: coffee}]
  Receipts:
    Type: AWS::SQS::Queue
    Properties: {FifoQueue: yes, ContentBasedDeduplication: true}
  Allowed:
    Type: AWS::SQS::QueuePolicy
    Properties: {Queues: [!Ref Orders], PolicyDocument: {Statement: []}}";
        let all = queues(rest);
        let names: Vec<_> = all.iter().map(|queue| queue.name.as_str()).collect();
        assert_eq!(names, ["lunch-Dead", "orders", "lunch-Receipts.fifo"]);
        let attributes: Vec<_> = all[1].attributes.iter().collect();
        let text = |(name, value): &(&String, &String)| format!("{name}={value}");
        let attributes: Vec<_> = attributes.iter().map(text).collect();
        assert_eq!(
            attributes,
            [
                r#"Policy={"Statement":[]}"#,
                r#"RedrivePolicy={"deadLetterTargetArn":"arn:aws:sqs:eu-central-2:123456789012:lunch-Dead","maxReceiveCount":5}"#,
                "VisibilityTimeout=90",
            ]
        );
        assert_eq!(all[1].tags["shop"], "coffee");
        assert_eq!(all[2].attributes["FifoQueue"], "true");
    }

    #[test]
    fn dead_letters_for_another_stacks_queue_stay_where_they_are_and_that_is_said() {
        let rest = "  Orders:
    Type: AWS::SQS::Queue
    Properties: {RedrivePolicy: {deadLetterTargetArn: 'arn:aws:sqs:r:1:theirs', maxReceiveCount: 5}}";
        let template = of("", rest).expect("a template");
        assert_eq!(template.queues[0].attributes.len(), 0);
        let said = template.not_served.join("\n");
        assert!(said.contains("`arn:aws:sqs:r:1:theirs` is no queue of this template"), "{said}");
    }

    #[test]
    fn what_sqs_would_not_take_is_refused_with_its_place() {
        let with = |properties: &str| {
            sentence("", &format!("  Q: {{Type: AWS::SQS::Queue, Properties: {{{properties}}}}}"))
        };
        for (properties, word) in [
            ("VisibilityTimeout: 43201", "`VisibilityTimeout`"),
            ("QueueName: a b", "`a b`"),
            ("QueueName: a.fifo", "`.fifo` at its end"),
            ("QueueName: a, FifoQueue: true", "`.fifo` at its end"),
            ("DeduplicationScope: queue", "only when FifoQueue is set to true"),
            ("RedrivePolicy: {maxReceiveCount: 1}", "`deadLetterTargetArn`"),
            ("RedriveAllowPolicy: {redrivePermission: some}", "`denyAll`"),
        ] {
            let said = with(properties);
            assert!(said.contains(word) && said.starts_with("line 6"), "{properties}: {said}");
        }
        let twice = "  One: {Type: AWS::SQS::Queue, Properties: {QueueName: a}}\n  Two: {Type: AWS::SQS::Queue, Properties: {QueueName: a}}";
        let said = sentence("", twice);
        assert!(said.contains("`One` and `Two` are both named `a`"), "{said}");
    }
}
