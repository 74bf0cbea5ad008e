//! From the start of the program until it can be connected to, with functions taken as they are.

use std::time::Instant;

use super::millis;
use crate::figures::Rounds;
use crate::table::{Bar, Row, Unit};
use crate::{Bench, Failure};

const STARTS: usize = 20;

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Row>, Failure> {
    let mut starts = Rounds::default();
    for _ in 0..STARTS {
        let since = Instant::now();
        let lunch = bench.place.lunch(&[])?;
        lunch.client()?;
        starts.add(millis(since.elapsed()));
    }
    let row = Row::alone("listening after the start, median of 20", Unit::Millis, &starts);
    Ok(vec![row.bar(Bar::AtMost(50.0))])
}
