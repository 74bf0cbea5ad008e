//! A task's life: placed, started, told to end, over, forgotten.

use lunch_contract::Moment;
use lunch_contract::ecs::{DefinitionId, StopReason, TaskId, TaskStatus};

use super::Ecs;
use super::command::{Command, Origin};
use super::container::{ContainerState, Ending, Readiness, is_free, readiness};
use super::refusal::Refusal;
use super::table::Task;
use super::trace::Record;
use super::wake::Owner;
use crate::planted::{self, Bug};

impl Ecs {
    /// A new task, which is placed.
    pub(super) fn launch(&mut self, definition: DefinitionId, origin: Origin) -> Option<TaskId> {
        let kept = self.definitions.get_mut(&definition)?;
        kept.unstopped += 1;
        kept.users += 1;
        let containers = kept.config.containers.len();
        let (index, serial) = self.ids.allocate();
        let id = TaskId { serial, index };
        self.tasks.put(id, Task::new(definition, origin, containers, self.now));
        self.record(Record::Placed { task: id, origin });
        self.command(Command::Place { task: id, definition, origin });
        if self.settings.provisioning.is_zero() {
            self.begin(id);
        } else {
            self.wake_task(id, Some(self.now + self.settings.provisioning));
        }
        Some(id)
    }

    /// The task has its place: its containers are started.
    fn begin(&mut self, id: TaskId) {
        self.shift(id, TaskStatus::Pending);
        self.advance(id);
    }

    /// A task's time has come: it has its place, or its first seconds are over.
    pub(super) fn task_due(&mut self, id: TaskId) {
        let Some(task) = self.tasks.find_mut(id) else { return };
        task.timer = None;
        match task.status {
            TaskStatus::Provisioning => self.begin(id),
            TaskStatus::Running => self.count(id, true),
            TaskStatus::Pending
            | TaskStatus::Activating
            | TaskStatus::Deactivating
            | TaskStatus::Stopping
            | TaskStatus::Deprovisioning
            | TaskStatus::Stopped
            | TaskStatus::Deleted => {}
        }
    }

    pub(super) fn wake_task(&mut self, id: TaskId, at: Option<Moment>) {
        let Some(task) = self.tasks.find_mut(id) else { return };
        let before = core::mem::replace(&mut task.timer, at);
        self.rekey(Owner::Task(id), before, at);
    }

    /// Starts the containers that may start, and sees whether all have been.
    pub(super) fn advance(&mut self, id: TaskId) {
        while let Some((number, readiness)) = self.next_start(id) {
            if readiness == Readiness::Ready {
                self.start(id, number);
                continue;
            }
            self.shift_container(id, number, ContainerState::Ended { how: Ending::NotStarted });
            if self.is_essential(id, number) {
                self.stop(id, StopReason::FailedToStart);
                return;
            }
        }
        let Some(task) = self.tasks.find(id) else { return };
        let is_up = task.status == TaskStatus::Pending
            && task.containers.iter().all(|one| match one.state {
                ContainerState::Running { .. } | ContainerState::Ended { .. } => true,
                ContainerState::Waiting
                | ContainerState::Starting
                | ContainerState::Stopping { .. }
                | ContainerState::Killing { .. } => false,
            });
        if is_up {
            self.come_up(id);
        }
    }

    /// The next container that waits no longer: it may start, or never will. Looks at the task's ten at most.
    fn next_start(&self, id: TaskId) -> Option<(u8, Readiness)> {
        let task = self.tasks.find(id).filter(|task| task.stop.is_none())?;
        if !task.status.is_pending() || task.status == TaskStatus::Provisioning {
            return None;
        }
        let config = &self.definitions.get(&task.definition)?.config;
        let waiting = |(number, one): (usize, &super::container::Container)| {
            let readiness = readiness(config, &task.containers, number);
            (one.state == ContainerState::Waiting && readiness != Readiness::NotYet)
                .then_some((u8::try_from(number).ok()?, readiness))
        };
        task.containers.iter().enumerate().find_map(waiting)
    }

    pub(super) fn is_essential(&self, id: TaskId, number: u8) -> bool {
        let of = |task: &Task| {
            let config = &self.definitions.get(&task.definition)?.config;
            config.containers.get(usize::from(number)).map(|one| one.essential)
        };
        self.tasks.find(id).and_then(of).unwrap_or(true)
    }

    /// All containers have been started: RUNNING.
    fn come_up(&mut self, id: TaskId) {
        self.shift(id, TaskStatus::Activating);
        self.shift(id, TaskStatus::Running);
        let Some(task) = self.tasks.find_mut(id) else { return };
        task.started = Some(self.now);
        let Origin::Service { service, deployment } = task.origin else { return };
        let has_check = self.definitions.get(&task.definition).is_some_and(|one| one.has_check);
        self.came_up(service, deployment);
        if has_check {
            self.weigh(id);
        } else if self.settings.healthy_after.is_zero() {
            self.count(id, true);
        } else {
            self.wake_task(id, Some(self.now + self.settings.healthy_after));
        }
    }

    /// `StopTask`.
    pub(super) fn stop_by_user(&mut self, id: TaskId) -> Result<(), Refusal> {
        self.tasks.find(id).ok_or(Refusal::UnknownTask)?;
        self.stop(id, StopReason::User);
        Ok(())
    }

