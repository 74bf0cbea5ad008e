//! A machine with the world around it: containers that do at once what their script says, and time by the millisecond.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use lunch_cloud::Pace;
use lunch_cloud::ecs::{
    Breaker, Command, ContainerConfig, Ecs, Event, Refusal, ServiceConfig, Settings, TaskConfig,
};
use lunch_contract::ecs::DeploymentId;
use lunch_contract::ecs::{
    ContainerExit, ContainerRun, DefinitionId, HealthCheck, Names, Percents, RunId, ServiceId,
    StartFailure, TaskId, TaskStatus,
};
use lunch_contract::{Exit, Moment};

pub(crate) const SECOND: u64 = 1_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const V1: DefinitionId = DefinitionId(1);
pub(crate) const V2: DefinitionId = DefinitionId(2);
pub(crate) const BURGER: ServiceId = ServiceId(0);

/// What the containers of a task definition do.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Script {
    /// Nothing by themselves: the test tells.
    Silent,
    /// They start at once, end at SIGTERM at once, and say that they are healthy.
    Works,
    /// They cannot be started.
    Fails,
    /// They start, and their health checks fail.
    Ails,
}

pub(crate) struct Kitchen {
    pub(crate) ecs: Ecs,
    now: u64,
    heard: Vec<String>,
    scripts: BTreeMap<DefinitionId, Script>,
    of: BTreeMap<TaskId, DefinitionId>,
}

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A task definition of one container without anything.
pub(crate) fn plain() -> TaskConfig {
    TaskConfig { containers: vec![ContainerConfig::default()], one_at_a_time: false }
}

/// One container with a health check: every 5 s, 2 s long, 2 retries.
pub(crate) fn checked() -> TaskConfig {
    let check = HealthCheck {
        interval: secs(5),
        timeout: secs(2),
        retries: 2,
        start_period: Duration::ZERO,
    };
    let container = ContainerConfig { health_check: Some(check), ..ContainerConfig::default() };
    TaskConfig { containers: vec![container], one_at_a_time: false }
}

pub(crate) fn service(definition: DefinitionId, desired: u32) -> ServiceConfig {
    ServiceConfig { definition, desired, percents: Percents::default(), breaker: None }
}

pub(crate) fn with_breaker(config: ServiceConfig) -> ServiceConfig {
    ServiceConfig { breaker: Some(Breaker { rollback: false }), ..config }
}

/// The first start of a container of the nth task, all of which still have a place of their own.
pub(crate) fn run(task: u32, container: u8) -> ContainerRun {
    ContainerRun { task: id(task), container, run: 0 }
}

pub(crate) fn id(task: u32) -> TaskId {
    TaskId { serial: u64::from(task), index: task }
}

pub(crate) fn by(code: i32) -> ContainerExit {
    Exit::Code(code).into()
}

impl Kitchen {
    /// At AWS's pace, with two revisions of a task definition.
    pub(crate) fn new(config: TaskConfig, script: Script) -> Self {
        Self::with(Settings::of(Pace::Aws), config, script)
    }

    pub(crate) fn with(settings: Settings, config: TaskConfig, script: Script) -> Self {
        let mut kitchen = Self {
            ecs: Ecs::new(settings, true),
            now: 0,
            heard: Vec::new(),
            scripts: BTreeMap::from([(V1, script), (V2, script)]),
            of: BTreeMap::new(),
        };
        for definition in [V1, V2] {
            kitchen
                .tell(Event::Register { definition, config: config.clone() })
                .expect("it is registered");
        }
        kitchen
    }

    pub(crate) fn script(&mut self, definition: DefinitionId, script: Script) {
        self.scripts.insert(definition, script);
    }

    fn moment(&self) -> Moment {
        Moment::from_millis(self.now)
    }

    pub(crate) fn tell(&mut self, event: Event) -> Result<(), Refusal> {
        let verdict = self.ecs.handle(self.moment(), event);
        self.play();
        verdict
    }

    pub(crate) fn take(&mut self, event: Event) -> &mut Self {
        self.tell(event.clone())
            .unwrap_or_else(|refusal| panic!("{event:?} is refused: {refusal:?}"));
        self
    }

    /// Lets time pass until then, with every wake at its moment.
    pub(crate) fn at(&mut self, millis: u64) -> &mut Self {
        while let Some((at, _)) = self.ecs.poll_timeout() {
            let at = at.as_nanos().div_ceil(1_000_000);
            if at > millis {
                break;
            }
            self.now = self.now.max(at);
            self.ecs.handle_timeout(self.moment());
            self.play();
        }
        self.now = self.now.max(millis);
        self.ecs.handle_timeout(self.moment());
        self.play();
        self
    }

    /// Time passes, and the driver's timer is late.
    pub(crate) fn late(&mut self, millis: u64) -> &mut Self {
        self.now = millis;
        self
    }

    pub(crate) fn shut_down(&mut self) -> &mut Self {
        self.ecs.shut_down(self.moment());
        self.play();
        self
    }

