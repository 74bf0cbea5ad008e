//! The virtual world: a clock that jumps, a heap of what is to happen, and processes that do as they are scripted.
//!
//! It carries the cloud's commands out with delays of its own and decides nothing. What a process does is the
//! [`Playbook`]'s; when the outside does something is the driver's.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::time::Duration;

use lunch_cloud::drive::World;
use lunch_cloud::{Command, Event, Evidence, Notice, Wake, journal, sqs};
use lunch_contract::{
    Exit, FunctionId, Moment, Outcome, Participant, Process, RequestId, RevisionId,
};

use crate::act::{Act, Startup};

/// Knows what processes do and how long the host takes.
pub trait Playbook {
    /// A process starts.
    fn start(&mut self, process: Process, function: FunctionId, revision: RevisionId) -> Startup;

    /// A process is given a request; the runtime's next `/next` belongs to the acts.
    fn serve(&mut self, process: Process, request: RequestId) -> Vec<Act>;

    /// From a call of a process to its next act.
    fn call_takes(&mut self) -> Duration;

    /// From a signal, or a process's own end, to the word that it has ended.
    fn exit_takes(&mut self) -> Duration;

    /// From SIGKILL to when the process does nothing any more: words of it may be on their way.
    fn kill_takes(&mut self) -> Duration;

    /// From SIGTERM to the end of a process that minds it.
    fn termination_takes(&mut self) -> Duration;

    /// How late the one timer fires.
    fn timer_late(&mut self) -> Duration;
}

/// What the world's clock has come to.
#[derive(Clone, Debug, PartialEq)]
pub enum Occurrence {
    /// The cloud is to be told.
    Tell(Event),
    /// The cloud's timer fired.
    Timeout,
    /// What the driver had put down by [`VirtualWorld::schedule`].
    Outside(u64),
    /// A process did something that the cloud does not see.
    Unseen,
}

/// The answer that a caller was given.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// When.
    pub at: Moment,
    /// To which request.
    pub request: RequestId,
    /// What.
    pub outcome: Outcome,
    /// What was told beside.
    pub evidence: Evidence,
}

/// See the module's text.
#[derive(Debug)]
pub struct VirtualWorld<P> {
    /// What the processes do.
    pub playbook: P,
    /// The answers since the driver last took them.
    pub answers: Vec<Answer>,
    /// The requests released since the driver last took them.
    pub released: Vec<RequestId>,
    /// What the queues asked for since the driver last took it.
    pub queues: Vec<(Moment, sqs::Command)>,
    /// The last telling, if a journal is kept.
    pub entry: Option<journal::Entry>,
    journal: bool,
    heap: BinaryHeap<Reverse<Due>>,
    /// Counts all that was ever due, so that equal moments go in the order in which they were put down.
    put_down: u64,
    actors: BTreeMap<Process, Actor>,
    /// The world's own time, which `advance` does not move.
    real: Moment,
    /// How far the cloud's time is ahead.
    offset: Duration,
    wake: Option<(Moment, Wake)>,
    fires: Option<Moment>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    at: Moment,
    order: u64,
    what: What,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Begin(Process),
    /// With the count of the process's requests, so that a new request ends what was going on.
    Act(Process, u64),
    ExtensionNext(Process, u8),
    Ended(Process, ExitOrd),
    Outside(u64),
}

/// `Exit` has no order of its own.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ExitOrd(bool, i32);

#[derive(Debug)]
struct Actor {
    startup: Startup,
    program: VecDeque<Act>,
    current: Option<RequestId>,
    previous: Option<RequestId>,
    extensions: Vec<Duration>,
    frozen: bool,
    /// What came due while it was frozen.
    held: Vec<What>,
    /// How many requests it was given.
    turn: u64,
    /// From when on, in real time, it does nothing any more: its end is under way.
    silent_at: Option<Moment>,
    stubborn: bool,
}

impl Actor {
    fn is_silent(&self, real: Moment) -> bool {
        self.silent_at.is_some_and(|at| at <= real)
    }
}

impl<P: Playbook> VirtualWorld<P> {
    /// At the epoch, with nothing to happen.
    pub const fn new(playbook: P, journal: bool) -> Self {
        Self {
            playbook,
            answers: Vec::new(),
            released: Vec::new(),
            queues: Vec::new(),
            entry: None,
            journal,
            heap: BinaryHeap::new(),
            put_down: 0,
            actors: BTreeMap::new(),
            real: Moment::ZERO,
            offset: Duration::ZERO,
            wake: None,
            fires: None,
        }
    }

