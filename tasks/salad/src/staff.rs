//! The staff: what a maker and the washer do, each in a process of its own, as the counter tells it over its socket.
//!
//! Whoever notices that the counter is gone goes home.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::time::Instant;

use thiserror::Error;

use crate::Salad;
use crate::chop::{chop, cpu_time};
use crate::link::StaffEnd;
use crate::word::{BowlId, Cost, Report, Ticket, Word};

/// The first argument of a process that makes salads.
pub const MAKER: &str = "maker";
/// The first argument of the process that washes bowls.
pub const WASHER: &str = "washer";

/// So often during each step of the work one looks up, whether the counter is still there.
const LOOKS: u64 = 8;

/// Why one of the staff cannot do its part.
#[derive(Debug, Error)]
pub enum Trouble {
    /// Not started by a counter.
    #[error(
        "how many rounds a piece of work is has to be said, as a number\n(the counter starts its staff: run the program without an argument)"
    )]
    NoRounds,
    /// The socket does not work, or is none.
    #[error(
        "the socket to the counter, which is standard input, fails: {0}\n(the counter starts its staff: run the program without an argument)"
    )]
    Link(#[from] io::Error),
    /// The counter says what does not belong here.
    #[error("the counter said {0:?} out of turn")]
    OutOfTurn(Word),
}

/// What a process is told by its arguments, after which part it plays.
///
/// # Errors
/// If it is not one number.
pub fn rounds(mut arguments: impl Iterator<Item = OsString>) -> Result<u64, Trouble> {
    let first = arguments.next().ok_or(Trouble::NoRounds)?;
    let rounds = first.to_str().and_then(|text| text.parse().ok()).ok_or(Trouble::NoRounds)?;
    arguments.next().map_or(Ok(rounds), |_| Err(Trouble::NoRounds))
}

/// Makes salads of so many rounds each until the counter is gone.
///
/// # Errors
/// If the socket fails, or something else than an order and then its bowl comes.
pub fn make(rounds: u64) -> Result<(), Trouble> {
    let input = io::stdin();
    let counter = StaffEnd::new(input.as_fd());
    counter.send(&Report::Ready)?;
    while let Some(word) = counter.receive()? {
        let Word::Order(ticket, salad) = word else {
            return Err(Trouble::OutOfTurn(word));
        };
        let ordered = Instant::now();
        let Some(word) = counter.receive()? else {
            break;
        };
        let Word::Bowl(bowl) = word else {
            return Err(Trouble::OutOfTurn(word));
        };
        if !make_one(&counter, ticket, &salad, bowl, ordered, rounds)? {
            break;
        }
    }
    Ok(())
}

/// One salad, in this bowl; false if the counter is gone.
fn make_one(
    counter: &StaffEnd<'_>,
    ticket: Ticket,
    salad: &Salad,
    bowl: BowlId,
    ordered: Instant,
    rounds: u64,
) -> io::Result<bool> {
    let work = Work::begin(ordered);
    let shares = shares(salad.ingredients.len(), rounds);
    for share in shares {
        if !work_at(counter, share)? {
            return Ok(false);
        }
    }
    // Into the container, over the counter, and then the bowl is free.
    let is_served = counter.send(&Report::Served(ticket, work.end()))?;
    Ok(is_served && counter.send(&Report::Used(bowl))?)
}

/// Washes bowls, so many rounds each, until the counter is gone.
///
/// # Errors
/// If the socket fails, or something else than a bowl comes.
pub fn wash(rounds: u64) -> Result<(), Trouble> {
    let input = io::stdin();
    let counter = StaffEnd::new(input.as_fd());
    counter.send(&Report::Ready)?;
    while let Some(word) = counter.receive()? {
        let Word::Bowl(bowl) = word else {
            return Err(Trouble::OutOfTurn(word));
        };
        let work = Work::begin(Instant::now());
        if !work_at(&counter, rounds)? || !counter.send(&Report::Washed(bowl, work.end()))? {
            break;
        }
    }
    Ok(())
}

/// What each step costs, in rounds: a fifth of the salad for the leaves, half of it for all that is chopped, however much
/// that is, a tenth for the dressing, and what is left for mixing and filling the container.
fn shares(ingredients: usize, rounds: u64) -> Vec<u64> {
    let (leaves, dressing) = (rounds / 5, rounds / 10);
    let many = u64::try_from(ingredients).expect("a bowl holds a few");
    let each = (rounds / 2).checked_div(many).unwrap_or(0);
    let mut shares = vec![leaves];
    shares.extend((0..ingredients).map(|_| each));
    shares.push(dressing);
    shares.push(rounds - leaves - dressing - each * many);
    shares
}

/// Works, and looks up now and then; false if the counter is gone.
fn work_at(counter: &StaffEnd<'_>, rounds: u64) -> io::Result<bool> {
    let (each, rest) = (rounds / LOOKS, rounds % LOOKS);
    chop(rest);
    for _ in 0..if each == 0 { 0 } else { LOOKS } {
        if counter.is_closed()? {
            return Ok(false);
        }
        chop(each);
    }
    Ok(true)
}

/// A piece of work that has begun.
struct Work {
    ordered: Instant,
    begun: Instant,
    cpu_before: std::time::Duration,
}

impl Work {
    fn begin(ordered: Instant) -> Self {
        Self { ordered, begun: Instant::now(), cpu_before: cpu_time() }
    }

    fn end(self) -> Cost {
        let us = |span: std::time::Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        Cost {
            cpu_us: us(cpu_time().saturating_sub(self.cpu_before)),
            wall_us: us(self.begun.elapsed()),
            bowl_wait_us: us(self.begun - self.ordered),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_salad_costs_the_same_whatever_is_in_it() {
        for ingredients in 0..=crate::INGREDIENTS_MAX {
            for rounds in [0, 1, 7, 1_000_003] {
                let shares = shares(ingredients, rounds);
                assert_eq!(shares.len(), ingredients + 3);
                assert_eq!(shares.iter().sum::<u64>(), rounds);
            }
        }
    }

    #[test]
    fn whoever_is_not_started_by_a_counter_is_told_so() {
        let given = |words: &[&str]| rounds(words.iter().map(OsString::from));
        assert_eq!(given(&["500"]).expect("a number"), 500);
        for words in [&[][..], &["many"], &["500", "500"], &["-1"]] {
            let told = given(words).expect_err("it is refused").to_string();
            assert!(
                told.starts_with("how many rounds a piece of work is has to be said"),
                "{told}"
            );
        }
    }
}
