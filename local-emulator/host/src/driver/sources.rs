//! Carries out what event source mappings ask for: a batch is examined, and a function called with it.

use std::rc::Rc;

use hyper::body::Bytes;
use lunch_cloud::drive;
use lunch_cloud::event_source::{
    Command, Event, Fact, MappingConfig, MappingId, PollerId, Verdict,
};
use lunch_cloud::sqs::Delivery;
use lunch_cloud::{InvocationKind, ReplyAt};
use lunch_contract::sqs::{MessageId, QueueId};
use lunch_contract::{FunctionId, Moment, Outcome};

use super::Driver;
use super::request::{Batch, Call, Waits};
use super::world::{Deferred, HostWorld};
use crate::event_source::{
    Attributes, Hex, Mapping, Record, UserAttributes, record_bytes_max, verdict,
};
use crate::published::Version;
use crate::queues::Message;
use crate::template;

/// A batch that is to be handed to a function.
#[derive(Debug)]
pub(crate) struct Called {
    poller: PollerId,
    mapping: MappingId,
    function: FunctionId,
    messages: Vec<Delivery>,
}

impl HostWorld {
    pub(super) fn source(&mut self, command: Command) {
        match command {
            Command::Examine { poller, mapping, messages } => {
                let facts = messages.iter().map(|id| self.fact(mapping, *id)).collect();
                let event = Event::Examined { poller, facts };
                self.deferred.push_back(Deferred::Tell(event.into()));
            }
            Command::Invoke { poller, mapping, function, messages } => {
                let called = Called { poller, mapping, function, messages };
                self.deferred.push_back(Deferred::Call(called));
            }
            Command::Gone { mapping } => self.mappings.remove(mapping),
            // What they ask of the queues stays within the cloud.
            Command::Queue(_) => {}
        }
    }

    fn fact(&self, mapping: MappingId, id: MessageId) -> Fact {
        let kept = self.queues.message(id).zip(self.mappings.of(mapping));
        let Some((message, mapping)) = kept else {
            return Fact { rendered_bytes: 0, passes: true };
        };
        let rendered = record_bytes_max(message, mapping);
        Fact {
            rendered_bytes: u32::try_from(rendered).unwrap_or(u32::MAX),
            passes: mapping.filters.pass(&message.body),
        }
    }

    /// What a function is called with, and the ids that it may name.
    fn rendered(
        &self,
        mapping: &Mapping,
        messages: &[Delivery],
    ) -> (String, Vec<(String, MessageId)>) {
        let (mut records, mut ids) = (Vec::new(), Vec::new());
        for delivery in messages {
            let Some(message) = self.queues.message(delivery.message) else { continue };
            let id = message.uuid.to_string();
            records.push(self.record(mapping, delivery, message, &id));
            ids.push((id, delivery.message));
        }
        (format!("{{\"Records\":[{}]}}", records.join(",")), ids)
    }

    fn record(
        &self,
        mapping: &Mapping,
        delivery: &Delivery,
        message: &Message,
        id: &str,
    ) -> String {
        let ms = |at: Moment| self.clock.wall_of(at).as_millis().to_string();
        let queue = |id: QueueId| self.queues.of(id);
        let is_fifo = queue(delivery.handle.queue).is_some_and(|queue| queue.attributes.fifo);
        let rare = message.rare.as_deref();
        let (region, account) = (&self.deployed.region, &self.deployed.account);
        let source = delivery.source.and_then(queue);
        Record {
            message_id: id,
            receipt_handle: delivery.handle.to_string(),
            body: &message.body,
            attributes: Attributes {
                approximate_receive_count: delivery.receive_count.to_string(),
                trace_header: rare.and_then(|rare| rare.trace_header.as_deref()),
                sent_timestamp: ms(delivery.sent),
                sequence_number: is_fifo.then(|| delivery.sequence.to_string()),
                message_group_id: message.group(),
                sender_id: account,
                message_deduplication_id: message.dedup(),
                approximate_first_receive_timestamp: ms(delivery.first_received),
                dead_letter_queue_source_arn: source
                    .map(|queue| format!("arn:aws:sqs:{region}:{account}:{}", queue.name)),
            },
            message_attributes: UserAttributes(rare.map(|rare| &rare.attributes)),
            md5_of_message_attributes: rare.and_then(|rare| rare.digest).map(Hex),
            md5_of_body: Hex(message.digest),
            event_source: "aws:sqs",
            event_source_arn: &mapping.queue_arn,
            aws_region: region,
        }
        .json()
    }

