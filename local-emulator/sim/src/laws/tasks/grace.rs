//! Nobody is killed before his stop timeout is over, nor lives on after it unasked.

use std::collections::BTreeMap;

use lunch_cloud::Command as Any;
use lunch_cloud::ecs::{Command, ContainerPhase};
use lunch_contract::Moment;
use lunch_contract::ecs::ContainerRun;

use super::{Book, Law};
use crate::laws::{Step, Verdict, require};

#[derive(Debug, Default)]
pub(super) struct Grace {
    /// When each was asked to end.
    asked: BTreeMap<ContainerRun, Moment>,
}

impl Law for Grace {
    fn name(&self) -> &'static str {
        "grace"
    }

    fn check(&mut self, book: &Book, step: &Step<'_>) -> Verdict {
        for command in step.commands {
            let Any::Ecs(command) = command else { continue };
            if let Command::Terminate { run } = command {
                self.asked.insert(*run, step.now);
            }
            if let Command::Kill { run } = command {
                let asked = self.asked.remove(run);
                let until = asked.zip(timeout(book, *run)).map(|(at, grace)| at + grace);
                require(until.is_some_and(|until| until <= step.now), || {
                    format!("{run} is killed at {}, and has time until {until:?}", step.now)
                })?;
            }
        }
        self.asked
            .retain(|run, _| book.pot(*run).is_some_and(|pot| pot.phase != ContainerPhase::Ended));
        let late = self
            .asked
            .iter()
            .find(|(run, at)| timeout(book, **run).is_some_and(|grace| **at + grace < step.now));
        require(late.is_none(), || format!("{late:?} should have been killed before"))
    }
}

fn timeout(book: &Book, run: ContainerRun) -> Option<std::time::Duration> {
    let config = book.config(run.task)?.containers.get(usize::from(run.container))?;
    Some(config.stop_timeout)
}
