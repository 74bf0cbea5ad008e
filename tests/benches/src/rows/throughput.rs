//! Eight callers on eight warm instances.

use std::time::Duration;

use super::{Caller, at_once};
use crate::figures::Rounds;
use crate::programs::{Program, Relay, instances, ps};
use crate::table::{Bar, Row, Unit};
use crate::{Bench, Failure};

const CALLERS: usize = 8;
const ROUND: Duration = Duration::from_millis(700);
/// Long enough for eight processes to start on one core.
const HOLD: Duration = Duration::from_millis(500);

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Row>, Failure> {
    let relay = bench.place.relay(CALLERS)?;
    let pinned = compare(bench, "8 callers, 8 warm instances", &relay)?.bar(Bar::AtLeast(0.9));
    drop(relay);
    // What of it is the function's own work, which a trace id and a status give it.
    let relay = bench.place.relay_that_says_all(CALLERS)?;
    let fair = compare(bench, "  the relay says a trace id and a status", &relay)?;
    drop(relay);
    // What the scheduler makes of it: to be seen, and no promise.
    bench.cores.take_all()?;
    let relay = bench.place.relay(CALLERS)?;
    let free = compare(bench, "  on all cores", &relay)?;
    Ok(vec![pinned, fair, free])
}

fn compare(bench: &Bench, what: &str, relay: &Relay) -> Result<Row, Failure> {
    let lunch = bench.place.lunch(&[])?;
    for program in [&lunch, &relay.program] {
        at_once(program, CALLERS, HOLD)?;
    }
    let (mut ours, mut floor) = (Rounds::default(), Rounds::default());
    for _ in 0..bench.rounds {
        ours.add(per_second(&lunch)?);
        floor.add(per_second(&relay.program)?);
    }
    let found = instances(&ps(&mut lunch.client()?)?);
    if found != CALLERS {
        return Err(Failure::Premise(format!(
            "{CALLERS} callers were to need {CALLERS} instances and got {found}"
        )));
    }
    Ok(Row::alone(what, Unit::PerSecond, &ours).over("relay", &floor))
}

/// How many calls are answered in a second, all callers together.
fn per_second(program: &Program) -> Result<f64, Failure> {
    let callers = (0..CALLERS).map(|_| Caller::of(program)).collect::<Result<Vec<_>, _>>()?;
    super::per_second(callers, ROUND, |caller| caller.call().map(drop))
}
