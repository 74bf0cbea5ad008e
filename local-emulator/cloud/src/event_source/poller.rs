//! What one poller does.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::time::Duration;

use lunch_contract::Moment;
use lunch_contract::sqs::CallId;

use super::command::Command;
use super::config::{MappingId, PollerId};
use super::event::{Fact, Refusal, Verdict};
use super::{EventSources, Limits, Mapping, OF_POLLER};
use crate::planted::{self, Bug};
use crate::settings::Pace;
use crate::sqs::{self, Delivery};

/// Where a poller stands.
///
/// ```text
/// Receiving ──▶ Examining ──▶ Receiving (more, within the window)
///                    └──────▶ Invoking ──▶ Receiving, or gone
///                               ▲   ├──▶ Pausing (throttled) ──▶ Invoking, or let go
///                               │   │         │
///                               └───┼─────────┘
///                                   └──▶ Resting (failed, at AWS's pace) ──▶ Receiving, or gone
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// It waits for messages.
    Receiving,
    /// It waits to be told what it has received.
    Examining,
    /// A batch is with the function.
    Invoking,
    /// The function would not take the batch, and is asked again.
    Pausing,
    /// The queue would not delete what it gave, or its batch has failed; it asks for more after a pause, or goes on with
    /// what had no room in the batch.
    Resting,
}

#[derive(Debug)]
pub(super) struct Poller {
    pub(super) mapping: MappingId,
    pub(super) stand: Stand,
    /// What was received and not yet examined.
    arrived: Vec<Delivery>,
    /// Until when the queue hides it.
    arrived_until: Moment,
    /// What passed: the batch, and what has no room in it.
    gathered: VecDeque<Held>,
    /// All of their sizes together.
    bytes: u64,
    /// When the first of them was received.
    first: Option<Moment>,
    /// The batch that is with the function.
    batch: Vec<Delivery>,
    /// When the queue no longer hides the first of its messages.
    batch_until: Moment,
    /// How long the next pause of this batch is.
    pause: Duration,
    /// How long it rested after the last batch, which had failed; zero: it had not.
    rested: Duration,
    pub(super) timer: Option<Moment>,
}

/// A message in hand.
#[derive(Clone, Copy, Debug)]
struct Held {
    delivery: Delivery,
    bytes: u32,
    /// Until when the queue hides it.
    until: Moment,
}

impl Poller {
    pub(super) const fn new(mapping: MappingId) -> Self {
        Self {
            mapping,
            stand: Stand::Receiving,
            arrived: Vec::new(),
            arrived_until: Moment::ZERO,
            gathered: VecDeque::new(),
            bytes: 0,
            first: None,
            batch: Vec::new(),
            batch_until: Moment::ZERO,
            pause: Duration::ZERO,
            rested: Duration::ZERO,
            timer: None,
        }
    }

    /// Whether it has no message in hand.
    pub(super) fn is_empty(&self) -> bool {
        self.gathered.is_empty()
    }
}

/// Messages of one receive at most.
const RECEIVE_MAX: u32 = 10;

impl EventSources {
    fn poller(&mut self, id: PollerId, stand: Stand) -> Result<&mut Poller, Refusal> {
        self.pollers.get_mut(&id).filter(|poller| poller.stand == stand).ok_or(Refusal::Gone)
    }

    fn wake_at(&mut self, id: PollerId, at: Option<Moment>) {
        let Some(poller) = self.pollers.get_mut(&id) else { return };
        if let Some(before) = core::mem::replace(&mut poller.timer, at) {
            self.timers.remove(&(before, id));
        }
        if let Some(at) = at {
            self.timers.insert((at, id));
        }
    }

