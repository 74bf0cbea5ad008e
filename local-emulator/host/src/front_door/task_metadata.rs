//! What a container is told of itself and of its task: the task metadata endpoint, version 4. Facts 10.

use hyper::{Method, StatusCode};
use lunch_cloud::ecs::{ContainerPhase, ContainerView, Ending, TaskView};
use lunch_contract::{Moment, names};
use serde_json::{Map, Value, json};

use super::{Answer, Door, task_stats};
use crate::driver::Driver;
use crate::tasks::Placed;
use crate::template::{Container, TaskDefinition};

/// Answers a call of `/v4/{rest}`; `None`: there is nothing there.
pub(super) fn answer(door: &Door, method: &Method, rest: &str) -> Option<Answer> {
    if method != Method::GET {
        return None;
    }
    let mut driver = door.driver.borrow_mut();
    let (id, of) = rest.split_once('/').unwrap_or((rest, ""));
    let (view, place) = driver.container_by_id(id)?;
    let container = view.containers.get(place)?;
    let body = match of {
        "" => driver.container_metadata(&view, container)?,
        "task" => driver.task_metadata(&view)?,
        // Tags are not kept.
        "taskWithTags" => driver.task_metadata(&view)?,
        "stats" => {
            driver.world.measure_containers();
            task_stats::of_container(&driver, container)
        }
        "task/stats" => {
            driver.world.measure_containers();
            task_stats::of_task(&driver, &view)
        }
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
        let mut all = Map::new();
        let mut put = |name: &str, value: Value| drop(all.insert(name.to_owned(), value));
        put("DockerId", json!(id));
        put("Name", json!(container.name));
        put("DockerName", json!(docker_name(&served.definition, revision, container)));
        put("Image", json!(container.image));
        put(
            "Labels",
            json!({
                "com.amazonaws.ecs.cluster": book.cluster_arn(placed),
                "com.amazonaws.ecs.container-name": container.name,
                "com.amazonaws.ecs.task-arn": book.task_arn(placed),
                "com.amazonaws.ecs.task-definition-family": family,
                "com.amazonaws.ecs.task-definition-version": revision.to_string(),
            }),
        );
        put("DesiredStatus", json!(task.desired_status.name()));
        put("KnownStatus", json!(view.phase.status()));
        put("Type", json!("NORMAL"));
        put("ContainerARN", json!(book.container_arn(placed, view.run.container)));
        put("Limits", limits_of(container));
        put("Networks", networks(placed));
        if let Some(log) = &container.log {
            put("LogDriver", json!(log.driver));
            put("LogOptions", json!(log.options));
        }
        if container.health_check.is_some() {
            put("Health", json!({ "status": view.health.name() }));
        }
        if container.restart.is_some() {
            put("RestartCount", json!(view.run.run));
        }
        for (name, value) in self.moments(view) {
            put(name, value);
        }
        Some(Value::Object(all))
    }

    /// When its process was made, ran and ended, and how; what has not come to pass is left out.
    fn moments(&self, view: &ContainerView) -> Vec<(&'static str, Value)> {
        let time = |at: Moment| json!(self.time_of(at));
        let born = self.world.containers.born(view.run);
        let created = born.map(|(created, _)| created).or(view.started);
        let started = born.and_then(|(_, started)| started).or(view.started);
        let exit = match view.ending {
            Some(Ending::Exited(exit)) => Some(json!(exit.code())),
            Some(Ending::NotStarted | Ending::StartFailed(_)) | None => None,
        };
        let ended = view.ended.filter(|_| view.phase == ContainerPhase::Ended);
        let all = [
            ("CreatedAt", created.map(time)),
            ("StartedAt", started.map(time)),
            ("FinishedAt", ended.map(time)),
            ("ExitCode", exit),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    fn task_metadata(&self, task: &TaskView) -> Option<Value> {
        let (book, region) = (&self.world.book, &self.world.deployed.region);
        let placed = book.task(task.task)?;
        let (served, revision) = book.definition(task.definition)?;
        let containers = task.containers.iter().map(|one| self.container_metadata(task, one));
        let mut all = Map::new();
        let mut put = |name: &str, value: Value| drop(all.insert(name.to_owned(), value));
        put("Cluster", json!(book.cluster_arn(placed)));
        put("TaskARN", json!(book.task_arn(placed)));
        put("Family", json!(served.definition.family));
        put("Revision", json!(revision.to_string()));
        if let Some(service) = placed.service() {
            put("ServiceName", json!(service));
        }
        put("DesiredStatus", json!(task.desired_status.name()));
        put("KnownStatus", json!(task.last_status.name()));
        put("Limits", limits_of_task(&served.definition));
        put("AvailabilityZone", json!(format!("{region}a")));
        put("LaunchType", json!("FARGATE"));
        if let Some(at) = task.stopped {
            put("ExecutionStoppedAt", json!(self.time_of(at)));
        }
        put("Containers", Value::Array(containers.collect::<Option<Vec<_>>>()?));
        Some(Value::Object(all))
    }

    /// The cloud's wall-clock time of a moment, as AWS prints it.
    pub(super) fn time_of(&self, at: Moment) -> String {
        let wall = self.world.clock.wall_of(at).as_millis();
        names::timestamp(u64::try_from(wall).unwrap_or(u64::MAX))
    }
}

/// As the agent calls a container where there is one.
fn docker_name(definition: &TaskDefinition, revision: u32, container: &Container) -> String {
    format!("ecs-{}-{revision}-{}", definition.family, container.name)
}

/// CPU units and MiB, as far as the container has limits of its own.
fn limits_of(container: &Container) -> Value {
    let all = [("CPU", container.cpu_units), ("Memory", container.memory_mib)];
    let own = all.into_iter().filter_map(|(name, limit)| Some((name.to_owned(), json!(limit?))));
    Value::Object(own.collect())
}

/// vCPUs and MiB, as far as the task definition says any.
fn limits_of_task(definition: &TaskDefinition) -> Value {
    let cpus = definition.cpu_units.map(|units| json!(f64::from(units) / 1_024.0));
    let all = [("CPU", cpus), ("Memory", definition.memory_mib.map(|memory| json!(memory)))];
    let own = all.into_iter().filter_map(|(name, limit)| Some((name.to_owned(), limit?)));
    Value::Object(own.collect())
}

fn networks(placed: &Placed) -> Value {
    json!([{
        "NetworkMode": "awsvpc",
        "IPv4Addresses": [placed.address.to_string()],
        "AttachmentIndex": 0,
    }])
}
