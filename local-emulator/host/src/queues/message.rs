//! A message's bytes and their digests.

use std::collections::BTreeMap;
use std::sync::Arc;

use lunch_contract::sqs::{AttributeValue, UserAttribute, feed_attributes};
use md5::{Digest as _, Md5};
use sha2::Sha256;

use super::body::{Body, Digest};
use crate::uuid::Uuid;

/// What was sent. Never changed but for its AWS id, when a move task sends it anew.
///
/// It is copied and not pointed at: so that a message is 40 bytes where it is kept and one allocation, its body. A copy
/// shares what is long.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Its id on AWS.
    pub(crate) uuid: Uuid,
    pub(crate) body: Body,
    /// What few messages have.
    pub(crate) rare: Option<Arc<Rare>>,
}

/// What a message may have beside its body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rare {
    /// By name.
    pub(crate) attributes: BTreeMap<String, Attribute>,
    /// Of the attributes, where there are any.
    pub(crate) digest: Option<Digest>,
    /// `MessageGroupId`.
    pub(crate) group: Option<Box<str>>,
    /// `MessageDeduplicationId`, given or made.
    pub(crate) dedup: Option<Box<str>>,
    /// `AWSTraceHeader`.
    pub(crate) trace_header: Option<Box<str>>,
}

/// A user's attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attribute {
    /// With its suffix, as `Number.int`.
    pub(crate) data_type: String,
    pub(crate) value: AttributeBytes,
}

/// An attribute's value, by the way it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AttributeBytes {
    Text(String),
    Binary(Vec<u8>),
}

impl Message {
    /// With the digest of its attributes.
    pub(crate) fn new(uuid: Uuid, body: &str, mut rare: Rare) -> Self {
        rare.digest = (!rare.attributes.is_empty()).then(|| digest_of(rare.attributes.iter()));
        let has_rare = !rare.attributes.is_empty()
            || rare.group.is_some()
            || rare.dedup.is_some()
            || rare.trace_header.is_some();
        Self { uuid, body: Body::from(body), rare: has_rare.then(|| Arc::new(rare)) }
    }

    /// `MessageGroupId`.
    pub(crate) fn group(&self) -> Option<&str> {
        self.rare.as_ref()?.group.as_deref()
    }

    /// `MessageDeduplicationId`.
    pub(crate) fn dedup(&self) -> Option<&str> {
        self.rare.as_ref()?.dedup.as_deref()
    }

    /// By name.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = (&String, &Attribute)> {
        self.rare.iter().flat_map(|rare| &rare.attributes)
    }

    /// As SQS counts it: the body, and name, type and value of each attribute.
    pub(crate) fn bytes(&self) -> u64 {
        let attribute = |(name, attribute): (&String, &Attribute)| {
            let value = match &attribute.value {
                AttributeBytes::Text(text) => text.len(),
                AttributeBytes::Binary(bytes) => bytes.len(),
            };
            name.len() + attribute.data_type.len() + value
        };
        let attributes = self.attributes().map(attribute);
        (self.body.len() + attributes.sum::<usize>()) as u64
    }
}

/// The digest of attributes: of all that were sent, or of those that a receiver sees.
pub(crate) fn digest_of<'a>(
    attributes: impl Iterator<Item = (&'a String, &'a Attribute)>,
) -> Digest {
    let all: Vec<_> = attributes
        .map(|(name, attribute)| UserAttribute {
            name,
            data_type: &attribute.data_type,
            value: match &attribute.value {
                AttributeBytes::Text(text) => AttributeValue::Text(text),
                AttributeBytes::Binary(bytes) => AttributeValue::Binary(bytes),
            },
        })
        .collect();
    let mut hasher = Md5::new();
    feed_attributes(&all, |bytes| hasher.update(bytes));
    hasher.finalize().into()
}

/// The first half of a SHA-256, by which ids of any length are told apart; and all of it, as text.
pub(crate) fn half_of_sha256(bytes: &[u8]) -> (u128, String) {
    let hash: [u8; 32] = Sha256::digest(bytes).into();
    let half = hash.first_chunk::<16>().expect("32 bytes begin with 16");
    (u128::from_be_bytes(*half), hash.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_kept_in_48_bytes_beside_its_body() {
        assert_eq!(size_of::<Option<(u64, Message)>>(), 48);
    }
}
