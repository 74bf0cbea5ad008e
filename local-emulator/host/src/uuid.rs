//! Random names: request ids, extension ids, log streams, trace ids.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};

use hyper::header::HeaderValue;

/// A version 4 UUID.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Uuid([u8; 16]);

/// A UUID as it is written.
pub(crate) struct UuidText([u8; 36]);

impl Uuid {
    pub(crate) const fn of_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn bytes(self) -> [u8; 16] {
        self.0
    }

    /// As it is written.
    pub(crate) fn text(self) -> UuidText {
        let mut text = [b'-'; 36];
        for (byte, place) in self.0.into_iter().zip(PLACES) {
            text[place] = hex(byte >> 4);
            text[place + 1] = hex(byte);
        }
        UuidText(text)
    }
}

/// Where each byte's two digits stand between the dashes.
const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

impl std::ops::Deref for UuidText {
    type Target = str;

    fn deref(&self) -> &str {
        str::from_utf8(&self.0).expect("a UUID is made of ASCII only")
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl From<Uuid> for HeaderValue {
    fn from(uuid: Uuid) -> Self {
        Self::from_str(&uuid.text()).expect("a UUID is made of ASCII only")
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// Makes names that no other run makes. No secret is made of it, and no decision.
#[derive(Debug)]
pub(crate) struct Names {
    state: u64,
    /// 96 bits, of which the upper half is random.
    next_trace: u128,
}

impl Names {
    /// Begins at a place of the operating system's choice.
    pub(crate) fn new() -> Self {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u32(std::process::id());
        hasher.write_u128(crate::clock::wall().as_nanos());
        let mut names = Self { state: hasher.finish(), next_trace: 0 };
        names.next_trace = u128::from(names.next() >> 16) << 48;
        names
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 128 random bits.
    pub(crate) fn wide(&mut self) -> u128 {
        (u128::from(self.next()) << 64) | u128::from(self.next())
    }

    /// A new UUID.
    pub(crate) fn uuid(&mut self) -> Uuid {
        let bits = self.wide() & !(0xf << 76) & !(0b11 << 62) | (4 << 76) | (0b10 << 62);
        Uuid(bits.to_be_bytes())
    }

    /// A trace id as AWS makes it where the caller sent none: not sampled. D:runtimes-custom.
    ///
    /// They ascend within a run. A runtime that puts each of them into its environment never gets
    /// rid of one: glibc's `setenv` keeps every value that it ever saw in a sorted tree. Random ones
    /// walk through all of it, ascending ones along its edge.
    pub(crate) fn trace_id(&mut self, unix_secs: u64) -> String {
        let bits = self.next_trace;
        self.next_trace += 1;
        let mut text = String::with_capacity(74);
        text.push_str("Root=1-");
        push_hex(&mut text, u128::from(unix_secs), 8);
        text.push('-');
        push_hex(&mut text, bits, 24);
        text.push_str(";Parent=");
        push_hex(&mut text, u128::from(self.next()), 16);
        text.push_str(";Sampled=0");
        text
    }
}

fn push_hex(text: &mut String, bits: u128, digits: u32) {
    for digit in (0..digits).rev() {
        text.push(char::from(hex((bits >> (4 * digit)).to_le_bytes()[0])));
    }
}

/// The lowest four bits as a digit.
const fn hex(byte: u8) -> u8 {
    b"0123456789abcdef"[(byte & 0xf) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_says_that_it_is_random() {
        let mut names = Names::new();
        let (one, other) = (names.uuid(), names.uuid());
        assert_ne!(one, other);
        let text = one.to_string();
        assert_eq!(text.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert_eq!(&text[14..15], "4");
        assert!("89ab".contains(&text[19..20]), "{text}");
    }

    #[test]
    fn a_trace_id_has_awss_form() {
        let text = Names::new().trace_id(0x5759_e988);
        assert!(text.starts_with("Root=1-5759e988-"), "{text}");
        assert!(text.ends_with(";Sampled=0"), "{text}");
        assert_eq!(
            text.len(),
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0".len()
        );
    }

    #[test]
    fn trace_ids_ascend_in_a_run_and_are_no_other_runs() {
        let of_a_run = || {
            let mut names = Names::new();
            [(); 300].map(|()| names.trace_id(0x5759_e988))
        };
        let (one, other) = (of_a_run(), of_a_run());
        assert!(one.is_sorted() && one[0] != one[299], "{} .. {}", one[0], one[299]);
        assert_ne!(one[0][..28], other[0][..28]);
    }
}
