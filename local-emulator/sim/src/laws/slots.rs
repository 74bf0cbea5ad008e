//! Never more in an instance than its slots.

use std::collections::{BTreeMap, BTreeSet};

use lunch_cloud::Command;
use lunch_contract::{Process, RequestId};

use super::{Directory, Law, Step, Verdict, require};

#[derive(Debug, Default)]
pub(super) struct Slots {
    directory: Directory,
    in_hand: BTreeMap<Process, BTreeSet<RequestId>>,
}

impl Law for Slots {
    fn name(&self) -> &'static str {
        "slots"
    }

    fn check(&mut self, step: &Step<'_>) -> Verdict {
        self.directory.note(step);
        for command in step.commands {
            match command {
                Command::Deliver { process, request, .. } => {
                    let slots = self
                        .directory
                        .config_of(process.instance)
                        .map_or(1, |config| config.slots as usize);
                    let in_hand = self.in_hand.entry(*process).or_default();
                    in_hand.insert(*request);
                    require(in_hand.len() <= slots, || {
                        format!("{process} has {in_hand:?} in {slots} slot(s)")
                    })?;
                }
                Command::Release { request } => {
                    for in_hand in self.in_hand.values_mut() {
                        in_hand.remove(request);
                    }
                    self.in_hand.retain(|_, in_hand| !in_hand.is_empty());
                }
                Command::Spawn { .. }
                | Command::Notify { .. }
                | Command::Reply { .. }
                | Command::Freeze { .. }
                | Command::Thaw { .. }
                | Command::Terminate { .. }
                | Command::Kill { .. }
                | Command::Retire { .. }
                | Command::Queue(_)
                | Command::Source(_)
                | Command::Asynchronous(_)
                | Command::Ecs(_) => {}
            }
        }
        Ok(())
    }
}
