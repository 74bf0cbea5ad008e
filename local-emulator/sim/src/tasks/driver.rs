//! Plays a plan: virtual time, containers by their scripts, people with wishes, and the court that hears every step.

use std::collections::BTreeMap;
use std::time::Duration;

use lunch_cloud::drive::{Input, Telling as _};
use lunch_cloud::ecs::{Command, Event, ServiceView};
use lunch_cloud::{Cloud, Command as Any, Refused, Wake, journal};
use lunch_contract::ecs::{
    ContainerExit, ContainerRun, DefinitionId, DependencyCondition, RolloutState, RunId, ServiceId,
    ServiceMessage, ServiceStatus, StartFailure,
};
use lunch_contract::{Exit, Moment};

use super::plan::{TasksPlan, Trouble, service};
use super::script::Script;
use crate::laws::tasks::{Court, LIVENESS};
use crate::laws::{PROMISE, Step};
use crate::random::Random;
use crate::run::{Broken, Log, Summary, Tail};

/// What is to happen.
#[derive(Clone, Debug)]
enum Happening {
    Told(Event),
    Wish,
}

/// A container's process.
#[derive(Clone, Copy, Debug)]
struct Actor {
    script: Script,
    starts_at: Moment,
    over: bool,
    /// The check that is being answered.
    asked: Option<u32>,
}

pub(super) struct Hall<'plan> {
    plan: &'plan TasksPlan,
    cloud: Cloud<Log>,
    now: Moment,
    random: Random,
    happenings: BTreeMap<(Moment, u64), Happening>,
    put: u64,
    /// When the driver's timer fires.
    timer: Option<Moment>,
    actors: BTreeMap<ContainerRun, Actor>,
    definitions: BTreeMap<lunch_contract::ecs::TaskId, DefinitionId>,
    old_words: Vec<Event>,
    court: Court,
    tail: Tail,
    /// Nothing goes wrong any more.
    healed: bool,
    services: u32,
    runs: u64,
    steps: u64,
    commands: u64,
    tasks: u64,
}

const A_DAY: Duration = Duration::from_secs(86_400);
const OLD_WORDS: usize = 50;

type Outlook = Result<(), Broken>;

impl<'plan> Hall<'plan> {
    pub(super) fn new(plan: &'plan TasksPlan) -> Self {
        Self {
            plan,
            cloud: Cloud::new(plan.settings.clone(), Log::default()),
            now: Moment::ZERO,
            random: Random::new(plan.seed ^ 0x5EED_7A5C),
            happenings: BTreeMap::new(),
            put: 0,
            timer: None,
            actors: BTreeMap::new(),
            definitions: BTreeMap::new(),
            old_words: Vec::new(),
            court: Court::default(),
            tail: Tail::default(),
            healed: false,
            services: 0,
            runs: 0,
            steps: 0,
            commands: 0,
            tasks: 0,
        }
    }

    pub(super) fn play(&mut self, steps: u64) -> Outlook {
        for (number, config) in (0..).zip(&self.plan.definitions) {
            let definition = DefinitionId(number);
            self.ask(Event::Register { definition, config: config.clone() })?;
        }
        for config in &self.plan.services {
            let service = ServiceId(self.services);
            self.services += 1;
            self.ask(Event::CreateService { service, config: *config })?;
        }
        self.put(Duration::from_secs(1), Happening::Wish);
        while self.steps < steps && self.step()? {}
        self.heal()?;
        self.end()
    }

    pub(super) fn summary(&self) -> Summary {
        Summary {
            steps: self.steps,
            simulated: self.now.since(Moment::ZERO),
            instances: self.tasks,
            commands: self.commands,
            ..Summary::default()
        }
    }

    pub(super) fn tail(&self) -> Vec<String> {
        self.tail.lines().collect()
    }

    fn happens(&mut self, trouble: Trouble) -> bool {
        let rate = self.plan.rate(trouble);
        !self.healed && rate > 0.0 && self.random.chance(rate)
    }

    fn put(&mut self, after: Duration, happening: Happening) {
        self.put_at(self.now + after, happening);
    }

    fn put_at(&mut self, at: Moment, happening: Happening) {
        self.happenings.insert((at, self.put), happening);
        self.put += 1;
    }

