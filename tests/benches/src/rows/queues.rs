//! SendMessage, and what comes after it: one caller with one connection, and sixteen of them.

use std::fs::File;
use std::io::Write as _;
use std::time::{Duration, Instant};

use super::micros;
use crate::figures::{Rounds, Sample};
use crate::http::Client;
use crate::programs::Program;
use crate::table::{Bar, Row, Unit};
use crate::{Bench, Failure};

/// Turns of each round.
const TURNS: usize = 6;
const WARM_UP: usize = 100;
/// Timed calls of each turn.
const CALLS: usize = 500;
/// Timed calls of each turn that wait for the disk.
const SYNCED_CALLS: usize = 50;
const CALLERS: usize = 16;
const ROUND: Duration = Duration::from_millis(700);
/// Bytes of a message's body.
const BODY_BYTES: usize = 512;

/// One call of SQS, or the same bytes to whoever sends them back.
pub(super) struct Call {
    client: Client,
    request: Vec<u8>,
}

impl Call {
    pub(super) fn of(program: &Program, action: &str, given: &str) -> Result<Self, Failure> {
        let mut call = Self { client: program.client()?, request: Vec::new() };
        call.asks(action, given);
        Ok(call)
    }

    /// Another request from now on, by the same connection.
    pub(super) fn asks(&mut self, action: &str, given: &str) {
        let target = format!("x-amz-target: AmazonSQS.{action}\r\n");
        self.request = self.client.request_with("POST", "/", &target, given);
    }

    pub(super) fn once(&mut self) -> Result<String, Failure> {
        let (status, body) = self.client.call(&self.request)?;
        let body = String::from_utf8_lossy(body).into_owned();
        if status == 200 { Ok(body) } else { Err(Failure::Premise(format!("{status}: {body}"))) }
    }

    fn calls(&mut self, count: usize, sample: &mut Sample) -> Result<(), Failure> {
        sample.reserve(count);
        for _ in 0..count {
            let since = Instant::now();
            let (status, _) = self.client.call(&self.request)?;
            sample.add(since.elapsed());
            if status != 200 {
                return Err(Failure::Premise(format!("a call was answered with {status}")));
            }
        }
        Ok(())
    }
}

/// A message to that queue.
fn message(queue: &str) -> String {
    let body = "x".repeat(BODY_BYTES);
    format!(r#"{{"QueueUrl":"http://127.0.0.1/123456789012/{queue}","MessageBody":"{body}"}}"#)
}

fn receive(queue: &str) -> String {
    format!(
        r#"{{"QueueUrl":"http://127.0.0.1/123456789012/{queue}","AttributeNames":["All"],"WaitTimeSeconds":20}}"#
    )
}

pub(super) fn made(lunch: &Program, queue: &str) -> Result<(), Failure> {
    Call::of(lunch, "CreateQueue", &format!(r#"{{"QueueName":"{queue}"}}"#))?.once().map(drop)
}

/// `lunch` by what its acknowledgements promise, with its rounds.
struct Kept {
    lunch: Program,
    sent: Call,
    one: Rounds,
    many: Rounds,
}

impl Kept {
    fn of(lunch: Program) -> Result<Self, Failure> {
        for queue in ["sent", "received", "crowd"] {
            made(&lunch, queue)?;
        }
        let sent = Call::of(&lunch, "SendMessage", &message("sent"))?;
        Ok(Self { lunch, sent, one: Rounds::default(), many: Rounds::default() })
    }
}

/// An append of a page and its way to the disk, as often as calls are timed in a turn of the safest `lunch`.
struct Disk(File);

impl Disk {
    fn once(&mut self) -> Result<(), Failure> {
        self.0.write_all(&[0; 4_096])?;
        self.0.sync_data()?;
        Ok(())
    }
}

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Row>, Failure> {
    let echo = bench.place.echo()?;
    let mut memory = Kept::of(bench.place.lunch(&[])?)?;
    let mut process = Kept::of(bench.place.lunch_that_keeps("process", "process")?)?;
    let mut power = Kept::of(bench.place.lunch_that_keeps("power", "power")?)?;
    let mut disk = Disk(File::create(bench.place.file("power/floor"))?);
    let mut echoed = Call::of(&echo, "SendMessage", &message("sent"))?;
    let mut filled = Call::of(&memory.lunch, "SendMessage", &message("received"))?;
    let mut received = Call::of(&memory.lunch, "ReceiveMessage", &receive("received"))?;
    let [mut floor, mut synced, mut taken] = [(); 3].map(|()| Rounds::default());
    for _ in 0..bench.rounds {
        let mut samples = [(); 6].map(|()| Sample::default());
        let [echo, in_memory, in_process, in_power, of_disk, of_receive] = &mut samples;
        for _ in 0..TURNS {
            for (call, sample) in [
                (&mut echoed, &mut *echo),
                (&mut memory.sent, in_memory),
                (&mut process.sent, in_process),
            ] {
                call.calls(WARM_UP, &mut Sample::default())?;
                call.calls(CALLS, sample)?;
            }
            filled.calls(CALLS, &mut Sample::default())?;
            received.calls(CALLS, of_receive)?;
            of_disk.reserve(SYNCED_CALLS);
            for _ in 0..SYNCED_CALLS {
                let since = Instant::now();
                disk.once()?;
                of_disk.add(since.elapsed());
            }
            power.sent.calls(SYNCED_CALLS, in_power)?;
        }
        let echo_us = micros(echo.p50());
        floor.add(echo_us);
        synced.add(echo_us + micros(of_disk.p50()));
        memory.one.add(micros(in_memory.p50()));
        process.one.add(micros(in_process.p50()));
        power.one.add(micros(in_power.p50()));
        taken.add(micros(of_receive.p50()));
    }
    let mut many_floor = Rounds::default();
    for _ in 0..bench.rounds {
        for kept in [&mut memory, &mut process, &mut power] {
            kept.many.add(per_second(&kept.lunch)?);
        }
        many_floor.add(per_second(&echo)?);
    }
    let one = |name, rounds, bar| {
        Row::alone(name, Unit::Micros, rounds).over("echo", &floor).bar(Bar::AtMost(bar))
    };
    let many = |name, rounds, bar| {
        Row::alone(name, Unit::PerSecond, rounds).over("echo", &many_floor).bar(Bar::AtLeast(bar))
    };
    Ok(vec![
        one("SendMessage, 1 caller, p50, in memory", &memory.one, 1.9),
        one("  kept, as by default", &process.one, 3.5),
        Row::alone("  kept, --durable power", Unit::Micros, &power.one)
            .over("echo + fdatasync", &synced)
            .bar(Bar::AtMost(1.8)),
        Row::alone("  ReceiveMessage, 1 caller, p50, in memory", Unit::Micros, &taken)
            .over("echo", &floor),
        many("SendMessage, 16 callers, in memory", &memory.many, 0.7),
        many("  kept, as by default", &process.many, 0.35),
        many("  kept, --durable power", &power.many, 0.35),
    ])
}

/// How many messages are taken in a second, all callers together.
fn per_second(program: &Program) -> Result<f64, Failure> {
    let send = message("crowd");
    let callers = (0..CALLERS).map(|_| Call::of(program, "SendMessage", &send));
    let callers = callers.collect::<Result<Vec<_>, _>>()?;
    super::per_second(callers, ROUND, |caller| caller.calls(1, &mut Sample::default()))
}
