//! Carries the cloud's commands out: the only place where a decision becomes a deed.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::rc::{Rc, Weak};
use std::time::Duration;

use hyper::body::Bytes;
use lunch_cloud::asynchronous::{self, Condition};
use lunch_cloud::drive::{Input, World};
use lunch_cloud::{Command, Evidence, Notice, Record, Wake, journal};
use lunch_contract::ecs::ServiceId;
use lunch_contract::{IdAllocator, InstanceId, Moment, Outcome, Process, RequestId};
use tokio::sync::Notify;

use super::containers::Containers;
use super::deployed::{Deployed, header};
use super::events::EventConfigs;
use super::instance::{Delivered, Instances};
use super::processes::{Processes, Signal};
use super::records::Recorded;
use super::request::{Answer, Delivery, Request, Requests};
use super::sources::Called;
use super::timeline::{Answered, Timeline};
use super::timer::Timer;
use super::urls::Urls;
use super::{Driver, LogSink};
use crate::clock::{self, Clock};
use crate::event_source::Mappings;
use crate::journal::Journal;
use crate::logs::{Logs, Tail};
use crate::queues::Queues;
use crate::store::Write;
use crate::tasks::{Book, Secrets};
use crate::template::Service;
use crate::uuid::Names;
use crate::wire::Note;

/// What is to be done when the cloud has no more commands.
#[derive(Debug)]
pub(crate) enum Deferred {
    /// Tell it.
    Tell(Input),
    /// Call a function with a batch.
    Call(Called),
    /// Tell somebody what became of an event.
    Record(Recorded),
}

/// All that the driver has besides the cloud.
pub(crate) struct HostWorld {
    pub(crate) clock: Clock,
    pub(crate) timer: Timer,
    /// When the timer fires. Never later than the cloud's next wake.
    pub(crate) armed: Option<Moment>,
    /// The cloud's next wake.
    pub(crate) wake: Option<(Moment, Wake)>,
    pub(crate) deployed: Deployed,
    pub(crate) ids: IdAllocator,
    pub(crate) names: Names,
    pub(crate) requests: Requests,
    pub(crate) instances: Instances,
    pub(crate) processes: Box<dyn Processes>,
    pub(crate) timeline: Timeline,
    pub(crate) logs: Logs,
    /// Woken when something was logged, if anybody waits for that.
    pub(crate) logged: Rc<Notify>,
    /// Where records are taken from the timeline into, to be logged.
    pub(crate) platform: Vec<(Moment, Record)>,
    pub(crate) queues: Queues,
    pub(crate) journal: Option<Journal>,
    pub(crate) sink: Option<LogSink>,
    pub(crate) mappings: Mappings,
    pub(crate) event_configs: EventConfigs,
    pub(crate) urls: Urls,
    /// What tasks and services are called.
    pub(crate) book: Book,
    /// The services that are there because the template has them.
    pub(super) of_template: Vec<(Service, ServiceId)>,
    pub(crate) secrets: Secrets,
    pub(crate) containers: Containers,
    /// What a command that was answered at once comes back as.
    pub(crate) deferred: VecDeque<Deferred>,
    /// The machine's wall-clock time of the last telling that had a deadline.
    pub(crate) wall_at: Option<(Moment, Duration)>,
    /// Where output is read into.
    pub(crate) buffer: Vec<u8>,
    /// The driver itself, for the tasks of instances.
    pub(crate) driver: Weak<RefCell<Driver>>,
    /// Woken when the cloud has been told something, if anybody waits for that.
    pub(crate) told: Rc<Notify>,
}

impl fmt::Debug for HostWorld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostWorld")
            .field("clock", &self.clock)
            .field("wake", &self.wake)
            .field("instances", &self.instances)
            .finish_non_exhaustive()
    }
}