    /// Lets the next thing happen; `false` where nothing is to happen any more.
    fn step(&mut self) -> Result<bool, Broken> {
        let next = self.happenings.first_key_value().map(|((at, _), _)| *at);
        if let Some(timer) = self.timer.filter(|at| next.is_none_or(|next| *at <= next)) {
            self.now = self.now.max(timer);
            self.tell(Input::Timeout)?;
            return Ok(true);
        }
        let Some(((at, _), happening)) = self.happenings.pop_first() else { return Ok(false) };
        self.now = self.now.max(at);
        match happening {
            Happening::Told(event) => self.word(event)?,
            Happening::Wish => self.wish()?,
        }
        Ok(true)
    }

    /// Tells what somebody does who is answered; what was due is kept first, in a step of its own.
    fn ask(&mut self, event: Event) -> Result<Option<Refused>, Broken> {
        if self.cloud.poll_timeout().is_some_and(|(at, _)| at <= self.now) {
            self.tell(Input::Timeout)?;
        }
        self.tell(event.into())
    }

    fn tell(&mut self, input: Input) -> Result<Option<Refused>, Broken> {
        self.steps += 1;
        let before = self.cloud.poll_timeout();
        let refusal = input.clone().tell(&mut self.cloud, self.now).err();
        let commands: Vec<_> = std::iter::from_fn(|| self.cloud.poll_command()).collect();
        let after = self.cloud.poll_timeout();
        let log = self.cloud.trace_mut();
        let (records, broken) = (std::mem::take(&mut log.records), log.broken);
        self.commands += commands.len() as u64;
        let entry = journal::Entry { at: self.now, input, refusal, commands };
        self.tail.push(entry, records);
        if let Some(promise) = broken {
            return Err(Broken { law: PROMISE, what: format!("not so: {promise}") });
        }
        self.hear([before, after])?;
        let commands = self.tail.last().0.commands.clone();
        for command in commands {
            if let Any::Ecs(command) = command {
                self.carry_out(command);
            }
        }
        let late = if self.happens(Trouble::LateTimer) {
            self.random.magnitude(Duration::from_micros(10), Duration::from_secs(2))
        } else {
            Duration::ZERO
        };
        self.timer = after.map(|(at, _)| at + late);
        Ok(refusal)
    }

    fn hear(&mut self, wakes: [Option<(Moment, Wake)>; 2]) -> Outlook {
        let (entry, records) = self.tail.last();
        let step = Step {
            settings: &self.plan.settings,
            now: entry.at,
            input: &entry.input,
            refusal: entry.refusal,
            commands: &entry.commands,
            records,
            wakes,
            settled: self.cloud.settled(),
            looks: None,
            destinations: &[],
            record_of: None,
        };
        self.court.hear(&step, self.cloud.ecs())
    }
}

