//! What a deep queue costs: an operation's time, and a message's memory. The real program, one caller; in
//! memory, but for what a message that is kept takes there, too.

use std::time::{Duration, Instant};

use super::memory::resident_kb;
use super::micros;
use super::queues::{Call, made};
use crate::figures::{Rounds, Sample};
use crate::programs::Program;
use crate::table::{Bar, Row, Unit};
use crate::{Bench, Failure};

const FEW: u32 = 1_000;
const MANY: u32 = 1_000_000;
/// Sends, receives and deletions of each turn.
const CYCLES: usize = 500;
const TURNS: usize = 4;
/// As many as one call takes.
const BATCH: u32 = 10;
/// Bytes of a message's body.
const BODY_BYTES: u32 = 100;
const URL: &str = "http://127.0.0.1/123456789012/deep";

/// A queue with many messages, and its callers.
struct Deep {
    send: Call,
    receive: Call,
    delete: Call,
    /// How much more the program holds than without the messages, in 1,000 bytes.
    grown_kb: f64,
    /// It lives as long as it is called.
    _lunch: Program,
}

impl Deep {
    fn of(bench: &Bench, count: u32) -> Result<Self, Failure> {
        let lunch = bench.place.lunch(&[])?;
        let grown_kb = fill(&lunch, count)?;
        let body = "x".repeat(BODY_BYTES as usize);
        let given = format!(r#"{{"QueueUrl":"{URL}","MessageBody":"{body}"}}"#);
        // Now and not before: a connection that nothing comes by is closed.
        let send = Call::of(&lunch, "SendMessage", &given)?;
        let receive = Call::of(&lunch, "ReceiveMessage", &format!(r#"{{"QueueUrl":"{URL}"}}"#))?;
        let delete = Call::of(&lunch, "DeleteMessage", "{}")?;
        Ok(Self { send, receive, delete, grown_kb, _lunch: lunch })
    }

    /// One message more, one received, and that one deleted: as deep as before.
    fn cycle(&mut self) -> Result<Duration, Failure> {
        let since = Instant::now();
        self.send.once()?;
        let received = self.receive.once()?;
        let handle = received
            .split_once("\"ReceiptHandle\":\"")
            .and_then(|(_, rest)| rest.split_once('"'))
            .ok_or_else(|| Failure::Premise(format!("nothing was received: {received}")))?;
        let given = format!(r#"{{"QueueUrl":"{URL}","ReceiptHandle":"{}"}}"#, handle.0);
        self.delete.asks("DeleteMessage", &given);
        self.delete.once()?;
        Ok(since.elapsed())
    }
}

/// Puts so many messages in a queue, and says how much more the program holds then, in 1,000 bytes.
fn fill(lunch: &Program, count: u32) -> Result<f64, Failure> {
    made(lunch, "deep")?;
    let empty = resident_kb(lunch.pid())?;
    let body = "x".repeat(BODY_BYTES as usize);
    let entry = |id| format!(r#"{{"Id":"{id}","MessageBody":"{body}"}}"#);
    let entries: Vec<_> = (0..BATCH).map(entry).collect();
    let given = format!(r#"{{"QueueUrl":"{URL}","Entries":[{}]}}"#, entries.join(","));
    let mut batch = Call::of(lunch, "SendMessageBatch", &given)?;
    (0..count / BATCH).try_for_each(|_| batch.once().map(drop))?;
    Ok(resident_kb(lunch.pid())? - empty)
}

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Row>, Failure> {
    // The deep one first: the other's connections would wait for nothing meanwhile.
    let mut deep = Deep::of(bench, MANY)?;
    let mut shallow = Deep::of(bench, FEW)?;
    let (mut few, mut many) = (Rounds::default(), Rounds::default());
    for _ in 0..bench.rounds {
        let mut samples = [(); 2].map(|()| Sample::default());
        for _ in 0..TURNS {
            for (queue, sample) in [&mut shallow, &mut deep].into_iter().zip(&mut samples) {
                sample.reserve(CYCLES);
                for _ in 0..CYCLES {
                    sample.add(queue.cycle()?);
                }
            }
        }
        let [of_few, of_many] = &mut samples;
        few.add(micros(of_few.p50()));
        many.add(micros(of_many.p50()));
    }
    let grown_kb = deep.grown_kb;
    drop(deep);
    let kept = bench.place.lunch_that_keeps("deep", "process")?;
    let each = |what: &str, grown_kb: f64| {
        let bytes = grown_kb * 1e3 / f64::from(MANY) - f64::from(BODY_BYTES);
        Row::figure(what, Unit::Bytes, bytes).bar(Bar::AtMost(200.0))
    };
    let what = "send, receive, delete, p50, 1,000,000 queued";
    Ok(vec![
        Row::alone(what, Unit::Micros, &many).over("1,000 queued", &few).bar(Bar::AtMost(2.0)),
        each("  resident for each beyond its body, in memory", grown_kb),
        each("  kept, as by default", fill(&kept, MANY)?),
    ])
}
