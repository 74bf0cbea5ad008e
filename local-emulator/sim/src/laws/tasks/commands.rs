//! Every start is another one; only what was started is asked, ended or killed, and that once; nothing is said of the
//! forgotten.

use std::collections::{BTreeMap, BTreeSet};

use lunch_cloud::Command as Any;
use lunch_cloud::drive::Input;
use lunch_cloud::ecs::{Command, Event};
use lunch_contract::ecs::{ContainerRun, TaskId};

use super::{Book, Law};
use crate::laws::{Step, Verdict, require};

/// What was asked of a run.
#[derive(Debug, Default)]
struct Asked {
    terminated: bool,
    killed: bool,
    over: bool,
    check: Option<u32>,
}

#[derive(Debug, Default)]
pub(super) struct Commands {
    runs: BTreeMap<ContainerRun, Asked>,
    placed: BTreeSet<TaskId>,
}

impl Law for Commands {
    fn name(&self) -> &'static str {
        "commands"
    }

    fn check(&mut self, _: &Book, step: &Step<'_>) -> Verdict {
        if let (Input::Ecs(event), None) = (step.input, step.refusal) {
            self.told(event)?;
        }
        for command in step.commands {
            if let Any::Ecs(command) = command {
                self.commanded(*command)?;
            }
        }
        Ok(())
    }
}

impl Commands {
    fn told(&mut self, event: &Event) -> Verdict {
        match event {
            Event::StartFailed { run, .. } | Event::Exited { run, .. } => {
                self.known(*run)?.over = true;
            }
            Event::Checked { run, check, .. } => {
                let asked = self.known(*run)?.check.take();
                require(asked == Some(*check), || format!("{run} answers a check twice"))?;
            }
            Event::Register { .. }
            | Event::Deregister { .. }
            | Event::CreateService { .. }
            | Event::UpdateService { .. }
            | Event::DeleteService { .. }
            | Event::Run { .. }
            | Event::StopTask { .. }
            | Event::Started { .. } => {}
        }
        Ok(())
    }

    /// The run, which was started and has not ended.
    fn known(&mut self, run: ContainerRun) -> Result<&mut Asked, String> {
        match self.runs.get_mut(&run) {
            Some(asked) if !asked.over => Ok(asked),
            Some(_) => Err(format!("{run} is over")),
            None => Err(format!("{run} was never started")),
        }
    }

    fn commanded(&mut self, command: Command) -> Verdict {
        match command {
            Command::Place { task, .. } => {
                require(self.placed.insert(task), || format!("{task} is placed twice"))
            }
            Command::Start { run, .. } => {
                require(self.placed.contains(&run.task), || format!("{run} has no place"))?;
                let is_new = self.runs.insert(run, Asked::default()).is_none();
                require(is_new, || format!("{run} is started twice"))
            }
            Command::Check { run, check } => {
                let asked = self.known(run)?;
                let is_first = asked.check.replace(check).is_none() && !asked.terminated;
                require(is_first, || format!("{run} is asked while it is asked or ended"))
            }
            // Of a run that has just ended, too.
            Command::EndCheck { run, check } => {
                let asked = self.runs.get_mut(&run).and_then(|asked| asked.check.take());
                require(asked == Some(check), || format!("{run} is not asked #{check}"))
            }
            Command::Terminate { run } => {
                let is_first = !std::mem::replace(&mut self.known(run)?.terminated, true);
                require(is_first, || format!("{run} is asked to end twice"))
            }
            Command::Kill { run } => {
                let asked = self.known(run)?;
                let is_next = asked.terminated && !std::mem::replace(&mut asked.killed, true);
                require(is_next, || format!("{run} is killed twice or unasked"))
            }
            Command::Unplace { task } => {
                let mut of_task = self.runs.iter().filter(|(run, _)| run.task == task);
                let running = of_task.find(|(_, asked)| !asked.over);
                require(running.is_none(), || format!("{task} loses its place and still runs"))
            }
            Command::Forget { task } => {
                self.runs.retain(|run, _| run.task != task);
                require(self.placed.remove(&task), || format!("{task} is forgotten twice"))
            }
            Command::ForgetService { .. } => Ok(()),
        }
    }
}
