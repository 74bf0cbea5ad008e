//! The queues of a template.

use std::collections::BTreeMap;

use lunch_contract::sqs::{ApiError, QueueId};

use super::super::Door;
use super::{attributes, refused};
use crate::template;

/// Makes the queues that a template has, and gives those that are there already their attributes and tags.
///
/// # Errors
/// The name of the first that cannot be made, and what SQS says. Those before it are there.
pub(crate) fn declare(door: &Door, queues: &[template::Queue]) -> Result<(), (String, String)> {
    // A queue may name one that comes after it as its dead-letter queue: first all are made, then that is set.
    for with_redrive in [false, true] {
        for queue in queues {
            put(door, queue, with_redrive)
                .map_err(|error| (queue.name.clone(), error.to_string()))?;
        }
    }
    Ok(())
}

fn put(door: &Door, queue: &template::Queue, with_redrive: bool) -> Result<(), ApiError> {
    let mut given: BTreeMap<String, String> = queue.attributes.clone();
    given.retain(|name, _| with_redrive || name != "RedrivePolicy");
    let mut made = attributes::new(door, &queue.name, &given)?;
    made.tags.clone_from(&queue.tags);
    let there: Option<QueueId> = door.driver.borrow().world.queues.named(&queue.name);
    let told = match there {
        None => door.driver.borrow_mut().create_queue(made).map(|_| ()),
        Some(id) => {
            let before = attributes::existing(door, id)?;
            made.created_s = before.created_s;
            if !with_redrive {
                made.redrive = before.redrive;
            }
            door.driver.borrow_mut().set_queue(id, made)
        }
    };
    told.map_err(|refusal| refused(refusal, &queue.name, "", 0))
}
