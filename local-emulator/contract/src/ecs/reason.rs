//! Why a task ended and how its containers did, as data with AWS's own words.

use alloc::format;
use alloc::string::{String, ToString as _};

use serde::{Deserialize, Serialize};

use super::ids::DeploymentId;
use super::message::Names;
use super::status::StopCode;
use crate::outcome::{Exit, SpawnFailure};

/// Who or what ended a task: its `stopCode` and its `stoppedReason`. D:stopped-task-error-codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// A container without which it cannot be was not started, or what it depended on never came.
    FailedToStart,
    /// A container without which it cannot be has ended, be it with status 0.
    EssentialContainerExited,
    /// Its health checks failed, and it belongs to a service.
    HealthChecks,
    /// The service wants fewer tasks, or others.
    Scaling {
        /// By which deployment it was wanted until then.
        deployment: DeploymentId,
    },
    /// `StopTask`. The caller's own reason is the driver's to keep.
    User,
    /// The cloud ends.
    ShutDown,
}

impl StopReason {
    /// AWS's code for it.
    #[must_use]
    pub const fn code(self) -> StopCode {
        match self {
            Self::FailedToStart => StopCode::TaskFailedToStart,
            Self::EssentialContainerExited => StopCode::EssentialContainerExited,
            Self::HealthChecks | Self::Scaling { .. } => StopCode::ServiceSchedulerInitiated,
            Self::User => StopCode::UserInitiated,
            Self::ShutDown => StopCode::TerminationNotice,
        }
    }

    /// AWS's sentence for it. That of a `StopTask` without a reason is (unsure); that of the cloud's end is ours.
    #[must_use]
    pub fn text(self, names: &impl Names) -> String {
        match self {
            Self::FailedToStart => "Task failed to start".into(),
            Self::EssentialContainerExited => "Essential container in task exited".into(),
            Self::HealthChecks => "Task failed container health checks".into(),
            Self::Scaling { deployment } => format!(
                "Scaling activity initiated by (deployment {})",
                names.deployment(deployment)
            ),
            Self::User => "Task stopped by user".into(),
            Self::ShutDown => "lunch was shut down".into(),
        }
    }
}

/// How a container's process ended, and what is known of why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ContainerExit {
    /// By itself or by a signal.
    pub exit: Exit,
    /// Whether it was ended for using more memory than it may.
    pub out_of_memory: bool,
}

impl From<Exit> for ContainerExit {
    fn from(exit: Exit) -> Self {
        Self { exit, out_of_memory: false }
    }
}

impl ContainerExit {
    /// `exitCode` as AWS shows it: 128 and the signal's number where it was ended by one, 137 for SIGKILL.
    #[must_use]
    pub const fn code(self) -> i32 {
        match self.exit {
            Exit::Code(code) => code,
            Exit::Signal(signal) => 128_i32.saturating_add(signal),
        }
    }

    /// Whether it ended with status 0.
    #[must_use]
    pub const fn is_success(self) -> bool {
        self.code() == 0
    }

    /// The container's `reason`, where AWS gives one.
    #[must_use]
    pub const fn reason(self) -> Option<&'static str> {
        if self.out_of_memory {
            Some("OutOfMemoryError: Container killed due to memory usage")
        } else {
            None
        }
    }
}

/// Why a container was not started. The driver holds the sentence for a human.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartFailure {
    /// Its image is not there.
    CannotPull,
    /// It could not be made of its image.
    CannotCreate,
    /// Its program could not be started.
    CannotStart(SpawnFailure),
    /// What its task needs was not there: a secret, a port, a folder.
    Resources,
}

impl StartFailure {
    /// AWS's name for it. D:stopped-task-error-codes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CannotPull => "CannotPullContainerError",
            Self::CannotCreate => "CannotCreateContainerError",
            Self::CannotStart(_) => "CannotStartContainerError",
            Self::Resources => "ResourceInitializationError",
        }
    }

    /// The container's `reason`: AWS's name and the driver's sentence.
    #[must_use]
    pub fn reason(self, sentence: &str) -> String {
        if sentence.is_empty() {
            self.name().to_string()
        } else {
            format!("{}: {sentence}", self.name())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecs::message::tests::Hall;

    #[test]
    fn a_reason_has_awss_code_and_sentence() {
        let scaling = StopReason::Scaling { deployment: DeploymentId(7) };
        assert_eq!(scaling.code().name(), "ServiceSchedulerInitiated");
        assert_eq!(scaling.text(&Hall), "Scaling activity initiated by (deployment ecs-svc/7)");
        assert_eq!(StopReason::HealthChecks.text(&Hall), "Task failed container health checks");
        let exited = StopReason::EssentialContainerExited;
        assert_eq!(exited.text(&Hall), "Essential container in task exited");
    }

    #[test]
    fn an_exit_by_a_signal_is_128_and_its_number() {
        let killed = ContainerExit { exit: Exit::Signal(9), out_of_memory: true };
        assert_eq!(killed.code(), 137);
        assert_eq!(killed.reason(), Some("OutOfMemoryError: Container killed due to memory usage"));
        assert_eq!(ContainerExit::from(Exit::Code(3)).code(), 3);
    }

    #[test]
    fn a_container_that_was_not_started_says_why() {
        let why = StartFailure::CannotStart(SpawnFailure::Missing);
        assert_eq!(why.reason("no `burger`"), "CannotStartContainerError: no `burger`");
        assert_eq!(StartFailure::CannotPull.reason(""), "CannotPullContainerError");
    }
}
