//! The attributes of queues, by their names on the wire.

use std::collections::BTreeMap;
use std::time::Duration;

use lunch_cloud::sqs::QueueView;
use lunch_contract::sqs::{
    ApiError, Attributes, DeduplicationScope, QueueId, QueueName, RedriveAllow, ThroughputLimit,
    check_redrive,
};
use serde_json::{Map, Value, json};

use super::super::Door;
use super::{Done, arn, by_arn, limits, named, nothing, refused, shapes};
use crate::queues::{Queue, RedriveAllowPolicy, RedrivePolicy};

/// Attributes that are kept, shown, and change nothing here: nothing is encrypted, and policies are not enforced.
const KEPT: [&str; 4] =
    ["Policy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled"];

/// What is told of a queue, and cannot be set.
const TOLD: [&str; 6] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
];

const SET: [&str; 11] = [
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "VisibilityTimeout",
];

/// GetQueueAttributes.
pub(super) fn of(door: &Door, asked: &shapes::Attributes) -> Done {
    let id = named(door, asked)?;
    let names = asked.attribute_names.as_deref().unwrap_or_default();
    let is_known = |name: &str| {
        name == "All" || TOLD.contains(&name) || SET.contains(&name) || KEPT.contains(&name)
    };
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        return Err(ApiError::InvalidAttributeName(format!("Unknown Attribute {unknown}.").into()));
    }
    let mut all = shown(door, id)?;
    if !names.iter().any(|name| name == "All") {
        all.retain(|name, _| names.contains(name));
    }
    Ok(if all.is_empty() { json!({}) } else { json!({ "Attributes": all }) })
}

/// All attributes of a queue, as texts.
pub(super) fn shown(door: &Door, id: QueueId) -> Result<Map<String, Value>, ApiError> {
    let driver = door.driver.borrow();
    let queue = driver.world.queues.of(id).ok_or(ApiError::QueueDoesNotExist)?;
    let view = driver.cloud.queues().queue(id).ok_or(ApiError::QueueDoesNotExist)?;
    let mut all: BTreeMap<&str, String> = settings(queue);
    all.extend(counts(&view));
    all.insert("CreatedTimestamp", queue.created_s.to_string());
    all.insert("LastModifiedTimestamp", queue.modified_s.to_string());
    all.insert("QueueArn", arn(door, &queue.name));
    Ok(all.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect())
}

