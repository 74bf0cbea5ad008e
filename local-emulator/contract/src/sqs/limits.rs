//! Every number that AWS promises of SQS, with where it promises it.

use core::time::Duration;

use serde::{Deserialize, Serialize};

/// The limits of a queue, a message and a call. All are F 9.3, which names AWS's own pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// A message with its attributes, bytes: 1 MiB; a whole batch too. D:quotas-messages.
    pub message_bytes_max: u64,
    /// The least that `MaximumMessageSize` may be set to, bytes: 1,024. D:API_SetQueueAttributes.
    pub message_bytes_min: u64,
    /// User attributes of a message: 10. D:quotas-messages.
    pub user_attributes_max: usize,
    /// Entries of a batch, and messages of a receive: 10. D:quotas-messages.
    pub batch_max: u8,
    /// `MessageRetentionPeriod`: from 60 s on. D:quotas-messages.
    pub retention_min: Duration,
    /// `MessageRetentionPeriod`: up to 14 days. D:quotas-messages.
    pub retention_max: Duration,
    /// `DelaySeconds`, of a queue or a message: up to 900 s. D:quotas-queues.
    pub delay_max: Duration,
    /// `VisibilityTimeout`, counted from the receive: up to 12 h. D:sqs-visibility-timeout.
    pub visibility_max: Duration,
    /// `WaitTimeSeconds`: up to 20 s. D:sqs-short-and-long-polling.
    pub wait_max: Duration,
    /// `maxReceiveCount`: up to 1,000. D:API_SetQueueAttributes, from memory (unsure).
    pub max_receive_count_max: u32,
    /// ARNs that a `RedriveAllowPolicy` may list: 10. D:sqs-dead-letter-queues.
    pub redrive_sources_max: usize,
    /// Messages in flight in one queue: 120,000 in either type. D:quotas-queues.
    pub in_flight_max: u32,
    /// How long a deduplication id and a receive attempt id are remembered: 5 min. F 9.3.
    pub deduplication: Duration,
    /// `MaxNumberOfMessagesPerSecond` of a move task: up to 500. F 9.3.
    pub move_rate_max: u32,
    /// Move tasks that are listed for a queue: the last 10. D:API_ListMessageMoveTasks.
    pub move_tasks_max: usize,
    /// How long a deleted queue's name is taken, and how long a purge is in progress: 60 s. F 9.2.
    pub cool_down: Duration,
    /// Messages in flight from which on a tenant may be noisy: 30. F 9.3, fair queues.
    pub fair_in_flight_min: u32,
    /// The share of the messages in flight, in percent, past which a tenant is noisy: 10. F 9.3, fair queues.
    pub fair_share_percent: u32,
}

impl Limits {
    /// AWS's own limits.
    #[must_use]
    pub const fn aws() -> Self {
        Self {
            message_bytes_max: 1024 * 1024,
            message_bytes_min: 1024,
            user_attributes_max: 10,
            batch_max: 10,
            retention_min: Duration::from_secs(60),
            retention_max: Duration::from_secs(14 * 86_400),
            delay_max: Duration::from_secs(900),
            visibility_max: Duration::from_secs(43_200),
            wait_max: Duration::from_secs(20),
            max_receive_count_max: 1_000,
            redrive_sources_max: 10,
            in_flight_max: 120_000,
            deduplication: Duration::from_secs(300),
            move_rate_max: 500,
            move_tasks_max: 10,
            cool_down: Duration::from_secs(60),
            fair_in_flight_min: 30,
            fair_share_percent: 10,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::aws()
    }
}
