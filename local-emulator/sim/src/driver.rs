//! Drives a seeded run: brings the load and the disturbances, and shows every step to the laws.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use lunch_cloud::drive::Input;
use lunch_cloud::{Event, InvocationKind, Phase, Record, ReplyAt, Wake};
use lunch_contract::{
    Exit, FunctionId, IdAllocator, InstanceId, Moment, Outcome, Participant, Process, QualifierId,
    RequestId, RevisionId, SpawnFailure,
};

use crate::laws::{self, Law, Step};
use crate::plan::{Fault, FunctionPlan, Plan};
use crate::random::Random;
use crate::run::{Broken, Log, Summary, Tail};
use crate::seeded::Seeded;
use crate::simulation::{Simulation, Skip};
use crate::world::Occurrence;

/// What the outside does beside calling.
#[derive(Clone, Copy, Debug)]
enum Disturbance {
    EvictFunction,
    EvictInstance,
    Deploy,
    Reserve,
    Advance,
    StaleWord,
}

impl Disturbance {
    /// All of them, with the faults that stand for them in a plan.
    const ALL: [(Fault, Self); 6] = [
        (Fault::EvictFunction, Self::EvictFunction),
        (Fault::EvictInstance, Self::EvictInstance),
        (Fault::Deploy, Self::Deploy),
        (Fault::Reserve, Self::Reserve),
        (Fault::Advance, Self::Advance),
        (Fault::StaleWord, Self::StaleWord),
    ];
}

type Outlook = Result<(), Broken>;

/// The token of the next arrival; the others are callers who leave.
const ARRIVAL: u64 = 0;
/// So many steps after the faults have ended, everything has come right, or it never will.
const LIVENESS_STEPS: u64 = 100_000;
/// No timeout, exit or grace is as long.
const LIVENESS_TIME: Duration = Duration::from_secs(3_600);

pub(crate) struct Driver<'plan> {
    plan: &'plan Plan,
    simulation: Simulation<Seeded, Log>,
    laws: Vec<Box<dyn Law>>,
    random: Random,
    ids: IdAllocator,
    open: BTreeSet<RequestId>,
    answers: BTreeMap<RequestId, Outcome>,
    living: BTreeSet<InstanceId>,
    gone: VecDeque<InstanceId>,
    ended: BTreeSet<Process>,
    revisions: Vec<u32>,
    /// Callers who will leave, by token; the tokens count up from 1.
    leaving: BTreeMap<u64, RequestId>,
    tokens: u64,
    instances: u64,
    commands: u64,
    tail: Tail,
}

impl<'plan> Driver<'plan> {
    pub(crate) fn new(plan: &'plan Plan) -> Self {
        let mut random = Random::new(plan.seed ^ 0xC0FF_EE00);
        let seeded = Seeded::new(plan, random.fork());
        Self {
            plan,
            simulation: Simulation::new(plan.settings.clone(), Log::default(), seeded, true),
            laws: laws::all(),
            random,
            ids: IdAllocator::default(),
            open: BTreeSet::new(),
            answers: BTreeMap::new(),
            living: BTreeSet::new(),
            gone: VecDeque::new(),
            ended: BTreeSet::new(),
            revisions: Vec::new(),
            leaving: BTreeMap::new(),
            tokens: ARRIVAL,
            instances: 0,
            commands: 0,
            tail: Tail::default(),
        }
    }

    pub(crate) fn play(&mut self, steps: u64) -> Outlook {
        for number in 0..self.plan.functions.len() {
            self.deploy(number)?;
        }
        self.simulation.world.schedule(Duration::ZERO, ARRIVAL);
        while self.simulation.told < steps && self.step(true)? {}
        self.liveness()?;
        self.shut_down()
    }

    pub(crate) fn summary(&self) -> Summary {
        Summary {
            steps: self.simulation.told,
            simulated: self.now().since(Moment::ZERO),
            requests: self.ids.allocated(),
            instances: self.instances,
            commands: self.commands,
            ..Summary::default()
        }
    }

    pub(crate) fn tail(&self) -> impl Iterator<Item = String> {
        self.tail.lines()
    }

    fn now(&self) -> Moment {
        self.simulation.world.now()
    }

    fn happens(&mut self, fault: Fault) -> bool {
        let rate = self.plan.rate(fault);
        rate > 0.0 && self.random.chance(rate)
    }

