//! Nothing begins after the end of the cloud, and nothing outlives it.

use lunch_cloud::Command as Any;
use lunch_cloud::ecs::Command;

use super::{Book, Law};
use crate::laws::{Step, Verdict, require};

#[derive(Debug, Default)]
pub(super) struct Shutdown;

impl Law for Shutdown {
    fn name(&self) -> &'static str {
        "shutdown"
    }

    fn check(&mut self, book: &Book, step: &Step<'_>) -> Verdict {
        if !book.is_over {
            return Ok(());
        }
        let begins = step.commands.iter().find(|command| {
            matches!(command, Any::Ecs(Command::Place { .. } | Command::Start { .. }))
        });
        require(begins.is_none(), || format!("{begins:?} begins after the end"))?;
        let forgotten = book.tasks.iter().find(|(_, guest)| guest.is_alive());
        let forgotten = forgotten.map(|(task, _)| task);
        require(forgotten.is_none(), || format!("{forgotten:?} was not told to end"))
    }

    fn end(&mut self, book: &Book) -> Verdict {
        let living = book.tasks.iter().find(|(_, guest)| !guest.is_stopped()).map(|(task, _)| task);
        require(living.is_none(), || format!("{living:?} outlives the cloud"))
    }
}
