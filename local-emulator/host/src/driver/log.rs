//! What instances log: their processes' output, read where the order of things matters, and what AWS says about them.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use lunch_cloud::{Cause, Phase, Record};
use lunch_contract::{InstanceId, Moment, Process, RequestId, names};

use super::instance::Task;
use super::world::HostWorld;
use super::{Driver, Peak};
use crate::logs::{Drained, Ending, InitEvent, Output, PlatformEvent, Report, What};
use crate::wire::{LogKind, LogLine, Note};

impl HostWorld {
    /// Reads what the instance's process has written so far. `End`: nobody can write any more.
    pub(crate) fn drain(&mut self, id: InstanceId) -> Drained {
        self.drain_by(id, |output, buffer, piece| output.drain(buffer, piece))
    }

    fn drain_by(
        &mut self,
        id: InstanceId,
        drain: impl FnOnce(&Output, &mut [u8], &mut dyn FnMut(&[u8])) -> Drained,
    ) -> Drained {
        let Some(instance) = self.instances.of_mut(id) else { return Drained::End };
        let Some(running) = &mut instance.running else { return Drained::End };
        let output = Rc::clone(&running.output);
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut lines = Vec::new();
        let drained = drain(&output, &mut buffer, &mut |piece| {
            running.cutter.cut(piece, |line| lines.push(line.to_owned()));
        });
        self.buffer = buffer;
        self.log(id, lines);
        drained
    }

    /// Reads the last of a process that has ended.
    pub(crate) fn drain_last(&mut self, id: InstanceId) {
        // A process that was left behind and is being ended may still have written without end.
        for _ in 0..LAST_DRAINS_MAX {
            if self.drain(id) != Drained::More {
                break;
            }
        }
        self.end_line(id);
    }

    /// Reads what was written before that which is acted on now, as far as the process itself did it.
    pub(crate) fn drain_before(&mut self, id: InstanceId) {
        self.drain_by(id, |output, buffer, piece| output.drain_known(buffer, piece));
        self.end_line(id);
    }

    /// Reads what an invocation has written: what it left without an end is a line of its own, so that what the next
    /// one writes does not stick to it.
    pub(crate) fn drain_invocation(&mut self, id: InstanceId) {
        self.drain(id);
        self.end_line(id);
    }

    fn end_line(&mut self, id: InstanceId) {
        let Some(instance) = self.instances.of_mut(id) else { return };
        let Some(running) = &mut instance.running else { return };
        let mut lines = Vec::new();
        running.cutter.end(|line| lines.push(line.to_owned()));
        self.log(id, lines);
    }

    /// Keeps lines, tells them on, and counts them to the request that the instance has in hand or had last.
    fn log(&mut self, id: InstanceId, mut lines: Vec<String>) {
        if lines.is_empty() {
            return;
        }
        let now = self.clock.now();
        let Some(instance) = self.instances.of(id) else { return };
        let logging = self.deployed.of(instance.function).served.logging;
        lines.retain(|line| logging.keeps(line));
        for text in lines {
            if let Some(delivered) = instance.delivered.last()
                && let Some(request) = self.requests.of_mut(delivered.request)
            {
                request.log(&text);
            }
            if let Some(sink) = &mut self.sink {
                sink(&LogLine {
                    number: self.logs.next(),
                    at: now,
                    time: names::timestamp(millis(self.clock.wall_of(now))),
                    kind: LogKind::Function,
                    by: id.into(),
                    function: self.deployed.of(instance.function).served.name.clone(),
                    stream: instance.log_stream.clone(),
                    request_id: instance.last.map(|uuid| uuid.to_string()),
                    text: text.clone(),
                });
            }
            self.logs.push(now, instance.stream, instance.last, What::Line(text.into()));
        }
        self.logged.notify_waiters();
    }

    /// Logs what AWS says of all that was recorded and not yet looked at. What the processes concerned wrote before
    /// has been read by then.
    pub(super) fn log_platform(&mut self) {
        let mut records = std::mem::take(&mut self.platform);
        self.timeline.take_platform(&mut records);
        for (at, record) in records.drain(..) {
            self.log_record(at, &record);
        }
        self.platform = records;
    }

