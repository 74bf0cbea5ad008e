//! A request while it is unfinished: its payload, its caller, what came of it so far.

use hyper::body::Bytes;
use hyper::header::HeaderValue;
use lunch_cloud::Evidence;
use lunch_cloud::event_source::PollerId;
use lunch_contract::sqs::MessageId;
use lunch_contract::{FunctionId, InstanceId, Outcome, RequestId};
use tokio::sync::oneshot;

use crate::logs::Tail;
use crate::published::Version;
use crate::uuid::Uuid;

/// What a caller wants, as the front door understood it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) function: FunctionId,
    pub(crate) payload: Bytes,
    /// What the qualifier stands for.
    pub(crate) version: Version,
    /// The function's ARN with the caller's qualifier, or without one.
    pub(crate) arn: HeaderValue,
    /// The request's id, where it was needed before.
    pub(crate) uuid: Option<Uuid>,
    /// `X-Amzn-Trace-Id`, as the caller sent it.
    pub(crate) trace_id: Option<HeaderValue>,
    /// JSON, decoded.
    pub(crate) client_context: Option<HeaderValue>,
    pub(crate) waits: Waits,
}

/// Whether the caller waits, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    /// For the answer.
    Response,
    /// For the end of the invocation, whose log's tail it wants.
    Tail,
    /// For nothing: an event.
    No,
}

/// An unfinished request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) id: RequestId,
    pub(crate) uuid: Uuid,
    pub(crate) call: Call,
    pub(crate) trace_id: HeaderValue,
    /// Who is answered. `None`: nobody waits, or the answer was given.
    pub(crate) caller: Option<oneshot::Sender<Answer>>,
    /// The batch that it is for, if it is a poller's.
    pub(crate) batch: Option<Box<Batch>>,
    /// What the function sent, as soon as it was complete.
    pub(crate) response: Bytes,
    /// The log of the invocation, for who asked for it.
    pub(crate) tail: Option<Tail>,
    /// The last line that the function logged, cut to a bound.
    pub(crate) last_line: Option<String>,
    /// What its caller was told.
    pub(crate) outcome: Option<Outcome>,
    /// The instance that it was delivered to.
    pub(crate) holder: Option<InstanceId>,
}

/// A poller's batch.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) poller: PollerId,
    pub(crate) reports_failures: bool,
    /// Its messages, by their ids on AWS.
    pub(crate) ids: Vec<(String, MessageId)>,
}

/// What a caller gets.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) outcome: Outcome,
    pub(crate) evidence: Evidence,
    /// The name of the instance that served.
    pub(crate) instance: Option<HeaderValue>,
    /// The function's own bytes, where the outcome says so.
    pub(crate) response: Bytes,
    /// The log's tail, where it was asked for.
    pub(crate) tail: Option<String>,
}

/// A request that was told to the cloud.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) id: RequestId,
    pub(crate) uuid: Uuid,
    pub(crate) trace_id: HeaderValue,
    /// Closed without an answer only when the cloud itself is gone.
    pub(crate) answer: oneshot::Receiver<Answer>,
}

/// What a runtime gets by `/next`.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) uuid: Uuid,
    /// Of this attempt.
    pub(crate) invocation: Uuid,
    /// Milliseconds of wall-clock time since 1970.
    pub(crate) deadline_ms: u64,
    pub(crate) arn: HeaderValue,
    pub(crate) trace_id: HeaderValue,
    pub(crate) client_context: Option<HeaderValue>,
    pub(crate) payload: Bytes,
}

/// The unfinished requests, by index.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    slots: Vec<Option<Request>>,
}

impl Requests {
    pub(crate) fn insert(&mut self, request: Request) {
        let index = request.id.index as usize;
        if self.slots.len() <= index {
            self.slots.resize_with(index + 1, || None);
        }
        self.slots[index] = Some(request);
    }

    pub(crate) fn of(&self, id: RequestId) -> Option<&Request> {
        self.slots.get(id.index as usize)?.as_ref().filter(|request| request.id == id)
    }

    pub(crate) fn of_mut(&mut self, id: RequestId) -> Option<&mut Request> {
        self.slots.get_mut(id.index as usize)?.as_mut().filter(|request| request.id == id)
    }

    pub(crate) fn remove(&mut self, id: RequestId) -> Option<Request> {
        self.of(id)?;
        self.slots[id.index as usize].take()
    }
}

/// A kept line is cut to so many characters.
const LAST_LINE_CHARS: usize = 512;

impl Request {
    /// The function logged a line for it.
    pub(crate) fn log(&mut self, line: &str) {
        if let Some(tail) = &mut self.tail {
            tail.push(line);
        }
        if !line.trim().is_empty() {
            self.last_line = Some(line.chars().take(LAST_LINE_CHARS).collect());
        }
    }
}
