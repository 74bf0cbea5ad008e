//! The containers' processes, from the spawn to the exit, and what they log.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use lunch_contract::ecs::{ContainerRun, TaskId};
use lunch_contract::{Moment, names};

use super::Driver;
use super::instance::Task;
use super::log::{LAST_DRAINS_MAX, millis};
use super::meter::Meters;
use super::world::HostWorld;
use crate::engine::Runs;
use crate::logs::{Drained, LineCutter, Output, StreamId, What};
use crate::wire::{LogKind, LogLine, Writer};

/// All that run, and what is kept of containers between two runs.
#[derive(Debug, Default)]
pub(crate) struct Containers {
    /// Those that live in a container engine; `None`: each is a process.
    pub(super) engine: Option<Runs>,
    pub(super) running: BTreeMap<ContainerRun, Running>,
    /// Where containers log: each in a stream of its own, also when it is started again.
    pub(super) streams: BTreeMap<(TaskId, u8), Logged>,
    /// What they have used.
    pub(crate) meters: Meters,
}

impl Containers {
    /// When a container's process was made, if it runs, and when it came to run.
    pub(crate) fn born(&self, run: ContainerRun) -> Option<(Moment, Option<Moment>)> {
        self.running.get(&run).map(|one| (one.created, one.started))
    }
}

/// Where a container's lines go.
#[derive(Clone, Debug)]
pub(super) struct Logged {
    pub(super) stream: StreamId,
    pub(super) name: String,
    /// Whose lines they are, as `burger/kitchen`.
    pub(super) called: Rc<str>,
}

/// A container's process, from its spawn to its exit, here or in an engine.
#[derive(Debug)]
pub(super) struct Running {
    /// Known when it was started.
    pub(super) pid: Option<u32>,
    /// When it was spawned.
    pub(super) created: Moment,
    /// When it ran.
    pub(super) started: Option<Moment>,
    /// The whole of its environment: its checks have it, too.
    pub(super) environment: Vec<(String, String)>,
    /// What it writes to; `None`: an engine passes on what it says.
    pub(super) output: Option<Rc<Output>>,
    pub(super) cutter: LineCutter,
    pub(super) logged: Logged,
    /// Follows the output, where there is one.
    #[expect(dead_code, reason = "it is kept to be dropped")]
    pub(super) follower: Option<Task>,
}

impl HostWorld {
    /// Reads what a container has written so far. `End`: nobody can write any more.
    fn drain_container(&mut self, run: ContainerRun) -> Drained {
        let Some(running) = self.containers.running.get_mut(&run) else { return Drained::End };
        let Some(output) = running.output.clone() else { return Drained::End };
        let mut lines = Vec::new();
        let drained = output.drain(&mut self.buffer, &mut |piece: &[u8]| {
            running.cutter.cut(piece, |line| lines.push(line.to_owned()));
        });
        self.log_container(run, lines);
        drained
    }

    /// Takes what a container has said that nobody here reads the output of.
    pub(super) fn container_said(&mut self, run: ContainerRun, piece: &[u8]) {
        let Some(running) = self.containers.running.get_mut(&run) else { return };
        let mut lines = Vec::new();
        running.cutter.cut(piece, |line| lines.push(line.to_owned()));
        self.log_container(run, lines);
    }

    /// Reads the last of a container that has ended.
    pub(super) fn drain_container_last(&mut self, run: ContainerRun) {
        for _ in 0..LAST_DRAINS_MAX {
            if self.drain_container(run) != Drained::More {
                break;
            }
        }
        let Some(running) = self.containers.running.get_mut(&run) else { return };
        let mut lines = Vec::new();
        running.cutter.end(|line| lines.push(line.to_owned()));
        self.log_container(run, lines);
    }

    /// Keeps lines, and tells them on.
    fn log_container(&mut self, run: ContainerRun, lines: Vec<String>) {
        let Some(running) = self.containers.running.get(&run).filter(|_| !lines.is_empty()) else {
            return;
        };
        let (now, logged) = (self.clock.now(), &running.logged);
        let logged = logged.clone();
        for text in lines {
            self.tell_sink(now, run, &logged, LogKind::Function, &text);
            self.logs.push(now, logged.stream, None, What::Line(text.into()));
        }
        self.logged.notify_waiters();
    }

    /// Logs a line about a container, beside its own.
    pub(super) fn log_of_container(&mut self, run: ContainerRun, text: String) {
        let Some(logged) = self.containers.streams.get(&(run.task, run.container)).cloned() else {
            return;
        };
        let now = self.clock.now();
        self.tell_sink(now, run, &logged, LogKind::Platform, &text);
        self.logs.push(now, logged.stream, None, What::Written(text.into()));
        self.logged.notify_waiters();
    }

    fn tell_sink(
        &mut self,
        now: Moment,
        run: ContainerRun,
        logged: &Logged,
        kind: LogKind,
        text: &str,
    ) {
        let Some(sink) = &mut self.sink else { return };
        sink(&LogLine {
            number: self.logs.next(),
            at: now,
            time: names::timestamp(millis(self.clock.wall_of(now))),
            kind,
            by: Writer::Task { task: run.task },
            function: logged.called.to_string(),
            stream: logged.name.clone(),
            request_id: None,
            text: text.to_owned(),
        });
    }
}

/// Follows a container's output until its end.
pub(super) fn follow(driver: Weak<RefCell<Driver>>, output: Rc<Output>, run: ContainerRun) -> Task {
    Task(tokio::task::spawn_local(async move {
        let drain = || match driver.upgrade() {
            Some(driver) => driver.borrow_mut().world.drain_container(run),
            None => Drained::End,
        };
        output.follow(drain).await;
    }))
}
