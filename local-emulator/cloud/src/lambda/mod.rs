//! AWS Lambda: functions, their instances and the requests between them.
//!
//! `admit` decides who serves a request, `init` and `invoke` follow an instance through its phases, `retire` ends it.
//! Only `Lambda::shift` changes an instance's phase.

mod admit;
mod function;
mod init;
mod instance;
mod invoke;
mod look;
mod pool;
mod retire;
mod throttle;
mod timers;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use lunch_contract::{
    FunctionId, IdAllocator, InstanceId, Moment, Outcome, Process, Refusal, RequestId,
};

use self::function::Function;
use self::instance::{Instance, State};
use self::pool::Links;
use self::throttle::Bucket;
use self::timers::{Due, Owner, Timers};
use crate::command::{Command, Evidence};
use crate::event::Event;
use crate::planted::{Bug, is};
use crate::random::Random;
use crate::settings::Settings;
use crate::trace::{Cause, Phase, Record, Trace};
use crate::wake::Wake;

pub use self::look::{FunctionView, InstanceView};

/// AWS Lambda: which instance serves a request, when it is frozen, ended, refused.
///
/// # Tell
/// [`handle`](Self::handle) says what happened, [`handle_timeout`](Self::handle_timeout) that time has passed. Time
/// never goes back: a `now` earlier than the last one counts as the last one. A deadline that has come is kept before
/// the event is taken, however late the driver's timer is: an answer at the deadline is too late in both worlds.
///
/// # Ask
/// After each telling, [`poll_command`](Self::poll_command) until it is `None`, carrying each command out in this
/// order; then, and only then, tell the next.
///
/// # Look
/// [`instances`](Self::instances), [`functions`](Self::functions), [`settled`](Self::settled) and
/// [`operations`](Self::operations) change nothing.
///
/// # Wake
/// [`poll_timeout`](Self::poll_timeout) says when to call `handle_timeout` at the latest, and why. It changes with
/// each telling; one timer is enough.
///
/// An event, and each command that comes of it, costs O(log n) steps in the number of instances, timers and requests.
/// Nothing is scanned but by `ShutDown`, which has a command for everything that lives.
#[derive(Debug)]
pub struct Lambda<T: Trace> {
    settings: Settings,
    trace: T,
    now: Moment,
    random: Random,
    functions: Vec<Function>,
    instances: Vec<Option<Instance>>,
    births: IdAllocator,
    requests: Vec<Option<Open>>,
    timers: Timers,
    links: Links,
    account: Account,
    commands: VecDeque<Command>,
    /// Instances in a phase in which something real is under way, and requests that wait for one.
    unsettled: u32,
    shutting_down: bool,
}

/// A request that has not been released yet.
#[derive(Clone, Copy, Debug)]
struct Open {
    serial: u64,
    function: FunctionId,
}

/// What all functions share.
#[derive(Debug, Default)]
struct Account {
    /// The sum of all functions' reserved concurrency.
    reserved: u32,
    /// Requests in flight in functions without reserved concurrency.
    unreserved_in_flight: u32,
    rate: Bucket,
}

impl<T: Trace> Lambda<T> {
    /// An empty cloud.
    #[must_use]
    pub fn new(settings: Settings, trace: T) -> Self {
        Self {
            random: Random::new(settings.seed),
            settings,
            trace,
            now: Moment::ZERO,
            functions: Vec::new(),
            instances: Vec::new(),
            births: IdAllocator::default(),
            requests: Vec::new(),
            timers: Timers::default(),
            links: Links::default(),
            account: Account::default(),
            commands: VecDeque::new(),
            unsettled: 0,
            shutting_down: false,
        }
    }

    /// Tells what happened.
    ///
    /// # Errors
    /// What is refused. Then nothing changed but what time alone has changed.
    pub fn handle(&mut self, now: Moment, event: Event) -> Result<(), Refusal> {
        if is(Bug::LateAnswer) && matches!(event, Event::ResponseEnded { .. }) {
            self.now = self.now.max(now);
        } else {
            self.handle_timeout(now);
        }
        match event {
            Event::Deploy { function, revision, config } => self.deploy(function, revision, config),
            Event::Reserve { function, concurrency } => self.reserve(function, concurrency),
            // Known only so far that the function is there: events are tried again by another machine.
            Event::ConfigureEvents { function, .. } => self.known(function),
            Event::Invoke { request, function, kind, reply, qualifier: _ } => {
                self.invoke(request, function, kind, reply)
            }
            Event::CallerLeft { request } => self.caller_left(request),
            Event::SpawnFailed { process, why } => self.spawn_failed(process, why),
            Event::ExtensionRegistered { process, invoke, external } => {
                self.extension_registered(process, invoke, external)
            }
            Event::Next { process, participant } => self.next(process, participant),
            Event::InitError { process } => self.init_error(process),
            Event::ResponseStarted { process, request, error } => {
                self.response_started(process, request, error)
            }
            Event::ResponseEnded { process, request, ending } => {
                self.response_ended(process, request, ending)
            }
            Event::Exited { process, exit } => self.exited(process, exit),
            Event::EvictFunction { function } => self.evict_function(function),
            Event::EvictInstance { instance } => self.evict_instance(instance),
            Event::ShutDown => {
                self.shut_down();
                Ok(())
            }
        }
    }

