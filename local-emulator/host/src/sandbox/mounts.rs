//! A mount namespace that is kept: entered again, or copied.

use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::stat::{Mode, fstat};
use nix::unistd::{chroot, dup2_stdin, fchdir};

use super::family::Proc;

/// A mount namespace, kept by two descriptors: for as long as this lives, whoever is in it or not.
#[derive(Debug)]
pub(super) struct Mounts {
    namespace: OwnedFd,
    /// What is `/` in it, which is not its uppermost folder where somebody has changed that.
    root: OwnedFd,
    /// No other has it while this lives.
    pub(super) number: u64,
}

impl Mounts {
    /// The one that this process is in.
    pub(super) fn here(proc: &Proc) -> Result<Self, Errno> {
        let folder = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let namespace = proc.own_namespace()?;
        let number = fstat(&namespace)?.st_ino;
        Ok(Self { namespace, root: open("/", folder, Mode::empty())?, number })
    }

    /// Makes this process one that is in it, and whoever it starts.
    pub(super) fn enter(&self) -> Result<(), Errno> {
        self.go_in()?;
        reach_input()
    }

    /// A new one like it, that this process is in from then on.
    pub(super) fn copy(&self, proc: &Proc) -> Result<Self, Errno> {
        self.go_in()?;
        unshare(CloneFlags::CLONE_NEWNS)?;
        reach_input()?;
        Self::here(proc)
    }

    fn go_in(&self) -> Result<(), Errno> {
        setns(&self.namespace, CloneFlags::CLONE_NEWNS)?;
        fchdir(&self.root)?;
        chroot(".")
    }
}

/// Opens the input of all processes as it is reached here: the one before is not, when what it was in has gone.
fn reach_input() -> Result<(), Errno> {
    dup2_stdin(open("/dev/null", OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty())?)
}