    fn log_record(&mut self, at: Moment, record: &Record) {
        match *record {
            Record::Started { request, instance, .. } => {
                let version = self.requests.of(request).map(|known| known.call.version);
                let event = PlatformEvent::Start { version: version.unwrap_or_default() };
                self.log_event(at, instance, Some(request), event);
            }
            Record::InitFailed { process, failure, duration, in_invoke } => {
                let instance = self.instances.of(process.instance);
                let reported = instance.map(|known| known.init_error_type.clone());
                let reported = reported.as_deref().unwrap_or_default();
                let event = InitEvent::Failed { duration, failure, reported };
                self.log_init(at, process.instance, in_invoke, event);
            }
            Record::Phase { instance, to: to @ (Phase::Init | Phase::Reinit), .. } => {
                if let Some(known) = self.instances.of_mut(instance) {
                    known.init_began = at;
                }
                self.log_init(at, instance, to == Phase::Reinit, InitEvent::Start);
            }
            Record::Phase {
                instance,
                from: from @ (Phase::Init | Phase::Reinit),
                cause: Cause::InitDone,
                ..
            } => {
                let began = self.instances.of(instance).map_or(at, |known| known.init_began);
                let event = InitEvent::Done { duration: at.since(began) };
                self.log_init(at, instance, from == Phase::Reinit, event);
            }
            Record::Ended { request, instance: id, status, duration, init, billed_ms } => {
                let instance = self.instances.of_mut(id);
                if instance.is_some_and(|instance| instance.memory.is_due_at_end(at)) {
                    self.measure(at, id);
                }
                let Some(instance) = self.instances.of(id) else { return };
                let outcome = self.requests.of(request).and_then(|known| known.outcome.as_ref());
                let ending = Ending::of(status, outcome);
                let report = PlatformEvent::Report(Report {
                    duration: duration.into(),
                    init: init.map(Into::into),
                    billed_ms: u32::try_from(billed_ms).unwrap_or(u32::MAX),
                    memory_mb: self.deployed.of(instance.function).served.memory_mb,
                    max_memory_mb: instance.memory.max_mb(),
                    ending,
                });
                self.log_event(at, id, Some(request), PlatformEvent::End(ending));
                self.log_event(at, id, Some(request), report);
            }
            Record::Born { .. }
            | Record::Phase { .. }
            | Record::Arrived { .. }
            | Record::Waits { .. }
            | Record::Answered { .. }
            | Record::CallerLeft { .. }
            | Record::Queue(_)
            | Record::Ecs(_) => {}
        }
    }

    /// Logs what AWS says of an INIT phase.
    fn log_init(&mut self, at: Moment, id: InstanceId, in_invoke: bool, event: InitEvent<'_>) {
        let Some(instance) = self.instances.of(id) else { return };
        let logging = self.deployed.of(instance.function).served.logging;
        for line in event.lines(in_invoke, logging, millis(self.clock.wall_of(at))) {
            self.logs.push(at, instance.stream, None, What::Written(line.into()));
            self.logged.notify_waiters();
        }
    }

    fn log_event(
        &mut self,
        at: Moment,
        id: InstanceId,
        request: Option<RequestId>,
        event: PlatformEvent,
    ) {
        let Some(instance) = self.instances.of(id) else { return };
        let logging = self.deployed.of(instance.function).served.logging;
        if !event.is_written(logging) {
            return;
        }
        let request = request.and_then(|request| self.requests.of_mut(request));
        let uuid = request.as_ref().map(|request| request.uuid);
        if let Some(request) = request
            && let Some(tail) = &mut request.tail
        {
            let unix_ms = millis(self.clock.wall_of(at));
            tail.push(&event.line(logging.format, &request.uuid.text(), unix_ms));
        }
        self.logs.push(at, instance.stream, uuid, What::Platform(event));
        self.logged.notify_waiters();
    }

    /// Looks at how much memory the instance's process has had, and says so once if it is more than the function's.
    pub(super) fn measure(&mut self, now: Moment, id: InstanceId) {
        let Some(instance) = self.instances.of_mut(id) else { return };
        let Some(running) = &mut instance.running else { return };
        let Some(peak_kb) = running.pid.and_then(|pid| running.memory.peak_kb(pid)) else { return };
        self.saw(now, id, peak_kb);
    }

    /// What an ended process has had at most: all that is known of one that nobody looked at.
    pub(super) fn measured_at_exit(&mut self, process: Process, peak: Peak) {
        let Some(instance) = self.instances.of(process.instance) else { return };
        let is_its = instance.running.as_ref().is_some_and(|running| running.process == process);
        if is_its && (peak.is_exact || instance.memory.max_mb() == 0) {
            self.saw(self.clock.now(), process.instance, peak.kb);
        }
    }

    fn saw(&mut self, now: Moment, id: InstanceId, peak_kb: u64) {
        let Some(instance) = self.instances.of_mut(id) else { return };
        let Some(process) = instance.running.as_ref().map(|running| running.process) else {
            return;
        };
        instance.memory.saw(now, peak_kb);
        let memory_mb = self.deployed.of(instance.function).served.memory_mb;
        if instance.memory.is_newly_over(memory_mb) {
            let used_mb = instance.memory.max_mb();
            self.timeline.note(now, Note::MemoryExceeded { process, used_mb, memory_mb });
        }
    }

    /// Measures what short invocations may have needed, now that the instance pauses.
    pub(super) fn measure_in_pause(&mut self, at: Moment, id: InstanceId) {
        if self.instances.of(id).is_some_and(|instance| instance.memory.is_due_in_pause()) {
            self.measure(at, id);
        }
    }
}

pub(super) fn millis(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// So often the output of an ended process is read.
pub(super) const LAST_DRAINS_MAX: usize = 64;

/// Follows a process's output until its end.
pub(super) fn follow(driver: Weak<RefCell<Driver>>, output: Rc<Output>, process: Process) -> Task {
    Task(tokio::task::spawn_local(async move {
        let drain = || match driver.upgrade() {
            Some(driver) => {
                let mut driver = driver.borrow_mut();
                match driver.world.instances.running(process) {
                    Some(_) => driver.world.drain(process.instance),
                    None => Drained::End,
                }
            }
            None => Drained::End,
        };
        output.follow(drain).await;
    }))
}
