//! A container of a task, from its wait for others to its end.

use lunch_contract::Moment;
use lunch_contract::ecs::{
    ContainerExit, ContainerRun, DependencyCondition, HealthStatus, StartFailure, TaskId,
};
use serde::{Deserialize, Serialize};

use super::config::TaskConfig;

/// Where a container stands, with what it carries. AWS's `lastStatus` of a container is PENDING, RUNNING or STOPPED.
///
/// ```text
///                      ┌── restart ──┐
///                      v             │
///  Waiting ─> Starting ─────> Running ─────┐
///     │          │    │          │         │ it ends
///     │          │    └──────────┤ SIGTERM │
///     │          │               v         │
///     │          │ fails      Stopping ────┤
///     │          │               │ SIGKILL │
///     │          │               v         │
///     │          │            Killing ─────┤
///     v          v                         v
///   Ended <─────────────────────────────────
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContainerState {
    /// For what it depends on, or for its task's place.
    Waiting,
    /// Its process is being started.
    Starting,
    /// Its process runs; perhaps it is being asked for its health.
    Running { since: Moment, checking: bool },
    /// It was asked to end, perhaps before the word of its start.
    Stopping { has_run: bool },
    /// It is being ended.
    Killing { has_run: bool },
    /// There is no process any more.
    Ended { how: Ending },
}

/// Where a container stands, without what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContainerPhase {
    /// It waits for what it depends on, or for its task's place. AWS's PENDING.
    Waiting,
    /// Its process is being started. AWS's PENDING.
    Starting,
    /// Its process runs. AWS's RUNNING.
    Running,
    /// It was asked to end (SIGTERM). AWS's RUNNING.
    Stopping,
    /// It is being ended (SIGKILL). AWS's RUNNING.
    Killing,
    /// There is no process any more. AWS's STOPPED.
    Ended,
}

/// How a container came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It was never to start: its task ended before, or what it depends on cannot come any more.
    NotStarted,
    /// It could not be started.
    StartFailed(StartFailure),
    /// Its process ended.
    Exited(ContainerExit),
}

impl ContainerPhase {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Starting, Self::Running, Self::Stopping, Self::Killing, Self::Ended];

    /// The diagram as a table. The one place that changes a container's state asks it.
    #[must_use]
    pub const fn may_follow(self, from: Self) -> bool {
        match from {
            Self::Waiting => matches!(self, Self::Starting | Self::Ended),
            Self::Starting => matches!(self, Self::Running | Self::Stopping | Self::Ended),
            Self::Running => matches!(self, Self::Starting | Self::Stopping | Self::Ended),
            Self::Stopping => matches!(self, Self::Killing | Self::Ended),
            Self::Killing => matches!(self, Self::Ended),
            Self::Ended => false,
        }
    }

    /// A word for a human.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "asked to end",
            Self::Killing => "being ended",
            Self::Ended => "ended",
        }
    }

    /// AWS's `lastStatus`.
    #[must_use]
    pub const fn status(self) -> &'static str {
        match self {
            Self::Waiting | Self::Starting => "PENDING",
            Self::Running | Self::Stopping | Self::Killing => "RUNNING",
            Self::Ended => "STOPPED",
        }
    }
}

impl ContainerState {
    pub(super) const fn phase(self) -> ContainerPhase {
        match self {
            Self::Waiting => ContainerPhase::Waiting,
            Self::Starting => ContainerPhase::Starting,
            Self::Running { .. } => ContainerPhase::Running,
            Self::Stopping { .. } => ContainerPhase::Stopping,
            Self::Killing { .. } => ContainerPhase::Killing,
            Self::Ended { .. } => ContainerPhase::Ended,
        }
    }

    /// Whether something real is under way, which time alone does not bring to its end.
    pub(super) const fn is_busy(self) -> bool {
        match self {
            Self::Starting | Self::Stopping { .. } | Self::Killing { .. } => true,
            Self::Running { checking, .. } => checking,
            Self::Waiting | Self::Ended { .. } => false,
        }
    }

    pub(super) const fn is_ended(self) -> bool {
        matches!(self, Self::Ended { .. })
    }
}

#[derive(Clone, Debug)]
pub(super) struct Container {
    pub(super) state: ContainerState,
    /// Its starts before this one.
    pub(super) run: u32,
    pub(super) health: HealthStatus,
    /// Checks that failed one after the other.
    pub(super) failures: u32,
    /// The number of its last check, over all its runs.
    pub(super) checks: u32,
    /// When its process ran for the first time, if it did.
    pub(super) started: Option<Moment>,
    pub(super) ended: Option<Moment>,
    /// Its one deadline: a check, a check's timeout, the stop timeout.
    pub(super) timer: Option<Moment>,
}

impl Container {
    pub(super) const fn new() -> Self {
        Self {
            state: ContainerState::Waiting,
            run: 0,
            health: HealthStatus::Unknown,
            failures: 0,
            checks: 0,
            started: None,
            ended: None,
            timer: None,
        }
    }

    pub(super) const fn name(&self, task: TaskId, container: u8) -> ContainerRun {
        ContainerRun { task, container, run: self.run }
    }

    /// What this means to one that waits for it.
    const fn is_to(&self, condition: DependencyCondition) -> Readiness {
        let is_met = match condition {
            DependencyCondition::Start => self.started.is_some(),
            DependencyCondition::Complete => {
                matches!(self.state, ContainerState::Ended { how: Ending::Exited(_) })
            }
            DependencyCondition::Success => matches!(
                self.state,
                ContainerState::Ended { how: Ending::Exited(exit) } if exit.is_success()
            ),
            DependencyCondition::Healthy => {
                matches!(self.health, HealthStatus::Healthy) && !self.state.is_ended()
            }
        };
        match (is_met, self.state.is_ended()) {
            (true, _) => Readiness::Ready,
            (false, true) => Readiness::Never,
            (false, false) => Readiness::NotYet,
        }
    }
}

/// Whether a container may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Readiness {
    Ready,
    NotYet,
    /// Something that it waits for cannot come any more.
    Never,
}

/// Whether the container may start, by all that it depends on.
pub(super) fn readiness(config: &TaskConfig, containers: &[Container], number: usize) -> Readiness {
    let dependencies = config.containers.get(number).map(|one| one.depends_on.as_slice());
    let readiness = dependencies.unwrap_or_default().iter().filter_map(|dependency| {
        containers.get(usize::from(dependency.container)).map(|one| one.is_to(dependency.condition))
    });
    readiness.max().unwrap_or(Readiness::Ready)
}

/// Whether all containers that depend on this one have ended, so that it may be asked to end.
pub(super) fn is_free(config: &TaskConfig, containers: &[Container], number: usize) -> bool {
    let mut others = config.containers.iter().zip(containers);
    others.all(|(other, container)| {
        let depends = other.depends_on.iter().any(|one| usize::from(one.container) == number);
        !depends || container.state.is_ended()
    })
}
