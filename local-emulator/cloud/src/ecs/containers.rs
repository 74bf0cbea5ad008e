//! What the world says of containers, and what is asked of them.

use lunch_contract::Moment;
use lunch_contract::ecs::{
    ContainerExit, ContainerRun, HealthStatus, StartFailure, StopReason, TaskId, TaskStatus,
};

use super::Ecs;
use super::command::Command;
use super::config::ContainerConfig;
use super::container::{Container, ContainerState, Ending};
use super::refusal::Refusal;
use super::trace::Record;
use super::wake::Owner;
use crate::planted::{self, Bug};

impl Ecs {
    pub(super) fn container(&self, id: TaskId, number: u8) -> Option<&Container> {
        self.tasks.find(id)?.containers.get(usize::from(number))
    }

    pub(super) fn container_mut(&mut self, id: TaskId, number: u8) -> Option<&mut Container> {
        self.tasks.find_mut(id)?.containers.get_mut(usize::from(number))
    }

    pub(super) fn config(&self, id: TaskId, number: u8) -> Option<&ContainerConfig> {
        let definition = self.tasks.find(id)?.definition;
        self.definitions.get(&definition)?.config.containers.get(usize::from(number))
    }

    /// The container whose present start that is, unless it has ended.
    pub(super) fn known(&self, run: ContainerRun) -> Result<&Container, Refusal> {
        let container = self.container(run.task, run.container).ok_or(Refusal::Gone)?;
        let is_it = container.run == run.run || planted::is(Bug::StaleRun);
        let is_up = match container.state {
            ContainerState::Waiting | ContainerState::Ended { .. } => false,
            ContainerState::Starting
            | ContainerState::Running { .. }
            | ContainerState::Stopping { .. }
            | ContainerState::Killing { .. } => true,
        };
        if is_it && is_up { Ok(container) } else { Err(Refusal::Gone) }
    }

    pub(super) fn wake_container(&mut self, id: TaskId, number: u8, at: Option<Moment>) {
        let Some(container) = self.container_mut(id, number) else { return };
        let before = core::mem::replace(&mut container.timer, at);
        self.rekey(Owner::Container(id, number), before, at);
    }

    /// Has a container started, for the first time or again.
    pub(super) fn start(&mut self, id: TaskId, number: u8) {
        let Some(definition) = self.tasks.find(id).map(|task| task.definition) else { return };
        self.shift_container(id, number, ContainerState::Starting);
        let Some(container) = self.container(id, number) else { return };
        let run = container.name(id, number);
        self.command(Command::Start { run, definition });
    }

    /// A container's process runs. It may have been asked to end before.
    pub(super) fn started(&mut self, run: ContainerRun) -> Result<(), Refusal> {
        let (id, number, now) = (run.task, run.container, self.now);
        let to = match self.known(run)?.state {
            ContainerState::Starting => ContainerState::Running { since: now, checking: false },
            ContainerState::Stopping { has_run: false } => {
                ContainerState::Stopping { has_run: true }
            }
            ContainerState::Killing { has_run: false } => ContainerState::Killing { has_run: true },
            ContainerState::Waiting
            | ContainerState::Running { .. }
            | ContainerState::Stopping { has_run: true }
            | ContainerState::Killing { has_run: true }
            | ContainerState::Ended { .. } => return Err(Refusal::Gone),
        };
        if let Some(container) = self.container_mut(id, number) {
            container.started.get_or_insert(now);
        }
        self.shift_container(id, number, to);
        if matches!(to, ContainerState::Running { .. }) {
            self.await_check(id, number);
            self.advance(id);
        }
        Ok(())
    }

    /// A container could not be started.
    pub(super) fn start_failed(
        &mut self,
        run: ContainerRun,
        why: StartFailure,
    ) -> Result<(), Refusal> {
        match self.known(run)?.state {
            ContainerState::Starting
            | ContainerState::Stopping { has_run: false }
            | ContainerState::Killing { has_run: false } => {}
            ContainerState::Waiting
            | ContainerState::Running { .. }
            | ContainerState::Stopping { has_run: true }
            | ContainerState::Killing { has_run: true }
            | ContainerState::Ended { .. } => return Err(Refusal::Gone),
        }
        self.container_ended(run, Ending::StartFailed(why));
        Ok(())
    }

