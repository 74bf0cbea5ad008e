//! The services and tasks of `lunch ps`.

use comfy_table::Table;

use crate::span;
use crate::summary::{plain_table, right_align};
use lunch_host::wire::{Ps, PsTask};

pub(super) fn services(ps: &Ps) -> Table {
    let mut table = plain_table();
    table.set_header(["SERVICE", "DESIRED", "RUNNING", "PENDING", "DEPLOYMENT", "LAST EVENT"]);
    for service in &ps.services {
        let event = service.event.as_ref().map_or_else(
            || "-".to_owned(),
            |(at, text)| format!("{} ago: {text}", span::show(ps.now.since(*at))),
        );
        table.add_row([
            service.name.clone(),
            service.desired.to_string(),
            service.running.to_string(),
            service.pending.to_string(),
            service.rollout.clone(),
            event,
        ]);
    }
    right_align(&mut table, 1..4);
    table
}

pub(super) fn tasks(ps: &Ps) -> Table {
    let mut table = plain_table();
    table.set_header(["TASK", "OF", "STATUS", "HEALTH", "ADDRESS", "FOR", "MEMORY", "PID"]);
    for task in &ps.tasks {
        let pids: Vec<_> = task.pids.iter().map(ToString::to_string).collect();
        table.add_row([
            task.task.clone(),
            task.owner.clone(),
            task.last_status.clone(),
            task.health.clone(),
            task.address.clone(),
            span::show(ps.now.since(task.since)),
            memory(task),
            if pids.is_empty() { "-".to_owned() } else { pids.join(", ") },
        ]);
    }
    right_align(&mut table, 5..7);
    table
}

/// The most that its processes have had, of what it may have.
fn memory(task: &PsTask) -> String {
    let used = task.memory_mb;
    task.memory_size_mb.map_or_else(|| format!("{used} MB"), |size| format!("{used} of {size} MB"))
}