    /// The cloud's time.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.real + self.offset
    }

    /// What the cloud waits for.
    #[must_use]
    pub const fn wake(&self) -> Option<(Moment, Wake)> {
        self.wake
    }

    /// How many processes have not ended.
    #[must_use]
    pub fn processes(&self) -> usize {
        self.actors.len()
    }

    /// Whether anything is still to happen but the cloud's own timer.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.heap.is_empty()
    }

    /// Lets `token` occur that much later.
    pub fn schedule(&mut self, after: Duration, token: u64) {
        self.put(after, What::Outside(token));
    }

    /// Moves the cloud's time on by itself, as `advance` does.
    pub fn skip_to(&mut self, moment: Moment) {
        self.offset += moment.since(self.now());
        self.fires = self.wake.map(|(at, _)| at);
    }

    /// When the next thing occurs.
    #[must_use]
    pub fn next_at(&self) -> Option<Moment> {
        let due = self.heap.peek().map(|Reverse(due)| due.at + self.offset);
        [due, self.fires].into_iter().flatten().min()
    }

    /// Lets time pass until the next thing occurs.
    pub fn occur(&mut self) -> Option<Occurrence> {
        let due = self.heap.peek().map(|Reverse(due)| due.at + self.offset);
        if let Some(at) = self.fires
            && due.is_none_or(|due| at <= due)
        {
            let late = self.playbook.timer_late();
            let at = at + late;
            if !late.is_zero() && due.is_some_and(|due| due < at) {
                self.fires = Some(at);
                return self.next_due();
            }
            self.pass_to(at);
            self.fires = None;
            return Some(Occurrence::Timeout);
        }
        self.next_due()
    }

    fn next_due(&mut self) -> Option<Occurrence> {
        let Reverse(due) = self.heap.pop()?;
        self.pass_to(due.at + self.offset);
        Some(match due.what {
            What::Outside(token) => Occurrence::Outside(token),
            What::Ended(process, exit) => {
                self.actors.remove(&process);
                let exit = if exit.0 { Exit::Signal(exit.1) } else { Exit::Code(exit.1) };
                Occurrence::Tell(Event::Exited { process, exit })
            }
            What::Begin(process) => self.begin(process),
            What::Act(process, turn) => self.act(process, turn),
            What::ExtensionNext(process, extension) => self.extension_next(process, extension),
        })
    }

    /// A timer that is late may fire after the world has moved on.
    fn pass_to(&mut self, moment: Moment) {
        let real = Moment::ZERO + moment.since(Moment::ZERO + self.offset);
        self.real = self.real.max(real);
    }

    fn put(&mut self, after: Duration, what: What) {
        self.put_down += 1;
        self.heap.push(Reverse(Due { at: self.real + after, order: self.put_down, what }));
    }

    fn begin(&mut self, process: Process) -> Occurrence {
        let Some(actor) = self.actors.get_mut(&process) else { return Occurrence::Unseen };
        if let Some(why) = actor.startup.failure {
            self.actors.remove(&process);
            return Occurrence::Tell(Event::SpawnFailed { process, why });
        }
        actor.program = std::mem::take(&mut actor.startup.acts).into();
        self.act(process, 0)
    }

    fn act(&mut self, process: Process, turn: u64) -> Occurrence {
        let Some(actor) = self.actors.get_mut(&process) else { return Occurrence::Unseen };
        if actor.is_silent(self.real) || actor.turn != turn {
            return Occurrence::Unseen;
        }
        if actor.frozen {
            actor.held.push(What::Act(process, turn));
            return Occurrence::Unseen;
        }
        let Some(act) = actor.program.pop_front() else { return Occurrence::Unseen };
        let event = act.event(process, actor.current, actor.previous);
        match act {
            Act::Sleep(span) => self.put(span, What::Act(process, turn)),
            Act::Stubborn => {
                actor.stubborn = true;
                self.put(Duration::ZERO, What::Act(process, turn));
            }
            Act::Exit(exit) => self.end(process, exit, Duration::ZERO),
            Act::Register { takes, .. } => {
                let number = u8::try_from(actor.extensions.len()).unwrap_or(u8::MAX);
                actor.extensions.push(takes);
                self.put(takes, What::ExtensionNext(process, number));
                self.call_made(process);
            }
            Act::Next | Act::InitError | Act::Begin { .. } | Act::End(_) | Act::Stray(_) => {
                self.call_made(process)
            }
        }
        event.map_or(Occurrence::Unseen, Occurrence::Tell)
    }

    /// A call was made; the process goes on when it has its answer, and `/next` has none before there is a request.
    fn call_made(&mut self, process: Process) {
        if let Some(actor) = self.actors.get(&process)
            && !actor.program.is_empty()
        {
            let turn = actor.turn;
            let takes = self.playbook.call_takes();
            self.put(takes, What::Act(process, turn));
        }
    }

    fn extension_next(&mut self, process: Process, extension: u8) -> Occurrence {
        let Some(actor) = self.actors.get_mut(&process) else { return Occurrence::Unseen };
        if actor.is_silent(self.real) {
            return Occurrence::Unseen;
        }
        if actor.frozen {
            actor.held.push(What::ExtensionNext(process, extension));
            return Occurrence::Unseen;
        }
        let participant = Participant::Extension(extension);
        Occurrence::Tell(Event::Next { process, participant })
    }

    /// It ends by itself, or by a signal that takes hold in that time.
    fn end(&mut self, process: Process, exit: Exit, hold: Duration) {
        let Some(actor) = self.actors.get_mut(&process) else { return };
        if actor.silent_at.is_some() {
            return;
        }
        actor.silent_at = Some(self.real + hold);
        let exit = match exit {
            Exit::Code(code) => ExitOrd(false, code),
            Exit::Signal(signal) => ExitOrd(true, signal),
        };
        let takes = self.playbook.exit_takes();
        self.put(hold + takes, What::Ended(process, exit));
    }

    fn deliver(&mut self, process: Process, request: RequestId) {
        let Some(actor) = self.actors.get_mut(&process) else { return };
        if actor.current == Some(request) {
            return;
        }
        actor.previous = actor.current.replace(request);
        actor.program = self.playbook.serve(process, request).into();
        actor.turn += 1;
        let turn = actor.turn;
        let takes = self.playbook.call_takes();
        self.put(takes, What::Act(process, turn));
    }

    fn spawn(&mut self, process: Process, function: FunctionId, revision: RevisionId) {
        let startup = self.playbook.start(process, function, revision);
        self.put(startup.takes, What::Begin(process));
        let actor = Actor {
            startup,
            program: VecDeque::new(),
            current: None,
            previous: None,
            extensions: Vec::new(),
            frozen: false,
            held: Vec::new(),
            turn: 0,
            silent_at: None,
            stubborn: false,
        };
        self.actors.insert(process, actor);
    }

    fn thaw(&mut self, process: Process) {
        let Some(actor) = self.actors.get_mut(&process) else { return };
        actor.frozen = false;
        for what in std::mem::take(&mut actor.held) {
            self.put(Duration::ZERO, what);
        }
    }

    fn terminate(&mut self, process: Process) {
        let Some(actor) = self.actors.get_mut(&process) else { return };
        if actor.stubborn || actor.frozen {
            return;
        }
        actor.program = [Act::Exit(Exit::Code(0))].into();
        actor.turn += 1;
        let turn = actor.turn;
        let takes = self.playbook.termination_takes();
        self.put(takes, What::Act(process, turn));
    }

    fn kill(&mut self, process: Process) {
        // A program that cannot be started has nothing to kill: its failure is the only word that comes.
        let failing = |actor: &Actor| actor.startup.failure.is_some();
        if !self.actors.get(&process).is_some_and(failing) {
            let hold = self.playbook.kill_takes();
            self.end(process, Exit::Signal(9), hold);
        }
    }
}

