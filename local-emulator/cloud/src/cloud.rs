//! Puts the services together: one value to tell, to ask, to look at and to wake.

use lunch_contract::sqs::SequenceNumber;
use lunch_contract::{InstanceId, Moment, Outcome, QualifierId, Refusal, RequestId};

use crate::asynchronous::{self, Asynchronous};
use crate::command::Command;
use crate::ecs::{self, Ecs};
use crate::event::{Event, InvocationKind, ReplyAt};
use crate::event_source::{self, EventSources};
use crate::lambda::{FunctionView, InstanceView, Lambda};
use crate::relay::Relay;
use crate::settings::Settings;
use crate::sqs::{self, Sqs};
use crate::trace::{Record, Trace};
use crate::wake::Wake;

/// The machine that decides: which instance serves a request, when it is frozen, ended, refused; who gets which message
/// and when it comes back; which messages a function is called with; which tasks a service has.
///
/// # Tell
/// [`handle`](Self::handle), [`handle_queue`](Self::handle_queue), [`handle_source`](Self::handle_source) and
/// [`handle_ecs`](Self::handle_ecs) say what happened, [`handle_timeout`](Self::handle_timeout) that time has passed. Time never goes back: a `now` earlier than the last
/// one counts as the last one. A deadline that has come is kept before the event is taken, however late the driver's
/// timer is: an answer at the deadline is too late in both worlds.
///
/// # Ask
/// After each telling, [`poll_command`](Self::poll_command) until it is `None`, carrying each command out in this
/// order; then, and only then, tell the next.
///
/// # Look
/// [`instances`](Self::instances), [`functions`](Self::functions), [`queues`](Self::queues),
/// [`ecs`](Self::ecs), [`settled`](Self::settled) and [`operations`](Self::operations) change nothing.
///
/// # Wake
/// [`poll_timeout`](Self::poll_timeout) says when to call `handle_timeout` at the latest, and why. It changes with
/// each telling; one timer is enough.
///
/// The services do not call each other. What one asks of another is passed on between two commands, in the order that
/// `poll_command` has; so all of it has happened when there are no more.
#[derive(Debug)]
pub struct Cloud<T: Trace> {
    lambda: Lambda<T>,
    sqs: Sqs<Relay>,
    sources: EventSources,
    asynchronous: Asynchronous,
    ecs: Ecs,
    /// An event that has just ended, whose request is released next.
    released: Option<RequestId>,
    /// Whether anybody but the functions may have something to say: most of the time nobody has, and none is asked.
    touched: bool,
    /// The next wake of all but the functions, as of when they had nothing more to say.
    others: Option<(Moment, Wake)>,
}

impl<T: Trace> Cloud<T> {
    /// An empty cloud.
    #[must_use]
    pub fn new(settings: Settings, trace: T) -> Self {
        Self {
            sqs: Sqs::new(settings.sqs.clone(), Relay::to::<T>()),
            sources: EventSources::new(settings.sources),
            asynchronous: Asynchronous::new(settings.asynchronous),
            ecs: Ecs::new(settings.ecs.clone(), T::LISTENS),
            released: None,
            touched: false,
            others: None,
            lambda: Lambda::new(settings, trace),
        }
    }

    /// Puts what was stored in the place of what there is: queues and events go on as those would have done that are
    /// gone. Time that passed meanwhile counts.
    pub fn restore(
        &mut self,
        now: Moment,
        sequence: SequenceNumber,
        stored: impl IntoIterator<Item = sqs::Change>,
        events: impl IntoIterator<Item = asynchronous::Waiting>,
    ) {
        let settings = self.sqs.settings().clone();
        self.sqs = Sqs::restore(settings, Relay::to::<T>(), now, sequence, stored);
        self.touched = true;
        self.relay();
        self.lambda.handle_timeout(now);
        for waiting in events {
            self.lambda.expect(waiting.request);
            self.asynchronous.resume(now, waiting);
        }
        self.asynchronous.handle_timeout(now);
    }

