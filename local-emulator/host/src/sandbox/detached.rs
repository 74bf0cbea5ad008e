//! A mount that is made before it has a place: the system calls for it, which have no safe interface.

use std::ffi::CStr;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};

use nix::errno::Errno;

/// Makes a folder in memory with these options, in which no device and no program's `setuid` counts. It is gone
/// with its descriptor, unless it was given a place.
#[expect(
    unsafe_code,
    clippy::multiple_unsafe_ops_per_block,
    reason = "system calls without a safe interface, all safe for the same reason"
)]
pub(super) fn tmpfs(options: &[(&CStr, &CStr)]) -> Result<OwnedFd, Errno> {
    const ATTRIBUTES: u64 = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;
    let none = std::ptr::null::<libc::c_char>();
    // SAFETY: in all of this function: numbers, null pointers where they are allowed, and texts that end in NUL and
    // outlive the call. What the kernel answers with is a new descriptor, which is this process's to own.
    unsafe {
        let made = libc::syscall(libc::SYS_fsopen, c"tmpfs".as_ptr(), libc::FSOPEN_CLOEXEC);
        let made = own(made)?;
        for (name, value) in options {
            let set = libc::FSCONFIG_SET_STRING;
            let (file, name, value) = (made.as_raw_fd(), name.as_ptr(), value.as_ptr());
            Errno::result(libc::syscall(libc::SYS_fsconfig, file, set, name, value, 0))?;
        }
        let create = libc::FSCONFIG_CMD_CREATE;
        let file = made.as_raw_fd();
        Errno::result(libc::syscall(libc::SYS_fsconfig, file, create, none, none, 0))?;
        own(libc::syscall(libc::SYS_fsmount, file, libc::FSMOUNT_CLOEXEC, ATTRIBUTES))
    }
}

#[expect(unsafe_code, reason = "a descriptor is a number until it is owned")]
fn own(answer: libc::c_long) -> Result<OwnedFd, Errno> {
    let number = RawFd::try_from(Errno::result(answer)?).map_err(|_| Errno::EBADF)?;
    // SAFETY: the kernel has just given this number to this process.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Gives a mount its place.
#[expect(unsafe_code, reason = "there is no safe interface to this system call")]
pub(super) fn attach(mount: &OwnedFd, path: &CStr) -> Result<(), Errno> {
    let (mount, here) = (mount.as_raw_fd(), libc::MOVE_MOUNT_F_EMPTY_PATH);
    let follow = libc::MOVE_MOUNT_T_SYMLINKS;
    // SAFETY: numbers, and texts that end in NUL and outlive the call.
    let moved = unsafe {
        libc::syscall(
            libc::SYS_move_mount,
            mount,
            c"".as_ptr(),
            libc::AT_FDCWD,
            path.as_ptr(),
            here | follow,
        )
    };
    Errno::result(moved).map(drop)
}
