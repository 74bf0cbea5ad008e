//! Receipt handles and sequence numbers, as texts.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use super::error::ApiError;
use super::ids::QueueId;

/// What a receive gives for a message: it names this receive and no other.
///
/// Its text is ours; AWS's is opaque. D:sqs-queue-message-identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Handle {
    /// The queue that it was received from.
    pub queue: QueueId,
    /// Where the message stood in the table of the kept ones.
    pub index: u32,
    /// Its number there: another one in each queue that it comes to, and never another message's.
    pub sequence: SequenceNumber,
    /// The count of its receives from this queue, with this one.
    pub receive: u32,
}

/// A message's place in its queue; printed as AWS does, in 20 digits. F 9.3.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SequenceNumber(pub u64);

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:020}", self.0)
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (queue, index, receive) = (self.queue.0, self.index, self.receive);
        write!(f, "{queue:08x}{index:08x}{:016x}{receive:08x}", self.sequence.0)
    }
}

impl FromStr for Handle {
    type Err = ApiError;

    /// # Errors
    /// `ReceiptHandleIsInvalid` for anything that `Display` does not write.
    fn from_str(text: &str) -> Result<Self, ApiError> {
        let plain = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 40 || !text.bytes().all(plain) {
            return Err(ApiError::ReceiptHandleIsInvalid);
        }
        let short = |from: usize| u32::from_str_radix(&text[from..from + 8], 16);
        let sequence = u64::from_str_radix(&text[16..32], 16);
        match (short(0), short(8), sequence, short(32)) {
            (Ok(queue), Ok(index), Ok(sequence), Ok(receive)) => Ok(Self {
                queue: QueueId(queue),
                index,
                sequence: SequenceNumber(sequence),
                receive,
            }),
            _ => Err(ApiError::ReceiptHandleIsInvalid),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_handle_reads_back_and_nothing_else_does() {
        let (queue, sequence) = (QueueId(7), SequenceNumber(u64::MAX - 1));
        let handle = Handle { queue, index: u32::MAX, sequence, receive: 3 };
        let text = handle.to_string();
        assert_eq!(text.parse::<Handle>(), Ok(handle));
        for wrong in ["", "x", &text[1..], &text.replace('f', "F"), &text.replacen('0', "ö", 1)] {
            assert_eq!(wrong.parse::<Handle>(), Err(ApiError::ReceiptHandleIsInvalid));
        }
    }

    #[test]
    fn a_sequence_number_has_twenty_digits() {
        assert_eq!(SequenceNumber(42).to_string(), "00000000000000000042");
        assert_eq!(SequenceNumber(u64::MAX).to_string().len(), 20);
    }
}
