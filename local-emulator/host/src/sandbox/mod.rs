//! Processes: started, signalled and reaped by one supervisor, so that nothing is left running.
//!
//! The supervisor is a process of its own, made before this one has any thread. It is PID 1 of one PID namespace for
//! the whole cloud: when it goes, or when this process goes by whatever means, the kernel ends everything in it.
//! Where namespaces are refused it is a subreaper that ends what it has started when its socket closes.
//!
//! The only room with `unsafe` code: what starts a process has no safe interface.

mod clone;
mod files;
mod message;
mod orphans;
mod socket;
mod start;
mod supervise;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll, ready};

use lunch_contract::{InstanceId, Process, SpawnFailure};
use nix::errno::Errno;
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use tokio::io::unix::AsyncFd;

use self::message::{Asked, Step, Told};
use crate::driver::{Launch, Processes, Report, Signal};
use crate::readiness::{Watched, watch};

pub use self::files::raise_open_files;
pub use self::start::{Force, SandboxError};

/// How processes are kept apart from the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// In a PID namespace of the cloud's and a mount namespace each.
    Namespaces {
        /// Whether a user namespace was needed for that.
        user: bool,
        /// Whether they see a `/proc` of their own. `false`: who leaves its process group is found at the end only.
        own_proc: bool,
    },
    /// By process groups alone.
    Groups {
        /// What was refused, each a step and the operating system's word for why.
        refused: Vec<String>,
    },
}

impl fmt::Display for Isolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Namespaces { user: false, own_proc: true } => f.write_str("namespaces"),
            Self::Namespaces { user: true, own_proc: true } => f.write_str("user namespace"),
            Self::Namespaces { own_proc: false, .. } => f.write_str("namespaces without /proc"),
            Self::Groups { .. } => f.write_str("process group"),
        }
    }
}

/// The supervisor, from its start on. It ends, with all that it has started, when this is dropped.
#[derive(Debug)]
pub struct Supervisor {
    socket: OwnedFd,
    pid: Pid,
    isolation: Isolation,
}

impl Supervisor {
    /// Starts the supervisor. To be called before this process has a second thread, since its copy goes on alone.
    ///
    /// # Errors
    /// If there are threads already, or the operating system refuses even a plain child.
    pub fn start() -> Result<Self, SandboxError> {
        Self::start_with(Force::Nothing)
    }

    /// The same, with less isolation than there could be: for tests of what is done where it is refused.
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
        let socket = watch(self.socket.try_clone()?)?;
        Ok(Sandbox {
            isolation: self.isolation.to_string(),
            supervisor: Some(self),
            socket,
            asked: VecDeque::new(),
            reports: VecDeque::new(),
            running: BTreeMap::new(),
            lost: false,
        })
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        // The end of the socket ends it; killed, it ends sooner, and the kernel ends the namespace with it.
        if matches!(self.isolation, Isolation::Namespaces { .. }) {
            nix::sys::signal::kill(self.pid, nix::sys::signal::SIGKILL).ok();
        } else {
            nix::sys::socket::shutdown(
                std::os::fd::AsRawFd::as_raw_fd(&self.socket),
                nix::sys::socket::Shutdown::Both,
            )
            .ok();
        }
        waitpid(self.pid, None).ok();
    }
}

/// The processes of a cloud.
#[derive(Debug)]
pub struct Sandbox {
    isolation: String,
    /// Dropped after the socket's end was seen, to wait for it.
    supervisor: Option<Supervisor>,
    socket: AsyncFd<Watched>,
    /// What the socket has no room for yet.
    asked: VecDeque<(Vec<u8>, Option<OwnedFd>)>,
    /// What became of a process without the supervisor.
    reports: VecDeque<Report>,
    running: BTreeMap<Process, Running>,
    lost: bool,
}

/// A process that has started and whose exit is not known yet.
#[derive(Debug)]
struct Running {
    /// Stands for this very process, whatever its number is given to later.
    pidfd: OwnedFd,
    pid: Pid,
}

impl Sandbox {
    fn ask(&mut self, asked: &Asked, descriptor: Option<OwnedFd>) -> io::Result<()> {
        self.asked.push_back((message::write(asked)?, descriptor));
        flush(&mut self.asked, self.socket.get_ref());
        Ok(())
    }

    fn report(&mut self, told: Told, pidfd: Option<OwnedFd>) -> Option<Report> {
        match told {
            Told::Started { process, pid } => {
                let pid = Pid::from_raw(pid);
                self.running.insert(process, Running { pidfd: pidfd?, pid });
                let isolation = self.isolation.clone();
                Some(Report::Started { process, pid: pid.as_raw().unsigned_abs(), isolation })
            }
            Told::NotStarted { process, program, step, errno } => {
                let why = kind(step, errno);
                Some(Report::NotStarted { process, why, sentence: sentence(&program, step, errno) })
            }
            Told::Exited { process, exit } => {
                self.running.remove(&process);
                Some(Report::Exited { process, exit })
            }
            Told::Ready { .. } | Told::Refused { .. } => None,
        }
    }
}

