//! Drives a street: tells the cloud, has what is to survive made safe, ends the process and makes it anew.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use lunch_cloud::asynchronous::{self, Condition};
use lunch_cloud::drive::Input;
use lunch_cloud::event_source::{self, Fact, MappingId, PollerId, Verdict};
use lunch_cloud::planted::{self, Bug};
use lunch_cloud::sqs::{self, Delivery};
use lunch_cloud::{Command, Event, InvocationKind, Record, Refused, ReplyAt, Wake, journal};
use lunch_contract::sqs::{MessageId, QueueId};
use lunch_contract::{FunctionId, IdAllocator, Moment, Outcome, QualifierId, RequestId};

use super::disk::{Answer, Disk, Write};
use super::people::{People, Task};
use super::plan::{StreetPlan, Trouble};
use super::survive::life;
use crate::laws::street::{Court, DRAINS};
use crate::laws::{self, Step};
use crate::random::Random;
use crate::run::{Broken, Log, Summary, lines_of};
use crate::seeded::Seeded;
use crate::simulation::Simulation;

pub(super) type Outlook = Result<(), Broken>;

/// One telling and what came of it, kept until it is safe.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) step: u64,
    entry: journal::Entry,
    records: Vec<(Moment, Record)>,
    wakes: [Option<(Moment, Wake)>; 2],
    record_of: Option<u64>,
}

impl Told {
    pub(super) const fn step<'run>(&'run self, plan: &'run StreetPlan) -> Step<'run> {
        Step {
            settings: &plan.instances.settings,
            now: self.entry.at,
            input: &self.entry.input,
            refusal: self.entry.refusal,
            commands: self.entry.commands.as_slice(),
            records: self.records.as_slice(),
            wakes: self.wakes,
            settled: false,
            looks: None,
            destinations: plan.destinations.as_slice(),
            record_of: self.record_of,
        }
    }
}

/// Who wants to know how a request went.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    Batch { poller: PollerId, mapping: MappingId, messages: Vec<Delivery> },
    Event { id: u64 },
    Nobody,
}

/// What is done when the cloud has no more commands, as part of the same batch.
#[derive(Debug)]
pub(super) enum Deferred {
    Tell(event_source::Event),
    Call {
        poller: PollerId,
        mapping: MappingId,
        function: FunctionId,
        messages: Vec<Delivery>,
    },
    /// That event's record.
    Record(u64, QueueId),
}

pub(super) struct Street<'plan> {
    pub(super) plan: &'plan StreetPlan,
    pub(super) simulation: Simulation<Seeded, Log>,
    pub(super) random: Random,
    pub(super) disk: Disk,
    pub(super) court: Court,
    /// What the laws know as of the last safe step.
    pub(super) safe: Court,
    pub(super) pending: VecDeque<Rc<Told>>,
    tail: VecDeque<Rc<Told>>,
    pub(super) people: People,
    pub(super) messages: IdAllocator,
    pub(super) requests: IdAllocator,
    pub(super) wanted: BTreeMap<RequestId, Wanted>,
    /// How many mappings were made.
    pub(super) mapped: u32,
    /// Which mapping of the plan each is. Each life has its own.
    pub(super) mappings: BTreeMap<MappingId, usize>,
    pub(super) deferred: VecDeque<Deferred>,
    pub(super) revisions: u32,
    pub(super) healed: bool,
    /// The cloud is being ended.
    pub(super) stops: bool,
    pub(super) steps: u64,
    commands: u64,
    instances: u64,
    pub(super) restarts: u64,
    /// Which queue there is of each name, or was last; and how many were made again.
    pub(super) ids: Vec<QueueId>,
    pub(super) made: u32,
    /// Everything is there.
    pub(super) begun: bool,
    /// The laws of instances, of this process.
    pub(super) of_instances: Vec<Box<dyn laws::Law>>,
    /// What is told next sends that event's record.
    record_of: Option<u64>,
}

const TAIL: usize = 20;
/// So many tellings at most come of one.
const CONSEQUENCES: u64 = 5_000;

