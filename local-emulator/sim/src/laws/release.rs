//! Each request is released exactly once, after its answer, and nobody mentions it afterwards.

use std::collections::{BTreeMap, BTreeSet};

use lunch_cloud::{Command, Event, Notice, Record};
use lunch_contract::RequestId;

use super::{Law, Step, Verdict, require};

#[derive(Debug, Default)]
pub(super) struct Release {
    /// Whether each open request was answered.
    open: BTreeMap<RequestId, bool>,
    indexes: BTreeSet<u32>,
}

impl Law for Release {
    fn name(&self) -> &'static str {
        "release"
    }

    fn check(&mut self, step: &Step<'_>) -> Verdict {
        if let Some(Event::Invoke { request, .. }) = step.taken() {
            require(self.indexes.insert(request.index), || {
                format!("{request} was taken with an index in use")
            })?;
            self.open.insert(*request, false);
        }
        let mut released = BTreeSet::new();
        for command in step.commands {
            let (mentioned, release) = match command {
                Command::Deliver { request, .. }
                | Command::Notify { notice: Notice::Invoke { request, .. }, .. } => {
                    (*request, false)
                }
                Command::Reply { request, .. } => {
                    self.open.entry(*request).and_modify(|answered| *answered = true);
                    (*request, false)
                }
                Command::Release { request } => (*request, true),
                Command::Spawn { .. }
                | Command::Freeze { .. }
                | Command::Thaw { .. }
                | Command::Terminate { .. }
                | Command::Kill { .. }
                | Command::Retire { .. }
                | Command::Queue(_)
                | Command::Source(_)
                | Command::Asynchronous(_)
                | Command::Ecs(_) => continue,
            };
            let Some(answered) = self.open.get(&mentioned).copied() else {
                return Err(format!("{command:?} after its release"));
            };
            if release {
                require(answered, || format!("{mentioned} is released before its answer"))?;
                self.open.remove(&mentioned);
                self.indexes.remove(&mentioned.index);
                released.insert(mentioned);
            }
        }
        // An invocation that has ended is nobody's any more.
        for record in step.records() {
            if let Record::Ended { request, .. } = record {
                require(released.contains(request), || {
                    format!("{request} ended and was not released")
                })?;
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Verdict {
        require(self.open.is_empty(), || format!("{:?} were never released", self.open))
    }
}
