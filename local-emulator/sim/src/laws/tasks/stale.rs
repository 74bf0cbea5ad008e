//! A word of a run that is over, or of another one than the present, is refused.

use lunch_cloud::Refused;
use lunch_cloud::drive::Input;
use lunch_cloud::ecs::{ContainerPhase, Event, Refusal};
use lunch_contract::Moment;
use lunch_contract::ecs::ContainerRun;

use super::{Book, Law};
use crate::laws::{Step, Verdict, require};

#[derive(Debug, Default)]
pub(super) struct Stale {
    /// Whether the word of this step was one.
    is_stale: Option<ContainerRun>,
    /// What each step's word is weighed by: how things were before.
    seen: bool,
}

impl Law for Stale {
    fn name(&self) -> &'static str {
        "stale"
    }

    fn record(
        &mut self,
        book: &Book,
        step: &Step<'_>,
        _: Moment,
        _: &lunch_cloud::ecs::Record,
    ) -> Verdict {
        self.weigh(book, step);
        Ok(())
    }

    fn check(&mut self, book: &Book, step: &Step<'_>) -> Verdict {
        self.weigh(book, step);
        self.seen = false;
        let Some(run) = self.is_stale.take() else { return Ok(()) };
        let refused = step.refusal == Some(Refused::Ecs(Refusal::Gone));
        require(refused, || format!("a word of {run} is taken, which is over"))
    }
}

impl Stale {
    /// Before the first record of a step has changed the book.
    fn weigh(&mut self, book: &Book, step: &Step<'_>) {
        if std::mem::replace(&mut self.seen, true) {
            return;
        }
        let Input::Ecs(
            Event::Started { run }
            | Event::StartFailed { run, .. }
            | Event::Exited { run, .. }
            | Event::Checked { run, .. },
        ) = step.input
        else {
            return;
        };
        let is_present = book.pot(*run).is_some_and(|pot| {
            let is_up = pot.phase != ContainerPhase::Waiting && pot.phase != ContainerPhase::Ended;
            pot.run == run.run && is_up
        });
        self.is_stale = (!is_present).then_some(*run);
    }
}
