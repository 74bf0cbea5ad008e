//! Names of queues, ARNs and URLs, and the other texts that callers name things by.

use alloc::format;
use alloc::string::String;
use core::fmt;

/// A queue's name, checked: at most 80 of `A-Z a-z 0-9 _ -`, and `.fifo` at the end of a FIFO queue's. F 9.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueName<'a>(&'a str);

/// What is no queue's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidQueueName;

impl fmt::Display for InvalidQueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a queue's name has 1 to 80 letters, digits, hyphens and underscores, and a FIFO \
             queue's ends in `.fifo`",
        )
    }
}

impl core::error::Error for InvalidQueueName {}

const FIFO: &str = ".fifo";

impl<'a> QueueName<'a> {
    /// Reads a name.
    ///
    /// # Errors
    /// If it has other characters, or too many. The suffix counts.
    pub fn parse(text: &'a str) -> Result<Self, InvalidQueueName> {
        let stem = text.strip_suffix(FIFO).unwrap_or(text);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if stem.is_empty() || text.len() > 80 || !stem.bytes().all(plain) {
            return Err(InvalidQueueName);
        }
        Ok(Self(text))
    }

    /// The name of the queue that an ARN names, whatever its region and account.
    ///
    /// # Errors
    /// If it is no ARN of a queue.
    pub fn of_arn(arn: &'a str) -> Result<Self, InvalidQueueName> {
        let mut fields = arn.splitn(6, ':');
        let head = (fields.next(), fields.next(), fields.next());
        let (Some("arn"), Some(partition), Some("sqs")) = head else {
            return Err(InvalidQueueName);
        };
        let (Some(_region), Some(_account), Some(name)) =
            (fields.next(), fields.next(), fields.next())
        else {
            return Err(InvalidQueueName);
        };
        if !partition.starts_with("aws") {
            return Err(InvalidQueueName);
        }
        Self::parse(name)
    }

    /// Its text.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// Whether it is a FIFO queue's.
    #[must_use]
    pub fn is_fifo(self) -> bool {
        self.0.ends_with(FIFO)
    }

    /// The queue's ARN.
    #[must_use]
    pub fn arn(self, region: &str, account: &str) -> String {
        format!("arn:aws:sqs:{region}:{account}:{}", self.0)
    }

    /// The queue's URL on AWS. D:sqs-queue-message-identifiers.
    #[must_use]
    pub fn aws_url(self, region: &str, account: &str) -> String {
        format!("https://sqs.{region}.amazonaws.com/{account}/{}", self.0)
    }
}

/// Whether that may be a batch entry's `Id`: 1 to 80 letters, digits, hyphens and underscores. F 9.2.
#[must_use]
pub fn is_batch_entry_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=80).contains(&text.len()) && text.bytes().all(plain)
}

/// Whether that may be a `MessageGroupId` or a `MessageDeduplicationId`: 1 to 128 alphanumeric and punctuation
/// characters. F 9.2.
#[must_use]
pub fn is_group_or_dedup_id(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_at_most_80_plain_characters() {
        for good in ["a", "A-b_9", "orders.fifo", &"x".repeat(80)] {
            assert_eq!(QueueName::parse(good).map(QueueName::as_str), Ok(good));
        }
        for bad in ["", ".fifo", "a.b", "a b", "ä", "a.fifo.fifo", &"x".repeat(81)] {
            assert_eq!(QueueName::parse(bad), Err(InvalidQueueName), "{bad}");
        }
        let long = format!("{}.fifo", "x".repeat(76));
        assert_eq!(QueueName::parse(&long), Err(InvalidQueueName), "the suffix counts");
    }

    #[test]
    fn an_arn_names_a_queue_in_any_account() {
        let name = QueueName::parse("orders.fifo").unwrap();
        let arn = name.arn("eu-west-1", "123456789012");
        assert_eq!(arn, "arn:aws:sqs:eu-west-1:123456789012:orders.fifo");
        assert_eq!(QueueName::of_arn(&arn), Ok(name));
        assert!(name.is_fifo());
        for bad in ["orders", "arn:aws:sns:r:1:x", "arn:aws:sqs:r:1", "arn:aws:sqs:r:1:a:b"] {
            assert_eq!(QueueName::of_arn(bad), Err(InvalidQueueName), "{bad}");
        }
    }

    #[test]
    fn ids_of_groups_and_entries_are_plain_text() {
        assert!(is_batch_entry_id("a-1_b") && !is_batch_entry_id("a.b") && !is_batch_entry_id(""));
        assert!(is_group_or_dedup_id("a!~") && !is_group_or_dedup_id("group 123"));
        assert!(!is_group_or_dedup_id(&"x".repeat(129)));
    }
}
