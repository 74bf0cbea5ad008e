//! Looking at services and tasks.

use lunch_contract::ecs::{Names as _, RolloutState};

use super::Driver;
use crate::wire::{PsService, PsTask};

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
}