    /// Tells what happened to functions and their instances.
    ///
    /// # Errors
    /// What is refused. Then nothing changed but what time alone has changed.
    pub fn handle(&mut self, now: Moment, event: Event) -> Result<(), Refusal> {
        self.pass(now);
        if matches!(event, Event::ShutDown) {
            self.asynchronous.shut_down();
            self.sources.shut_down();
            self.ecs.shut_down(now);
            self.relay();
            self.touched = true;
        }
        let accepted = if let Event::Invoke { request, function, kind, qualifier, .. } = &event {
            (*kind == InvocationKind::Event).then_some((*request, *function, *qualifier))
        } else {
            None
        };
        let configured = if let Event::ConfigureEvents { function, qualifier, config } = &event {
            Some((*function, *qualifier, *config))
        } else {
            None
        };
        self.lambda.handle(now, event)?;
        if let Some((request, function, qualifier)) = accepted {
            self.asynchronous.accept(self.lambda.now(), request, function, qualifier);
        }
        if let Some((function, qualifier, config)) = configured {
            self.asynchronous.configure(function, qualifier, config);
        }
        Ok(())
    }

    /// Tells what a caller wants of the queues.
    ///
    /// # Errors
    /// What is refused. Then nothing changed but what time alone has changed.
    pub fn handle_queue(&mut self, now: Moment, event: sqs::Event) -> Result<(), sqs::Refusal> {
        self.touched = true;
        self.lambda.handle_timeout(now);
        self.sources.handle_timeout(now);
        self.asynchronous.handle_timeout(now);
        let made =
            if let sqs::Event::CreateQueue { queue, .. } = &event { Some(*queue) } else { None };
        let verdict = self.sqs.handle(now, event);
        self.relay();
        if let (Ok(()), Some(queue)) = (verdict, made) {
            self.sources.queue_made(self.now(), queue);
        }
        verdict
    }

    /// Tells what happened to event source mappings and their batches.
    ///
    /// # Errors
    /// What is refused. Then nothing changed but what time alone has changed.
    pub fn handle_source(
        &mut self,
        now: Moment,
        event: event_source::Event,
    ) -> Result<(), event_source::Refusal> {
        self.pass(now);
        self.touched = true;
        self.lambda.handle_timeout(now);
        self.sources.handle(now, event)
    }

    /// Tells what happened to services, tasks and containers.
    ///
    /// # Errors
    /// What is refused. Then nothing changed but what time alone has changed.
    pub fn handle_ecs(&mut self, now: Moment, event: ecs::Event) -> Result<(), ecs::Refusal> {
        self.pass(now);
        self.touched = true;
        self.lambda.handle_timeout(now);
        let verdict = self.ecs.handle(now, event);
        self.relay();
        verdict
    }

    /// Tells that time has passed.
    pub fn handle_timeout(&mut self, now: Moment) {
        self.pass(now);
        self.lambda.handle_timeout(now);
    }

    /// Time passes for all but the functions.
    fn pass(&mut self, now: Moment) {
        if !self.touched && self.others.is_none_or(|(at, _)| at > now) {
            return;
        }
        self.touched = true;
        self.sqs.handle_timeout(now);
        self.sources.handle_timeout(now);
        self.asynchronous.handle_timeout(now);
        self.ecs.handle_timeout(now);
        self.relay();
    }

    /// The next command.
    pub fn poll_command(&mut self) -> Option<Command> {
        loop {
            if !self.touched {
                let command = self.lambda.poll_command()?;
                if self.asynchronous.is_empty() || self.is_passed_on(&command) {
                    return Some(command);
                }
                self.touched = true;
            }
            if let Some(request) = self.released.take() {
                return Some(Command::Release { request });
            }
            // First of all, so that an event's request is released where any other is.
            if let Some(command) = self.asynchronous.poll_command() {
                if let Some(command) = self.of_event(command) {
                    return Some(Command::Asynchronous(command));
                }
                continue;
            }
            if let Some(command) = self.lambda.poll_command() {
                if self.is_passed_on(&command) {
                    return Some(command);
                }
                continue;
            }
            if let Some(command) = self.sqs.poll_command() {
                match self.of_queue(command) {
                    Some(command) => return Some(Command::Queue(command)),
                    None => continue,
                }
            }
            let Some(command) = self.sources.poll_command() else {
                if let Some(command) = self.ecs.poll_command() {
                    return Some(Command::Ecs(command));
                }
                self.touched = false;
                self.others = self.wake_of_others();
                return None;
            };
            match command {
                event_source::Command::Queue(event) => self.ask_queue(event),
                command @ (event_source::Command::Examine { .. }
                | event_source::Command::Invoke { .. }
                | event_source::Command::Gone { .. }) => return Some(Command::Source(command)),
            }
        }
    }

