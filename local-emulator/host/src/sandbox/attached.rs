//! The supervisor as it is used: what is asked for goes to it, what becomes of it comes back.
//!
//! Nothing here waits. What the socket has no room for is kept and sent by the task that reads the reports.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll, Waker, ready};

use lunch_contract::SpawnFailure;
use nix::errno::Errno;
use tokio::io::unix::AsyncFd;

use super::message::{self, Asked, Start, Told};
use super::socket::{self, Packet};
use super::{Isolation, Supervisor, failure, files};
use crate::driver::{Folders, Launch, Owner, ProcessName, Processes, Report, Signal};
use crate::readiness::{Watched, watch};

/// The processes of a cloud.
#[derive(Debug)]
pub struct Sandbox {
    isolation: Isolation,
    signals_groups: bool,
    /// Dropped after the socket's end was seen, to wait for it.
    supervisor: Option<Supervisor>,
    socket: AsyncFd<Watched>,
    /// What the socket has no room for yet.
    asked: VecDeque<Packet>,
    /// What became of a process without the supervisor.
    reports: VecDeque<Report>,
    running: BTreeMap<ProcessName, Running>,
    /// Whoever waits for a report, and sends what there is room for meanwhile.
    reader: Option<Waker>,
    lost: bool,
}

/// A process that has started and whose exit is not known yet.
#[derive(Debug)]
struct Running {
    /// Stands for this very process and for its group, whoever is given their number later. So the supervisor need not
    /// keep an ended process until it has been heard of here.
    pidfd: OwnedFd,
    /// Freezes whose `Looked` has not come yet.
    freezes: u32,
    /// Whether the last look found processes outside its group; `true` before the first.
    others: bool,
}

impl Running {
    /// Whether a thaw concerns more than the group: then the supervisor has to be asked for it.
    const fn may_have_others(&self) -> bool {
        self.freezes > 0 || self.others
    }
}

impl Sandbox {
    pub(super) fn of(supervisor: Supervisor) -> io::Result<Self> {
        let socket = supervisor.socket.try_clone()?;
        let (isolation, signals_groups) = (supervisor.isolation.clone(), supervisor.signals_groups);
        Ok(Self { supervisor: Some(supervisor), ..Self::on(socket, isolation, signals_groups)? })
    }

    fn on(socket: OwnedFd, isolation: Isolation, signals_groups: bool) -> io::Result<Self> {
        Ok(Self {
            isolation,
            signals_groups,
            supervisor: None,
            socket: watch(socket)?,
            asked: VecDeque::new(),
            reports: VecDeque::new(),
            running: BTreeMap::new(),
            reader: None,
            lost: false,
        })
    }

    fn ask(&mut self, asked: &Asked, descriptor: Option<OwnedFd>) -> Result<(), Errno> {
        self.asked.push_back(Packet::new(message::write(asked), descriptor)?);
        self.flush();
        if !self.asked.is_empty() {
            // The reader was not told to wait for room, since there was nothing to send.
            self.wake();
        }
        Ok(())
    }

    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    /// Sends what there is room for.
    fn flush(&mut self) {
        while let Some(packet) = self.asked.front() {
            match packet.send(self.socket.get_ref()) {
                Ok(()) => drop(self.asked.pop_front()),
                Err(Errno::EAGAIN) => return,
                // It is gone, which is told by the reading side.
                Err(_) => self.asked.clear(),
            }
        }
    }

    /// Signals a running process's group at once. Whether the supervisor has to do the group as well.
    fn signal_at_once(&self, running: &Running, signal: Signal) -> bool {
        let number = files::number(signal);
        if self.signals_groups && files::signal_group(&running.pidfd, number) != Err(Errno::EINVAL)
        {
            return false;
        }
        // The process alone, which is the one that serves; except for what may not come twice.
        if signal != Signal::Terminate {
            files::signal_one(&running.pidfd, number).ok();
        }
        true
    }

    fn report(&mut self, told: Told, pidfd: Option<OwnedFd>) -> Option<Report> {
        match told {
            Told::Started { process, pid, apart } => {
                self.running.insert(process, Running { pidfd: pidfd?, freezes: 0, others: true });
                let isolation = self.isolation.words(apart);
                Some(Report::Started { process, pid: pid.unsigned_abs(), isolation })
            }
            Told::NotStarted { process, program, step, errno } => {
                let why = failure::kind(step, errno);
                let sentence = failure::sentence(&program, step, errno);
                Some(Report::NotStarted { process, why, sentence })
            }
            Told::Looked { process, others } => {
                if let Some(running) = self.running.get_mut(&process) {
                    running.freezes = running.freezes.saturating_sub(1);
                    running.others = others;
                }
                None
            }
            Told::Exited { process, exit, peak } => {
                self.running.remove(&process);
                Some(Report::Exited { process, exit, peak })
            }
            Told::Ready { .. } | Told::Refused { .. } => None,
        }
    }

