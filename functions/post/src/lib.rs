//! The street's post: hands a message to an SQS queue.
//!
//! It knows queues and letters and nothing of orders. Where AWS is, and as whom to call it, stands in the variables that
//! AWS gives every function and every task; there is no other place where it is looked up than [`aws`].

pub mod aws;

use std::env;
use std::pin::Pin;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::Config;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use thiserror::Error;

pub use crate::aws::MissingVariable;

/// SQS answers in milliseconds: what takes longer is tried again by the SDK, which a function that is about to run out
/// of time could not do.
const ATTEMPT_MAX: Duration = Duration::from_secs(1);

/// A letter under way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), NotSent>> + Send + 'a>>;

/// What is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The URL of the queue.
    pub queue_url: String,
    /// The body of the message.
    pub body: String,
    /// Where it stands in a FIFO queue; `None` for a standard queue.
    pub turn: Option<Turn>,
}

/// A message's place in a FIFO queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Messages of one group come out in order.
    pub group: String,
    /// A second message with this id is not delivered within five minutes.
    pub deduplication_id: String,
}

/// A letter did not reach its queue.
#[derive(Debug, Error)]
#[error("a message to `{queue_url}` was not taken: {why}")]
pub struct NotSent {
    queue_url: String,
    why: String,
}

/// A connection to SQS, to be made once and kept.
#[derive(Debug, Clone)]
pub struct Post(Client);

impl Post {
    /// The SQS of the region and account that this function runs in.
    pub fn from_env() -> Result<Self, MissingVariable> {
        // An empty variable is no variable, as for every AWS SDK.
        let config = config(|name| env::var(name).ok().filter(|value| !value.is_empty()))?;
        Ok(Self(Client::from_conf(config)))
    }

    /// Hands a letter over; once this is `Ok`, SQS has it.
    ///
    /// Boxed, so that the SDK's part of it is compiled here, and not in every function that waits for one.
    pub fn send(&self, letter: Letter) -> Sending<'_> {
        let Letter { queue_url, body, turn } = letter;
        let (group, deduplication_id) =
            turn.map(|turn| (turn.group, turn.deduplication_id)).unzip();
        let sending = self.0.send_message().queue_url(&queue_url).message_body(body);
        let sending = sending
            .set_message_group_id(group)
            .set_message_deduplication_id(deduplication_id)
            .send();
        Box::pin(async move {
            let sent = sending.await.map(drop);
            sent.map_err(|error| NotSent { queue_url, why: aws::sentence(&error) })
        })
    }
}

/// The SDK's settings for a function.
fn config(variable: impl Fn(&str) -> Option<String>) -> Result<Config, MissingVariable> {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_MAX).build();
    let config = aws::config(&variable)?.credentials_provider(aws::keys(&variable)?);
    Ok(config.timeout_config(timeouts).build())
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::config::Region;

    use super::*;

    fn config_of(variables: &[(&str, &str)]) -> Result<Config, MissingVariable> {
        let found = |name: &str| variables.iter().find(|(known, _)| *known == name);
        config(|name| found(name).map(|(_, value)| (*value).to_owned()))
    }

    const AS_LAMBDA: [(&str, &str); 4] = [
        ("AWS_REGION", "eu-central-2"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_SESSION_TOKEN", "token"),
    ];

    #[test]
    fn what_lambda_sets_is_enough() {
        let config = config_of(&AS_LAMBDA).expect("all is there");
        assert_eq!(config.region(), Some(&Region::new("eu-central-2")));
        for missing in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            let rest: Vec<_> = AS_LAMBDA.into_iter().filter(|(name, _)| *name != missing).collect();
            let error = config_of(&rest).expect_err("it is needed").to_string();
            assert!(error.starts_with(&format!("the variable `{missing}` is missing")), "{error}");
        }
    }

    #[test]
    fn an_error_is_told_down_to_what_happened() {
        let refused = std::io::Error::other("connection refused");
        let error = NotSent { queue_url: "https://queue".to_owned(), why: aws::sentence(&refused) };
        assert_eq!(
            error.to_string(),
            "a message to `https://queue` was not taken: connection refused"
        );
    }
}
