//! The one loop that both worlds run: tell once, drain all commands, re-arm one timer.

use alloc::vec::Vec;

use lunch_contract::sqs::SequenceNumber;
use lunch_contract::{Moment, Refusal};
use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::event::Event;
use crate::trace::Trace;
use crate::wake::Wake;
use crate::{Cloud, Refused, asynchronous, ecs, event_source, journal, sqs};

/// What a driver tells the cloud.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// Something happened to functions and their instances.
    Event(Event),
    /// Somebody wants something of the queues.
    Queue(sqs::Event),
    /// Something happened to event source mappings.
    Source(event_source::Event),
    /// Something happened to services, tasks and containers.
    Ecs(ecs::Event),
    /// A cloud that is gone had kept this.
    Restored(Restored),
    /// Time has passed, as far as the cloud had asked or farther.
    Timeout,
}

/// What was stored by a cloud that is gone: queues and events go on as those would have done. The events' functions are
/// there by now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Restored {
    /// The highest that any stored message ever had.
    pub sequence: SequenceNumber,
    /// The last put of everything that was not removed since.
    pub stored: Vec<sqs::Change>,
    /// The events that it had accepted and not given up.
    pub events: Vec<asynchronous::Waiting>,
}

/// Something to tell, with what may be refused of it.
pub trait Telling: Clone + Into<Input> {
    /// Why it may be refused.
    type Refusal: Copy + Into<Refused>;

    /// Tells it.
    ///
    /// # Errors
    /// What the cloud refuses.
    fn tell<T: Trace>(self, cloud: &mut Cloud<T>, now: Moment) -> Result<(), Self::Refusal>;
}

impl Telling for Event {
    type Refusal = Refusal;

    fn tell<T: Trace>(self, cloud: &mut Cloud<T>, now: Moment) -> Result<(), Refusal> {
        cloud.handle(now, self)
    }
}

impl Telling for sqs::Event {
    type Refusal = sqs::Refusal;

    fn tell<T: Trace>(self, cloud: &mut Cloud<T>, now: Moment) -> Result<(), sqs::Refusal> {
        cloud.handle_queue(now, self)
    }
}

impl Telling for event_source::Event {
    type Refusal = event_source::Refusal;

    fn tell<T: Trace>(self, cloud: &mut Cloud<T>, now: Moment) -> Result<(), Self::Refusal> {
        cloud.handle_source(now, self)
    }
}

impl Telling for ecs::Event {
    type Refusal = ecs::Refusal;

    fn tell<T: Trace>(self, cloud: &mut Cloud<T>, now: Moment) -> Result<(), Self::Refusal> {
        cloud.handle_ecs(now, self)
    }
}

impl Telling for Restored {
    type Refusal = sqs::Refusal;

    fn tell<T: Trace>(self, cloud: &mut Cloud<T>, now: Moment) -> Result<(), sqs::Refusal> {
        cloud.restore(now, self.sequence, self.stored, self.events);
        Ok(())
    }
}

impl Telling for Input {
    type Refusal = Refused;

    fn tell<T: Trace>(self, cloud: &mut Cloud<T>, now: Moment) -> Result<(), Refused> {
        match self {
            Self::Event(event) => event.tell(cloud, now)?,
            Self::Queue(event) => event.tell(cloud, now)?,
            Self::Source(event) => event.tell(cloud, now)?,
            Self::Ecs(event) => event.tell(cloud, now)?,
            Self::Restored(restored) => restored.tell(cloud, now)?,
            Self::Timeout => cloud.handle_timeout(now),
        }
        Ok(())
    }
}

impl From<Event> for Input {
    fn from(event: Event) -> Self {
        Self::Event(event)
    }
}

impl From<event_source::Event> for Input {
    fn from(event: event_source::Event) -> Self {
        Self::Source(event)
    }
}

impl From<ecs::Event> for Input {
    fn from(event: ecs::Event) -> Self {
        Self::Ecs(event)
    }
}

impl From<Restored> for Input {
    fn from(restored: Restored) -> Self {
        Self::Restored(restored)
    }
}

impl From<sqs::Event> for Input {
    fn from(event: sqs::Event) -> Self {
        Self::Queue(event)
    }
}

/// The outside: carries commands out and keeps the one timer.
pub trait World {
    /// Carries a command out, or begins to. It must not tell the cloud anything before it returns.
    fn execute(&mut self, now: Moment, command: Command);

    /// The cloud wants to be woken then, and at no earlier moment; `None`: it waits for an event.
    fn arm(&mut self, wake: Option<(Moment, Wake)>);

    /// Whether [`told`](Self::told) wants to be called.
    fn keeps_journal(&self) -> bool {
        false
    }

    /// What was told and what came of it, after all of it was carried out.
    fn told(&mut self, entry: journal::Entry) {
        drop(entry);
    }
}

/// Tells the cloud, carries out all that it commands and re-arms the timer.
///
/// # Errors
/// What the cloud refuses; its commands, if there are any, were carried out.
pub fn tell<T: Trace, W: World, I: Telling>(
    cloud: &mut Cloud<T>,
    world: &mut W,
    now: Moment,
    telling: I,
) -> Result<(), I::Refusal> {
    let journal = world.keeps_journal();
    let kept = journal.then(|| telling.clone().into());
    let mut commands = Vec::new();
    let verdict = telling.tell(cloud, now);
    while let Some(command) = cloud.poll_command() {
        if journal {
            commands.push(command.clone());
        }
        world.execute(now, command);
    }
    world.arm(cloud.poll_timeout());
    if let Some(input) = kept {
        world.told(journal::Entry {
            at: now,
            input,
            refusal: verdict.err().map(Into::into),
            commands,
        });
    }
    verdict
}