    /// Lets the next thing happen; `false` where nothing is to happen any more. Without `load`, arrivals stay away.
    fn step(&mut self, load: bool) -> Result<bool, Broken> {
        match self.simulation.world.occur() {
            None => return Ok(false),
            Some(Occurrence::Unseen) => {}
            Some(Occurrence::Tell(event)) => self.tell(event)?,
            Some(Occurrence::Timeout) => self.input(Input::Timeout)?,
            Some(Occurrence::Outside(ARRIVAL)) if load => self.arrivals()?,
            Some(Occurrence::Outside(ARRIVAL)) => {}
            Some(Occurrence::Outside(token)) => {
                if let Some(request) = self.leaving.remove(&token) {
                    self.tell(Event::CallerLeft { request })?;
                }
            }
        }
        Ok(true)
    }

    /// Tells the cloud, and asks every law about what came of it.
    fn input(&mut self, input: Input) -> Outlook {
        let world = &self.simulation.world;
        let (now, before) = (world.now(), world.wake());
        let look = self.is_doubtful(&input).then(|| self.look());
        let refusal = self.simulation.input(input.clone()).err();
        let looks = look.map(|before| [before, self.look()]);
        let after = self.simulation.world.wake();
        let log = self.simulation.cloud.trace_mut();
        let (records, broken) = (std::mem::take(&mut log.records), log.broken);
        let entry = self.simulation.world.entry.take().expect("the world keeps a journal");
        self.note(&entry.input, &records);
        self.commands += entry.commands.len() as u64;
        self.tail.push(entry, records);
        let verdict = self.ask([before, after], looks);
        self.take_answers();
        verdict?;
        if let Some(promise) = broken {
            return Err(Broken { law: laws::PROMISE, what: format!("not so: {promise}") });
        }
        let refused_caller =
            refusal.is_some() && matches!(input, Input::Event(Event::Invoke { .. }));
        if refused_caller && self.revisions.iter().all(|revision| *revision > 0) {
            let what = format!("at {now} a well-formed request is refused: {refusal:?}");
            return Err(Broken { law: laws::PROMISE, what });
        }
        Ok(())
    }

    fn tell(&mut self, event: Event) -> Outlook {
        self.input(Input::Event(event))
    }

    fn ask(&mut self, wakes: [Option<(Moment, Wake)>; 2], looks: Option<[String; 2]>) -> Outlook {
        let (entry, records) = self.tail.last();
        let step = Step {
            settings: &self.plan.settings,
            now: entry.at,
            input: &entry.input,
            refusal: entry.refusal,
            commands: &entry.commands,
            records,
            wakes,
            settled: self.simulation.cloud.settled(),
            looks,
            destinations: &[],
            record_of: None,
        };
        for law in &mut self.laws {
            law.check(&step).map_err(|what| Broken { law: law.name(), what })?;
        }
        Ok(())
    }

    /// Whether it is a word that should change nothing.
    fn is_doubtful(&self, input: &Input) -> bool {
        match input {
            Input::Event(event) => {
                laws::speaker(event).is_some_and(|process| self.ended.contains(&process))
            }
            Input::Queue(_)
            | Input::Source(_)
            | Input::Ecs(_)
            | Input::Restored(_)
            | Input::Timeout => false,
        }
    }

    fn look(&self) -> String {
        let cloud = &self.simulation.cloud;
        let instances: Vec<_> = cloud.instances().collect();
        let functions: Vec<_> = cloud.functions().collect();
        format!("{instances:?} {functions:?}")
    }

    fn note(&mut self, input: &Input, records: &[(Moment, Record)]) {
        if let Input::Event(Event::Exited { process, .. } | Event::SpawnFailed { process, .. }) =
            input
        {
            self.ended.insert(*process);
        }
        for (_, record) in records {
            match record {
                Record::Born { instance, .. } => {
                    self.instances += 1;
                    self.living.insert(*instance);
                }
                Record::Phase { instance, to: Phase::Gone, .. } => {
                    self.living.remove(instance);
                    self.gone.push_back(*instance);
                    if self.gone.len() > 50 {
                        self.gone.pop_front();
                    }
                }
                Record::Phase { .. }
                | Record::Arrived { .. }
                | Record::Waits { .. }
                | Record::Started { .. }
                | Record::Answered { .. }
                | Record::Ended { .. }
                | Record::InitFailed { .. }
                | Record::CallerLeft { .. }
                | Record::Queue(_)
                | Record::Ecs(_) => {}
            }
        }
    }