    /// Asks the queue for more, for as long as the window is open.
    ///
    /// One that has nothing in hand and would not go when its wait is over would ask again at once, and so for ever: it
    /// waits until there is something, which costs no wake.
    pub(super) fn receive(&mut self, id: PollerId) {
        let (now, wait, pollers_min) = (self.now, self.limits.wait, self.limits.pollers_min);
        let Some(poller) = self.pollers.get_mut(&id) else { return };
        let Some(mapping) = self.mappings.get(&poller.mapping) else { return };
        let config = mapping.config;
        poller.stand = Stand::Receiving;
        let until = poller.first.map(|first| first + config.window);
        let gathered = u32::try_from(poller.gathered.len()).unwrap_or(u32::MAX);
        let more = u32::from(planted::is(Bug::BatchTooLarge));
        let room = (config.batch_size + more).saturating_sub(gathered).clamp(1, RECEIVE_MAX);
        let wait = until.map_or(wait, |until| until.since(now).min(wait));
        let (call, queue) = (CallId(OF_POLLER | id.0), config.queue);
        let max = u8::try_from(room).unwrap_or(u8::MAX);
        let stays = until.is_none() && mapping.pollers <= pollers_min;
        self.wake_at(id, until);
        if stays {
            return self.queue(sqs::Event::Await { call, queue, max });
        }
        self.queue(sqs::Event::Receive {
            call,
            queue,
            max,
            wait: Some(Duration::from_secs(wait.as_secs().max(1))),
            visibility: None,
            attempt: None,
        });
    }

    pub(super) fn stop_receiving(&mut self, id: PollerId) {
        self.wake_at(id, None);
        self.queue(sqs::Event::CallerLeft { call: CallId(OF_POLLER | id.0) });
    }

    pub(super) fn received(
        &mut self,
        id: PollerId,
        messages: Vec<Delivery>,
        visibility: Duration,
    ) -> Result<(), Refusal> {
        let (now, pollers_min) = (self.now, self.limits.pollers_min);
        let Ok(poller) = self.poller(id, Stand::Receiving) else {
            // They were on their way when it stopped to wait: others may have them at once.
            for delivery in messages {
                let (handle, timeout) = (delivery.handle, Duration::ZERO);
                self.queue(sqs::Event::ChangeVisibility { queue: handle.queue, handle, timeout });
            }
            return Ok(());
        };
        let mapping_id = poller.mapping;
        if messages.is_empty() {
            // While all others are busy it stays, for what may come before one of them is done.
            let is_spare = poller.is_empty()
                && self.mappings.get(&mapping_id).is_none_or(|mapping| {
                    (mapping.pollers > pollers_min && mapping.busy + 1 < mapping.pollers)
                        || mapping.deleted
                        || !mapping.config.enabled
                });
            if is_spare {
                self.fire(id);
            } else {
                self.receive(id);
            }
            return Ok(());
        }
        poller.stand = Stand::Examining;
        let ids = messages.iter().map(|delivery| delivery.message).collect();
        poller.arrived = messages;
        poller.arrived_until = now + visibility;
        self.commands.push_back(Command::Examine {
            poller: id,
            mapping: mapping_id,
            messages: ids,
        });
        Ok(())
    }

    /// There is no queue: nobody asks it until it is made.
    pub(super) fn queue_gone(&mut self, id: PollerId) -> Result<(), Refusal> {
        if self.poller(id, Stand::Receiving)?.is_empty() {
            self.fire(id);
        } else {
            self.invoke(id);
        }
        Ok(())
    }

    pub(super) fn examined(&mut self, id: PollerId, facts: &[Fact]) -> Result<(), Refusal> {
        let now = self.now;
        let poller = self.poller(id, Stand::Examining)?;
        let mut rejected = Vec::new();
        let (was_empty, until) = (poller.is_empty(), poller.arrived_until);
        for (at, delivery) in core::mem::take(&mut poller.arrived).into_iter().enumerate() {
            match facts.get(at) {
                Some(Fact { passes: false, .. }) => rejected.push(delivery.handle),
                Some(fact) => {
                    let bytes = fact.rendered_bytes;
                    poller.gathered.push_back(Held { delivery, bytes, until });
                    poller.bytes += u64::from(bytes);
                }
                // It is gone by now.
                None => {}
            }
        }
        if !poller.is_empty() {
            poller.first.get_or_insert(now);
        }
        let mapping_id = poller.mapping;
        let is_empty = poller.is_empty();
        if was_empty
            && !is_empty
            && let Some(mapping) = self.mappings.get_mut(&mapping_id)
        {
            mapping.busy += 1;
        }
        let Some(config) = self.mappings.get(&mapping_id).map(|mapping| mapping.config) else {
            return Ok(());
        };
        for handle in rejected {
            self.queue(sqs::Event::Delete { queue: config.queue, handle });
        }
        if is_empty {
            self.rest(id);
        } else {
            self.gather(id);
        }
        Ok(())
    }

