//! How much memory a process has had at most, as the kernel counts it.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::time::Duration;

use lunch_contract::Moment;

/// A process's `/proc/PID/status`, opened when it is first asked for: what is open stands for that process only.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    status: Option<File>,
}

/// The file is shorter.
const STATUS_BYTES: usize = 4_096;

impl Memory {
    /// The most that the process has had so far, KB; `None`: it has ended, or has not begun to run its program.
    pub(crate) fn peak_kb(&mut self, pid: u32) -> Option<u64> {
        if self.status.is_none() {
            self.status = File::open(format!("/proc/{pid}/status")).ok();
        }
        let mut buffer = [0; STATUS_BYTES];
        let read = self.status.as_ref()?.read_at(&mut buffer, 0).ok()?;
        peak_kb(&buffer[..read])
    }
}

/// How much memory an instance has needed, as far as it was looked at. To look costs more than some invocations do: of
/// those that follow each other closely one in a while is looked at, and the last one in the pause after it.
#[derive(Debug, Default)]
pub(crate) struct MemoryUse {
    /// The most that one of its processes has had, KB.
    peak_kb: u64,
    looked: Option<Moment>,
    /// Whether an invocation has ended since.
    is_unseen: bool,
    /// Whether it was said that it is too much.
    is_said: bool,
}

/// What was seen is as good as new for so long.
const SEEN_FOR: Duration = Duration::from_millis(50);

impl MemoryUse {
    /// Whether to look, now that an invocation has ended.
    pub(crate) fn is_due_at_end(&mut self, now: Moment) -> bool {
        self.is_unseen = true;
        self.looked.is_none_or(|looked| now.since(looked) >= SEEN_FOR)
    }

    /// Whether to look, now that nothing happens.
    pub(crate) const fn is_due_in_pause(&self) -> bool {
        self.is_unseen
    }

    /// So much was seen.
    pub(crate) fn saw(&mut self, now: Moment, peak_kb: u64) {
        self.peak_kb = self.peak_kb.max(peak_kb);
        self.looked = Some(now);
        self.is_unseen = false;
    }

    /// The most that was seen, MB in AWS's sense, rounded up.
    pub(crate) fn max_mb(&self) -> u32 {
        u32::try_from(self.peak_kb.div_ceil(1_024)).unwrap_or(u32::MAX)
    }

    /// Whether it is more than that, and was not so before.
    pub(crate) fn is_newly_over(&mut self, memory_mb: u32) -> bool {
        let is_over = self.max_mb() > memory_mb;
        is_over && !std::mem::replace(&mut self.is_said, is_over)
    }
}

/// The number in `VmHWM:     1234 kB`.
fn peak_kb(status: &[u8]) -> Option<u64> {
    const FIELD: &[u8] = b"\nVmHWM:";
    let from = status.windows(FIELD.len()).position(|window| window == FIELD)? + FIELD.len();
    let digits = status[from..].trim_ascii_start();
    let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    str::from_utf8(&digits[..end]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_had_what_it_had_even_when_it_gave_it_back() {
        let mut memory = Memory::default();
        let before = memory.peak_kb(std::process::id()).expect("this process lives");
        // More than all that other tests of this process have had.
        let bytes = usize::try_from(before).expect("it is small") * 1024 + 32 * 1024 * 1024;
        drop(std::hint::black_box(vec![1_u8; bytes]));
        let after = memory.peak_kb(std::process::id()).expect("this process lives");
        assert!(after >= before + 30 * 1024, "{before} KB, then {after} KB");
    }

    #[test]
    fn invocations_that_follow_each_other_closely_are_looked_at_now_and_then_and_in_the_pause() {
        let at = Moment::from_millis;
        let mut used = MemoryUse::default();
        assert!(used.is_due_at_end(at(3)), "nobody has looked yet");
        used.saw(at(3), 2_048);
        assert!(!used.is_due_in_pause());
        assert!(!used.is_due_at_end(at(52)));
        assert!(used.is_due_in_pause());
        assert!(used.is_due_at_end(at(53)));
        used.saw(at(53), 1_025);
        assert_eq!(used.max_mb(), 2, "what was had was had");
    }

    #[test]
    fn too_much_is_said_once() {
        let mut used = MemoryUse::default();
        used.saw(Moment::ZERO, 128 * 1_024);
        assert!(!used.is_newly_over(128));
        used.saw(Moment::ZERO, 128 * 1_024 + 1);
        assert!(used.is_newly_over(128));
        assert!(!used.is_newly_over(128));
    }

    #[test]
    fn what_is_no_status_is_no_memory() {
        assert_eq!(peak_kb(b"Name:\tcat\nVmHWM:\t    1234 kB\nVmRSS:\t 5 kB\n"), Some(1_234));
        assert_eq!(peak_kb(b"Name:\tzombie\nThreads:\t1\n"), None);
        assert_eq!(peak_kb(b"\nVmHWM:\t12"), None);
    }
}
