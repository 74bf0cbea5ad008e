//! Amazon SQS: all calls of the service model (M:sqs), in JSON 1.0 and in the older query protocol. Facts 9.
//!
//! `wire` reads and writes both protocols; `queues`, `messages` and `moves` are what the calls do. Translates only: what
//! is decided by state is the machine's.

mod attributes;
mod declare;
pub(super) mod look;
mod messages;
mod moves;
mod queues;
mod receive;
mod shapes;
mod wire;

use hyper::body::Bytes;
use hyper::{HeaderMap, Method, Request};
use lunch_cloud::sqs::Refusal;
use lunch_contract::sqs::{ApiError, Limits, QueueId, QueueName};
use serde_json::Value;

pub(crate) use self::declare::declare;
use self::shapes::Named;
use self::wire::Call;
use super::path::decoded;
use super::{Answer, Door};

/// The call that a request is, if it is one of SQS.
pub(super) fn call(request: &Request<Bytes>) -> Option<Call> {
    wire::call(request)
}

/// No larger body of one of these calls is read: ten messages of 1 MiB, which are refused as AWS does, have room.
pub(super) const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Whether a request whose body has not been read may be one of these calls.
pub(super) fn may_be(method: &Method, headers: &HeaderMap) -> bool {
    wire::may_be(method, headers)
}

/// Answers a call.
pub(super) async fn answer(door: &Door, call: &Call) -> Answer {
    let answered = match call.input(door) {
        Ok(input) => done(door, &call.action, input).await,
        Err(error) => Err(error),
    };
    // What is acknowledged is safe; what is refused may rest on what others have done and is not safe yet.
    let safe = door.driver.borrow_mut().safe();
    let answered = match safe {
        Some(safe) => {
            safe.await.map_err(|error| ApiError::Internal(error.to_string().into())).and(answered)
        }
        None => answered,
    };
    call.render(door, answered)
}

/// What a call is answered with: the members of its answer, if it has any.
type Done = Result<Value, ApiError>;

async fn done(door: &Door, action: &str, input: Value) -> Done {
    match action {
        "CreateQueue" => queues::create(door, read(input)?),
        "DeleteQueue" => queues::delete(door, &read(input)?),
        "GetQueueUrl" => queues::url_of(door, &read(input)?),
        "ListQueues" => queues::list(door, &read(input)?),
        "GetQueueAttributes" => attributes::of(door, &read(input)?),
        "SetQueueAttributes" => attributes::set(door, &read(input)?),
        "PurgeQueue" => queues::purge(door, &read(input)?),
        "ListDeadLetterSourceQueues" => queues::dead_letter_sources(door, &read(input)?),
        "TagQueue" => queues::tag(door, read(input)?),
        "UntagQueue" => queues::untag(door, &read(input)?),
        "ListQueueTags" => queues::tags(door, &read(input)?),
        "AddPermission" => queues::add_permission(door, &read(input)?),
        "RemovePermission" => queues::remove_permission(door, &read(input)?),
        "SendMessage" => messages::send(door, read(input)?),
        "SendMessageBatch" => messages::send_batch(door, read(input)?),
        "ReceiveMessage" => receive::receive(door, read(input)?).await,
        "DeleteMessage" => messages::delete(door, &read(input)?),
        "DeleteMessageBatch" => messages::delete_batch(door, read(input)?),
        "ChangeMessageVisibility" => messages::change(door, &read(input)?),
        "ChangeMessageVisibilityBatch" => messages::change_batch(door, read(input)?),
        "StartMessageMoveTask" => moves::start(door, &read(input)?),
        "CancelMessageMoveTask" => moves::cancel(door, &read(input)?),
        "ListMessageMoveTasks" => moves::list(door, &read(input)?),
        _ => Err(ApiError::UnknownOperation),
    }
}

fn read<T: serde::de::DeserializeOwned>(input: Value) -> Result<T, ApiError> {
    serde_json::from_value(input).map_err(|error| ApiError::Malformed(error.to_string().into()))
}

fn nothing() -> Value {
    Value::Null
}

/// The queue that a call names by its URL, and the queue's name.
fn named(door: &Door, named: &impl Named) -> Result<QueueId, ApiError> {
    let url = named.queue_url().ok_or(ApiError::MissingParameter { name: "QueueUrl" })?;
    let name = url.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let found = door.driver.borrow().world.queues.named(&decoded(name));
    found.ok_or(ApiError::QueueDoesNotExist)
}

/// The queue that an ARN names.
fn by_arn(door: &Door, arn: &str) -> Option<QueueId> {
    let name = QueueName::of_arn(arn).ok()?;
    door.driver.borrow().world.queues.named(name.as_str())
}

fn limits(door: &Door) -> Limits {
    door.driver.borrow().cloud.queues().settings().limits.clone()
}

/// Where a queue is found: at this door.
pub(super) fn url(door: &Door, name: &str) -> String {
    let driver = door.driver.borrow();
    format!("{}/{}/{name}", driver.world.deployed.endpoint, door.about.account)
}

fn arn(door: &Door, name: &str) -> String {
    format!("arn:aws:sqs:{}:{}:{name}", door.about.region, door.about.account)
}

/// What a refusal of the machine is called on the wire; `handle` and `seconds` are the call's.
fn refused(refusal: Refusal, name: &str, handle: &str, seconds: i64) -> ApiError {
    match refusal {
        Refusal::QueueDoesNotExist => ApiError::QueueDoesNotExist,
        Refusal::QueueDeletedRecently => ApiError::QueueDeletedRecently,
        Refusal::PurgeQueueInProgress => {
            ApiError::PurgeQueueInProgress { queue: name.to_owned() }
        }
        Refusal::TypeIsFixed => ApiError::InvalidAttributeValue(
            "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.".into(),
        ),
        Refusal::UnsuitableTarget => {
            ApiError::InvalidAttributeValue("Invalid value for the parameter RedrivePolicy.".into())
        }
        Refusal::MissingGroup => ApiError::MissingParameter { name: "MessageGroupId" },
        Refusal::MissingDeduplication => ApiError::no_deduplication(),
        Refusal::DelayOnFifo => ApiError::delay_on_fifo(seconds),
        Refusal::OverLimit => ApiError::OverLimit,
        Refusal::ReceiptHandleIsInvalid => ApiError::ReceiptHandleIsInvalid,
        Refusal::ReceiptHandleExpired => ApiError::handle_expired(handle),
        Refusal::MessageNotInflight => ApiError::MessageNotInflight,
        Refusal::NotAvailableForVisibilityChange => {
            ApiError::not_available_for_visibility_change(handle)
        }
        Refusal::VisibilityBeyondLimit => {
            ApiError::visibility_beyond_limit(u64::try_from(seconds).unwrap_or_default())
        }
        Refusal::NotADeadLetterQueue => ApiError::not_a_dead_letter_queue(),
        Refusal::MoveRunning => ApiError::InvalidParameterValue(
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time."
                .into(),
        ),
        Refusal::NoSuchMove => ApiError::no_such_task(),
        // What the driver itself gives the machine.
        Refusal::QueueInUse
        | Refusal::MessageInUse
        | Refusal::OutOfRange
        | Refusal::CallInUse
        | Refusal::TaskInUse => {
            ApiError::InvalidParameterValue("One or more parameters are invalid.".into())
        }
    }
}
