//! The supervisor's own loop: starts, signals and reaps, until the socket ends.
//!
//! One thread does it all, and waits for two descriptors: the socket and the signals of children. A second one waits
//! for the kernel to unmount what ended instances had.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};

use lunch_contract::Exit;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, killpg};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};

use super::clone::{self, Image, Spawned};
use super::family::{Mark, Proc};
use super::files;
use super::folders::{self, Tmp};
use super::letting_go::LettingGo;
use super::mains::{Main, Mains};
use super::message::{self, Asked, SignalName, Start, Step, Told};
use super::mounts::Mounts;
use super::socket::{self, Packet};
use crate::driver::{Owner, ProcessName};

/// Starts, signals and reaps all processes.
///
/// **Whose the folders are.** An instance has a mount namespace, from its first process until it is forgotten: there
/// its code is bound to `/var/task`, and there its `/tmp` is mounted. It is kept here, by a descriptor, and not by the
/// process that happens to run in it: so the next process of the same instance, after a timeout or a crash, enters it
/// and finds the same `/tmp`. When the instance is forgotten the descriptor is closed; nobody else is in the namespace
/// then, and the kernel unmounts all that was in it. An instance's processes are known by it, too.
///
/// **Who makes it.** This process goes into a namespace itself, and whoever it starts is in it: a start then costs no
/// more than one without. The next instance's namespace, and a `/tmp` that has no place yet, are made when there is
/// nothing to do; what depends on the instance is mounted when its first process is asked for.
#[derive(Debug)]
struct Supervisor {
    socket: OwnedFd,
    /// `/proc` as it is seen outside.
    proc: Proc,
    mains: Mains,
    /// The mounts as they were before any process had them, and could change them: what is copied for each instance.
    /// `None`: this is a subreaper without a namespace.
    origin: Option<Mounts>,
    /// What each owner has, from its first process until it is forgotten.
    own: BTreeMap<Owner, Mounts>,
    /// Takes what nobody will have any more. `None`: there is nothing, without namespaces.
    letting_go: Option<LettingGo>,
    next: Next,
    /// What the next instance's `/tmp` is to be, if that has the same size.
    next_tmp: Option<Tmp>,
    /// The size of the last one's. `None`: nobody has asked for one yet.
    tmp_mb: Option<u32>,
}

/// What the next instance is to have.
#[derive(Debug)]
enum Next {
    /// It is to be made, when there is nothing else to do.
    Wanted,
    /// It is made, and this process is in it.
    Made(Mounts),
    /// It could not be made: tried again when there is a process that needs it.
    Refused,
}

/// After so long without anything to do, in milliseconds, the next instance's mount namespace is made, if none has ended
/// before. To make it takes a tenth of a process's start, and is best not done in the middle of one.
const QUIET_MS: u8 = 10;