impl World for HostWorld {
    fn execute(&mut self, now: Moment, command: Command) {
        match command {
            Command::Spawn { process, function, revision: _ } => self.spawn(now, process, function),
            Command::Deliver { process, request, deadline } => {
                self.deliver(now, process, request, deadline);
            }
            Command::Notify { process, extension, notice } => {
                self.notify(now, process, extension, notice);
            }
            Command::Reply { request, outcome, evidence } => {
                self.reply(now, request, outcome, evidence);
            }
            Command::Release { request } => self.release(request),
            Command::Freeze { process } => {
                self.measure_in_pause(now, process.instance);
                self.processes.signal(process.into(), Signal::Freeze);
            }
            Command::Thaw { process } => self.processes.signal(process.into(), Signal::Thaw),
            Command::Terminate { process } => {
                self.processes.signal(process.into(), Signal::Terminate)
            }
            Command::Kill { process } => self.processes.signal(process.into(), Signal::Kill),
            Command::Retire { instance } => self.retire(instance),
            Command::Queue(command) => self.queues.execute(command, || self.names.uuid()),
            Command::Source(command) => self.source(command),
            Command::Asynchronous(command) => self.event(now, command),
            Command::Ecs(command) => self.task(now, command),
        }
    }

    fn arm(&mut self, wake: Option<(Moment, Wake)>) {
        self.wake = wake;
        if let Some((at, _)) = wake
            && self.armed.is_none_or(|armed| at < armed)
        {
            self.armed = Some(at);
            self.timer.arm(self.clock.boottime_of(at));
        }
    }

    fn keeps_journal(&self) -> bool {
        self.journal.is_some()
    }

    fn told(&mut self, entry: journal::Entry) {
        if let Some(journal) = &self.journal {
            journal.keep(entry);
        }
    }
}

impl HostWorld {
    fn deliver(&mut self, now: Moment, process: Process, id: RequestId, deadline: Moment) {
        // What was written before belongs to the request before.
        self.drain_before(process.instance);
        let deadline_ms = self.wall_ms(now, deadline);
        let Some(instance) = self.instances.of_mut(process.instance) else { return };
        let Some(request) = self.requests.of_mut(id) else { return };
        request.holder = Some(process.instance);
        let before = instance.delivered.iter().find(|delivered| delivered.request == id).copied();
        let delivered = before.unwrap_or_else(|| {
            let invocation = self.names.uuid();
            let delivered = Delivered { request: id, uuid: request.uuid, invocation };
            instance.delivered.push(delivered);
            instance.last = Some(request.uuid);
            delivered
        });
        let delivery = Delivery {
            uuid: request.uuid,
            invocation: delivered.invocation,
            deadline_ms,
            arn: request.call.arn.clone(),
            trace_id: request.trace_id.clone(),
            client_context: request.call.client_context.clone(),
            payload: request.call.payload.clone(),
        };
        if let Some(next) = instance.running(process).and_then(|running| running.next.take()) {
            // A runtime that hung up asks again and is given the same.
            drop(next.send(delivery));
        }
    }

    fn notify(&mut self, now: Moment, process: Process, extension: u8, notice: Notice) {
        let Notice::Invoke { request, deadline } = notice;
        let deadline_ms = self.wall_ms(now, deadline);
        let Some(request) = self.requests.of(request) else { return };
        let event = lunch_contract::wire::invoke_event(
            deadline_ms,
            &request.uuid.text(),
            request.call.arn.to_str().unwrap_or_default(),
            request.trace_id.to_str().unwrap_or_default(),
        );
        let Some(running) = self.instances.running(process) else { return };
        let Some(extension) = running.extensions.get_mut(usize::from(extension)) else { return };
        if let Some(next) = extension.next.take() {
            drop(next.send(Bytes::from(event)));
        }
    }

