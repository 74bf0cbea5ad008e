//! The calls about queues.

use std::collections::{BTreeMap, BTreeSet};

use lunch_contract::sqs::{ApiError, QueueId, QueueName};
use serde_json::{Value, json};

use super::super::Door;
use super::{Done, arn, attributes, named, nothing, refused, shapes, url};

/// A queue has so many tags at most. D:API_TagQueue.
const TAGS_MAX: usize = 50;

/// A list has so many queues at most. M:sqs.
const LIST_MAX: usize = 1_000;

/// CreateQueue: a queue that is there already, just like that, is given.
pub(super) fn create(door: &Door, asked: shapes::Create) -> Done {
    let name = asked.queue_name.ok_or(ApiError::MissingParameter { name: "QueueName" })?;
    let given = asked.attributes.unwrap_or_default();
    let tags = asked.tags.unwrap_or_default();
    let parsed = QueueName::parse(&name).map_err(|_| wrong_name(&given))?;
    let wants_fifo = given.get("FifoQueue").is_some_and(|value| value == "true");
    if parsed.is_fifo() != wants_fifo {
        return Err(wrong_name(&given));
    }
    let there = door.driver.borrow().world.queues.named(&name);
    if let Some(id) = there {
        return match attributes::difference(door, id, &given)? {
            Some(attribute) => Err(ApiError::QueueNameExists { attribute }),
            None => Ok(json!({ "QueueUrl": url(door, &name) })),
        };
    }
    let mut queue = attributes::new(door, &name, &given)?;
    check_tags(&tags)?;
    queue.tags = tags;
    let told = door.driver.borrow_mut().create_queue(queue);
    told.map_err(|refusal| refused(refusal, &name, "", 0))?;
    Ok(json!({ "QueueUrl": url(door, &name) }))
}

/// The texts are from memory (unsure).
fn wrong_name(given: &BTreeMap<String, String>) -> ApiError {
    let message = if given.get("FifoQueue").is_some_and(|value| value == "true") {
        "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with \
         .fifo suffix and be 1 to 80 in length."
    } else {
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
    };
    ApiError::InvalidParameterValue(message.into())
}

/// DeleteQueue.
pub(super) fn delete(door: &Door, asked: &shapes::OfQueue) -> Done {
    let id = named(door, asked)?;
    let told = door.driver.borrow_mut().delete_queue(id);
    told.map_err(|refusal| refused(refusal, "", "", 0)).map(|()| nothing())
}

/// GetQueueUrl.
pub(super) fn url_of(door: &Door, asked: &shapes::UrlOf) -> Done {
    let name =
        asked.queue_name.as_deref().ok_or(ApiError::MissingParameter { name: "QueueName" })?;
    let found = door.driver.borrow().world.queues.named(name);
    found.map(|_| json!({ "QueueUrl": url(door, name) })).ok_or(ApiError::QueueDoesNotExist)
}

/// ListQueues.
pub(super) fn list(door: &Door, asked: &shapes::List) -> Done {
    let prefix = asked.queue_name_prefix.as_deref().unwrap_or_default();
    let names = names(door, |name, _| name.starts_with(prefix));
    page(door, "QueueUrls", &names, asked.max_results, asked.next_token.as_deref())
}

/// ListDeadLetterSourceQueues.
pub(super) fn dead_letter_sources(door: &Door, asked: &shapes::Sources) -> Done {
    let id = named(door, asked)?;
    let own = arn(door, &attributes::existing(door, id)?.name);
    let sources = {
        let driver = door.driver.borrow();
        let is_source = |queue: &crate::queues::Queue| {
            queue.redrive.as_ref().is_some_and(|policy| policy.target_arn == own)
        };
        let all = driver.world.queues.all();
        let sources = all.filter(|(_, queue)| is_source(queue));
        sources.map(|(_, queue)| queue.name.clone()).collect::<Vec<_>>()
    };
    let mut answer =
        page(door, "queueUrls", &sources, asked.max_results, asked.next_token.as_deref())?;
    // The member is there even where there is no queue.
    answer["queueUrls"] = answer.get("queueUrls").cloned().unwrap_or_else(|| json!([]));
    Ok(answer)
}

fn names(door: &Door, is_wanted: impl Fn(&str, QueueId) -> bool) -> Vec<String> {
    let driver = door.driver.borrow();
    let all = driver.world.queues.all();
    all.filter(|(id, queue)| is_wanted(&queue.name, *id))
        .map(|(_, queue)| queue.name.clone())
        .collect()
}

/// A page of queues by name. The token is the name of the last one before.
fn page(
    door: &Door,
    member: &str,
    names: &[String],
    max_results: Option<i64>,
    token: Option<&str>,
) -> Done {
    let size = match max_results {
        None => LIST_MAX,
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| (1..=LIST_MAX).contains(size))
            .ok_or_else(|| {
                let message = format!(
                    "Value {size} for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and {LIST_MAX}."
                );
                ApiError::InvalidParameterValue(message.into())
            })?,
    };
    if token.is_some() && max_results.is_none() {
        return Err(ApiError::MissingParameter { name: "MaxResults" });
    }
    let after = names.iter().filter(|name| token.is_none_or(|token| name.as_str() > token));
    let page: Vec<_> = after.clone().take(size).collect();
    let is_last = after.count() <= page.len();
    let mut answer = json!({});
    if !page.is_empty() {
        answer[member] = page.iter().map(|name| url(door, name)).collect::<Vec<_>>().into();
    }
    if let Some(last) = page.last().filter(|_| max_results.is_some() && !is_last) {
        answer["NextToken"] = last.as_str().into();
    }
    Ok(answer)
}

