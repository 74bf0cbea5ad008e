//! A cold invocation, beside starting the same program by hand and answering it.

use std::time::{Duration, Instant};

use super::{Caller, EVENT, millis};
use crate::by_hand::ByHand;
use crate::figures::{Rounds, Sample};
use crate::http::{Client, PATIENCE};
use crate::programs::{FUNCTION, Program, instances, ps};
use crate::table::{Bar, Row, Unit};
use crate::{Bench, Failure, pause};

const CALLS: usize = 40;
/// Before each, so that what ended is gone and the machine is at rest.
const REST: Duration = Duration::from_millis(3);

/// File systems that a machine has mounted where many are.
const MOUNTS: usize = 100;

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Row>, Failure> {
    let row = one(bench, "cold invoke, p50", &bench.place.lunch(&[])?)?;
    let mut rows = vec![row];
    if let Some(lunch) = bench.place.lunch_beside_mounts(MOUNTS)? {
        rows.push(one(bench, "  with 100 mounts more", &lunch)?);
    }
    Ok(rows)
}

fn one(bench: &Bench, name: &'static str, lunch: &Program) -> Result<Row, Failure> {
    let by_hand = ByHand::listen(bench.place.function())?;
    let (mut caller, mut admin) = (Caller::of(lunch)?, lunch.client()?);
    let (mut ours, mut floor) = (Rounds::default(), Rounds::default());
    for _ in 0..bench.rounds {
        let (mut cold, mut spawn) = (Sample::default(), Sample::default());
        for _ in 0..CALLS {
            evict(&mut admin)?;
            pause(REST);
            cold.add(caller.call()?);
            // Both begin with a machine that has just ended a function's process.
            evict(&mut admin)?;
            pause(REST);
            spawn.add(by_hand.cold(EVENT)?);
        }
        ours.add(millis(cold.p50()));
        floor.add(millis(spawn.p50()));
    }
    let row = Row::alone(name, Unit::Millis, &ours);
    Ok(row.over("by hand", &floor).bar(Bar::AtMost(1.2)))
}

/// Takes all instances away, and sees that they are gone.
fn evict(admin: &mut Client) -> Result<(), Failure> {
    let request =
        admin.request("POST", "/_lunch/evict", &format!(r#"{{"function":"{FUNCTION}"}}"#));
    let (status, body) = admin.call(&request)?;
    if status != 200 {
        let body = String::from_utf8_lossy(body).into_owned();
        return Err(Failure::Answer { whom: "lunch", status, body });
    }
    let since = Instant::now();
    while instances(&ps(admin)?) > 0 {
        if since.elapsed() > PATIENCE {
            return Err(Failure::Premise("an evicted instance does not go".into()));
        }
        pause(Duration::from_millis(1));
    }
    Ok(())
}
