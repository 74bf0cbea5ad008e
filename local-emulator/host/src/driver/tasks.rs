//! Carries out what the services want, with a process for a container, and tells them what became of it.

use std::fs::File;
use std::net::Ipv4Addr;
use std::rc::{Rc, Weak};

use lunch_cloud::ecs::{Command, Event};
use lunch_contract::ecs::{ContainerExit, ContainerRun, StartFailure, TaskId};
use lunch_contract::{Exit, Moment, SpawnFailure};

use super::containers::{Logged, Running, follow};
use super::processes::{Folders, Launch, Peak, ProcessName, Signal};
use super::world::{Deferred, HostWorld};
use super::{Driver, address};
use crate::logs::{LineCutter, Logging, Output, Stream};
use crate::tasks::{self, Place};
use crate::template::Container;
use crate::wire::{Note, Writer};

impl Driver {
    pub(super) fn container_started(&mut self, process: ProcessName, pid: u32) {
        if let ProcessName::Container(run) = process {
            let now = self.world.clock.now();
            if let Some(running) = self.world.containers.running.get_mut(&run) {
                (running.pid, running.started) = (Some(pid), Some(now));
            }
            self.world.containers.meters.follow(&self.world.driver);
            // Refused only where the task is forgotten.
            self.tell(Event::Started { run }).ok();
        }
    }

    pub(super) fn container_not_started(
        &mut self,
        process: ProcessName,
        why: SpawnFailure,
        sentence: String,
    ) {
        self.world.processes.forget(process.owner());
        match process {
            ProcessName::Container(run) => {
                self.world.containers.running.remove(&run);
                let why = StartFailure::CannotStart(why);
                self.world.not_started(self.world.clock.now(), run, why, sentence);
                self.tell(Event::StartFailed { run, why }).ok();
            }
            ProcessName::Check(run, check) => {
                self.tell(Event::Checked { run, check, healthy: false }).ok();
            }
            ProcessName::Instance(_) => {}
        }
    }

    pub(super) fn container_exited(&mut self, process: ProcessName, exit: Exit, peak: Peak) {
        self.world.processes.forget(process.owner());
        match process {
            ProcessName::Container(run) => {
                self.world.drain_container_last(run);
                self.world.container_measured_at_exit(run, peak);
                self.world.containers.running.remove(&run);
                self.tell(Event::Exited { run, exit: ContainerExit::from(exit) }).ok();
            }
            // One that was ended for taking too long is not asked any more.
            ProcessName::Check(run, check) => {
                self.tell(Event::Checked { run, check, healthy: exit == Exit::Code(0) }).ok();
            }
            ProcessName::Instance(_) => {}
        }
    }
}

impl HostWorld {
    /// Carries a command out, or begins to.
    pub(super) fn task(&mut self, now: Moment, command: Command) {
        match command {
            Command::Place { task, definition, origin } => {
                let book = &self.book;
                let address = address::of_task(&mut self.names, |one| book.holder(one).is_some());
                self.book.place(task, definition, origin, self.names.wide(), address);
            }
            Command::Start { run, definition: _ } => {
                if let Err((why, sentence)) = self.start_container(now, run) {
                    self.not_started(now, run, why, sentence);
                    let event = Event::StartFailed { run, why };
                    self.deferred.push_back(Deferred::Tell(event.into()));
                }
            }
            Command::Check { run, check } => {
                if self.check(run, check).is_none() {
                    let event = Event::Checked { run, check, healthy: false };
                    self.deferred.push_back(Deferred::Tell(event.into()));
                }
            }
            Command::EndCheck { run, check } => match &mut self.containers.engine {
                Some(engine) => engine.end_check(run, check),
                None => self.processes.signal(ProcessName::Check(run, check), Signal::Kill),
            },
            Command::Terminate { run } => self.signal_container(run, Signal::Terminate),
            Command::Kill { run } => self.signal_container(run, Signal::Kill),
            Command::Unplace { task } => {
                self.book.unplace(task);
                self.containers.streams.retain(|(of, _), _| *of != task);
            }
            Command::Forget { task } => {
                self.book.forget(task);
                self.containers.meters.forget(task);
            }
            // Its name stands in what it has said.
            Command::ForgetService { service: _ } => {}
        }
    }

    fn signal_container(&mut self, run: ContainerRun, signal: Signal) {
        match &self.containers.engine {
            Some(engine) => engine.signal(run, signal),
            None => self.processes.signal(run.into(), signal),
        }
    }

    /// Says why a container did not start.
    pub(super) fn not_started(
        &mut self,
        now: Moment,
        run: ContainerRun,
        failure: StartFailure,
        why: String,
    ) {
        self.book.not_started(run, failure.reason(&why));
        self.timeline.note(now, Note::ContainerNotStarted { run, failure, why });
    }

    fn start_container(
        &mut self,
        now: Moment,
        run: ContainerRun,
    ) -> Result<(), (StartFailure, String)> {
        let environment = self.environment_of(run)?;
        if self.containers.engine.is_some() {
            self.start_in_engine(now, run, environment)
        } else {
            self.start_process(now, run, environment)
        }
    }

