//! Looking at tasks and services without changing them: all that `DescribeTasks` and `DescribeServices` tell.

use alloc::vec::Vec;

use lunch_contract::Moment;
use lunch_contract::ecs::{
    ContainerRun, DefinitionId, DeploymentId, DeploymentStatus, DesiredStatus, HealthStatus,
    RolloutState, ServiceId, ServiceMessage, ServiceStatus, StopReason, TaskId, TaskStatus,
};
use serde::{Deserialize, Serialize};

use super::Ecs;
use super::command::Origin;
use super::config::{ServiceConfig, TaskConfig};
use super::container::{ContainerPhase, ContainerState, Ending};
use super::service::Service;
use super::settings::Settings;
use super::table::Task;

/// A task, looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskView {
    /// Which one.
    pub task: TaskId,
    /// Of which task definition.
    pub definition: DefinitionId,
    /// For whom.
    pub origin: Origin,
    /// Where it stands.
    pub last_status: TaskStatus,
    /// What it is to be.
    pub desired_status: DesiredStatus,
    /// What its health checks say.
    pub health: HealthStatus,
    /// Whether its service counts it as healthy.
    pub counts_as_healthy: bool,
    /// When it was made.
    pub created: Moment,
    /// When it came to RUNNING, if it did.
    pub started: Option<Moment>,
    /// When it was told to end, if it was.
    pub stopping: Option<Moment>,
    /// Why it ends or has ended: `stopCode` and `stoppedReason`.
    pub stop_reason: Option<StopReason>,
    /// When it was over, if it is.
    pub stopped: Option<Moment>,
    /// Its containers, in the definition's order.
    pub containers: Vec<ContainerView>,
}

/// A container, looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContainerView {
    /// Its present start, or its last. Its `run` is AWS's `restartCount`.
    pub run: ContainerRun,
    /// Where it stands.
    pub phase: ContainerPhase,
    /// What its health check says.
    pub health: HealthStatus,
    /// When its process ran for the first time, if it did.
    pub started: Option<Moment>,
    /// When it ended, if it did.
    pub ended: Option<Moment>,
    /// How it came to its end, if it did.
    pub ending: Option<Ending>,
}

/// A service, looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceView {
    /// Which one.
    pub service: ServiceId,
    /// How it is to be.
    pub config: ServiceConfig,
    /// Where it stands.
    pub status: ServiceStatus,
    /// When it was made.
    pub created: Moment,
    /// `pendingCount`.
    pub pending: u32,
    /// `runningCount`.
    pub running: u32,
    /// Those that are to run and count as healthy.
    pub healthy: u32,
    /// Tasks that are not over, those that are ending included.
    pub unstopped: u32,
    /// Whether all that are wanted are there and healthy, and nothing else is.
    pub steady: bool,
    /// Until when no tasks are started, where some are wanted.
    pub throttled_until: Option<Moment>,
}

/// A deployment, looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeploymentView {
    /// Which one.
    pub deployment: DeploymentId,
    /// Of which task definition.
    pub definition: DefinitionId,
    /// PRIMARY or ACTIVE.
    pub status: DeploymentStatus,
    /// How far it has come.
    pub rollout: RolloutState,
    /// Of the PRIMARY one what the service wants, of an older one what it still has.
    pub desired: u32,
    /// `pendingCount`.
    pub pending: u32,
    /// `runningCount`.
    pub running: u32,
    /// `failedTasks`.
    pub failed: u32,
    /// When it was made.
    pub created: Moment,
    /// When its rollout changed for the last time.
    pub updated: Moment,
}

/// An event of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceEvent {
    /// The count of the service's events before this one.
    pub number: u64,
    /// When.
    pub at: Moment,
    /// What.
    pub message: ServiceMessage,
}

impl Ecs {
    /// How the services were set.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The latest moment that the machine was told.
    #[must_use]
    pub const fn now(&self) -> Moment {
        self.now
    }

