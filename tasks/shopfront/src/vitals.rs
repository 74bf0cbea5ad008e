//! What the kernel knows of this process: its processor time, its memory, and how often its threads were pre-empted.

use std::fs;
use std::time::Duration;

/// Linux counts processor time for user programs in hundredths of a second, on every architecture that there is Rust for.
const TICK: Duration = Duration::from_millis(10);
const KIB: u64 = 1_024;

/// A thread of this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// Its name, of which the kernel keeps 15 bytes.
    pub name: String,
    /// How often it was pre-empted: it would have gone on, and another was given its core.
    pub involuntary_switches: u64,
    /// How often it waited for something.
    pub voluntary_switches: u64,
    /// The cores on which it may run, as the kernel writes them: `0`, `0-3`.
    pub cores: String,
}

/// Processor time of all threads so far, user and system; `None` where `/proc` cannot be read.
#[must_use]
pub fn processor_time() -> Option<Duration> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    // The name may hold anything, and ends with the last bracket. After it the state is field 3 of `proc_pid_stat(5)`.
    let mut fields = text.rsplit_once(") ")?.1.split(' ').skip(14 - 3);
    let ticks: u32 = fields.next()?.parse::<u32>().ok()? + fields.next()?.parse::<u32>().ok()?;
    Some(TICK * ticks)
}

/// Memory that is in RAM now, in bytes; `None` where `/proc` cannot be read.
#[must_use]
pub fn resident_bytes() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let kib: u64 = field(&text, "VmRSS:")?.strip_suffix(" kB")?.parse().ok()?;
    Some(kib * KIB)
}

/// The threads of this process; those that end meanwhile are left out.
#[must_use]
pub fn threads() -> Vec<Thread> {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return Vec::new() };
    let statuses =
        tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("status")).ok());
    statuses.filter_map(|status| thread(&status)).collect()
}

fn thread(status: &str) -> Option<Thread> {
    Some(Thread {
        name: field(status, "Name:")?.to_owned(),
        involuntary_switches: field(status, "nonvoluntary_ctxt_switches:")?.parse().ok()?,
        voluntary_switches: field(status, "voluntary_ctxt_switches:")?.parse().ok()?,
        cores: field(status, "Cpus_allowed_list:")?.to_owned(),
    })
}

fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn this_process_has_memory_and_a_thread_by_its_name() {
        assert!(resident_bytes().expect("Linux") > 100 * KIB);
        assert!(processor_time().is_some());
        let look = || threads().into_iter().find(|thread| thread.name == "looking");
        let looking = thread::Builder::new().name("looking".into()).spawn(look);
        let seen = looking.expect("it starts").join().expect("it looks").expect("it sees itself");
        assert!(!seen.cores.is_empty());
    }
}
