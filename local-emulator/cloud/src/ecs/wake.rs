//! Why the services want to be woken.

use core::fmt;

use lunch_contract::ecs::{ContainerRun, ServiceId, TaskId, TaskStatus};
use serde::{Deserialize, Serialize};

use super::Ecs;
use super::container::ContainerState;

/// A deadline, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wake {
    /// When a task has its place.
    Placed(TaskId),
    /// When a task without a health check counts as healthy.
    Healthy(TaskId),
    /// When a container is asked for its health.
    Check(ContainerRun),
    /// When a container's health check has taken as long as it may.
    CheckTimeout(ContainerRun),
    /// When a container that was asked to end is ended.
    StopTimeout(ContainerRun),
    /// When a service that is throttled starts tasks again.
    Throttle(ServiceId),
    /// When a stopped task is forgotten.
    Forget(TaskId),
    /// When a deleted service is forgotten.
    ForgetService(ServiceId),
}

impl Wake {
    /// What it is, without whose.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Placed(_) => "provisioning",
            Self::Healthy(_) => "first seconds",
            Self::Check(_) => "health check",
            Self::CheckTimeout(_) => "health check's timeout",
            Self::StopTimeout(_) => "stop timeout",
            Self::Throttle(_) => "throttle",
            Self::Forget(_) | Self::ForgetService(_) => "last hour",
        }
    }
}

impl fmt::Display for Wake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.word();
        match self {
            Self::Placed(task) | Self::Healthy(task) | Self::Forget(task) => {
                write!(f, "{word} of {task}")
            }
            Self::Check(run) | Self::CheckTimeout(run) | Self::StopTimeout(run) => {
                write!(f, "{word} of {run}")
            }
            Self::Throttle(service) | Self::ForgetService(service) => {
                write!(f, "{word} of {service}")
            }
        }
    }
}

/// Whose deadline it is: one each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    Container(TaskId, u8),
    Task(TaskId),
    Service(ServiceId),
    Stopped(TaskId),
    Inactive(ServiceId),
}

impl Ecs {
    /// A deadline by its public name.
    pub(super) fn wake(&self, owner: Owner) -> Option<Wake> {
        Some(match owner {
            Owner::Task(id) => match self.tasks.find(id)?.status {
                TaskStatus::Provisioning => Wake::Placed(id),
                TaskStatus::Pending
                | TaskStatus::Activating
                | TaskStatus::Running
                | TaskStatus::Deactivating
                | TaskStatus::Stopping
                | TaskStatus::Deprovisioning
                | TaskStatus::Stopped
                | TaskStatus::Deleted => Wake::Healthy(id),
            },
            Owner::Container(task, number) => {
                let container = self.tasks.find(task)?.containers.get(usize::from(number))?;
                let run = container.name(task, number);
                match container.state {
                    ContainerState::Running { checking: true, .. } => Wake::CheckTimeout(run),
                    ContainerState::Stopping { .. } | ContainerState::Killing { .. } => {
                        Wake::StopTimeout(run)
                    }
                    ContainerState::Running { checking: false, .. }
                    | ContainerState::Waiting
                    | ContainerState::Starting
                    | ContainerState::Ended { .. } => Wake::Check(run),
                }
            }
            Owner::Service(service) => Wake::Throttle(service),
            Owner::Stopped(task) => Wake::Forget(task),
            Owner::Inactive(service) => Wake::ForgetService(service),
        })
    }
}
