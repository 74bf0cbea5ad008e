//! How much memory a process has had at most, as the kernel counts it.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::time::Duration;

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

/// How much memory an instance has needed, as far as it was looked at. To look costs more than a short invocation does,
/// and in less than a millisecond nobody can have touched more than a few megabytes: after such a one it is left for the
/// next pause, or for one in so many.
#[derive(Debug, Default)]
pub(crate) struct MemoryUse {
    /// The most that one of its processes has had, KB; 0: nobody has looked.
    peak_kb: u64,
    /// How many invocations have ended since.
    unseen: u32,
    /// Whether it was said that it is too much.
    is_said: bool,
}

/// A shorter invocation is not looked at by itself.
const SHORT: Duration = Duration::from_millis(1);

/// So many of them may end in a row without a look.
const UNSEEN_MAX: u32 = 64;

impl MemoryUse {
    /// Whether to look, after an invocation that took so long.
    pub(crate) fn is_due_after(&mut self, duration: Duration) -> bool {
        self.unseen += 1;
        duration >= SHORT || self.peak_kb == 0 || self.unseen > UNSEEN_MAX
    }

    /// Whether to look, now that nothing happens.
    pub(crate) const fn is_due_in_pause(&self) -> bool {
        self.unseen > 0
    }

    /// So much was seen.
    pub(crate) fn saw(&mut self, peak_kb: u64) {
        self.peak_kb = self.peak_kb.max(peak_kb);
        self.unseen = 0;
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
    fn long_invocations_are_looked_at_and_short_ones_in_the_next_pause_or_now_and_then() {
        let (short, long) = (Duration::from_micros(999), Duration::from_millis(1));
        let mut used = MemoryUse::default();
        assert!(used.is_due_after(short), "nobody has looked yet");
        used.saw(2_048);
        assert!(!used.is_due_in_pause());
        assert!(!used.is_due_after(short));
        assert!(used.is_due_in_pause());
        assert!(used.is_due_after(long));
        used.saw(1_025);
        assert_eq!(used.max_mb(), 2, "what was had was had");
        let unseen = (1..).find(|_| used.is_due_after(short));
        assert_eq!(unseen, Some(UNSEEN_MAX + 1));
    }

    #[test]
    fn too_much_is_said_once() {
        let mut used = MemoryUse::default();
        used.saw(128 * 1_024);
        assert!(!used.is_newly_over(128));
        used.saw(128 * 1_024 + 1);
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
