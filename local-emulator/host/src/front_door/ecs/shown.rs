//! Services and tasks as AWS shows them.

use lunch_cloud::ecs::{ContainerView, DeploymentView, Ending, Origin, ServiceView, TaskView};
use lunch_contract::Moment;
use lunch_contract::ecs::{Names as _, RolloutState, StopReason};
use md5::{Digest as _, Md5};
use serde_json::{Map, Value, json};

use super::put;
use crate::driver::Driver;
use crate::tasks::Placed;
use crate::uuid::Uuid;

/// A time as JSON 1.1 has it: seconds since 1970, with milliseconds.
pub(super) fn seconds(driver: &Driver, at: Moment) -> f64 {
    (driver.world.clock.wall_of(at).as_secs_f64() * 1_000.0).round() / 1_000.0
}

/// A service, but for its tags.
pub(super) fn service(driver: &Driver, view: &ServiceView) -> Option<Value> {
    let (ecs, book) = (driver.cloud.ecs(), &driver.world.book);
    let arn = book.service_arn(view.service)?;
    let percents = view.config.percents;
    let breaker = view.config.breaker;
    let deployments = ecs.deployments(view.service).map(|one| deployment(driver, &one));
    let events = ecs.events(view.service).map(|event| {
        json!({
            "id": event_id(&arn, view.created, event.number),
            "createdAt": seconds(driver, event.at),
            "message": event.message.text(view.service, book),
        })
    });
    let mut members = book.asked(view.service)?.kept.clone();
    let own = json!({
        "serviceArn": arn,
        "serviceName": book.service(view.service),
        "clusterArn": book.arn(&format!("cluster/{}", book.cluster(view.service))),
        "loadBalancers": [],
        "serviceRegistries": [],
        "status": view.status.name(),
        "desiredCount": view.config.desired,
        "runningCount": view.running,
        "pendingCount": view.pending,
        "launchType": "FARGATE",
        "platformFamily": "Linux",
        "taskDefinition": book.definition_arn(view.config.definition)?,
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {
                "enable": breaker.is_some(),
                "rollback": breaker.is_some_and(|breaker| breaker.rollback),
            },
            "maximumPercent": percents.maximum,
            "minimumHealthyPercent": percents.minimum_healthy,
            "strategy": "ROLLING",
        },
        "deployments": deployments.collect::<Option<Vec<_>>>()?,
        "events": events.collect::<Vec<_>>(),
        "createdAt": seconds(driver, view.created),
        "placementConstraints": [],
        "placementStrategy": [],
        "schedulingStrategy": "REPLICA",
        "deploymentController": { "type": "ECS" },
        "enableECSManagedTags": false,
        "propagateTags": "NONE",
        "enableExecuteCommand": false,
        "availabilityZoneRebalancing": "DISABLED",
    });
    members.extend(own.as_object().cloned().unwrap_or_default());
    Some(Value::Object(members))
}

fn deployment(driver: &Driver, view: &DeploymentView) -> Option<Value> {
    let book = &driver.world.book;
    let id = book.deployment(view.deployment);
    let reason = match view.rollout {
        RolloutState::InProgress => format!("ECS deployment {id} in progress."),
        RolloutState::Completed => format!("ECS deployment {id} completed."),
        RolloutState::Failed => "ECS deployment circuit breaker: tasks failed to start.".to_owned(),
    };
    Some(json!({
        "id": id,
        "status": view.status.name(),
        "taskDefinition": book.definition_arn(view.definition)?,
        "desiredCount": view.desired,
        "pendingCount": view.pending,
        "runningCount": view.running,
        "failedTasks": view.failed,
        "createdAt": seconds(driver, view.created),
        "updatedAt": seconds(driver, view.updated),
        "launchType": "FARGATE",
        "platformFamily": "Linux",
        "rolloutState": view.rollout.name(),
        "rolloutStateReason": reason,
    }))
}

/// The same event has the same id each time: it is made of whose it is.
fn event_id(arn: &str, created: Moment, number: u64) -> String {
    let mut hasher = Md5::new();
    hasher.update(format!("{arn} {created:?} {number}"));
    Uuid::of_bytes(hasher.finalize().into()).to_string()
}

/// A task.
pub(super) fn task(driver: &Driver, view: &TaskView) -> Option<Value> {
    let book = &driver.world.book;
    let placed = book.task(view.task)?;
    let (served, _) = book.definition(view.definition)?;
    let definition = &served.definition;
    let containers = view.containers.iter().map(|one| container(driver, view, placed, one));
    let own = json!({
        "taskArn": book.task_arn(placed),
        "clusterArn": book.cluster_arn(placed),
        "taskDefinitionArn": book.definition_arn(view.definition)?,
        "containers": containers.collect::<Option<Vec<_>>>()?,
        "lastStatus": view.last_status.name(),
        "desiredStatus": view.desired_status.name(),
        "healthStatus": view.health.name(),
        "createdAt": seconds(driver, view.created),
        "group": group(driver, placed)?,
        "launchType": "FARGATE",
        "platformFamily": "Linux",
        "connectivity": "CONNECTED",
        "connectivityAt": seconds(driver, view.created),
        "enableExecuteCommand": false,
        "attachments": [],
        "attributes": [],
        "overrides": overrides(placed, view, driver)?,
        "tags": [],
    });
    let mut members: Map<_, _> = own.as_object().cloned()?;
    put(&mut members, "cpu", definition.cpu_units.map(|units| units.to_string()));
    put(&mut members, "memory", definition.memory_mib.map(|mib| mib.to_string()));
    put(&mut members, "startedBy", started_by(driver, view, placed));
    let at = |moment| seconds(driver, moment);
    put(&mut members, "startedAt", view.started.map(at));
    put(&mut members, "stoppingAt", view.stopping.map(at));
    let ended = view.containers.iter().filter_map(|one| one.ended).max();
    put(&mut members, "executionStoppedAt", ended.filter(|_| view.stopped.is_some()).map(at));
    put(&mut members, "stoppedAt", view.stopped.map(at));
    if let Some(reason) = view.stop_reason {
        put(&mut members, "stopCode", Some(reason.code().name()));
        put(&mut members, "stoppedReason", Some(stopped_reason(driver, placed, reason)));
    }
    Some(Value::Object(members))
}

