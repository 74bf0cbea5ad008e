//! New code serves new requests: an instance that is outdated or was sent away takes no more of them.

use std::collections::{BTreeMap, BTreeSet};

use lunch_cloud::{Cause, Command, Event, Phase, Record};
use lunch_contract::{FunctionId, InstanceId};

use super::{Law, Step, Verdict, require};

#[derive(Debug, Default)]
pub(super) struct Revision {
    current: BTreeMap<FunctionId, u32>,
    living: BTreeMap<InstanceId, (FunctionId, u32)>,
    sent_away: BTreeSet<InstanceId>,
}

impl Revision {
    fn told(&mut self, event: &Event) {
        match event {
            Event::Deploy { function, revision, .. } => {
                self.current.insert(*function, revision.0);
            }
            Event::EvictFunction { function } => {
                let of_it = self.living.iter().filter(|(_, (of, _))| of == function);
                self.sent_away.extend(of_it.map(|(instance, _)| *instance));
            }
            Event::EvictInstance { instance } => {
                self.sent_away.insert(*instance);
            }
            Event::Reserve { .. }
            | Event::ConfigureEvents { .. }
            | Event::Invoke { .. }
            | Event::CallerLeft { .. }
            | Event::SpawnFailed { .. }
            | Event::ExtensionRegistered { .. }
            | Event::Next { .. }
            | Event::InitError { .. }
            | Event::ResponseStarted { .. }
            | Event::ResponseEnded { .. }
            | Event::Exited { .. }
            | Event::ShutDown => {}
        }
    }
}

impl Law for Revision {
    fn name(&self) -> &'static str {
        "revision"
    }

    fn check(&mut self, step: &Step<'_>) -> Verdict {
        for record in step.records() {
            match record {
                Record::Born { instance, function, revision, .. } => {
                    let current = self.current.get(function).copied();
                    require(current == Some(revision.0), || {
                        format!("{instance} is born with revision {}, not {current:?}", revision.0)
                    })?;
                    self.living.insert(*instance, (*function, revision.0));
                }
                Record::Phase { instance, cause: Cause::Invoked(request), .. } => {
                    let Some((function, revision)) = self.living.get(instance) else {
                        return Err(format!("{instance} serves {request} and never was born"));
                    };
                    let current = self.current.get(function).copied().unwrap_or(0);
                    require(*revision == current, || {
                        format!("{instance} of revision {revision} serves {request}, not {current}")
                    })?;
                    require(!self.sent_away.contains(instance), || {
                        format!("{instance} serves {request} after it was evicted")
                    })?;
                }
                Record::Phase { instance, to: Phase::Gone, .. } => {
                    self.living.remove(instance);
                    self.sent_away.remove(instance);
                }
                Record::Phase { .. }
                | Record::Arrived { .. }
                | Record::Waits { .. }
                | Record::Started { .. }
                | Record::Answered { .. }
                | Record::Ended { .. }
                | Record::InitFailed { .. }
                | Record::CallerLeft { .. }
                | Record::Queue(_)
                | Record::Ecs(_) => {}
            }
        }
        for command in step.commands {
            if let Command::Spawn { process, function, revision } = command {
                let of = self.living.get(&process.instance).copied();
                require(of == Some((*function, revision.0)), || {
                    format!("{process} is spawned as {function} {}, it is {of:?}", revision.0)
                })?;
            }
        }
        // What came of a deadline that was kept first belongs to before.
        if let Some(event) = step.taken() {
            self.told(event);
        }
        Ok(())
    }
}
