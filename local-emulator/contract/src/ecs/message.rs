//! What a service says of itself: its events, as data with AWS's own sentences.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::ids::{DeploymentId, ServiceId, TaskId};

/// What stands for an id in AWS's sentences: the driver knows.
pub trait Names {
    /// A service's name, as `burger`.
    fn service(&self, service: ServiceId) -> String;

    /// A task's hexadecimal id.
    fn task(&self, task: TaskId) -> String;

    /// A deployment's id, as `ecs-svc/1234567890123456789`.
    fn deployment(&self, deployment: DeploymentId) -> String;
}

/// An event of a service. D:service-event-messages-list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceMessage {
    /// Tasks were started.
    Started {
        /// Which ones.
        tasks: Vec<TaskId>,
    },
    /// Tasks that were running were told to end.
    Stopped {
        /// Which ones.
        tasks: Vec<TaskId>,
    },
    /// A task's health checks failed.
    HealthChecksFailed {
        /// Whose.
        task: TaskId,
    },
    /// All tasks that are wanted are there and healthy.
    SteadyState,
    /// Tasks end before they reach RUNNING, so starts wait longer and longer.
    UnableToStart,
    /// The percents let neither a task be started nor one be stopped.
    Blocked,
    /// A deployment has replaced all tasks.
    DeploymentCompleted {
        /// Which one.
        deployment: DeploymentId,
    },
    /// The circuit breaker has ended a deployment.
    DeploymentFailed {
        /// Which one.
        deployment: DeploymentId,
    },
    /// Ours: a failed deployment would be rolled back on AWS.
    RollbackNotEmulated {
        /// Which one.
        deployment: DeploymentId,
    },
    /// Ours: a fixed host port lets one task be at a time.
    OneAtATime {
        /// How many are wanted.
        desired: u32,
    },
}

impl ServiceMessage {
    /// The event's `message`. AWS's own, but for the two that say what is not as on AWS.
    #[must_use]
    pub fn text(&self, service: ServiceId, names: &impl Names) -> String {
        let of = format!("(service {})", names.service(service));
        match self {
            Self::Started { tasks } => {
                format!("{of} has started {} tasks: {}.", tasks.len(), list(tasks, names))
            }
            Self::Stopped { tasks } => {
                format!("{of} has stopped {} running tasks: {}.", tasks.len(), list(tasks, names))
            }
            Self::HealthChecksFailed { task } => {
                format!("{of} (task {}) failed container health checks.", names.task(*task))
            }
            Self::SteadyState => format!("{of} has reached a steady state."),
            Self::UnableToStart => {
                format!("{of} is unable to consistently start tasks successfully.")
            }
            Self::Blocked => format!(
                "{of} was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again."
            ),
            Self::DeploymentCompleted { deployment } => {
                format!("{of} (deployment {}) deployment completed.", names.deployment(*deployment))
            }
            Self::DeploymentFailed { deployment } => format!(
                "{of} (deployment {}) deployment failed: tasks failed to start.",
                names.deployment(*deployment)
            ),
            Self::RollbackNotEmulated { deployment } => format!(
                "{of} (deployment {}) would be rolled back on AWS, which is not emulated: update the service.",
                names.deployment(*deployment)
            ),
            Self::OneAtATime { desired } => format!(
                "{of} runs one task at a time, not {desired}, since a host port of its task definition is fixed and cannot be moved."
            ),
        }
    }
}

fn list(tasks: &[TaskId], names: &impl Names) -> String {
    let all: Vec<_> = tasks.iter().map(|task| format!("(task {})", names.task(*task))).collect();
    all.join(" ")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Names as short as can be.
    pub(crate) struct Hall;

    impl Names for Hall {
        fn service(&self, _: ServiceId) -> String {
            "burger".into()
        }

        fn task(&self, task: TaskId) -> String {
            format!("{:04x}", task.serial)
        }

        fn deployment(&self, deployment: DeploymentId) -> String {
            format!("ecs-svc/{}", deployment.0)
        }
    }

    #[test]
    fn a_service_speaks_in_awss_sentences() {
        let tasks = [1, 2].map(|serial| TaskId { serial, index: 0 }).to_vec();
        let deployment = DeploymentId(3);
        let said = [
            ServiceMessage::Started { tasks: tasks.clone() },
            ServiceMessage::Stopped { tasks },
            ServiceMessage::SteadyState,
            ServiceMessage::UnableToStart,
            ServiceMessage::DeploymentFailed { deployment },
        ]
        .map(|message| message.text(ServiceId(0), &Hall));
        let all = [
            "(service burger) has started 2 tasks: (task 0001) (task 0002).",
            "(service burger) has stopped 2 running tasks: (task 0001) (task 0002).",
            "(service burger) has reached a steady state.",
            "(service burger) is unable to consistently start tasks successfully.",
            "(service burger) (deployment ecs-svc/3) deployment failed: tasks failed to start.",
        ];
        assert_eq!(said, all);
    }
}
