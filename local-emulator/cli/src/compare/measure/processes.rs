//! What the kernel knows of other processes: an instance's, which does not know that it is looked at.

use std::fs;

/// Processor time of all of a process's threads so far, nanoseconds; 0 once it is gone.
pub(crate) fn cpu_ns(pid: u32) -> u64 {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return 0 };
    let of =
        threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("schedstat")).ok());
    of.filter_map(|text| text.split(' ').next()?.parse::<u64>().ok()).sum()
}

/// The memory that only this process holds, bytes; `None` where the kernel does not say.
pub(crate) fn own_bytes(pid: u32) -> Option<u64> {
    private(&fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?)
}

fn private(smaps: &str) -> Option<u64> {
    let kib = |name: &str| -> Option<u64> {
        let line = smaps.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    };
    Some((kib("Private_Clean:")? + kib("Private_Dirty:")?) * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_worked_and_holds_memory() {
        let this = std::process::id();
        assert!(cpu_ns(this) > 0);
        assert!(own_bytes(this).is_some_and(|bytes| bytes > 100 * 1_024));
        assert_eq!(private("Private_Clean:  4 kB\nPrivate_Dirty:  8 kB\n"), Some(12 * 1_024));
        assert_eq!(private("Rss: 4 kB\n"), None);
    }
}
