//! How long a message's record is in an event, before it is written: never less, and little more.

use super::Mapping;
use crate::queues::{AttributeBytes, Message};

/// All of a record that does not depend on the message, every member there and every number at its longest.
const FRAME_BYTES: usize = 1_000;

/// All of a user's attribute but its name, type and value.
const ATTRIBUTE_BYTES: usize = 96;

/// The most bytes that a message's record has, with the comma after it.
pub(crate) fn record_bytes_max(message: &Message, mapping: &Mapping) -> usize {
    // A dead letter's source is an ARN like this one, with a name of 80 characters at most.
    let arns = 2 * mapping.queue_arn.len() + 80;
    let rare = message.rare.as_deref().map_or(0, |rare| {
        let texts = [&rare.group, &rare.dedup, &rare.trace_header];
        let texts: usize = texts.into_iter().flatten().map(|text| json_bytes(text)).sum();
        let attributes = rare.attributes.iter().map(|(name, attribute)| {
            let value = match &attribute.value {
                AttributeBytes::Text(text) => json_bytes(text),
                AttributeBytes::Binary(bytes) => bytes.len().div_ceil(3) * 4,
            };
            ATTRIBUTE_BYTES + json_bytes(name) + json_bytes(&attribute.data_type) + value
        });
        texts + attributes.sum::<usize>()
    });
    FRAME_BYTES + arns + json_bytes(&message.body) + rare
}

/// How long a text is in JSON, without its quotes.
fn json_bytes(text: &str) -> usize {
    text.bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
            0..0x20 => 6,
            _ => 1,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::super::record::{Attributes, AttributesDigest, Hex, Record, UserAttributes};
    use super::*;
    use crate::event_source::Settings;
    use crate::queues::{Attribute, Rare};
    use crate::uuid::{Names, Uuid};

    #[test]
    fn no_record_is_longer_than_it_was_said_to_be() {
        let awkward = "\"\\\n\u{1}ü".repeat(20);
        let attribute = |at: usize| {
            let value = match at % 2 {
                0 => AttributeBytes::Text(awkward.clone()),
                _ => AttributeBytes::Binary(vec![7; at * 10]),
            };
            (format!("n{at}"), Attribute { data_type: "Binary.x".to_owned(), value })
        };
        let text = || Some("g".repeat(128).into());
        let rare = Rare {
            attributes: (0..10).map(attribute).collect(),
            group: text(),
            dedup: text(),
            trace_header: text(),
            ..Rare::default()
        };
        let message = Message::new(Names::new().uuid(), &awkward, rare);
        let rare = message.rare.as_deref().expect("it has more than a body");
        let queue_arn = "arn:aws:sqs:us-east-1:123456789012:orders.fifo".to_owned();
        let mapping = Mapping {
            uuid: Uuid::of_bytes([0; 16]),
            logical_id: None,
            settings: Settings::default(),
            modified_ms: 0,
            queue_arn,
            filters: Rc::default(),
        };
        let longest = u64::MAX.to_string();
        let record = Record {
            message_id: &message.uuid.to_string(),
            receipt_handle: "f".repeat(40),
            body: &message.body,
            attributes: Attributes {
                approximate_receive_count: longest.clone(),
                trace_header: rare.trace_header.as_deref(),
                sent_timestamp: longest.clone(),
                sequence_number: Some(longest.clone()),
                message_group_id: message.group(),
                sender_id: "123456789012",
                message_deduplication_id: message.dedup(),
                approximate_first_receive_timestamp: longest,
                dead_letter_queue_source_arn: Some(format!(
                    "arn:aws:sqs:us-east-1:123456789012:{}",
                    "q".repeat(80)
                )),
            },
            message_attributes: UserAttributes(Some(&rare.attributes)),
            md5_of_message_attributes: AttributesDigest::of(rare.digest, true),
            md5_of_body: Hex(message.body.digest()),
            event_source: "aws:sqs",
            event_source_arn: &mapping.queue_arn,
            aws_region: "ap-southeast-1",
        };
        let (said, is) = (record_bytes_max(&message, &mapping), record.json().len() + 1);
        assert!((is..is + 1_000).contains(&said), "said to be {said}, and is {is}");
    }
}
