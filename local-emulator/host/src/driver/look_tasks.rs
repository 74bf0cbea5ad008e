//! Looking at services and tasks, and disturbing them.

use std::time::Duration;

use lunch_cloud::ecs::{
    ContainerView, Ending, Event, Origin, ServiceConfig, ServiceEvent, TaskView,
};
use lunch_contract::ecs::{Names as _, RolloutState, ServiceStatus};

use super::Driver;
use super::world::HostWorld;
use crate::tasks;
use crate::wire::{
    PS_EVENTS_MAX, PS_STOPPED_MAX, PsContainer, PsService, PsStopped, PsTask, ScaleService,
    ScaledService, StopTask, StoppedTask,
};

impl Driver {
    /// The services, by id.
    pub(super) fn ps_services(&self) -> Vec<PsService> {
        let (ecs, book) = (self.cloud.ecs(), &self.world.book);
        let services = ecs.services().map(|view| {
            let primary = ecs.deployments(view.service).next();
            let told = |event: &ServiceEvent| (event.at, event.message.text(view.service, book));
            let events: Vec<_> = ecs.events(view.service).take(PS_EVENTS_MAX).map(told).collect();
            PsService {
                name: book.service(view.service),
                cluster: book.cluster(view.service).to_owned(),
                desired: view.config.desired,
                running: view.running,
                pending: view.pending,
                rollout: primary.map_or(RolloutState::Completed, |one| one.rollout).name().into(),
                event: events.first().cloned(),
                events,
            }
        });
        services.collect()
    }

    /// The tasks that are not over, by birth, and those that are, the last one first.
    pub(super) fn ps_tasks(&self) -> (Vec<PsTask>, Vec<PsTask>) {
        let (mut over, mut living): (Vec<_>, Vec<_>) =
            self.cloud.ecs().tasks().partition(|view| view.stopped.is_some());
        living.sort_unstable_by_key(|view| view.task);
        over.sort_unstable_by_key(|view| std::cmp::Reverse((view.stopped, view.task)));
        over.truncate(PS_STOPPED_MAX);
        let shown =
            |views: Vec<TaskView>| views.iter().filter_map(|view| self.ps_task(view)).collect();
        (shown(living), shown(over))
    }

    fn ps_task(&self, view: &TaskView) -> Option<PsTask> {
        let HostWorld { book, containers, .. } = &self.world;
        let placed = book.task(view.task)?;
        let (served, _) = book.definition(placed.definition)?;
        let running = view.containers.iter().filter_map(|one| containers.running.get(&one.run));
        let meters = view
            .containers
            .iter()
            .map(|one| (one.run, containers.meters.of(view.task, one.run.container)));
        let cpu = meters.clone().filter_map(|(run, meter)| {
            let [_, last] = meter.looks;
            let last = last.filter(|last| last.run == run.run);
            Some(last.filter(|_| containers.running.contains_key(&run))?.usage.cpu)
        });
        let reason = view.stop_reason.zip(view.stopped);
        Some(PsTask {
            task: view.task.to_string(),
            arn: book.task_arn(placed),
            owner: book.owner(view.task)?.to_owned(),
            last_status: view.last_status.name().to_owned(),
            health: view.health.name().to_owned(),
            address: placed.address.to_string(),
            since: view.started.unwrap_or(view.created),
            pids: running.filter_map(|one| one.pid).collect(),
            cpu_ms: u64::try_from(cpu.sum::<Duration>().as_millis()).unwrap_or(u64::MAX),
            memory_mb: meters.map(|(_, meter)| meter.peak_mib()).sum(),
            memory_size_mb: served.definition.memory_mib,
            containers: view.containers.iter().filter_map(|one| self.ps_container(one)).collect(),
            stopped: reason.map(|(reason, at)| PsStopped {
                at,
                code: reason.code().name().to_owned(),
                reason: reason.text(book),
            }),
        })
    }

    fn ps_container(&self, view: &ContainerView) -> Option<PsContainer> {
        let (container, _) = self.world.book.container(view.run.task, view.run.container)?;
        let exit_code = match view.ending {
            Some(Ending::Exited(exit)) => Some(exit.code()),
            Some(Ending::NotStarted | Ending::StartFailed(_)) | None => None,
        };
        Some(PsContainer {
            name: container.name.clone(),
            last_status: view.phase.status().to_owned(),
            health: view.health.name().to_owned(),
            restarts: view.run.run,
            exit_code,
        })
    }

    /// Has a service want so many tasks.
    ///
    /// # Errors
    /// A sentence: there is no such service, or AWS lets none have so many.
    pub(crate) fn scale(&mut self, what: &ScaleService) -> Result<ScaledService, String> {
        let (ecs, book) = (self.cloud.ecs(), &self.world.book);
        let all = ecs.services().filter(|view| view.status == ServiceStatus::Active);
        let all: Vec<_> = all.map(|view| (book.service(view.service), view)).collect();
        let found = all.iter().find(|(name, _)| *name == what.service).map(|(_, view)| *view);
        let view = found.ok_or_else(|| {
            let names: Vec<_> = all.iter().map(|(name, _)| format!("`{name}`")).collect();
            let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            format!("there is no service `{}`\n(there is {there})", what.service)
        })?;
        let config = ServiceConfig { desired: what.desired, ..view.config };
        let event = Event::UpdateService { service: view.service, config, force: false };
        self.tell(event).map_err(|why| tasks::sentence(why).to_owned())?;
        Ok(ScaledService { before: view.config.desired })
    }

    /// Has a task end.
    ///
    /// # Errors
    /// A sentence: there is none of that name that is not over.
    pub(crate) fn stop(&mut self, what: &StopTask) -> Result<StoppedTask, String> {
        let id = what.task.rsplit('/').next().unwrap_or_default();
        let (ecs, book) = (self.cloud.ecs(), &self.world.book);
        let is_meant = |view: &TaskView| {
            view.task.to_string() == id || book.task(view.task).is_some_and(|one| one.id == id)
        };
        let found = ecs.tasks().filter(|view| view.stopped.is_none()).find(is_meant);
        let view = found.ok_or_else(|| {
            format!(
                "there is no task `{}` that is not over\n(`lunch ps` shows who lives)",
                what.task
            )
        })?;
        let service = match view.origin {
            Origin::Service { service, .. } => Some(book.service(service)),
            Origin::Run { .. } => None,
        };
        self.tell(Event::StopTask { task: view.task })
            .map_err(|why| tasks::sentence(why).to_owned())?;
        Ok(StoppedTask { task: view.task.to_string(), service })
    }
}
