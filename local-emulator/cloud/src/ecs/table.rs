//! A task and the table of all that are not forgotten, by index.

use alloc::boxed::Box;
use alloc::vec::Vec;

use lunch_contract::Moment;
use lunch_contract::ecs::{
    DefinitionId, DesiredStatus, HealthStatus, StopReason, TaskId, TaskStatus,
};

use super::command::Origin;
use super::container::Container;

#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) definition: DefinitionId,
    pub(super) origin: Origin,
    pub(super) status: TaskStatus,
    pub(super) containers: Vec<Container>,
    pub(super) health: HealthStatus,
    /// Whether its service counts it as healthy.
    pub(super) counts: bool,
    pub(super) created: Moment,
    /// When it came to RUNNING, if it did.
    pub(super) started: Option<Moment>,
    /// Since when and why it is to end, if it is: its desired status is STOPPED.
    pub(super) stop: Option<(Moment, StopReason)>,
    pub(super) stopped: Option<Moment>,
    /// Its one deadline: its place, or its first seconds.
    pub(super) timer: Option<Moment>,
}

impl Task {
    pub(super) fn new(
        definition: DefinitionId,
        origin: Origin,
        containers: usize,
        created: Moment,
    ) -> Self {
        Self {
            definition,
            origin,
            status: TaskStatus::Provisioning,
            containers: (0..containers).map(|_| Container::new()).collect(),
            health: HealthStatus::Unknown,
            counts: false,
            created,
            started: None,
            stop: None,
            stopped: None,
            timer: None,
        }
    }

    pub(super) const fn desired(&self) -> DesiredStatus {
        if self.stop.is_some() { DesiredStatus::Stopped } else { DesiredStatus::Running }
    }
}

/// Boxed, so that the table of those that are gone takes little.
#[derive(Debug, Default)]
pub(super) struct Table(Vec<Option<(TaskId, Box<Task>)>>);

impl Table {
    pub(super) fn put(&mut self, id: TaskId, task: Task) {
        let index = id.index as usize;
        if self.0.len() <= index {
            self.0.resize_with(index + 1, || None);
        }
        self.0[index] = Some((id, Box::new(task)));
    }

    pub(super) fn take(&mut self, id: TaskId) -> Option<Box<Task>> {
        self.0.get_mut(id.index as usize)?.take_if(|(one, _)| *one == id).map(|(_, task)| task)
    }

    pub(super) fn find(&self, id: TaskId) -> Option<&Task> {
        let (one, task) = self.0.get(id.index as usize)?.as_ref()?;
        (*one == id).then_some(&**task)
    }

    pub(super) fn find_mut(&mut self, id: TaskId) -> Option<&mut Task> {
        let (one, task) = self.0.get_mut(id.index as usize)?.as_mut()?;
        (*one == id).then_some(&mut **task)
    }

    /// All of them, in the order of their places.
    pub(super) fn iter(&self) -> impl Iterator<Item = (TaskId, &Task)> {
        self.0.iter().flatten().map(|(id, task)| (*id, &**task))
    }
}