    fn take_answers(&mut self) {
        for answer in self.simulation.world.answers.drain(..) {
            self.answers.insert(answer.request, answer.outcome);
        }
        for request in std::mem::take(&mut self.simulation.world.released) {
            if self.open.remove(&request) {
                self.ids.free(request.index);
            }
        }
    }

    fn deploy(&mut self, number: usize) -> Outlook {
        if self.revisions.len() <= number {
            self.revisions.push(0);
        }
        self.revisions[number] += 1;
        let mut config = self.plan.functions[number].config;
        if self.random.chance(0.2) {
            config.timeout = config.timeout.mul_f64(1.5);
        }
        self.tell(Event::Deploy {
            function: function_id(number),
            revision: RevisionId(self.revisions[number]),
            config,
        })
    }

    /// One arrival, or a storm of them; then perhaps a disturbance; and when the next one comes.
    fn arrivals(&mut self) -> Outlook {
        let storm = self.happens(Fault::Storm);
        let count = if storm { 1 + self.random.below(self.plan.storm) } else { 1 };
        for _ in 0..count {
            let number = self.random.index(self.plan.functions.len());
            self.invoke(number)?;
        }
        for (fault, disturbance) in Disturbance::ALL {
            if self.happens(fault) {
                self.disturb(disturbance)?;
            }
        }
        let (low, high) = self.plan.gap;
        let gap = self.random.magnitude(low, high);
        self.simulation.world.schedule(gap, ARRIVAL);
        Ok(())
    }

    fn invoke(&mut self, number: usize) -> Result<(), Broken> {
        let (index, serial) = self.ids.allocate();
        let request = RequestId { serial, index };
        let kind = self.random.pick(&[
            InvocationKind::RequestResponse,
            InvocationKind::RequestResponse,
            InvocationKind::Event,
        ]);
        let late = self.happens(Fault::ReplyAtEnd);
        let reply = if late { ReplyAt::End } else { ReplyAt::Response };
        self.open.insert(request);
        if self.happens(Fault::CallerLeaves) {
            self.tokens += 1;
            self.leaving.insert(self.tokens, request);
            let after = self.random.magnitude(Duration::from_micros(10), Duration::from_secs(1));
            self.simulation.world.schedule(after, self.tokens);
        }
        self.tell(Event::Invoke {
            request,
            function: function_id(number),
            kind,
            reply,
            qualifier: QualifierId::LATEST,
        })
    }

    fn disturb(&mut self, disturbance: Disturbance) -> Outlook {
        let number = self.random.index(self.plan.functions.len());
        let function = function_id(number);
        match disturbance {
            Disturbance::EvictFunction => self.tell(Event::EvictFunction { function }),
            Disturbance::EvictInstance => match self.any_living() {
                Some(instance) => self.tell(Event::EvictInstance { instance }),
                None => Ok(()),
            },
            Disturbance::Deploy => self.deploy(number),
            Disturbance::Reserve => {
                let some = u32::try_from(self.random.below(5)).ok();
                let concurrency = self.random.pick(&[None, some, some]);
                self.tell(Event::Reserve { function, concurrency })
            }
            Disturbance::Advance => {
                let span =
                    self.random.magnitude(Duration::from_millis(1), Duration::from_secs(9_000));
                self.advance(span)
            }
            Disturbance::StaleWord => self.stale_word(),
        }
    }

    fn any_living(&mut self) -> Option<InstanceId> {
        let living: Vec<_> = self.living.iter().copied().collect();
        (!living.is_empty()).then(|| self.random.pick(&living))
    }

