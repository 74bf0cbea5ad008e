//! The bytes of message attributes that AWS digests by MD5. The hasher is the driver's.

use alloc::vec::Vec;

/// One user attribute of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserAttribute<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its type with its suffix, as `Number.int`.
    pub data_type: &'a str,
    /// Its value.
    pub value: AttributeValue<'a>,
}

/// The value of a user attribute, by the way it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeValue<'a> {
    /// `String` and `Number`.
    Text(&'a str),
    /// `Binary`, decoded.
    Binary(&'a [u8]),
}

/// Hands the bytes that `MD5OfMessageAttributes` is made of to a hasher, in order. F 9.3.
///
/// The attributes may come in any order: they are sorted by name here.
pub fn feed_attributes(attributes: &[UserAttribute<'_>], mut hasher: impl FnMut(&[u8])) {
    let mut sorted: Vec<_> = attributes.iter().collect();
    sorted.sort_unstable_by_key(|attribute| attribute.name);
    for attribute in sorted {
        feed(&mut hasher, attribute.name.as_bytes());
        feed(&mut hasher, attribute.data_type.as_bytes());
        match attribute.value {
            AttributeValue::Text(text) => {
                hasher(&[1]);
                feed(&mut hasher, text.as_bytes());
            }
            AttributeValue::Binary(bytes) => {
                hasher(&[2]);
                feed(&mut hasher, bytes);
            }
        }
    }
}

/// The length in four bytes, then the bytes. No message is as long as 4 GiB.
fn feed(hasher: &mut impl FnMut(&[u8]), bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    hasher(&length.to_be_bytes());
    hasher(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_sorted_and_each_part_has_its_length() {
        let text = AttributeValue::Text("v");
        let binary = AttributeValue::Binary(&[9, 8]);
        let attributes = [
            UserAttribute { name: "b", data_type: "String", value: text },
            UserAttribute { name: "a", data_type: "Binary", value: binary },
        ];
        let mut fed = Vec::new();
        feed_attributes(&attributes, |bytes| fed.extend_from_slice(bytes));
        let mut expected = Vec::new();
        expected.extend_from_slice(b"\0\0\0\x01a\0\0\0\x06Binary\x02\0\0\0\x02\x09\x08");
        expected.extend_from_slice(b"\0\0\0\x01b\0\0\0\x06String\x01\0\0\0\x01v");
        assert_eq!(fed, expected);
    }
}
