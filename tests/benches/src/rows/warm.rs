//! A warm invocation: one caller, one connection, one call after the other.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::time::Instant;

use super::{Caller, micros};
use crate::figures::{Rounds, Sample};
use crate::programs::{Program, QUIET, ps};
use crate::table::{Bar, Row, Unit};
use crate::{Bench, Failure};

/// Turns of each round: what disturbs the machine for longer than a turn disturbs everybody.
const TURNS: usize = 6;
/// Calls that come before a turn is timed: the instance is thawed and everything is in the caches.
const WARM_UP: usize = 60;
/// Timed calls of each turn.
const CALLS: usize = 500;

/// Instances are frozen as they are by default, and there is no journal; what a journal costs is a row of its own.
pub(crate) fn measure(bench: &Bench) -> Result<Vec<Row>, Failure> {
    let (echo, relay) = (bench.place.echo()?, bench.place.relay(1)?);
    let journal = bench.place.file("journal");
    let journal = bench.place.lunch(&["--journal", &journal.to_string_lossy()])?;
    let lunch = bench.place.lunch(&[])?;
    let awake = bench.place.lunch(&["--freeze-after", "never"])?;
    let mut callers = [
        (Caller::of(&echo)?, Rounds::default()),
        (Caller::of(&relay.program)?, Rounds::default()),
        (Caller::of(&lunch)?, Rounds::default()),
        (Caller::of(&journal)?, Rounds::default()),
        (Caller::of(&awake)?, Rounds::default()),
        (Caller::of_function(&lunch, QUIET)?, Rounds::default()),
    ];
    let mut looks = Rounds::default();
    for _ in 0..bench.rounds {
        let mut samples = [(); 6].map(|()| Sample::default());
        for _ in 0..TURNS {
            for ((caller, _), sample) in callers.iter_mut().zip(&mut samples) {
                caller.calls(WARM_UP, &mut Sample::default())?;
                caller.calls(CALLS, sample)?;
            }
        }
        for ((_, rounds), sample) in callers.iter_mut().zip(&mut samples) {
            rounds.add(micros(sample.p50()));
        }
        looks.add(micros(looks_at(&lunch)?.p50()));
    }
    let [echo, relay, lunch, journal, awake, quiet] = callers.map(|(_, rounds)| rounds);
    let name = "warm invoke, 1 caller, p50";
    Ok(vec![
        Row::alone(name, Unit::Micros, &lunch).over("relay", &relay).bar(Bar::AtMost(1.35)),
        Row::alone(name, Unit::Micros, &lunch).over("echo", &echo).bar(Bar::AtMost(6.0)),
        Row::alone("  the floors beside each other: relay", Unit::Micros, &relay)
            .over("echo", &echo),
        Row::alone("  with a journal", Unit::Micros, &journal).over("without", &lunch),
        Row::alone("  what freezing costs: frozen when idle", Unit::Micros, &lunch)
            .over("never", &awake),
        Row::alone("  what logs cost: AWS's lines", Unit::Micros, &lunch).over("none", &quiet),
        Row::alone("  what memory costs: a look, once in 50 ms", Unit::Micros, &looks),
    ])
}

/// Looks at how much memory a function has had, as `lunch` does it: once in a while, so that nothing is in the caches.
fn looks_at(lunch: &Program) -> Result<Sample, Failure> {
    const LOOKS: usize = 40;
    let instances = ps(&mut lunch.client()?)?;
    let pid = instances["instances"][0]["pid"].as_u64();
    let pid = pid.ok_or_else(|| Failure::Premise("no instance has a process".into()))?;
    let status = File::open(format!("/proc/{pid}/status"))
        .map_err(Failure::to("open how much memory it has had"))?;
    let mut sample = Sample::default();
    let mut caller = Caller::of(lunch)?;
    for _ in 0..LOOKS {
        caller.call()?;
        let mut buffer = [0; 4_096];
        let since = Instant::now();
        status.read_at(&mut buffer, 0).map_err(Failure::to("read how much memory it has had"))?;
        sample.add(since.elapsed());
    }
    Ok(sample)
}