    /// A word about a process that has ended, or an instance that is gone.
    fn stale_word(&mut self) -> Outlook {
        let Some(process) = self.an_ended_process() else { return Ok(()) };
        let open: Vec<_> = self.open.iter().copied().collect();
        let unknown = RequestId { serial: 0, index: 0 };
        let request = if open.is_empty() { unknown } else { self.random.pick(&open) };
        let (exit, why) = (Exit::Code(9), SpawnFailure::Missing);
        let participant = self.random.pick(&[Participant::Runtime, Participant::Extension(0)]);
        let event = self.random.pick(&[
            Event::Exited { process, exit },
            Event::Exited { process, exit },
            Event::SpawnFailed { process, why },
            Event::Next { process, participant },
            Event::InitError { process },
            Event::ResponseStarted { process, request, error: false },
            Event::ExtensionRegistered { process, invoke: true, external: false },
        ]);
        self.tell(event)?;
        if self.random.chance(0.2)
            && let Some(instance) = self.gone.back().copied()
        {
            self.tell(Event::EvictInstance { instance })?;
        }
        Ok(())
    }

    fn an_ended_process(&mut self) -> Option<Process> {
        let recent: Vec<_> = self.ended.iter().rev().take(20).copied().collect();
        (!recent.is_empty()).then(|| self.random.pick(&recent))
    }

    /// From wake to wake, real work in between, as `lunch advance` does.
    fn advance(&mut self, span: Duration) -> Outlook {
        let target = self.simulation.later(span);
        for _ in 0..LIVENESS_STEPS {
            if self.now() >= target {
                break;
            }
            match self.simulation.skip_towards(target) {
                Some(Skip::Wake) => self.input(Input::Timeout)?,
                Some(Skip::Arrived) => break,
                None => {
                    self.step(false)?;
                }
            }
        }
        Ok(())
    }

    fn liveness(&mut self) -> Outlook {
        self.simulation.world.playbook.heal();
        self.come_to_rest()?;
        for number in 0..self.plan.functions.len() {
            self.tell(Event::Reserve { function: function_id(number), concurrency: None })?;
        }
        // Who was made while things went wrong may still have it in him.
        for number in 0..self.plan.functions.len() {
            self.tell(Event::EvictFunction { function: function_id(number) })?;
        }
        self.come_to_rest()?;
        let all = 0..self.plan.functions.len();
        for number in all.clone().chain(all) {
            self.advance(Duration::from_secs(60))?;
            self.invoke(number)?;
            let request = *self.answered_or_open();
            self.come_to_rest()?;
            let outcome = self.answers.get(&request);
            if self.is_sound(&self.plan.functions[number]) && outcome != Some(&Outcome::Returned) {
                let what = format!("{request} came to {outcome:?} when nothing went wrong");
                return Err(Broken { law: laws::LIVENESS, what });
            }
        }
        Ok(())
    }

    /// The request made last, wherever it stands.
    fn answered_or_open(&self) -> &RequestId {
        let last = self.open.iter().next_back();
        let answered = self.answers.keys().next_back();
        last.max(answered).expect("a request was just made")
    }

    /// Whether a request to it must succeed: its work and its INIT fit into its limits.
    fn is_sound(&self, function: &FunctionPlan) -> bool {
        let margin = Duration::from_millis(10);
        let modelled = matches!(function.config.delay.init, lunch_cloud::Delay::None);
        modelled
            && function.init + margin < self.plan.settings.limits.init
            && function.init + function.work.1 + margin < function.config.timeout
    }

    fn come_to_rest(&mut self) -> Outlook {
        let until = self.simulation.later(LIVENESS_TIME);
        for _ in 0..LIVENESS_STEPS {
            if self.open.is_empty() && self.simulation.cloud.settled() {
                return Ok(());
            }
            if self.now() > until || !self.step(false)? {
                break;
            }
        }
        let what = format!("{:?} are still open at {}", self.open, self.now());
        Err(Broken { law: laws::LIVENESS, what })
    }

    fn shut_down(&mut self) -> Outlook {
        // Something may well be under way.
        for number in 0..self.plan.functions.len() {
            self.invoke(number)?;
        }
        for _ in 0..self.random.below(12) {
            self.step(false)?;
        }
        self.tell(Event::ShutDown)?;
        while self.step(false)? {}
        for law in &mut self.laws {
            law.end().map_err(|what| Broken { law: law.name(), what })?;
        }
        let left = self.simulation.cloud.instances().count();
        if left > 0 || self.simulation.world.processes() > 0 {
            let what = format!("{left} instances are left after the shutdown");
            return Err(Broken { law: laws::LIVENESS, what });
        }
        Ok(())
    }
}

fn function_id(number: usize) -> FunctionId {
    FunctionId(u32::try_from(number).expect("there are few functions"))
}
