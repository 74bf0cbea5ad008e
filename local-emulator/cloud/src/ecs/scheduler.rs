//! What is done for a service: one task started or ended after the other, by counts that are kept.

use alloc::vec::Vec;

use lunch_contract::Moment;
use lunch_contract::ecs::{
    DeploymentId, RolloutState, ServiceId, ServiceMessage, ServiceStatus, StopReason, TaskId,
    TaskStatus, breaker_threshold,
};

use super::Ecs;
use super::command::Origin;
use super::service::{Deployment, Place, Service};
use super::trace::Record;
use super::wake::Owner;
use crate::planted::{self, Bug};

/// The next thing to be done for a service.
enum Step {
    /// Start a task of the PRIMARY deployment.
    Start,
    /// End this one.
    Stop(Place),
}

/// Between how many tasks a service moves.
#[derive(Clone, Copy)]
struct Bounds {
    desired: u32,
    least: u32,
    most: u32,
    one_at_a_time: bool,
}

/// No task is older.
const OLDEST: TaskId = TaskId { serial: 0, index: 0 };

impl Ecs {
    /// Does all that is to be done for a service at this moment, and says so.
    pub(super) fn look_after(&mut self, id: ServiceId) {
        if self.shut_down {
            return;
        }
        let (mut started, mut stopped) = (Vec::new(), Vec::new());
        while let Some(step) = self.next_step(id) {
            match step {
                Step::Start => match self.start_one(id) {
                    Some(task) => started.push(task),
                    None => break,
                },
                Step::Stop((deployment, task)) => {
                    let was_running =
                        self.tasks.find(task).is_some_and(|one| one.started.is_some());
                    self.stop(task, StopReason::Scaling { deployment });
                    stopped.extend(was_running.then_some(task));
                }
            }
        }
        if !started.is_empty() {
            self.say(id, ServiceMessage::Started { tasks: started });
        }
        if !stopped.is_empty() {
            self.say(id, ServiceMessage::Stopped { tasks: stopped });
        }
        self.rearm(id);
        self.review(id);
    }

    fn start_one(&mut self, id: ServiceId) -> Option<TaskId> {
        let service = self.services.get_mut(&id)?;
        let deployment = service.primary().0;
        let kept = service.deployments.get_mut(&deployment)?;
        let definition = kept.definition;
        kept.pending += 1;
        kept.unstopped += 1;
        service.unstopped += 1;
        let task = self.launch(definition, Origin::Service { service: id, deployment })?;
        self.services.get_mut(&id)?.unproven.insert((deployment, task));
        Some(task)
    }

    fn bounds(&self, service: &Service) -> Bounds {
        let config = &service.config;
        if service.status != ServiceStatus::Active {
            return Bounds { desired: 0, least: 0, most: 0, one_at_a_time: false };
        }
        if self.is_one_at_a_time(service) && !planted::is(Bug::TwoAtATime) {
            let desired = config.desired.min(1);
            return Bounds { desired, least: 0, most: desired, one_at_a_time: true };
        }
        let desired = config.desired;
        let least = config.percents.least_healthy(desired);
        let least = if planted::is(Bug::MinimumForgotten) { 0 } else { least };
        let most = config.percents.most(desired) + u32::from(planted::is(Bug::OneTooMany));
        Bounds { desired, least, most, one_at_a_time: false }
    }

    /// What is to be done next. A task that does not count as healthy may always be ended; one that does only while
    /// enough others do.
    fn next_step(&self, id: ServiceId) -> Option<Step> {
        let service = self.services.get(&id)?;
        let bounds = self.bounds(service);
        let (primary, deployment) = service.primary();
        let alive = service.alive();
        let old = alive - deployment.alive();
        let stop_old = || oldest_old(service, primary, bounds).map(Step::Stop);
        let stop_new = || oldest_new(service, primary, bounds).map(Step::Stop);
        if alive > bounds.most {
            return stop_old().or_else(stop_new);
        }
        if deployment.alive() > bounds.desired {
            return stop_new();
        }
        if old > bounds.desired.saturating_sub(deployment.healthy)
            && let Some(step) = stop_old()
        {
            return Some(step);
        }
        if deployment.alive() >= bounds.desired || !self.may_start(service) {
            return None;
        }
        if bounds.one_at_a_time {
            let definition = self.definitions.get(&deployment.definition)?;
            let is_free = service.unstopped == 0 && definition.unstopped == 0;
            return if is_free { Some(Step::Start) } else { stop_old() };
        }
        if alive < bounds.most { Some(Step::Start) } else { stop_old() }
    }

    /// Whether the PRIMARY deployment may start tasks at this moment.
    fn may_start(&self, service: &Service) -> bool {
        let (_, deployment) = service.primary();
        service.status == ServiceStatus::Active
            && deployment.rollout != RolloutState::Failed
            && deployment.starts_at() <= self.now
    }