    /// The whole environment of a container, but for what its image has.
    fn environment_of(
        &self,
        run: ContainerRun,
    ) -> Result<Vec<(String, String)>, (StartFailure, String)> {
        let placed = self.book.task(run.task).ok_or_else(placeless)?;
        let (container, _) = self.book.container(run.task, run.container).ok_or_else(placeless)?;
        let holder = self.book.holder(placed.address).filter(|holder| *holder != run.task);
        if let Some(holder) = holder.filter(|_| tasks::listens_at_its_address(container)) {
            return Err((StartFailure::Resources, shared(placed.address, holder)));
        }
        let id = self.book.container_id(run).ok_or_else(placeless)?;
        let metadata = format!("{}/v4/{id}", self.deployed.endpoint);
        let place = Place {
            region: &self.deployed.region,
            endpoint: &self.deployed.endpoint,
            address: placed.address,
            metadata: &metadata,
            in_image: self.containers.engine.is_some(),
        };
        tasks::of_container(container, &self.secrets, place)
            .map_err(|why| (StartFailure::Resources, why))
    }

    fn start_process(
        &mut self,
        now: Moment,
        run: ContainerRun,
        environment: Vec<(String, String)>,
    ) -> Result<(), (StartFailure, String)> {
        let resources = |why: String| (StartFailure::Resources, why);
        let (container, program) =
            self.book.container(run.task, run.container).ok_or_else(placeless)?;
        let program = program
            .cloned()
            .ok_or_else(|| (StartFailure::CannotCreate, tasks::container_only(&container.name)))?;
        let (output, write) = Output::open().map_err(|error| {
            resources(format!("the operating system refuses what a process needs: {error}"))
        })?;
        let (logged, output) = (self.logged_as(now, run).ok_or_else(placeless)?, Rc::new(output));
        let follower = follow(Weak::clone(&self.driver), Rc::clone(&output), run);
        let cutter = LineCutter::default();
        let running = Running {
            pid: None,
            created: now,
            started: None,
            environment: environment.clone(),
            output: Some(output),
            cutter,
            logged,
            follower: Some(follower),
        };
        self.containers.running.insert(run, running);
        self.processes.spawn(Launch {
            process: run.into(),
            program: program.program,
            arguments: program.arguments,
            code: program.folder,
            folders: Folders::Host,
            environment,
            output: write,
        });
        Ok(())
    }

    /// Where a container's lines go: to the stream that it has, or to a new one.
    pub(super) fn logged_as(&mut self, now: Moment, run: ContainerRun) -> Option<Logged> {
        let key = (run.task, run.container);
        if let Some(logged) = self.containers.streams.get(&key) {
            return Some(logged.clone());
        }
        let placed = self.book.task(run.task)?;
        let (container, _) = self.book.container(run.task, run.container)?;
        let (served, _) = self.book.definition(placed.definition)?;
        let (group, prefix) = log_place(container, &served.definition.family);
        let name = format!("{prefix}/{}/{}", container.name, placed.id);
        let called = format!("{}/{}", self.book.owner(run.task)?, container.name);
        let called: Rc<str> = called.into();
        let stream = self.logs.open(Stream {
            name: name.clone(),
            group: group.into(),
            by: Writer::Task { task: run.task },
            function: None,
            called: Rc::clone(&called),
            logging: Logging::default(),
            born: now,
            span: None,
        });
        let logged = Logged { stream, name, called };
        self.containers.streams.insert(key, logged.clone());
        Some(logged)
    }

    /// Asks a container for its health. `None`: it cannot be asked.
    fn check(&mut self, run: ContainerRun, check: u32) -> Option<()> {
        let (container, program) = self.book.container(run.task, run.container)?;
        let command = container.health_check.as_ref()?;
        if let Some(engine) = &mut self.containers.engine {
            engine.check(run, check, command.command.clone());
            return Some(());
        }
        let program = program?;
        let (word, arguments) = command.command.split_first()?;
        // What it says is kept nowhere, as on AWS.
        let output = File::options().write(true).open("/dev/null").ok()?;
        self.processes.spawn(Launch {
            process: ProcessName::Check(run, check),
            program: program.program_of(word),
            arguments: arguments.to_vec(),
            code: program.folder.clone(),
            folders: Folders::Host,
            environment: self.containers.running.get(&run)?.environment.clone(),
            output: output.into(),
        });
        Some(())
    }
}

/// What is looked up of a task that was forgotten is not there.
pub(super) fn placeless() -> (StartFailure, String) {
    (StartFailure::Resources, "the task has no place".to_owned())
}

/// Why a task cannot listen where another one does: only where a machine has no more of 127.0.0.0/8.
fn shared(address: Ipv4Addr, holder: TaskId) -> String {
    format!(
        "the task has no address of its own: this machine lets nobody listen at others of 127.0.0.0/8 than `{address}`, where {holder} is (run one task at a time, or give the machine's loopback its whole network)"
    )
}

/// A container's log group and the beginning of its streams' names: what `awslogs` is told, else ours.
fn log_place(container: &Container, family: &str) -> (String, String) {
    let option = |name| {
        let log = container.log.as_ref().filter(|log| log.driver == "awslogs")?;
        log.options.get(name).cloned()
    };
    let group = option("awslogs-group").unwrap_or_else(|| format!("/ecs/{family}"));
    (group, option("awslogs-stream-prefix").unwrap_or_else(|| "ecs".to_owned()))
}
