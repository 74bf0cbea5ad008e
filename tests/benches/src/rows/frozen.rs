//! A request that finds its instance frozen, beside the same request after the same gap with freezing off.

use std::time::Duration;

use super::{Caller, micros};
use crate::figures::{Rounds, Sample};
use crate::programs::{Program, ps};
use crate::table::{Bar, Row, Unit};
use crate::{Bench, Failure, pause};

/// Between two requests, each to the other cloud. An instance is frozen 5 ms after its answer.
const GAP: Duration = Duration::from_millis(12);
const CALLS: usize = 40;

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Row>, Failure> {
    let (freezing, never) =
        (bench.place.lunch(&[])?, bench.place.lunch(&["--freeze-after", "never"])?);
    let (mut frozen, mut awake) = (Caller::of(&freezing)?, Caller::of(&never)?);
    for caller in [&mut frozen, &mut awake] {
        caller.calls(CALLS, &mut Sample::default())?;
    }
    pause(GAP);
    expect_phase(&freezing, "frozen")?;
    expect_phase(&never, "idle")?;
    let (mut ours, mut floor) = (Rounds::default(), Rounds::default());
    for _ in 0..bench.rounds {
        let (mut of_frozen, mut of_awake) = (Sample::default(), Sample::default());
        for _ in 0..CALLS {
            pause(GAP);
            of_frozen.add(frozen.call()?);
            pause(GAP);
            of_awake.add(awake.call()?);
        }
        ours.add(micros(of_frozen.p50()));
        floor.add(micros(of_awake.p50()));
    }
    let row = Row::alone("finds its instance frozen, p50", Unit::Micros, &ours);
    Ok(vec![row.over("never frozen", &floor).bar(Bar::AtMost(1.3))])
}

fn expect_phase(program: &Program, phase: &str) -> Result<(), Failure> {
    let ps = ps(&mut program.client()?)?;
    let found = &ps["instances"][0]["phase"];
    if found == phase {
        return Ok(());
    }
    Err(Failure::Premise(format!("the instance was to be {phase} and is {found}")))
}