    /// Whether what the functions ask for is the driver's: an event's request is not released before its last attempt.
    fn is_passed_on(&mut self, command: &Command) -> bool {
        if let Command::Reply { request, outcome, .. } = command
            && let Some(function) = self.asynchronous.function_of(*request)
        {
            let is_stopped = self.lambda.reserved(function) == Some(0);
            self.asynchronous.answered(*request, outcome, is_stopped);
        }
        if let Command::Release { request } = command
            && self.asynchronous.function_of(*request).is_some()
        {
            self.asynchronous.ended(self.lambda.now(), *request);
            return false;
        }
        true
    }

    /// What is to be done about an event, but for another attempt, which is the functions'.
    fn of_event(&mut self, command: asynchronous::Command) -> Option<asynchronous::Command> {
        match command {
            asynchronous::Command::Attempt { request, function } => {
                let (kind, reply) = (InvocationKind::Event, ReplyAt::Response);
                // Which it is, the event's first attempt has said.
                let qualifier = QualifierId::LATEST;
                let event = Event::Invoke { request, function, kind, reply, qualifier };
                let now = self.now();
                if self.lambda.handle(now, event).is_err() {
                    self.asynchronous.answered(request, &Outcome::ShutDown, false);
                    self.asynchronous.ended(now, request);
                }
                None
            }
            asynchronous::Command::Retry { .. } => Some(command),
            asynchronous::Command::Ended { request, .. } => {
                self.released = Some(request);
                Some(command)
            }
        }
    }

    /// What the queues ask for, but for what is a poller's.
    fn of_queue(&mut self, command: sqs::Command) -> Option<sqs::Command> {
        let (call, told) = match command {
            sqs::Command::Received { call, messages } => (call, Ok(messages)),
            sqs::Command::Refused { call, refusal } => (call, Err(refusal)),
            other @ (sqs::Command::Store(_)
            | sqs::Command::Sent { .. }
            | sqs::Command::Moved { .. }
            | sqs::Command::Forget { .. }) => return Some(other),
        };
        let Some(poller) = EventSources::poller_of(call) else {
            return Some(match told {
                Ok(messages) => sqs::Command::Received { call, messages },
                Err(refusal) => sqs::Command::Refused { call, refusal },
            });
        };
        let event = match told {
            Ok(messages) => {
                let queue = messages.first().and_then(|one| self.sqs.queue(one.handle.queue));
                let visibility = queue.map(|queue| queue.config.visibility).unwrap_or_default();
                event_source::Event::Received { poller, messages, visibility }
            }
            Err(_) => event_source::Event::QueueGone { poller },
        };
        // A poller that is gone by now wants nothing.
        self.sources.handle(self.now(), event).ok();
        None
    }

    /// Tells the queues what a poller wants of them.
    fn ask_queue(&mut self, event: sqs::Event) {
        let (mut receive, mut deletes) = (None, None);
        if let sqs::Event::Receive { call, .. } | sqs::Event::Await { call, .. } = &event {
            receive = EventSources::poller_of(*call);
        }
        if let sqs::Event::Delete { queue, .. } = &event {
            deletes = Some(*queue);
        }
        let now = self.now();
        let refused = self.sqs.handle(now, event).is_err();
        self.relay();
        if let (true, Some(queue)) = (refused, deletes) {
            self.sources.not_deleted(now, queue);
        }
        if let (true, Some(poller)) = (refused, receive) {
            self.sources.handle(now, event_source::Event::QueueGone { poller }).ok();
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) at the latest, and why; to be asked when there are no more
    /// commands.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Moment, Wake)> {
        let others = if self.touched { self.wake_of_others() } else { self.others };
        match (self.lambda.poll_timeout(), others) {
            (Some(lambda), Some(others)) if others.0 < lambda.0 => Some(others),
            (lambda, others) => lambda.or(others),
        }
    }