    /// The supervisor has ended. In a namespace so has everything; else the groups that are known are ended here.
    fn lose(&mut self) -> Report {
        self.lost = true;
        for running in self.running.values() {
            self.signal_at_once(running, Signal::Kill);
        }
        self.running.clear();
        self.supervisor = None;
        let sentence = "the supervisor of all processes has ended: no function can run any more\n(start lunch again)";
        Report::Lost { sentence: sentence.to_owned() }
    }
}

impl Processes for Sandbox {
    fn spawn(&mut self, launch: Launch) {
        let process = launch.process;
        let asked = Asked::Spawn(Start {
            process,
            program: launch.program.into(),
            code: launch.code.into(),
            tmp_mb: match launch.folders {
                Folders::Own { tmp_mb } => Some(tmp_mb),
                Folders::Host => None,
            },
            arguments: launch.arguments,
            environment: launch.environment,
        });
        if let Err(errno) = self.ask(&asked, Some(launch.output)) {
            let why = SpawnFailure::Host { errno: errno as i32 };
            let sentence = format!("a process could not be asked for: {}", errno.desc());
            self.reports.push_back(Report::NotStarted { process, why, sentence });
            self.wake();
        }
    }

    fn signal(&mut self, process: ProcessName, signal: Signal) {
        // The group at once and not by the supervisor: a thaw is on a request's way. One that was asked for and has
        // not been heard of, or has ended, is left to the supervisor, which takes things in their order.
        let group = match self.running.get(&process) {
            Some(running) => self.signal_at_once(running, signal),
            None => true,
        };
        let has_others = match (signal, self.running.get_mut(&process)) {
            (Signal::Freeze, Some(running)) => {
                running.freezes += 1;
                true
            }
            (Signal::Thaw, Some(running)) => running.may_have_others(),
            (Signal::Terminate | Signal::Kill, Some(_)) | (_, None) => false,
        };
        if group || has_others {
            // It is a short message: only a long one can fail.
            self.ask(&Asked::Signal { process, signal: signal.into(), group }, None).ok();
        }
    }

    fn forget(&mut self, owner: Owner) {
        self.ask(&Asked::Forget { owner }, None).ok();
    }

    fn has_folders(&self) -> bool {
        self.isolation.has_folders()
    }

    fn why_not_more(&self) -> Option<String> {
        self.isolation.why_not_more()
    }

