//! What the laws know: what was told and what was recorded, as plain maps.

use std::collections::BTreeMap;

use lunch_cloud::drive::Input;
use lunch_cloud::ecs::{Command, ContainerPhase, Event, Origin, Record, ServiceConfig, TaskConfig};
use lunch_cloud::{Command as Any, Event as CloudEvent};
use lunch_contract::Moment;
use lunch_contract::ecs::{
    ContainerRun, DefinitionId, DeploymentId, HealthStatus, ServiceId, ServiceStatus, StopReason,
    TaskId, TaskStatus,
};

use crate::laws::Step;

/// A service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept {
    pub(crate) config: ServiceConfig,
    pub(crate) status: ServiceStatus,
    pub(crate) primary: Option<DeploymentId>,
}

/// A task.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    pub(crate) definition: DefinitionId,
    pub(crate) origin: Origin,
    pub(crate) status: TaskStatus,
    pub(crate) reason: Option<StopReason>,
    pub(crate) ran: bool,
    pub(crate) counts: bool,
    pub(crate) placed: Moment,
    pub(crate) containers: Vec<Pot>,
}

/// A container.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pot {
    pub(crate) run: u32,
    pub(crate) phase: ContainerPhase,
    pub(crate) ran: bool,
    pub(crate) health: HealthStatus,
}

#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) definitions: BTreeMap<DefinitionId, TaskConfig>,
    pub(crate) services: BTreeMap<ServiceId, Kept>,
    pub(crate) tasks: BTreeMap<TaskId, Guest>,
    pub(crate) is_over: bool,
    placed: BTreeMap<TaskId, DefinitionId>,
}

impl Guest {
    pub(crate) const fn is_alive(&self) -> bool {
        self.reason.is_none()
    }

    pub(crate) const fn is_stopped(&self) -> bool {
        matches!(self.status, TaskStatus::Stopped | TaskStatus::Deleted)
    }

    pub(crate) const fn service(&self) -> Option<ServiceId> {
        match self.origin {
            Origin::Service { service, .. } => Some(service),
            Origin::Run { .. } => None,
        }
    }
}

impl Book {
    /// Before a step's records: what it was told, if that was taken.
    pub(crate) fn open(&mut self, step: &Step<'_>) {
        for command in step.commands {
            if let Any::Ecs(Command::Place { task, definition, .. }) = command {
                self.placed.insert(*task, *definition);
            }
        }
        if step.refusal.is_some() {
            return;
        }
        match step.input {
            Input::Ecs(Event::Register { definition, config }) => {
                self.definitions.insert(*definition, config.clone());
            }
            Input::Ecs(Event::CreateService { service, config }) => {
                let (status, primary) = (ServiceStatus::Active, None);
                self.services.insert(*service, Kept { config: *config, status, primary });
            }
            Input::Ecs(Event::UpdateService { service, config, .. }) => {
                if let Some(kept) = self.services.get_mut(service) {
                    kept.config = *config;
                }
            }
            Input::Event(CloudEvent::ShutDown) => self.is_over = true,
            Input::Ecs(_)
            | Input::Event(_)
            | Input::Queue(_)
            | Input::Source(_)
            | Input::Restored(_)
            | Input::Timeout => {}
        }
    }

    pub(crate) fn note(&mut self, at: Moment, record: &Record) {
        match record {
            Record::Placed { task, origin } => self.place(at, *task, *origin),
            Record::Task { task, to: TaskStatus::Deleted, .. } => drop(self.tasks.remove(task)),
            Record::Task { task, to, reason, .. } => {
                if let Some(guest) = self.tasks.get_mut(task) {
                    guest.status = *to;
                    guest.reason = *reason;
                    guest.ran |= *to == TaskStatus::Running;
                    guest.counts &= reason.is_none();
                }
            }
            Record::Container { run, to, .. } => {
                if let Some(pot) = self.pot_mut(*run) {
                    pot.run = run.run;
                    pot.phase = *to;
                    pot.ran |= *to == ContainerPhase::Running;
                }
            }
            Record::Health { run, health } => {
                if let Some(pot) = self.pot_mut(*run) {
                    pot.health = *health;
                }
            }
            Record::Counted { task, healthy } => {
                if let Some(guest) = self.tasks.get_mut(task) {
                    guest.counts = *healthy;
                }
            }
            Record::Deployed { service, deployment } => {
                if let Some(kept) = self.services.get_mut(service) {
                    kept.primary = Some(*deployment);
                }
            }
            Record::Service { service, to } => {
                if let Some(kept) = self.services.get_mut(service) {
                    kept.status = *to;
                }
            }
            Record::Exited { .. }
            | Record::Rollout { .. }
            | Record::DeploymentGone { .. }
            | Record::Said { .. } => {}
        }
    }

    fn place(&mut self, at: Moment, task: TaskId, origin: Origin) {
        let Some(definition) = self.placed.remove(&task) else { return };
        let containers = self.definitions.get(&definition).map_or(0, |one| one.containers.len());
        let pot = Pot {
            run: 0,
            phase: ContainerPhase::Waiting,
            ran: false,
            health: HealthStatus::Unknown,
        };
        let guest = Guest {
            definition,
            origin,
            status: TaskStatus::Provisioning,
            reason: None,
            ran: false,
            counts: false,
            placed: at,
            containers: vec![pot; containers],
        };
        self.tasks.insert(task, guest);
    }

    fn pot_mut(&mut self, run: ContainerRun) -> Option<&mut Pot> {
        self.tasks.get_mut(&run.task)?.containers.get_mut(usize::from(run.container))
    }

    pub(crate) fn pot(&self, run: ContainerRun) -> Option<&Pot> {
        self.tasks.get(&run.task)?.containers.get(usize::from(run.container))
    }

    pub(crate) fn config(&self, task: TaskId) -> Option<&TaskConfig> {
        self.definitions.get(&self.tasks.get(&task)?.definition)
    }

    /// The tasks of a service.
    pub(crate) fn of(&self, service: ServiceId) -> impl Iterator<Item = &Guest> {
        self.tasks.values().filter(move |guest| guest.service() == Some(service))
    }

    /// Whether only one task of the service's present definition can be at a time.
    pub(crate) fn has_fixed_port(&self, kept: &Kept) -> bool {
        self.definitions.get(&kept.config.definition).is_some_and(|one| one.one_at_a_time)
    }
}
