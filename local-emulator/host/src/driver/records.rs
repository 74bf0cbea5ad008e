//! Tells destinations and dead-letter queues what became of events.

use std::collections::BTreeMap;

use hyper::body::Bytes;
use lunch_cloud::asynchronous::Condition;
use lunch_contract::{FunctionId, Outcome, RequestId, names, wire};

use super::Driver;
use super::events::qualifier_of;
use super::request::{Call, Waits};
use super::world::{Deferred, HostWorld};
use crate::destinations::{Destination, Ended, EventInvokeConfig};
use crate::published::Version;
use crate::queues::{Attribute, AttributeBytes, Message, Rare};
use crate::uuid::Uuid;
use crate::wire::Note;

/// The longest `ErrorMessage` of a dead letter. F 6.
const ERROR_MESSAGE_BYTES_MAX: usize = 1_024;

/// What somebody is to be told of an event.
#[derive(Debug)]
pub(crate) struct Recorded {
    request: RequestId,
    uuid: Uuid,
    trace_id: String,
    to: Destination,
    body: String,
    attributes: BTreeMap<String, Attribute>,
}

impl HostWorld {
    /// Has whoever wants to know told of an event that comes no more.
    pub(super) fn record_event(
        &mut self,
        id: RequestId,
        function: FunctionId,
        condition: Condition,
        attempts: u32,
    ) {
        let Some(request) = self.requests.of(id) else { return };
        let failed = condition != Condition::Success;
        let dead_letters = &self.deployed.of(function).served.dead_letters;
        let dead_letters = dead_letters.as_ref().filter(|_| failed);
        let config = self.event_configs.said.of(function, qualifier_of(&request.call.arn));
        let destination = config.and_then(|kept| {
            let EventInvokeConfig { on_success, on_failure, .. } = &kept.config;
            let arn = if failed { on_failure } else { on_success };
            Destination::of_arn(arn.as_deref()?)
        });
        if destination.is_none() && dead_letters.is_none() {
            return;
        }
        let outcome = request.outcome.clone().unwrap_or(Outcome::ShutDown);
        let (uuid, trace_id) = (request.uuid, &request.trace_id);
        let answered = wire::invoke_answer(&outcome, &uuid.text());
        let response = answered.body.map_or_else(|| request.response.clone(), Bytes::from);
        let arn = request.call.arn.to_str().unwrap_or_default();
        // Name and qualifier are the seventh and the eighth.
        let is_qualified = arn.split(':').count() > 7;
        let arn = if is_qualified { arn.to_owned() } else { format!("{arn}:$LATEST") };
        let now = u64::try_from(self.clock.wall_of(self.clock.now()).as_millis());
        let ended = Ended {
            timestamp: &names::timestamp(now.unwrap_or(u64::MAX)),
            request_id: &uuid.text(),
            function_arn: &arn,
            version: &request.call.version.to_string(),
            condition,
            attempts,
            request: &request.call.payload,
            response: was_called(&outcome).then_some((&*response, failed)),
        };
        let told = |to: Destination, body: String, attributes| Recorded {
            request: id,
            uuid,
            trace_id: trace_id.to_str().unwrap_or_default().to_owned(),
            to,
            body,
            attributes,
        };
        let mut all = Vec::new();
        if let Some(to) = destination {
            all.push(told(to, ended.record(), BTreeMap::new()));
        }
        if let Some(queue) = dead_letters {
            let event = String::from_utf8_lossy(&request.call.payload).into_owned();
            let attributes = dead_letter(&uuid.text(), &response);
            all.push(told(Destination::Queue(queue.clone()), event, attributes));
        }
        self.deferred.extend(all.into_iter().map(Deferred::Record));
    }
}

/// Whether a function was called, so that there is an answer to tell of.
const fn was_called(outcome: &Outcome) -> bool {
    !matches!(outcome, Outcome::Throttled { .. } | Outcome::ShutDown)
}

/// The attributes of a dead letter. F 6.
fn dead_letter(request_id: &str, response: &[u8]) -> BTreeMap<String, Attribute> {
    let said: Option<serde_json::Value> = serde_json::from_slice(response).ok();
    let message = said.as_ref().and_then(|said| said.get("errorMessage")?.as_str());
    let mut message = message.unwrap_or_default().to_owned();
    message.truncate(message.floor_char_boundary(ERROR_MESSAGE_BYTES_MAX));
    let all = [
        ("RequestID", "String", request_id.to_owned()),
        ("ErrorCode", "Number", "200".to_owned()),
        ("ErrorMessage", "String", message),
    ];
    let attribute = |(name, data_type, text): (&str, &str, String)| {
        let value = AttributeBytes::Text(text);
        (name.to_owned(), Attribute { data_type: data_type.to_owned(), value })
    };
    // SQS takes no empty value.
    all.into_iter().filter(|(_, _, text)| !text.is_empty()).map(attribute).collect()
}

impl Driver {
    /// Tells somebody of an event, and the timeline how that went.
    pub(super) fn tell_of_event(&mut self, recorded: Recorded) {
        let Recorded { request, uuid, trace_id, to, body, attributes } = recorded;
        let (whom, told) = match to {
            Destination::Queue(queue) => {
                let rare =
                    Rare { attributes, trace_header: Some(trace_id.into()), ..Rare::default() };
                (format!("the queue `{queue}`"), self.send_record(&queue, body, rare))
            }
            Destination::Function(name) => {
                (format!("the function `{name}`"), self.call_with_record(&name, body))
            }
        };
        let now = self.world.clock.now();
        let note = Note::EventRecorded {
            request,
            request_id: uuid.to_string(),
            to: whom,
            why: told.err(),
        };
        self.world.timeline.note(now, note);
    }

    fn send_record(&mut self, queue: &str, body: String, rare: Rare) -> Result<(), String> {
        let gone = || "it is not there any more".to_owned();
        let id = self.world.queues.named(queue).ok_or_else(gone)?;
        let bytes_max =
            self.world.queues.of(id).map_or(0, |queue| queue.attributes.message_bytes_max);
        let message = Message::new(self.world.names.uuid(), &body, rare);
        if message.bytes() > bytes_max {
            return Err(format!("it is longer than the queue's {bytes_max} bytes"));
        }
        self.send(id, message, None).map(drop).map_err(|refusal| format!("{refusal:?}"))
    }

    fn call_with_record(&mut self, name: &str, body: String) -> Result<(), String> {
        let function = self.world.deployed.id_of(name);
        let function = function.ok_or_else(|| "it is not served any more".to_owned())?;
        let call = Call {
            function,
            payload: Bytes::from(body),
            version: Version::Latest,
            arn: self.world.deployed.of(function).arn_header.clone(),
            trace_id: None,
            client_context: None,
            waits: Waits::No,
            uuid: None,
        };
        self.invoke(call).map(drop).map_err(|refusal| format!("{refusal:?}"))
    }
}
