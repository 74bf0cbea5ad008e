//! `lunch queue ls|peek|redrive`: the queues of a running cloud.

use std::fmt::Write as _;
use std::time::Duration;

use lunch_host::wire::{PeekedMessage, QueueLine, Redrive, Redriven};

use crate::args::{self, QueueCommand};
use crate::door::Door;
use crate::failure::{Code, Failure, OrFail as _};
use crate::say;
use crate::span;
use crate::summary::{plain_table, right_align};

pub(crate) async fn run(asked: args::Queue) -> Result<Code, Failure> {
    match asked.what {
        QueueCommand::Ls { door } => {
            let queues: Vec<QueueLine> = Door::new(door.port).read("/_lunch/queues").await?;
            say::answer(listed(&queues));
        }
        QueueCommand::Peek { queue, max, json, door } => {
            let messages = Door::new(door.port).peek(&queue, max).await?;
            say::answer(if json {
                format!("{}\n", serde_json::to_string_pretty(&messages).or_fail(Code::Fault)?)
            } else {
                peeked(&queue, &messages)
            });
        }
        QueueCommand::Redrive { queue, door } => {
            let wanted = Redrive { queue };
            let door = Door::new(door.port);
            let Redriven { messages } = door.ask("/_lunch/redrive", &wanted).await?;
            say::answer(redriven(&wanted.queue, messages));
        }
    }
    Ok(Code::Done)
}

fn listed(queues: &[QueueLine]) -> String {
    if queues.is_empty() {
        return "there is no queue\n".to_owned();
    }
    let mut table = plain_table();
    table.set_header([
        "QUEUE",
        "VISIBLE",
        "IN FLIGHT",
        "DELAYED",
        "OLDEST",
        "RECEIVES WAITING",
        "DEAD LETTERS TO",
    ]);
    for queue in queues {
        let oldest = queue.oldest_ms.map(|ms| span::show(Duration::from_millis(ms)));
        table.add_row([
            queue.name.clone(),
            queue.visible.to_string(),
            queue.in_flight.to_string(),
            queue.delayed.to_string(),
            oldest.unwrap_or_else(|| "-".to_owned()),
            queue.waiting.to_string(),
            queue.dead_letters_to.clone().unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    right_align(&mut table, 1..6);
    format!("{}\n", table.trim_fmt())
}

fn peeked(queue: &str, messages: &[PeekedMessage]) -> String {
    if messages.is_empty() {
        return format!("`{queue}` is empty\n");
    }
    let mut text = String::new();
    for message in messages {
        write_message(&mut text, message).expect("a string takes what is written");
    }
    text
}

fn write_message(text: &mut String, message: &PeekedMessage) -> std::fmt::Result {
    write!(text, "{}  sent {}, {}", message.id, message.sent, message.state)?;
    if let Some(ms) = message.for_ms {
        write!(text, " for {} more", span::show(Duration::from_millis(ms)))?;
    }
    match message.receives {
        0 => {}
        1 => write!(text, ", received once")?,
        times => write!(text, ", received {times} times")?,
    }
    if let Some(group) = &message.group {
        write!(text, ", of group `{}`", plain(group))?;
    }
    writeln!(text)?;
    for (name, value) in &message.attributes {
        writeln!(text, "  {}: {}", plain(name), plain(value))?;
    }
    message.body.lines().try_for_each(|line| writeln!(text, "  {}", plain(line)))
}

/// A line as it is, but for what would move a terminal's cursor.
fn plain(line: &str) -> String {
    line.chars()
        .map(
            |char| {
                if char.is_control() && char != '\t' { char::REPLACEMENT_CHARACTER } else { char }
            },
        )
        .collect()
}

fn redriven(queue: &str, messages: u64) -> String {
    match messages {
        0 => format!("there is nothing in `{queue}` to move back\n"),
        1 => format!("one message of `{queue}` is on its way back\n"),
        messages => format!("{messages} messages of `{queue}` are on their way back\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_are_listed_with_what_waits_in_them() {
        assert_eq!(listed(&[]), "there is no queue\n");
        let queue = QueueLine {
            name: "orders".into(),
            url: "http://127.0.0.1:9000/123456789012/orders".into(),
            visible: 3,
            in_flight: 1,
            delayed: 0,
            waiting: 0,
            oldest_ms: Some(61_000),
            dead_letters_to: Some("dead".into()),
        };
        insta::assert_snapshot!(listed(&[queue]));
    }

    #[test]
    fn a_message_is_shown_with_its_state_and_cannot_move_the_cursor() {
        let message = PeekedMessage {
            id: "bb131c3c-446b-4a64-a5af-31048df29ac5".into(),
            sent: "2026-11-24T16:28:01.042Z".into(),
            state: "in flight".into(),
            for_ms: Some(29_000),
            receives: 2,
            group: Some("lime".into()),
            attributes: [("reason".into(), "no \u{1b}order".into())].into(),
            body: "one\u{1b}[2J\ntwo".into(),
        };
        assert_eq!(
            peeked("orders", &[message]),
            "bb131c3c-446b-4a64-a5af-31048df29ac5  sent 2026-11-24T16:28:01.042Z, in flight for 29.0 s more, \
             received 2 times, of group `lime`\n  reason: no \u{fffd}order\n  one\u{fffd}[2J\n  two\n"
        );
        assert_eq!(peeked("orders", &[]), "`orders` is empty\n");
    }
}
