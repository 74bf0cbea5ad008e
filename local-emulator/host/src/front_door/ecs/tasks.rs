//! The calls about tasks that there are.

use lunch_cloud::ecs::{Event, TaskView};
use lunch_contract::ecs::{ApiError, DesiredStatus};
use serde_json::json;

use super::members::nothing_else;
use super::page::{Wanted, page};
use super::{Done, cluster, invalid, missing, refused, services, shapes, shown};
use crate::driver::Driver;

/// So many tasks are described at once. M:ecs DescribeTasks.
const DESCRIBED_MAX: usize = 100;

/// StopTask: one that is ending or over stays so.
pub(super) fn stop(driver: &mut Driver, asked: shapes::StopTask) -> Done {
    nothing_else(asked.others, "")?;
    let cluster = cluster(driver, asked.cluster.as_deref())?;
    let named = asked.task.ok_or_else(|| ApiError::missing("task"))?;
    let task = driver.world.book.task_named(&cluster, &named);
    let view = task.and_then(|task| driver.cloud.ecs().task(task)).ok_or_else(ApiError::no_task)?;
    if let Some(reason) = asked.reason.filter(|_| view.stop_reason.is_none()) {
        driver.world.book.note_stop(view.task, reason);
    }
    driver.tell(Event::StopTask { task: view.task }).map_err(refused)?;
    let view = driver.cloud.ecs().task(view.task).ok_or_else(ApiError::no_task)?;
    let task = shown::task(driver, &view).ok_or_else(ApiError::no_task)?;
    Ok(json!({ "task": task }))
}

/// DescribeTasks.
pub(super) fn describe(driver: &Driver, asked: shapes::DescribeTasks) -> Done {
    nothing_else(asked.others, "")?;
    let cluster = cluster(driver, asked.cluster.as_deref())?;
    let all = asked.tasks.unwrap_or_default();
    // The texts are from memory (unsure).
    if all.is_empty() {
        return Err(invalid("Tasks cannot be empty."));
    }
    if all.len() > DESCRIBED_MAX {
        return Err(invalid(format!("At most {DESCRIBED_MAX} tasks are described at once.")));
    }
    let (mut tasks, mut failures) = (Vec::new(), Vec::new());
    for named in all {
        let task = driver.world.book.task_named(&cluster, &named);
        let view = task.and_then(|task| driver.cloud.ecs().task(task));
        match view.and_then(|view| shown::task(driver, &view)) {
            Some(task) => tasks.push(task),
            None => {
                let id = named.rsplit('/').next().unwrap_or(&named);
                failures.push(missing(driver.world.book.arn(&format!("task/{cluster}/{id}"))));
            }
        }
    }
    Ok(json!({ "tasks": tasks, "failures": failures }))
}

/// ListTasks, by age: those that are to run, or with `desiredStatus` STOPPED those that are ending or over.
pub(super) fn list(driver: &Driver, asked: shapes::ListTasks) -> Done {
    let cluster = cluster(driver, asked.cluster.as_deref())?;
    nothing_else(asked.others, "")?;
    let wanted = match asked.desired_status.as_deref() {
        None | Some("RUNNING") => Some(DesiredStatus::Running),
        Some("STOPPED") => Some(DesiredStatus::Stopped),
        // AWS never sets it either. M:ecs ListTasks.
        Some("PENDING") => None,
        Some(other) => return Err(invalid(format!("desiredStatus `{other}` is none."))),
    };
    let service = match asked.service_name.as_deref() {
        None => None,
        Some(named) => {
            let view = services::named(driver, &cluster, named);
            let view = view.ok_or(ApiError::ServiceNotFound)?;
            Some(format!("service:{}", service_name(driver, &view)))
        }
    };
    let book = &driver.world.book;
    let shown = |view: TaskView| {
        let placed = book.task(view.task).filter(|placed| placed.cluster == cluster)?;
        let (served, _) = book.definition(view.definition)?;
        let of_family = |family: &String| served.definition.family == *family;
        let by = |by: &String| shown::started_by(driver, &view, placed).as_ref() == Some(by);
        let of_service = |group: &String| shown::group(driver, placed).as_ref() == Some(group);
        let is_wanted = wanted == Some(view.desired_status)
            && asked.family.as_ref().is_none_or(of_family)
            && asked.started_by.as_ref().is_none_or(by)
            && service.as_ref().is_none_or(of_service);
        is_wanted.then(|| (format!("{:020}", view.task.serial), book.task_arn(placed)))
    };
    let all = driver.cloud.ecs().tasks().filter_map(shown).collect();
    let (max_results, next_token) = (asked.max_results, asked.next_token.as_deref());
    page("taskArns", all, Wanted { max_results, next_token, usual: 100, descends: false })
}

fn service_name(driver: &Driver, view: &lunch_cloud::ecs::ServiceView) -> String {
    use lunch_contract::ecs::Names as _;
    driver.world.book.service(view.service)
}