impl<P: Playbook> World for VirtualWorld<P> {
    fn execute(&mut self, now: Moment, command: Command) {
        match command {
            Command::Spawn { process, function, revision } => {
                self.spawn(process, function, revision);
            }
            Command::Deliver { process, request, .. } => self.deliver(process, request),
            Command::Notify { process, extension, notice: Notice::Invoke { .. } } => {
                let takes = self
                    .actors
                    .get(&process)
                    .and_then(|actor| actor.extensions.get(usize::from(extension)).copied());
                if let Some(takes) = takes {
                    self.put(takes, What::ExtensionNext(process, extension));
                }
            }
            Command::Reply { request, outcome, evidence } => {
                self.answers.push(Answer { at: now, request, outcome, evidence });
            }
            Command::Release { request } => self.released.push(request),
            Command::Freeze { process } => {
                if let Some(actor) = self.actors.get_mut(&process) {
                    actor.frozen = true;
                }
            }
            Command::Thaw { process } => self.thaw(process),
            Command::Terminate { process } => {
                self.terminate(process);
            }
            Command::Kill { process } => self.kill(process),
            Command::Retire { .. } => {}
            Command::Queue(command) => self.queues.push((now, command)),
            Command::Source(_) | Command::Asynchronous(_) | Command::Ecs(_) => {}
        }
    }

    fn arm(&mut self, wake: Option<(Moment, Wake)>) {
        self.wake = wake;
        self.fires = wake.map(|(at, _)| at);
    }

    fn keeps_journal(&self) -> bool {
        self.journal
    }

    fn told(&mut self, entry: journal::Entry) {
        self.entry = Some(entry);
    }
}
