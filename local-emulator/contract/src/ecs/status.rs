//! Where tasks, containers, services and deployments stand, in AWS's words.

use serde::{Deserialize, Serialize};

/// A task's `lastStatus`. D:task-lifecycle-explanation.
///
/// ```text
///  PROVISIONING ─> PENDING ─> ACTIVATING ─> RUNNING ─> DEACTIVATING ─> STOPPING ─> DEPROVISIONING ─> STOPPED ─> DELETED
///        │            │            │                        ^             ^              ^
///        │            │            └────────────────────────┘             │              │
///        │            └───────────────────────────────────────────────────┘              │
///        └───────────────────────────────────────────────────────────────────────────────┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TaskStatus {
    /// A place is found for it, with a network of its own.
    Provisioning,
    /// Its containers are being started.
    Pending,
    /// It is made known to those who look for it. Nothing here does, so it lasts no time.
    Activating,
    /// Every container has been started.
    Running,
    /// It is taken from those who look for it. Nothing here does, so it lasts no time.
    Deactivating,
    /// Its containers are being ended.
    Stopping,
    /// Its place is given back. It lasts no time.
    Deprovisioning,
    /// All is over; it is still shown.
    Stopped,
    /// It is forgotten.
    Deleted,
}

impl TaskStatus {
    /// All of them, in AWS's order.
    pub const ALL: [Self; 9] = [
        Self::Provisioning,
        Self::Pending,
        Self::Activating,
        Self::Running,
        Self::Deactivating,
        Self::Stopping,
        Self::Deprovisioning,
        Self::Stopped,
        Self::Deleted,
    ];

    /// The diagram as a table. The one place that changes a task's status asks it.
    #[must_use]
    pub const fn may_follow(self, from: Self) -> bool {
        match from {
            Self::Provisioning => matches!(self, Self::Pending | Self::Deprovisioning),
            Self::Pending => matches!(self, Self::Activating | Self::Stopping),
            Self::Activating => matches!(self, Self::Running | Self::Deactivating),
            Self::Running => matches!(self, Self::Deactivating),
            Self::Deactivating => matches!(self, Self::Stopping),
            Self::Stopping => matches!(self, Self::Deprovisioning),
            Self::Deprovisioning => matches!(self, Self::Stopped),
            Self::Stopped => matches!(self, Self::Deleted),
            Self::Deleted => false,
        }
    }

    /// Whether it is on its way to RUNNING: AWS counts it as pending.
    #[must_use]
    pub const fn is_pending(self) -> bool {
        matches!(self, Self::Provisioning | Self::Pending | Self::Activating)
    }

    /// AWS's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Stopped => "STOPPED",
            Self::Deleted => "DELETED",
        }
    }
}

/// What a task is to be: its `desiredStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DesiredStatus {
    /// It is to run.
    Running,
    /// It is to end, and never runs again.
    Stopped,
}

impl DesiredStatus {
    /// AWS's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Stopped => "STOPPED",
        }
    }
}

/// `healthStatus` of a container or of a task. D:healthcheck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HealthStatus {
    /// Nothing is known yet, or nothing is asked.
    #[default]
    Unknown,
    /// The last check has succeeded.
    Healthy,
    /// So many checks as `retries` says have failed one after the other.
    Unhealthy,
}

impl HealthStatus {
    /// A task's, from those of its essential containers that have a check: any UNHEALTHY makes it so, else any UNKNOWN.
    #[must_use]
    pub fn of_task(essential: impl IntoIterator<Item = Self>) -> Self {
        let (mut any, mut unknown) = (false, false);
        for one in essential {
            match one {
                Self::Unhealthy => return Self::Unhealthy,
                Self::Unknown => unknown = true,
                Self::Healthy => any = true,
            }
        }
        if any && !unknown { Self::Healthy } else { Self::Unknown }
    }

    /// AWS's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Healthy => "HEALTHY",
            Self::Unhealthy => "UNHEALTHY",
        }
    }
}

