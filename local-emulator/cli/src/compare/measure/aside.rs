//! The aside: a customer of the open burger shop asks for a long calculation, by the pool of processes and on its event
//! loop. The shop tells how long its loop was held.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;

use serde_json::{Value, json};

use super::Plan;
use crate::compare::figures::{Aside, Spread};
use crate::door::Door;
use crate::failure::{Code, Failure, OrFail as _};
use crate::say;

/// The queues of a shop: orders, dead letters, receipts.
const QUEUES: [(&str, &str); 3] = [
    ("ORDERS_QUEUE_URL", "burger-orders"),
    ("DEAD_LETTERS_QUEUE_URL", "burger-dead-letters"),
    ("RECEIPTS_QUEUE_URL", "burger-receipts"),
];

/// Measures it, over the queues of the cloud behind this door.
pub(crate) async fn measure(
    plan: &Plan,
    burger: &Path,
    cloud: &Door,
    port: u16,
) -> Result<Aside, Failure> {
    say::beside("measuring the aside: a calculation beside the burgers");
    let mut command = Command::new(burger);
    command.env_clear().envs([
        ("ENGINE", "async"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("LISTEN", "127.0.0.1:0"),
    ]);
    command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"));
    for (variable, name) in QUEUES {
        let made: Value = cloud.sqs("CreateQueue", &json!({"QueueName": name})).await?;
        command.env(variable, made["QueueUrl"].as_str().unwrap_or_default());
    }
    let shop = Open::start(command)?;
    let door = Door::new(shop.port);
    // The pool's first process starts at its first question, which is not what is measured.
    asked(&door, plan.aside_burgers, true).await?;
    let (mut with, mut without, mut answers) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..plan.repeats {
        with.push(asked(&door, plan.aside_burgers, true).await?.0);
        let (held, answer) = asked(&door, plan.aside_burgers, false).await?;
        without.push(held);
        answers.push(answer);
    }
    Ok(Aside {
        burgers: plan.aside_burgers,
        with_pool_ms: Spread::of(with),
        without_pool_ms: Spread::of(without),
        answer_ms: Spread::of(answers),
    })
}

/// How long the loop was held while this was answered, and how long the answer took; milliseconds.
async fn asked(door: &Door, burgers: u32, by_pool: bool) -> Result<(f64, f64), Failure> {
    // What was before does not count.
    held_ms(door).await?;
    let pool = if by_pool { "on" } else { "off" };
    let begin = Instant::now();
    door.read::<Value>(&format!("/nutrition?n={burgers}&pool={pool}")).await?;
    let answer_ms = begin.elapsed().as_secs_f64() * 1e3;
    Ok((held_ms(door).await?, answer_ms))
}

/// The longest hold since this was asked last.
async fn held_ms(door: &Door) -> Result<f64, Failure> {
    let status: Value = door.read("/status").await?;
    let held = status["longest_hold_since_last_status_us"].as_f64();
    let untold = || {
        Failure::new(
            Code::Bad,
            "the burger shop does not tell how long its event loop was held\n(build it from the same checkout as this lunch)",
        )
    };
    Ok(held.ok_or_else(untold)? / 1e3)
}

/// An open shop; ended when it is dropped.
struct Open {
    process: Child,
    port: u16,
}

impl Open {
    fn start(mut command: Command) -> Result<Self, Failure> {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process =
            command.spawn().or_fail_with(Code::Bad, || "the burger shop does not open")?;
        let said = process.stdout.take().map(BufReader::new);
        let mut lines = said.into_iter().flat_map(BufReader::lines).map_while(Result::ok);
        let port = lines.find_map(|line| port(&line));
        // What it says later is nobody's business, but must not fill its pipe.
        thread::spawn(move || lines.for_each(drop));
        // From here on it is ended whatever comes.
        let open = Self { process, port: port.unwrap_or_default() };
        let closed = || {
            Failure::new(
                Code::Bad,
                "the burger shop does not open its door\n(what it says of that stands above)",
            )
        };
        port.map(|_| open).ok_or_else(closed)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The port of `... its door is at 127.0.0.1:4711`.
fn port(line: &str) -> Option<u16> {
    let line: Value = serde_json::from_str(line).ok()?;
    let message = line["message"].as_str()?;
    message.split_once("its door is at ")?.1.rsplit(':').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shop_says_where_its_door_is() {
        let line = r#"{"level":"INFO","message":"the burger shop is open, its door is at 127.0.0.1:4711"}"#;
        assert_eq!(port(line), Some(4711));
        assert_eq!(port(r#"{"message":"the burger shop is closing"}"#), None);
        assert_eq!(port("no JSON"), None);
    }
}