    fn poll_report(&mut self, cx: &mut Context<'_>) -> Poll<Report> {
        if self.reader.as_ref().is_none_or(|reader| !reader.will_wake(cx.waker())) {
            self.reader = Some(cx.waker().clone());
        }
        loop {
            if let Some(report) = self.reports.pop_front() {
                return Poll::Ready(report);
            }
            if self.lost {
                return Poll::Pending;
            }
            self.flush();
            if !self.asked.is_empty()
                && let Poll::Ready(Ok(mut room)) = self.socket.poll_write_ready(cx)
            {
                room.clear_ready();
                continue;
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
                    Err(_) => return Poll::Ready(self.lose()),
                },
                Ok(None) | Err(_) => return Poll::Ready(self.lose()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::future::poll_fn;
    use std::os::unix::process::CommandExt as _;
    use std::process::{Child, Command};
    use std::rc::Rc;
    use std::time::Duration;

    use lunch_contract::{InstanceId, Process};
    use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
    use tokio::task::LocalSet;

    use super::*;

    const PROCESS: ProcessName =
        ProcessName::Instance(Process { instance: InstanceId { serial: 4, index: 2 }, spawn: 1 });

    /// A sandbox and the supervisor's end of its socket.
    fn pair() -> (Sandbox, OwnedFd) {
        let (ours, theirs) =
            socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)
                .expect("there are sockets");
        let isolation =
            Isolation::Namespaces { user: false, proc_refused: None, folders_refused: None };
        (Sandbox::on(ours, isolation, true).expect("a runtime"), theirs)
    }

    /// What was asked for; `None`: nothing.
    fn heard(theirs: &OwnedFd) -> Option<Asked> {
        match socket::receive(theirs) {
            Ok(message) => message::read(&message?.0).ok(),
            Err(errno) => {
                assert_eq!(errno, Errno::EAGAIN);
                None
            }
        }
    }

    fn tell(theirs: &OwnedFd, told: &Told, descriptor: Option<OwnedFd>) {
        let packet = Packet::new(message::write(told), descriptor).expect("there is memory");
        packet.send(theirs).expect("there is room");
    }

    fn signal(signal: Signal, group: bool) -> Option<Asked> {
        Some(Asked::Signal { process: PROCESS, signal: signal.into(), group })
    }

    /// Reads what was told, of which nothing is a report.
    async fn read(sandbox: &mut Sandbox) {
        for _ in 0..2 {
            let polled = poll_fn(|cx| Poll::Ready(sandbox.poll_report(cx))).await;
            assert!(polled.is_pending(), "{polled:?}");
            tokio::task::yield_now().await;
        }
    }

    /// A process that is signalled, and ended in any case.
    struct Sleeper(Child);

    impl Drop for Sleeper {
        fn drop(&mut self) {
            self.0.kill().expect("it is a child");
            self.0.wait().expect("it is a child");
        }
    }

    async fn started(sandbox: &mut Sandbox, theirs: &OwnedFd) -> Sleeper {
        let child = Command::new("/bin/sleep").arg("600").process_group(0).spawn();
        let child = Sleeper(child.expect("there is one"));
        let folder = std::fs::File::open(format!("/proc/{}", child.0.id())).expect("it runs");
        let told = Told::Started { process: PROCESS, pid: 1_234, apart: true };
        tell(theirs, &told, Some(folder.into()));
        let report = poll_fn(|cx| sandbox.poll_report(cx)).await;
        assert!(matches!(report, Report::Started { pid: 1_234, .. }), "{report:?}");
        child
    }

    #[tokio::test]
    async fn the_supervisor_is_asked_for_a_thaw_only_where_one_has_left_its_group() {
        let (mut sandbox, theirs) = pair();
        let _child = started(&mut sandbox, &theirs).await;
        sandbox.signal(PROCESS, Signal::Freeze);
        assert_eq!(heard(&theirs), signal(Signal::Freeze, false));
        sandbox.signal(PROCESS, Signal::Thaw);
        assert_eq!(heard(&theirs), signal(Signal::Thaw, false), "the answer has not come yet");

        sandbox.signal(PROCESS, Signal::Freeze);
        assert_eq!(heard(&theirs), signal(Signal::Freeze, false));
        tell(&theirs, &Told::Looked { process: PROCESS, others: false }, None);
        read(&mut sandbox).await;
        sandbox.signal(PROCESS, Signal::Thaw);
        assert_eq!(heard(&theirs), signal(Signal::Thaw, false), "that was the first one's answer");

        tell(&theirs, &Told::Looked { process: PROCESS, others: false }, None);
        read(&mut sandbox).await;
        sandbox.signal(PROCESS, Signal::Thaw);
        assert_eq!(heard(&theirs), None, "nobody has left");

        sandbox.signal(PROCESS, Signal::Freeze);
        assert_eq!(heard(&theirs), signal(Signal::Freeze, false));
        tell(&theirs, &Told::Looked { process: PROCESS, others: true }, None);
        read(&mut sandbox).await;
        sandbox.signal(PROCESS, Signal::Thaw);
        assert_eq!(heard(&theirs), signal(Signal::Thaw, false));
    }

    #[tokio::test]
    async fn without_signals_to_groups_the_supervisor_is_asked_for_each() {
        let (mut sandbox, theirs) = pair();
        sandbox.signals_groups = false;
        let _child = started(&mut sandbox, &theirs).await;
        for one in [Signal::Freeze, Signal::Thaw, Signal::Terminate, Signal::Kill] {
            sandbox.signal(PROCESS, one);
            assert_eq!(heard(&theirs), signal(one, true));
        }
    }

    #[tokio::test]
    async fn a_full_socket_is_filled_again_when_there_is_room_though_nothing_is_told() {
        const MESSAGES: usize = 5_000;
        let all = async {
            let (sandbox, theirs) = pair();
            let sandbox = Rc::new(RefCell::new(sandbox));
            let reader = Rc::clone(&sandbox);
            tokio::task::spawn_local(async move {
                poll_fn(|cx| reader.borrow_mut().poll_report(cx)).await
            });
            // The reader waits for something to read before there is anything to send.
            tokio::task::yield_now().await;
            for _ in 0..MESSAGES {
                sandbox.borrow_mut().signal(PROCESS, Signal::Kill);
            }
            assert!(!sandbox.borrow().asked.is_empty(), "that is more than a socket has room for");
            for _ in 0..MESSAGES {
                loop {
                    if let Some(asked) = heard(&theirs) {
                        assert_eq!(Some(asked), signal(Signal::Kill, true));
                        break;
                    }
                    tokio::task::yield_now().await;
                }
            }
        };
        let bounded = tokio::time::timeout(Duration::from_secs(20), all);
        LocalSet::new().run_until(bounded).await.expect("everything arrives");
    }
}
