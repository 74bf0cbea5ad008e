//! The calls about services.

use lunch_cloud::ecs::{Breaker, Event, Refusal, ServiceConfig, ServiceView};
use lunch_contract::ecs::{ApiError, Percents, ServiceStatus};
use serde_json::{Map, Value, json};

use super::definitions::{inactive, usable};
use super::members::{nothing_else, sorted};
use super::page::{Wanted, page};
use super::{Done, check_name, cluster, invalid, missing, refused, shapes, shown};
use crate::driver::Driver;
use crate::tasks::Asked;

/// So many services are described at once. M:ecs DescribeServices.
const DESCRIBED_MAX: usize = 10;

/// Members of a service that are kept and told, and do nothing here.
const KEPT: [&str; 2] = ["networkConfiguration", "platformVersion"];

/// CreateService.
pub(super) fn create(driver: &mut Driver, asked: shapes::CreateService) -> Done {
    let kept = sorted(asked.others, &KEPT, "")?;
    let cluster = cluster(driver, asked.cluster.as_deref())?;
    let name = asked.service_name.ok_or_else(|| ApiError::missing("serviceName"))?;
    check_name("serviceName", &name)?;
    if let Some(there) = named(driver, &cluster, &name) {
        let token = driver.world.book.asked(there.service).and_then(|one| one.token.as_ref());
        match there.status {
            ServiceStatus::Active if token.is_some() && token == asked.client_token.as_ref() => {
                return answered(driver, &there);
            }
            ServiceStatus::Active => return Err(ApiError::not_idempotent()),
            ServiceStatus::Draining => return Err(ApiError::still_draining()),
            ServiceStatus::Inactive => {}
        }
    }
    let definition = usable(driver, asked.task_definition.as_deref())?;
    let before =
        ServiceConfig { definition, desired: 1, percents: Percents::default(), breaker: None };
    let config = configured(before, asked.desired_count, asked.deployment_configuration)?;
    let service = driver.world.book.add_service(&cluster, &name);
    if let Err(why) = driver.tell(Event::CreateService { service, config }) {
        driver.world.book.remove_last_service();
        return Err(refused(why));
    }
    driver.world.book.note_asked(service, Asked { kept, token: asked.client_token });
    let view = driver.cloud.ecs().service(service).ok_or(ApiError::ServiceNotFound)?;
    answered(driver, &view)
}

/// UpdateService: a new deployment, where its tasks are to be others.
pub(super) fn update(driver: &mut Driver, asked: shapes::UpdateService) -> Done {
    let changed = sorted(asked.others, &KEPT, "")?;
    let view = of_call(driver, asked.cluster.as_deref(), asked.service.as_deref())?;
    if view.status != ServiceStatus::Active {
        return Err(ApiError::ServiceNotActive);
    }
    let definition = match asked.task_definition.as_deref() {
        None => view.config.definition,
        named => usable(driver, named)?,
    };
    let before = ServiceConfig { definition, ..view.config };
    let config = configured(before, asked.desired_count, asked.deployment_configuration)?;
    let mut own = driver.world.book.asked(view.service).cloned().unwrap_or_default();
    let is_other = changed.iter().any(|(name, value)| own.kept.get(name) != Some(value));
    let force = asked.force_new_deployment.unwrap_or(false) || is_other;
    let told = driver.tell(Event::UpdateService { service: view.service, config, force });
    // An unknown one is the service's own, and was deregistered meanwhile.
    let is_gone = |why| why == Refusal::UnknownDefinition;
    told.map_err(|why| if is_gone(why) { inactive() } else { refused(why) })?;
    own.kept.extend(changed);
    driver.world.book.note_asked(view.service, own);
    let view = driver.cloud.ecs().service(view.service).ok_or(ApiError::ServiceNotFound)?;
    answered(driver, &view)
}

