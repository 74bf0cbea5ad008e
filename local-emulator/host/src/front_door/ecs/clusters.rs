//! The calls about clusters.

use lunch_contract::ecs::{ApiError, ServiceStatus, TaskStatus};
use serde_json::{Value, json};

use super::members::nothing_else;
use super::page::{Wanted, page};
use super::{Done, check_name, cluster, invalid, missing, shapes};
use crate::driver::Driver;

/// So many clusters are described at once. M:ecs DescribeClusters.
const DESCRIBED_MAX: usize = 100;

/// CreateCluster: one that is there already is given.
pub(super) fn create(driver: &mut Driver, asked: shapes::CreateCluster) -> Done {
    nothing_else(asked.others, "")?;
    let name = asked.cluster_name.unwrap_or_else(|| "default".to_owned());
    check_name("clusterName", &name)?;
    driver.world.book.create_cluster(&name);
    Ok(json!({ "cluster": shown(driver, &name, &[]) }))
}

/// DescribeClusters: the default one, where none is named.
pub(super) fn describe(driver: &Driver, asked: shapes::DescribeClusters) -> Done {
    nothing_else(asked.others, "")?;
    let named = asked.clusters.filter(|all| !all.is_empty());
    if named.as_ref().is_some_and(|all| all.len() > DESCRIBED_MAX) {
        // The text is from memory (unsure).
        return Err(invalid(format!("At most {DESCRIBED_MAX} clusters are described at once.")));
    }
    let include = asked.include.unwrap_or_default();
    let (mut clusters, mut failures) = (Vec::new(), Vec::new());
    for named in named.unwrap_or_else(|| vec!["default".to_owned()]) {
        let name = named.rsplit('/').next().unwrap_or(&named);
        if driver.world.book.cluster_named(Some(name)).is_some()
            || driver.world.book.is_deleted(name)
        {
            clusters.push(shown(driver, name, &include));
        } else {
            failures.push(missing(driver.world.book.arn(&format!("cluster/{name}"))));
        }
    }
    Ok(json!({ "clusters": clusters, "failures": failures }))
}

/// DeleteCluster.
pub(super) fn delete(driver: &mut Driver, asked: shapes::DeleteCluster) -> Done {
    nothing_else(asked.others, "")?;
    let named = asked.cluster.ok_or_else(|| ApiError::missing("cluster"))?;
    let name = cluster(driver, Some(&named))?;
    let (ecs, book) = (driver.cloud.ecs(), &driver.world.book);
    let is_its = |service| book.cluster(service) == name;
    let mut services = ecs.services().filter(|one| one.status == ServiceStatus::Active);
    if services.any(|one| is_its(one.service)) {
        return Err(ApiError::ClusterContainsServices);
    }
    let mut tasks = ecs.tasks().filter(|one| one.stopped.is_none());
    if tasks.any(|one| book.task(one.task).is_some_and(|placed| placed.cluster == name)) {
        return Err(ApiError::ClusterContainsTasks);
    }
    driver.world.book.delete_cluster(&name);
    Ok(json!({ "cluster": shown(driver, &name, &[]) }))
}

/// ListClusters.
pub(super) fn list(driver: &Driver, asked: shapes::List) -> Done {
    nothing_else(asked.others, "")?;
    let book = &driver.world.book;
    let all = book.clusters().map(|name| (name.to_owned(), book.arn(&format!("cluster/{name}"))));
    let (max_results, next_token) = (asked.max_results, asked.next_token.as_deref());
    page(
        "clusterArns",
        all.collect(),
        Wanted { max_results, next_token, usual: 100, descends: false },
    )
}

/// A cluster as AWS shows it, with what is to be included.
fn shown(driver: &Driver, name: &str, include: &[String]) -> Value {
    let (ecs, book) = (driver.cloud.ecs(), &driver.world.book);
    let tasks =
        ecs.tasks().filter(|one| book.task(one.task).is_some_and(|placed| placed.cluster == name));
    let (mut pending, mut running) = (0_u32, 0_u32);
    for task in tasks {
        pending += u32::from(task.last_status.is_pending());
        running += u32::from(task.last_status == TaskStatus::Running);
    }
    let services = |status| {
        let all = ecs.services().filter(|one| one.status == status);
        all.filter(|one| book.cluster(one.service) == name).count()
    };
    let is_there = book.cluster_named(Some(name)).is_some();
    let mut cluster = json!({
        "clusterArn": book.arn(&format!("cluster/{name}")),
        "clusterName": name,
        "status": if is_there { "ACTIVE" } else { "INACTIVE" },
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": running,
        "pendingTasksCount": pending,
        "activeServicesCount": services(ServiceStatus::Active),
        "statistics": [],
        "tags": [],
        "settings": [],
        "capacityProviders": [],
        "defaultCapacityProviderStrategy": [],
    });
    if include.iter().any(|one| one == "STATISTICS") {
        let entry = |name: &str, value: String| json!({ "name": name, "value": value });
        cluster["statistics"] = json!([
            entry("runningFargateTasksCount", running.to_string()),
            entry("pendingFargateTasksCount", pending.to_string()),
            entry("activeFargateServiceCount", services(ServiceStatus::Active).to_string()),
            entry("drainingFargateServiceCount", services(ServiceStatus::Draining).to_string()),
        ]);
    }
    cluster
}
