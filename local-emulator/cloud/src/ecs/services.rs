//! What people want: task definitions, services, tasks of their own.

use alloc::collections::BTreeSet;

use lunch_contract::ecs::{
    DefinitionId, DeploymentId, RunId, ServiceId, ServiceMessage, ServiceStatus,
};

use super::Ecs;
use super::command::{Command, Origin};
use super::config::{ServiceConfig, TaskConfig};
use super::refusal::Refusal;
use super::service::{Definition, Deployment, Service};
use super::trace::Record;
use super::wake::Owner;

impl Ecs {
    pub(super) fn register(&mut self, id: DefinitionId, config: TaskConfig) -> Result<(), Refusal> {
        if self.definitions.contains_key(&id) {
            return Err(Refusal::DefinitionInUse);
        }
        config.check(&self.settings.limits)?;
        let definition = Definition {
            has_check: config.has_check(),
            config,
            deregistered: false,
            users: 0,
            unstopped: 0,
            services: BTreeSet::new(),
        };
        self.definitions.insert(id, definition);
        Ok(())
    }

    pub(super) fn deregister(&mut self, id: DefinitionId) -> Result<(), Refusal> {
        let definition = self.definitions.get_mut(&id).filter(|one| !one.deregistered);
        definition.ok_or(Refusal::UnknownDefinition)?.deregistered = true;
        self.drop_if_unused(id);
        Ok(())
    }

    fn usable(&self, id: DefinitionId) -> Result<&Definition, Refusal> {
        let definition = self.definitions.get(&id).filter(|one| !one.deregistered);
        definition.ok_or(Refusal::UnknownDefinition)
    }

    /// A task is forgotten or a deployment is gone: its definition may be too.
    pub(super) fn use_no_longer(&mut self, id: DefinitionId) {
        if let Some(definition) = self.definitions.get_mut(&id) {
            definition.users -= 1;
        }
        self.drop_if_unused(id);
    }

    fn drop_if_unused(&mut self, id: DefinitionId) {
        if self.definitions.get(&id).is_some_and(|one| one.deregistered && one.users == 0) {
            self.definitions.remove(&id);
        }
    }

    /// A task is over: where only one can be at a time, who waits may have his now.
    pub(super) fn gone_from_definition(&mut self, id: DefinitionId) {
        let Some(definition) = self.definitions.get_mut(&id) else { return };
        definition.unstopped -= 1;
        if definition.config.one_at_a_time {
            // Services that share a definition with a fixed port are few: they get in each other's way.
            let waiting = definition.services.clone();
            for service in waiting {
                self.mark(service);
            }
        }
    }

    fn is_possible(&self, config: &ServiceConfig) -> Result<(), Refusal> {
        if self.shut_down {
            return Err(Refusal::ShutDown);
        }
        if config.desired > self.settings.limits.desired_max {
            return Err(Refusal::DesiredOutOfRange);
        }
        if !config.percents.are_possible() {
            return Err(Refusal::ImpossiblePercents);
        }
        Ok(())
    }

    pub(super) fn create(&mut self, id: ServiceId, config: ServiceConfig) -> Result<(), Refusal> {
        if self.services.contains_key(&id) {
            return Err(Refusal::ServiceInUse);
        }
        self.is_possible(&config)?;
        self.usable(config.definition)?;
        self.services.insert(id, Service::new(config, self.now));
        self.deploy(id, config.definition);
        self.say_if_one_at_a_time(id);
        Ok(())
    }

    pub(super) fn update(
        &mut self,
        id: ServiceId,
        config: ServiceConfig,
        force: bool,
    ) -> Result<(), Refusal> {
        let service = self.services.get(&id).ok_or(Refusal::UnknownService)?;
        if service.status != ServiceStatus::Active {
            return Err(Refusal::ServiceNotActive);
        }
        self.is_possible(&config)?;
        let before = service.config;
        let is_new = force || before.definition != config.definition;
        if is_new {
            self.usable(config.definition)?;
        }
        if let Some(service) = self.services.get_mut(&id) {
            service.config = config;
        }
        if is_new {
            self.deploy(id, config.definition);
        }
        if is_new || before.desired != config.desired {
            self.say_if_one_at_a_time(id);
        }
        self.mark(id);
        Ok(())
    }