/// `group`: its service, what its caller said, or its family.
pub(super) fn group(driver: &Driver, placed: &Placed) -> Option<String> {
    if let Some(service) = &placed.service {
        return Some(format!("service:{service}"));
    }
    let said = placed.run.as_ref().and_then(|run| run.group.clone());
    said.or_else(|| {
        let (served, _) = driver.world.book.definition(placed.definition)?;
        Some(format!("family:{}", served.definition.family))
    })
}

/// `startedBy`: the deployment that wanted it, or what its caller said.
pub(super) fn started_by(driver: &Driver, view: &TaskView, placed: &Placed) -> Option<String> {
    match view.origin {
        Origin::Service { deployment, .. } => Some(driver.world.book.deployment(deployment)),
        Origin::Run { .. } => placed.run.as_ref()?.started_by.clone(),
    }
}

/// What the caller overrode; AWS names the containers of which nothing was said, too.
fn overrides(placed: &Placed, view: &TaskView, driver: &Driver) -> Option<Value> {
    let (served, _) = driver.world.book.definition(view.definition)?;
    let said = placed.run.as_ref().map_or(&Value::Null, |run| &run.overrides);
    let mut all = said.as_object().cloned().unwrap_or_default();
    let of = all.get("containerOverrides").and_then(Value::as_array).cloned().unwrap_or_default();
    let containers = served.definition.containers.iter().map(|container| {
        let own = of.iter().find(|one| one["name"] == container.name.as_str());
        own.cloned().unwrap_or_else(|| json!({ "name": container.name }))
    });
    put(&mut all, "containerOverrides", Some(containers.collect::<Vec<_>>()));
    Some(Value::Object(all))
}

/// AWS's sentence; of a task that failed to start, why its first container did.
fn stopped_reason(driver: &Driver, placed: &Placed, reason: StopReason) -> String {
    let own = match reason {
        StopReason::User => placed.stop_reason.clone(),
        StopReason::FailedToStart => placed.not_started.values().next().cloned(),
        StopReason::EssentialContainerExited
        | StopReason::HealthChecks
        | StopReason::Scaling { .. }
        | StopReason::ShutDown => None,
    };
    own.unwrap_or_else(|| reason.text(&driver.world.book))
}

fn container(
    driver: &Driver,
    task: &TaskView,
    placed: &Placed,
    view: &ContainerView,
) -> Option<Value> {
    let book = &driver.world.book;
    let (container, _) = book.container(task.task, view.run.container)?;
    let id = book.container_id(view.run)?;
    let is_up = view.phase.status() == "RUNNING";
    // A task's own address takes the place of a network's.
    let bindings = container.ports.iter().filter(|_| is_up).map(|port| {
        json!({
            "bindIP": placed.address.to_string(),
            "containerPort": port.container,
            "hostPort": port.host.unwrap_or(port.container),
            "protocol": "tcp",
        })
    });
    let arn = book.arn(&format!("container/{}/{}/{id}", placed.cluster, placed.id));
    let own = json!({
        "containerArn": arn,
        "taskArn": book.task_arn(placed),
        "name": container.name,
        "runtimeId": id,
        "lastStatus": view.phase.status(),
        "healthStatus": view.health.name(),
        "networkBindings": bindings.collect::<Vec<_>>(),
        "networkInterfaces": [{ "privateIpv4Address": placed.address.to_string() }],
        "cpu": container.cpu_units.unwrap_or(0).to_string(),
    });
    let mut members: Map<_, _> = own.as_object().cloned()?;
    put(&mut members, "image", container.image.as_deref());
    put(&mut members, "memory", container.memory_mib.map(|mib| mib.to_string()));
    let reservation = container.memory_reservation_mib.map(|mib| mib.to_string());
    put(&mut members, "memoryReservation", reservation);
    match view.ending {
        Some(Ending::Exited(exit)) => {
            put(&mut members, "exitCode", Some(exit.code()));
            put(&mut members, "reason", exit.reason());
        }
        Some(Ending::StartFailed(why)) => {
            let said = placed.not_started.get(&view.run.container).cloned();
            put(&mut members, "reason", Some(said.unwrap_or_else(|| why.reason(""))));
        }
        Some(Ending::NotStarted) | None => {}
    }
    Some(Value::Object(members))
}
