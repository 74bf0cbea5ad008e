//! What a container is told of itself and of its task: the task metadata endpoint, version 4. Facts 10.

use hyper::{Method, StatusCode};
use lunch_cloud::ecs::{ContainerView, TaskView};
use serde_json::{Value, json};

use super::{Answer, Door};
use crate::driver::Driver;

/// Answers a call of `/v4/{rest}`; `None`: there is nothing there.
pub(super) fn answer(door: &Door, method: &Method, rest: &str) -> Option<Answer> {
    if method != Method::GET {
        return None;
    }
    let driver = door.driver.borrow();
    let (id, of) = rest.split_once('/').unwrap_or((rest, ""));
    let (view, container) = driver.container_by_id(id)?;
    let body = match of {
        "" => driver.container_metadata(&view, view.containers.get(container)?)?,
        "task" => driver.task_metadata(&view)?,
        _ => return None,
    };
    Some(super::json(StatusCode::OK, body.to_string()))
}

impl Driver {
    /// The task, and the place in it of the container that has this id.
    fn container_by_id(&self, id: &str) -> Option<(TaskView, usize)> {
        let book = &self.world.book;
        let view = self.cloud.ecs().task(book.by_id(id.split_once('-')?.0)?)?;
        let is_it = |one: &ContainerView| book.container_id(one.run).is_some_and(|own| own == id);
        let place = view.containers.iter().position(is_it)?;
        Some((view, place))
    }

    fn container_metadata(&self, task: &TaskView, view: &ContainerView) -> Option<Value> {
        let book = &self.world.book;
        let placed = book.task(task.task)?;
        let (served, revision) = book.definition(task.definition)?;
        let (container, _) = book.container(task.task, view.run.container)?;
        let (id, family) = (book.container_id(view.run)?, &served.definition.family);
        Some(json!({
            "DockerId": id,
            "Name": container.name,
            "DockerName": container.name,
            "Image": container.image,
            "Labels": {
                "com.amazonaws.ecs.cluster": book.cluster_arn(placed),
                "com.amazonaws.ecs.container-name": container.name,
                "com.amazonaws.ecs.task-arn": book.task_arn(placed),
                "com.amazonaws.ecs.task-definition-family": family,
                "com.amazonaws.ecs.task-definition-version": revision.to_string(),
            },
            "DesiredStatus": task.desired_status.name(),
            "KnownStatus": view.phase.status(),
            "Type": "NORMAL",
            "Networks": [{
                "NetworkMode": "awsvpc",
                "IPv4Addresses": [placed.address.to_string()],
            }],
        }))
    }

    fn task_metadata(&self, task: &TaskView) -> Option<Value> {
        let book = &self.world.book;
        let placed = book.task(task.task)?;
        let (served, revision) = book.definition(task.definition)?;
        let containers = task.containers.iter().map(|one| self.container_metadata(task, one));
        Some(json!({
            "Cluster": book.cluster_arn(placed),
            "TaskARN": book.task_arn(placed),
            "Family": served.definition.family,
            "Revision": revision.to_string(),
            "DesiredStatus": task.desired_status.name(),
            "KnownStatus": task.last_status.name(),
            "LaunchType": "FARGATE",
            "Containers": containers.collect::<Option<Vec<_>>>()?,
        }))
    }
}