    /// The task is to end, if it is not ending already. Its service counts it no longer.
    pub(super) fn stop(&mut self, id: TaskId, reason: StopReason) {
        let Some(task) = self.tasks.find_mut(id).filter(|task| task.stop.is_none()) else { return };
        task.stop = Some((self.now, reason));
        let (status, origin, containers) = (task.status, task.origin, task.containers.len());
        self.wake_task(id, None);
        match status {
            TaskStatus::Provisioning => {}
            TaskStatus::Activating | TaskStatus::Running => {
                self.shift(id, TaskStatus::Deactivating);
            }
            TaskStatus::Pending
            | TaskStatus::Deactivating
            | TaskStatus::Stopping
            | TaskStatus::Deprovisioning
            | TaskStatus::Stopped
            | TaskStatus::Deleted => self.shift(id, TaskStatus::Stopping),
        }
        if let Origin::Service { service, deployment } = origin {
            self.left(service, deployment, id, reason);
        }
        if status == TaskStatus::Provisioning {
            for number in 0..u8::try_from(containers).unwrap_or(u8::MAX) {
                self.shift_container(id, number, ContainerState::Ended { how: Ending::NotStarted });
            }
            return self.finish(id);
        }
        if status != TaskStatus::Pending {
            self.shift(id, TaskStatus::Stopping);
        }
        self.wind_down(id);
    }

    /// Asks those containers to end that nobody depends on any more; when all have ended, so has the task.
    pub(super) fn wind_down(&mut self, id: TaskId) {
        while let Some((number, state)) = self.next_stop(id) {
            match state {
                ContainerState::Waiting => {
                    let how = Ending::NotStarted;
                    self.shift_container(id, number, ContainerState::Ended { how });
                }
                ContainerState::Starting | ContainerState::Running { .. } => {
                    self.terminate(id, number);
                }
                ContainerState::Stopping { .. }
                | ContainerState::Killing { .. }
                | ContainerState::Ended { .. } => {}
            }
        }
        let all_ended = |task: &Task| task.containers.iter().all(|one| one.state.is_ended());
        if self.tasks.find(id).is_some_and(all_ended) {
            self.finish(id);
        }
    }

    /// The next container to be told that it is over. Looks at the task's ten at most.
    fn next_stop(&self, id: TaskId) -> Option<(u8, ContainerState)> {
        let task = self.tasks.find(id)?;
        let config = &self.definitions.get(&task.definition)?.config;
        let in_any_order = planted::is(Bug::StopOrderForgotten);
        let to_stop = |(number, one): (usize, &super::container::Container)| {
            let is_up = match one.state {
                ContainerState::Waiting
                | ContainerState::Starting
                | ContainerState::Running { .. } => true,
                ContainerState::Stopping { .. }
                | ContainerState::Killing { .. }
                | ContainerState::Ended { .. } => false,
            };
            let is_next = is_up && (in_any_order || is_free(config, &task.containers, number));
            is_next.then_some((u8::try_from(number).ok()?, one.state))
        };
        task.containers.iter().enumerate().find_map(to_stop)
    }

    /// The task is over: its place is given back, and it is shown for an hour.
    fn finish(&mut self, id: TaskId) {
        self.shift(id, TaskStatus::Deprovisioning);
        self.command(Command::Unplace { task: id });
        self.shift(id, TaskStatus::Stopped);
        let Some(task) = self.tasks.find_mut(id) else { return };
        task.stopped = Some(self.now);
        let (definition, origin) = (task.definition, task.origin);
        self.gone_from_definition(definition);
        if let Origin::Service { service, deployment } = origin {
            self.gone(service, deployment);
        }
        self.stopped.push_back((self.now + self.settings.limits.stopped_shown, id));
        if self.stopped.len() == 1 {
            self.rearm_stopped();
        }
        while self.stopped.len() > self.settings.stopped_max {
            let first = self.stopped.front().copied();
            if let Some((at, task)) = first {
                self.timers.remove((at, Owner::Stopped(task)));
            }
            self.forget_stopped();
        }
    }

    /// The task that has been over for the longest time is shown no longer.
    pub(super) fn forget_stopped(&mut self) {
        let Some((_, id)) = self.stopped.pop_front() else { return };
        self.rearm_stopped();
        self.shift(id, TaskStatus::Deleted);
        let Some(task) = self.tasks.take(id) else { return };
        self.ids.free(id.index);
        self.command(Command::Forget { task: id });
        self.use_no_longer(task.definition);
    }

    /// Arms the end of the hour of the one that has been over for the longest time.
    fn rearm_stopped(&mut self) {
        if let Some((at, id)) = self.stopped.front().copied() {
            self.rekey(Owner::Stopped(id), None, Some(at));
        }
    }

    /// Every task is told to end.
    pub(super) fn end_all(&mut self) {
        let all: alloc::vec::Vec<_> = self.tasks.iter().map(|(id, _)| id).collect();
        let forgotten = usize::from(planted::is(Bug::ShutdownForgetsATask));
        for id in all.into_iter().skip(forgotten) {
            self.stop(id, StopReason::ShutDown);
        }
    }

    /// The one place that changes a task's status.
    fn shift(&mut self, id: TaskId, to: TaskStatus) {
        let Some(task) = self.tasks.find_mut(id) else { return };
        let (from, origin) = (task.status, task.origin);
        let reason = task.stop.map(|(_, reason)| reason);
        if !to.may_follow(from) {
            self.broken.get_or_insert("a task's status follows the diagram");
        }
        task.status = to;
        if let Origin::Service { service, deployment } = origin {
            self.recount(service, deployment, from, to);
        }
        self.record(Record::Task { task: id, from, to, reason });
    }
}
