//! ReceiveMessage.

use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use lunch_cloud::sqs::Delivery;
use lunch_contract::Moment;
use lunch_contract::sqs::{ApiError, Limits, QueueId};
use serde_json::{Map, Value, json};

use super::super::Door;
use super::messages::{hex, is_standard};
use super::{Done, arn, limits, named, refused, shapes};
use crate::driver::{Receiver, Wanted};
use crate::queues::{Attribute, AttributeBytes, Message, digest_of};

/// The names of all system attributes. M:sqs.
const SYSTEM: [&str; 9] = [
    "AWSTraceHeader",
    "ApproximateFirstReceiveTimestamp",
    "ApproximateReceiveCount",
    "DeadLetterQueueSourceArn",
    "MessageDeduplicationId",
    "MessageGroupId",
    "SenderId",
    "SentTimestamp",
    "SequenceNumber",
];

pub(super) async fn receive(door: &Door, asked: shapes::Receive) -> Done {
    let queue = named(door, &asked)?;
    let wanted = wanted(&asked, &limits(door))?;
    let shown = Shown::of(asked)?;
    let told = door.driver.borrow_mut().receive(queue, &wanted);
    let (call, answer) = told.map_err(|refusal| refused(refusal, "", "", 0))?;
    let receiver = Receiver::new(&door.driver, call);
    let received = answer.await;
    receiver.answered();
    let received = received.map_err(|_| ApiError::QueueDoesNotExist)?;
    let received = received.map_err(|refusal| refused(refusal, "", "", 0))?;
    if received.is_empty() {
        return Ok(json!({}));
    }
    let is_fifo = !is_standard(door, queue);
    let each = received.iter();
    let messages: Vec<_> = each
        .map(|(delivery, message)| shown.message(door, queue, is_fifo, delivery, message))
        .collect();
    Ok(json!({ "Messages": messages }))
}

fn wanted(asked: &shapes::Receive, limits: &Limits) -> Result<Wanted, ApiError> {
    let max = asked.max_number_of_messages.unwrap_or(1);
    let max = u8::try_from(max)
        .ok()
        .filter(|max| (1..=limits.batch_max).contains(max))
        .ok_or_else(|| ApiError::max_number(max))?;
    let span = |seconds: i64| u64::try_from(seconds).ok().map(Duration::from_secs);
    let wait = asked.wait_time_seconds.map(|seconds| {
        span(seconds)
            .filter(|wait| *wait <= limits.wait_max)
            .ok_or_else(|| ApiError::wait_time(seconds))
    });
    let visibility = asked.visibility_timeout.map(|seconds| {
        span(seconds).filter(|span| *span <= limits.visibility_max).ok_or_else(|| {
            let message = format!(
                "Value {seconds} for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= {}, if provided.",
                limits.visibility_max.as_secs()
            );
            ApiError::InvalidParameterValue(message.into())
        })
    });
    Ok(Wanted {
        max,
        wait: wait.transpose()?,
        visibility: visibility.transpose()?,
        attempt: asked.receive_request_attempt_id.clone(),
    })
}

/// What of a message the caller wants to see.
struct Shown {
    system: Vec<String>,
    user: Vec<String>,
}

impl Shown {
    fn of(asked: shapes::Receive) -> Result<Self, ApiError> {
        let mut system = asked.attribute_names.unwrap_or_default();
        system.extend(asked.message_system_attribute_names.unwrap_or_default());
        let is_known = |name: &str| name == "All" || SYSTEM.contains(&name);
        if let Some(unknown) = system.iter().find(|name| !is_known(name)) {
            let message = format!("Unknown Attribute {unknown}.");
            return Err(ApiError::InvalidAttributeName(message.into()));
        }
        Ok(Self { system, user: asked.message_attribute_names.unwrap_or_default() })
    }

    fn wants(&self, name: &str) -> bool {
        self.system.iter().any(|wanted| wanted == "All" || wanted == name)
    }

    /// As AWS was recorded to read patterns: what comes before `.*` begins a name, with a dot behind it or without.
    fn wants_user(&self, name: &str) -> bool {
        self.user.iter().any(|wanted| match wanted.strip_suffix(".*") {
            Some(prefix) => name.starts_with(prefix),
            None => matches!(wanted.as_str(), "All" | "*") || wanted == name,
        })
    }

    fn message(
        &self,
        door: &Door,
        queue: QueueId,
        is_fifo: bool,
        delivery: &Delivery,
        message: &Message,
    ) -> Value {
        let mut shown = json!({
            "MessageId": &*message.uuid.text(),
            "ReceiptHandle": delivery.handle.to_string(),
            "MD5OfBody": hex(message.body.digest()),
            "Body": &*message.body,
        });
        debug_assert_eq!(delivery.handle.queue, queue, "a receive is of one queue");
        if !self.system.is_empty() {
            let system = self.system_attributes(door, is_fifo, delivery, message);
            if !system.is_empty() {
                shown["Attributes"] = system.into();
            }
        }
        if let Some(rare) = &message.rare
            && !self.user.is_empty()
        {
            let all = &rare.attributes;
            let wanted = || all.iter().filter(|(name, _)| self.wants_user(name));
            if wanted().next().is_some() {
                shown["MessageAttributes"] = wanted()
                    .map(|(name, of)| (name.clone(), attribute(of)))
                    .collect::<Map<_, _>>()
                    .into();
                shown["MD5OfMessageAttributes"] = hex(digest_of(wanted())).into();
            }
        }
        shown
    }

    fn system_attributes(
        &self,
        door: &Door,
        is_fifo: bool,
        delivery: &Delivery,
        message: &Message,
    ) -> Map<String, Value> {
        let driver = door.driver.borrow();
        let ms = |at: Moment| driver.world.clock.wall_of(at).as_millis().to_string();
        let rare = message.rare.as_deref();
        let text = |text: Option<&str>| text.map(str::to_owned);
        let source = || {
            let queue = driver.world.queues.of(delivery.source?)?;
            Some(arn(door, &queue.name))
        };
        let value = |name: &str| match name {
            "AWSTraceHeader" => text(rare?.trace_header.as_deref()),
            "ApproximateFirstReceiveTimestamp" => Some(ms(delivery.first_received)),
            "ApproximateReceiveCount" => Some(delivery.receive_count.to_string()),
            "DeadLetterQueueSourceArn" => source(),
            "MessageDeduplicationId" => text(message.dedup()),
            "MessageGroupId" => text(message.group()),
            "SenderId" => Some(door.about.account.clone()),
            "SentTimestamp" => Some(ms(delivery.sent)),
            "SequenceNumber" => is_fifo.then(|| delivery.sequence.to_string()),
            _ => None,
        };
        let wanted = SYSTEM.iter().filter(|name| self.wants(name));
        wanted.filter_map(|name| Some(((*name).to_owned(), value(name)?.into()))).collect()
    }
}

/// A user's attribute, as it was sent.
fn attribute(attribute: &Attribute) -> Value {
    match &attribute.value {
        AttributeBytes::Text(text) => {
            json!({ "DataType": attribute.data_type, "StringValue": text })
        }
        AttributeBytes::Binary(bytes) => {
            json!({ "DataType": attribute.data_type, "BinaryValue": BASE64_STANDARD.encode(bytes) })
        }
    }
}