    /// A container's process has ended: it is started again in place, or its task goes on without it, or ends.
    pub(super) fn exited(&mut self, run: ContainerRun, exit: ContainerExit) -> Result<(), Refusal> {
        if matches!(self.known(run)?.state, ContainerState::Starting) {
            // So short was its life that its end came before the word of it.
            self.started(run)?;
        }
        self.record(Record::Exited { run, exit });
        if self.restarts(run, exit) {
            self.restart(run.task, run.container);
        } else {
            self.container_ended(run, Ending::Exited(exit));
        }
        Ok(())
    }

    fn restarts(&self, run: ContainerRun, exit: ContainerExit) -> bool {
        let is_ending = self.tasks.find(run.task).is_none_or(|task| task.stop.is_some());
        let Some(container) = self.container(run.task, run.container) else { return false };
        let ContainerState::Running { since, .. } = container.state else { return false };
        let policy = self.config(run.task, run.container).and_then(|one| one.restart.as_ref());
        policy.is_some_and(|policy| {
            !is_ending
                && !policy.ignored_exit_codes.contains(&exit.code())
                && self.now.since(since) >= policy.attempt_period
        })
    }

    fn restart(&mut self, id: TaskId, number: u8) {
        self.give_up_check(id, number);
        self.wake_container(id, number, None);
        if let Some(container) = self.container_mut(id, number) {
            container.failures = 0;
            container.run += 1;
        }
        self.set_health(id, number, HealthStatus::Unknown);
        self.start(id, number);
    }

    fn container_ended(&mut self, run: ContainerRun, how: Ending) {
        let (id, number, now) = (run.task, run.container, self.now);
        self.give_up_check(id, number);
        self.wake_container(id, number, None);
        self.shift_container(id, number, ContainerState::Ended { how });
        if let Some(container) = self.container_mut(id, number) {
            container.ended = Some(now);
        }
        let Some(task) = self.tasks.find(id) else { return };
        let has_run = task.status == TaskStatus::Running;
        if task.stop.is_some() {
            self.wind_down(id);
        } else if self.is_essential(id, number) {
            let reason = match how {
                Ending::StartFailed(_) if !has_run => StopReason::FailedToStart,
                Ending::StartFailed(_) | Ending::Exited(_) | Ending::NotStarted => {
                    StopReason::EssentialContainerExited
                }
            };
            self.stop(id, reason);
        } else {
            self.advance(id);
        }
    }

    /// Asks a container to end, and arms its stop timeout.
    pub(super) fn terminate(&mut self, id: TaskId, number: u8) {
        let grace = self.config(id, number).map(|one| one.stop_timeout).unwrap_or_default();
        let grace = if planted::is(Bug::KilledTooSoon) { grace / 2 } else { grace };
        self.give_up_check(id, number);
        let state = self.container(id, number).map(|one| one.state);
        let has_run = matches!(state, Some(ContainerState::Running { .. }));
        self.shift_container(id, number, ContainerState::Stopping { has_run });
        self.wake_container(id, number, Some(self.now + grace));
        if let Some(container) = self.container(id, number) {
            let run = container.name(id, number);
            self.command(Command::Terminate { run });
        }
    }

    /// A container's time has come.
    pub(super) fn container_due(&mut self, id: TaskId, number: u8) {
        let Some(container) = self.container_mut(id, number) else { return };
        container.timer = None;
        let (state, run) = (container.state, container.name(id, number));
        match state {
            ContainerState::Running { checking: false, .. } => self.check(id, number),
            ContainerState::Running { checking: true, .. } => self.check_timed_out(id, number),
            ContainerState::Stopping { has_run } => {
                self.shift_container(id, number, ContainerState::Killing { has_run });
                self.command(Command::Kill { run });
            }
            ContainerState::Waiting
            | ContainerState::Starting
            | ContainerState::Killing { .. }
            | ContainerState::Ended { .. } => {}
        }
    }

    /// The one place that changes a container's state.
    pub(super) fn shift_container(&mut self, id: TaskId, number: u8, to: ContainerState) {
        let Some(container) = self.container_mut(id, number) else { return };
        let before = core::mem::replace(&mut container.state, to);
        let (run, from, phase) = (container.name(id, number), before.phase(), to.phase());
        self.busy += usize::from(to.is_busy());
        self.busy -= usize::from(before.is_busy());
        if from == phase {
            return;
        }
        if !phase.may_follow(from) {
            self.broken.get_or_insert("a container's state follows the diagram");
        }
        self.record(Record::Container { run, from, to: phase });
    }
}
