//! What the calls are given: the members of the service model (M:sqs), not yet checked.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::Value;

/// A call that names a queue.
pub(super) trait Named {
    /// `QueueUrl`.
    fn queue_url(&self) -> Option<&str>;
}

macro_rules! named {
    ($($shape:ident),*) => {
        $(impl Named for $shape {
            fn queue_url(&self) -> Option<&str> {
                self.queue_url.as_deref()
            }
        })*
    };
}

named!(
    OfQueue,
    Attributes,
    Set,
    Tag,
    Untag,
    Permit,
    Forbid,
    Sources,
    Send,
    SendBatch,
    Receive,
    Handled,
    HandledBatch
);

/// A whole number, or a text of one: the query protocol has texts only.
pub(super) fn int<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    match Option::<Value>::deserialize(from)? {
        None => Ok(None),
        Some(Value::String(text)) => text.parse().map(Some).map_err(D::Error::custom),
        Some(value) => match value.as_i64() {
            Some(number) => Ok(Some(number)),
            None => Err(D::Error::custom(format!("{value} is no whole number"))),
        },
    }
}

/// Any call about one queue.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfQueue {
    pub(super) queue_url: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Create {
    pub(super) queue_name: Option<String>,
    #[serde(default)]
    pub(super) attributes: Option<BTreeMap<String, String>>,
    // The model's own spelling.
    #[serde(default, rename = "tags", alias = "Tags")]
    pub(super) tags: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UrlOf {
    pub(super) queue_name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    pub(super) queue_name_prefix: Option<String>,
    pub(super) next_token: Option<String>,
    #[serde(default, deserialize_with = "int")]
    pub(super) max_results: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Sources {
    pub(super) queue_url: Option<String>,
    pub(super) next_token: Option<String>,
    #[serde(default, deserialize_with = "int")]
    pub(super) max_results: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attributes {
    pub(super) queue_url: Option<String>,
    #[serde(default)]
    pub(super) attribute_names: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Set {
    pub(super) queue_url: Option<String>,
    pub(super) attributes: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    pub(super) queue_url: Option<String>,
    pub(super) tags: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Untag {
    pub(super) queue_url: Option<String>,
    pub(super) tag_keys: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Permit {
    pub(super) queue_url: Option<String>,
    pub(super) label: Option<String>,
    #[serde(rename = "AWSAccountIds", alias = "AWSAccountId")]
    pub(super) accounts: Option<Vec<String>>,
    pub(super) actions: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Forbid {
    pub(super) queue_url: Option<String>,
    pub(super) label: Option<String>,
}

/// A user's attribute, or a system's.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attribute {
    pub(super) data_type: Option<String>,
    pub(super) string_value: Option<String>,
    /// Base64, in both protocols.
    pub(super) binary_value: Option<String>,
    pub(super) string_list_values: Option<Value>,
    pub(super) binary_list_values: Option<Value>,
}

/// `SendMessage`, and an entry of `SendMessageBatch`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Send {
    pub(super) queue_url: Option<String>,
    /// Of an entry.
    pub(super) id: Option<String>,
    pub(super) message_body: Option<String>,
    #[serde(default, deserialize_with = "int")]
    pub(super) delay_seconds: Option<i64>,
    #[serde(default)]
    pub(super) message_attributes: Option<BTreeMap<String, Attribute>>,
    #[serde(default)]
    pub(super) message_system_attributes: Option<BTreeMap<String, Attribute>>,
    pub(super) message_deduplication_id: Option<String>,
    pub(super) message_group_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendBatch {
    pub(super) queue_url: Option<String>,
    pub(super) entries: Option<Vec<Send>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Receive {
    pub(super) queue_url: Option<String>,
    #[serde(default)]
    pub(super) attribute_names: Option<Vec<String>>,
    #[serde(default)]
    pub(super) message_system_attribute_names: Option<Vec<String>>,
    #[serde(default)]
    pub(super) message_attribute_names: Option<Vec<String>>,
    #[serde(default, deserialize_with = "int")]
    pub(super) max_number_of_messages: Option<i64>,
    #[serde(default, deserialize_with = "int")]
    pub(super) visibility_timeout: Option<i64>,
    #[serde(default, deserialize_with = "int")]
    pub(super) wait_time_seconds: Option<i64>,
    pub(super) receive_request_attempt_id: Option<String>,
}

/// `DeleteMessage` and `ChangeMessageVisibility`, and the entries of their batches.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Handled {
    pub(super) queue_url: Option<String>,
    /// Of an entry.
    pub(super) id: Option<String>,
    pub(super) receipt_handle: Option<String>,
    #[serde(default, deserialize_with = "int")]
    pub(super) visibility_timeout: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct HandledBatch {
    pub(super) queue_url: Option<String>,
    pub(super) entries: Option<Vec<Handled>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StartMove {
    pub(super) source_arn: Option<String>,
    pub(super) destination_arn: Option<String>,
    #[serde(default, deserialize_with = "int")]
    pub(super) max_number_of_messages_per_second: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CancelMove {
    pub(super) task_handle: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListMoves {
    pub(super) source_arn: Option<String>,
    #[serde(default, deserialize_with = "int")]
    pub(super) max_results: Option<i64>,
}
