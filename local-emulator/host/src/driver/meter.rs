//! How much memory containers have had, compared with what they may have, and what they have used when last looked at.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Weak;
use std::time::Duration;

use lunch_contract::Moment;
use lunch_contract::ecs::{ContainerRun, TaskId};

use super::Driver;
use super::instance::Task;
use super::processes::Peak;
use super::usage::{Census, Usage, machine};
use super::world::HostWorld;
use crate::wire::Note;

/// So often it is looked at containers that run: what several processes have together no kernel remembers.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What was seen is as good as new for so long, for who lists all that lives.
const SEEN_FOR: Duration = Duration::from_millis(100);

/// All containers that are shown, whether or not they run.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    all: BTreeMap<(TaskId, u8), Meter>,
    /// When it was looked last.
    looked: Option<Moment>,
    /// Looks at them; it begins with the first container.
    follower: Option<Task>,
}

/// What is known of one container, over all of its starts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meter {
    /// The most memory that it was seen to have, KB.
    peak_kb: u64,
    /// Whether it was said that it is too much.
    is_said: bool,
    /// What its present start had used by the last look but one, and by the last one.
    pub(crate) looks: [Option<Look>; 2],
}

/// What a start of a container had used at some moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) at: Moment,
    pub(crate) run: u32,
    pub(crate) usage: Usage,
    /// How long the machine's processors had been there, busy or not, and how many they are.
    pub(crate) machine: Option<(Duration, u32)>,
}

impl Meter {
    fn saw(&mut self, kb: u64) {
        self.peak_kb = self.peak_kb.max(kb);
    }

    /// The most memory that it was seen to have, MiB, rounded up.
    pub(crate) fn peak_mib(&self) -> u32 {
        u32::try_from(self.peak_kb.div_ceil(1_024)).unwrap_or(u32::MAX)
    }

    /// The most memory that it was seen to have, bytes.
    pub(crate) const fn peak_bytes(&self) -> u64 {
        self.peak_kb * 1_024
    }

    /// Whether that is more than it may have, and was not so before.
    fn is_newly_over(&mut self, memory_mib: u32) -> bool {
        let is_over = self.peak_mib() > memory_mib;
        is_over && !std::mem::replace(&mut self.is_said, is_over)
    }

    /// Keeps a look. What has been used does not get less, whatever has ended unwaited for.
    fn looked(&mut self, mut look: Look) {
        let [_, last] = self.looks;
        let last = last.filter(|last| last.run == look.run);
        if let Some(last) = last {
            look.usage.cpu = look.usage.cpu.max(last.usage.cpu);
        }
        self.saw(look.usage.memory_kb.max(look.usage.peak_kb));
        self.looks = [last, Some(look)];
    }
}

impl Meters {
    pub(crate) fn of(&self, task: TaskId, container: u8) -> Meter {
        self.all.get(&(task, container)).copied().unwrap_or_default()
    }

    pub(super) fn forget(&mut self, task: TaskId) {
        self.all.retain(|(of, _), _| *of != task);
    }

    /// Looks at containers from now on, if that has not begun.
    pub(super) fn follow(&mut self, driver: &Weak<RefCell<Driver>>) {
        let driver = Weak::clone(driver);
        self.follower.get_or_insert_with(|| {
            Task(tokio::task::spawn_local(async move {
                loop {
                    tokio::time::sleep(LOOK_EVERY).await;
                    let Some(driver) = driver.upgrade() else { return };
                    driver.borrow_mut().world.measure_containers();
                }
            }))
        });
    }
}

impl HostWorld {
    /// Looks at containers as below, unless that was done a moment ago: who asks again and again what lives is not to pay
    /// for each time.
    pub(crate) fn measure_containers_anew(&mut self) {
        let (now, looked) = (self.clock.now(), self.containers.meters.looked);
        if looked.is_none_or(|looked| now.since(looked) >= SEEN_FOR) {
            self.measure_containers();
        }
    }

    /// Looks at what all containers that run use, and says once of each that has had too much memory.
    pub(crate) fn measure_containers(&mut self) {
        let running = self.containers.running.iter();
        let running: Vec<_> = running.filter_map(|(run, one)| Some((*run, one.pid?))).collect();
        if running.is_empty() {
            return;
        }
        let (census, machine, at) = (Census::look(), machine(), self.clock.now());
        self.containers.meters.looked = Some(at);
        for (run, pid) in running {
            let Some(usage) = census.usage(pid) else { continue };
            let look = Look { at, run: run.run, usage, machine };
            self.containers.meters.all.entry((run.task, run.container)).or_default().looked(look);
            self.complain_of_memory(at, run);
        }
    }

    /// A container's process has ended; its peak counts where it was its own.
    pub(super) fn container_measured_at_exit(&mut self, run: ContainerRun, peak: Peak) {
        if peak.is_exact {
            let key = (run.task, run.container);
            self.containers.meters.all.entry(key).or_default().saw(peak.kb);
            self.complain_of_memory(self.clock.now(), run);
        }
    }

    /// What a container may have, MiB: its own, else its task's.
    pub(crate) fn memory_limit_mib(&self, run: ContainerRun) -> Option<u32> {
        let (container, _) = self.book.container(run.task, run.container)?;
        let (served, _) = self.book.definition(self.book.task(run.task)?.definition)?;
        container.memory_mib.or(served.definition.memory_mib)
    }

    fn complain_of_memory(&mut self, now: Moment, run: ContainerRun) {
        let Some(memory_mib) = self.memory_limit_mib(run) else { return };
        let meter = self.containers.meters.all.entry((run.task, run.container)).or_default();
        if !meter.is_newly_over(memory_mib) {
            return;
        }
        let used_mib = meter.peak_mib();
        self.timeline.note(now, Note::ContainerMemoryExceeded { run, used_mib, memory_mib });
        self.log_of_container(
            run,
            format!(
                "lunch: it has had {used_mib} MiB of memory, more than its {memory_mib} MiB: AWS would have ended it (OutOfMemoryError)"
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(ms: u64, run: u32, memory_kb: u64, cpu_ms: u64) -> Look {
        let cpu = Duration::from_millis(cpu_ms);
        let usage = Usage { memory_kb, cpu, ..Usage::default() };
        Look { at: Moment::from_millis(ms), run, usage, machine: None }
    }

    #[test]
    fn the_most_that_was_seen_is_kept_and_too_much_is_said_once() {
        let mut meter = Meter::default();
        meter.looked(look(1, 0, 64 * 1_024, 10));
        assert!(!meter.is_newly_over(64));
        meter.looked(look(2, 0, 64 * 1_024 + 1, 10));
        assert!(meter.is_newly_over(64));
        meter.looked(look(3, 0, 1, 10));
        assert_eq!(meter.peak_mib(), 65);
        assert!(!meter.is_newly_over(64), "it was said");
    }

    #[test]
    fn what_was_used_is_no_less_later_and_begins_anew_with_another_start() {
        let mut meter = Meter::default();
        meter.looked(look(1, 0, 1, 500));
        meter.looked(look(2, 0, 1, 400));
        let cpu = |meter: &Meter| meter.looks.map(|one| one.map(|one| one.usage.cpu.as_millis()));
        assert_eq!(cpu(&meter), [Some(500), Some(500)]);
        meter.looked(look(3, 1, 1, 7));
        assert_eq!(cpu(&meter), [None, Some(7)], "the one before has ended");
    }
}
