//! Services and tasks, as who looks reads them, and who logs.

use lunch_contract::ecs::{ContainerRun, TaskId};
use lunch_contract::{InstanceId, Moment};
use serde::{Deserialize, Serialize};

use super::Note;

/// A service, looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PsService {
    /// Its name.
    pub name: String,
    /// Its cluster's.
    pub cluster: String,
    /// `desiredCount`.
    pub desired: u32,
    /// `runningCount`.
    pub running: u32,
    /// `pendingCount`.
    pub pending: u32,
    /// The `rolloutState` of its PRIMARY deployment, AWS's word.
    pub rollout: String,
    /// What it said last, in AWS's words, and when.
    pub event: Option<(Moment, String)>,
    /// What it has said, the newest first, and when: [`PS_EVENTS_MAX`] at most.
    pub events: Vec<(Moment, String)>,
}

/// So many events of a service are shown at most.
pub const PS_EVENTS_MAX: usize = 20;

/// So many tasks that are over are shown at most.
pub const PS_STOPPED_MAX: usize = 100;

/// A task, looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PsTask {
    /// Its name here, as `task-0004`.
    pub task: String,
    /// Its ARN, which ends with its id on AWS.
    pub arn: String,
    /// Its service, else the family of its task definition.
    pub owner: String,
    /// AWS's word.
    pub last_status: String,
    /// AWS's word.
    pub health: String,
    /// Its own address.
    pub address: String,
    /// When it came to RUNNING; before that, when it was made.
    pub since: Moment,
    /// The process ids of its containers that run.
    pub pids: Vec<u32>,
    /// The most memory that each of its containers has had, together, MB in AWS's sense.
    pub memory_mb: u32,
    /// What it may have, which is not enforced here.
    pub memory_size_mb: Option<u32>,
    /// How long its processes that run have been in the processor, ms.
    pub cpu_ms: u64,
    /// Its containers, in the task definition's order.
    pub containers: Vec<PsContainer>,
    /// Why it ended and when, if it is over.
    pub stopped: Option<PsStopped>,
}

/// A task's container, looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PsContainer {
    /// Its name.
    pub name: String,
    /// AWS's word.
    pub last_status: String,
    /// AWS's word.
    pub health: String,
    /// How often it was started again in its place.
    pub restarts: u32,
    /// AWS's `exitCode`, if it has ended.
    pub exit_code: Option<i32>,
}

/// How a task came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PsStopped {
    /// When it was over.
    pub at: Moment,
    /// AWS's `stopCode`.
    pub code: String,
    /// AWS's `stoppedReason`.
    pub reason: String,
}

/// What a line of the timeline is about, by names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AboutTask {
    /// The service, else the family of the task's definition.
    pub owner: String,
    /// The task's id on AWS; `None`: it is about the service, or the task is no longer known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// The container's name, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// AWS's sentence: a service's event, or why the task ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl Note {
    /// The container that it is about, if it is about one.
    #[must_use]
    pub const fn container(&self) -> Option<ContainerRun> {
        match self {
            Self::ContainerNotStarted { run, .. } | Self::ContainerMemoryExceeded { run, .. } => {
                Some(*run)
            }
            Self::EventRetried { .. }
            | Self::EventDropped { .. }
            | Self::EventRecorded { .. }
            | Self::NotStarted { .. }
            | Self::InPlace { .. }
            | Self::LessApart { .. }
            | Self::ExtensionFailed { .. }
            | Self::MemoryExceeded { .. }
            | Self::Forgotten { .. }
            | Self::Advanced { .. }
            | Self::Fault(_) => None,
        }
    }
}

/// The body of `POST /_lunch/scale`: a service is to have so many tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScaleService {
    /// Its name.
    pub service: String,
    /// How many.
    pub desired: u32,
}

/// What it had until then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScaledService {
    /// `desiredCount` before.
    pub before: u32,
}

/// The body of `POST /_lunch/stop`: a task is to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopTask {
    /// Its name here, its id on AWS, or its ARN.
    pub task: String,
}

/// A task that was told to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoppedTask {
    /// Its name here.
    pub task: String,
    /// The service that replaces it, if it is one's.
    pub service: Option<String>,
}

/// Who logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Writer {
    /// An instance.
    Instance(InstanceId),
    /// A task's container.
    Task {
        /// Which task.
        task: TaskId,
    },
}

impl From<InstanceId> for Writer {
    fn from(instance: InstanceId) -> Self {
        Self::Instance(instance)
    }
}

impl Writer {
    /// Its number among its kind: whoever comes later has a higher one.
    #[must_use]
    pub fn serial(self) -> u64 {
        match self {
            Self::Instance(instance) => instance.serial.into(),
            Self::Task { task } => task.serial,
        }
    }
}

impl std::fmt::Display for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Instance(instance) => instance.fmt(f),
            Self::Task { task } => task.fmt(f),
        }
    }
}
