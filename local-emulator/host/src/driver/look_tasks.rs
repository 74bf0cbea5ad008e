//! Looking at services and tasks, and disturbing them.

use lunch_cloud::ecs::{Event, Origin, ServiceConfig, TaskView};
use lunch_contract::ecs::{Names as _, RolloutState, ServiceStatus};

use super::Driver;
use crate::tasks;
use crate::wire::{PsService, PsTask, ScaleService, ScaledService, StopTask, StoppedTask};

impl Driver {
    /// The services, by id.
    pub(super) fn ps_services(&self) -> Vec<PsService> {
        let (ecs, book) = (self.cloud.ecs(), &self.world.book);
        let services = ecs.services().map(|view| {
            let primary = ecs.deployments(view.service).next();
            let event = ecs.events(view.service).next();
            let text =
                |message: &lunch_contract::ecs::ServiceMessage| message.text(view.service, book);
            PsService {
                name: book.service(view.service),
                cluster: book.cluster(view.service).to_owned(),
                desired: view.config.desired,
                running: view.running,
                pending: view.pending,
                rollout: primary.map_or(RolloutState::Completed, |one| one.rollout).name().into(),
                event: event.map(|event| (event.at, text(&event.message))),
            }
        });
        services.collect()
    }

    /// The tasks that are not over, by birth.
    pub(super) fn ps_tasks(&mut self) -> Vec<PsTask> {
        let mut views: Vec<_> =
            self.cloud.ecs().tasks().filter(|view| view.stopped.is_none()).collect();
        views.sort_unstable_by_key(|view| view.task);
        let (book, containers) = (&self.world.book, &mut self.world.containers);
        let shown = views.into_iter().filter_map(|view| {
            let placed = book.task(view.task)?;
            let (served, _) = book.definition(placed.definition)?;
            let runs = view.containers.iter().map(|one| one.run);
            let (mut pids, mut peak_kb) = (Vec::new(), 0);
            for run in runs {
                let Some(running) = containers.running.get_mut(&run) else { continue };
                let Some(pid) = running.pid else { continue };
                pids.push(pid);
                peak_kb += running.memory.peak_kb(pid).unwrap_or_default();
            }
            Some(PsTask {
                task: view.task.to_string(),
                arn: book.task_arn(placed),
                owner: book.owner(view.task)?.to_owned(),
                last_status: view.last_status.name().to_owned(),
                health: view.health.name().to_owned(),
                address: placed.address.to_string(),
                since: view.started.unwrap_or(view.created),
                pids,
                memory_mb: u32::try_from(peak_kb.div_ceil(1_024)).unwrap_or(u32::MAX),
                memory_size_mb: served.definition.memory_mib,
            })
        });
        shown.collect()
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
