//! The calls to SQS that a shop makes, and what can become of them.

use std::env;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::config::{Config, SharedCredentialsProvider};
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, Message, MessageAttributeValue,
    MessageSystemAttributeName,
};
use post::aws::{self, MissingVariable, sentence};
use thiserror::Error;

use crate::credentials::TaskRole;

/// The most messages that one call of SQS takes or gives.
pub(crate) const BATCH_MAX: usize = 10;
/// SQS answers in milliseconds.
const ATTEMPT_MAX: Duration = Duration::from_secs(5);
/// The attribute of an order that names the queue of its receipt.
pub(crate) const REPLY_TO: &str = "reply_to";
/// The attribute of a dead letter that says why it is one.
pub(crate) const REASON: &str = "reason";

/// What a call can come to.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Trouble {
    #[error("there is no such queue")]
    NoQueue,
    /// It would be refused again.
    #[error("it is refused: {0}")]
    Refused(String),
    #[error("{0}")]
    Unreachable(String),
}

/// A call under way. It is boxed so that the SDK's part of it is compiled here, and not in every shop that waits for one.
pub(crate) type Call<'a, T> = Pin<Box<dyn Future<Output = Result<T, Trouble>> + Send + 'a>>;

/// A connection to SQS.
#[derive(Debug, Clone)]
pub(crate) struct Sqs {
    client: Client,
    /// The same, for calls that wait for a message.
    patient: Client,
}

impl Sqs {
    pub(crate) fn from_env(wait: Duration) -> Result<Self, MissingVariable> {
        Self::from(wait, |name| env::var(name).ok())
    }

    /// An empty variable is none, as for every AWS SDK.
    pub(crate) fn from(
        wait: Duration,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, MissingVariable> {
        let config = config(|name| variable(name).filter(|value| !value.is_empty()))?;
        let within = |most| TimeoutConfig::builder().operation_attempt_timeout(most).build();
        let with = |most| config.to_builder().timeout_config(within(most)).build();
        Ok(Self {
            client: Client::from_conf(with(ATTEMPT_MAX)),
            patient: Client::from_conf(with(wait + ATTEMPT_MAX)),
        })
    }

    pub(crate) fn receive<'a>(
        &'a self,
        queue_url: &'a str,
        most: usize,
        wait: Duration,
        visibility: Duration,
    ) -> Call<'a, Vec<Message>> {
        Box::pin(async move {
            let receiving = self.patient.receive_message().queue_url(queue_url);
            let receiving = receiving
                .max_number_of_messages(whole(most.min(BATCH_MAX)))
                .wait_time_seconds(whole(wait.as_secs()))
                .visibility_timeout(whole(visibility.as_secs()))
                .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
                .message_attribute_names(REPLY_TO);
            let received = receiving.send().await.map_err(trouble)?;
            Ok(received.messages.unwrap_or_default())
        })
    }

    /// Sends a message; to a FIFO queue in that group and with that deduplication id.
    pub(crate) fn send<'a>(
        &'a self,
        queue_url: &'a str,
        body: &'a str,
        group: &'a str,
        deduplication_id: &'a str,
    ) -> Call<'a, ()> {
        Box::pin(async move {
            let mut sending = self.client.send_message().queue_url(queue_url).message_body(body);
            if queue_url.ends_with(".fifo") {
                sending =
                    sending.message_group_id(group).message_deduplication_id(deduplication_id);
            }
            sending.send().await.map(drop).map_err(trouble)
        })
    }

    /// Sends what cannot be made where somebody will look at it, with the reason as an attribute.
    pub(crate) fn send_dead_letter<'a>(
        &'a self,
        queue_url: &'a str,
        body: &'a str,
        reason: &'a str,
    ) -> Call<'a, ()> {
        Box::pin(async move {
            let reason = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(reason)
                .build()
                .map_err(|error| Trouble::Refused(sentence(&error)))?;
            let sending = self.client.send_message().queue_url(queue_url).message_body(body);
            sending.message_attributes(REASON, reason).send().await.map(drop).map_err(trouble)
        })
    }

    pub(crate) fn delete<'a>(&'a self, queue_url: &'a str, handle: &'a str) -> Call<'a, ()> {
        Box::pin(async move {
            let deleting = self.client.delete_message().queue_url(queue_url).receipt_handle(handle);
            deleting.send().await.map(drop).map_err(trouble)
        })
    }

    /// Makes messages, at most ten, visible after that time from now; tells how many of them are not ours any more.
    pub(crate) fn change_visibility<'a>(
        &'a self,
        queue_url: &'a str,
        handles: &[Arc<str>],
        visible_in: Duration,
    ) -> Call<'a, usize> {
        let entry = |(index, handle): (usize, &Arc<str>)| {
            ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(&**handle)
                .visibility_timeout(whole(visible_in.as_secs()))
                .build()
                .map_err(|error| Trouble::Refused(sentence(&error)))
        };
        let entries: Result<Vec<_>, _> = handles.iter().enumerate().map(entry).collect();
        Box::pin(async move {
            let changing = self.client.change_message_visibility_batch().queue_url(queue_url);
            let changed = changing.set_entries(Some(entries?)).send().await.map_err(trouble)?;
            Ok(changed.failed.len())
        })
    }

    pub(crate) fn queue_url<'a>(&'a self, name: &'a str) -> Call<'a, String> {
        Box::pin(async move {
            let found =
                self.client.get_queue_url().queue_name(name).send().await.map_err(trouble)?;
            found.queue_url.ok_or(Trouble::NoQueue)
        })
    }
}

