//! Health checks: when a container is asked, what its answers come to, and when a task counts as healthy.

use lunch_contract::ecs::{
    ContainerRun, HealthStatus, ServiceMessage, StopReason, TaskId, TaskStatus,
};

use super::Ecs;
use super::command::{Command, Origin};
use super::container::ContainerState;
use super::refusal::Refusal;
use super::table::Task;
use super::trace::Record;
use crate::planted::{self, Bug};

impl Ecs {
    /// Arms the next check, an interval from now.
    pub(super) fn await_check(&mut self, id: TaskId, number: u8) {
        let interval = self.config(id, number).and_then(|one| one.health_check);
        if let Some(interval) = interval.map(|check| check.interval) {
            self.wake_container(id, number, Some(self.now + interval));
        }
    }

    /// Asks a container for its health.
    pub(super) fn check(&mut self, id: TaskId, number: u8) {
        let Some(config) = self.config(id, number).and_then(|one| one.health_check) else { return };
        let until = self.now + config.timeout;
        let Some(container) = self.container_mut(id, number) else { return };
        let ContainerState::Running { since, .. } = container.state else { return };
        container.checks += 1;
        let (run, check) = (container.name(id, number), container.checks);
        self.shift_container(id, number, ContainerState::Running { since, checking: true });
        self.wake_container(id, number, Some(until));
        self.command(Command::Check { run, check });
    }

    /// A check has ended by itself.
    pub(super) fn checked(
        &mut self,
        run: ContainerRun,
        check: u32,
        healthy: bool,
    ) -> Result<(), Refusal> {
        let container = self.known(run)?;
        let is_asked = matches!(container.state, ContainerState::Running { checking: true, .. });
        if !is_asked || container.checks != check {
            return Err(Refusal::Gone);
        }
        self.check_over(run.task, run.container, healthy);
        Ok(())
    }

    /// A check has taken too long: it has failed, whatever it would have said.
    pub(super) fn check_timed_out(&mut self, id: TaskId, number: u8) {
        let healthy = planted::is(Bug::TimeoutIsHealthy);
        self.end_check(id, number);
        self.check_over(id, number, healthy);
    }

    fn end_check(&mut self, id: TaskId, number: u8) {
        if let Some(container) = self.container(id, number) {
            let (run, check) = (container.name(id, number), container.checks);
            self.command(Command::EndCheck { run, check });
        }
    }

    /// Nobody wants to know any more.
    pub(super) fn give_up_check(&mut self, id: TaskId, number: u8) {
        let Some(container) = self.container(id, number) else { return };
        if let ContainerState::Running { since, checking: true } = container.state {
            self.end_check(id, number);
            self.shift_container(id, number, ContainerState::Running { since, checking: false });
        }
    }

    fn check_over(&mut self, id: TaskId, number: u8, healthy: bool) {
        let Some(config) = self.config(id, number).and_then(|one| one.health_check) else { return };
        let now = self.now;
        let Some(container) = self.container_mut(id, number) else { return };
        let ContainerState::Running { since, .. } = container.state else { return };
        let is_new = container.health == HealthStatus::Unknown;
        let health = if healthy {
            container.failures = 0;
            HealthStatus::Healthy
        } else if is_new && now < since + config.start_period {
            HealthStatus::Unknown
        } else {
            container.failures += 1;
            let is_enough = container.failures >= config.retries;
            if is_enough { HealthStatus::Unhealthy } else { container.health }
        };
        self.shift_container(id, number, ContainerState::Running { since, checking: false });
        self.await_check(id, number);
        self.set_health(id, number, health);
        self.advance(id);
    }

    /// The one place that changes a container's health, and its task's with it.
    pub(super) fn set_health(&mut self, id: TaskId, number: u8, health: HealthStatus) {
        let Some(container) = self.container_mut(id, number) else { return };
        if core::mem::replace(&mut container.health, health) == health {
            return;
        }
        let run = container.name(id, number);
        self.record(Record::Health { run, health });
        let health = self.tasks.find(id).map(|task| self.health_of(task)).unwrap_or_default();
        if let Some(task) = self.tasks.find_mut(id) {
            task.health = health;
        }
        self.weigh(id);
    }

    /// By its essential containers that have a check. Looks at the task's ten at most.
    fn health_of(&self, task: &Task) -> HealthStatus {
        let Some(definition) = self.definitions.get(&task.definition) else {
            return HealthStatus::Unknown;
        };
        let all = definition.config.containers.iter().zip(&task.containers);
        let asked = all.filter(|(config, _)| config.essential && config.health_check.is_some());
        HealthStatus::of_task(asked.map(|(_, container)| container.health))
    }

    /// What a task's health means to its service: it counts, it does not, or it is replaced.
    pub(super) fn weigh(&mut self, id: TaskId) {
        let Some(task) = self.tasks.find(id).filter(|task| task.stop.is_none()) else { return };
        let Origin::Service { service, .. } = task.origin else { return };
        if !self.definitions.get(&task.definition).is_some_and(|one| one.has_check) {
            return;
        }
        let (health, is_up) = (task.health, task.status == TaskStatus::Running);
        match health {
            HealthStatus::Unhealthy if planted::is(Bug::UnhealthyStays) => {}
            HealthStatus::Unhealthy => {
                self.say(service, ServiceMessage::HealthChecksFailed { task: id });
                self.stop(id, StopReason::HealthChecks);
            }
            HealthStatus::Healthy => self.count(id, is_up),
            HealthStatus::Unknown => self.count(id, false),
        }
    }

    /// Whether its service counts a task as healthy from now on.
    pub(super) fn count(&mut self, id: TaskId, healthy: bool) {
        let Some(task) = self.tasks.find_mut(id).filter(|task| task.stop.is_none()) else { return };
        let Origin::Service { service, deployment } = task.origin else { return };
        if core::mem::replace(&mut task.counts, healthy) != healthy {
            self.record(Record::Counted { task: id, healthy });
            self.counted(service, deployment, id, healthy);
        }
    }
}
