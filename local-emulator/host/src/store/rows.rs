//! What the columns hold that are no plain numbers.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use lunch_contract::sqs::Attributes;
use serde::{Deserialize, Serialize};

use crate::queues::{
    Attribute, AttributeBytes, Message, Queue, Rare, RedriveAllowPolicy, RedrivePolicy,
};
use crate::uuid::Uuid;

/// What the machine need not know of a queue, as JSON.
#[derive(Serialize, Deserialize)]
struct About {
    name: String,
    attributes: Attributes,
    redrive: Option<String>,
    redrive_allow: Option<String>,
    kept: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
    created_s: u64,
    modified_s: u64,
}

pub(super) fn about(queue: &Queue) -> String {
    let about = About {
        name: queue.name.clone(),
        attributes: queue.attributes.clone(),
        redrive: queue.redrive.as_ref().map(|policy| policy.json.clone()),
        redrive_allow: queue.redrive_allow.as_ref().map(|policy| policy.json.clone()),
        kept: queue.kept.clone(),
        tags: queue.tags.clone(),
        created_s: queue.created_s,
        modified_s: queue.modified_s,
    };
    serde_json::to_string(&about).expect("texts and numbers have a JSON form")
}

pub(super) fn queue(text: &str) -> Option<Queue> {
    let about: About = serde_json::from_str(text).ok()?;
    Some(Queue {
        name: about.name,
        attributes: about.attributes,
        redrive: about.redrive.as_deref().and_then(RedrivePolicy::read),
        redrive_allow: about.redrive_allow.as_deref().and_then(RedriveAllowPolicy::read),
        kept: about.kept,
        tags: about.tags,
        created_s: about.created_s,
        modified_s: about.modified_s,
    })
}

/// What few messages have, as JSON.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Seldom {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dedup: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_header: Option<Box<str>>,
}

/// An attribute's value, bytes in Base64.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Value {
    Text(String, String),
    Binary(String, String),
}

pub(super) fn seldom(message: &Message) -> Option<String> {
    let rare = message.rare.as_deref()?;
    let attribute = |(name, attribute): (&String, &Attribute)| {
        let data_type = attribute.data_type.clone();
        let value = match &attribute.value {
            AttributeBytes::Text(text) => Value::Text(data_type, text.clone()),
            AttributeBytes::Binary(bytes) => {
                Value::Binary(data_type, BASE64_STANDARD.encode(bytes))
            }
        };
        (name.clone(), value)
    };
    let seldom = Seldom {
        attributes: rare.attributes.iter().map(attribute).collect(),
        group: rare.group.clone(),
        dedup: rare.dedup.clone(),
        trace_header: rare.trace_header.clone(),
    };
    Some(serde_json::to_string(&seldom).expect("texts have a JSON form"))
}

pub(super) fn message(uuid: Uuid, body: &str, seldom: Option<&str>) -> Option<Message> {
    let seldom: Seldom = seldom.map_or_else(|| Ok(Seldom::default()), serde_json::from_str).ok()?;
    let mut attributes = BTreeMap::new();
    for (name, value) in seldom.attributes {
        let (data_type, value) = match value {
            Value::Text(data_type, text) => (data_type, AttributeBytes::Text(text)),
            Value::Binary(data_type, text) => {
                (data_type, AttributeBytes::Binary(BASE64_STANDARD.decode(text).ok()?))
            }
        };
        attributes.insert(name, Attribute { data_type, value });
    }
    let Seldom { group, dedup, trace_header, .. } = seldom;
    Some(Message::new(uuid, body, Rare { attributes, digest: None, group, dedup, trace_header }))
}
