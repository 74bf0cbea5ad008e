//! The processes that were asked for, by each of the numbers that they are known by.

use std::collections::BTreeMap;

use lunch_contract::Exit;
use nix::unistd::Pid;

use super::family::{Mark, Seen};
use crate::driver::{Peak, ProcessName};

/// A process that runs, or whose leftovers do.
#[derive(Debug)]
pub(super) struct Main {
    /// Its number as it is counted here.
    pub(super) pid: Pid,
    /// Its number outside.
    pub(super) outside: i32,
    pub(super) mark: Mark,
    /// How it ended, while what it has left behind is being ended.
    pub(super) exit: Option<(Exit, Peak)>,
    /// What was stopped besides its group since the last thaw.
    pub(super) stopped: Vec<Seen>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Mains {
    by_name: BTreeMap<ProcessName, Main>,
    /// Those that run, by their numbers here: after the end a number may be another's.
    by_pid: BTreeMap<Pid, ProcessName>,
    /// Those that run, by their numbers outside.
    by_outside: BTreeMap<i32, ProcessName>,
    by_mounts: BTreeMap<u64, ProcessName>,
}

impl Mains {
    pub(super) fn insert(&mut self, process: ProcessName, main: Main) {
        self.by_pid.insert(main.pid, process);
        self.by_outside.insert(main.outside, process);
        // A number is given anew when nobody is left of whom it stood for, though that may not have been seen yet.
        if let Some(mounts) = main.mark.mounts
            && let Some(before) = self.by_mounts.insert(mounts, process)
            && let Some(before) = self.by_name.get_mut(&before)
        {
            before.mark.mounts = None;
        }
        self.by_name.insert(process, main);
    }

    pub(super) fn of(&self, process: ProcessName) -> Option<&Main> {
        self.by_name.get(&process)
    }

    /// One that runs.
    pub(super) fn running(&self, process: ProcessName) -> Option<&Main> {
        self.of(process).filter(|main| main.exit.is_none())
    }

    pub(super) fn of_mut(&mut self, process: ProcessName) -> Option<&mut Main> {
        self.by_name.get_mut(&process)
    }

    /// Which one the child of this number is. `None`: none that was asked for.
    pub(super) fn named(&self, pid: Pid) -> Option<ProcessName> {
        self.by_pid.get(&pid).copied()
    }

    /// Whether the process of this number outside is one that was asked for.
    pub(super) fn has_outside(&self, outside: i32) -> bool {
        self.by_outside.contains_key(&outside)
    }

    /// Whether the number outside is still the process's, or its session's, and not given anew since its end.
    pub(super) fn owns_its_number(&self, main: &Main) -> bool {
        main.exit.is_none() || !self.has_outside(main.outside)
    }

    /// Whether the mount namespace is an instance's.
    pub(super) fn has_mounts(&self, mounts: u64) -> bool {
        self.by_mounts.contains_key(&mounts)
    }

    /// It has ended: its numbers may be another's from now on.
    pub(super) fn ended(&mut self, process: ProcessName, exit: Exit, peak: Peak) {
        if let Some(main) = self.by_name.get_mut(&process) {
            main.exit = Some((exit, peak));
            self.by_pid.remove(&main.pid);
            self.by_outside.remove(&main.outside);
        }
    }

    /// Those that have ended and may have left something behind.
    pub(super) fn ending(&self) -> Vec<ProcessName> {
        let ending = self.by_name.iter().filter(|(_, main)| main.exit.is_some());
        ending.map(|(process, _)| *process).collect()
    }

    /// Nothing is left of it.
    pub(super) fn remove(&mut self, process: ProcessName) -> Option<Main> {
        let main = self.by_name.remove(&process)?;
        if let Some(mounts) = main.mark.mounts {
            self.by_mounts.remove(&mounts);
        }
        Some(main)
    }

    /// The numbers of all that run.
    pub(super) fn pids(&self) -> impl Iterator<Item = Pid> + '_ {
        self.by_pid.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use lunch_contract::{InstanceId, Process};

    use super::*;

    fn process(serial: u32) -> ProcessName {
        Process { instance: InstanceId { serial, index: serial }, spawn: 0 }.into()
    }

    fn main(number: i32, mounts: u64) -> Main {
        let mark = Mark::new(Some(mounts), &[]);
        let pid = Pid::from_raw(number);
        Main { pid, outside: number + 1_000, mark, exit: None, stopped: Vec::new() }
    }

    #[test]
    fn numbers_that_are_given_anew_are_not_the_ended_ones_any_more() {
        let mut mains = Mains::default();
        mains.insert(process(0), main(7, 70));
        assert!(mains.owns_its_number(mains.of(process(0)).expect("it runs")));
        mains.ended(process(0), Exit::Code(0), Peak::default());
        assert_eq!(mains.named(Pid::from_raw(7)), None);
        assert!(mains.has_mounts(70), "something may be left of it");

        mains.insert(process(1), main(7, 70));
        let before = mains.of(process(0)).expect("it is not buried");
        assert_eq!(before.mark.mounts, None, "nothing is left in it, or the number was not free");
        assert!(!mains.owns_its_number(before));
        assert_eq!(mains.named(Pid::from_raw(7)), Some(process(1)));

        assert_eq!(mains.ending(), [process(0)]);
        mains.remove(process(0)).expect("it was there");
        assert!(mains.has_mounts(70) && mains.has_outside(1_007), "both are the second one's");
        assert!(mains.running(process(1)).is_some());
    }
}