impl<'plan> Street<'plan> {
    pub(super) fn new(seed: u64, plan: &'plan StreetPlan) -> Self {
        let mut random = Random::new(seed ^ 0x0DD_0B1E5);
        let simulation = life(plan, &mut random, Moment::ZERO);
        Self {
            plan,
            simulation,
            random,
            disk: Disk::default(),
            court: Court::default(),
            safe: Court::default(),
            pending: VecDeque::new(),
            tail: VecDeque::new(),
            people: People::default(),
            messages: IdAllocator::default(),
            requests: IdAllocator::default(),
            wanted: BTreeMap::new(),
            mapped: 0,
            mappings: BTreeMap::new(),
            deferred: VecDeque::new(),
            revisions: 0,
            // Nothing goes wrong before everything is there.
            healed: true,
            stops: false,
            steps: 0,
            commands: 0,
            instances: 0,
            restarts: 0,
            ids: (0u32..).take(plan.queues.len()).map(QueueId).collect(),
            made: 0,
            begun: false,
            of_instances: laws::on_streets(),
            record_of: None,
        }
    }

    pub(super) fn play(&mut self, steps: u64) -> Outlook {
        self.deploy()?;
        for (place, config) in self.plan.queues.iter().enumerate() {
            self.create(place, self.queue(place), *config)?;
        }
        for number in 0..self.plan.mappings.len() {
            self.disk.write(Write::Mapping(number, self.plan.mappings[number].config));
            self.map(number, self.plan.mappings[number].config)?;
        }
        while !self.disk.is_quiet() && self.step()? {}
        (self.healed, self.begun) = (false, true);
        self.after(Duration::ZERO, Task::Visit);
        while self.steps < steps && self.step()? {}
        self.drain()
    }

    pub(super) fn summary(&self) -> Summary {
        Summary {
            steps: self.steps,
            simulated: self.now().since(Moment::ZERO),
            requests: self.requests.allocated(),
            instances: self.instances,
            commands: self.commands,
            messages: self.messages.allocated(),
            restarts: self.restarts,
        }
    }

    pub(super) fn tail(&self) -> Vec<String> {
        self.tail.iter().flat_map(|told| lines_of(&told.entry, &told.records)).collect()
    }

    pub(super) fn now(&self) -> Moment {
        self.simulation.world.now()
    }

    pub(super) fn happens(&mut self, trouble: Trouble) -> bool {
        let rate = self.plan.rate(trouble);
        !self.healed && rate > 0.0 && self.random.chance(rate)
    }

    /// Lets the next thing happen; `false` where nothing is to happen any more.
    pub(super) fn step(&mut self) -> Result<bool, Broken> {
        use crate::world::Occurrence;
        match self.simulation.world.occur() {
            None => return Ok(false),
            Some(Occurrence::Unseen) => {}
            Some(Occurrence::Tell(event)) => drop(self.tell(event.into())?),
            Some(Occurrence::Timeout) => drop(self.tell(Input::Timeout)?),
            Some(Occurrence::Outside(token)) => {
                if let Some(task) = self.people.take(token) {
                    self.task(task)?;
                }
            }
        }
        Ok(true)
    }

    pub(super) fn after(&mut self, span: Duration, task: Task) {
        let token = self.people.put(task);
        self.simulation.world.schedule(span, token);
    }
}