    fn play(&mut self) {
        let mut answers = VecDeque::new();
        loop {
            while let Some(command) = self.ecs.poll_command() {
                self.heard.push(words(command));
                answers.extend(self.answer(command));
            }
            let Some(event) = answers.pop_front() else { break };
            self.ecs.handle(self.moment(), event).expect("the script keeps to the contract");
        }
        assert_eq!(self.ecs.take_broken(), None);
    }

    fn answer(&mut self, command: Command) -> Vec<Event> {
        if let Command::Place { task, definition, .. } = command {
            self.of.insert(task, definition);
        }
        let script = |run: ContainerRun| self.scripts[&self.of[&run.task]];
        let why = StartFailure::CannotPull;
        match command {
            Command::Start { run, .. } => match script(run) {
                Script::Works | Script::Ails => vec![Event::Started { run }],
                Script::Fails => vec![Event::StartFailed { run, why }],
                Script::Silent => Vec::new(),
            },
            Command::Check { run, check } => match script(run) {
                Script::Works => vec![Event::Checked { run, check, healthy: true }],
                Script::Ails => vec![Event::Checked { run, check, healthy: false }],
                Script::Fails | Script::Silent => Vec::new(),
            },
            Command::Terminate { run } if script(run) != Script::Silent => {
                vec![Event::Exited { run, exit: by(0) }]
            }
            Command::Kill { run } if script(run) != Script::Silent => {
                vec![Event::Exited { run, exit: Exit::Signal(9).into() }]
            }
            Command::Place { .. }
            | Command::EndCheck { .. }
            | Command::Terminate { .. }
            | Command::Kill { .. }
            | Command::Unplace { .. }
            | Command::Forget { .. }
            | Command::ForgetService { .. } => Vec::new(),
        }
    }

    /// Exactly these commands came since the last time.
    #[track_caller]
    pub(crate) fn says<const N: usize>(&mut self, words: [&str; N]) -> &mut Self {
        assert_eq!(self.heard, words, "at {} ms", self.now);
        self.heard.clear();
        self
    }

    pub(crate) fn whatever(&mut self) -> &mut Self {
        self.heard.clear();
        self
    }

    pub(crate) fn heard(&mut self) -> Vec<String> {
        std::mem::take(&mut self.heard)
    }

    pub(crate) fn run_task(&mut self) -> &mut Self {
        self.take(Event::Run { run: RunId(0), definition: V1, count: 1 })
    }

    pub(crate) fn create(&mut self, config: ServiceConfig) -> &mut Self {
        self.take(Event::CreateService { service: BURGER, config })
    }

    pub(crate) fn update(&mut self, config: ServiceConfig) -> &mut Self {
        self.take(Event::UpdateService { service: BURGER, config, force: false })
    }

    pub(crate) fn start(&mut self, run: ContainerRun) -> &mut Self {
        self.take(Event::Started { run })
    }

    pub(crate) fn exit(&mut self, run: ContainerRun, code: i32) -> &mut Self {
        self.take(Event::Exited { run, exit: by(code) })
    }

    pub(crate) fn status(&self, task: u32) -> TaskStatus {
        self.ecs.task(id(task)).expect("the task is shown").last_status
    }

    /// A task's stop code and reason, as AWS says them.
    pub(crate) fn reason(&self, task: u32) -> (&'static str, String) {
        let reason = self.ecs.task(id(task)).and_then(|task| task.stop_reason);
        let reason = reason.expect("the task is to end");
        (reason.code().name(), reason.text(&Menu))
    }

    /// The service's events, the oldest first, as AWS says them.
    pub(crate) fn events(&self) -> Vec<String> {
        let mut events: Vec<_> =
            self.ecs.events(BURGER).map(|event| event.message.text(BURGER, &Menu)).collect();
        events.reverse();
        events
    }

    pub(crate) fn said(&self, words: &str) -> usize {
        self.events().iter().filter(|event| event.contains(words)).count()
    }

    /// Pending, running and healthy tasks of the service.
    pub(crate) fn counts(&self) -> (u32, u32, u32) {
        let service = self.ecs.service(BURGER).expect("the service is shown");
        (service.pending, service.running, service.healthy)
    }

    /// Tasks of that revision that are to run.
    pub(crate) fn alive(&self, definition: DefinitionId) -> usize {
        let tasks = self.ecs.tasks();
        tasks.filter(|one| one.definition == definition && one.stopping.is_none()).count()
    }
}

pub(crate) struct Menu;

impl Names for Menu {
    fn service(&self, _: ServiceId) -> String {
        "burger".into()
    }

    fn task(&self, task: TaskId) -> String {
        task.serial.to_string()
    }

    fn deployment(&self, deployment: DeploymentId) -> String {
        format!("ecs-svc/{}", deployment.0)
    }
}

fn words(command: Command) -> String {
    match command {
        Command::Place { task, .. } => format!("place {task}"),
        Command::Start { run, .. } => format!("start {run}"),
        Command::Check { run, check } => format!("check {run} #{check}"),
        Command::EndCheck { run, check } => format!("end check {run} #{check}"),
        Command::Terminate { run } => format!("terminate {run}"),
        Command::Kill { run } => format!("kill {run}"),
        Command::Unplace { task } => format!("unplace {task}"),
        Command::Forget { task } => format!("forget {task}"),
        Command::ForgetService { service } => format!("forget {service}"),
    }
}
