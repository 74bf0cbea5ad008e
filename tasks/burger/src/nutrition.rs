//! How nourishing burgers are: a calculation that takes the processor a while, and the process that does it for others.

use std::hint::black_box;
use std::io::{self, BufRead, Write};

/// The most burgers in one calculation: on a present-day core some seconds.
pub const BURGERS_MAX: u32 = 1_000_000;
/// What is gone through for each burger.
const CRUMBS: u32 = 1_000;

/// The kilojoules of so many burgers, crumb by crumb.
#[must_use]
pub fn kilojoules(burgers: u32) -> u64 {
    let mut crumb = 0x2545_F491_4F6C_DD1D_u64;
    let mut sum = 0_u64;
    for _ in 0..burgers {
        let mut joules = 0_u64;
        for _ in 0..CRUMBS {
            crumb ^= crumb << 13;
            crumb ^= crumb >> 7;
            crumb ^= crumb << 17;
            joules += 2_000 + black_box(crumb) % 200;
        }
        sum += joules;
    }
    sum / 1_000
}

/// Answers each line, a number of burgers, with a line, their kilojoules, until nobody asks any more.
///
/// # Errors
/// If a line is no number of burgers, or nobody listens.
pub fn answer(asked: impl BufRead, mut answered: impl Write) -> io::Result<()> {
    for line in asked.lines() {
        let burgers = line?.parse().map_err(io::Error::other)?;
        writeln!(answered, "{}", kilojoules(burgers))?;
        answered.flush()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_answered_by_a_line() {
        let mut answered = Vec::new();
        answer(&b"1\n2\n"[..], &mut answered).expect("two numbers");
        let expected = format!("{}\n{}\n", kilojoules(1), kilojoules(2));
        assert_eq!(String::from_utf8(answered).expect("text"), expected);
        let per_burger = kilojoules(10) / 10;
        assert!((2_000..2_200).contains(&per_burger), "{per_burger}");
        answer(&b"many\n"[..], Vec::new()).expect_err("no number");
    }
}
