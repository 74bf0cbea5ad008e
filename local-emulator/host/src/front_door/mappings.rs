//! Lambda's calls about event source mappings. Facts 7.7.

use hyper::{Method, StatusCode};
use lunch_cloud::event_source::{MappingId, MappingState, Refusal};
use lunch_contract::names::{FunctionReference, LATEST};
use lunch_contract::sqs::QueueName;
use lunch_contract::wire::CallerError;
use serde::Deserialize;
use serde_json::{Value, json};

use super::functions::{found, ok, paged};
use super::path::{decoded, field};
use super::{Answer, Door, made_safe, refused};
use crate::event_source::Settings;
use crate::event_source::filter::FiltersError;
use crate::template::ProvisionedPollers;

/// What CreateEventSourceMapping and UpdateEventSourceMapping say.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Asked {
    event_source_arn: Option<String>,
    function_name: Option<String>,
    enabled: Option<bool>,
    batch_size: Option<i64>,
    maximum_batching_window_in_seconds: Option<i64>,
    function_response_types: Option<Vec<String>>,
    scaling_config: Option<Scaling>,
    provisioned_poller_config: Option<Provisioned>,
    filter_criteria: Option<Criteria>,
    destination_config: Option<Value>,
    starting_position: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Scaling {
    maximum_concurrency: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Provisioned {
    minimum_pollers: Option<i64>,
    maximum_pollers: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Criteria {
    filters: Vec<Filter>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Filter {
    pattern: String,
}

/// Why a call is refused.
enum Wrong {
    Parameter(String),
    Conflict(String),
    NoSuchMapping,
    /// It is answered already.
    Answered(Box<Answer>),
}

impl Wrong {
    fn answer(self, door: &Door) -> Answer {
        match self {
            Self::Parameter(message) => {
                refused(door, &CallerError::InvalidParameter { message: &message })
            }
            Self::Conflict(message) => refused(door, &CallerError::Conflict { message: &message }),
            Self::NoSuchMapping => refused(door, &CallerError::ResourceNotFound),
            Self::Answered(answer) => *answer,
        }
    }
}

/// Answers a call below `/2015-03-31/event-source-mappings`; `route` is the rest of its path. `None`: it is none.
pub(super) async fn answer(
    door: &Door,
    method: &Method,
    route: &str,
    query: Option<&str>,
    body: &[u8],
) -> Option<Answer> {
    let uuid = decoded(route.trim_matches('/')).into_owned();
    let done = match (method, uuid.as_str()) {
        (&Method::GET, "") => return Some(list(door, query)),
        (&Method::POST, "") => create(door, body),
        (_, "") => return None,
        (&Method::GET, uuid) => known(door, uuid).map(|id| ok(door, &shown(door, id, None))),
        (&Method::PUT, uuid) => update(door, uuid, body),
        (&Method::DELETE, uuid) => delete(door, uuid),
        _ => return None,
    };
    Some(made_safe(door, done.unwrap_or_else(|wrong| wrong.answer(door))).await)
}

fn read(body: &[u8]) -> Result<Asked, Wrong> {
    serde_json::from_slice(body)
        .map_err(|error| Wrong::Parameter(format!("the request cannot be read: {error}")))
}

fn create(door: &Door, body: &[u8]) -> Result<Answer, Wrong> {
    let asked = read(body)?;
    let arn = asked.event_source_arn.clone().unwrap_or_default();
    let Ok(queue) = QueueName::of_arn(&arn) else {
        let message =
            format!("`{arn}` is no queue's ARN, and nothing else is an event source here");
        return Err(Wrong::Parameter(message));
    };
    if asked.starting_position.is_some() {
        let message = "StartingPosition is not valid for SQS event sources.";
        return Err(Wrong::Parameter(message.to_owned()));
    }
    let (function, qualifier) = function(door, asked.function_name.as_deref())?;
    let settings = Settings {
        queue: queue.as_str().to_owned(),
        function,
        qualifier,
        batch_size: 10,
        window_s: 0,
        concurrency_max: None,
        provisioned: None,
        reports_failures: false,
        enabled: true,
        filters: Vec::new(),
    };
    let settings = set(door, settings, asked)?;
    if let Some(uuid) = twin(door, &settings, None) {
        return Err(conflict(&arn, &settings.function, &uuid));
    }
    let made = door.driver.borrow_mut().map_by_call(None, settings);
    let id = made.map_err(|_| no_queue())?;
    Ok(accepted(door, &shown(door, id, Some("Creating"))))
}

fn update(door: &Door, uuid: &str, body: &[u8]) -> Result<Answer, Wrong> {
    let id = known(door, uuid)?;
    let mut asked = read(body)?;
    let before = door.driver.borrow().world.mappings.of(id).map(|kept| kept.settings.clone());
    let mut settings = before.ok_or(Wrong::NoSuchMapping)?;
    if let Some(name) = asked.function_name.take() {
        (settings.function, settings.qualifier) = function(door, Some(&name))?;
    }
    let settings = set(door, settings, asked)?;
    if let Some(uuid) = twin(door, &settings, Some(id)) {
        let arn = door.driver.borrow().world.mappings.of(id).map(|kept| kept.queue_arn.clone());
        return Err(conflict(&arn.unwrap_or_default(), &settings.function, &uuid));
    }
    let made = door.driver.borrow_mut().map_by_call(Some(id), settings);
    made.map_err(|refusal| match refusal {
        Refusal::UnknownMapping | Refusal::MappingInUse | Refusal::Gone => Wrong::NoSuchMapping,
    })?;
    Ok(accepted(door, &shown(door, id, Some("Updating"))))
}

fn delete(door: &Door, uuid: &str) -> Result<Answer, Wrong> {
    let id = known(door, uuid)?;
    let told = shown(door, id, Some("Deleting"));
    let deleted = door.driver.borrow_mut().unmap(id);
    deleted.map_err(|_| Wrong::NoSuchMapping)?;
    Ok(accepted(door, &told))
}

fn list(door: &Door, query: Option<&str>) -> Answer {
    let all: Vec<MappingId> =
        door.driver.borrow().world.mappings.iter().map(|(id, _)| id).collect();
    let (arn, function) = (field(query, "EventSourceArn"), field(query, "FunctionName"));
    let function = function.map(|text| {
        FunctionReference::parse(&text).map_or_else(|_| text.to_string(), |known| known.name.into())
    });
    let is_wanted = |id: &MappingId| {
        let driver = door.driver.borrow();
        let Some(kept) = driver.world.mappings.of(*id) else { return false };
        arn.as_deref().is_none_or(|arn| kept.queue_arn == arn)
            && function.as_deref().is_none_or(|name| kept.settings.function == name)
    };
    let all: Vec<_> = all.into_iter().filter(is_wanted).collect();
    paged(door, query, "EventSourceMappings", &all, |id| shown(door, *id, None))
}

fn known(door: &Door, uuid: &str) -> Result<MappingId, Wrong> {
    let driver = door.driver.borrow();
    driver.world.mappings.by_uuid(uuid).map(|(id, _)| id).ok_or(Wrong::NoSuchMapping)
}

/// The function that is meant, and its qualifier.
fn function(door: &Door, name: Option<&str>) -> Result<(String, Option<String>), Wrong> {
    let name = name.ok_or_else(|| Wrong::Parameter("FunctionName is missing.".to_owned()))?;
    let target = found(door, name, None).map_err(Wrong::Answered)?;
    let qualifier = FunctionReference::parse(name).ok().and_then(|known| known.qualifier);
    let qualifier = qualifier.filter(|qualifier| *qualifier != LATEST).map(str::to_owned);
    let driver = door.driver.borrow();
    Ok((driver.world.deployed.of(target.function).served.name.clone(), qualifier))
}

fn no_queue() -> Wrong {
    Wrong::Parameter(
        "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error \
         Message: The specified queue does not exist."
            .to_owned(),
    )
}

fn conflict(arn: &str, function: &str, uuid: &str) -> Wrong {
    Wrong::Conflict(format!(
        "An event source mapping with SQS arn (\" {arn} \") and function (\" {function} \") already exists. Please \
         update or delete the existing mapping with UUID {uuid}"
    ))
}

/// The mapping that is there already from that queue to that function.
fn twin(door: &Door, settings: &Settings, but: Option<MappingId>) -> Option<String> {
    let driver = door.driver.borrow();
    let mut all = driver.world.mappings.iter();
    let twin = all.find(|(id, kept)| {
        let kept = &kept.settings;
        Some(*id) != but
            && (&kept.queue, &kept.function, &kept.qualifier)
                == (&settings.queue, &settings.function, &settings.qualifier)
    });
    twin.map(|(_, kept)| kept.uuid.to_string())
}

/// Settings with what is asked for, and what AWS refuses of them. F 7.2, 7.3, 7.6.
fn set(door: &Door, mut settings: Settings, asked: Asked) -> Result<Settings, Wrong> {
    let wrong = |message: &str| Err(Wrong::Parameter(message.to_owned()));
    let is_fifo = settings.queue.ends_with(".fifo");
    if let Some(size) = asked.batch_size {
        settings.batch_size = within("BatchSize", size, 1, if is_fifo { 10 } else { 10_000 })?;
    }
    if let Some(window) = asked.maximum_batching_window_in_seconds {
        let most = if is_fifo { 0 } else { 300 };
        settings.window_s = within("MaximumBatchingWindowInSeconds", window, 0, most)?;
    }
    if settings.batch_size > 10 && settings.window_s == 0 {
        return wrong(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
        );
    }
    if let Some(scaling) = asked.scaling_config {
        let most = scaling.maximum_concurrency;
        settings.concurrency_max =
            most.map(|most| within("MaximumConcurrency", most, 2, 1_000)).transpose()?;
    }
    if let Some(pollers) = asked.provisioned_poller_config {
        settings.provisioned = pollers.read()?;
    }
    if settings.provisioned.is_some() && settings.concurrency_max.is_some() {
        // The text is from memory (unsure).
        return wrong("MaximumConcurrency and ProvisionedPollerConfig cannot be set together.");
    }
    if let Some(types) = asked.function_response_types {
        if let Some(other) = types.iter().find(|one| *one != "ReportBatchItemFailures") {
            return wrong(&format!("`{other}` is no FunctionResponseType"));
        }
        settings.reports_failures = !types.is_empty();
    }
    if let Some(criteria) = asked.filter_criteria {
        settings.filters = criteria.filters.into_iter().map(|filter| filter.pattern).collect();
        if settings.filters().is_err() {
            return wrong(FiltersError::AWS);
        }
    }
    let is_told = asked.destination_config.is_some_and(|config| {
        config.as_object().is_some_and(|config| config.values().any(|one| !one.is_null()))
    });
    if is_told {
        // The text is from memory (unsure).
        return wrong(
            "Unsupported DestinationConfig parameter for given event source mapping type.",
        );
    }
    settings.enabled = asked.enabled.unwrap_or(settings.enabled);
    let driver = door.driver.borrow();
    let queue =
        driver.world.queues.named(&settings.queue).and_then(|id| driver.world.queues.of(id));
    let visibility = queue.ok_or_else(no_queue)?.attributes.visibility;
    let function = driver.world.deployed.id_of(&settings.function);
    let timeout = function.map(|id| driver.world.deployed.of(id).served.timeout);
    if let Some(timeout) = timeout.filter(|timeout| *timeout > visibility) {
        return wrong(&format!(
            "Queue visibility timeout: {} seconds is less than Function timeout: {} seconds",
            visibility.as_secs(),
            timeout.as_secs()
        ));
    }
    drop(driver);
    Ok(settings)
}

impl Provisioned {
    /// What is asked for; who is to be rid of it says nothing in it.
    fn read(self) -> Result<Option<ProvisionedPollers>, Wrong> {
        if self.minimum_pollers.is_none() && self.maximum_pollers.is_none() {
            return Ok(None);
        }
        let number = |member, value: Option<i64>, most| {
            value.map(|value| within(member, value, 1, most)).transpose()
        };
        let (least, most) = (ProvisionedPollers::MINIMUM_MAX, ProvisionedPollers::MAXIMUM_MAX);
        let minimum = number("MinimumPollers", self.minimum_pollers, least)?;
        let maximum = number("MaximumPollers", self.maximum_pollers, most)?;
        let pollers = ProvisionedPollers::of(minimum, maximum);
        let message = "MinimumPollers is greater than MaximumPollers.";
        pollers.map(Some).ok_or_else(|| Wrong::Parameter(message.to_owned()))
    }
}

fn within(member: &str, value: i64, least: u32, most: u32) -> Result<u32, Wrong> {
    let number = u32::try_from(value).ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| {
        let message = format!("Value {value} for {member} is not from {least} to {most}.");
        Wrong::Parameter(message)
    })
}

fn accepted(door: &Door, body: &Value) -> Answer {
    let mut answer = ok(door, body);
    *answer.status_mut() = StatusCode::ACCEPTED;
    answer
}

/// A mapping as AWS shows it. `state` is that of a change which was just asked for.
fn shown(door: &Door, id: MappingId, state: Option<&str>) -> Value {
    let driver = door.driver.borrow();
    let world = &driver.world;
    let Some(kept) = world.mappings.of(id) else { return json!({}) };
    let settings = &kept.settings;
    let (region, account) = (&door.about.region, &door.about.account);
    let view = driver.cloud.sources().mapping(id);
    let now = match view.map(|view| view.state) {
        Some(MappingState::Enabled) => "Enabled",
        Some(MappingState::Disabling) => "Disabling",
        Some(MappingState::Disabled) => "Disabled",
        Some(MappingState::Deleting) | None => "Deleting",
    };
    let uuid = kept.uuid.to_string();
    let qualifier = settings.qualifier.as_ref().map(|text| format!(":{text}")).unwrap_or_default();
    let mut shown = json!({
        "UUID": uuid,
        "EventSourceMappingArn": format!("arn:aws:lambda:{region}:{account}:event-source-mapping:{uuid}"),
        "EventSourceArn": kept.queue_arn,
        "FunctionArn": format!("arn:aws:lambda:{region}:{account}:function:{}{qualifier}", settings.function),
        "BatchSize": settings.batch_size,
        "MaximumBatchingWindowInSeconds": settings.window_s,
        "FunctionResponseTypes":
            if settings.reports_failures { vec!["ReportBatchItemFailures"] } else { Vec::new() },
        "State": state.unwrap_or(now),
        "StateTransitionReason": "USER_INITIATED",
        "LastModified": seconds(kept.modified_ms),
    });
    if let Some(most) = settings.concurrency_max {
        shown["ScalingConfig"] = json!({ "MaximumConcurrency": most });
    }
    if let Some(ProvisionedPollers { minimum, maximum }) = settings.provisioned {
        shown["ProvisionedPollerConfig"] =
            json!({ "MinimumPollers": minimum, "MaximumPollers": maximum });
    }
    if !settings.filters.is_empty() {
        let filters: Vec<_> =
            settings.filters.iter().map(|text| json!({ "Pattern": text })).collect();
        shown["FilterCriteria"] = json!({ "Filters": filters });
    }
    shown
}

fn seconds(ms: u64) -> f64 {
    std::time::Duration::from_millis(ms).as_secs_f64()
}
