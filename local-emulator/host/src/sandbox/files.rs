//! Numbers of processes and limits of files, as the kernel tells them.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal;

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

/// Signals the process group of the process that a descriptor stands for. By the descriptor no other process can be
/// meant, however late it is. `EINVAL`: before Linux 6.9 that was not known.
pub(super) fn signal_group(process: &OwnedFd, signal: signal::Signal) -> Result<(), Errno> {
    const PROCESS_GROUP: libc::c_uint = 1 << 2;
    send(process, signal, PROCESS_GROUP)
}

/// Signals the process alone that a descriptor stands for: a `pidfd`, or a folder of `/proc`.
pub(super) fn signal_one(process: &OwnedFd, signal: signal::Signal) -> Result<(), Errno> {
    send(process, signal, 0)
}

#[expect(unsafe_code, reason = "there is no safe interface to this system call")]
fn send(process: &OwnedFd, signal: signal::Signal, flags: libc::c_uint) -> Result<(), Errno> {
    let (process, signal) = (process.as_raw_fd(), signal as libc::c_int);
    let none = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: plain numbers, and a null pointer where one is allowed; nothing of this process's memory is touched.
    let sent = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, process, signal, none, flags) };
    Errno::result(sent).map(drop)
}