    /// Has the service looked after again when it may start tasks that it may not start yet.
    fn rearm(&mut self, id: ServiceId) {
        let Some(service) = self.services.get(&id) else { return };
        let (_, deployment) = service.primary();
        let wants = deployment.alive() < self.bounds(service).desired
            && deployment.rollout != RolloutState::Failed;
        let wants = wants && !planted::is(Bug::ThrottleNotArmed);
        let at = (wants && deployment.starts_at() > self.now).then(|| deployment.starts_at());
        self.wake_service(id, at);
    }

    pub(super) fn wake_service(&mut self, id: ServiceId, at: Option<Moment>) {
        let Some(service) = self.services.get_mut(&id) else { return };
        let before = core::mem::replace(&mut service.timer, at);
        self.rekey(Owner::Service(id), before, at);
    }

    pub(super) fn service_due(&mut self, id: ServiceId) {
        if let Some(service) = self.services.get_mut(&id) {
            service.timer = None;
            self.mark(id);
        }
    }

    /// Says what the service has come to: completed, steady, blocked, over.
    fn review(&mut self, id: ServiceId) {
        let Some(service) = self.services.get(&id) else { return };
        let bounds = self.bounds(service);
        let (primary, deployment) = service.primary();
        if service.status == ServiceStatus::Draining && service.unstopped == 0 {
            return self.end_service(id);
        }
        if service.status != ServiceStatus::Active {
            return;
        }
        let is_all_there = deployment.healthy == bounds.desired
            && service.alive() == bounds.desired
            && service.unstopped == bounds.desired;
        let is_done = is_all_there && deployment.rollout == RolloutState::InProgress;
        if is_done {
            self.shift_rollout(id, primary, RolloutState::Completed);
            self.say(id, ServiceMessage::DeploymentCompleted { deployment: primary });
        }
        if !is_all_there {
            self.say_if_blocked(id, bounds);
        }
        let Some(service) = self.services.get_mut(&id) else { return };
        let is_steady = is_all_there && service.primary().1.rollout == RolloutState::Completed;
        if is_steady && !core::mem::replace(&mut service.steady, is_steady) {
            self.say(id, ServiceMessage::SteadyState);
        } else {
            service.steady = is_steady;
        }
    }

    /// A rolling update that can neither start a task nor end one, and waits for nothing, says so once.
    fn say_if_blocked(&mut self, id: ServiceId, bounds: Bounds) {
        let Some(service) = self.services.get(&id) else { return };
        let (primary, deployment) = service.primary();
        let is_blocked = !deployment.said_blocked
            && deployment.alive() < bounds.desired
            && service.alive() > deployment.alive()
            && service.unproven.is_empty()
            && service.unstopped == service.alive()
            && self.may_start(service);
        if is_blocked {
            if let Some(deployment) = self.deployment_mut(id, primary) {
                deployment.said_blocked = true;
            }
            self.say(id, ServiceMessage::Blocked);
        }
    }

    pub(super) fn deployment_mut(
        &mut self,
        service: ServiceId,
        deployment: DeploymentId,
    ) -> Option<&mut Deployment> {
        self.services.get_mut(&service)?.deployments.get_mut(&deployment)
    }

    /// The one place that changes how far a deployment has come.
    fn shift_rollout(&mut self, service: ServiceId, deployment: DeploymentId, to: RolloutState) {
        let now = self.now;
        let Some(kept) = self.deployment_mut(service, deployment) else { return };
        let is_legal = to.may_follow(kept.rollout);
        kept.rollout = to;
        kept.updated = now;
        if !is_legal {
            self.broken.get_or_insert("a deployment's rollout follows the diagram");
        }
        self.record(Record::Rollout { service, deployment, to });
    }
}

/// What becomes of a service's tasks.
impl Ecs {
    /// A task went from one status to another: AWS's pending and running are counted by these.
    pub(super) fn recount(
        &mut self,
        service: ServiceId,
        deployment: DeploymentId,
        from: TaskStatus,
        to: TaskStatus,
    ) {
        let Some(kept) = self.deployment_mut(service, deployment) else { return };
        kept.pending += u32::from(to.is_pending());
        kept.pending -= u32::from(from.is_pending());
        kept.running += u32::from(to == TaskStatus::Running);
        kept.running -= u32::from(from == TaskStatus::Running && !planted::is(Bug::RunningLeaks));
    }

    /// A task came to RUNNING: starts are throttled no longer.
    pub(super) fn came_up(&mut self, service: ServiceId, deployment: DeploymentId) {
        let now = self.now;
        if let Some(kept) = self.deployment_mut(service, deployment) {
            kept.failed_starts = 0;
            kept.throttled_until = kept.throttled_until.min(now);
            kept.said_throttled = false;
        }
        self.mark(service);
    }

