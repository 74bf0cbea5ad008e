//! Processes: started, signalled and reaped by one supervisor, so that nothing is left running.
//!
//! The supervisor is a process of its own, made before this one has any thread. It is PID 1 of one PID namespace for
//! the whole cloud: when it goes, or when this process goes by whatever means, the kernel ends everything in it.
//! Where namespaces are refused it is a subreaper that ends what it has started when its socket closes.
//!
//! The only room with `unsafe` code: what starts a process has no safe interface.

mod attached;
mod clone;
mod detached;
mod failure;
mod family;
mod files;
mod folders;
mod isolation;
mod letting_go;
mod mains;
mod message;
mod mounts;
mod socket;
mod start;
mod supervise;

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};

use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{Shutdown, shutdown};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

pub use self::attached::Sandbox;
pub use self::files::raise_open_files;
pub use self::isolation::Isolation;
pub use self::start::{Force, SandboxError};

/// The supervisor, from its start on. It ends, with all that it has started, when this is dropped.
#[derive(Debug)]
pub struct Supervisor {
    socket: OwnedFd,
    pid: Pid,
    isolation: Isolation,
    /// Whether a whole group may be signalled by a descriptor. `false`: only to play an older kernel.
    signals_groups: bool,
}

impl Supervisor {
    /// Starts the supervisor. To be called before this process has a second thread, since its copy goes on alone.
    ///
    /// # Errors
    /// If there are threads already, or the operating system refuses even a plain child.
    pub fn start() -> Result<Self, SandboxError> {
        Self::start_with(Force::Nothing)
    }

    /// The same, with less than there could be: for tests of what is done where it is refused.
    ///
    /// # Errors
    /// As `start`.
    pub fn start_with(force: Force) -> Result<Self, SandboxError> {
        start::start(force)
    }

    /// How its processes are kept apart from the host.
    #[must_use]
    pub const fn isolation(&self) -> &Isolation {
        &self.isolation
    }

    /// Its process id.
    #[must_use]
    pub const fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Makes processes of it, inside a runtime whose tasks they wake.
    ///
    /// # Errors
    /// What the operating system refuses.
    pub fn attach(self) -> io::Result<Sandbox> {
        Sandbox::of(self)
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        // The end of the socket ends it; killed, it ends sooner, and the kernel ends the namespace with it.
        if matches!(self.isolation, Isolation::Namespaces { .. }) {
            kill(self.pid, Signal::SIGKILL).ok();
        } else {
            shutdown(self.socket.as_raw_fd(), Shutdown::Both).ok();
        }
        waitpid(self.pid, None).ok();
    }
}
