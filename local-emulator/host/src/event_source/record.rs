//! A message as a function gets it. Facts 7.5.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Serialize, Serializer};

use crate::queues::{Attribute, AttributeBytes, Digest};

/// One of a batch's records; its members in AWS's order.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record<'a> {
    pub(crate) message_id: &'a str,
    pub(crate) receipt_handle: String,
    pub(crate) body: &'a str,
    pub(crate) attributes: Attributes<'a>,
    pub(crate) message_attributes: UserAttributes<'a>,
    #[serde(skip_serializing_if = "AttributesDigest::is_absent")]
    pub(crate) md5_of_message_attributes: AttributesDigest,
    pub(crate) md5_of_body: Hex,
    pub(crate) event_source: &'static str,
    #[serde(rename = "eventSourceARN")]
    pub(crate) event_source_arn: &'a str,
    pub(crate) aws_region: &'a str,
}

/// A record's system attributes, all of them texts.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Attributes<'a> {
    pub(crate) approximate_receive_count: String,
    #[serde(rename = "AWSTraceHeader", skip_serializing_if = "Option::is_none")]
    pub(crate) trace_header: Option<&'a str>,
    pub(crate) sent_timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sequence_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message_group_id: Option<&'a str>,
    pub(crate) sender_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message_deduplication_id: Option<&'a str>,
    pub(crate) approximate_first_receive_timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dead_letter_queue_source_arn: Option<String>,
}

/// A user's attribute, with the lists that AWS has no use for yet.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    string_value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binary_value: Option<String>,
    string_list_values: [(); 0],
    binary_list_values: [(); 0],
    data_type: &'a str,
}

/// The user's attributes; none, where a message has none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UserAttributes<'a>(pub(crate) Option<&'a BTreeMap<String, Attribute>>);

impl Serialize for UserAttributes<'_> {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        let all = self.0.iter().flat_map(|all| all.iter());
        into.collect_map(all.map(|(name, attribute)| (name, Shown::of(attribute))))
    }
}

impl<'a> Shown<'a> {
    fn of(attribute: &'a Attribute) -> Self {
        let (string_value, binary_value) = match &attribute.value {
            AttributeBytes::Text(text) => (Some(text.as_str()), None),
            AttributeBytes::Binary(bytes) => (None, Some(BASE64_STANDARD.encode(bytes))),
        };
        Self {
            string_value,
            binary_value,
            string_list_values: [],
            binary_list_values: [],
            data_type: &attribute.data_type,
        }
    }
}

/// A digest as it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hex(pub(crate) Digest);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        into.collect_str(&format_args!("{:032x}", u128::from_be_bytes(self.0)))
    }
}

/// The digest of a message's attributes, or what stands in its place where it has none.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AttributesDigest {
    Is(Hex),
    /// As in a mapping with a batching window. F 7.5.
    Null,
    /// As in any other.
    Absent,
}

impl AttributesDigest {
    /// In a mapping with a batching window, or without one.
    pub(crate) fn of(digest: Option<Digest>, has_window: bool) -> Self {
        match digest {
            Some(digest) => Self::Is(Hex(digest)),
            None if has_window => Self::Null,
            None => Self::Absent,
        }
    }

    const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl Serialize for AttributesDigest {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Is(hex) => hex.serialize(into),
            Self::Null | Self::Absent => into.serialize_none(),
        }
    }
}

impl Record<'_> {
    /// As it stands in the event.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).expect("our own types are JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_what_aws_sends() {
        let title = Attribute {
            data_type: "String".to_owned(),
            value: AttributeBytes::Text("The Whistler".to_owned()),
        };
        let attributes = BTreeMap::from([("Title".to_owned(), title)]);
        let record = Record {
            message_id: "id",
            receipt_handle: "handle".to_owned(),
            body: "\"flat white\"",
            attributes: Attributes {
                approximate_receive_count: "1".to_owned(),
                trace_header: None,
                sent_timestamp: "1545082649183".to_owned(),
                sequence_number: None,
                message_group_id: None,
                sender_id: "AIDA",
                message_deduplication_id: None,
                approximate_first_receive_timestamp: "1545082649185".to_owned(),
                dead_letter_queue_source_arn: None,
            },
            message_attributes: UserAttributes(Some(&attributes)),
            md5_of_message_attributes: AttributesDigest::of(Some([0xd2; 16]), false),
            md5_of_body: Hex([1; 16]),
            event_source: "aws:sqs",
            event_source_arn: "arn:aws:sqs:us-east-1:111111111111:q",
            aws_region: "us-east-1",
        };
        assert_eq!(
            record.json(),
            r#"{"messageId":"id","receiptHandle":"handle","body":"\"flat white\"","attributes":{"ApproximateReceiveCount":"1","SentTimestamp":"1545082649183","SenderId":"AIDA","ApproximateFirstReceiveTimestamp":"1545082649185"},"messageAttributes":{"Title":{"stringValue":"The Whistler","stringListValues":[],"binaryListValues":[],"dataType":"String"}},"md5OfMessageAttributes":"d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2","md5OfBody":"01010101010101010101010101010101","eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:us-east-1:111111111111:q","awsRegion":"us-east-1"}"#
        );
    }
}
