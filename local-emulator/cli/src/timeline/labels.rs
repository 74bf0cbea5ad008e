//! What stands to the left of a lane, and to its right.

use lunch_contract::ecs::{Names as _, ServiceId};

use super::View;
use super::lanes::Lane;
use super::tasks::{ContainerLane, TaskLane};

const NAME_MAX: usize = 18;

/// An instance, and its function's name.
pub(super) fn of_instance(lane: &Lane, view: &View<'_>) -> String {
    match lane.function.and_then(|function| view.names.get(&function)) {
        None => lane.instance.to_string(),
        Some(name) => format!("{} {}", lane.instance, short(name)),
    }
}

/// A service.
pub(super) fn of_service(service: ServiceId, view: &View<'_>) -> String {
    format!("service {}", short(&view.tasks.service(service)))
}

/// A task, whose it is, and its container, where that is the only one and is called otherwise.
pub(super) fn of_task(lane: &TaskLane, view: &View<'_>) -> String {
    let Some(owner) = view.tasks.owner(lane.task) else { return lane.task.to_string() };
    let only = match lane.containers.as_slice() {
        [only] => Some(view.tasks.container(lane.task, only.place)),
        _ => None,
    };
    match only.filter(|name| name != owner) {
        Some(name) => format!("{} {}", lane.task, short(&format!("{owner}/{name}"))),
        None => format!("{} {}", lane.task, short(owner)),
    }
}

/// One of several containers.
pub(super) fn of_container(lane: &TaskLane, place: u8, view: &View<'_>) -> String {
    format!("  {}", short(&view.tasks.container(lane.task, place)))
}

/// How a container ended.
pub(super) fn ending(container: &ContainerLane) -> String {
    container.exit_code.map_or_else(String::new, |code| format!("exit {code}"))
}

fn short(name: &str) -> String {
    if name.chars().count() <= NAME_MAX {
        return name.to_owned();
    }
    let short: String = name.chars().take(NAME_MAX - 1).collect();
    format!("{short}…")
}
