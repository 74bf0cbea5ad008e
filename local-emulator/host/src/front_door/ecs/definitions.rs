//! The calls about task definitions.

use std::collections::BTreeSet;

use lunch_cloud::ecs::Event;
use lunch_contract::ecs::{ApiError, DefinitionId};
use serde_json::{Map, Value, json};

use super::members::nothing_else;
use super::page::{Wanted, page};
use super::shown_definition::{of_template, with_defaults};
use super::{Done, client, invalid, put, read as read_input, refused, shapes, shown};
use crate::driver::Driver;
use crate::tasks::{Registered, ServedDefinition};

/// RegisterTaskDefinition: the next revision of its family. What a container runs as a process is what one of that name
/// in the family runs by the template; others are known, and can be run as containers only.
pub(super) fn register(driver: &mut Driver, input: Value) -> Done {
    let mut said = match input {
        Value::Object(members) => members,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    };
    let asked: shapes::Register = read_input(Value::Object(said.clone()))?;
    let definition = super::read::definition(asked)?;
    with_defaults(&mut said, &definition);
    let names = definition.containers.iter().map(|one| one.name.as_str());
    let programs = driver.world.book.programs(&definition.family, names);
    let served = ServedDefinition { definition, programs };
    let config = served.config();
    let id = driver.world.book.register(served);
    if let Err(why) = driver.tell(Event::Register { definition: id, config }) {
        driver.world.book.unregister_last();
        return Err(refused(why));
    }
    let at = Some(driver.cloud.ecs().now());
    let registered = Registered { shown: Some(said), at, deregistered: None };
    driver.world.book.note_registered(id, registered);
    answered(driver, id)
}

/// DeregisterTaskDefinition: it is INACTIVE from now on.
pub(super) fn deregister(driver: &mut Driver, asked: shapes::OfDefinition) -> Done {
    nothing_else(asked.others, "")?;
    let named = asked.task_definition.ok_or_else(|| ApiError::missing("taskDefinition"))?;
    let revision = named.rsplit('/').next().and_then(|name| name.split_once(':'));
    if revision.is_none() {
        // From memory (unsure).
        return Err(client("Revision is missing."));
    }
    let id = found(driver, &named)?;
    if driver.world.book.is_active(id) {
        driver.tell(Event::Deregister { definition: id }).map_err(refused)?;
        let now = driver.cloud.ecs().now();
        driver.world.book.deregistered(id, now);
    }
    answered(driver, id)
}

/// DescribeTaskDefinition.
pub(super) fn describe(driver: &Driver, asked: shapes::OfDefinition) -> Done {
    nothing_else(asked.others, "")?;
    let named = asked.task_definition.ok_or_else(|| ApiError::missing("taskDefinition"))?;
    let id = found(driver, &named)?;
    let mut answer = answered(driver, id)?;
    if asked.include.unwrap_or_default().iter().any(|one| one == "TAGS") {
        answer["tags"] = json!([]);
    }
    Ok(answer)
}

fn found(driver: &Driver, named: &str) -> Result<DefinitionId, ApiError> {
    driver.world.book.definition_named(named).ok_or_else(ApiError::undescribed)
}

/// The one of which a call wants tasks.
pub(super) fn usable(driver: &Driver, named: Option<&str>) -> Result<DefinitionId, ApiError> {
    let named = named.ok_or_else(|| ApiError::missing("taskDefinition"))?;
    let book = &driver.world.book;
    let id = book.definition_named(named).ok_or_else(ApiError::no_definition)?;
    if book.is_active(id) { Ok(id) } else { Err(inactive()) }
}

/// It was deregistered.
pub(super) fn inactive() -> ApiError {
    client("TaskDefinition is inactive")
}

fn answered(driver: &Driver, id: DefinitionId) -> Done {
    let definition = of(driver, id).ok_or_else(ApiError::undescribed)?;
    Ok(json!({ "taskDefinition": definition }))
}

/// A task definition as AWS shows it.
fn of(driver: &Driver, id: DefinitionId) -> Option<Map<String, Value>> {
    let book = &driver.world.book;
    let ((served, revision), registered) = (book.definition(id)?, book.registered(id)?);
    let mut members = registered.shown.clone().unwrap_or_else(|| of_template(&served.definition));
    put(&mut members, "taskDefinitionArn", book.definition_arn(id));
    put(&mut members, "revision", Some(revision));
    let status = if book.is_active(id) { "ACTIVE" } else { "INACTIVE" };
    put(&mut members, "status", Some(status));
    let at = |moment| shown::seconds(driver, moment);
    put(&mut members, "registeredAt", registered.at.map(at));
    put(&mut members, "deregisteredAt", registered.deregistered.map(at));
    Some(members)
}

/// ListTaskDefinitions.
pub(super) fn list(driver: &Driver, asked: shapes::ListDefinitions) -> Done {
    nothing_else(asked.others, "")?;
    let is_active = match asked.status.as_deref() {
        None | Some("ACTIVE") => Some(true),
        Some("INACTIVE") => Some(false),
        // Nothing is deleted here.
        Some("DELETE_IN_PROGRESS") => None,
        Some(other) => return Err(no_status(other)),
    };
    let book = &driver.world.book;
    let shown = |id| {
        let (served, revision) = book.definition(id)?;
        let family = &served.definition.family;
        let is_its = asked.family_prefix.as_ref().is_none_or(|wanted| wanted == family);
        let is_wanted = is_its && is_active == Some(book.is_active(id));
        // A space sorts before all that a family may have in it.
        let key = || format!("{family} {revision:010}");
        is_wanted.then(|| Some((key(), book.definition_arn(id)?))).flatten()
    };
    let all = book.definitions().filter_map(shown).collect();
    let (max_results, next_token) = (asked.max_results, asked.next_token.as_deref());
    let descends = asked.sort.as_deref() == Some("DESC");
    page("taskDefinitionArns", all, Wanted { max_results, next_token, usual: 100, descends })
}

/// ListTaskDefinitionFamilies.
pub(super) fn families(driver: &Driver, asked: shapes::ListDefinitions) -> Done {
    nothing_else(asked.others, "")?;
    let book = &driver.world.book;
    let (mut active, mut all) = (BTreeSet::new(), BTreeSet::new());
    for id in book.definitions() {
        let Some((served, _)) = book.definition(id) else { continue };
        all.insert(served.definition.family.clone());
        if book.is_active(id) {
            active.insert(served.definition.family.clone());
        }
    }
    let wanted: BTreeSet<String> = match asked.status.as_deref() {
        None | Some("ALL") => all,
        Some("ACTIVE") => active,
        Some("INACTIVE") => all.difference(&active).cloned().collect(),
        Some(other) => return Err(no_status(other)),
    };
    let prefix = asked.family_prefix.as_deref().unwrap_or_default();
    let all = wanted.into_iter().filter(|family| family.starts_with(prefix));
    let all = all.map(|family| (family.clone(), family)).collect();
    let (max_results, next_token) = (asked.max_results, asked.next_token.as_deref());
    page("families", all, Wanted { max_results, next_token, usual: 100, descends: false })
}

fn no_status(given: &str) -> ApiError {
    invalid(format!("status `{given}` is none that this list has."))
}
