//! The calls that send messages, and that say what has become of them.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use lunch_cloud::sqs::Kind;
use lunch_contract::sqs::{
    ApiError, Handle, Limits, QueueId, is_batch_entry_id, is_group_or_dedup_id,
};
use serde_json::{Value, json};

use super::super::Door;
use super::{Done, limits, named, nothing, refused, shapes};
use crate::queues::{
    Attribute, AttributeBytes, Digest, Message, Rare, Sent, digest_of, half_of_sha256,
};

/// The one system attribute that a caller may set.
const TRACE_HEADER: &str = "AWSTraceHeader";

/// SendMessage.
pub(super) fn send(door: &Door, asked: shapes::Send) -> Done {
    let queue = named(door, &asked)?;
    let taken = Taken::new(door, queue, asked, false)?;
    taken.send(door)
}

/// A message whose parameters are checked.
struct Taken {
    queue: QueueId,
    message: Message,
    delay: Option<Duration>,
}

impl Taken {
    fn new(
        door: &Door,
        queue: QueueId,
        asked: shapes::Send,
        in_batch: bool,
    ) -> Result<Self, ApiError> {
        let (limits, bytes_max, kind, by_content) = facts(door, queue)?;
        let body = asked.message_body.ok_or(ApiError::MissingParameter { name: "MessageBody" })?;
        if body.is_empty() {
            return Err(ApiError::MissingParameter { name: "MessageBody" });
        }
        check_characters(&body)?;
        let mut rare = Rare {
            attributes: user_attributes(asked.message_attributes.unwrap_or_default(), &limits)?,
            trace_header: trace_header(asked.message_system_attributes.unwrap_or_default())?,
            ..Rare::default()
        };
        if let Some(group) = asked.message_group_id {
            if !is_group_or_dedup_id(&group) {
                return Err(ApiError::group(&group));
            }
            rare.group = Some(group.into());
        }
        if let Some(dedup) = asked.message_deduplication_id {
            if !is_group_or_dedup_id(&dedup) {
                return Err(wrong_dedup(&dedup));
            }
            if kind == Kind::Standard {
                return Err(not_for_standard("MessageDeduplicationId", &dedup));
            }
            rare.dedup = Some(dedup.into());
        }
        if kind != Kind::Standard && rare.dedup.is_none() && by_content {
            rare.dedup = Some(half_of_sha256(body.as_bytes()).1.into());
        }
        let delay = asked.delay_seconds.map(|seconds| delay(seconds, &limits)).transpose()?;
        let uuid = door.driver.borrow_mut().world.names.uuid();
        let message = Message::new(uuid, &body, rare);
        if message.bytes() > bytes_max {
            return Err(if in_batch {
                ApiError::entry_too_long(bytes_max)
            } else {
                ApiError::message_too_long(bytes_max)
            });
        }
        Ok(Self { queue, message, delay })
    }

    fn send(self, door: &Door) -> Done {
        let Self { queue, message, delay } = self;
        let (body, attributes) =
            (message.body.digest(), message.rare.as_ref().and_then(|rare| rare.digest));
        let trace_header = message.rare.as_ref().and_then(|rare| rare.trace_header.clone());
        let seconds = delay.map_or(0, |delay| i64::try_from(delay.as_secs()).unwrap_or_default());
        // To wait not at all is no delay of its own, which a FIFO queue would refuse.
        let delay = delay.filter(|delay| !delay.is_zero() || is_standard(door, queue));
        let sent = door.driver.borrow_mut().send(queue, message, delay);
        let Sent { uuid, sequence } = sent.map_err(|refusal| refused(refusal, "", "", seconds))?;
        let mut answer = json!({ "MessageId": &*uuid.text(), "MD5OfMessageBody": hex(body) });
        if let Some(attributes) = attributes {
            answer["MD5OfMessageAttributes"] = hex(attributes).into();
        }
        if let Some(header) = trace_header {
            answer["MD5OfMessageSystemAttributes"] = hex(of_trace_header(&header)).into();
        }
        if !is_standard(door, queue) {
            answer["SequenceNumber"] = sequence.to_string().into();
        }
        Ok(answer)
    }
}

/// The digest of the one system attribute that may be sent, made as that of a sender's own. M:sqs.
fn of_trace_header(header: &str) -> Digest {
    let value = AttributeBytes::Text(header.to_owned());
    let attribute = Attribute { data_type: "String".to_owned(), value };
    digest_of(std::iter::once((&TRACE_HEADER.to_owned(), &attribute)))
}