    /// The task, unless it is forgotten.
    #[must_use]
    pub fn task(&self, id: TaskId) -> Option<TaskView> {
        self.tasks.find(id).map(|task| view(id, task))
    }

    /// Every task that is not forgotten, in no order that means anything.
    pub fn tasks(&self) -> impl Iterator<Item = TaskView> {
        self.tasks.iter().map(|(id, task)| view(id, task))
    }

    /// A task definition, if it is there.
    #[must_use]
    pub fn definition(&self, id: DefinitionId) -> Option<&TaskConfig> {
        self.definitions.get(&id).map(|definition| &definition.config)
    }

    /// The service, unless it is forgotten.
    #[must_use]
    pub fn service(&self, id: ServiceId) -> Option<ServiceView> {
        self.services.get(&id).map(|service| view_of_service(id, service))
    }

    /// Every service that is not forgotten, by id.
    pub fn services(&self) -> impl Iterator<Item = ServiceView> {
        self.services.iter().map(|(id, service)| view_of_service(*id, service))
    }

    /// The deployments of a service, the PRIMARY one first.
    pub fn deployments(&self, service: ServiceId) -> impl Iterator<Item = DeploymentView> {
        let found = self.services.get(&service);
        found.into_iter().flat_map(|service| {
            let primary = service.primary().0;
            service.deployments.iter().rev().map(move |(id, one)| {
                let is_primary = *id == primary;
                DeploymentView {
                    deployment: *id,
                    definition: one.definition,
                    status: if is_primary {
                        DeploymentStatus::Primary
                    } else {
                        DeploymentStatus::Active
                    },
                    rollout: one.rollout,
                    desired: if is_primary { service.config.desired } else { one.alive() },
                    pending: one.pending,
                    running: one.running,
                    failed: one.failed,
                    created: one.created,
                    updated: one.updated,
                }
            })
        })
    }

    /// The events of a service, the newest first: a hundred at most.
    pub fn events(&self, service: ServiceId) -> impl Iterator<Item = &ServiceEvent> {
        self.services.get(&service).into_iter().flat_map(|service| service.events.iter().rev())
    }

    /// Whether nothing real is under way: no container that is being started or ended, no health check. Containers that
    /// run are not waited for, since they run for ever.
    #[must_use]
    pub const fn settled(&self) -> bool {
        self.busy == 0
    }

    /// Steps taken in ordered structures so far: what an event costs, counted and not timed.
    #[must_use]
    pub fn operations(&self) -> u64 {
        let steps = |service: &Service| service.healthy.steps() + service.unproven.steps();
        self.timers.steps() + self.services.values().map(steps).sum::<u64>()
    }
}

fn view(id: TaskId, task: &Task) -> TaskView {
    let containers = task.containers.iter().zip(0..).map(|(container, number)| ContainerView {
        run: container.name(id, number),
        phase: container.state.phase(),
        health: container.health,
        started: container.started,
        ended: container.ended,
        ending: match container.state {
            ContainerState::Ended { how } => Some(how),
            ContainerState::Waiting
            | ContainerState::Starting
            | ContainerState::Running { .. }
            | ContainerState::Stopping { .. }
            | ContainerState::Killing { .. } => None,
        },
    });
    TaskView {
        task: id,
        definition: task.definition,
        origin: task.origin,
        last_status: task.status,
        desired_status: task.desired(),
        health: task.health,
        counts_as_healthy: task.counts,
        created: task.created,
        started: task.started,
        stopping: task.stop.map(|(at, _)| at),
        stop_reason: task.stop.map(|(_, reason)| reason),
        stopped: task.stopped,
        containers: containers.collect(),
    }
}

fn view_of_service(id: ServiceId, service: &Service) -> ServiceView {
    let deployments = service.deployments.values();
    ServiceView {
        service: id,
        config: service.config,
        status: service.status,
        created: service.created,
        pending: deployments.clone().map(|one| one.pending).sum(),
        running: deployments.map(|one| one.running).sum(),
        healthy: service.count_healthy(),
        unstopped: service.unstopped,
        steady: service.steady,
        throttled_until: service.timer,
    }
}
