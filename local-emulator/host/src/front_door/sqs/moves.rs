//! The calls that move a dead-letter queue's messages.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use lunch_cloud::sqs::{Event, MoveStatus, StoredTask};
use lunch_contract::sqs::{ApiError, QueueId, TaskId};
use serde_json::{Value, json};

use super::super::Door;
use super::{Done, arn, by_arn, limits, refused, shapes};

/// StartMessageMoveTask.
pub(super) fn start(door: &Door, asked: &shapes::StartMove) -> Done {
    let source_arn =
        asked.source_arn.as_deref().ok_or(ApiError::MissingParameter { name: "SourceArn" })?;
    let source = queue_of(door, source_arn, "SourceArn")?;
    let destination = match asked.destination_arn.as_deref() {
        None => None,
        Some(arn) => Some(queue_of(door, arn, "DestinationArn")?),
    };
    let max = limits(door).move_rate_max;
    let per_second = asked.max_number_of_messages_per_second.map(|number| {
        u32::try_from(number).ok().filter(|number| (1..=max).contains(number)).ok_or_else(|| {
            let message = format!(
                "Value {number} for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: You must enter a value \
                 for MaxNumberOfMessagesPerSecond from 1 to {max}."
            );
            ApiError::InvalidParameterValue(message.into())
        })
    });
    let started = door.driver.borrow_mut().start_move(source, destination, per_second.transpose()?);
    let task = started.map_err(|refusal| refused(refusal, "", "", 0))?;
    Ok(json!({ "TaskHandle": handle(task, source_arn) }))
}

fn queue_of(door: &Door, arn: &str, parameter: &str) -> Result<QueueId, ApiError> {
    by_arn(door, arn).ok_or_else(|| ApiError::no_such_queue(parameter))
}

/// A task's handle: Base64 of JSON, as AWS's looks.
fn handle(task: TaskId, source_arn: &str) -> String {
    let json = json!({ "taskId": task.0.to_string(), "sourceArn": source_arn });
    BASE64_STANDARD.encode(json.to_string())
}

/// The task that a handle names, and the ARN of its source.
fn task_of(handle: &str) -> Option<(TaskId, String)> {
    let json: Value = serde_json::from_slice(&BASE64_STANDARD.decode(handle).ok()?).ok()?;
    let task = json["taskId"].as_str()?.parse().ok().map(TaskId)?;
    Some((task, json["sourceArn"].as_str()?.to_owned()))
}

/// CancelMessageMoveTask.
pub(super) fn cancel(door: &Door, asked: &shapes::CancelMove) -> Done {
    let text =
        asked.task_handle.as_deref().ok_or(ApiError::MissingParameter { name: "TaskHandle" })?;
    let (task, source_arn) = task_of(text).ok_or_else(|| {
        let message = "Value for parameter TaskHandle is invalid.";
        ApiError::InvalidParameterValue(message.into())
    })?;
    let source = queue_of(door, &source_arn, "SourceArn")?;
    let moved = {
        let driver = door.driver.borrow();
        let mut tasks = driver.cloud.queues().moves(source);
        tasks.find(|listed| listed.task == task).map(|listed| listed.moved)
    };
    let moved = moved.ok_or_else(ApiError::no_such_task)?;
    let told = door.driver.borrow_mut().tell(Event::CancelMove { task });
    told.map_err(|refusal| refused(refusal, "", "", 0))?;
    Ok(json!({ "ApproximateNumberOfMessagesMoved": moved }))
}

/// ListMessageMoveTasks.
pub(super) fn list(door: &Door, asked: &shapes::ListMoves) -> Done {
    let source_arn =
        asked.source_arn.as_deref().ok_or(ApiError::MissingParameter { name: "SourceArn" })?;
    let source = queue_of(door, source_arn, "SourceArn")?;
    let max = limits(door).move_tasks_max;
    let wanted = asked.max_results.unwrap_or(1);
    let count = usize::try_from(wanted).ok().filter(|count| (1..=max).contains(count));
    let count = count.ok_or_else(|| {
        let message = format!(
            "Value {wanted} for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and {max}."
        );
        ApiError::InvalidParameterValue(message.into())
    })?;
    let driver = door.driver.borrow();
    let tasks: Vec<_> = driver.cloud.queues().moves(source).take(count).collect();
    let results: Vec<_> = tasks
        .iter()
        .map(|task| {
            let destination = task
                .destination
                .and_then(|id| driver.world.queues.of(id))
                .map(|queue| arn(door, &queue.name));
            let started_ms = driver.world.clock.wall_of(task.started).as_millis();
            shown(task, source_arn, destination, u64::try_from(started_ms).unwrap_or(u64::MAX))
        })
        .collect();
    Ok(json!({ "Results": results }))
}

fn shown(
    task: &StoredTask,
    source_arn: &str,
    destination: Option<String>,
    started_ms: u64,
) -> Value {
    let mut shown = json!({
        "Status": task.status,
        "SourceArn": source_arn,
        "ApproximateNumberOfMessagesMoved": task.moved,
        "ApproximateNumberOfMessagesToMove": task.to_move,
        "StartedTimestamp": started_ms,
    });
    // AWS was recorded to say nothing of a rate that nobody has set.
    if let Some(per_second) = task.per_second {
        shown["MaxNumberOfMessagesPerSecond"] = per_second.into();
    }
    if let Some(destination) = destination {
        shown["DestinationArn"] = destination.into();
    }
    if task.status == MoveStatus::Running {
        shown["TaskHandle"] = handle(task.task, source_arn).into();
    }
    if task.status == MoveStatus::Failed {
        shown["FailureReason"] = "AWS.SimpleQueueService.NonExistentQueue".into();
    }
    shown
}
