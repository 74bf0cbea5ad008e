//! What the processes of containers use, as the kernel counts it: all those of a container's session, and whatever they
//! have started.
//!
//! One look at `/proc` serves all containers: not every kernel keeps lists of children.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use nix::time::ClockId;
use nix::unistd::Pid;

/// What a container's processes have used by now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// In the processor: of those that live, and of those that have ended and were waited for by one that lives.
    pub(crate) cpu: Duration,
    /// Of that in their own code, to a hundredth of a second.
    pub(crate) user: Duration,
    /// Of that in the kernel, to a hundredth of a second.
    pub(crate) kernel: Duration,
    /// Memory that they have now, KB; what several have together counts once, where the kernel tells.
    pub(crate) memory_kb: u64,
    /// The most that one of them has had, KB.
    pub(crate) peak_kb: u64,
    /// Their threads.
    pub(crate) threads: u32,
}

/// All processes of this machine, at one moment.
#[derive(Debug)]
pub(crate) struct Census {
    all: Vec<Stat>,
}

/// What stands in a process's `stat`. Numbers of processes, and ticks of the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    pid: i32,
    parent: i32,
    session: i32,
    user: u64,
    kernel: u64,
    user_of_ended: u64,
    kernel_of_ended: u64,
}

/// A tick of the processor, in which `/proc` counts: Linux's for every program.
const TICK: Duration = Duration::from_millis(10);

impl Census {
    /// Looks at all of them.
    pub(crate) fn look() -> Self {
        let entries = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
        let all = entries.filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            Stat::of(pid, &fs::read_to_string(entry.path().join("stat")).ok()?)
        });
        Self { all: all.collect() }
    }

    /// What those use that belong to this main process; `None`: it has ended.
    pub(crate) fn usage(&self, main: u32) -> Option<Usage> {
        let main = i32::try_from(main).ok()?;
        self.all.iter().find(|one| one.pid == main)?;
        let mut usage = Usage::default();
        for one in self.of(main) {
            one.add_to(&mut usage);
        }
        Some(usage)
    }

    /// A main process, its session, and what these have started.
    fn of(&self, main: i32) -> impl Iterator<Item = &Stat> {
        let mut own = BTreeSet::from([main]);
        loop {
            let before = own.len();
            let is_own = |one: &&Stat| one.session == main || own.contains(&one.parent);
            let found: Vec<_> = self.all.iter().filter(is_own).map(|one| one.pid).collect();
            own.extend(found);
            if own.len() == before {
                break;
            }
        }
        self.all.iter().filter(move |one| own.contains(&one.pid))
    }
}

impl Stat {
    fn of(pid: i32, text: &str) -> Option<Self> {
        // The name stands in parentheses and may have anything in it.
        let (_, rest) = text.rsplit_once(") ")?;
        let fields: Vec<_> = rest.split_ascii_whitespace().collect();
        let ticks = |place: usize| fields.get(place)?.parse().ok();
        Some(Self {
            pid,
            parent: fields.get(1)?.parse().ok()?,
            session: fields.get(3)?.parse().ok()?,
            user: ticks(11)?,
            kernel: ticks(12)?,
            user_of_ended: ticks(13)?,
            kernel_of_ended: ticks(14)?,
        })
    }

    fn add_to(&self, usage: &mut Usage) {
        let span = |ticks: u64| TICK.saturating_mul(u32::try_from(ticks).unwrap_or(u32::MAX));
        let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(self.pid)).and_then(ClockId::now);
        let own = clock.map_or_else(|_| span(self.user + self.kernel), Duration::from);
        usage.cpu += own + span(self.user_of_ended + self.kernel_of_ended);
        usage.user += span(self.user + self.user_of_ended);
        usage.kernel += span(self.kernel + self.kernel_of_ended);
        let read = |name: &str| fs::read_to_string(format!("/proc/{}/{name}", self.pid)).ok();
        let status = read("status").unwrap_or_default();
        let shared_out = read("smaps_rollup").and_then(|text| number(&text, "Pss"));
        let memory = shared_out.or_else(|| number(&status, "VmRSS")).unwrap_or_default();
        usage.memory_kb += memory;
        usage.peak_kb = usage.peak_kb.max(number(&status, "VmHWM").unwrap_or_default());
        let threads = number(&status, "Threads").and_then(|threads| u32::try_from(threads).ok());
        usage.threads += threads.unwrap_or_default();
    }
}

/// The number in a line such as `VmHWM:     1234 kB`.
fn number(text: &str, name: &str) -> Option<u64> {
    let lines = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    lines.filter_map(|rest| rest.split_ascii_whitespace().next()?.parse().ok()).next()
}

/// The machine's processors: how long all of them have been there, busy or not, and how many they are.
pub(crate) fn machine() -> Option<(Duration, u32)> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    // User, nice, system, idle, iowait, irq and softirq, which Docker adds up.
    let first = text.lines().next()?.strip_prefix("cpu ")?;
    let ticks: u64 =
        first.split_ascii_whitespace().take(7).filter_map(|one| one.parse::<u64>().ok()).sum();
    let is_one = |line: &&str| line.starts_with("cpu") && !line.starts_with("cpu ");
    let online = text.lines().filter(is_one).count();
    Some((Duration::from_millis(ticks.saturating_mul(10)), u32::try_from(online).ok()?))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn what_a_processes_children_use_is_its_own() {
        // The child keeps 40 MB, works for a while, says so, and stays; its parent has nothing.
        let child = "x=$(head -c 40000000 /dev/zero | tr '\\0' x); i=0; \
                     while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done; read wait";
        let mut shell = Command::new("setsid");
        shell
            .args(["sh", "-c", "sh -c \"$0\"; true", child])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut shell = shell.spawn().expect("it is there");
        let mut line = String::new();
        let output = shell.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut line).expect("it says so");
        let usage = Census::look().usage(shell.id()).expect("it lives");
        assert!(usage.memory_kb > 39_000, "{usage:?}");
        assert!(usage.peak_kb > 39_000, "{usage:?}");
        assert!(usage.cpu > Duration::from_millis(20), "{usage:?}");
        assert_eq!(usage.threads, 2, "{usage:?}");
        drop(shell.stdin.take());
        shell.wait().expect("it is a child");
        assert_eq!(Census::look().usage(shell.id()), None, "it has ended");
    }

    #[test]
    fn who_has_left_its_parent_is_found_by_its_session() {
        let of = |pid, parent, session| Stat {
            pid,
            parent,
            session,
            user: 0,
            kernel: 0,
            user_of_ended: 0,
            kernel_of_ended: 0,
        };
        let all =
            vec![of(9, 8, 8), of(5, 1, 5), of(6, 5, 5), of(7, 1, 5), of(8, 7, 8), of(4, 1, 4)];
        let mut found: Vec<_> = Census { all }.of(5).map(|one| one.pid).collect();
        found.sort_unstable();
        assert_eq!(found, [5, 6, 7, 8, 9]);
    }

    #[test]
    fn a_stat_is_read_whatever_the_name_has_in_it() {
        let text = "77 (a) S 1 (b) S 12 34 56 0 -1 4194304 1 2 3 4 500 600 70 80 20 0 3 0\n";
        let expected = Stat {
            pid: 77,
            parent: 12,
            session: 56,
            user: 500,
            kernel: 600,
            user_of_ended: 70,
            kernel_of_ended: 80,
        };
        assert_eq!(Stat::of(77, text), Some(expected));
        assert_eq!(Stat::of(77, "77 (a"), None);
    }
}