/// How it is to be: what is not said stays.
fn configured(
    before: ServiceConfig,
    desired: Option<i64>,
    deploys: Option<shapes::Deploys>,
) -> Result<ServiceConfig, ApiError> {
    let mut config = before;
    if let Some(desired) = desired {
        // The text is from memory (unsure).
        let negative = || invalid("desiredCount cannot be negative.");
        config.desired = u32::try_from(desired).map_err(|_| negative())?;
    }
    let Some(deploys) = deploys else { return Ok(config) };
    const PATH: &str = "deploymentConfiguration";
    nothing_else(deploys.others, PATH)?;
    let percents = &mut config.percents;
    percents.maximum = deploys.maximum_percent.unwrap_or(percents.maximum);
    percents.minimum_healthy = deploys.minimum_healthy_percent.unwrap_or(percents.minimum_healthy);
    if let Some(breaker) = deploys.deployment_circuit_breaker {
        nothing_else(breaker.others, &format!("{PATH}.deploymentCircuitBreaker"))?;
        let is_enabled = breaker.enable.unwrap_or(false);
        let rollback = breaker.rollback.unwrap_or(false);
        config.breaker = is_enabled.then_some(Breaker { rollback });
    }
    Ok(config)
}

/// DeleteService: it drains. One that drains already is told again.
pub(super) fn delete(driver: &mut Driver, asked: shapes::DeleteService) -> Done {
    nothing_else(asked.others, "")?;
    let view = of_call(driver, asked.cluster.as_deref(), asked.service.as_deref())?;
    match view.status {
        ServiceStatus::Active => {
            let force = asked.force.unwrap_or(false);
            driver.tell(Event::DeleteService { service: view.service, force }).map_err(refused)?;
        }
        ServiceStatus::Draining => {}
        ServiceStatus::Inactive => return Err(ApiError::ServiceNotFound),
    }
    let view = driver.cloud.ecs().service(view.service).ok_or(ApiError::ServiceNotFound)?;
    answered(driver, &view)
}

/// DescribeServices.
pub(super) fn describe(driver: &Driver, asked: shapes::DescribeServices) -> Done {
    nothing_else(asked.others, "")?;
    let cluster = cluster(driver, asked.cluster.as_deref())?;
    let all = asked.services.unwrap_or_default();
    // The texts are from memory (unsure).
    if all.is_empty() {
        return Err(invalid("Services cannot be empty."));
    }
    if all.len() > DESCRIBED_MAX {
        return Err(invalid(format!("At most {DESCRIBED_MAX} services are described at once.")));
    }
    let has_tags = asked.include.unwrap_or_default().iter().any(|one| one == "TAGS");
    let (mut services, mut failures) = (Vec::new(), Vec::new());
    for one in all {
        let view = named(driver, &cluster, &one);
        match view.and_then(|view| shown::service(driver, &view)) {
            Some(mut service) => {
                if has_tags {
                    service["tags"] = json!([]);
                }
                services.push(service);
            }
            None => {
                let name = one.rsplit('/').next().unwrap_or(&one);
                let arn = driver.world.book.arn(&format!("service/{cluster}/{name}"));
                failures.push(missing(arn));
            }
        }
    }
    Ok(json!({ "services": services, "failures": failures }))
}

/// ListServices: those that are ACTIVE, as M:ecs DeleteService has it.
pub(super) fn list(driver: &Driver, asked: shapes::ListServices) -> Done {
    nothing_else(asked.others, "")?;
    let cluster = cluster(driver, asked.cluster.as_deref())?;
    let book = &driver.world.book;
    let all = driver.cloud.ecs().services();
    let all = all.filter(|one| one.status == ServiceStatus::Active);
    let all = all.filter(|one| book.cluster(one.service) == cluster);
    let all = all.filter_map(|one| book.service_arn(one.service)).map(|arn| (arn.clone(), arn));
    let (max_results, next_token) = (asked.max_results, asked.next_token.as_deref());
    let wanted = Wanted { max_results, next_token, usual: 10, descends: false };
    page("serviceArns", all.collect(), wanted)
}

/// The newest service of that name that is not forgotten.
pub(super) fn named(driver: &Driver, cluster: &str, name: &str) -> Option<ServiceView> {
    driver.cloud.ecs().service(driver.world.book.service_named(cluster, name)?)
}

fn of_call(
    driver: &Driver,
    cluster_named: Option<&str>,
    service: Option<&str>,
) -> Result<ServiceView, ApiError> {
    let cluster = cluster(driver, cluster_named)?;
    let service = service.ok_or_else(|| ApiError::missing("service"))?;
    named(driver, &cluster, service).ok_or(ApiError::ServiceNotFound)
}

fn answered(driver: &Driver, view: &ServiceView) -> Done {
    let mut answer = Map::new();
    super::put(&mut answer, "service", shown::service(driver, view));
    Ok(Value::Object(answer))
}