impl Processes for Sandbox {
    fn spawn(&mut self, launch: Launch) {
        let process = launch.process;
        let asked = Asked::Spawn {
            process,
            program: launch.program,
            code: launch.code,
            environment: launch.environment,
        };
        if let Err(error) = self.ask(&asked, Some(launch.output)) {
            let errno = error.raw_os_error().unwrap_or(Errno::E2BIG as i32);
            let why = SpawnFailure::Host { errno };
            let sentence = error.to_string();
            self.reports.push_back(Report::NotStarted { process, why, sentence });
        }
    }

    fn signal(&mut self, process: Process, signal: Signal) {
        match self.running.get(&process) {
            // At once and not by the supervisor: a thaw is on a request's way.
            Some(running) => files::signal_group(&running.pidfd, running.pid, signal),
            // It was asked for and has not been heard of: the supervisor takes things in their order.
            None => {
                self.ask(&Asked::Signal { process, signal: signal.into() }, None).ok();
            }
        }
    }

    fn forget(&mut self, _: InstanceId) {}

    fn poll_report(&mut self, cx: &mut Context<'_>) -> Poll<Report> {
        loop {
            if let Some(report) = self.reports.pop_front() {
                return Poll::Ready(report);
            }
            if self.lost {
                return Poll::Pending;
            }
            if !self.asked.is_empty()
                && let Poll::Ready(Ok(mut room)) = self.socket.poll_write_ready(cx)
            {
                flush(&mut self.asked, self.socket.get_ref());
                if !self.asked.is_empty() {
                    room.clear_ready();
                    continue;
                }
            }
            match socket::receive(self.socket.get_ref()) {
                Ok(Some((bytes, pidfd))) => {
                    let told = message::read(&bytes).expect("the supervisor is this very program");
                    if let Some(report) = self.report(told, pidfd) {
                        return Poll::Ready(report);
                    }
                }
                Err(Errno::EAGAIN) => match ready!(self.socket.poll_read_ready(cx)) {
                    Ok(mut ready) => ready.clear_ready(),
                    Err(_) => return Poll::Pending,
                },
                Ok(None) | Err(_) => {
                    self.lost = true;
                    self.supervisor = None;
                    let sentence = "the supervisor of all processes has ended: no function can run any more\n(start lunch again)";
                    return Poll::Ready(Report::Lost { sentence: sentence.to_owned() });
                }
            }
        }
    }
}

/// Sends what there is room for.
fn flush(asked: &mut VecDeque<(Vec<u8>, Option<OwnedFd>)>, socket: &Watched) {
    while let Some((bytes, descriptor)) = asked.front() {
        match socket::send(socket, bytes, descriptor.as_ref()) {
            Ok(()) => drop(asked.pop_front()),
            Err(Errno::EAGAIN) => return,
            // It is gone, which is told by the reading side.
            Err(_) => asked.clear(),
        }
    }
}

fn kind(step: Step, errno: i32) -> SpawnFailure {
    match (step, Errno::from_raw(errno)) {
        (Step::Execute, Errno::ENOENT) => SpawnFailure::Missing,
        (Step::Execute, Errno::EACCES) => SpawnFailure::PermissionDenied,
        (Step::Execute, Errno::ENOEXEC) => SpawnFailure::ExecFormat,
        (
            Step::Execute | Step::Clone | Step::Session | Step::Output | Step::Folder | Step::Limit,
            _,
        ) => SpawnFailure::Host { errno },
    }
}

fn sentence(program: &str, step: Step, errno: i32) -> String {
    let why = Errno::from_raw(errno).desc();
    match (step, kind(step, errno)) {
        (_, SpawnFailure::Missing) if std::path::Path::new(program).exists() => format!(
            "`{program}` is there, and what is to interpret it is not\n(see its first line, or the loader that it was linked for)"
        ),
        (_, SpawnFailure::Missing) => {
            format!("there is no `{program}`\n(build the function again)")
        }
        (_, SpawnFailure::PermissionDenied) => {
            format!("`{program}` may not be executed\n(`chmod +x {program}`)")
        }
        (_, SpawnFailure::ExecFormat) => {
            format!("`{program}` is no program for this machine\n(build it for the host)")
        }
        (step, SpawnFailure::Host { .. }) => {
            format!("`{program}` could not be started: {} failed: {why}", step.word())
        }
    }
}