/// What a container waits for in another one: `dependsOn`'s `condition`. D:task_definition_parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DependencyCondition {
    /// It has been started.
    Start,
    /// It has ended. AWS refuses it for an essential container.
    Complete,
    /// It has ended with status 0. AWS refuses it for an essential container.
    Success,
    /// Its health check has succeeded.
    Healthy,
}

impl DependencyCondition {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Start, Self::Complete, Self::Success, Self::Healthy];

    /// AWS's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "START",
            Self::Complete => "COMPLETE",
            Self::Success => "SUCCESS",
            Self::Healthy => "HEALTHY",
        }
    }
}

/// Why a task ended, in AWS's codes. M:ecs TaskStopCode; the three of others' doing (Spot and infrastructure) do not come
/// to pass here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum StopCode {
    /// It never came to RUNNING.
    TaskFailedToStart,
    /// A container without which it cannot be has ended.
    EssentialContainerExited,
    /// Somebody asked for it: `StopTask`.
    UserInitiated,
    /// Its service wanted it no longer.
    ServiceSchedulerInitiated,
    /// What it ran on ended: here the cloud.
    TerminationNotice,
}

impl StopCode {
    /// AWS's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TaskFailedToStart => "TaskFailedToStart",
            Self::EssentialContainerExited => "EssentialContainerExited",
            Self::UserInitiated => "UserInitiated",
            Self::ServiceSchedulerInitiated => "ServiceSchedulerInitiated",
            Self::TerminationNotice => "TerminationNotice",
        }
    }
}

/// Where a service stands. M:ecs Service.
///
/// ```text
///  ACTIVE ─> DRAINING ─> INACTIVE
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ServiceStatus {
    /// It keeps its tasks.
    Active,
    /// It was deleted, and its tasks are ending.
    Draining,
    /// It was deleted, and there are no tasks.
    Inactive,
}

impl ServiceStatus {
    /// The diagram as a table.
    #[must_use]
    pub const fn may_follow(self, from: Self) -> bool {
        matches!((from, self), (Self::Active, Self::Draining) | (Self::Draining, Self::Inactive))
    }

    /// AWS's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Draining => "DRAINING",
            Self::Inactive => "INACTIVE",
        }
    }
}

/// Where a deployment stands among those of its service. M:ecs Deployment.
///
/// ```text
///  PRIMARY ─> ACTIVE ─> INACTIVE
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeploymentStatus {
    /// The newest one, whose tasks are wanted.
    Primary,
    /// An older one that still has tasks.
    Active,
    /// An older one without tasks: it is shown no more.
    Inactive,
}

impl DeploymentStatus {
    /// AWS's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Primary => "PRIMARY",
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
        }
    }
}

/// How far a deployment has come. M:ecs Deployment.
///
/// ```text
///  IN_PROGRESS ─┬─> COMPLETED
///               └─> FAILED
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RolloutState {
    /// Its tasks take the places of those before.
    InProgress,
    /// All that were wanted were healthy, and those before were gone.
    Completed,
    /// The circuit breaker has ended it: no more tasks are started.
    Failed,
}

impl RolloutState {
    /// The diagram as a table.
    #[must_use]
    pub const fn may_follow(self, from: Self) -> bool {
        matches!((from, self), (Self::InProgress, Self::Completed | Self::Failed))
    }

    /// AWS's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_goes_forward_only_and_ends_once() {
        for from in TaskStatus::ALL {
            for to in TaskStatus::ALL {
                assert!(!to.may_follow(from) || from < to, "{from:?} -> {to:?}");
            }
        }
        assert!(!TaskStatus::ALL.iter().any(|to| to.may_follow(TaskStatus::Deleted)));
    }

    #[test]
    fn any_unhealthy_container_makes_its_task_so_and_else_any_unknown_one() {
        use HealthStatus::{Healthy, Unhealthy, Unknown};
        assert_eq!(HealthStatus::of_task([Healthy, Unknown, Unhealthy]), Unhealthy);
        assert_eq!(HealthStatus::of_task([Healthy, Unknown]), Unknown);
        assert_eq!(HealthStatus::of_task([Healthy, Healthy]), Healthy);
        assert_eq!(HealthStatus::of_task([]), Unknown);
    }
}
