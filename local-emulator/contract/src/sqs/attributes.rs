//! The attributes of a queue, read from what a caller sets.

use alloc::borrow::Cow;
use alloc::format;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::ApiError;
use super::limits::Limits;

/// The attributes of a queue that the service acts on, with AWS's defaults. F 9.3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributes {
    /// `DelaySeconds`.
    pub delay: Duration,
    /// `VisibilityTimeout`.
    pub visibility: Duration,
    /// `ReceiveMessageWaitTimeSeconds`.
    pub wait: Duration,
    /// `MessageRetentionPeriod`.
    pub retention: Duration,
    /// `MaximumMessageSize`, bytes.
    pub message_bytes_max: u64,
    /// `FifoQueue`, which is never changed.
    pub fifo: bool,
    /// `ContentBasedDeduplication`, of FIFO queues.
    pub content_based_deduplication: bool,
    /// `DeduplicationScope`, of FIFO queues.
    pub deduplication_scope: DeduplicationScope,
    /// `FifoThroughputLimit`, of FIFO queues.
    pub throughput_limit: ThroughputLimit,
}

/// Within what a deduplication id is one of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DeduplicationScope {
    /// The whole queue.
    #[default]
    Queue,
    /// A message group.
    MessageGroup,
}

/// What the rate of a FIFO queue is counted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ThroughputLimit {
    /// The queue.
    #[default]
    PerQueue,
    /// Each message group.
    PerMessageGroupId,
}

impl Attributes {
    /// A new queue's.
    #[must_use]
    pub const fn new(fifo: bool) -> Self {
        Self {
            delay: Duration::ZERO,
            visibility: Duration::from_secs(30),
            wait: Duration::ZERO,
            retention: Duration::from_secs(345_600),
            message_bytes_max: Limits::aws().message_bytes_max,
            fifo,
            content_based_deduplication: false,
            deduplication_scope: DeduplicationScope::Queue,
            throughput_limit: ThroughputLimit::PerQueue,
        }
    }

