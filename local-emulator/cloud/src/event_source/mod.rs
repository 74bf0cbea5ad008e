//! SQS event source mappings: pollers take messages from a queue and hand them to a function, in batches.
//!
//! `poller` is what one of them does, `event` and `command` are its words. A queue and a function are known by their ids;
//! what a mapping asks of a queue goes by `Command::Queue`, and is passed on by who composes the services.

mod command;
mod config;
mod event;
mod look;
mod poller;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::time::Duration;

use lunch_contract::Moment;
use lunch_contract::sqs::{CallId, QueueId};

use self::poller::{Poller, Stand};
use crate::planted::{self, Bug};
use crate::sqs;

pub use self::command::Command;
pub use self::config::{Limits, MappingConfig, MappingId, PollerId};
pub use self::event::{Event, Fact, Refusal, Verdict};
pub use self::look::{MappingState, MappingView};

/// The machine that decides: how many pollers a mapping has, when a batch is full, what becomes of its messages.
///
/// # Tell
/// [`handle`](Self::handle) says what happened, [`handle_timeout`](Self::handle_timeout) that time has passed. Time never
/// goes back.
///
/// # Ask
/// After each telling, [`poll_command`](Self::poll_command) until it is `None`, in this order.
///
/// # Look
/// [`mapping`](Self::mapping) and [`mappings`](Self::mappings) change nothing.
///
/// # Wake
/// [`poll_timeout`](Self::poll_timeout) says when to call `handle_timeout` at the latest.
///
/// A poller is one batch at a time: it receives, gathers, has its batch invoked, and deletes what was worked off. A
/// mapping begins with five and has more as long as all are busy, one more each 200 ms: 300 a minute, as on AWS (F 7.1);
/// a throttle stops that for a while. One that receives nothing goes again, down to five, but for one that waits while
/// all others are busy.
#[derive(Debug)]
pub struct EventSources {
    limits: Limits,
    now: Moment,
    mappings: BTreeMap<MappingId, Mapping>,
    pollers: BTreeMap<PollerId, Poller>,
    timers: BTreeSet<(Moment, PollerId)>,
    next_poller: u64,
    /// The cloud ends: nobody takes any more.
    shut_down: bool,
    commands: VecDeque<Command>,
}

#[derive(Debug)]
struct Mapping {
    config: MappingConfig,
    /// It goes when its last poller does.
    deleted: bool,
    pollers: u32,
    /// How many of them have something in hand.
    busy: u32,
    /// When it may have another one.
    grows_at: Moment,
    /// Until then nobody asks for more who has something to ask for again at once.
    rests_until: Moment,
}

/// Calls of pollers are apart from those of a driver.
const OF_POLLER: u64 = 1 << 63;