/// What is counted here fits: SQS's numbers are small.
fn whole<N: TryInto<i32>>(number: N) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}

fn trouble<E>(error: SdkError<E, HttpResponse>) -> Trouble
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let code = error.code().unwrap_or_default();
    if code.ends_with("NonExistentQueue") || code.ends_with("QueueDoesNotExist") {
        return Trouble::NoQueue;
    }
    if code.ends_with("InvalidMessageContents") || code.ends_with("InvalidParameterValue") {
        return Trouble::Refused(sentence(&error));
    }
    Trouble::Unreachable(sentence(&error))
}

/// The SDK's settings, as the variables say. Keys come from the environment or, on Fargate, from the task's role.
fn config(variable: impl Fn(&str) -> Option<String>) -> Result<Config, MissingVariable> {
    let config = aws::config(&variable)?;
    Ok(config.credentials_provider(keys(&variable)?).build())
}

/// The environment's own keys go before a role, as in every AWS SDK.
fn keys(
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<SharedCredentialsProvider, MissingVariable> {
    let role = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    match (variable("AWS_ACCESS_KEY_ID"), role) {
        (None, Some(path)) => Ok(SharedCredentialsProvider::new(TaskRole::at(path))),
        (Some(_), _) | (None, None) => aws::keys(variable).map(SharedCredentialsProvider::new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config_of(variables: &[(&str, &str)]) -> Result<Config, MissingVariable> {
        let found = |name: &str| variables.iter().find(|(known, _)| *known == name);
        config(|name| found(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_environments_keys_are_enough_and_so_is_a_tasks_role() {
        let region = ("AWS_REGION", "eu-central-2");
        let keys = [("AWS_ACCESS_KEY_ID", "key"), ("AWS_SECRET_ACCESS_KEY", "secret")];
        let role = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/7");
        config_of(&[region, keys[0], keys[1]]).expect("the keys of the environment");
        config_of(&[region, role]).expect("the keys of a task's role");
        let missing = |variables: &[_]| config_of(variables).expect_err("it is needed");
        assert_eq!(missing(&[keys[0], keys[1]]), MissingVariable("AWS_REGION"));
        assert_eq!(missing(&[region]), MissingVariable("AWS_ACCESS_KEY_ID"));
        assert_eq!(missing(&[region, keys[0]]), MissingVariable("AWS_SECRET_ACCESS_KEY"));
    }
}