/// PurgeQueue.
pub(super) fn purge(door: &Door, asked: &shapes::OfQueue) -> Done {
    let id = named(door, asked)?;
    let name = attributes::existing(door, id)?.name;
    let told = door.driver.borrow_mut().tell(lunch_cloud::sqs::Event::Purge { queue: id });
    told.map_err(|refusal| refused(refusal, &name, "", 0)).map(|()| nothing())
}

fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    let message = if tags.len() > TAGS_MAX {
        format!("Too many tags added for queue: a queue has at most {TAGS_MAX}.")
    } else if let Some(key) = tags.keys().find(|key| key.is_empty() || key.chars().count() > 128) {
        format!("Tag key `{key}` must have 1 to 128 characters.")
    } else if let Some(value) = tags.values().find(|value| value.chars().count() > 256) {
        format!("Tag value `{value}` must have at most 256 characters.")
    } else {
        return Ok(());
    };
    Err(ApiError::InvalidParameterValue(message.into()))
}

/// TagQueue.
pub(super) fn tag(door: &Door, asked: shapes::Tag) -> Done {
    let id = named(door, &asked)?;
    let tags = asked.tags.ok_or(ApiError::MissingParameter { name: "Tags" })?;
    let mut queue = attributes::existing(door, id)?;
    queue.tags.extend(tags);
    check_tags(&queue.tags)?;
    door.driver.borrow_mut().world.queues.insert(id, queue);
    Ok(nothing())
}

/// UntagQueue.
pub(super) fn untag(door: &Door, asked: &shapes::Untag) -> Done {
    let id = named(door, asked)?;
    let keys = asked.tag_keys.as_ref().ok_or(ApiError::MissingParameter { name: "TagKeys" })?;
    let mut queue = attributes::existing(door, id)?;
    queue.tags.retain(|key, _| !keys.contains(key));
    door.driver.borrow_mut().world.queues.insert(id, queue);
    Ok(nothing())
}

/// ListQueueTags.
pub(super) fn tags(door: &Door, asked: &shapes::OfQueue) -> Done {
    let id = named(door, asked)?;
    let tags = attributes::existing(door, id)?.tags;
    Ok(if tags.is_empty() { json!({}) } else { json!({ "Tags": tags }) })
}

/// AddPermission: a statement of the queue's policy, which is kept and not enforced.
pub(super) fn add_permission(door: &Door, asked: &shapes::Permit) -> Done {
    let id = named(door, asked)?;
    let missing = |name| ApiError::MissingParameter { name };
    let label = asked.label.as_deref().ok_or_else(|| missing("Label"))?;
    let accounts = asked.accounts.as_ref().ok_or_else(|| missing("AWSAccountIds"))?;
    let actions = asked.actions.as_ref().ok_or_else(|| missing("Actions"))?;
    let mut queue = attributes::existing(door, id)?;
    let own = arn(door, &queue.name);
    let mut policy = policy_of(&queue, &own);
    if statements(&policy).iter().any(|statement| statement["Sid"] == label) {
        let message =
            format!("Value {label} for parameter Label is invalid. Reason: Already exists.");
        return Err(ApiError::InvalidParameterValue(message.into()));
    }
    let distinct: BTreeSet<_> = accounts.iter().collect();
    let principals: Vec<_> =
        distinct.iter().map(|account| format!("arn:aws:iam::{account}:root")).collect();
    let actions: Vec<_> = actions.iter().map(|action| format!("SQS:{action}")).collect();
    let mut all = statements(&policy);
    all.push(json!({
        "Sid": label,
        "Effect": "Allow",
        "Principal": { "AWS": one_or_all(principals) },
        "Action": one_or_all(actions),
        "Resource": own,
    }));
    policy["Statement"] = all.into();
    queue.kept.insert("Policy".to_owned(), policy.to_string());
    door.driver.borrow_mut().world.queues.insert(id, queue);
    Ok(nothing())
}

fn one_or_all(mut all: Vec<String>) -> Value {
    if all.len() == 1 { all.remove(0).into() } else { all.into() }
}

/// What is no object, which a policy's text is not checked for, is no policy.
fn policy_of(queue: &crate::queues::Queue, arn: &str) -> Value {
    let kept = queue.kept.get("Policy").and_then(|policy| serde_json::from_str(policy).ok());
    kept.filter(Value::is_object).unwrap_or_else(
        || json!({ "Version": "2008-10-17", "Id": format!("{arn}/SQSDefaultPolicy"), "Statement": [] }),
    )
}

/// A policy's statements; one alone need not stand in a list.
fn statements(policy: &Value) -> Vec<Value> {
    match &policy["Statement"] {
        Value::Array(all) => all.clone(),
        Value::Object(_) => vec![policy["Statement"].clone()],
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// RemovePermission.
pub(super) fn remove_permission(door: &Door, asked: &shapes::Forbid) -> Done {
    let id = named(door, asked)?;
    let label = asked.label.as_deref().ok_or(ApiError::MissingParameter { name: "Label" })?;
    let mut queue = attributes::existing(door, id)?;
    let mut policy = policy_of(&queue, &arn(door, &queue.name));
    let mut all = statements(&policy);
    let before = all.len();
    all.retain(|statement| statement["Sid"] != label);
    if all.len() == before {
        // That it says so where there is a policy is from memory (unsure).
        let on = if queue.kept.contains_key("Policy") { " on existing policy" } else { "" };
        let message =
            format!("Value {label} for parameter Label is invalid. Reason: can't find label{on}.");
        return Err(ApiError::InvalidParameterValue(message.into()));
    }
    if all.is_empty() {
        queue.kept.remove("Policy");
    } else {
        policy["Statement"] = all.into();
        queue.kept.insert("Policy".to_owned(), policy.to_string());
    }
    door.driver.borrow_mut().world.queues.insert(id, queue);
    Ok(nothing())
}