    /// Tells that time has passed.
    pub fn handle_timeout(&mut self, now: Moment) {
        self.now = self.now.max(now);
        while let Some((owner, due)) = self.timers.pop_due(self.now) {
            match (owner, due) {
                (Owner::Request(index), _) => self.gap_wait_over(index),
                (Owner::Function(index), _) => self.function_idle(index),
                (Owner::Instance(index), Due::Placement) => self.begin_init(index),
                (Owner::Instance(index), Due::InitDeadline) => self.init_timed_out(index),
                (Owner::Instance(index), Due::InitPadding) => self.init_done(index),
                (Owner::Instance(index), Due::InvokeDeadline) => self.invoke_timed_out(index),
                (Owner::Instance(index), Due::Freeze) => self.freeze(index),
                (Owner::Instance(index), Due::ShutdownGrace) => self.kill(index),
                (Owner::Instance(index), Due::InitErrorExit) => self.init_error_outlived(index),
                (Owner::Instance(index), due) => self.reclaim(index, due),
            }
        }
    }

    /// The next command.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) at the latest, and why.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Moment, Wake)> {
        self.timers.first().map(|(at, owner, due)| (at, self.wake(owner, due)))
    }
}

/// The pieces that all phases use.
impl<T: Trace> Lambda<T> {
    fn command(&mut self, command: Command) {
        self.commands.push_back(command);
    }

    fn record(&mut self, record: Record) {
        self.trace.record(self.now, record);
    }

    fn function(&mut self, id: FunctionId) -> &mut Function {
        &mut self.functions[id.0 as usize]
    }

    /// The living instance at that index.
    fn instance(&self, index: u32) -> &Instance {
        self.instances[index as usize].as_ref().expect("only a living instance's index is kept")
    }

    fn instance_mut(&mut self, index: u32) -> &mut Instance {
        self.instances[index as usize].as_mut().expect("only a living instance's index is kept")
    }

    /// The instance that this process runs in: not if it has ended, not if it is another life's.
    fn running(&self, process: Process) -> Result<&Instance, Refusal> {
        self.instances
            .get(process.instance.index as usize)
            .and_then(Option::as_ref)
            .filter(|instance| instance.process() == process || is(Bug::StaleExit))
            .filter(|instance| instance.state.has_process())
            .ok_or(Refusal::Gone)
    }

    fn living(&self, id: InstanceId) -> Result<&Instance, Refusal> {
        self.instances
            .get(id.index as usize)
            .and_then(Option::as_ref)
            .filter(|instance| instance.id == id)
            .ok_or(Refusal::Gone)
    }

    /// Changes an instance's phase: the one place that does. Keeps its deadline, and its promise to who waits, in
    /// step.
    fn shift(&mut self, index: u32, to: State, cause: Cause) {
        let (from, instance) = {
            let instance = self.instance_mut(index);
            let from = instance.state.phase();
            instance.state = to;
            (from, instance.id)
        };
        let phase = to.phase();
        if !phase.may_follow(from) {
            self.trace.broken(self.now, "an instance only goes where its diagram lets it");
        }
        self.unsettled += u32::from(phase.is_unsettled());
        self.unsettled -= u32::from(from.is_unsettled());
        self.rekey(index);
        self.record(Record::Phase { instance, from, to: phase, cause });
    }

    /// Brings the instance's deadline in line with its state.
    fn rekey(&mut self, index: u32) {
        let instance = self.instances[index as usize].as_ref();
        let deadline = instance.and_then(|instance| instance.deadline(&self.settings));
        self.timers.set_or_clear(Owner::Instance(index), deadline);
    }

    /// Brings what others may count on in line with the instance's state.
    fn recount_soon(&mut self, index: u32) {
        let soon = self.soon_of(index);
        let instance = self.instance_mut(index);
        let before = core::mem::replace(&mut instance.soon, soon);
        let (id, generation) = (instance.function, instance.generation);
        let function = self.function(id);
        if generation == function.generation {
            function.soon = function.soon + soon - before;
        }
    }

    fn reply(&mut self, request: RequestId, outcome: Outcome, evidence: Evidence) {
        self.record(Record::Answered {
            request,
            instance: evidence.instance,
            outcome: outcome.clone(),
        });
        self.command(Command::Reply { request, outcome, evidence });
    }

    fn release(&mut self, request: RequestId) {
        self.requests[request.index as usize] = None;
        if is(Bug::ReleaseTwice) {
            self.command(Command::Release { request });
        }
        self.command(Command::Release { request });
    }
}

impl Phase {
    /// Whether something real is under way, which time must not skip.
    const fn is_unsettled(self) -> bool {
        match self {
            Self::Placing
            | Self::Init
            | Self::Reinit
            | Self::Invoke
            | Self::Resetting
            | Self::Stopping => true,
            Self::Idle | Self::Frozen | Self::Reset | Self::Gone => false,
        }
    }
}
