//! Amazon ECS: clusters, task definitions, services and tasks, in JSON 1.1. Calls and members are the service model's
//! (M:ecs). Facts 10.
//!
//! Translates only: what is decided by state is the machine's. What a call asks for and nothing here does is refused by
//! its name and never passed over.

mod clusters;
mod definitions;
mod members;
mod page;
mod read;
mod run;
mod services;
mod shapes;
mod shown;
mod shown_definition;
mod tasks;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use lunch_cloud::ecs::Refusal;
use lunch_contract::ecs::ApiError;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{Answer, Door, REQUEST_ID};
use crate::driver::Driver;
use crate::tasks::sentence;

const TARGET: &str = "x-amz-target";
const SERVICE: &str = "AmazonEC2ContainerServiceV20141113.";
const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");

/// The name of the call that a request is, if it is one of ECS.
pub(super) fn action(request: &Request<Bytes>) -> Option<&str> {
    let target = request.headers().get(TARGET).filter(|_| request.method() == Method::POST)?;
    str::from_utf8(target.as_bytes()).ok()?.strip_prefix(SERVICE)
}

/// Answers a call.
pub(super) fn answer(door: &Door, action: &str, body: &[u8]) -> Answer {
    let mut driver = door.driver.borrow_mut();
    let answered = input(body).and_then(|input| done(&mut driver, action, input));
    let (status, body) = match answered {
        Ok(body) => (StatusCode::OK, body),
        Err(error) => {
            let mut body = json!({ "__type": error.name(), "message": error.to_string() });
            if let ApiError::Conflict { tasks } = error {
                body["resourceIds"] = tasks.into();
            }
            (StatusCode::BAD_REQUEST, body)
        }
    };
    let mut answer = Response::new(Full::new(Bytes::from(body.to_string())));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, JSON);
    let id = driver.world.names.uuid();
    answer.headers_mut().insert(REQUEST_ID, id.into());
    answer
}

/// What a call is answered with.
type Done = Result<Value, ApiError>;

fn done(driver: &mut Driver, action: &str, input: Value) -> Done {
    match action {
        "CreateCluster" => clusters::create(driver, read(input)?),
        "DescribeClusters" => clusters::describe(driver, read(input)?),
        "DeleteCluster" => clusters::delete(driver, read(input)?),
        "ListClusters" => clusters::list(driver, read(input)?),
        "RegisterTaskDefinition" => definitions::register(driver, input),
        "DeregisterTaskDefinition" => definitions::deregister(driver, read(input)?),
        "DescribeTaskDefinition" => definitions::describe(driver, read(input)?),
        "ListTaskDefinitions" => definitions::list(driver, read(input)?),
        "ListTaskDefinitionFamilies" => definitions::families(driver, read(input)?),
        "CreateService" => services::create(driver, read(input)?),
        "UpdateService" => services::update(driver, read(input)?),
        "DeleteService" => services::delete(driver, read(input)?),
        "DescribeServices" => services::describe(driver, read(input)?),
        "ListServices" => services::list(driver, read(input)?),
        "RunTask" => run::run(driver, input),
        "StopTask" => tasks::stop(driver, read(input)?),
        "DescribeTasks" => tasks::describe(driver, read(input)?),
        "ListTasks" => tasks::list(driver, read(input)?),
        _ => Err(ApiError::UnknownOperation(format!(
            "`{action}` is not served by this cloud: of ECS it serves Create-, Describe-, Delete- and ListClusters, \
             Register-, Deregister- and DescribeTaskDefinition, ListTaskDefinitions, ListTaskDefinitionFamilies, \
             Create-, Update-, Delete- and DescribeServices, ListServices, Run- and StopTask, DescribeTasks and ListTasks"
        ))),
    }
}

/// The members that a call is given.
fn input(body: &[u8]) -> Result<Value, ApiError> {
    let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
    match serde_json::from_slice(body) {
        Ok(input @ Value::Object(_)) => Ok(input),
        Ok(_) => Err(ApiError::Malformed("the body is no JSON object".to_owned())),
        Err(error) => Err(ApiError::Malformed(format!("the body is not JSON: {error}"))),
    }
}

fn read<T: DeserializeOwned>(input: Value) -> Result<T, ApiError> {
    serde_json::from_value(input).map_err(|error| {
        ApiError::Malformed(format!("the body is not what this call takes: {error}"))
    })
}

fn invalid(text: impl Into<String>) -> ApiError {
    ApiError::InvalidParameter(text.into().into())
}

fn client(text: impl Into<String>) -> ApiError {
    ApiError::Client(text.into().into())
}

/// The name of a cluster, a service or a family. The text is from memory (unsure).
fn check_name(member: &str, name: &str) -> Result<(), ApiError> {
    if lunch_contract::ecs::is_name(name) {
        return Ok(());
    }
    let shown: String = name.chars().take(80).collect();
    Err(invalid(format!(
        "{member} contains invalid characters: `{shown}` has to be 1 to 255 letters, digits, `-` and `_`."
    )))
}

/// The cluster that a call names, which is there.
fn cluster(driver: &Driver, named: Option<&str>) -> Result<String, ApiError> {
    driver.world.book.cluster_named(named).ok_or(ApiError::ClusterNotFound)
}

/// What is named and not there.
fn missing(arn: String) -> Value {
    json!({ "arn": arn, "reason": "MISSING" })
}

/// What the machine refuses, as AWS calls it.
fn refused(refusal: Refusal) -> ApiError {
    match refusal {
        Refusal::UnknownDefinition => ApiError::no_definition(),
        Refusal::InvalidDefinition(_) => client(format!("{}.", sentence(refusal))),
        Refusal::UnknownService => ApiError::ServiceNotFound,
        Refusal::ServiceNotActive => ApiError::ServiceNotActive,
        Refusal::ServiceInUse => ApiError::not_idempotent(),
        Refusal::ScaledAboveZero => ApiError::scaled_above_zero(),
        Refusal::UnknownTask => ApiError::no_task(),
        Refusal::DefinitionInUse
        | Refusal::DesiredOutOfRange
        | Refusal::ImpossiblePercents
        | Refusal::CountOutOfRange
        | Refusal::OneAtATime
        | Refusal::Gone
        | Refusal::ShutDown => invalid(format!("{}.", sentence(refusal))),
    }
}

/// A member of an answer, where there is something to say.
fn put(members: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        members.insert(name.to_owned(), value.into());
    }
}
