//! SendMessage, and what comes after it: one caller with one connection, and sixteen of them.

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
const CALLERS: usize = 16;
const ROUND: Duration = Duration::from_millis(700);
/// Bytes of a message's body.
const BODY_BYTES: usize = 512;

/// One call of SQS, or the same bytes to whoever sends them back.
struct Call {
    client: Client,
    request: Vec<u8>,
}

impl Call {
    fn of(program: &Program, action: &str, given: &str) -> Result<Self, Failure> {
        let client = program.client()?;
        let target = format!("x-amz-target: AmazonSQS.{action}\r\n");
        let request = client.request_with("POST", "/", &target, given);
        Ok(Self { client, request })
    }

    fn once(&mut self) -> Result<String, Failure> {
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

fn made(lunch: &Program, queue: &str) -> Result<(), Failure> {
    Call::of(lunch, "CreateQueue", &format!(r#"{{"QueueName":"{queue}"}}"#))?.once().map(drop)
}

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Row>, Failure> {
    let (echo, lunch) = (bench.place.echo()?, bench.place.lunch(&[])?);
    for queue in ["sent", "received", "crowd"] {
        made(&lunch, queue)?;
    }
    let send = message("sent");
    let mut echoed = Call::of(&echo, "SendMessage", &send)?;
    let mut sent = Call::of(&lunch, "SendMessage", &send)?;
    let mut filled = Call::of(&lunch, "SendMessage", &message("received"))?;
    let mut received = Call::of(&lunch, "ReceiveMessage", &receive("received"))?;
    let [mut floor, mut ours, mut taken] = [(); 3].map(|()| Rounds::default());
    for _ in 0..bench.rounds {
        let mut samples = [(); 3].map(|()| Sample::default());
        for _ in 0..TURNS {
            for (call, sample) in [&mut echoed, &mut sent].into_iter().zip(&mut samples) {
                call.calls(WARM_UP, &mut Sample::default())?;
                call.calls(CALLS, sample)?;
            }
            filled.calls(CALLS, &mut Sample::default())?;
            received.calls(CALLS, &mut samples[2])?;
        }
        for (rounds, sample) in [&mut floor, &mut ours, &mut taken].into_iter().zip(&mut samples) {
            rounds.add(micros(sample.p50()));
        }
    }
    let (mut many, mut many_floor) = (Rounds::default(), Rounds::default());
    for _ in 0..bench.rounds {
        many.add(per_second(&lunch)?);
        many_floor.add(per_second(&echo)?);
    }
    Ok(vec![
        Row::alone("SendMessage, 1 caller, p50, in memory", Unit::Micros, &ours)
            .over("echo", &floor)
            .bar(Bar::AtMost(1.9)),
        Row::alone("  ReceiveMessage, 1 caller, p50, in memory", Unit::Micros, &taken)
            .over("echo", &floor),
        Row::alone("SendMessage, 16 callers, in memory", Unit::PerSecond, &many)
            .over("echo", &many_floor)
            .bar(Bar::AtLeast(0.7)),
    ])
}

/// How many messages are taken in a second, all callers together.
fn per_second(program: &Program) -> Result<f64, Failure> {
    let send = message("crowd");
    let callers = (0..CALLERS).map(|_| Call::of(program, "SendMessage", &send));
    let callers = callers.collect::<Result<Vec<_>, _>>()?;
    super::per_second(callers, ROUND, |caller| caller.calls(1, &mut Sample::default()))
}