fn facts(door: &Door, queue: QueueId) -> Result<(Limits, u64, Kind, bool), ApiError> {
    let driver = door.driver.borrow();
    let kept = driver.world.queues.of(queue).ok_or(ApiError::QueueDoesNotExist)?;
    let view = driver.cloud.queues().queue(queue).ok_or(ApiError::QueueDoesNotExist)?;
    let limits = driver.cloud.queues().settings().limits.clone();
    let attributes = &kept.attributes;
    Ok((
        limits,
        attributes.message_bytes_max,
        view.config.kind,
        attributes.content_based_deduplication,
    ))
}

pub(super) fn is_standard(door: &Door, queue: QueueId) -> bool {
    let driver = door.driver.borrow();
    driver.world.queues.of(queue).is_none_or(|queue| !queue.attributes.fifo)
}

fn delay(seconds: i64, limits: &Limits) -> Result<Duration, ApiError> {
    let span = u64::try_from(seconds).ok().map(Duration::from_secs);
    span.filter(|span| *span <= limits.delay_max).ok_or_else(|| {
        let message = format!(
            "Value {seconds} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= {}.",
            limits.delay_max.as_secs()
        );
        ApiError::InvalidParameterValue(message.into())
    })
}

fn wrong_dedup(text: &str) -> ApiError {
    let message = format!(
        "Value {text} for parameter MessageDeduplicationId is invalid. Reason: MessageDeduplicationId can only \
         include alphanumeric and punctuation characters. 1 to 128 in length."
    );
    ApiError::InvalidParameterValue(message.into())
}

fn not_for_standard(name: &str, value: &str) -> ApiError {
    let message = format!(
        "Value {value} for parameter {name} is invalid. Reason: The request include parameter that is not valid for \
         this queue type."
    );
    ApiError::InvalidParameterValue(message.into())
}

/// A message holds characters that XML has. D:API_SendMessage.
fn check_characters(body: &str) -> Result<(), ApiError> {
    let is_allowed = |character: char| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    match body.chars().find(|character| !is_allowed(*character)) {
        None => Ok(()),
        Some(character) => {
            Err(ApiError::InvalidMessageContents { character: u32::from(character) })
        }
    }
}

fn user_attributes(
    given: BTreeMap<String, shapes::Attribute>,
    limits: &Limits,
) -> Result<BTreeMap<String, Attribute>, ApiError> {
    if given.len() > limits.user_attributes_max {
        let message = format!(
            "Number of message attributes [{}] exceeds the allowed maximum [{}].",
            given.len(),
            limits.user_attributes_max
        );
        return Err(ApiError::InvalidParameterValue(message.into()));
    }
    given
        .into_iter()
        .map(|(name, given)| {
            check_attribute_name(&name)?;
            let attribute = attribute(&name, given)?;
            Ok((name, attribute))
        })
        .collect()
}

/// D:sqs-message-metadata.
fn check_attribute_name(name: &str) -> Result<(), ApiError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let lower = name.to_ascii_lowercase();
    let message = if name.is_empty() || name.len() > 256 {
        "Message (user) attribute names must be 1 to 256 characters long.".to_owned()
    } else if !name.bytes().all(plain)
        || name.starts_with('.')
        || name.ends_with('.')
        || name.contains("..")
    {
        "Invalid non-alphanumeric character was found in the message attribute name. Can only include alphanumeric \
         characters, hyphens, underscores, or dots."
            .to_owned()
    } else if lower.starts_with("aws.") || lower.starts_with("amazon.") {
        "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved for \
         internal use."
            .to_owned()
    } else {
        return Ok(());
    };
    Err(ApiError::InvalidParameterValue(message.into()))
}

