//! Ids of tasks, services and what belongs to them: dense inside, never reused, short when printed. Names, ARNs and the
//! hexadecimal ids of AWS are the driver's.

use core::fmt;

use serde::{Deserialize, Serialize};

/// A task, from its placement until it is forgotten.
///
/// `index` is dense and is used again; `serial` counts the tasks before it and never comes again. Tasks sort by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskId {
    /// The count of tasks before this one.
    pub serial: u64,
    /// Where the task stands in a table of those that are not forgotten.
    pub index: u32,
}

/// One start of one of a task's containers: a container that is restarted in place has another run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ContainerRun {
    /// Of which task.
    pub task: TaskId,
    /// Which container, by its place in the task definition.
    pub container: u8,
    /// The count of its starts before this one.
    pub run: u32,
}

/// A service from its creation to its deletion: one of the same name is another one. The driver gives it, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServiceId(pub u32);

/// A revision of a task definition. The driver gives it, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DefinitionId(pub u32);

/// A deployment of a service; those of all services are counted together, so they sort by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeploymentId(pub u32);

/// A `RunTask`: the driver's number for it, by which it knows the tasks that come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub u64);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task-{:04}", self.serial)
    }
}

impl fmt::Display for ContainerRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}/{}", self.task, self.container, self.run)
    }
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s-{}", self.0)
    }
}

impl fmt::Display for DefinitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "td-{}", self.0)
    }
}

impl fmt::Display for DeploymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "d-{}", self.0)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "run-{}", self.0)
    }
}