/// Runs until the socket ends; then nothing that was started here is left.
pub(super) fn run(socket: OwnedFd, proc: Proc, origin: Option<Mounts>) {
    let mut signals = SigSet::all();
    signals.thread_block().expect("all signals can be blocked");
    signals = SigSet::empty();
    signals.add(Signal::SIGCHLD);
    let children = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
        .expect("there is a descriptor for signals");
    let mains = Mains::default();
    let letting_go = origin.is_some().then(LettingGo::start);
    let mut supervisor = Supervisor {
        socket,
        proc,
        mains,
        origin,
        own: BTreeMap::new(),
        letting_go,
        next: Next::Wanted,
        next_tmp: None,
        tmp_mb: None,
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
            let is_wanted = self.origin.is_some() && matches!(self.next, Next::Wanted);
            let patience = if is_wanted { QUIET_MS.into() } else { PollTimeout::NONE };
            match poll(&mut wanted, patience) {
                Ok(0) => {
                    self.prepare();
                    return true;
                }
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
            Asked::Spawn(start) => {
                let output = descriptor.expect("a spawn comes with its output");
                self.spawn(start, output);
            }
            Asked::Forget { owner } => {
                if let (Some(own), Some(letting_go)) = (self.own.remove(&owner), &self.letting_go) {
                    letting_go.take(own);
                }
            }
            Asked::Signal { process, signal, group } => {
                let Some(main) = self.mains.running(process) else { return };
                if group {
                    killpg(main.pid, files::number(signal.into())).ok();
                }
                match signal {
                    SignalName::Freeze => self.freeze_others(process),
                    SignalName::Thaw => self.thaw_others(process),
                    // They go with the main process; or it tells them, as it sees fit.
                    SignalName::Kill | SignalName::Terminate => {}
                }
            }
        }
    }

    /// Stops what has left its group. Looks until there is nothing new: what runs may start more until it is stopped.
    fn freeze_others(&mut self, process: ProcessName) {
        const LOOKS_MAX: usize = 100;
        for _ in 0..LOOKS_MAX {
            let Some(main) = self.mains.running(process) else { return };
            let mut found = self.proc.outside_group(main, &self.mains);
            found.retain(|seen| main.stopped.iter().all(|stopped| stopped.pid != seen.pid));
            found.retain(|seen| seen.signal(Signal::SIGSTOP).is_ok());
            if found.is_empty() {
                break;
            }
            if let Some(main) = self.mains.of_mut(process) {
                main.stopped.append(&mut found);
            }
        }
        let others = self.mains.of(process).is_some_and(|main| !main.stopped.is_empty());
        self.tell(&Told::Looked { process, others }, None);
    }

    /// Lets go on what was stopped besides its group.
    fn thaw_others(&mut self, process: ProcessName) {
        let Some(main) = self.mains.of_mut(process) else { return };
        for stopped in main.stopped.drain(..) {
            stopped.signal(Signal::SIGCONT).ok();
        }
    }

    fn spawn(&mut self, start: Start, output: OwnedFd) {
        let (process, dies_with_parent) = (start.process, self.origin.is_none());
        let image = Image::new(&start, output, dies_with_parent);
        let mounts = self.enter_own(&start);
        let started = match (&image, mounts) {
            (Some(image), Ok(_)) => clone::spawn(image, self.proc.descriptor()),
            (Some(_), Err(problem)) => Err(problem),
            (None, _) => Err((Step::Execute, Errno::EINVAL)),
        };
        // Its end of the output is the process's alone.
        drop(image);
        match started {
            Ok(Spawned { pid, pid_outside, pidfd }) => {
                let apart = start.tmp_mb.is_some();
                let told = Told::Started { process, pid: pid_outside, apart };
                self.tell(&told, Some(pidfd));
                // A check has its container's environment, but what that has left is not the check's.
                let own = match process {
                    ProcessName::Instance(_) | ProcessName::Container(_) => &start.environment[..],
                    ProcessName::Check(..) => &[],
                };
                let mark = Mark::new(mounts.unwrap_or_default(), own);
                let outside = pid_outside;
                let main = Main { pid, outside, mark, exit: None, stopped: Vec::new() };
                self.mains.insert(process, main);
            }
            Err((step, errno)) => {
                let program = start.program;
                let told = Told::NotStarted { process, program, step, errno: errno as i32 };
                self.tell(&told, None);
            }
        }
        self.go_on_to_next();
    }

    /// Goes into the mounts that a process is to have; answers with their number, where they have one.
    fn enter_own(&mut self, start: &Start) -> Result<Option<u64>, (Step, Errno)> {
        let at_clone = |errno| (Step::Clone, errno);
        let Some(origin) = &self.origin else { return Ok(None) };
        let owner = start.process.owner();
        if let Some(own) = self.own.get(&owner) {
            own.enter().map_err(at_clone)?;
            return Ok(Some(own.number));
        }
        let made = match std::mem::replace(&mut self.next, Next::Wanted) {
            Next::Made(made) => made,
            Next::Wanted | Next::Refused => origin.copy(&self.proc).map_err(at_clone)?,
        };
        if let Some(size_mb) = start.tmp_mb {
            let tmp = match self.next_tmp.take().filter(|tmp| tmp.size_mb == size_mb) {
                Some(tmp) => tmp,
                None => Tmp::make(size_mb).map_err(|errno| (Step::Temporary, errno))?,
            };
            self.tmp_mb = Some(size_mb);
            folders::give(&start.code, tmp)?;
        }
        let number = made.number;
        self.own.insert(owner, made);
        Ok(Some(number))
    }

    /// Goes back to what was made for the next instance, if this process has left it.
    fn go_on_to_next(&mut self) {
        if let Next::Made(next) = &self.next
            && next.enter().is_err()
        {
            self.next = Next::Wanted;
        }
    }

    /// Makes what the next instance is to have, when nobody waits for it.
    fn prepare(&mut self) {
        if let Some(origin) = &self.origin
            && matches!(self.next, Next::Wanted)
        {
            if self.next_tmp.is_none() {
                self.next_tmp = self.tmp_mb.and_then(|size_mb| Tmp::make(size_mb).ok());
            }
            self.next = origin.copy(&self.proc).map_or(Next::Refused, Next::Made);
        }
    }

    /// Takes every child that has ended: processes of the cloud, and what they have left behind.
    fn reap(&mut self) {
        let peek = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        while let Ok(status) = waitid(Id::All, peek) {
            let Some(pid) = status.pid() else { break };
            if let Some(process) = self.mains.named(pid) {
                // Its number stands for its group until it is taken.
                killpg(pid, Signal::SIGKILL).ok();
                let peak = clone::take(pid);
                self.mains.ended(process, exit_of(status), peak);
            } else {
                waitpid(pid, None).ok();
            }
        }
        for process in self.mains.ending() {
            self.bury(process);
        }
    }

    /// Ends what an ended process has left behind, and tells of the end when nothing is.
    fn bury(&mut self, process: ProcessName) {
        let Some(main) = self.mains.of(process) else { return };
        if self.proc.end_orphans(main, &self.mains) > 0 {
            // Each is a child of this process when it ends: then it is looked again.
            return;
        }
        let main = self.mains.remove(process).expect("it was there a moment ago");
        if let Some((exit, peak)) = main.exit {
            self.tell(&Told::Exited { process, exit, peak }, None);
        }
        self.prepare();
    }

    /// Tells, and waits for room where there is none: what it has to tell is not lost.
    fn tell(&self, told: &Told, descriptor: Option<OwnedFd>) {
        let packet = Packet::new(message::write(told), descriptor).expect("there is memory");
        while let Err(Errno::EAGAIN) = packet.send(&self.socket) {
            let mut room = [PollFd::new(self.socket.as_fd(), PollFlags::POLLOUT)];
            poll(&mut room, PollTimeout::NONE).ok();
        }
    }

    /// Ends everything. In a namespace the kernel does that with this process.
    fn end(&self) {
        if self.origin.is_some() {
            return;
        }
        for pid in self.mains.pids() {
            killpg(pid, Signal::SIGKILL).ok();
        }
        // Whoever left its group becomes a child of this process when its parent has ended, and is ended then.
        loop {
            self.proc.end_all();
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