    fn reply(&mut self, now: Moment, id: RequestId, outcome: Outcome, evidence: Evidence) {
        let Some(request) = self.requests.of(id) else { return };
        if let Some(instance) = evidence.instance
            && (outcome != Outcome::Returned || request.tail.is_some())
        {
            self.drain_invocation(instance);
        }
        if let Some(request) = self.requests.of_mut(id) {
            request.outcome = Some(outcome.clone());
        }
        // What is recorded up to here stands in the tail that this caller may want.
        self.log_platform();
        let Some(request) = self.requests.of_mut(id) else { return };
        let (uuid, function) = (request.uuid, request.call.function);
        let last_line = request.last_line.clone();
        let tail = request.tail.take().map(Tail::finish);
        let response = if outcome == Outcome::InitError {
            let instance = evidence.instance.and_then(|id| self.instances.of(id));
            instance.map(|instance| instance.init_error.clone()).unwrap_or_default()
        } else {
            std::mem::take(&mut request.response)
        };
        let instance = evidence.instance;
        self.timeline.answered(Answered {
            at: now,
            id,
            uuid,
            function,
            instance,
            outcome: outcome.clone(),
            last_line,
        });
        if let Some(batch) = request.batch.take() {
            self.batch_answered(&batch, &outcome, &response);
        } else if let Some(caller) = request.caller.take() {
            // A caller that left does not hear it.
            let instance = instance.map(|id| match self.instances.of(id) {
                Some(instance) => instance.name.clone(),
                // It could not even be made.
                None => header(&id.to_string()),
            });
            drop(caller.send(Answer { outcome, evidence, instance, response, tail }));
        } else if let Some(event) = self.requests.of_mut(id) {
            // Nobody waits for it, but somebody may want to know.
            event.response = response;
        }
    }

    /// Says what becomes of an event that has failed.
    fn event(&mut self, now: Moment, command: asynchronous::Command) {
        match command {
            asynchronous::Command::Retry { request: id, at, attempts, throttles } => {
                let Some(request) = self.requests.of_mut(id) else { return };
                let (uuid, request_id, after) =
                    (request.uuid, request.uuid.to_string(), at.since(now));
                let retried = Write::Retried { uuid, attempts, throttles, next: at };
                self.queues.keep_on(|| retried);
                // The next attempt is another delivery, wherever it comes to.
                if let Some(holder) = request.holder.take().and_then(|id| self.instances.of_mut(id))
                {
                    holder.delivered.retain(|delivered| delivered.request != id);
                }
                self.timeline
                    .note(now, Note::EventRetried { request: id, request_id, attempts, after });
            }
            // Another attempt is the functions'.
            asynchronous::Command::Attempt { .. } => {}
            asynchronous::Command::Ended { request: id, function, condition, attempts } => {
                let Some(uuid) = self.requests.of(id).map(|request| request.uuid) else { return };
                // The end of the cloud is not the end of an event that is kept.
                if condition != Condition::ShutDown {
                    self.queues.keep_on(|| Write::Ended { uuid });
                    self.record_event(id, function, condition, attempts);
                }
                if condition == Condition::Success {
                    return;
                }
                let Some(request) = self.requests.of(id) else { return };
                let outcome = request.outcome.clone().unwrap_or(Outcome::ShutDown);
                let request_id = request.uuid.to_string();
                let dropped =
                    Note::EventDropped { request: id, request_id, outcome, condition, attempts };
                self.timeline.note(now, dropped);
            }
        }
    }

    fn release(&mut self, id: RequestId) {
        self.log_platform();
        self.ids.free(id.index);
        // Only an instance that it was delivered to knows of it.
        if let Some(Request { holder: Some(holder), .. }) = self.requests.remove(id)
            && let Some(instance) = self.instances.of_mut(holder)
        {
            instance.delivered.retain(|delivered| delivered.request != id);
        }
    }

    fn retire(&mut self, id: InstanceId) {
        if self.instances.remove(id).is_some() {
            self.processes.forget(id.into());
        }
    }
}

impl HostWorld {
    /// The deadline in milliseconds since 1970: of the machine's clock, which a function reads, not of the cloud's. All
    /// who are told of it in one telling are told the same.
    fn wall_ms(&mut self, now: Moment, deadline: Moment) -> u64 {
        let wall = match self.wall_at {
            Some((at, wall)) if at == now => wall,
            Some(_) | None => clock::wall(),
        };
        self.wall_at = Some((now, wall));
        u64::try_from((wall + deadline.since(now)).as_millis()).unwrap_or(u64::MAX)
    }
}
