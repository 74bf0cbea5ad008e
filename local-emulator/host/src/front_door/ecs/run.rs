//! RunTask: tasks of nobody's but the caller's.

use lunch_cloud::ecs::{Event, Refusal};
use lunch_contract::ecs::{ApiError, DefinitionId, Limits, TaskId};
use serde_json::{Value, json};

use super::definitions::{inactive, usable};
use super::members::sorted;
use super::{Done, cluster, invalid, read, refused, shapes, shown};
use crate::driver::Driver;
use crate::tasks::{Run, ServedDefinition};

/// Members that do nothing here, and that a task does not show either.
const KEPT: [&str; 2] = ["networkConfiguration", "platformVersion"];

/// Members of overrides that are kept and told, and do nothing here.
const KEPT_OF_TASK: [&str; 4] = ["cpu", "memory", "taskRoleArn", "executionRoleArn"];
const KEPT_OF_CONTAINER: [&str; 3] = ["cpu", "memory", "memoryReservation"];

/// `startedBy` at most, characters. M:ecs RunTask.
const STARTED_BY_MAX: usize = 128;

pub(super) fn run(driver: &mut Driver, input: Value) -> Done {
    let overrides = input.get("overrides").cloned().unwrap_or_default();
    let text = input.to_string();
    let asked: shapes::Run = read(input)?;
    sorted(asked.others, &KEPT, "")?;
    let cluster = cluster(driver, asked.cluster.as_deref())?;
    let token = asked.client_token.filter(|token| !token.is_empty());
    if let Some(token) = &token
        && let Some((before, tasks)) = driver.world.book.run_again(&cluster, token)
    {
        return if before == text {
            Ok(ran(driver, &tasks))
        } else {
            Err(conflict(driver, &tasks))
        };
    }
    let definition = runnable(driver, asked.task_definition.as_deref())?;
    let most = i64::from(Limits::aws().run_max);
    let count = asked.count.unwrap_or(1);
    // The texts are from memory (unsure).
    let count = u32::try_from(count).ok().filter(|_| (1..=most).contains(&count));
    let count = count.ok_or_else(|| invalid(format!("Count must be between 1 and {most}")))?;
    if asked.started_by.as_deref().is_some_and(|by| !is_started_by(by)) {
        return Err(invalid(format!(
            "startedBy has at most {STARTED_BY_MAX} letters, digits, `-`, `_` and `/`"
        )));
    }
    if asked.group.as_ref().is_some_and(|group| group.starts_with("service:")) {
        return Err(invalid("The group name prefix 'service:' is reserved for tasks of services."));
    }
    let served = asked.overrides.map(|given| overridden(driver, definition, given)).transpose()?;
    let run = Run {
        cluster,
        group: asked.group,
        started_by: asked.started_by,
        overrides,
        served: served.flatten(),
        token: token.map(|token| (token, text)),
    };
    let id = driver.world.book.begin_run(run);
    let told = driver.tell(Event::Run { run: id, definition, count });
    let tasks = driver.world.book.end_run(id);
    match told {
        Ok(()) => Ok(ran(driver, &tasks)),
        Err(Refusal::OneAtATime) => Ok(no_port(driver, definition)),
        Err(why) => Err(refused(why)),
    }
}

fn is_started_by(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/".contains(&byte);
    text.len() <= STARTED_BY_MAX && text.bytes().all(is_word)
}

fn conflict(driver: &Driver, tasks: &[TaskId]) -> ApiError {
    let book = &driver.world.book;
    let placed = tasks.iter().filter_map(|task| book.task(*task));
    ApiError::Conflict { tasks: placed.map(|placed| book.task_arn(placed)).collect() }
}

/// AWS calls one that is INACTIVE otherwise here than elsewhere: seen in DefangLabs/defang pull request 775.
fn runnable(driver: &Driver, named: Option<&str>) -> Result<DefinitionId, ApiError> {
    let named = usable(driver, named);
    named.map_err(|error| if error == inactive() { invalid(error.to_string()) } else { error })
}

fn ran(driver: &Driver, tasks: &[TaskId]) -> Value {
    let views = tasks.iter().filter_map(|task| driver.cloud.ecs().task(*task));
    let shown = views.filter_map(|view| shown::task(driver, &view));
    json!({ "tasks": shown.collect::<Vec<_>>(), "failures": [] })
}

/// A fixed port is taken: AWS's word for it, and what is meant.
fn no_port(driver: &Driver, definition: DefinitionId) -> Value {
    let detail = format!("{}.", crate::tasks::sentence(Refusal::OneAtATime));
    let arn = driver.world.book.definition_arn(definition).unwrap_or_default();
    let failure = json!({ "arn": arn, "reason": "RESOURCE:PORTS", "detail": detail });
    json!({ "tasks": [], "failures": [failure] })
}

/// The task definition with the overrides; `None`: they change nothing that is run. `command` takes the place of what is
/// behind the program, as behind an image's ENTRYPOINT: which program stands for a container is for the template to say.
fn overridden(
    driver: &Driver,
    id: DefinitionId,
    given: shapes::Overrides,
) -> Result<Option<ServedDefinition>, ApiError> {
    sorted(given.others, &KEPT_OF_TASK, "overrides")?;
    let all = given.container_overrides.unwrap_or_default();
    if all.is_empty() {
        return Ok(None);
    }
    let (served, _) = driver.world.book.definition(id).ok_or_else(ApiError::no_definition)?;
    let mut served = served.clone();
    for one in all {
        apply(&mut served, one)?;
    }
    Ok(Some(served))
}

fn apply(served: &mut ServedDefinition, one: shapes::ContainerOverride) -> Result<(), ApiError> {
    const PATH: &str = "overrides.containerOverrides";
    sorted(one.others, &KEPT_OF_CONTAINER, PATH)?;
    let name = one.name.unwrap_or_default();
    let containers = &mut served.definition.containers;
    let place = containers.iter().position(|container| container.name == name);
    let place = place.ok_or_else(|| ApiError::no_such_container(&name))?;
    let variables = read::environment(one.environment.unwrap_or_default())?;
    containers[place].variables.extend(variables);
    let Some(command) = one.command.filter(|words| !words.is_empty()) else { return Ok(()) };
    if command.iter().any(|word| word.contains('\0')) {
        return Err(invalid(format!("{PATH}.command: a word with a NUL in it is none.")));
    }
    containers[place].command = Some(command.clone());
    if let Some(program) = served.programs.get_mut(place).and_then(Option::as_mut) {
        program.arguments = command;
    }
    Ok(())
}
