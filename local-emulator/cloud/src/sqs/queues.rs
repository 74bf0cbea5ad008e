//! Queues come, change, are purged and go.

use lunch_contract::sqs::{NameId, QueueId};

use super::Sqs;
use super::queue::Queue;
use super::refusal::Refusal;
use super::settings::{QueueConfig, Redrive};
use super::stored::Change;
use super::table::NONE;
use super::trace::{End, Trace};
use super::wake::Owner;
use crate::planted::{self, Bug};
use crate::settings::Pace;

impl<T: Trace> Sqs<T> {
    pub(super) fn create_queue(
        &mut self,
        id: QueueId,
        name: NameId,
        config: QueueConfig,
    ) -> Result<(), Refusal> {
        if self.queues.contains_key(&id) || id.0 == NONE {
            return Err(Refusal::QueueInUse);
        }
        if self.names.contains(&name) {
            return Err(Refusal::QueueDeletedRecently);
        }
        self.check(&config, id)?;
        let queue = Queue::new(name, config, self.draws);
        let stored = queue.stored(id);
        self.queues.insert(id, queue);
        self.count_source(config.redrive, 1);
        self.store(Change::QueuePut(stored));
        Ok(())
    }

    pub(super) fn set_attributes(
        &mut self,
        id: QueueId,
        config: QueueConfig,
    ) -> Result<(), Refusal> {
        if !self.known(id)?.config.kind.is_like(config.kind) {
            return Err(Refusal::TypeIsFixed);
        }
        self.check(&config, id)?;
        let queue = self.queue_mut(id);
        let before = core::mem::replace(&mut queue.config, config);
        let stored = queue.stored(id);
        self.count_source(before.redrive, -1);
        self.count_source(config.redrive, 1);
        self.store(Change::QueuePut(stored));
        self.rearm_expiry(id);
        self.wake_waiting(id);
        Ok(())
    }

    pub(super) fn delete_queue(&mut self, id: QueueId) -> Result<(), Refusal> {
        let queue = self.known(id)?;
        let (name, redrive) = (queue.name, queue.config.redrive);
        self.turn_away(id);
        self.empty(id, End::QueueDeleted);
        self.forget_moves(id);
        self.queues.remove(&id);
        self.count_source(redrive, -1);
        if !planted::is(Bug::QueueNotRemoved) {
            self.store(Change::QueueRemoved { queue: id });
        }
        if self.settings.pace == Pace::Aws && !planted::is(Bug::NameFreeAtOnce) {
            self.block_name(name);
        }
        Ok(())
    }

    pub(super) fn purge(&mut self, id: QueueId) -> Result<(), Refusal> {
        let (now, cool_down) = (self.now, self.settings.limits.cool_down);
        let is_in_progress = self.known(id)?.purged.is_some_and(|at| now < at + cool_down);
        let has_pauses = self.settings.pace == Pace::Aws && !planted::is(Bug::PurgedAgain);
        if has_pauses && is_in_progress {
            return Err(Refusal::PurgeQueueInProgress);
        }
        self.empty(id, End::Purged);
        let queue = self.queue_mut(id);
        queue.purged = Some(now);
        let stored = queue.stored(id);
        self.store(Change::QueuePut(stored));
        Ok(())
    }

    /// A dead-letter queue exists and is of the same type; it may be the queue itself.
    fn check(&self, config: &QueueConfig, id: QueueId) -> Result<(), Refusal> {
        let limits = &self.settings.limits;
        let is_in_range = config.delay <= limits.delay_max
            && config.visibility <= limits.visibility_max
            && config.wait <= limits.wait_max
            && (limits.retention_min..=limits.retention_max).contains(&config.retention);
        if !is_in_range {
            return Err(Refusal::OutOfRange);
        }
        let is_suitable = |redrive: Redrive| {
            redrive.target == id
                || self
                    .queues
                    .get(&redrive.target)
                    .is_some_and(|target| target.config.kind.is_like(config.kind))
        };
        if config.redrive.is_none_or(is_suitable) { Ok(()) } else { Err(Refusal::UnsuitableTarget) }
    }

    /// Keeps a dead-letter queue's count of its sources.
    pub(super) fn count_source(&mut self, redrive: Option<Redrive>, change: i32) {
        let target = redrive.and_then(|redrive| self.queues.get_mut(&redrive.target));
        if let Some(target) = target {
            target.dead_letter_of = target.dead_letter_of.saturating_add_signed(change);
        }
    }

    fn block_name(&mut self, name: NameId) {
        let until = self.now + self.settings.limits.cool_down;
        if self.names_by_end.is_empty() {
            self.timers.insert((until, Owner::Name));
        }
        self.names.insert(name);
        self.names_by_end.push_back((until, name));
    }

    pub(super) fn name_free(&mut self) {
        if let Some((_, name)) = self.names_by_end.pop_front() {
            self.names.remove(&name);
        }
        if let Some(&(next, _)) = self.names_by_end.front() {
            self.timers.insert((next, Owner::Name));
        }
    }
}