    /// It has something in hand: is that a batch, or is there time for more?
    fn gather(&mut self, id: PollerId) {
        let Some(poller) = self.pollers.get(&id) else { return };
        let Some(mapping) = self.mappings.get(&poller.mapping) else { return };
        let config = mapping.config;
        let is_full = poller.gathered.len() >= config.batch_size as usize
            || poller.bytes >= self.limits.payload_bytes_max
            || config.window.is_zero()
            || self.is_ending(poller.mapping);
        if is_full {
            self.invoke(id);
        } else {
            self.receive(id);
        }
    }

    /// Has the function called with as much of what was gathered as a batch may have.
    pub(super) fn invoke(&mut self, id: PollerId) {
        self.wake_at(id, None);
        let (max_bytes, pause) = (self.limits.payload_bytes_max, self.limits.retry_min);
        let Some(poller) = self.pollers.get_mut(&id) else { return };
        let Some(mapping) = self.mappings.get(&poller.mapping) else { return };
        let config = mapping.config;
        let mut bytes = 0;
        poller.batch.clear();
        let room = config.batch_size as usize + usize::from(planted::is(Bug::BatchTooLarge));
        while poller.batch.len() < room
            && let Some(&held) = poller.gathered.front()
        {
            bytes += u64::from(held.bytes);
            if bytes > max_bytes && !poller.batch.is_empty() {
                break;
            }
            poller.gathered.pop_front();
            poller.bytes -= u64::from(held.bytes);
            let is_first = poller.batch.is_empty();
            poller.batch_until =
                if is_first { held.until } else { held.until.min(poller.batch_until) };
            poller.batch.push(held.delivery);
        }
        poller.pause = pause;
        self.call(id);
        self.ask_for_more(id);
    }

    /// One more poller, if all are busy: a function's answer may take longer than the queue can wait. Where it is too
    /// early for another, this one asks again when it is time.
    fn ask_for_more(&mut self, id: PollerId) {
        let Some(mapping) = self.pollers.get(&id).map(|poller| poller.mapping) else { return };
        if let Some(at) = self.grow(mapping) {
            self.wake_at(id, Some(at));
        }
    }

    fn call(&mut self, id: PollerId) {
        let Some(poller) = self.pollers.get_mut(&id) else { return };
        let Some(mapping) = self.mappings.get(&poller.mapping) else { return };
        poller.stand = Stand::Invoking;
        let (mapping, function) = (poller.mapping, mapping.config.function);
        let messages = poller.batch.clone();
        self.commands.push_back(Command::Invoke { poller: id, mapping, function, messages });
    }

    pub(super) fn answered(&mut self, id: PollerId, verdict: &Verdict) -> Result<(), Refusal> {
        let Limits { retry_min, retry_max, .. } = self.limits;
        let now = self.now;
        let mapping = self.poller(id, Stand::Invoking)?.mapping;
        let config = self.mappings.get(&mapping).map(|mapping| mapping.config);
        let config = config.ok_or(Refusal::Gone)?;
        if *verdict == Verdict::Throttled {
            self.wait_to_grow(mapping, now + retry_max);
        }
        let poller = self.poller(id, Stand::Invoking)?;
        let worked_off: Vec<_> = match verdict {
            Verdict::Succeeded => poller.batch.iter().collect(),
            Verdict::Partial(_) if planted::is(Bug::PartialDeletesAll) => {
                poller.batch.iter().collect()
            }
            Verdict::Partial(failed) => {
                let failed: BTreeSet<_> = failed.iter().collect();
                poller.batch.iter().filter(|one| !failed.contains(&one.message)).collect()
            }
            Verdict::Failed => Vec::new(),
            Verdict::Throttled => {
                let at = now + poller.pause;
                if at < poller.batch_until {
                    poller.stand = Stand::Pausing;
                    poller.pause = (poller.pause * 2).min(retry_max);
                    self.wake_at(id, Some(at));
                    return Ok(());
                }
                Vec::new()
            }
        };
        let handles: Vec<_> = worked_off.into_iter().map(|one| one.handle).collect();
        poller.batch.clear();
        for handle in handles {
            self.queue(sqs::Event::Delete { queue: config.queue, handle });
        }
        let has_failed = matches!(verdict, Verdict::Failed | Verdict::Throttled);
        self.note_rest(id, has_failed && !config.reports_failures);
        if *verdict == Verdict::Throttled
            && let Some(poller) = self.pollers.get_mut(&id)
        {
            // Its messages may be visible again already, and their function would take them no sooner.
            poller.rested = poller.rested.max(retry_min);
        }
        self.go_on(id);
        Ok(())
    }

