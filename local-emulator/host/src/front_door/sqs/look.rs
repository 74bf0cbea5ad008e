//! Looking at queues, and moving dead letters back, for `lunch queue`.

use lunch_cloud::sqs::State;
use lunch_contract::names;
use lunch_contract::sqs::QueueId;

use super::super::Door;
use super::{refused, url};
use crate::queues::{Attribute, AttributeBytes};
use crate::wire::{PeekedMessage, QueueLine, Redriven};

/// Every queue, by name.
pub(in super::super) fn lines(door: &Door) -> Vec<QueueLine> {
    let all: Vec<(QueueId, String)> = {
        let driver = door.driver.borrow();
        driver.world.queues.all().map(|(id, queue)| (id, queue.name.clone())).collect()
    };
    all.into_iter().filter_map(|(id, name)| line(door, id, name)).collect()
}

fn line(door: &Door, id: QueueId, name: String) -> Option<QueueLine> {
    let url = url(door, &name);
    let driver = door.driver.borrow();
    let view = driver.cloud.queues().queue(id)?;
    let now = driver.world.clock.now();
    let target = view.config.redrive.and_then(|redrive| driver.world.queues.of(redrive.target));
    Some(QueueLine {
        name,
        url,
        visible: view.visible,
        in_flight: view.not_visible,
        delayed: view.delayed,
        waiting: view.waiting,
        oldest_ms: view.oldest.map(|sent| millis(now.since(sent))),
        dead_letters_to: target.map(|queue| queue.name.clone()),
    })
}

/// The oldest messages of a queue, but for so many.
///
/// # Errors
/// That there is no such queue, and which there are.
pub(in super::super) fn peek(
    door: &Door,
    name: &str,
    skip: usize,
    max: usize,
) -> Result<Vec<PeekedMessage>, String> {
    let id = named(door, name)?;
    let driver = door.driver.borrow();
    let now = driver.world.clock.now();
    let stored = driver.cloud.queues().messages(id).skip(skip).take(max);
    let peeked = stored.filter_map(|stored| {
        let message = driver.world.queues.message(stored.message)?;
        let (state, until) = match stored.state {
            State::Visible => ("visible", None),
            State::Delayed { until } => ("delayed", Some(until)),
            State::InFlight { until } => ("in flight", Some(until)),
        };
        Some(PeekedMessage {
            id: message.uuid.to_string(),
            sent: names::timestamp(millis(driver.world.clock.wall_of(stored.sent))),
            state: state.to_owned(),
            for_ms: until.map(|until| millis(until.since(now))),
            receives: stored.receives,
            group: message.group().map(str::to_owned),
            attributes: message.attributes().map(shown).collect(),
            body: message.body.to_string(),
        })
    });
    Ok(peeked.collect())
}

fn shown((name, attribute): (&String, &Attribute)) -> (String, String) {
    let value = match &attribute.value {
        AttributeBytes::Text(text) => text.clone(),
        AttributeBytes::Binary(bytes) => format!("{} bytes", bytes.len()),
    };
    (name.clone(), value)
}

/// Begins to move a dead-letter queue's messages back where they came from.
///
/// # Errors
/// Why not, in a sentence.
pub(in super::super) fn redrive(door: &Door, name: &str) -> Result<Redriven, String> {
    let id = named(door, name)?;
    let started = door.driver.borrow_mut().start_move(id, None, None);
    started.map_err(|refusal| refused(refusal, name, "", 0).to_string())?;
    let driver = door.driver.borrow();
    let messages = driver.cloud.queues().moves(id).next().map_or(0, |task| task.to_move);
    Ok(Redriven { messages })
}

fn named(door: &Door, name: &str) -> Result<QueueId, String> {
    let driver = door.driver.borrow();
    let queues = &driver.world.queues;
    queues.named(name).ok_or_else(|| {
        let all: Vec<_> = queues.all().map(|(_, queue)| format!("`{}`", queue.name)).collect();
        if all.is_empty() {
            format!("there is no queue `{name}`\n(there is none at all)")
        } else {
            format!("there is no queue `{name}`\n(there is {})", all.join(", "))
        }
    })
}

fn millis(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
