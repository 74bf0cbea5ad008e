//! The services and tasks of `lunch ps`.

use std::fmt::Write as _;
use std::time::Duration;

use comfy_table::Table;

use crate::span;
use crate::summary::{plain_table, right_align};
use lunch_host::wire::{Ps, PsTask};

/// So many tasks that are over are shown, the last ones.
const STOPPED: usize = 8;

/// Services, their tasks, those that are over, and, if they are wanted, the services' events.
pub(super) fn write(text: &mut String, ps: &Ps, events: bool) -> std::fmt::Result {
    if !ps.services.is_empty() {
        writeln!(text, "\n{}", services(ps).trim_fmt())?;
    }
    if !ps.tasks.is_empty() {
        writeln!(text, "\n{}", tasks(ps).trim_fmt())?;
    }
    if !ps.stopped_tasks.is_empty() {
        writeln!(text, "\n{}", stopped(ps).trim_fmt())?;
        let more = ps.stopped_tasks.len().saturating_sub(STOPPED);
        if more > 0 {
            writeln!(text, "{more} more tasks are over (`lunch timeline` draws them)")?;
        }
    }
    for service in ps.services.iter().filter(|_| events) {
        writeln!(text, "\nevents of {}:", service.name)?;
        for (at, said) in service.events.iter().rev() {
            writeln!(text, "  {} ago: {said}", span::show(ps.now.since(*at)))?;
        }
    }
    Ok(())
}

fn services(ps: &Ps) -> Table {
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

fn tasks(ps: &Ps) -> Table {
    let mut table = plain_table();
    table.set_header(["TASK", "OF", "STATUS", "HEALTH", "ADDRESS", "FOR", "CPU", "MEMORY", "PID"]);
    for task in &ps.tasks {
        let pids: Vec<_> = task.pids.iter().map(ToString::to_string).collect();
        table.add_row([
            task.task.clone(),
            task.owner.clone(),
            task.last_status.clone(),
            task.health.clone(),
            task.address.clone(),
            span::show(ps.now.since(task.since)),
            span::show(Duration::from_millis(task.cpu_ms)),
            memory(task),
            if pids.is_empty() { "-".to_owned() } else { pids.join(", ") },
        ]);
    }
    right_align(&mut table, 5..8);
    table
}

/// Tasks that are over, with why.
fn stopped(ps: &Ps) -> Table {
    let mut table = plain_table();
    table.set_header(["STOPPED", "OF", "AGO", "MEMORY", "EXIT", "WHY"]);
    for task in ps.stopped_tasks.iter().take(STOPPED) {
        let Some(stopped) = &task.stopped else { continue };
        table.add_row([
            task.task.clone(),
            task.owner.clone(),
            span::show(ps.now.since(stopped.at)),
            memory(task),
            exits(task),
            format!("{}: {}", stopped.code, stopped.reason),
        ]);
    }
    right_align(&mut table, 2..4);
    table
}

/// How its containers ended: `137`, or of several `till 0, grill 137`.
fn exits(task: &PsTask) -> String {
    let several = task.containers.len() > 1;
    let ended = task.containers.iter().filter_map(|one| Some((&one.name, one.exit_code?)));
    let all: Vec<_> = ended
        .map(|(name, code)| if several { format!("{name} {code}") } else { code.to_string() })
        .collect();
    if all.is_empty() { "-".to_owned() } else { all.join(", ") }
}

/// The most that its containers have had, of what it may have.
fn memory(task: &PsTask) -> String {
    let used = task.memory_mb;
    task.memory_size_mb.map_or_else(
        || format!("{used} MB"),
        |size| format!("{used} of {size} MB{}", if used > size { ", too much" } else { "" }),
    )
}