fn attribute(name: &str, given: shapes::Attribute) -> Result<Attribute, ApiError> {
    let invalid = |message: String| ApiError::InvalidParameterValue(message.into());
    let data_type = given.data_type.unwrap_or_default();
    if data_type.is_empty() {
        return Err(invalid(format!(
            "The message attribute '{name}' must contain non-empty message attribute type."
        )));
    }
    if given.string_list_values.is_some() || given.binary_list_values.is_some() {
        return Err(invalid(
            "Message attribute list values in SendMessage operation are not supported.".to_owned(),
        ));
    }
    let empty = || ApiError::empty_user_attribute(name, &data_type);
    let value = match data_type.split('.').next() {
        Some(kind @ ("String" | "Number")) => {
            let text = given.string_value.filter(|text| !text.is_empty()).ok_or_else(empty)?;
            check_characters(&text)?;
            if kind == "Number" && !is_number(&text) {
                return Err(invalid(format!(
                    "Can't cast the value of message (user) attribute '{name}' to a number."
                )));
            }
            AttributeBytes::Text(text)
        }
        Some("Binary") => {
            let text = given.binary_value.filter(|text| !text.is_empty()).ok_or_else(empty)?;
            let bytes = BASE64_STANDARD.decode(text);
            AttributeBytes::Binary(bytes.map_err(|_| {
                invalid(format!("The value of message (user) attribute '{name}' is not Base64."))
            })?)
        }
        _ => {
            return Err(invalid(format!(
                "The message attribute '{name}' has an invalid message attribute type, the set of supported type \
                 prefixes is Binary, Number, and String."
            )));
        }
    };
    if data_type.len() > 256 {
        return Err(invalid(format!(
            "The type of message attribute '{name}' is longer than 256 characters."
        )));
    }
    Ok(Attribute { data_type, value })
}

/// Rust reads `inf` and `NaN` as numbers, too; no number of AWS's has such letters. D:sqs-message-metadata.
fn is_number(text: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
    text.bytes().all(plain) && text.parse::<f64>().is_ok()
}

fn trace_header(given: BTreeMap<String, shapes::Attribute>) -> Result<Option<Box<str>>, ApiError> {
    let mut header = None;
    for (name, attribute) in given {
        if name != TRACE_HEADER {
            let message = format!("Message system attribute name '{name}' is invalid.");
            return Err(ApiError::InvalidParameterValue(message.into()));
        }
        if attribute.data_type.as_deref() != Some("String") {
            let message = "An X-Ray trace header must be of type 'String'.";
            return Err(ApiError::InvalidParameterValue(message.into()));
        }
        header = attribute.string_value.map(Into::into);
    }
    Ok(header)
}

pub(super) fn hex(digest: Digest) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// Checks what all batches have in common. F 9.2.
fn check_batch<T>(
    entries: &[T],
    limits: &Limits,
    id: impl Fn(&T) -> Option<&str>,
) -> Result<(), ApiError> {
    if entries.is_empty() {
        return Err(ApiError::EmptyBatchRequest);
    }
    let limit = u64::from(limits.batch_max);
    if entries.len() as u64 > limit {
        return Err(ApiError::TooManyEntriesInBatchRequest { limit, sent: entries.len() as u64 });
    }
    let mut seen = std::collections::BTreeSet::new();
    for entry in entries {
        let id = id(entry).ok_or(ApiError::MissingParameter { name: "Id" })?;
        if !is_batch_entry_id(id) {
            return Err(ApiError::InvalidBatchEntryId);
        }
        if !seen.insert(id) {
            return Err(ApiError::BatchEntryIdsNotDistinct { id: id.to_owned() });
        }
    }
    Ok(())
}

/// What became of a batch: each entry by itself.
fn of_batch(done: impl Iterator<Item = (String, Done)>) -> Value {
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for (id, done) in done {
        match done {
            Ok(mut members) => {
                if members.is_null() {
                    members = json!({});
                }
                members["Id"] = id.into();
                successful.push(members);
            }
            Err(error) => failed.push(json!({
                "Id": id,
                "SenderFault": true,
                "Code": error.query_code(),
                "Message": error.to_string(),
            })),
        }
    }
    let mut answer = json!({});
    for (name, entries) in [("Successful", successful), ("Failed", failed)] {
        if !entries.is_empty() {
            answer[name] = entries.into();
        }
    }
    answer
}

/// How long an entry is, whether it can be sent or not: body, and name, type and value of each attribute.
fn bytes_of(entry: &shapes::Send) -> u64 {
    let long = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let attribute = |(name, attribute): (&String, &shapes::Attribute)| {
        // Four characters of Base64 are three bytes; padding is none.
        let binary = attribute.binary_value.as_deref().unwrap_or_default().trim_end_matches('=');
        let value = long(&attribute.string_value) + binary.len() * 3 / 4;
        name.len() + long(&attribute.data_type) + value
    };
    let attributes = entry.message_attributes.iter().flatten().map(attribute);
    (long(&entry.message_body) + attributes.sum::<usize>()) as u64
}