/// Telling.
impl Street<'_> {
    /// Tells the cloud, does what that brings about, and has all of it made safe.
    pub(super) fn tell(&mut self, input: Input) -> Result<Option<Refused>, Broken> {
        let refusal = self.input(input)?;
        let begun = self.steps;
        while let Some(deferred) = self.deferred.pop_front() {
            if self.steps > begun + CONSEQUENCES {
                let what = "what comes of one telling has no end".to_owned();
                return Err(Broken { law: DRAINS, what });
            }
            match deferred {
                Deferred::Tell(event) => drop(self.input(event.into())?),
                Deferred::Call { poller, mapping, function, messages } => {
                    let wanted = Wanted::Batch { poller, mapping, messages };
                    let request = self.open(wanted);
                    let (kind, reply) = (InvocationKind::RequestResponse, ReplyAt::Response);
                    let qualifier = QualifierId::LATEST;
                    self.input(Event::Invoke { request, function, qualifier, kind, reply }.into())?;
                }
                Deferred::Record(event, queue) => {
                    if planted::is(Bug::RecordApart) {
                        self.hand_over()?;
                    }
                    self.record_of = Some(event);
                    let message = self.new_message(queue, None);
                    let index = message.message.index;
                    if self.input(sqs::Event::Send { queue, message }.into())?.is_some() {
                        self.messages.free(index);
                    }
                }
            }
        }
        self.hand_over()?;
        Ok(refusal)
    }

    /// Tells what somebody wants who is answered; what was due is kept first, in a step of its own.
    pub(super) fn ask(&mut self, input: impl Into<Input>) -> Result<Option<Refused>, Broken> {
        let now = self.now();
        if self.simulation.world.wake().is_some_and(|(at, _)| at <= now) {
            self.tell(Input::Timeout)?;
        }
        self.disk.answer(Answer::Done);
        self.tell(input.into())
    }

    fn input(&mut self, input: Input) -> Result<Option<Refused>, Broken> {
        self.steps += 1;
        let before = self.simulation.world.wake();
        let refusal = self.simulation.input(input).err();
        let after = self.simulation.world.wake();
        let log = self.simulation.cloud.trace_mut();
        let (records, broken) = (std::mem::take(&mut log.records), log.broken);
        let entry = self.simulation.world.entry.take().expect("the world keeps a journal");
        let record_of = self.record_of.take();
        self.commands += entry.commands.len() as u64;
        let born = records.iter().filter(|(_, record)| matches!(record, Record::Born { .. }));
        self.instances += born.count() as u64;
        let told =
            Rc::new(Told { step: self.steps, entry, records, wakes: [before, after], record_of });
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(Rc::clone(&told));
        self.pending.push_back(Rc::clone(&told));
        if let Some(promise) = broken {
            return Err(Broken { law: laws::PROMISE, what: format!("not so: {promise}") });
        }
        self.court.hear(&told.step(self.plan))?;
        let settled = self.simulation.cloud.settled();
        let step = Step { settled, ..told.step(self.plan) };
        for law in &mut self.of_instances {
            law.check(&step).map_err(|what| Broken { law: law.name(), what })?;
        }
        for command in &told.entry.commands {
            self.carry_out(command);
        }
        Ok(refusal)
    }

    fn carry_out(&mut self, command: &Command) {
        match command {
            Command::Queue(command) => self.of_queue(command),
            Command::Source(command) => self.of_source(command),
            Command::Asynchronous(command) => self.of_event(command),
            Command::Reply { request, outcome, .. } => self.replied(*request, outcome),
            Command::Release { request } => {
                if self.wanted.remove(request).is_some() {
                    self.requests.free(request.index);
                }
            }
            Command::Spawn { .. }
            | Command::Deliver { .. }
            | Command::Notify { .. }
            | Command::Freeze { .. }
            | Command::Thaw { .. }
            | Command::Terminate { .. }
            | Command::Kill { .. }
            | Command::Retire { .. }
            | Command::Ecs(_) => {}
        }
    }

    fn of_queue(&mut self, command: &sqs::Command) {
        match command {
            sqs::Command::Store(change) => self.disk.write(Write::Change(change.clone())),
            sqs::Command::Received { call, messages } => {
                self.people.waiting.remove(call);
                let handles = messages.iter().map(|delivery| delivery.handle).collect();
                self.disk.answer(Answer::Received(*call, handles));
            }
            sqs::Command::Refused { call, .. } => {
                self.people.turned_away(*call);
            }
            sqs::Command::Forget { message } => self.messages.free(message.index),
            sqs::Command::Sent { .. } | sqs::Command::Moved { .. } => {}
        }
    }

    fn of_source(&mut self, command: &event_source::Command) {
        match command {
            event_source::Command::Examine { poller, mapping, messages } => {
                let filters =
                    self.mappings.get(mapping).is_some_and(|nth| self.plan.mappings[*nth].filters);
                let facts = messages.iter().map(|id| fact(*id, filters)).collect();
                let event = event_source::Event::Examined { poller: *poller, facts };
                self.deferred.push_back(Deferred::Tell(event));
            }
            event_source::Command::Invoke { poller, mapping, function, messages } => {
                let (poller, mapping, function) = (*poller, *mapping, *function);
                let messages = messages.clone();
                self.deferred.push_back(Deferred::Call { poller, mapping, function, messages });
            }
            event_source::Command::Queue(_) | event_source::Command::Gone { .. } => {}
        }
    }

    fn of_event(&mut self, command: &asynchronous::Command) {
        let (asynchronous::Command::Attempt { request, .. }
        | asynchronous::Command::Retry { request, .. }
        | asynchronous::Command::Ended { request, .. }) = command;
        let Some(Wanted::Event { id: event }) = self.wanted.get(request) else { return };
        let event = *event;
        match command {
            asynchronous::Command::Attempt { .. } => {}
            asynchronous::Command::Retry { at, attempts, throttles, .. } => {
                self.disk.write(Write::Retried {
                    event,
                    attempts: *attempts,
                    throttles: *throttles,
                    next: *at,
                });
            }
            // The end of the cloud is not the end of an event that is kept.
            asynchronous::Command::Ended { condition: Condition::ShutDown, .. } => {}
            asynchronous::Command::Ended { function, condition, .. } => {
                self.disk.write(Write::Ended { event });
                let destinations = self.plan.destinations[function.0 as usize];
                let is_well = *condition == Condition::Success;
                let to = if is_well { destinations.success } else { destinations.failure };
                let to = to.map(|queue| self.queue(self.plan.place(queue)));
                self.deferred.extend(to.map(|queue| Deferred::Record(event, queue)));
            }
        }
    }

    /// A function has answered; what it says of its batch is drawn here.
    fn replied(&mut self, request: RequestId, outcome: &Outcome) {
        let Some(Wanted::Batch { poller, mapping, messages }) = self.wanted.get(&request).cloned()
        else {
            return;
        };
        let plan = self.mappings.get(&mapping).map(|number| self.plan.mappings[*number]);
        let reports = plan.is_some_and(|plan| plan.reports_failures);
        let verdict = Verdict::of(outcome, || {
            if !(reports && self.happens(Trouble::PartialFailure)) {
                return Verdict::Succeeded;
            }
            let mut failed: Vec<_> = messages.iter().map(|one| one.message).collect();
            failed.retain(|_| self.random.chance(0.5));
            Verdict::Partial(failed)
        });
        let event = event_source::Event::Answered { poller, verdict };
        self.deferred.push_back(Deferred::Tell(event));
    }

    fn open(&mut self, wanted: Wanted) -> RequestId {
        let (index, serial) = self.requests.allocate();
        let request = RequestId { serial, index };
        self.wanted.insert(request, wanted);
        request
    }

    /// Calls a function, for an answer or as an event, which is kept before it is told.
    pub(super) fn invoke(&mut self, function: FunctionId, kind: InvocationKind) -> Outlook {
        let now = self.now();
        if self.simulation.world.wake().is_some_and(|(at, _)| at <= now) {
            self.tell(Input::Timeout)?;
        }
        let request = self.open(Wanted::Nobody);
        if kind == InvocationKind::Event {
            let id = request.serial;
            self.wanted.insert(request, Wanted::Event { id });
            let accepted = self.now();
            let event = super::disk::StoredEvent {
                function,
                accepted,
                attempts: 0,
                throttles: 0,
                next: None,
            };
            self.disk.write(Write::Event(id, event));
        }
        self.disk.answer(Answer::Done);
        let reply = ReplyAt::Response;
        let qualifier = QualifierId::LATEST;
        let call = Event::Invoke { request, function, qualifier, kind, reply };
        let refusal = self.tell(call.into())?;
        let what = || format!("a well-formed request is refused: {refusal:?}");
        if refusal.is_none() { Ok(()) } else { Err(Broken { law: laws::PROMISE, what: what() }) }
    }

    /// How many requests are not at their end.
    pub(super) fn is_busy(&self) -> bool {
        !self.wanted.is_empty()
    }
}

/// What a message is by its bytes, which it keeps for its life.
fn fact(id: MessageId, filters: bool) -> Fact {
    let mut random = Random::new(id.serial ^ 0xB0D1E5);
    let rendered_bytes = random.pick(&[300, 900, 40_000, 260_000]);
    Fact { rendered_bytes, passes: !filters || random.chance(0.8) }
}
