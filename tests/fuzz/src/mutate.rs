//! The mutator: a text of the corpus, and a few changes to it. All of it follows from the seed.

use fastrand::Rng;

/// What has been a bound or a special case somewhere.
const NUMBERS: [&str; 14] = [
    "0",
    "-1",
    "1",
    "255",
    "256",
    "65535",
    "2147483648",
    "4294967296",
    "-9223372036854775808",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "1e999",
    "0.1",
];

/// Nothing longer is made: what is too large is a test of its own.
const BYTES_MAX: usize = 64 * 1024;

/// Changes a text; what else there is in the corpus lends its pieces.
pub(crate) fn mutate(rng: &mut Rng, text: &mut Vec<u8>, others: &[Vec<u8>], words: &[&str]) {
    // Mostly few changes, so that what comes after them is still looked at.
    let changes = 1 + (rng.u32(..) | 1 << 3).trailing_zeros();
    for _ in 0..changes {
        once(rng, text, others, words);
    }
    text.truncate(BYTES_MAX);
}

fn once(rng: &mut Rng, text: &mut Vec<u8>, others: &[Vec<u8>], words: &[&str]) {
    let (from, to) = piece(rng, text.len());
    match rng.u8(..11) {
        0 if from < text.len() => text[from] ^= 1 << rng.u8(..8),
        1 if from < text.len() => text[from] = rng.u8(..),
        2 => drop(text.drain(from..to)),
        3 => insert(text, from, &[rng.u8(..)]),
        4 => {
            let again = text[from..to].repeat(rng.usize(1..4));
            insert(text, to, &again);
        }
        5 | 6 if !others.is_empty() => {
            let other = &others[rng.usize(..others.len())];
            let (begin, end) = piece(rng, other.len());
            drop(text.splice(from..to, other[begin..end].iter().copied()));
        }
        7 | 8 if !words.is_empty() => {
            let word = words[rng.usize(..words.len())];
            let replaced = if rng.bool() { to } else { from };
            drop(text.splice(from..replaced, word.bytes()));
        }
        9 => number(rng, text),
        10 if rng.u8(..4) == 0 => {
            let deep = [b'[', b'{', b'(', b'"', b' ', b'\n', b'-', b'a'][rng.usize(..8)];
            insert(text, from, &vec![deep; 1 << rng.u32(..13)]);
        }
        _ => text.truncate(from.max(1)),
    }
}

/// A number that stands in the text becomes another one.
fn number(rng: &mut Rng, text: &mut Vec<u8>) {
    let (start, _) = piece(rng, text.len());
    let Some(from) = text[start..].iter().position(u8::is_ascii_digit) else { return };
    let from = start + from;
    let digits = text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    drop(text.splice(from..from + digits, NUMBERS[rng.usize(..NUMBERS.len())].bytes()));
}

/// Where a piece of so long a text begins and ends; mostly a short one.
fn piece(rng: &mut Rng, length: usize) -> (usize, usize) {
    let from = rng.usize(..=length);
    let most = if rng.u8(..4) == 0 { length - from } else { (length - from).min(16) };
    (from, from + rng.usize(..=most))
}

fn insert(text: &mut Vec<u8>, at: usize, what: &[u8]) {
    drop(text.splice(at..at, what.iter().copied()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(seed: u64) -> Vec<Vec<u8>> {
        let mut rng = Rng::with_seed(seed);
        let others = [b"GET / HTTP/1.1".to_vec(), Vec::new()];
        let mut all = Vec::new();
        for _ in 0..2_000 {
            let mut text = others[rng.usize(..2)].clone();
            mutate(&mut rng, &mut text, &others, &["Host"]);
            assert!(text.len() <= BYTES_MAX);
            all.push(text);
        }
        all
    }

    #[test]
    fn the_same_seed_makes_the_same_changes_and_another_one_others() {
        assert_eq!(made(7), made(7));
        assert_ne!(made(7), made(8));
    }
}