    pub(super) fn delete(&mut self, id: ServiceId, force: bool) -> Result<(), Refusal> {
        let service = self.services.get_mut(&id).ok_or(Refusal::UnknownService)?;
        if service.status != ServiceStatus::Active {
            return Err(Refusal::ServiceNotActive);
        }
        if service.config.desired > 0 && !force {
            return Err(Refusal::ScaledAboveZero);
        }
        service.config.desired = 0;
        self.shift_service(id, ServiceStatus::Draining);
        self.mark(id);
        Ok(())
    }

    pub(super) fn run(
        &mut self,
        run: RunId,
        definition: DefinitionId,
        count: u32,
    ) -> Result<(), Refusal> {
        if self.shut_down {
            return Err(Refusal::ShutDown);
        }
        if count == 0 || count > self.settings.limits.run_max {
            return Err(Refusal::CountOutOfRange);
        }
        let kept = self.usable(definition)?;
        if kept.config.one_at_a_time && (kept.unstopped > 0 || count > 1) {
            return Err(Refusal::OneAtATime);
        }
        for _ in 0..count {
            self.launch(definition, Origin::Run { run });
        }
        Ok(())
    }

    /// A new deployment is PRIMARY from now on.
    fn deploy(&mut self, id: ServiceId, definition: DefinitionId) {
        let deployment = DeploymentId(self.deployments);
        self.deployments += 1;
        let now = self.now;
        let Some(service) = self.services.get_mut(&id) else { return };
        let before = service.deployments.last_key_value().map(|(id, one)| (*id, one.definition));
        service.deployments.insert(deployment, Deployment::new(definition, now));
        service.steady = false;
        if let Some((_, before)) = before
            && let Some(kept) = self.definitions.get_mut(&before)
        {
            kept.services.remove(&id);
        }
        if let Some(kept) = self.definitions.get_mut(&definition) {
            kept.services.insert(id);
            kept.users += 1;
        }
        self.record(Record::Deployed { service: id, deployment });
        if let Some((before, _)) = before {
            self.drop_if_empty(id, before);
        }
        self.wake_service(id, None);
        self.mark(id);
    }

    /// An older deployment without tasks is INACTIVE, and shown no more.
    pub(super) fn drop_if_empty(&mut self, id: ServiceId, deployment: DeploymentId) {
        let Some(service) = self.services.get_mut(&id) else { return };
        let is_primary = service.primary().0 == deployment;
        let is_empty = service.deployments.get(&deployment).is_some_and(|one| one.unstopped == 0);
        if is_primary || !is_empty {
            return;
        }
        let gone = service.deployments.remove(&deployment);
        self.record(Record::DeploymentGone { service: id, deployment });
        if let Some(gone) = gone {
            self.use_no_longer(gone.definition);
        }
    }

    fn say_if_one_at_a_time(&mut self, id: ServiceId) {
        let Some(service) = self.services.get(&id) else { return };
        let desired = service.config.desired;
        if self.is_one_at_a_time(service) && desired > 1 {
            self.say(id, ServiceMessage::OneAtATime { desired });
        }
    }

    pub(super) fn is_one_at_a_time(&self, service: &Service) -> bool {
        let definition = self.definitions.get(&service.primary().1.definition);
        definition.is_some_and(|one| one.config.one_at_a_time)
    }

    /// The one place that changes a service's status.
    pub(super) fn shift_service(&mut self, id: ServiceId, to: ServiceStatus) {
        let Some(service) = self.services.get_mut(&id) else { return };
        if !to.may_follow(service.status) {
            self.broken.get_or_insert("a service's status follows the diagram");
        }
        service.status = to;
        self.record(Record::Service { service: id, to });
    }

    /// The service has no tasks any more: it is shown for an hour.
    pub(super) fn end_service(&mut self, id: ServiceId) {
        self.shift_service(id, ServiceStatus::Inactive);
        self.wake_service(id, None);
        let until = self.now + self.settings.limits.stopped_shown;
        self.inactive.push_back((until, id));
        if self.inactive.len() == 1 {
            self.rearm_inactive();
        }
    }

    pub(super) fn forget_inactive(&mut self) {
        let Some((_, id)) = self.inactive.pop_front() else { return };
        self.rearm_inactive();
        let Some(service) = self.services.remove(&id) else { return };
        for deployment in service.deployments.values() {
            if let Some(kept) = self.definitions.get_mut(&deployment.definition) {
                kept.services.remove(&id);
            }
            self.use_no_longer(deployment.definition);
        }
        self.command(Command::ForgetService { service: id });
    }

    fn rearm_inactive(&mut self) {
        if let Some((at, id)) = self.inactive.front().copied() {
            self.rekey(Owner::Inactive(id), None, Some(at));
        }
    }
}