/// Containers.
impl Hall<'_> {
    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Place { task, definition, .. } => {
                self.tasks += 1;
                self.definitions.insert(task, definition);
            }
            Command::Start { run, .. } => self.start(run),
            Command::Check { run, check } => self.check(run, check),
            Command::EndCheck { run, .. } => {
                if let Some(actor) = self.actors.get_mut(&run) {
                    actor.asked = None;
                }
            }
            Command::Terminate { run } => {
                let script = self.actors.get(&run).map(|actor| actor.script);
                if let Some(after) = script.and_then(|script| script.ends_after) {
                    self.exit(run, after, Exit::Code(143).into());
                }
            }
            Command::Kill { run } => {
                self.exit(run, Duration::from_millis(1), Exit::Signal(9).into());
            }
            Command::Forget { task } => {
                self.actors.retain(|run, _| run.task != task);
                self.definitions.remove(&task);
            }
            Command::Unplace { .. } | Command::ForgetService { .. } => {}
        }
    }

    fn start(&mut self, run: ContainerRun) {
        let script = self.script(run);
        let starts_at = self.now + script.starts_after;
        let actor = Actor { script, starts_at, over: false, asked: None };
        self.actors.insert(run, actor);
        if let Some(why) = script.fails {
            return self.put_at(starts_at, Happening::Told(Event::StartFailed { run, why }));
        }
        self.put_at(starts_at, Happening::Told(Event::Started { run }));
        if let Some((after, exit)) = script.exits {
            self.put_at(starts_at + after, Happening::Told(Event::Exited { run, exit }));
        }
    }

    fn exit(&mut self, run: ContainerRun, after: Duration, exit: ContainerExit) {
        let Some(actor) = self.actors.get(&run).filter(|actor| !actor.over) else { return };
        let at = self.now.max(actor.starts_at) + after;
        self.put_at(at, Happening::Told(Event::Exited { run, exit }));
    }

    fn check(&mut self, run: ContainerRun, check: u32) {
        let slow = self.happens(Trouble::SlowCheck);
        let Some(actor) = self.actors.get_mut(&run) else { return };
        actor.asked = Some(check);
        let since = self.now.since(actor.starts_at);
        let is_sick = actor.script.sick_after.is_some_and(|after| since >= after);
        let healthy = self.healed || !is_sick;
        let takes = if slow { Duration::from_secs(7) } else { actor.script.checks_take };
        self.put(takes, Happening::Told(Event::Checked { run, check, healthy }));
    }

    /// A word of a container, unless there is none any more; and perhaps an old one.
    fn word(&mut self, event: Event) -> Outlook {
        if let Event::Started { run }
        | Event::StartFailed { run, .. }
        | Event::Exited { run, .. }
        | Event::Checked { run, .. } = event
        {
            let Some(actor) = self.actors.get_mut(&run).filter(|actor| !actor.over) else {
                return Ok(());
            };
            if let Event::Checked { check, .. } = event {
                if actor.asked != Some(check) {
                    return Ok(());
                }
                actor.asked = None;
            }
            actor.over = matches!(event, Event::StartFailed { .. } | Event::Exited { .. });
        }
        let is_late = matches!(event, Event::Checked { .. });
        let refusal = self.ask(event.clone())?;
        if let (Some(refusal), false) = (refusal, is_late) {
            let what = format!("{event:?} is refused: {refusal:?}");
            return Err(Broken { law: PROMISE, what });
        }
        if self.old_words.len() == OLD_WORDS {
            self.old_words.remove(0);
        }
        self.old_words.push(event);
        if self.happens(Trouble::Stray) {
            let old = self.old_word();
            self.ask(old)?;
        }
        Ok(())
    }

    /// What was told before, or the end of a container's run before its present one.
    fn old_word(&mut self) -> Event {
        let restarted: Vec<_> = self.actors.keys().filter(|run| run.run > 0).copied().collect();
        if restarted.is_empty() || self.random.chance(0.5) {
            return self.random.pick(&self.old_words);
        }
        let present = self.random.pick(&restarted);
        let run = ContainerRun { run: present.run - 1, ..present };
        Event::Exited { run, exit: Exit::Code(1).into() }
    }

    /// What a container will do.
    fn script(&mut self, run: ContainerRun) -> Script {
        let is_job = self.is_job(run);
        let brief = (Duration::from_millis(50), Duration::from_secs(3));
        let mut script = Script::works(self.random.magnitude(brief.0, brief.1));
        if self.happens(Trouble::SlowStart) {
            script.starts_after = self.random.magnitude(brief.1, Duration::from_secs(300));
        }
        if self.happens(Trouble::StartFailure) {
            script.fails =
                Some(self.random.pick(&[StartFailure::CannotPull, StartFailure::Resources]));
        }
        if is_job {
            script.exits = Some((self.random.magnitude(brief.0, brief.1), Exit::Code(0).into()));
        }
        if self.happens(Trouble::Crash) {
            let exits = [Exit::Code(0), Exit::Code(1), Exit::Code(7), Exit::Signal(9)];
            let exit = self.random.pick(&exits);
            let out_of_memory = exit == Exit::Signal(9);
            let after =
                self.random.magnitude(Duration::from_millis(10), Duration::from_secs(2_000));
            script.exits = Some((after, ContainerExit { exit, out_of_memory }));
        }
        let ends = self.random.magnitude(Duration::from_millis(1), Duration::from_secs(20));
        script.ends_after = (!self.happens(Trouble::Stubborn)).then_some(ends);
        if self.happens(Trouble::Sickness) {
            let after = self.random.magnitude(Duration::from_secs(1), Duration::from_secs(600));
            script.sick_after = Some(after);
        }
        script
    }

    /// Whether another container waits for its end.
    fn is_job(&self, run: ContainerRun) -> bool {
        let definition =
            self.definitions.get(&run.task).and_then(|id| self.cloud.ecs().definition(*id));
        let all = definition.into_iter().flat_map(|config| &config.containers);
        all.flat_map(|container| &container.depends_on).any(|dependency| {
            let ends = match dependency.condition {
                DependencyCondition::Complete | DependencyCondition::Success => true,
                DependencyCondition::Start | DependencyCondition::Healthy => false,
            };
            dependency.container == run.container && ends
        })
    }
}

