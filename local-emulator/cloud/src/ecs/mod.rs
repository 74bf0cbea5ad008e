//! Amazon ECS: services keep their tasks, tasks keep their containers, deployments replace one revision by the next.
//!
//! `tasks` is a task's life, `containers` and `health` what goes on in it, `services` what people want, `scheduler` what
//! is done for it. Processes, addresses, names and texts are the driver's.

mod command;
mod config;
mod container;
mod containers;
mod event;
mod health;
mod look;
mod refusal;
mod scheduler;
mod service;
mod services;
mod settings;
mod table;
mod tasks;
mod trace;
mod wake;

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use lunch_contract::ecs::{DefinitionId, ServiceId, ServiceMessage, TaskId};
use lunch_contract::{IdAllocator, Moment};

use self::service::{Definition, Service};
use self::table::Table;
use self::wake::Owner;
use crate::ordered::Ordered;

pub use self::command::{Command, Origin};
pub use self::config::{Breaker, ContainerConfig, Dependency, ServiceConfig, TaskConfig};
pub use self::container::{ContainerPhase, Ending};
pub use self::event::Event;
pub use self::look::{ContainerView, DeploymentView, ServiceEvent, ServiceView, TaskView};
pub use self::refusal::{Invalid, Refusal};
pub use self::settings::{Settings, ThrottlePolicy};
pub use self::trace::Record;
pub use self::wake::Wake;

/// The machine that decides: which tasks there are, when their containers start and end, what a deployment does next.
///
/// # Tell
/// [`handle`](Self::handle) says what happened, [`handle_timeout`](Self::handle_timeout) that time has passed. Time never
/// goes back, and a deadline that has come is kept before the event is taken: a check's answer at its timeout is too late.
///
/// # Ask
/// After each telling, [`poll_command`](Self::poll_command) until it is `None`, carrying each out in this order. A task
/// begins with `Place` and ends with `Forget`; in between every `Start` has one `Started` and one `Exited`, or one
/// `StartFailed`. A `Check` has one `Checked` or one `EndCheck`; a `Checked` that comes after is refused as `Gone`.
///
/// # Look
/// [`task`](Self::task), [`tasks`](Self::tasks), [`service`](Self::service), [`services`](Self::services),
/// [`deployments`](Self::deployments), [`events`](Self::events), [`settled`](Self::settled) and
/// [`operations`](Self::operations) change nothing.
///
/// # Wake
/// [`poll_timeout`](Self::poll_timeout) says when to call `handle_timeout` at the latest, and why. It changes with each
/// telling; one timer is enough.
///
/// What changes a task marks its service, and every marked service is looked after once before the telling is over: it
/// starts or ends one task after the other until nothing is to be done, each by counts that are kept. So an event, and
/// each command that comes of it, costs O(log n) steps in the number of tasks and services.
#[derive(Debug)]
pub struct Ecs {
    settings: Settings,
    now: Moment,
    ids: IdAllocator,
    tasks: Table,
    definitions: BTreeMap<DefinitionId, Definition>,
    services: BTreeMap<ServiceId, Service>,
    /// How many deployments there have been.
    deployments: u32,
    timers: Ordered<(Moment, Owner)>,
    /// Tasks that are over, in the order in which they will be forgotten, with when.
    stopped: VecDeque<(Moment, TaskId)>,
    /// Deleted services, likewise.
    inactive: VecDeque<(Moment, ServiceId)>,
    /// Services that something has changed for.
    marked: VecDeque<ServiceId>,
    /// Containers with something real under way.
    busy: usize,
    /// The cloud ends: nothing is started any more.
    shut_down: bool,
    commands: VecDeque<Command>,
    /// What happened, where anybody listens.
    records: Option<Vec<(Moment, Record)>>,
    broken: Option<&'static str>,
}

impl Ecs {
    /// Without a service. Records are kept for [`take_records`](Self::take_records) where somebody listens.
    #[must_use]
    pub fn new(settings: Settings, listens: bool) -> Self {
        Self {
            settings,
            now: Moment::ZERO,
            ids: IdAllocator::default(),
            tasks: Table::default(),
            definitions: BTreeMap::new(),
            services: BTreeMap::new(),
            deployments: 0,
            timers: Ordered::default(),
            stopped: VecDeque::new(),
            inactive: VecDeque::new(),
            marked: VecDeque::new(),
            busy: 0,
            shut_down: false,
            commands: VecDeque::new(),
            records: listens.then(Vec::new),
            broken: None,
        }
    }

