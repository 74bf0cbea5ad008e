//! From a queue to the handler: a message that is sent to an idle mapping, whose function has a warm instance.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use super::millis;
use super::queues::{Call, made};
use crate::figures::{Rounds, Sample};
use crate::http::PATIENCE;
use crate::programs::FUNCTION;
use crate::table::{Bar, Row, Unit};
use crate::{Bench, Failure, pause};

const MESSAGES: usize = 50;
/// So that the batch before is worked off, its message deleted, and the instance frozen: nobody has anything to do.
const IDLE: Duration = Duration::from_millis(20);

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Row>, Failure> {
    let lunch = bench.place.lunch(&["--pace", "fast"])?;
    made(&lunch, "mapped")?;
    let mut client = lunch.client()?;
    let mapping = format!(
        r#"{{"EventSourceArn":"arn:aws:sqs:us-east-1:123456789012:mapped","FunctionName":"{FUNCTION}"}}"#
    );
    let map = client.request("POST", "/2015-03-31/event-source-mappings", &mapping);
    let (status, body) = client.call(&map)?;
    if status != 202 {
        let body = String::from_utf8_lossy(body).into_owned();
        return Err(Failure::Premise(format!("no mapping was made: {status}: {body}")));
    }
    let told = UdpSocket::bind(("127.0.0.1", 0))?;
    told.set_read_timeout(Some(PATIENCE))?;
    let body = format!(r#"{{\"tell\":{}}}"#, told.local_addr()?.port());
    let given =
        format!(r#"{{"QueueUrl":"http://127.0.0.1/123456789012/mapped","MessageBody":"{body}"}}"#);
    let mut send = Call::of(&lunch, "SendMessage", &given)?;
    let mut once = || {
        let since = Instant::now();
        send.once()?;
        told.recv(&mut [0; 8])?;
        Ok::<_, Failure>(since.elapsed())
    };
    // The first one is cold.
    once()?;
    let mut rounds = Rounds::default();
    for _ in 0..bench.rounds {
        let mut sample = Sample::default();
        sample.reserve(MESSAGES);
        for _ in 0..MESSAGES {
            pause(IDLE);
            sample.add(once()?);
        }
        rounds.add(millis(sample.p50()));
    }
    let what = "queue to handler, idle mapping, warm instance, p50";
    Ok(vec![Row::alone(what, Unit::Millis, &rounds).bar(Bar::AtMost(5.0))])
}
