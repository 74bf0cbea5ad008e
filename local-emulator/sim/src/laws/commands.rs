//! One spawn per process and one end at most; nothing is asked of a process that has ended or of an instance that is
//! gone.

use std::collections::{BTreeMap, BTreeSet};

use lunch_cloud::Command;
use lunch_contract::{InstanceId, Process};

use super::{Law, Step, Verdict, require};

#[derive(Debug, Default)]
pub(super) struct Commands {
    living: BTreeMap<Process, Asked>,
    spawned: BTreeMap<InstanceId, u32>,
    retired: BTreeSet<InstanceId>,
    /// Whose end is told in this very step.
    ending: Option<Process>,
}

#[derive(Debug, Default)]
struct Asked {
    kill: bool,
    terminate: bool,
}

impl Commands {
    fn spawn(&mut self, process: Process) -> Verdict {
        let Process { instance, spawn } = process;
        require(!self.retired.contains(&instance), || format!("{process} spawned after it went"))?;
        let expected = self.spawned.get(&instance).map_or(0, |last| last + 1);
        require(spawn == expected, || format!("{process} spawned, {instance}/{expected} is next"))?;
        let before = Process { instance, spawn: spawn.wrapping_sub(1) };
        let runs = self.living.contains_key(&before) && self.ending != Some(before);
        require(!runs, || format!("{process} spawned while {before} runs"))?;
        self.spawned.insert(instance, spawn);
        self.living.insert(process, Asked::default());
        Ok(())
    }

    fn living(&mut self, process: Process, command: &Command) -> Result<&mut Asked, String> {
        self.living.get_mut(&process).ok_or_else(|| format!("{command:?}, and it has ended"))
    }
}

impl Law for Commands {
    fn name(&self) -> &'static str {
        "commands"
    }

    fn check(&mut self, step: &Step<'_>) -> Verdict {
        let ended = step.ended();
        // A deadline that came before the word of the end is kept before it.
        if let Some(process) = ended
            && !step.was_due()
        {
            self.living.remove(&process);
        }
        self.ending = ended;
        for command in step.commands {
            match command {
                Command::Spawn { process, .. } => self.spawn(*process)?,
                Command::Kill { process } => {
                    let asked = self.living(*process, command)?;
                    require(!asked.kill, || format!("{process} is killed twice"))?;
                    asked.kill = true;
                }
                Command::Terminate { process } => {
                    let asked = self.living(*process, command)?;
                    require(!asked.terminate && !asked.kill, || {
                        format!("{process} is terminated twice, or after it was killed")
                    })?;
                    asked.terminate = true;
                }
                Command::Deliver { process, .. }
                | Command::Notify { process, .. }
                | Command::Freeze { process }
                | Command::Thaw { process } => {
                    let asked = self.living(*process, command)?;
                    require(!asked.terminate && !asked.kill, || {
                        format!("{command:?}, and it is being ended")
                    })?;
                }
                Command::Retire { instance } => {
                    let ending = self.ending;
                    let runs = self
                        .living
                        .keys()
                        .any(|process| process.instance == *instance && ending != Some(*process));
                    require(!runs, || format!("{instance} retired while its process runs"))?;
                    require(self.retired.insert(*instance), || format!("{instance} went twice"))?;
                }
                Command::Reply { .. }
                | Command::Release { .. }
                | Command::Queue(_)
                | Command::Source(_)
                | Command::Asynchronous(_)
                | Command::Ecs(_) => {}
            }
        }
        if let Some(process) = ended {
            self.living.remove(&process);
        }
        Ok(())
    }
}
