//! Order files: JSON Lines of `{at, function, payload}`, and bigger crowds sampled from them.
//!
//! A line that is no order is kept as a complaint with its number; the rest is served all the same.

use std::cmp::Ordering;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

/// One order: who is to be called when, and with what.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// The line that it stands in, from 1.
    pub(crate) line: usize,
    /// How long after the doors open.
    pub(crate) at: Duration,
    /// The function's name, as the template or the user calls it.
    pub(crate) function: String,
    /// The payload as it stands in the file, byte for byte.
    pub(crate) payload: Box<RawValue>,
}

/// What an order file has.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    /// By their time.
    pub(crate) orders: Vec<Order>,
    /// Lines that are no order.
    pub(crate) malformed: Vec<Malformed>,
}

/// A line that is no order.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line `{line}` is no order: {why}")]
pub(crate) struct Malformed {
    pub(crate) line: usize,
    pub(crate) why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    at: f64,
    function: String,
    payload: Box<RawValue>,
}

/// Reads a whole file. Blank lines are nothing.
pub(crate) fn read(text: &str) -> Orders {
    let mut read = Orders::default();
    for (index, text) in text.lines().enumerate() {
        let line = index + 1;
        if text.trim().is_empty() {
            continue;
        }
        match order(line, text) {
            Ok(order) => read.orders.push(order),
            Err(why) => read.malformed.push(Malformed { line, why }),
        }
    }
    read.orders.sort_by(by_time);
    read
}

fn order(line: usize, text: &str) -> Result<Order, String> {
    let Line { at, function, payload } = serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        // The library names line 1, since it was given one line.
        message.replace("at line 1 column", "at column")
    })?;
    let at = Duration::try_from_secs_f64(at)
        .map_err(|_| format!("`at` is `{at}`, and is seconds after the doors open, from 0 on"))?;
    if function.is_empty() {
        return Err("`function` is empty".to_owned());
    }
    Ok(Order { line, at, function, payload })
}

fn by_time(a: &Order, b: &Order) -> Ordering {
    a.at.cmp(&b.at).then(a.line.cmp(&b.line))
}

/// As many orders, each one of the file's by the seed. They come when the file's come, in the same waves: each takes
/// the time of one of the file's orders, moved by chance towards the next one.
pub(crate) fn crowd(orders: &[Order], size: usize, seed: u64) -> Vec<Order> {
    let mut chance = fastrand::Rng::with_seed(seed);
    if orders.is_empty() {
        return Vec::new();
    }
    let mut crowd: Vec<_> = (0..size)
        .map(|_| {
            let when = chance.usize(0..orders.len());
            let next = orders.get(when + 1).unwrap_or(&orders[when]);
            let gap = next.at.saturating_sub(orders[when].at);
            let at = orders[when].at + gap.mul_f64(chance.f64());
            Order { at, ..orders[chance.usize(0..orders.len())].clone() }
        })
        .collect();
    crowd.sort_by(by_time);
    crowd
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
{"at": 1.5, "function": "coffee", "payload": {"id":  2}}
{"at": 0, "function": "coffee", "payload": null}
{"at": -1, "function": "coffee", "payload": 1}
{"at": 1, "function": "coffee"}
{"at": 1, "function": "coffee", "payload": {"id"}}
not even JSON
{"at": 2, "function": "", "payload": 1}
"#;

    #[test]
    fn orders_come_by_time_and_payloads_are_kept_byte_for_byte() {
        let read = read(FILE);
        let seen: Vec<_> =
            read.orders.iter().map(|order| (order.line, order.payload.get())).collect();
        assert_eq!(seen, [(3, "null"), (2, r#"{"id":  2}"#)]);
    }

    #[test]
    fn each_malformed_line_is_named_with_its_number_and_why() {
        let complaints: Vec<_> = read(FILE).malformed.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(complaints.join("\n"), @r"
        line `4` is no order: `at` is `-1`, and is seconds after the doors open, from 0 on
        line `5` is no order: missing field `payload` at column 31
        line `6` is no order: expected `:` at column 49
        line `7` is no order: expected ident at column 2
        line `8` is no order: `function` is empty
        ");
    }

    #[test]
    fn a_crowd_is_the_same_for_the_same_seed_and_another_for_another() {
        let orders = read(FILE).orders;
        let times = |seed| {
            let crowd = crowd(&orders, 50, seed);
            crowd.iter().map(|order| (order.at, order.line)).collect::<Vec<_>>()
        };
        assert_eq!(times(1), times(1));
        assert_ne!(times(1), times(2));
        assert_eq!(times(1).len(), 50);
        assert!(times(1).is_sorted());
    }

    #[test]
    fn a_crowd_from_no_orders_is_nobody() {
        assert!(crowd(&[], 10, 1).is_empty());
    }
}
