//! The supervisor's own loop: starts, signals and reaps, until the socket ends.
//!
//! One thread, two descriptors: the socket and the signals of children. It never waits for anything else.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use lunch_contract::{Exit, Process};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::CloneFlags;
use nix::sys::signal::{SigSet, Signal, killpg};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;

use super::clone::{self, Image, Spawned};
use super::message::{self, Asked, Step, Told};
use super::orphans::Mark;
use super::{files, orphans, socket};

/// A process that runs, or whose leftovers do.
#[derive(Debug)]
struct Main {
    process: Process,
    mark: Mark,
    /// How it ended, while what it has left behind is being ended.
    exit: Option<Exit>,
}

#[derive(Debug)]
struct Supervisor {
    socket: OwnedFd,
    /// `/proc` as it is seen outside.
    proc_outside: OwnedFd,
    /// By process id, as it is counted here.
    mains: BTreeMap<Pid, Main>,
    /// The same by name, while it runs.
    pids: BTreeMap<Process, Pid>,
    /// Whether this is a subreaper without a namespace.
    groups_only: bool,
}

/// Runs until the socket ends; then nothing that was started here is left.
pub(super) fn run(socket: OwnedFd, proc_outside: OwnedFd, groups_only: bool) {
    let mut signals = SigSet::all();
    signals.thread_block().expect("all signals can be blocked");
    signals = SigSet::empty();
    signals.add(Signal::SIGCHLD);
    let children = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
        .expect("there is a descriptor for signals");
    let mut supervisor = Supervisor {
        socket,
        proc_outside,
        mains: BTreeMap::new(),
        pids: BTreeMap::new(),
        groups_only,
    };
    while supervisor.wait(&children) {}
    supervisor.end();
}

impl Supervisor {
    /// Waits for something and does it. `false`: the socket has ended.
    fn wait(&mut self, children: &SignalFd) -> bool {
        let (asked, exited) = {
            let mut wanted = [
                PollFd::new(self.socket.as_fd(), PollFlags::POLLIN),
                PollFd::new(children.as_fd(), PollFlags::POLLIN),
            ];
            match poll(&mut wanted, PollTimeout::NONE) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(_) => return false,
            }
            let [socket, children] = wanted;
            (socket.any().unwrap_or(true), children.any().unwrap_or(false))
        };
        if exited {
            while let Ok(Some(_)) = children.read_signal() {}
            self.reap();
        }
        !asked || self.listen()
    }

    /// Does all that was asked. `false`: nobody will ask any more.
    fn listen(&mut self) -> bool {
        loop {
            match socket::receive(&self.socket) {
                Ok(Some((bytes, descriptor))) => {
                    let asked = message::read(&bytes).expect("who asks is this very program");
                    self.act(asked, descriptor);
                }
                Ok(None) => return false,
                Err(Errno::EAGAIN) => return true,
                Err(_) => return false,
            }
        }
    }

    fn act(&mut self, asked: Asked, descriptor: Option<OwnedFd>) {
        match asked {
            Asked::Spawn { process, program, code, environment } => {
                let output = descriptor.expect("a spawn comes with its output");
                self.spawn(process, program, code, &environment, output);
            }
            Asked::Signal { process, signal } => {
                if let Some(pid) = self.pids.get(&process) {
                    killpg(*pid, files::number(signal.into())).ok();
                }
            }
        }
    }

    fn spawn(
        &mut self,
        process: Process,
        program: PathBuf,
        code: PathBuf,
        environment: &[(String, String)],
        output: OwnedFd,
    ) {
        use std::os::unix::ffi::OsStringExt as _;
        let shown = program.display().to_string();
        let (path, code) = (program.into_os_string().into_vec(), code.into_os_string().into_vec());
        let image = Image::new(path, code, environment, output, self.groups_only);
        let flags = if self.groups_only { CloneFlags::empty() } else { CloneFlags::CLONE_NEWNS };
        let started = match &image {
            Some(image) => clone::spawn(image, flags, &self.proc_outside),
            None => Err((Step::Execute, Errno::EINVAL)),
        };
        match started {
            Ok(Spawned { pid, pid_outside, pidfd }) => {
                let mark = Mark::of(pid, self.groups_only, environment);
                self.mains.insert(pid, Main { process, mark, exit: None });
                self.pids.insert(process, pid);
                self.tell(&Told::Started { process, pid: pid_outside }, Some(&pidfd));
            }
            Err((step, errno)) => {
                let told = Told::NotStarted { process, program: shown, step, errno: errno as i32 };
                self.tell(&told, None);
            }
        }
    }

    /// Takes every child that has ended: processes of the cloud, and what they have left behind.
    fn reap(&mut self) {
        let mut orphans_ended = false;
        let peek = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        while let Ok(status) = waitid(Id::All, peek) {
            let Some(pid) = status.pid() else { break };
            if let Some(main) = self.mains.get_mut(&pid) {
                // Its number stands for its group until it is taken.
                killpg(pid, Signal::SIGKILL).ok();
                main.exit = Some(exit_of(status));
                self.pids.remove(&main.process);
                waitpid(pid, None).ok();
                self.bury(pid);
            } else {
                orphans_ended = true;
                waitpid(pid, None).ok();
            }
        }
        if orphans_ended {
            let ending: Vec<_> = self
                .mains
                .iter()
                .filter(|(_, main)| main.exit.is_some())
                .map(|(pid, _)| *pid)
                .collect();
            for pid in ending {
                self.bury(pid);
            }
        }
    }

    /// Ends what an ended process has left behind, and tells of the end when nothing is.
    fn bury(&mut self, pid: Pid) {
        let Some(main) = self.mains.get(&pid) else { return };
        let mains = &self.mains;
        let is_main = |pid| mains.get(&pid).is_some_and(|main| main.exit.is_none());
        if orphans::end(&main.mark, is_main) > 0 {
            // Each is a child of this process when it ends: then it is looked again.
            return;
        }
        let main = self.mains.remove(&pid).expect("it was there a moment ago");
        if let Some(exit) = main.exit {
            self.tell(&Told::Exited { process: main.process, exit }, None);
        }
    }

    /// Tells, and waits for room where there is none: what it has to tell is not lost.
    fn tell(&self, told: &Told, descriptor: Option<&OwnedFd>) {
        let bytes = message::write(told).expect("what is told is small");
        while let Err(Errno::EAGAIN) = socket::send(&self.socket, &bytes, descriptor) {
            let mut room = [PollFd::new(self.socket.as_fd(), PollFlags::POLLOUT)];
            poll(&mut room, PollTimeout::NONE).ok();
        }
    }

    /// Ends everything. In a namespace the kernel does that with this process.
    fn end(&self) {
        if !self.groups_only {
            return;
        }
        for pid in self.mains.keys() {
            killpg(*pid, Signal::SIGKILL).ok();
        }
        // Whoever left its group becomes a child of this process when its parent has ended, and is ended then.
        loop {
            orphans::end_all_children();
            match waitpid(None, None) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(_) => break,
            }
        }
    }
}

fn exit_of(status: WaitStatus) -> Exit {
    match status {
        WaitStatus::Exited(_, code) => Exit::Code(code),
        WaitStatus::Signaled(_, signal, _) => Exit::Signal(signal as i32),
        WaitStatus::Stopped(..)
        | WaitStatus::PtraceEvent(..)
        | WaitStatus::PtraceSyscall(_)
        | WaitStatus::Continued(_)
        | WaitStatus::StillAlive => Exit::Signal(Signal::SIGKILL as i32),
    }
}
