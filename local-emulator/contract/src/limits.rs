//! Every number that AWS promises, with where it promises it.

use core::time::Duration;

use serde::{Deserialize, Serialize};

/// How many refusals of AWS are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strictness {
    /// All of them.
    #[default]
    Strict,
    /// All but rates and account-wide caps, which a laptop's test run has no use for.
    Relaxed,
}

/// The limits of one account in one region, and of the platform.
///
/// `None` stands for a limit that was lifted. Sources: `D:` is the AWS Lambda Developer Guide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Requests in flight at once, all functions together: 1,000. D:lambda-concurrency.
    pub account_concurrency: Option<u32>,
    /// What must stay unreserved of it: 100. D:configuration-concurrency.
    pub unreserved_concurrency_min: u32,
    /// New instances of one function in each `scaling_window`: 1,000. D:scaling-behavior.
    pub scaling_instances: Option<u32>,
    /// The time in which that many are granted anew, continuously: 10 s. D:scaling-behavior.
    pub scaling_window: Duration,
    /// Synchronous requests per second for each unit of concurrency: 10. D:gettingstarted-limits.
    pub requests_per_second_per_concurrency: Option<u32>,
    /// The INIT phase of an on-demand function: 10 s. D:lambda-runtime-environment.
    pub init: Duration,
    /// A function's timeout at most: 900 s. D:configuration-timeout.
    pub timeout_max: Duration,
    /// Payload of a synchronous request, bytes: 6 MiB. D:gettingstarted-limits.
    pub request_bytes_max: u64,
    /// Payload of an asynchronous request, bytes: 1 MiB since October 2025. D:gettingstarted-limits.
    pub event_bytes_max: u64,
    /// Payload of a buffered response, bytes: 6 MiB and 100. Recorded; the agent's own constant says the same.
    pub response_bytes_max: u64,
    /// Extensions of one instance: 10. D:runtimes-extensions-api.
    pub extensions_max: u8,
    /// The SHUTDOWN phase where only internal extensions registered: 500 ms. D:lambda-runtime-environment.
    pub shutdown_internal: Duration,
    /// For a runtime that has reported by `/init/error` that it cannot start, to exit by itself: 500 ms. Ours: AWS
    /// expects it to exit, and does not say for how long.
    pub init_error_exit: Duration,
    /// The SHUTDOWN phase where an external extension registered: 2 s. D:lambda-runtime-environment.
    pub shutdown_external: Duration,
}

impl Limits {
    /// AWS's own limits for a new account.
    #[must_use]
    pub const fn strict() -> Self {
        Self {
            account_concurrency: Some(1_000),
            unreserved_concurrency_min: 100,
            scaling_instances: Some(1_000),
            scaling_window: Duration::from_secs(10),
            requests_per_second_per_concurrency: Some(10),
            init: Duration::from_secs(10),
            timeout_max: Duration::from_secs(900),
            request_bytes_max: 6 * 1024 * 1024,
            event_bytes_max: 1024 * 1024,
            response_bytes_max: 6 * 1024 * 1024 + 100,
            extensions_max: 10,
            shutdown_internal: Duration::from_millis(500),
            init_error_exit: Duration::from_millis(500),
            shutdown_external: Duration::from_secs(2),
        }
    }

    /// Without the request rate, the rate of new instances and the account's concurrency. Sizes, timeouts and
    /// reserved concurrency stay.
    #[must_use]
    pub const fn relaxed() -> Self {
        Self {
            account_concurrency: None,
            scaling_instances: None,
            requests_per_second_per_concurrency: None,
            ..Self::strict()
        }
    }

    /// The limits of that strictness.
    #[must_use]
    pub const fn of(strictness: Strictness) -> Self {
        match strictness {
            Strictness::Strict => Self::strict(),
            Strictness::Relaxed => Self::relaxed(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::strict()
    }
}
