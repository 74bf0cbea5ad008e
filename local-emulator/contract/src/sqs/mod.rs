//! What AWS promises of SQS: limits, names, attributes, handles, errors, and the bytes behind a digest.
//!
//! Sources: `F 9.x` is a section of our own notes on AWS (`facts/lambda-facts.md`) and `D:` the SQS Developer Guide or
//! API reference. What no source says is marked `(unsure)`.

mod attributes;
mod digest;
mod error;
mod handle;
mod ids;
mod limits;
mod names;
mod redrive;

pub use attributes::{Attributes, DeduplicationScope, ThroughputLimit};
pub use digest::{AttributeValue, UserAttribute, feed_attributes};
pub use error::ApiError;
pub use handle::{Handle, SequenceNumber};
pub use ids::{AttemptId, CallId, DedupId, GroupId, MessageId, NameId, QueueId, TaskId};
pub use limits::Limits;
pub use names::{InvalidQueueName, QueueName, is_batch_entry_id, is_group_or_dedup_id};
pub use redrive::{RedriveAllow, check_redrive};