    /// A task counts as healthy, or no longer.
    pub(super) fn counted(
        &mut self,
        id: ServiceId,
        deployment: DeploymentId,
        task: TaskId,
        healthy: bool,
    ) {
        let Some(service) = self.services.get_mut(&id) else { return };
        let Some(kept) = service.deployments.get_mut(&deployment) else { return };
        if healthy {
            kept.healthy += 1;
            kept.failed = 0;
            service.unproven.remove((deployment, task));
            service.healthy.insert((deployment, task));
        } else {
            kept.healthy -= 1;
            service.healthy.remove((deployment, task));
            service.unproven.insert((deployment, task));
        }
        self.mark(id);
    }

    /// A task is to end: it is no longer one of those that there are to be.
    pub(super) fn left(
        &mut self,
        id: ServiceId,
        deployment: DeploymentId,
        task: TaskId,
        reason: StopReason,
    ) {
        let Some(one) = self.tasks.find_mut(task) else { return };
        let (has_run, created) = (one.started.is_some(), one.created);
        let counted = core::mem::replace(&mut one.counts, false);
        let Some(service) = self.services.get_mut(&id) else { return };
        let Some(kept) = service.deployments.get_mut(&deployment) else { return };
        if counted {
            service.healthy.remove((deployment, task));
            kept.healthy -= 1;
        } else {
            service.unproven.remove((deployment, task));
        }
        match reason {
            StopReason::FailedToStart
            | StopReason::EssentialContainerExited
            | StopReason::HealthChecks => {
                kept.rests_until = kept.rests_until.max(created + self.settings.least_life);
                if !has_run {
                    self.throttle(id, deployment);
                }
                if !has_run || reason == StopReason::HealthChecks {
                    self.count_failure(id, deployment);
                }
            }
            StopReason::Scaling { .. } | StopReason::User | StopReason::ShutDown => {}
        }
        self.mark(id);
    }

    /// A task ended before it came to RUNNING: the next one waits longer. Those of one pause count as one.
    fn throttle(&mut self, id: ServiceId, deployment: DeploymentId) {
        let (now, policy) = (self.now, self.settings.throttle);
        let Some(kept) = self.deployment_mut(id, deployment) else { return };
        if now < kept.throttled_until {
            return;
        }
        kept.failed_starts += 1;
        let pause = policy.pause(kept.failed_starts);
        kept.throttled_until = if planted::is(Bug::ThrottleForgotten) { now } else { now + pause };
        if !pause.is_zero() && !core::mem::replace(&mut kept.said_throttled, true) {
            self.say(id, ServiceMessage::UnableToStart);
        }
    }

    /// A task failed: enough of them in a row end a deployment whose service has a circuit breaker.
    fn count_failure(&mut self, id: ServiceId, deployment: DeploymentId) {
        let Some(service) = self.services.get_mut(&id) else { return };
        let (desired, breaker) = (service.config.desired, service.config.breaker);
        let is_primary = service.primary().0 == deployment;
        let Some(kept) = service.deployments.get_mut(&deployment) else { return };
        if kept.rollout != RolloutState::InProgress {
            return;
        }
        kept.failed += 1;
        let late = u32::from(planted::is(Bug::BreakerTooLate));
        let Some(breaker) = breaker.filter(|_| is_primary) else { return };
        if kept.failed >= breaker_threshold(desired) + late {
            self.shift_rollout(id, deployment, RolloutState::Failed);
            self.say(id, ServiceMessage::DeploymentFailed { deployment });
            if breaker.rollback {
                self.say(id, ServiceMessage::RollbackNotEmulated { deployment });
            }
        }
    }

    /// A task is over.
    pub(super) fn gone(&mut self, id: ServiceId, deployment: DeploymentId) {
        let Some(service) = self.services.get_mut(&id) else { return };
        service.unstopped -= 1;
        if let Some(kept) = service.deployments.get_mut(&deployment) {
            kept.unstopped -= 1;
        }
        self.drop_if_empty(id, deployment);
        self.mark(id);
    }
}

/// The oldest task of an older deployment that may be ended; those first that do not count as healthy.
fn oldest_old(service: &Service, primary: DeploymentId, bounds: Bounds) -> Option<Place> {
    let before = ..(primary, OLDEST);
    let unproven = service.unproven.first_in(before);
    let has_spare = service.count_healthy() > bounds.least;
    unproven.or_else(|| has_spare.then(|| service.healthy.first_in(before)).flatten())
}

/// The oldest task of the PRIMARY deployment that may be ended.
fn oldest_new(service: &Service, primary: DeploymentId, bounds: Bounds) -> Option<Place> {
    let from = (primary, OLDEST)..;
    let unproven = service.unproven.first_in(from.clone());
    let healthy = service.healthy.first_in(from);
    let has_spare = service.count_healthy() > bounds.least;
    match (unproven, healthy.filter(|_| has_spare)) {
        (Some(unproven), Some(healthy)) => Some(unproven.min(healthy)),
        (unproven, healthy) => unproven.or(healthy),
    }
}
