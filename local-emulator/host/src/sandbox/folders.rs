//! The folders that a process finds as on AWS: its code at `/var/task`, read-only, and a `/tmp` of its instance's own.
//!
//! All of it is mounted in the mount namespace that this process is in at the moment, which is then the instance's.

use std::ffi::{CString, OsStr, OsString};
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt as _, symlink};
use std::path::Path;

use lunch_contract::environment::TASK_ROOT;
use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};

use super::detached;
use super::message::{Start, Step};

const VAR: &str = "/var";
const TMP: &str = "/tmp";

/// An empty `/tmp` that has no place yet.
#[derive(Debug)]
pub(super) struct Tmp {
    mount: OwnedFd,
    pub(super) size_mb: u32,
}

impl Tmp {
    /// Makes one. That is most of the work.
    pub(super) fn make(size_mb: u32) -> Result<Self, Errno> {
        let size = CString::new(format!("{size_mb}m")).map_err(|_| Errno::EINVAL)?;
        let options = [(c"source", c"tmp"), (c"mode", c"1777"), (c"size", &size)];
        Ok(Self { mount: detached::tmpfs(&options)?, size_mb })
    }
}

/// Gives whoever is started here those folders. The code may be below `/tmp`: it is bound before that is covered.
pub(super) fn give(code: &OsStr, tmp: Tmp) -> Result<(), (Step, Errno)> {
    let bind = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(Some(code), TASK_ROOT, None::<&str>, bind, None::<&str>)
        .map_err(|errno| (Step::Code, errno))?;
    read_only(TASK_ROOT, Below::Too).map_err(|errno| (Step::ReadOnly, errno))?;
    detached::attach(&tmp.mount, c"/tmp").map_err(|errno| (Step::Temporary, errno))
}

/// Where the program of a process is found then. `None`: it is not in its code's folder.
pub(super) fn at_task_root(start: &Start) -> Option<OsString> {
    let inside = Path::new(&start.program).strip_prefix(&start.code).ok()?;
    Some(Path::new(TASK_ROOT).join(inside).into())
}

/// Makes `/var/task` for all that will be a copy of these mounts, if the host has none: a `/var` of its own, which
/// nobody can write to, with all that is in the host's.
pub(super) fn make_task_root() -> Result<(), (&'static str, Errno)> {
    if Path::new(TASK_ROOT).is_dir() {
        return Ok(());
    }
    let safe = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    // Built where something else is, and moved when it is done.
    mount(Some("var"), TMP, Some("tmpfs"), safe, Some("size=1m,mode=755"))
        .map_err(|errno| ("mounting a folder in memory", errno))?;
    let moved = build_var().and_then(|()| {
        mount(Some(TMP), VAR, None::<&str>, MsFlags::MS_MOVE, None::<&str>)
            .map_err(|errno| ("mounting a `/var` with `/var/task` in it", errno))
    });
    if moved.is_err() {
        umount2(TMP, MntFlags::MNT_DETACH).ok();
    }
    moved?;
    read_only(VAR, Below::Not).map_err(|errno| ("making `/var` read-only", errno))
}

/// Fills what is to become `/var`.
fn build_var() -> Result<(), (&'static str, Errno)> {
    let at = |step| move |error: io::Error| (step, errno_of(&error));
    for entry in fs::read_dir(VAR).map_err(at("listing `/var`"))? {
        let entry = entry.map_err(at("listing `/var`"))?;
        repeat(&entry, &Path::new(TMP).join(entry.file_name()))
            .map_err(at("repeating what is in `/var`"))?;
    }
    // Covered for every instance; and if it were not, nobody could leave anything there.
    let task = Path::new(TMP).join("task");
    DirBuilder::new().mode(0o555).create(task).map_err(at("making `/var/task`"))
}

/// Makes a folder's entry available at a path of the same kind.
fn repeat(entry: &fs::DirEntry, path: &Path) -> io::Result<()> {
    let kind = entry.file_type()?;
    if kind.is_symlink() {
        return symlink(fs::read_link(entry.path())?, path);
    }
    if kind.is_dir() {
        fs::create_dir(path)?;
    } else {
        File::create_new(path)?;
    }
    let bind = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(Some(&entry.path()), path, None::<&str>, bind, None::<&str>).map_err(io::Error::from)
}

fn errno_of(error: &io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw)
}

/// Whether what is mounted below a mount is meant too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Below {
    Too,
    Not,
}

/// Lets nobody write by the mount at that path. Nothing else about it changes: an ordinary user may not take off what
/// the host has put on it, as `mount` with MS_REMOUNT would. `ENOSYS` before Linux 5.12.
#[expect(unsafe_code, reason = "there is no safe interface to this system call")]
fn read_only(path: &str, below: Below) -> Result<(), Errno> {
    let path = CString::new(path).map_err(|_| Errno::EINVAL)?;
    let flags = if below == Below::Too { libc::AT_RECURSIVE } else { 0 };
    let wanted = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_RDONLY,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    // SAFETY: a path that ends in NUL, a plain structure and its size, all of which outlive the call.
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            flags,
            &raw const wanted,
            size_of::<libc::mount_attr>(),
        )
    };
    Errno::result(done).map(drop)
}
