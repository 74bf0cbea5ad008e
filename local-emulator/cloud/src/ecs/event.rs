//! Everything that the world can tell the services.

use lunch_contract::ecs::{
    ContainerExit, ContainerRun, DefinitionId, RunId, ServiceId, StartFailure, TaskId,
};
use serde::{Deserialize, Serialize};

use super::config::{ServiceConfig, TaskConfig};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A revision of a task definition is there from now on (`RegisterTaskDefinition`).
    Register {
        /// Its id, never used before.
        definition: DefinitionId,
        /// What the machine has to know of it.
        config: TaskConfig,
    },
    /// No more services and runs are made of it (`DeregisterTaskDefinition`); those that there are go on.
    Deregister {
        /// Which one.
        definition: DefinitionId,
    },
    /// A service is there from now on.
    CreateService {
        /// Its id, never used before.
        service: ServiceId,
        /// How it is to be.
        config: ServiceConfig,
    },
    /// A service is another one from now on. Another task definition makes a new deployment; another count does not.
    UpdateService {
        /// Which one.
        service: ServiceId,
        /// All of it.
        config: ServiceConfig,
        /// Whether there is a new deployment anyway: `forceNewDeployment`.
        force: bool,
    },
    /// A service goes, and its tasks before it.
    DeleteService {
        /// Which one.
        service: ServiceId,
        /// Whether it goes though it wants tasks.
        force: bool,
    },
    /// Tasks of their own (`RunTask`). Each comes with a `Place`.
    Run {
        /// The driver's number for it.
        run: RunId,
        /// Of which task definition.
        definition: DefinitionId,
        /// How many.
        count: u32,
    },
    /// Somebody wants a task to end (`StopTask`). One that is ending or over stays so.
    StopTask {
        /// Which one.
        task: TaskId,
    },
    /// A container's process runs: the answer to `Start`.
    Started {
        /// Which start it was.
        run: ContainerRun,
    },
    /// A container could not be started: the other answer to `Start`.
    StartFailed {
        /// Which start it was.
        run: ContainerRun,
        /// Why.
        why: StartFailure,
    },
    /// A container's process and all that it left behind have ended.
    Exited {
        /// Which start it was.
        run: ContainerRun,
        /// How.
        exit: ContainerExit,
    },
    /// A container's health check has ended by itself: the answer to `Check`.
    Checked {
        /// Whose.
        run: ContainerRun,
        /// The check's number.
        check: u32,
        /// Whether it ended with status 0.
        healthy: bool,
    },
}