impl EventSources {
    /// Without a mapping.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            now: Moment::ZERO,
            mappings: BTreeMap::new(),
            pollers: BTreeMap::new(),
            timers: BTreeSet::new(),
            next_poller: 0,
            shut_down: false,
            commands: VecDeque::new(),
        }
    }

    /// The poller whose receive that is, if it is one's.
    #[must_use]
    pub const fn poller_of(call: CallId) -> Option<PollerId> {
        if call.0 & OF_POLLER == 0 { None } else { Some(PollerId(call.0 & !OF_POLLER)) }
    }

    /// Tells what happened.
    ///
    /// # Errors
    /// What is refused; nothing changed by it but what time alone has changed.
    pub fn handle(&mut self, now: Moment, event: Event) -> Result<(), Refusal> {
        self.handle_timeout(now);
        match event {
            Event::Create { mapping, config } => self.create(mapping, config),
            Event::Update { mapping, config } => self.update(mapping, config),
            Event::Delete { mapping } => self.delete(mapping),
            Event::Received { poller, messages, visibility } => {
                self.received(poller, messages, visibility)
            }
            Event::QueueGone { poller } => self.queue_gone(poller),
            Event::Examined { poller, facts } => self.examined(poller, &facts),
            Event::Answered { poller, verdict } => self.answered(poller, &verdict),
        }
    }

    /// The cloud ends: what a function has in hand is worked off, and nothing more is taken, since nobody would be called
    /// with it.
    pub(crate) fn shut_down(&mut self) {
        self.shut_down = !planted::is(Bug::PollersGoOn);
        for id in self.mappings.keys().copied().collect::<Vec<_>>() {
            self.dismiss(id);
        }
    }

    /// A queue would not delete what was worked off: it comes again, as soon as its visibility timeout wants, which may be
    /// at once. Its mappings' pollers take a pause before they ask for more.
    pub(crate) fn not_deleted(&mut self, now: Moment, queue: QueueId) {
        let until = now + self.limits.retry_min;
        for mapping in self.mappings.values_mut().filter(|one| one.config.queue == queue) {
            mapping.rests_until = until;
        }
    }

    /// Tells that a queue is there from now on: mappings of one that was gone ask it again. Looks at all mappings.
    pub(crate) fn queue_made(&mut self, now: Moment, queue: QueueId) {
        self.handle_timeout(now);
        let of_queue = self.mappings.iter().filter(|(_, one)| one.config.queue == queue);
        let of_queue: Vec<_> = of_queue.map(|(id, _)| *id).collect();
        for mapping in of_queue {
            self.staff(mapping);
        }
    }

    /// Tells that time has passed.
    pub fn handle_timeout(&mut self, now: Moment) {
        self.now = self.now.max(now);
        while let Some(&(at, id)) = self.timers.first().filter(|(at, _)| *at <= self.now) {
            self.timers.remove(&(at, id));
            self.due(id);
        }
    }

    /// The next command.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) at the latest, and for which poller.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Moment, PollerId)> {
        self.timers.first().copied()
    }

    fn create(&mut self, id: MappingId, config: MappingConfig) -> Result<(), Refusal> {
        if self.mappings.contains_key(&id) {
            return Err(Refusal::MappingInUse);
        }
        let now = self.now;
        let (grows_at, rests_until) = (now, now);
        let mapping =
            Mapping { config, deleted: false, pollers: 0, busy: 0, grows_at, rests_until };
        self.mappings.insert(id, mapping);
        self.staff(id);
        Ok(())
    }

    fn update(&mut self, id: MappingId, config: MappingConfig) -> Result<(), Refusal> {
        let mapping = self.mappings.get_mut(&id).ok_or(Refusal::UnknownMapping)?;
        if mapping.deleted {
            return Err(Refusal::UnknownMapping);
        }
        mapping.config = config;
        self.dismiss(id);
        self.staff(id);
        Ok(())
    }

    fn delete(&mut self, id: MappingId) -> Result<(), Refusal> {
        let mapping = self.mappings.get_mut(&id).ok_or(Refusal::UnknownMapping)?;
        mapping.deleted = true;
        self.dismiss(id);
        self.end_if_over(id);
        Ok(())
    }

    /// The pollers that a mapping begins with.
    fn staff(&mut self, id: MappingId) {
        let Some(mapping) = self.mappings.get(&id) else { return };
        if mapping.deleted || !mapping.config.enabled || self.shut_down {
            return;
        }
        for _ in mapping.pollers..self.limits.pollers_min.min(mapping.config.most(&self.limits)) {
            self.hire(id);
        }
    }

    fn hire(&mut self, id: MappingId) {
        let poller = PollerId(self.next_poller);
        self.next_poller += 1;
        if let Some(mapping) = self.mappings.get_mut(&id) {
            mapping.pollers += 1;
        }
        self.pollers.insert(poller, Poller::new(id));
        self.receive(poller);
    }

    /// All who only wait for messages go, which looks at all pollers; who has some in hand works them off first.
    fn dismiss(&mut self, id: MappingId) {
        let all: Vec<_> = self.pollers.iter().filter(|(_, one)| one.mapping == id).collect();
        let waiting = all.iter().filter(|(_, one)| match one.stand {
            Stand::Receiving | Stand::Resting => one.is_empty(),
            Stand::Examining | Stand::Invoking | Stand::Pausing => false,
        });
        let waiting: Vec<_> = waiting.map(|(poller, _)| **poller).collect();
        let gathering: Vec<_> = all
            .iter()
            .filter(|(_, one)| one.stand == Stand::Receiving && !one.is_empty())
            .map(|(poller, _)| **poller)
            .collect();
        for poller in waiting {
            self.stop_receiving(poller);
            self.fire(poller);
        }
        for poller in gathering {
            self.stop_receiving(poller);
            self.invoke(poller);
        }
    }

    fn fire(&mut self, poller: PollerId) {
        let Some(gone) = self.pollers.remove(&poller) else { return };
        if let Some(at) = gone.timer {
            self.timers.remove(&(at, poller));
        }
        if let Some(mapping) = self.mappings.get_mut(&gone.mapping) {
            mapping.pollers -= 1;
        }
        self.end_if_over(gone.mapping);
    }

    fn end_if_over(&mut self, id: MappingId) {
        if self.mappings.get(&id).is_some_and(|mapping| mapping.deleted && mapping.pollers == 0) {
            self.mappings.remove(&id);
            self.commands.push_back(Command::Gone { mapping: id });
        }
    }

    /// One more, if all are busy and it is time; or when it will be time, if it is not yet.
    fn grow(&mut self, id: MappingId) -> Option<Moment> {
        let (now, limits, shut_down) = (self.now, self.limits, self.shut_down);
        let mapping = self.mappings.get_mut(&id)?;
        let wanted = !shut_down
            && mapping.busy == mapping.pollers
            && mapping.pollers < mapping.config.most(&limits)
            && mapping.config.enabled
            && !mapping.deleted;
        if !wanted {
            return None;
        }
        if mapping.grows_at > now {
            return Some(mapping.grows_at);
        }
        mapping.grows_at = now + Duration::from_secs(60) / limits.growth_per_minute;
        self.hire(id);
        None
    }

    /// No more before then: who is throttled has pollers enough.
    fn wait_to_grow(&mut self, id: MappingId, until: Moment) {
        if let Some(mapping) = self.mappings.get_mut(&id) {
            mapping.grows_at = mapping.grows_at.max(until);
        }
    }

    fn queue(&mut self, event: sqs::Event) {
        self.commands.push_back(Command::Queue(event));
    }
}