fn counts(view: &QueueView) -> [(&'static str, String); 3] {
    [
        ("ApproximateNumberOfMessages", view.visible.to_string()),
        ("ApproximateNumberOfMessagesDelayed", view.delayed.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", view.not_visible.to_string()),
    ]
}

/// What was set, or stands by default.
fn settings(queue: &Queue) -> BTreeMap<&'static str, String> {
    let seconds = |span: Duration| span.as_secs().to_string();
    let attributes = &queue.attributes;
    // AWS encrypts by itself where there is no key.
    let by_sqs = !queue.kept.contains_key("KmsMasterKeyId");
    let mut all = BTreeMap::from([
        ("DelaySeconds", seconds(attributes.delay)),
        ("MaximumMessageSize", attributes.message_bytes_max.to_string()),
        ("MessageRetentionPeriod", seconds(attributes.retention)),
        ("ReceiveMessageWaitTimeSeconds", seconds(attributes.wait)),
        ("SqsManagedSseEnabled", by_sqs.to_string()),
        ("VisibilityTimeout", seconds(attributes.visibility)),
    ]);
    if attributes.fifo {
        let scope = match attributes.deduplication_scope {
            DeduplicationScope::Queue => "queue",
            DeduplicationScope::MessageGroup => "messageGroup",
        };
        let limit = match attributes.throughput_limit {
            ThroughputLimit::PerQueue => "perQueue",
            ThroughputLimit::PerMessageGroupId => "perMessageGroupId",
        };
        all.insert("ContentBasedDeduplication", attributes.content_based_deduplication.to_string());
        all.insert("DeduplicationScope", scope.to_owned());
        all.insert("FifoQueue", "true".to_owned());
        all.insert("FifoThroughputLimit", limit.to_owned());
    }
    if let Some(policy) = &queue.redrive {
        all.insert("RedrivePolicy", policy.json.clone());
    }
    if let Some(policy) = &queue.redrive_allow {
        all.insert("RedriveAllowPolicy", policy.json.clone());
    }
    for name in KEPT {
        if let Some(value) = queue.kept.get(name) {
            all.insert(name, value.clone());
        }
    }
    all
}

/// SetQueueAttributes.
pub(super) fn set(door: &Door, asked: &shapes::Set) -> Done {
    let id = named(door, asked)?;
    let given =
        asked.attributes.as_ref().ok_or(ApiError::MissingParameter { name: "Attributes" })?;
    let mut queue = existing(door, id)?;
    apply(door, &mut queue, given)?;
    queue.modified_s = now_s(door);
    let name = queue.name.clone();
    let told = door.driver.borrow_mut().set_queue(id, queue);
    told.map_err(|refusal| refused(refusal, &name, "", 0)).map(|()| nothing())
}

/// A queue as it is.
pub(super) fn existing(door: &Door, id: QueueId) -> Result<Queue, ApiError> {
    door.driver.borrow().world.queues.of(id).cloned().ok_or(ApiError::QueueDoesNotExist)
}

/// The cloud's time, in seconds since 1970.
pub(super) fn now_s(door: &Door) -> u64 {
    let driver = door.driver.borrow();
    driver.world.clock.wall_of(driver.world.clock.now()).as_secs()
}

/// A queue that is to be made.
pub(super) fn new(
    door: &Door,
    name: &str,
    given: &BTreeMap<String, String>,
) -> Result<Queue, ApiError> {
    let is_fifo = given.get("FifoQueue").is_some_and(|value| value == "true");
    let created_s = now_s(door);
    let mut queue = Queue {
        name: name.to_owned(),
        attributes: Attributes::new(is_fifo),
        redrive: None,
        redrive_allow: None,
        kept: BTreeMap::new(),
        tags: BTreeMap::new(),
        created_s,
        modified_s: created_s,
    };
    apply(door, &mut queue, given)?;
    Ok(queue)
}

/// Sets what is given; where one of it is refused, the queue is not to be used.
fn apply(door: &Door, queue: &mut Queue, given: &BTreeMap<String, String>) -> Result<(), ApiError> {
    let limits = limits(door);
    for (name, value) in given {
        if queue.attributes.set(name, value, &limits)? {
            continue;
        }
        match name.as_str() {
            "RedrivePolicy" if value.is_empty() => queue.redrive = None,
            "RedrivePolicy" => queue.redrive = Some(redrive_policy(door, queue, value)?),
            "RedriveAllowPolicy" if value.is_empty() => queue.redrive_allow = None,
            "RedriveAllowPolicy" => {
                let policy = RedriveAllowPolicy::read(value).ok_or_else(|| invalid(name))?;
                policy.allow().check(&limits)?;
                queue.redrive_allow = Some(policy);
            }
            name if KEPT.contains(&name) && value.is_empty() => drop(queue.kept.remove(name)),
            name if KEPT.contains(&name) => {
                queue.kept.insert(name.to_owned(), value.clone());
            }
            _ => {
                let message = format!("Unknown Attribute {name}.");
                return Err(ApiError::InvalidAttributeName(message.into()));
            }
        }
    }
    Ok(())
}

fn redrive_policy(door: &Door, queue: &Queue, json: &str) -> Result<RedrivePolicy, ApiError> {
    let policy = RedrivePolicy::read(json).ok_or_else(|| invalid("RedrivePolicy"))?;
    let wrong = |reason: &str| {
        let message =
            format!("Value {json} for parameter RedrivePolicy is invalid. Reason: {reason}");
        ApiError::InvalidParameterValue(message.into())
    };
    if QueueName::of_arn(&policy.target_arn).is_err() {
        return Err(wrong("Invalid value for deadLetterTargetArn."));
    }
    let source = arn(door, &queue.name);
    let own = policy.target_arn == source;
    let target = by_arn(door, &policy.target_arn);
    if target.is_none() && !own {
        return Err(wrong("Dead letter target does not exist."));
    }
    let driver = door.driver.borrow();
    let allow = target.and_then(|id| driver.world.queues.of(id)?.redrive_allow.as_ref());
    let allow = allow.map_or(RedriveAllow::AllowAll, RedriveAllowPolicy::allow);
    let settings = driver.cloud.queues().settings();
    check_redrive(&source, &policy.target_arn, policy.max_receives, &allow, &settings.limits)?;
    Ok(policy)
}

fn invalid(name: &str) -> ApiError {
    ApiError::InvalidAttributeValue(format!("Invalid value for the parameter {name}.").into())
}

/// The first attribute that a caller wants otherwise than the queue has it.
pub(super) fn difference(
    door: &Door,
    id: QueueId,
    given: &BTreeMap<String, String>,
) -> Result<Option<String>, ApiError> {
    let shown = shown(door, id)?;
    let differs = |(name, value): &(&String, &String)| {
        shown.get(*name).and_then(Value::as_str).unwrap_or_default() != value.as_str()
    };
    Ok(given.iter().find(differs).map(|(name, _)| name.clone()))
}