/// What would be refused of one message for a FIFO queue refuses a whole batch, as AWS was recorded to do.
fn check_fifo_batch(door: &Door, queue: QueueId, entries: &[shapes::Send]) -> Result<(), ApiError> {
    let (_, _, kind, by_content) = facts(door, queue)?;
    if kind == Kind::Standard {
        return Ok(());
    }
    if entries.iter().any(|entry| entry.message_group_id.is_none()) {
        return Err(ApiError::no_group());
    }
    if !by_content && entries.iter().any(|entry| entry.message_deduplication_id.is_none()) {
        return Err(ApiError::no_deduplication());
    }
    Ok(())
}

/// SendMessageBatch.
pub(super) fn send_batch(door: &Door, asked: shapes::SendBatch) -> Done {
    let queue = named(door, &asked)?;
    let limits = limits(door);
    let entries = asked.entries.unwrap_or_default();
    check_batch(&entries, &limits, |entry| entry.id.as_deref())?;
    let (limit, sent) = (limits.message_bytes_max, entries.iter().map(bytes_of).sum());
    if sent > limit {
        return Err(ApiError::BatchRequestTooLong { limit, sent });
    }
    check_fifo_batch(door, queue, &entries)?;
    let taken: Vec<_> = entries
        .into_iter()
        .map(|entry| {
            let id = entry.id.clone().unwrap_or_default();
            (id, Taken::new(door, queue, entry, true))
        })
        .collect();
    Ok(of_batch(
        taken.into_iter().map(|(id, taken)| (id, taken.and_then(|taken| taken.send(door)))),
    ))
}

/// DeleteMessage.
pub(super) fn delete(door: &Door, asked: &shapes::Handled) -> Done {
    let queue = named(door, asked)?;
    deleted(door, queue, asked)
}

fn deleted(door: &Door, queue: QueueId, asked: &shapes::Handled) -> Done {
    handled(door, queue, asked, None)
}

/// DeleteMessageBatch.
pub(super) fn delete_batch(door: &Door, asked: shapes::HandledBatch) -> Done {
    let queue = named(door, &asked)?;
    let entries = asked.entries.unwrap_or_default();
    check_batch(&entries, &limits(door), |entry| entry.id.as_deref())?;
    let each = entries.iter();
    Ok(of_batch(
        each.map(|entry| (entry.id.clone().unwrap_or_default(), deleted(door, queue, entry))),
    ))
}

/// ChangeMessageVisibility.
pub(super) fn change(door: &Door, asked: &shapes::Handled) -> Done {
    let queue = named(door, asked)?;
    changed(door, queue, asked)
}

fn changed(door: &Door, queue: QueueId, asked: &shapes::Handled) -> Done {
    let seconds =
        asked.visibility_timeout.ok_or(ApiError::MissingParameter { name: "VisibilityTimeout" })?;
    let max = limits(door).visibility_max;
    let span = u64::try_from(seconds).ok().map(Duration::from_secs).filter(|span| *span <= max);
    let span = span.ok_or_else(|| {
        let message = format!(
            "Value {seconds} for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer \
             between 0 and {}.",
            max.as_secs()
        );
        ApiError::InvalidParameterValue(message.into())
    })?;
    handled(door, queue, asked, Some(span))
}

fn handled(
    door: &Door,
    queue: QueueId,
    asked: &shapes::Handled,
    timeout: Option<Duration>,
) -> Done {
    let text = asked.receipt_handle.as_deref();
    let text = text.ok_or(ApiError::MissingParameter { name: "ReceiptHandle" })?;
    let handle: Handle = text.parse()?;
    let told = door.driver.borrow_mut().handled(queue, handle, timeout);
    let seconds = asked.visibility_timeout.unwrap_or_default();
    told.map_err(|refusal| refused(refusal, "", text, seconds)).map(|()| nothing())
}

/// ChangeMessageVisibilityBatch.
pub(super) fn change_batch(door: &Door, asked: shapes::HandledBatch) -> Done {
    let queue = named(door, &asked)?;
    let entries = asked.entries.unwrap_or_default();
    check_batch(&entries, &limits(door), |entry| entry.id.as_deref())?;
    let each = entries.iter();
    Ok(of_batch(
        each.map(|entry| (entry.id.clone().unwrap_or_default(), changed(door, queue, entry))),
    ))
}