    /// Tells what happened.
    ///
    /// # Errors
    /// What is refused; nothing changed by it but what time alone has changed.
    pub fn handle(&mut self, now: Moment, event: Event) -> Result<(), Refusal> {
        self.handle_timeout(now);
        match event {
            Event::Register { definition, config } => self.register(definition, config),
            Event::Deregister { definition } => self.deregister(definition),
            Event::CreateService { service, config } => self.create(service, config),
            Event::UpdateService { service, config, force } => self.update(service, config, force),
            Event::DeleteService { service, force } => self.delete(service, force),
            Event::Run { run, definition, count } => self.run(run, definition, count),
            Event::StopTask { task } => self.stop_by_user(task),
            Event::Started { run } => self.started(run),
            Event::StartFailed { run, why } => self.start_failed(run, why),
            Event::Exited { run, exit } => self.exited(run, exit),
            Event::Checked { run, check, healthy } => self.checked(run, check, healthy),
        }?;
        self.look_after_marked();
        Ok(())
    }

    /// Tells that time has passed.
    pub fn handle_timeout(&mut self, now: Moment) {
        self.now = self.now.max(now);
        while let Some((at, owner)) = self.timers.first().filter(|(at, _)| *at <= self.now) {
            self.timers.remove((at, owner));
            match owner {
                Owner::Container(task, number) => self.container_due(task, number),
                Owner::Task(task) => self.task_due(task),
                Owner::Service(service) => self.service_due(service),
                Owner::Stopped(_) => self.forget_stopped(),
                Owner::Inactive(_) => self.forget_inactive(),
            }
            self.look_after_marked();
        }
    }

    /// The cloud ends: every task is told to end, with all the time that its containers have, and nothing new begins.
    /// Looks at all tasks.
    pub fn shut_down(&mut self, now: Moment) {
        self.handle_timeout(now);
        self.shut_down = true;
        self.end_all();
        self.look_after_marked();
    }

    /// The next command.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) at the latest, and why.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Moment, Wake)> {
        let (at, owner) = self.timers.first()?;
        self.wake(owner).map(|wake| (at, wake))
    }

    /// What happened since the last call, in order; nothing, where nobody listens.
    pub fn take_records(&mut self) -> Vec<(Moment, Record)> {
        self.records.as_mut().map(core::mem::take).unwrap_or_default()
    }

    /// A promise of the machine's own that it broke since the last call, if it did.
    pub fn take_broken(&mut self) -> Option<&'static str> {
        self.broken.take()
    }
}

/// The pieces that all rooms use.
impl Ecs {
    fn command(&mut self, command: Command) {
        self.commands.push_back(command);
    }

    fn record(&mut self, record: Record) {
        if let Some(records) = &mut self.records {
            records.push((self.now, record));
        }
    }

    /// Says something in the service's events, of which the last hundred are kept.
    fn say(&mut self, id: ServiceId, message: ServiceMessage) {
        let (now, most) = (self.now, self.settings.limits.events_max);
        if let Some(service) = self.services.get_mut(&id) {
            service.note(now, message.clone(), most);
            self.record(Record::Said { service: id, message });
        }
    }

    /// The service is looked after before the telling is over.
    fn mark(&mut self, id: ServiceId) {
        if let Some(service) = self.services.get_mut(&id)
            && !core::mem::replace(&mut service.marked, true)
        {
            self.marked.push_back(id);
        }
    }

    fn look_after_marked(&mut self) {
        while let Some(id) = self.marked.pop_front() {
            if let Some(service) = self.services.get_mut(&id) {
                service.marked = false;
                self.look_after(id);
            }
        }
    }

    /// Sets a deadline in the place of the one before.
    fn rekey(&mut self, owner: Owner, before: Option<Moment>, at: Option<Moment>) {
        if let Some(before) = before {
            self.timers.remove((before, owner));
        }
        if let Some(at) = at {
            self.timers.insert((at, owner));
        }
    }
}