    /// How long a poller is to rest, by what became of its batch: at AWS's pace one backs off whose batches fail.
    fn note_rest(&mut self, id: PollerId, has_failed: bool) {
        let Limits { pace, retry_min, retry_max, .. } = self.limits;
        let Some(poller) = self.pollers.get_mut(&id) else { return };
        poller.rested = match pace {
            Pace::Aws if has_failed && !planted::is(Bug::PollerNeverRests) => {
                (poller.rested * 2).clamp(retry_min, retry_max)
            }
            Pace::Aws | Pace::Fast => Duration::ZERO,
        };
    }

    /// The batch is done with: what had no room in it comes next, or more is asked for.
    fn go_on(&mut self, id: PollerId) {
        let now = self.now;
        let Some(poller) = self.pollers.get_mut(&id) else { return };
        let (mapping_id, rest) = (poller.mapping, poller.rested);
        if !poller.is_empty() {
            // Of a queue that hides nothing the same messages would come again and again at this very moment.
            if rest.is_zero() || self.is_ending(mapping_id) {
                return self.go_on_with_what_is_left(id);
            }
            return self.rest_until(id, now + rest);
        }
        poller.first = None;
        if let Some(mapping) = self.mappings.get_mut(&mapping_id) {
            mapping.busy -= 1;
        }
        if planted::is(Bug::PollerStops) {
            poller.stand = Stand::Resting;
            return;
        }
        if rest.is_zero() || self.is_ending(mapping_id) {
            self.rest(id);
        } else {
            self.rest_until(id, now + rest);
        }
    }

    /// What it has in hand still is a batch of its own, and has a window of its own for more.
    fn go_on_with_what_is_left(&mut self, id: PollerId) {
        if let Some(poller) = self.pollers.get_mut(&id) {
            poller.first = Some(self.now);
        }
        self.gather(id);
    }

    fn rest_until(&mut self, id: PollerId, at: Moment) {
        if let Some(poller) = self.pollers.get_mut(&id) {
            poller.stand = Stand::Resting;
            self.wake_at(id, Some(at));
        }
    }

    /// It has nothing in hand: it asks for more, or goes.
    fn rest(&mut self, id: PollerId) {
        let now = self.now;
        let Some(poller) = self.pollers.get(&id) else { return };
        let mapping_id = poller.mapping;
        let mapping = self.mappings.get(&mapping_id);
        let most = mapping.map_or(0, |one| one.config.most(&self.limits));
        let pollers = mapping.map_or(0, |one| one.pollers);
        let rests_until = mapping.map_or(now, |one| one.rests_until);
        if self.is_ending(mapping_id) || pollers > most {
            self.fire(id);
        } else if rests_until > now {
            if let Some(poller) = self.pollers.get_mut(&id) {
                poller.stand = Stand::Resting;
            }
            self.wake_at(id, Some(rests_until));
        } else {
            self.receive(id);
        }
    }

    fn is_ending(&self, id: MappingId) -> bool {
        let is_over = |mapping: &Mapping| mapping.deleted || !mapping.config.enabled;
        self.shut_down || self.mappings.get(&id).is_none_or(is_over)
    }

    /// A poller's time has come.
    pub(super) fn due(&mut self, id: PollerId) {
        let Some(poller) = self.pollers.get_mut(&id) else { return };
        poller.timer = None;
        match poller.stand {
            Stand::Receiving if !poller.is_empty() => {
                self.stop_receiving(id);
                self.invoke(id);
            }
            Stand::Pausing => self.call(id),
            Stand::Resting if !poller.is_empty() => self.go_on_with_what_is_left(id),
            Stand::Resting => self.rest(id),
            Stand::Invoking => self.ask_for_more(id),
            Stand::Receiving | Stand::Examining => {}
        }
    }
}
