//! Only an idle instance is frozen, at its time; a frozen one is thawed before anything is given to it.

use std::collections::{BTreeMap, BTreeSet};

use lunch_cloud::{Command, Phase, Record};
use lunch_contract::{InstanceId, Moment, Process, RequestId};

use super::{Law, Step, Verdict, require};

#[derive(Debug, Default)]
pub(super) struct Freezing {
    frozen: BTreeSet<Process>,
    in_hand: BTreeMap<RequestId, Process>,
    idle_since: BTreeMap<InstanceId, Moment>,
}

impl Freezing {
    fn command(&mut self, command: &Command) -> Verdict {
        match command {
            Command::Freeze { process } => {
                let busy = self.in_hand.values().any(|other| other == process);
                require(!busy, || format!("{process} is frozen with a request in hand"))?;
                require(self.frozen.insert(*process), || format!("{process} is frozen twice"))
            }
            Command::Thaw { process } => require(self.frozen.remove(process), || {
                format!("{process} is thawed and was not frozen")
            }),
            Command::Deliver { process, request, .. } => {
                self.in_hand.insert(*request, *process);
                self.awake(*process, command)
            }
            Command::Notify { process, .. } | Command::Terminate { process } => {
                self.awake(*process, command)
            }
            Command::Release { request } => {
                self.in_hand.remove(request);
                Ok(())
            }
            Command::Spawn { .. }
            | Command::Reply { .. }
            | Command::Kill { .. }
            | Command::Retire { .. }
            | Command::Queue(_)
            | Command::Source(_)
            | Command::Asynchronous(_)
            | Command::Ecs(_) => Ok(()),
        }
    }

    fn awake(&self, process: Process, command: &Command) -> Verdict {
        require(!self.frozen.contains(&process), || format!("{command:?} while it is frozen"))
    }

    /// The freeze falls when the setting says, counted from the end of the invocation.
    fn on_time(&mut self, step: &Step<'_>) -> Verdict {
        for record in step.records() {
            if let Record::Phase { instance, to, .. } = record {
                match to {
                    Phase::Idle => drop(self.idle_since.insert(*instance, step.now)),
                    Phase::Frozen => {
                        let since = self.idle_since.remove(instance);
                        let after = since.map(|since| step.now.since(since));
                        let early = after < step.settings.freeze_after;
                        require(!early, || format!("{instance} is frozen after {after:?}"))?;
                    }
                    Phase::Placing
                    | Phase::Init
                    | Phase::Reinit
                    | Phase::Invoke
                    | Phase::Resetting
                    | Phase::Reset
                    | Phase::Stopping
                    | Phase::Gone => drop(self.idle_since.remove(instance)),
                }
            }
        }
        let Some(span) = step.settings.freeze_after else { return Ok(()) };
        match self.idle_since.iter().find(|(_, since)| **since + span < step.now) {
            Some((instance, since)) => {
                Err(format!("{instance} is idle since {since} and not frozen at {}", step.now))
            }
            None => Ok(()),
        }
    }
}

impl Law for Freezing {
    fn name(&self) -> &'static str {
        "freezing"
    }

    fn check(&mut self, step: &Step<'_>) -> Verdict {
        for command in step.commands {
            self.command(command)?;
        }
        if let Some(process) = step.ended() {
            self.frozen.remove(&process);
        }
        self.on_time(step)
    }
}
