//! Nothing outlives its shutdown: everything is ended within the grace that it has, and nothing new begins.

use std::collections::{BTreeMap, BTreeSet};

use lunch_cloud::drive::Input;
use lunch_cloud::{Command, Event, Record};
use lunch_contract::{InstanceId, Moment, Process};

use super::{Law, Step, Verdict, require};

#[derive(Debug, Default)]
pub(super) struct Shutdown {
    since: Option<Moment>,
    /// Whether each process was told to end by force.
    living: BTreeMap<Process, bool>,
    instances: BTreeSet<InstanceId>,
}

impl Law for Shutdown {
    fn name(&self) -> &'static str {
        "shutdown"
    }

    fn check(&mut self, step: &Step<'_>) -> Verdict {
        match step.input {
            Input::Event(Event::ShutDown) => {
                self.since.get_or_insert(step.now);
            }
            Input::Event(Event::Invoke { request, .. }) if self.since.is_some() => {
                require(step.refusal.is_some(), || format!("{request} is taken after shutdown"))?;
            }
            Input::Event(_)
            | Input::Queue(_)
            | Input::Source(_)
            | Input::Ecs(_)
            | Input::Restored(_)
            | Input::Timeout => {}
        }
        for record in step.records() {
            if let Record::Born { instance, .. } = record {
                self.instances.insert(*instance);
            }
        }
        for command in step.commands {
            match command {
                Command::Spawn { process, .. } => {
                    require(self.since.is_none(), || format!("{process} starts after shutdown"))?;
                    self.living.insert(*process, false);
                }
                Command::Kill { process } => drop(self.living.insert(*process, true)),
                Command::Retire { instance } => drop(self.instances.remove(instance)),
                Command::Deliver { .. }
                | Command::Notify { .. }
                | Command::Reply { .. }
                | Command::Release { .. }
                | Command::Freeze { .. }
                | Command::Thaw { .. }
                | Command::Terminate { .. }
                | Command::Queue(_)
                | Command::Source(_)
                | Command::Asynchronous(_)
                | Command::Ecs(_) => {}
            }
        }
        if let Some(process) = step.ended() {
            self.living.remove(&process);
        }
        let Some(since) = self.since else { return Ok(()) };
        let grace = step.settings.limits.shutdown_internal;
        if since + grace > step.now {
            return Ok(());
        }
        match self.living.iter().find(|(_, killed)| !**killed) {
            Some((process, _)) => Err(format!("{process} was not ended by {}", step.now)),
            None => Ok(()),
        }
    }

    fn end(&mut self) -> Verdict {
        require(self.living.is_empty(), || format!("{:?} still run", self.living))?;
        require(self.instances.is_empty(), || format!("{:?} never went", self.instances))
    }
}
