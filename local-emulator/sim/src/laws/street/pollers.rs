//! A mapping never has more batches in its function's hands than `MaximumConcurrency`, no batch has more messages or bytes
//! than it may, or a receive twice, and nothing more is taken when the cloud ends.

use std::collections::{BTreeMap, BTreeSet};

use lunch_cloud::Command;
use lunch_cloud::drive::Input;
use lunch_cloud::event_source::{
    Command as Asked, Event, MappingId, PollerId, Verdict as Answered,
};
use lunch_cloud::sqs::Delivery;
use lunch_contract::sqs::MessageId;

use super::{Book, Law, Restart};
use crate::laws::{Step, Verdict, require};

#[derive(Clone, Debug, Default)]
pub(super) struct Pollers {
    /// The pollers that have something in hand, with their mapping; and those of them whose batch is with the function.
    busy: BTreeMap<PollerId, MappingId>,
    calling: BTreeSet<PollerId>,
    /// Those that had something in hand when their mapping was set anew: they work it off as it was.
    excused: BTreeSet<PollerId>,
    examined: BTreeMap<PollerId, Vec<MessageId>>,
    sizes: BTreeMap<MessageId, u32>,
    shut_down: bool,
}

impl Law for Pollers {
    fn name(&self) -> &'static str {
        "pollers"
    }

    fn check(&mut self, book: &Book, step: &Step<'_>) -> Verdict {
        if step.refusal.is_none()
            && let Input::Source(event) = step.input
        {
            self.told(book, event);
        }
        for command in step.commands {
            let Command::Source(command) = command else { continue };
            match command {
                Asked::Examine { poller, mapping, messages } => {
                    require(!self.shut_down, || {
                        format!("{poller} takes {messages:?} when the cloud has ended")
                    })?;
                    self.excused.remove(poller);
                    self.busy.insert(*poller, *mapping);
                    self.examined.insert(*poller, messages.clone());
                }
                Asked::Invoke { poller, mapping, messages, .. } => {
                    self.busy.insert(*poller, *mapping);
                    self.calling.insert(*poller);
                    self.called(book, step, *poller, *mapping, messages)?;
                }
                Asked::Queue(_) | Asked::Gone { .. } => {}
            }
        }
        self.shut_down |= matches!(step.taken(), Some(lunch_cloud::Event::ShutDown));
        Ok(())
    }

    fn restarted(&mut self, _: &Restart) -> Verdict {
        *self = Self::default();
        Ok(())
    }
}

impl Pollers {
    fn told(&mut self, book: &Book, event: &Event) {
        match event {
            Event::Update { mapping, .. } => {
                let busy = self.busy.iter().filter(|(_, of)| *of == mapping);
                self.excused.extend(busy.map(|(poller, _)| *poller));
            }
            Event::Answered { poller, verdict } => {
                self.calling.remove(poller);
                // What had no room in the batch is called with in this step, where there is no window.
                let mapping = self.busy.get(poller).and_then(|id| book.mappings.get(id));
                let is_over = mapping.is_none_or(|mapping| mapping.window.is_zero());
                if is_over && !matches!(verdict, Answered::Throttled) {
                    self.busy.remove(poller);
                    self.excused.remove(poller);
                }
            }
            Event::Examined { poller, facts } => {
                let examined = self.examined.remove(poller).unwrap_or_default();
                let sizes = examined.into_iter().zip(facts);
                self.sizes.extend(sizes.map(|(id, fact)| (id, fact.rendered_bytes)));
            }
            Event::Create { .. }
            | Event::Delete { .. }
            | Event::Received { .. }
            | Event::QueueGone { .. } => {}
        }
    }

    fn called(
        &self,
        book: &Book,
        step: &Step<'_>,
        poller: PollerId,
        mapping: MappingId,
        messages: &[Delivery],
    ) -> Verdict {
        let Some(config) = book.mappings.get(&mapping) else { return Ok(()) };
        let distinct: BTreeSet<_> = messages.iter().map(|one| one.handle).collect();
        require(distinct.len() == messages.len() && !messages.is_empty(), || {
            format!("{poller} calls with nothing, or with a receive twice: {messages:?}")
        })?;
        let most = config.batch_size as usize;
        require(messages.len() <= most || self.excused.contains(&poller), || {
            format!("{poller} calls with {} messages, and {most} are a batch", messages.len())
        })?;
        let sizes = messages.iter().filter_map(|one| self.sizes.get(&one.message));
        let bytes: u64 = sizes.map(|size| u64::from(*size)).sum();
        let most = step.settings.sources.payload_bytes_max;
        require(bytes <= most || messages.len() == 1, || {
            format!("{poller} calls with {bytes} bytes, and {most} are the most")
        })?;
        let Some(most) = config.concurrency_max else { return Ok(()) };
        let of_it = |poller: &&PollerId| self.busy.get(poller) == Some(&mapping);
        let calling = self.calling.iter().filter(of_it).count();
        let excused = self.excused.iter().filter(of_it).count();
        require(calling <= excused.max(most as usize), || {
            format!("{mapping} has {calling} batches in hand, and may have {most}")
        })
    }
}
