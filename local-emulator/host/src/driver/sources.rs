//! Carries out what event source mappings ask for: a batch is examined, and a function called with it.

use std::time::Duration;

use hyper::body::Bytes;
use lunch_cloud::drive;
use lunch_cloud::event_source::{
    Command, Event, Fact, MappingConfig, MappingId, PollerId, Refusal, Verdict,
};
use lunch_cloud::sqs::Delivery;
use lunch_cloud::{InvocationKind, ReplyAt};
use lunch_contract::sqs::{MessageId, QueueId};
use lunch_contract::{FunctionId, Moment, Outcome, QualifierId};

use super::request::{Batch, Call, Waits};
use super::world::{Deferred, HostWorld};
use super::{Driver, header};
use crate::event_source::{
    Attributes, AttributesDigest, Hex, Mapping, Record, Settings, UserAttributes, record_bytes_max,
    verdict,
};
use crate::queues::Message;
use crate::store::Write;
use crate::template;
use crate::uuid::Uuid;

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
        let digest = rare.and_then(|rare| rare.digest);
        let has_window = mapping.settings.window_s > 0;
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
            md5_of_message_attributes: AttributesDigest::of(digest, has_window),
            md5_of_body: Hex(message.body.digest()),
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
            .filter_map(|(id, mapping)| Some((id, mapping.uuid, mapping.logical_id.clone()?)))
            .collect();
        for (id, _, logical_id) in &there {
            if !wanted.iter().any(|one| one.logical_id == *logical_id) {
                // It may be on its way out already.
                self.tell(Event::Delete { mapping: *id }).ok();
            }
        }
        for one in wanted {
            let known = there.iter().find(|(_, _, logical_id)| *logical_id == one.logical_id);
            let uuid = known.map_or_else(|| self.world.names.uuid(), |(_, uuid, _)| *uuid);
            let settings = Settings::from(one);
            if let Some((mapping, config)) =
                self.mapping(uuid, Some(one.logical_id.clone()), settings)
            {
                // One that is on its way out stays so.
                self.put_mapping(known.map(|(id, ..)| *id), mapping, config).ok();
            }
        }
    }

    /// Makes a mapping, or sets one anew.
    ///
    /// # Errors
    /// What the machine refuses: it is on its way out.
    fn put_mapping(
        &mut self,
        id: Option<MappingId>,
        mapping: Mapping,
        config: MappingConfig,
    ) -> Result<MappingId, Refusal> {
        let is_new = id.is_none();
        let id = id.unwrap_or_else(|| self.world.mappings.next());
        if is_new {
            self.world.mappings.insert(id, mapping);
            self.tell(Event::Create { mapping: id, config })?;
            return Ok(id);
        }
        let is_other = self.cloud.sources().mapping(id).is_none_or(|view| view.config != config);
        if is_other {
            self.tell(Event::Update { mapping: id, config })?;
        }
        self.world.mappings.insert(id, mapping);
        Ok(id)
    }

    /// Makes a mapping by a call, or sets one anew.
    ///
    /// # Errors
    /// Its queue or its function is not there, or it is on its way out.
    pub(crate) fn map_by_call(
        &mut self,
        known: Option<MappingId>,
        settings: Settings,
    ) -> Result<MappingId, Refusal> {
        let before = known.and_then(|id| self.world.mappings.of(id)).cloned();
        let uuid = before.as_ref().map_or_else(|| self.world.names.uuid(), |before| before.uuid);
        let logical_id = before.and_then(|before| before.logical_id);
        let made = self.mapping(uuid, logical_id, settings);
        let (mapping, config) = made.ok_or(Refusal::UnknownMapping)?;
        let kept = mapping.clone();
        let id = self.put_mapping(known, mapping, config)?;
        if kept.logical_id.is_none() {
            self.world
                .queues
                .keep_on(|| Write::Mapping { uuid, settings: Box::new(kept.settings) });
        }
        Ok(id)
    }

    /// Takes a mapping away, once what it has in hand is worked off.
    ///
    /// # Errors
    /// It is on its way out.
    pub(crate) fn unmap(&mut self, id: MappingId) -> Result<(), Refusal> {
        let uuid = self.world.mappings.of(id).map(|mapping| mapping.uuid);
        self.tell(Event::Delete { mapping: id })?;
        if let Some(uuid) = uuid {
            self.world.queues.keep_on(|| Write::Unmapped { uuid });
        }
        Ok(())
    }

    /// Makes the mappings again that calls had made of a cloud that is gone.
    pub(crate) fn map_again(&mut self, kept: Vec<(Uuid, Settings)>) {
        for (uuid, settings) in kept {
            let Some((mapping, config)) = self.mapping(uuid, None, settings) else {
                tracing::warn!(%uuid, "a mapping's queue or function is not served any more: it is not made again");
                continue;
            };
            // Its id is new, and nobody refuses it.
            self.put_mapping(None, mapping, config).ok();
        }
    }

    /// A queue has just been made: a mapping from one of that name that was deleted takes from this one.
    pub(super) fn poll_anew(&mut self, queue: &str) {
        let all = self.world.mappings.iter().filter(|(_, kept)| kept.settings.queue == queue);
        let all: Vec<_> = all.map(|(id, kept)| (id, kept.clone())).collect();
        for (id, kept) in all {
            let made = self.mapping(kept.uuid, kept.logical_id, kept.settings);
            if let Some((mapping, config)) = made {
                let mapping = Mapping { modified_ms: kept.modified_ms, ..mapping };
                // One that is on its way out stays so.
                self.put_mapping(Some(id), mapping, config).ok();
            }
        }
    }

    /// What is to be known of a mapping, if its queue and its function are there.
    fn mapping(
        &self,
        uuid: Uuid,
        logical_id: Option<String>,
        settings: Settings,
    ) -> Option<(Mapping, MappingConfig)> {
        let world = &self.world;
        let queue = world.queues.named(&settings.queue)?;
        let function = world.deployed.id_of(&settings.function)?;
        let (region, account) = (&world.deployed.region, &world.deployed.account);
        let now = world.clock.wall_of(world.clock.now());
        let config = MappingConfig {
            queue,
            function,
            batch_size: settings.batch_size,
            window: Duration::from_secs(settings.window_s.into()),
            concurrency_max: settings.concurrency_max,
            reports_failures: settings.reports_failures,
            enabled: settings.enabled,
        };
        let mapping = Mapping {
            uuid,
            logical_id,
            modified_ms: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
            queue_arn: format!("arn:aws:sqs:{region}:{account}:{}", settings.queue),
            filters: settings.filters().ok()?,
            settings,
        };
        Some((mapping, config))
    }

    /// Calls a function with a batch.
    pub(super) fn call_with_batch(&mut self, called: Called) {
        let Called { poller, mapping, function, messages } = called;
        let Some(kept) = self.world.mappings.of(mapping).cloned() else { return };
        let (event, ids) = self.world.rendered(&kept, &messages);
        // They were purged or too old, or went with their queue, while the batch was gathered.
        if ids.is_empty() {
            let event = Event::Answered { poller, verdict: Verdict::Succeeded };
            self.world.deferred.push_back(Deferred::Tell(event.into()));
            return;
        }
        let batch = Batch { poller, reports_failures: kept.settings.reports_failures, ids };
        let qualifier = kept.settings.qualifier.as_deref();
        let deployed = self.world.deployed.of(function);
        let arn = qualifier.map_or_else(
            || deployed.arn_header.clone(),
            |qualifier| header(&format!("{}:{qualifier}", deployed.arn)),
        );
        let call = Call {
            function,
            payload: Bytes::from(event),
            version: qualifier
                .and_then(|qualifier| self.version(function, qualifier))
                .unwrap_or_default(),
            arn,
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
            qualifier: QualifierId::LATEST,
        };
        if drive::tell(&mut self.cloud, &mut self.world, now, event).is_err() {
            self.close(id);
            let event = Event::Answered { poller, verdict: Verdict::Failed };
            self.world.deferred.push_back(Deferred::Tell(event.into()));
        }
    }
}
