//! The one loop that both worlds run: tell once, drain all commands, re-arm one timer.

use lunch_contract::{Moment, Refusal};
use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::event::Event;
use crate::trace::Trace;
use crate::wake::Wake;
use crate::{Cloud, journal};

/// What a driver tells the cloud.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// Something happened.
    Event(Event),
    /// Time has passed, as far as the cloud had asked or farther.
    Timeout,
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
pub fn tell<T: Trace, W: World>(
    cloud: &mut Cloud<T>,
    world: &mut W,
    now: Moment,
    input: Input,
) -> Result<(), Refusal> {
    let journal = world.keeps_journal();
    let kept = journal.then(|| input.clone());
    let mut commands = alloc::vec::Vec::new();
    let verdict = match input {
        Input::Event(event) => cloud.handle(now, event),
        Input::Timeout => {
            cloud.handle_timeout(now);
            Ok(())
        }
    };
    while let Some(command) = cloud.poll_command() {
        if journal {
            commands.push(command.clone());
        }
        world.execute(now, command);
    }
    world.arm(cloud.poll_timeout());
    if let Some(input) = kept {
        world.told(journal::Entry { at: now, input, refusal: verdict.err(), commands });
    }
    verdict
}
