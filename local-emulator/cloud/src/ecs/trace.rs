//! What happened to tasks and services and why, for people and for tests.

use core::fmt;

use lunch_contract::ecs::{
    ContainerExit, ContainerRun, DeploymentId, HealthStatus, RolloutState, ServiceId,
    ServiceMessage, ServiceStatus, StopReason, TaskId, TaskStatus,
};
use serde::{Deserialize, Serialize};

use super::command::Origin;
use super::container::ContainerPhase;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A task came into being, PROVISIONING.
    Placed {
        /// Which task.
        task: TaskId,
        /// For whom.
        origin: Origin,
    },
    /// A task went from one status to another.
    Task {
        /// Which task.
        task: TaskId,
        /// From where.
        from: TaskStatus,
        /// To where.
        to: TaskStatus,
        /// Why it ends, where it does.
        reason: Option<StopReason>,
    },
    /// A container went from one phase to another.
    Container {
        /// Which start of it.
        run: ContainerRun,
        /// From where.
        from: ContainerPhase,
        /// To where.
        to: ContainerPhase,
    },
    /// A container's process has ended: it is started again in place, or that was the container's end.
    Exited {
        /// Which start of it.
        run: ContainerRun,
        /// How.
        exit: ContainerExit,
    },
    /// A container's health is another one.
    Health {
        /// Whose.
        run: ContainerRun,
        /// What it is.
        health: HealthStatus,
    },
    /// A service's task counts as healthy from now on, or no longer.
    Counted {
        /// Which task.
        task: TaskId,
        /// Whether it counts.
        healthy: bool,
    },
    /// A deployment began, as its service's PRIMARY.
    Deployed {
        /// Of which service.
        service: ServiceId,
        /// Which one.
        deployment: DeploymentId,
    },
    /// A deployment has come to its end.
    Rollout {
        /// Of which service.
        service: ServiceId,
        /// Which one.
        deployment: DeploymentId,
        /// How.
        to: RolloutState,
    },
    /// An older deployment has no more tasks: INACTIVE.
    DeploymentGone {
        /// Of which service.
        service: ServiceId,
        /// Which one.
        deployment: DeploymentId,
    },
    /// A service went from one status to another.
    Service {
        /// Which one.
        service: ServiceId,
        /// To where.
        to: ServiceStatus,
    },
    /// A service's event.
    Said {
        /// Whose.
        service: ServiceId,
        /// What.
        message: ServiceMessage,
    },
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Placed { task, origin: Origin::Run { run } } => {
                write!(f, "{task} is placed for {run}")
            }
            Self::Placed { task, origin: Origin::Service { service, deployment } } => {
                write!(f, "{task} is placed for {service} by {deployment}")
            }
            Self::Task { task, to, reason: Some(reason), .. } => {
                write!(f, "{task} is {} ({})", to.name(), reason.code().name())
            }
            Self::Task { task, to, reason: None, .. } => write!(f, "{task} is {}", to.name()),
            Self::Container { run, to, .. } => write!(f, "{run} is {}", to.word()),
            Self::Exited { run, exit } => write!(f, "{run} has ended with {}", exit.code()),
            Self::Health { run, health } => write!(f, "{run} is {}", health.name()),
            Self::Counted { task, healthy: true } => write!(f, "{task} counts as healthy"),
            Self::Counted { task, healthy: false } => {
                write!(f, "{task} counts as healthy no longer")
            }
            Self::Deployed { service, deployment } => {
                write!(f, "{deployment} is {service}'s PRIMARY deployment")
            }
            Self::Rollout { deployment, to, .. } => write!(f, "{deployment} is {}", to.name()),
            Self::DeploymentGone { deployment, .. } => write!(f, "{deployment} is INACTIVE"),
            Self::Service { service, to } => write!(f, "{service} is {}", to.name()),
            Self::Said { service, message } => write!(f, "{service} says {message:?}"),
        }
    }
}