    /// A function has answered for a batch.
    pub(super) fn batch_answered(&mut self, batch: &Batch, outcome: &Outcome, answer: &[u8]) {
        let verdict = verdict(outcome, answer, batch.reports_failures, &batch.ids);
        let event = Event::Answered { poller: batch.poller, verdict };
        self.deferred.push_back(Deferred::Tell(event.into()));
    }
}

impl Driver {
    /// Has the mappings of a template, and no other: those that are there and are not in it go when what they have in
    /// hand is worked off.
    pub(crate) fn map_all(&mut self, wanted: &[template::Mapping]) {
        let there: Vec<_> = self
            .world
            .mappings
            .iter()
            .map(|(id, mapping)| (id, mapping.logical_id.clone()))
            .collect();
        for (id, logical_id) in &there {
            if !wanted.iter().any(|one| one.logical_id == *logical_id) {
                // It may be on its way out already.
                self.tell(Event::Delete { mapping: *id }).ok();
            }
        }
        for one in wanted {
            let known = there.iter().find(|(_, logical_id)| *logical_id == one.logical_id);
            if let Some((mapping, config)) = self.mapping(one) {
                match known {
                    Some((id, _)) => self.remap(*id, mapping, config),
                    None => self.map(mapping, config),
                }
            }
        }
    }

    fn map(&mut self, mapping: Mapping, config: MappingConfig) {
        let id = self.world.mappings.next();
        self.world.mappings.insert(id, mapping);
        let told = self.tell(Event::Create { mapping: id, config });
        debug_assert_eq!(told, Ok(()), "the id is new");
    }

    fn remap(&mut self, id: MappingId, mapping: Mapping, config: MappingConfig) {
        let is_other = self.cloud.sources().mapping(id).is_none_or(|view| view.config != config);
        self.world.mappings.insert(id, mapping);
        if is_other {
            // One that is on its way out stays so.
            self.tell(Event::Update { mapping: id, config }).ok();
        }
    }

    /// What is to be known of a mapping of the template, if its queue and its function are there.
    fn mapping(&self, wanted: &template::Mapping) -> Option<(Mapping, MappingConfig)> {
        let world = &self.world;
        let queue = world.queues.named(&wanted.queue)?;
        let function = world.deployed.id_of(&wanted.function)?;
        let (region, account) = (&world.deployed.region, &world.deployed.account);
        let mapping = Mapping {
            logical_id: wanted.logical_id.clone(),
            queue_arn: format!("arn:aws:sqs:{region}:{account}:{}", wanted.queue),
            reports_failures: wanted.reports_failures,
            filters: Rc::new(wanted.filters.clone()),
        };
        let config = MappingConfig {
            queue,
            function,
            batch_size: wanted.batch_size,
            window: wanted.window,
            concurrency_max: wanted.concurrency_max,
            visibility: world.queues.of(queue)?.attributes.visibility,
            enabled: wanted.enabled,
        };
        Some((mapping, config))
    }

    /// Calls a function with a batch.
    pub(super) fn call_with_batch(&mut self, called: Called) {
        let Called { poller, mapping, function, messages } = called;
        let Some(kept) = self.world.mappings.of(mapping).cloned() else { return };
        let (event, ids) = self.world.rendered(&kept, &messages);
        let batch = Batch { poller, reports_failures: kept.reports_failures, ids };
        let call = Call {
            function,
            payload: Bytes::from(event),
            version: Version::Latest,
            arn: self.world.deployed.of(function).arn_header.clone(),
            uuid: None,
            trace_id: None,
            client_context: None,
            waits: Waits::Response,
        };
        let id = self.open(call, Some(Box::new(batch))).id;
        let now = self.world.clock.now();
        let event = lunch_cloud::Event::Invoke {
            request: id,
            function,
            kind: InvocationKind::RequestResponse,
            reply: ReplyAt::Response,
        };
        if drive::tell(&mut self.cloud, &mut self.world, now, event).is_err() {
            self.close(id);
            let event = Event::Answered { poller, verdict: Verdict::Failed };
            self.world.deferred.push_back(Deferred::Tell(event.into()));
        }
    }
}
