//! A message's body, and how its digest is had.

use std::ops::Deref;
use std::sync::Arc;

use md5::{Digest as _, Md5};

/// An MD5 digest, as SQS gives it for a caller to check what has arrived.
pub(crate) type Digest = [u8; 16];

/// A body, shared by the queue, the store and those who receive it, in one allocation.
///
/// Digests are told to senders and receivers, and a short body's is made anew for each: less than 10 µs for the longest
/// of them, where 16 bytes for each of a million messages would be one byte in twelve. A long body has its digest before
/// it, as text.
#[derive(Clone, Debug)]
pub(crate) struct Body(Arc<str>);

/// A body of so many bytes is a long one.
const LONG: usize = 4_096;
/// Digits of a digest.
const DIGITS: usize = 32;

impl Body {
    /// The body's digest.
    pub(crate) fn digest(&self) -> Digest {
        match self.parts() {
            (Some(digits), _) => digest_from(digits),
            (None, body) => digest(body.as_bytes()),
        }
    }

    /// The digest, where it is kept, and the body.
    fn parts(&self) -> (Option<&str>, &str) {
        match self.0.split_at_checked(DIGITS) {
            Some((digits, body)) if body.len() >= LONG => (Some(digits), body),
            Some(_) | None => (None, &self.0),
        }
    }
}

impl From<&str> for Body {
    fn from(body: &str) -> Self {
        if body.len() < LONG {
            return Self(body.into());
        }
        let digits = u128::from_be_bytes(digest(body.as_bytes()));
        Self(format!("{digits:032x}{body}").into())
    }
}

impl Deref for Body {
    type Target = str;

    fn deref(&self) -> &str {
        self.parts().1
    }
}

fn digest_from(digits: &str) -> Digest {
    let number = u128::from_str_radix(digits, 16);
    number.expect("a long body begins with its digest").to_be_bytes()
}

pub(crate) fn digest(bytes: &[u8]) -> Digest {
    Md5::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_and_its_digest_are_what_was_sent_however_long_it_is() {
        for bytes in [0, 1, DIGITS, LONG - DIGITS, LONG - 1, LONG, LONG + 1, LONG + DIGITS, 1 << 20]
        {
            for letter in ["x", "é"] {
                let text = letter.repeat(bytes / letter.len());
                let body = Body::from(&*text);
                assert_eq!(&*body, text);
                assert_eq!(body.digest(), digest(text.as_bytes()), "{bytes} bytes");
            }
        }
    }

    #[test]
    fn a_long_body_has_its_digest_at_hand() {
        assert!(Body::from(&*"x".repeat(LONG - 1)).parts().0.is_none());
        assert!(Body::from(&*"x".repeat(LONG)).parts().0.is_some());
    }
}
