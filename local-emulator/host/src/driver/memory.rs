//! How much memory a process has had at most, as the kernel counts it.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

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
    fn what_is_no_status_is_no_memory() {
        assert_eq!(peak_kb(b"Name:\tcat\nVmHWM:\t    1234 kB\nVmRSS:\t 5 kB\n"), Some(1_234));
        assert_eq!(peak_kb(b"Name:\tzombie\nThreads:\t1\n"), None);
        assert_eq!(peak_kb(b"\nVmHWM:\t12"), None);
    }
}
