//! Everything that the services can ask of the world.

use lunch_contract::ecs::{ContainerRun, DefinitionId, DeploymentId, RunId, ServiceId, TaskId};
use serde::{Deserialize, Serialize};

/// Something to be done, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[must_use = "a command that is not executed is a task that never ends"]
pub enum Command {
    /// A task is there from now on: make its address, its folder, its metadata.
    Place {
        /// Its name from now on.
        task: TaskId,
        /// Of which task definition.
        definition: DefinitionId,
        /// For whom.
        origin: Origin,
    },
    /// Start a container. Answered by `Started`, and later `Exited`, or by `StartFailed`.
    Start {
        /// Its name from now on.
        run: ContainerRun,
        /// Of which task definition.
        definition: DefinitionId,
    },
    /// Ask a container for its health. Answered by `Checked`, unless `EndCheck` comes first.
    Check {
        /// Which container.
        run: ContainerRun,
        /// The check's number.
        check: u32,
    },
    /// That check has taken too long, or nobody wants to know any more: end it. No answer is awaited.
    EndCheck {
        /// Whose.
        run: ContainerRun,
        /// The check's number.
        check: u32,
    },
    /// Ask a container to end (SIGTERM). It may be on its way to its start: then as soon as that is over.
    Terminate {
        /// Which start of it.
        run: ContainerRun,
    },
    /// End a container and all that belongs to it (SIGKILL). `Exited` is awaited.
    Kill {
        /// Which start of it.
        run: ContainerRun,
    },
    /// The task's containers have ended: what was made for it may go. It is still shown.
    Unplace {
        /// Which task.
        task: TaskId,
    },
    /// The task is shown no longer: no later command names it, and nothing can be looked up.
    Forget {
        /// Which task.
        task: TaskId,
    },
    /// The deleted service is shown no longer.
    ForgetService {
        /// Which one.
        service: ServiceId,
    },
}

/// For whom a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// For a `RunTask`.
    Run {
        /// Which one.
        run: RunId,
    },
    /// For a service: it is replaced.
    Service {
        /// Which one.
        service: ServiceId,
        /// By which of its deployments.
        deployment: DeploymentId,
    },
}
