//! What of an SQS event matters here, and its answer (F 7.4, 7.5).

use serde::{Deserialize, Serialize};

/// An SQS event.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Batch {
    /// The messages, at least one.
    #[serde(rename = "Records")]
    pub records: Vec<Record>,
}

/// A message of the queue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// By which a failure is named.
    pub message_id: String,
    /// An order, if it is one.
    pub body: String,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    approximate_receive_count: Option<String>,
}

impl Record {
    /// How often the message has come out of its queue, this time included.
    pub fn attempt(&self) -> u32 {
        let count = self.attributes.approximate_receive_count.as_deref();
        count.and_then(|count| count.parse().ok()).unwrap_or(1)
    }
}

/// The messages of a batch that stay in their queue: an empty list is a success of all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failures {
    batch_item_failures: Vec<Failure>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
}

impl Failures {
    /// Lets a message come again.
    pub fn add(&mut self, record: &Record) {
        self.batch_item_failures.push(Failure { item_identifier: record.message_id.clone() });
    }
}