    fn wake_of_others(&self) -> Option<(Moment, Wake)> {
        let queues = self.sqs.poll_timeout().map(|(at, wake)| (at, Wake::Queue(wake)));
        let sources = self.sources.poll_timeout().map(|(at, poller)| (at, Wake::Poller(poller)));
        let events = self.asynchronous.poll_timeout();
        let events = events.map(|(at, request)| (at, Wake::Retry(request)));
        let tasks = self.ecs.poll_timeout().map(|(at, wake)| (at, Wake::Ecs(wake)));
        // The first of equal ones.
        [queues, sources, events, tasks].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// Passes on what the queues and the services have recorded.
    fn relay(&mut self) {
        if let Some(promise) = self.ecs.take_broken() {
            let now = self.now();
            self.lambda.trace_mut().broken(now, promise);
        }
        let Relay(Some(records)) = self.sqs.trace_mut() else { return };
        for (at, record) in records.drain(..) {
            self.lambda.trace_mut().record(at, Record::Queue(record));
        }
        for (at, record) in self.ecs.take_records() {
            self.lambda.trace_mut().record(at, Record::Ecs(record));
        }
    }
}

/// Looking.
impl<T: Trace> Cloud<T> {
    /// How the cloud was set.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        self.lambda.settings()
    }

    /// The latest moment that the cloud was told.
    #[must_use]
    pub fn now(&self) -> Moment {
        let others = self.sources.now().max(self.asynchronous.now()).max(self.ecs.now());
        self.lambda.now().max(self.sqs.now()).max(others)
    }

    /// What takes the records.
    #[must_use]
    pub const fn trace(&self) -> &T {
        self.lambda.trace()
    }

    /// What takes the records.
    pub const fn trace_mut(&mut self) -> &mut T {
        self.lambda.trace_mut()
    }

    /// What takes the records, taken out of a cloud that has done its work.
    pub fn into_trace(self) -> T {
        self.lambda.into_trace()
    }

    /// Every living instance.
    pub fn instances(&self) -> impl Iterator<Item = InstanceView> {
        self.lambda.instances()
    }

    /// The instance, if it lives.
    #[must_use]
    pub fn instance_view(&self, id: InstanceId) -> Option<InstanceView> {
        self.lambda.instance_view(id)
    }

    /// Every function, by id.
    pub fn functions(&self) -> impl Iterator<Item = FunctionView> {
        self.lambda.functions()
    }

    /// The queues, to be looked at.
    #[must_use]
    pub const fn queues(&self) -> &Sqs<impl sqs::Trace> {
        &self.sqs
    }

    /// The event source mappings, to be looked at.
    #[must_use]
    pub const fn sources(&self) -> &EventSources {
        &self.sources
    }

    /// The events that nobody waits for, to be looked at.
    #[must_use]
    pub const fn asynchronous(&self) -> &Asynchronous {
        &self.asynchronous
    }

    /// The services and their tasks, to be looked at.
    #[must_use]
    pub const fn ecs(&self) -> &Ecs {
        &self.ecs
    }

    /// Whether nothing real is under way: no INIT, no INVOKE, no process being ended, nobody waiting, no container that
    /// is started, ended or asked for its health. Only the policies' deadlines are left then, which `advance` may skip to.
    #[must_use]
    pub const fn settled(&self) -> bool {
        self.lambda.settled() && self.ecs.settled()
    }

    /// Steps taken in ordered structures (heaps, sets, lists) so far: what an event costs, counted and not timed.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.lambda.operations() + self.sqs.operations() + self.ecs.operations()
    }
}
