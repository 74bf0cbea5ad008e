//! A word of a process that has ended changes nothing, and nothing that is refused changes anything.

use std::collections::BTreeSet;

use lunch_cloud::Event;
use lunch_cloud::drive::Input;
use lunch_contract::Process;

use super::{Law, Step, Verdict, require, speaker};

#[derive(Debug, Default)]
pub(super) struct Stale {
    ended: BTreeSet<Process>,
}

impl Law for Stale {
    fn name(&self) -> &'static str {
        "stale"
    }

    fn check(&mut self, step: &Step<'_>) -> Verdict {
        let Input::Event(event) = step.input else { return Ok(()) };
        if let Some(process) = speaker(event)
            && self.ended.contains(&process)
        {
            require(step.refusal.is_some(), || {
                format!("took {event:?} of {process}, which ended")
            })?;
        }
        if step.refusal.is_some() && step.wakes[0].is_none_or(|(at, _)| at > step.now) {
            require(step.commands.is_empty(), || format!("refused {event:?} and acted on it"))?;
            require(step.records.is_empty(), || format!("refused {event:?} and recorded it"))?;
            require(step.wakes[0] == step.wakes[1], || format!("refused {event:?} and re-armed"))?;
            if let Some([before, after]) = &step.looks {
                require(before == after, || format!("refused {event:?}: {before} became {after}"))?;
            }
        }
        if let Event::Exited { process, .. } | Event::SpawnFailed { process, .. } = event {
            self.ended.insert(*process);
        }
        Ok(())
    }
}