    /// Sets one attribute by its name, and says whether it is one of these. Others (policies, encryption,
    /// `RedrivePolicy`) are the driver's.
    ///
    /// # Errors
    /// If it is not for this type of queue, or may not have this value; then nothing is set.
    pub fn set(&mut self, name: &str, value: &str, limits: &Limits) -> Result<bool, ApiError> {
        let seconds = |least: Duration, most: Duration| {
            number(name, value, least.as_secs(), most.as_secs()).map(Duration::from_secs)
        };
        match name {
            "DelaySeconds" => self.delay = seconds(Duration::ZERO, limits.delay_max)?,
            "VisibilityTimeout" => {
                self.visibility = seconds(Duration::ZERO, limits.visibility_max)?;
            }
            "ReceiveMessageWaitTimeSeconds" => {
                self.wait = seconds(Duration::ZERO, limits.wait_max)?;
            }
            "MessageRetentionPeriod" => {
                self.retention = seconds(limits.retention_min, limits.retention_max)?;
            }
            "MaximumMessageSize" => {
                let (least, most) = (limits.message_bytes_min, limits.message_bytes_max);
                self.message_bytes_max = number(name, value, least, most)?;
            }
            "FifoQueue" => self.check_fifo(value)?,
            "ContentBasedDeduplication" | "DeduplicationScope" | "FifoThroughputLimit" => {
                self.set_of_fifo(name, value)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// `FifoQueue` is taken where it says what is so.
    fn check_fifo(&self, value: &str) -> Result<(), ApiError> {
        match (self.fifo, flag("FifoQueue", value)?) {
            (true, true) => Ok(()),
            (true, false) => Err(ApiError::InvalidAttributeValue(Cow::Borrowed(
                "Invalid value for the parameter FifoQueue. \
                 Reason: Modifying queue type is not supported.",
            ))),
            (false, _) => {
                Err(ApiError::InvalidAttributeName(Cow::Borrowed("Unknown Attribute FifoQueue.")))
            }
        }
    }

    fn set_of_fifo(&mut self, name: &str, value: &str) -> Result<(), ApiError> {
        if !self.fifo {
            return Err(ApiError::InvalidAttributeName(Cow::Owned(match name {
                "DeduplicationScope" => {
                    format!("You can specify the {name} only when FifoQueue is set to true.")
                }
                _ => format!("Unknown Attribute {name}."),
            })));
        }
        match (name, value) {
            ("ContentBasedDeduplication", value) => {
                self.content_based_deduplication = flag(name, value)?;
            }
            ("DeduplicationScope", "queue") => {
                self.deduplication_scope = DeduplicationScope::Queue;
            }
            ("DeduplicationScope", "messageGroup") => {
                self.deduplication_scope = DeduplicationScope::MessageGroup;
            }
            ("FifoThroughputLimit", "perQueue") => {
                self.throughput_limit = ThroughputLimit::PerQueue;
            }
            ("FifoThroughputLimit", "perMessageGroupId") => {
                self.throughput_limit = ThroughputLimit::PerMessageGroupId;
            }
            _ => return Err(invalid(name)),
        }
        Ok(())
    }
}

/// The text's beginning is F 9.2's; AWS's reasons for numbers are not known (unsure).
fn invalid(name: &str) -> ApiError {
    ApiError::InvalidAttributeValue(Cow::Owned(format!("Invalid value for the parameter {name}.")))
}

fn number(name: &str, text: &str, least: u64, most: u64) -> Result<u64, ApiError> {
    text.parse().ok().filter(|number| (least..=most).contains(number)).ok_or_else(|| invalid(name))
}

fn flag(name: &str, text: &str) -> Result<bool, ApiError> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(invalid(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_out_of_its_range_is_refused_and_changes_nothing() {
        let limits = Limits::aws();
        for (name, least, most) in [
            ("DelaySeconds", "0", "900"),
            ("VisibilityTimeout", "0", "43200"),
            ("ReceiveMessageWaitTimeSeconds", "0", "20"),
            ("MessageRetentionPeriod", "60", "1209600"),
            ("MaximumMessageSize", "1024", "1048576"),
        ] {
            let mut attributes = Attributes::new(false);
            for good in [least, most] {
                assert_eq!(attributes.set(name, good, &limits), Ok(true), "{name} {good}");
            }
            let before = attributes.clone();
            let above = format!("{}", most.parse::<u64>().unwrap() + 1);
            for bad in ["-1", "", "1.5", "x", &above] {
                assert_eq!(attributes.set(name, bad, &limits), Err(invalid(name)), "{name} {bad}");
            }
            assert_eq!(attributes, before);
        }
    }

    #[test]
    fn what_is_for_fifo_queues_is_unknown_to_a_standard_one() {
        let limits = Limits::aws();
        let mut standard = Attributes::new(false);
        let error = standard.set("FifoQueue", "true", &limits).unwrap_err();
        assert_eq!(format!("{error}"), "Unknown Attribute FifoQueue.");
        let error = standard.set("DeduplicationScope", "queue", &limits).unwrap_err();
        let text = "You can specify the DeduplicationScope only when FifoQueue is set to true.";
        assert_eq!(format!("{error}"), text);
    }

    #[test]
    fn a_queue_keeps_its_type() {
        let limits = Limits::aws();
        let mut fifo = Attributes::new(true);
        assert_eq!(fifo.set("FifoQueue", "true", &limits), Ok(true));
        let error = fifo.set("FifoQueue", "false", &limits).unwrap_err();
        let text = "Invalid value for the parameter FifoQueue. \
                    Reason: Modifying queue type is not supported.";
        assert_eq!(format!("{error}"), text);
        assert_eq!(fifo.set("Policy", "{}", &limits), Ok(false), "the driver's");
    }
}