/// People.
impl Hall<'_> {
    fn wish(&mut self) -> Outlook {
        if self.healed {
            return Ok(());
        }
        let (least, most) = self.plan.wishes;
        let next = self.random.magnitude(least, most);
        self.put(next, Happening::Wish);
        let service =
            ServiceId(u32::try_from(self.random.below(u64::from(self.services))).unwrap_or(0));
        let definition = u32::try_from(self.random.index(self.plan.definitions.len())).unwrap_or(0);
        let kept = self.cloud.ecs().service(service);
        let event = match self.random.index(10) {
            0..=2 => {
                let Some(kept) = kept else { return Ok(()) };
                let desired = self.random.pick(&[0, 1, 2, 3, 5, 9]);
                let config = lunch_cloud::ecs::ServiceConfig { desired, ..kept.config };
                Event::UpdateService { service, config, force: false }
            }
            3..=5 => {
                let config = super::plan::service(&mut self.random, definition);
                Event::UpdateService { service, config, force: self.random.chance(0.3) }
            }
            6 | 7 => {
                let all: Vec<_> = self.cloud.ecs().tasks().map(|task| task.task).collect();
                if all.is_empty() {
                    return Ok(());
                }
                Event::StopTask { task: self.random.pick(&all) }
            }
            8 => {
                self.runs += 1;
                let count = 1 + u32::try_from(self.random.index(3)).unwrap_or(0);
                Event::Run { run: RunId(self.runs), definition: DefinitionId(definition), count }
            }
            _ if self.random.chance(0.5) => {
                Event::DeleteService { service, force: self.random.chance(0.5) }
            }
            _ => {
                let service = ServiceId(self.services);
                self.services += 1;
                let config = self::service(&mut self.random, definition);
                Event::CreateService { service, config }
            }
        };
        self.ask(event)?;
        Ok(())
    }

    /// Nothing goes wrong any more: within a day every service is as it is wanted.
    fn heal(&mut self) -> Outlook {
        self.healed = true;
        let (until, mut looks_at) = (self.now + A_DAY, self.now);
        while let Some(waiting) = self.unsteady() {
            if self.now > until {
                let what = format!("{waiting} is not steady a day after all is well");
                return Err(Broken { law: LIVENESS, what });
            }
            if self.now >= looks_at {
                looks_at = self.now + Duration::from_secs(600);
                self.deploy_again()?;
            }
            if !self.step()? {
                let what = format!("{waiting} is not steady and nothing is waited for");
                return Err(Broken { law: LIVENESS, what });
            }
        }
        Ok(())
    }

    /// What the circuit breaker has failed is deployed once more.
    fn deploy_again(&mut self) -> Outlook {
        let all: Vec<_> = self.cloud.ecs().services().collect();
        for one in all.iter().filter(|one| one.status == ServiceStatus::Active) {
            let primary = self.cloud.ecs().deployments(one.service).next();
            if primary.is_some_and(|primary| primary.rollout == RolloutState::Failed) {
                let (service, config) = (one.service, one.config);
                self.ask(Event::UpdateService { service, config, force: true })?;
            }
        }
        Ok(())
    }

    /// A service that is not what it is to be, though nothing forbids it.
    fn unsteady(&self) -> Option<ServiceId> {
        let ecs = self.cloud.ecs();
        let is_wanting = |one: &ServiceView| match one.status {
            ServiceStatus::Active => !one.steady && !self.is_excused(one),
            ServiceStatus::Draining => true,
            ServiceStatus::Inactive => false,
        };
        ecs.services().find(is_wanting).map(|one| one.service)
    }

    /// Its percents let nothing be done, and it has said so; or somebody else has its one port.
    fn is_excused(&self, one: &ServiceView) -> bool {
        let ecs = self.cloud.ecs();
        let (percents, desired) = (one.config.percents, one.config.desired);
        let is_blocked =
            percents.least_healthy(desired) == desired && percents.most(desired) == desired;
        let said = ecs.events(one.service).any(|event| event.message == ServiceMessage::Blocked);
        if is_blocked && said {
            return true;
        }
        let definition = one.config.definition;
        let has_fixed_port = ecs.definition(definition).is_some_and(|config| config.one_at_a_time);
        has_fixed_port
            && ecs.tasks().any(|task| {
                let is_ours = matches!(task.origin,
                    lunch_cloud::ecs::Origin::Service { service, .. } if service == one.service);
                task.definition == definition && task.stopped.is_none() && !is_ours
            })
    }

    /// The cloud ends, and everything with it.
    fn end(&mut self) -> Outlook {
        self.tell(lunch_cloud::Event::ShutDown.into())?;
        while !self.cloud.settled() {
            if !self.step()? {
                break;
            }
        }
        self.court.end()
    }
}
