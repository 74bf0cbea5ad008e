//! What is said of a mapping, and what bounds all of them.

use core::fmt;
use core::time::Duration;

use lunch_contract::FunctionId;
use lunch_contract::sqs::QueueId;
use serde::{Deserialize, Serialize};

use crate::planted::{self, Bug};
use crate::settings::Pace;

/// A mapping. Never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MappingId(pub u32);

impl fmt::Display for MappingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "e-{}", self.0)
    }
}

/// One of a mapping's pollers, and the batch that it has in hand. Never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PollerId(pub u64);

impl fmt::Display for PollerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p-{:04}", self.0)
    }
}

/// A mapping, as far as the machine has to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingConfig {
    /// From where.
    pub queue: QueueId,
    /// To whom.
    pub function: FunctionId,
    /// How many messages a batch has at most, from 1 to 10,000.
    pub batch_size: u32,
    /// How long is waited for a batch to become full, from its first message on; zero: not at all.
    pub window: Duration,
    /// `MaximumConcurrency`: batches in the function's hands at once.
    pub concurrency_max: Option<u32>,
    /// Whether the function says what of a batch has failed: `ReportBatchItemFailures`.
    #[serde(default)]
    pub reports_failures: bool,
    /// Whether messages are taken at all.
    pub enabled: bool,
}

impl MappingConfig {
    /// How many pollers it may have.
    pub(super) fn most(&self, limits: &Limits) -> u32 {
        let more = u32::from(planted::is(Bug::PollerTooMany));
        self.concurrency_max.map_or(limits.pollers_max, |most| most + more)
    }
}

/// What bounds all mappings. F 7.1, 7.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Whether AWS's own pauses are kept: a poller whose batch has failed rests before it asks for more, unless the
    /// mapping reports what failed. F 7.3.
    pub pace: Pace,
    /// Pollers that a mapping begins with: 5.
    pub pollers_min: u32,
    /// Pollers that it has at most: 1,250.
    pub pollers_max: u32,
    /// Pollers that it gets more in a minute: 300.
    pub growth_per_minute: u32,
    /// A batch's records all together, bytes: 6 MB. D:invocation-eventsourcemapping.
    pub payload_bytes_max: u64,
    /// How long a poller's receive waits: 20 s.
    pub wait: Duration,
    /// The first pause after a throttle, or where AWS's pauses are kept after a batch that failed; each further one is
    /// twice as long, up to `retry_max`. AWS says no figure (unsure).
    pub retry_min: Duration,
    /// The longest of these pauses. Ours.
    pub retry_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pace: Pace::default(),
            pollers_min: 5,
            pollers_max: 1_250,
            growth_per_minute: 300,
            payload_bytes_max: 6 * 1024 * 1024,
            wait: Duration::from_secs(20),
            retry_min: Duration::from_millis(500),
            retry_max: Duration::from_secs(8),
        }
    }
}
