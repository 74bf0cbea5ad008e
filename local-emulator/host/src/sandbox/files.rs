//! Numbers of processes and limits of files, as the kernel tells them.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal;
use nix::unistd::Pid;

use crate::driver::Signal;

/// Open files of a function's process. Facts 1.7.
pub(super) const OPEN_FILES: u64 = 1_024;

/// Lets this process have as many open files as the operating system permits it: an instance needs several.
///
/// # Errors
/// What the operating system refuses.
pub fn raise_open_files() -> io::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    Ok(())
}

pub(super) const fn number(signal: Signal) -> signal::Signal {
    match signal {
        Signal::Freeze => signal::SIGSTOP,
        Signal::Thaw => signal::SIGCONT,
        Signal::Terminate => signal::SIGTERM,
        Signal::Kill => signal::SIGKILL,
    }
}

/// Signals the process group of the process that a descriptor stands for. One that has ended is let be.
///
/// By the descriptor (since Linux 6.9) no other process can be meant, however late it is. Before that by number, which
/// is another's only when it has been given anew between the exit and its report.
#[expect(unsafe_code, reason = "there is no safe interface to this system call")]
pub(super) fn signal_group(pidfd: &OwnedFd, pid: Pid, signal: Signal) {
    const PROCESS_GROUP: libc::c_uint = 1 << 2;
    let signal = number(signal);
    // SAFETY: plain numbers, and a null pointer where one is allowed; nothing of this process's memory is touched.
    let sent = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            pidfd.as_raw_fd(),
            signal as libc::c_int,
            std::ptr::null::<libc::siginfo_t>(),
            PROCESS_GROUP,
        )
    };
    if sent == -1 && matches!(Errno::last(), Errno::EINVAL | Errno::ENOSYS) && pid.as_raw() > 1 {
        signal::killpg(pid, signal).ok();
    }
}
