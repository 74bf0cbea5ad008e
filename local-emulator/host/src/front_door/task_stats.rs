//! What containers use, in the shape in which Docker tells it: `/stats` and `/task/stats` of the task metadata endpoint.
//! Only what was measured is in it. Facts 10.

use std::time::Duration;

use lunch_cloud::ecs::{ContainerView, TaskView};
use lunch_contract::Moment;
use serde_json::{Map, Value, json};

use crate::driver::{Driver, Look};

/// What Docker says of a look that there was not.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// What a container uses now; `null`: it does not run.
pub(super) fn of_container(driver: &Driver, view: &ContainerView) -> Value {
    let world = &driver.world;
    let meter = world.containers.meters.of(view.run.task, view.run.container);
    let [before, now] = meter.looks;
    let runs = world.containers.born(view.run).is_some();
    let Some(now) = now.filter(|now| runs && now.run == view.run.run) else { return Value::Null };
    let name = world.book.container(view.run.task, view.run.container);
    let limit = world.memory_limit_mib(view.run).map(|mib| u64::from(mib) * 1_048_576);
    let time = |at: Moment| driver.time_of(at);
    let mut memory = json!({
        "usage": now.usage.memory_kb * 1_024,
        "max_usage": meter.peak_bytes(),
    });
    if let Some(limit) = limit {
        memory["limit"] = json!(limit);
    }
    json!({
        "id": world.book.container_id(view.run),
        "name": name.map(|(container, _)| &container.name),
        "read": time(now.at),
        "preread": before.map_or_else(|| NEVER.to_owned(), |before| time(before.at)),
        "pids_stats": { "current": now.usage.threads },
        "cpu_stats": cpu(&now),
        "precpu_stats": before.as_ref().map_or_else(|| json!({}), cpu),
        "memory_stats": memory,
    })
}

/// What each of a task's containers uses now, by their ids.
pub(super) fn of_task(driver: &Driver, view: &TaskView) -> Value {
    let all = view.containers.iter().filter_map(|one| {
        Some((driver.world.book.container_id(one.run)?, of_container(driver, one)))
    });
    Value::Object(all.collect::<Map<_, _>>())
}

fn cpu(look: &Look) -> Value {
    let mut all = json!({
        "cpu_usage": {
            "total_usage": nanos(look.usage.cpu),
            "usage_in_usermode": nanos(look.usage.user),
            "usage_in_kernelmode": nanos(look.usage.kernel),
        },
    });
    if let Some((system, online)) = look.machine {
        all["system_cpu_usage"] = json!(nanos(system));
        all["online_cpus"] = json!(online);
    }
    all
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
