//! Deduplication in FIFO queues: five minutes from the first send, whatever becomes of that message. F 9.3.

use alloc::collections::{BTreeMap, VecDeque};

use lunch_contract::Moment;
use lunch_contract::sqs::{DeduplicationScope, GroupId, MessageId, QueueId, SequenceNumber};

use super::Sqs;
use super::command::Command;
use super::event::NewMessage;
use super::room::give_back;
use super::stored::{Change, DedupKey, StoredDedup};
use super::trace::{Record, Trace};
use super::wake::Owner;
use crate::ordered::depth;
use crate::random::Random;

/// The ids that are taken. All windows are equally long, so that they end in the order in which they began.
#[derive(Debug, Default)]
pub(super) struct Windows {
    taken: BTreeMap<DedupKey, Taken>,
    by_end: VecDeque<(Moment, DedupKey)>,
    pub(super) steps: u64,
}

#[derive(Clone, Copy, Debug)]
struct Taken {
    message: MessageId,
    sequence: SequenceNumber,
}

impl Windows {
    fn find(&mut self, key: DedupKey) -> Option<Taken> {
        self.steps += depth(self.taken.len());
        self.taken.get(&key).copied()
    }

    pub(super) fn put(&mut self, entry: &StoredDedup) {
        self.steps += depth(self.taken.len());
        let taken = Taken { message: entry.message, sequence: entry.sequence };
        self.taken.insert(entry.key, taken);
        self.by_end.push_back((entry.until, entry.key));
    }

    /// When the first ends.
    fn first(&self) -> Option<Moment> {
        self.by_end.front().map(|&(until, _)| until)
    }
}

impl DedupKey {
    /// A deduplication id in its scope. Scopes are spread over all of its bits, so that no two ids meet by chance.
    fn new(queue: QueueId, scope: DeduplicationScope, new: &NewMessage) -> Option<Self> {
        let group = match scope {
            DeduplicationScope::Queue => None,
            DeduplicationScope::MessageGroup => new.group,
        };
        new.dedup.map(|id| Self(id.0 ^ spread(queue, group)))
    }
}

fn spread(queue: QueueId, group: Option<GroupId>) -> u128 {
    let half = |salt: u64| {
        let mut random = Random::new(salt ^ u64::from(queue.0));
        let a = random.below(usize::MAX) as u64;
        let mut random = Random::new(a ^ group.map_or(0, |group| group.0.get()));
        random.below(usize::MAX) as u64
    };
    (u128::from(half(1 << 40)) << 64) | u128::from(half(2 << 40))
}

impl<T: Trace> Sqs<T> {
    /// Answers for the message that was sent before, if there was one; this one is forgotten.
    pub(super) fn answer_duplicate(
        &mut self,
        queue: QueueId,
        scope: DeduplicationScope,
        new: &NewMessage,
    ) -> bool {
        let key = DedupKey::new(queue, scope, new);
        let Some(taken) = key.and_then(|key| self.windows.find(key)) else { return false };
        let (message, of) = (new.message, taken.message);
        self.record(Record::Duplicate { message, of });
        let sequence = taken.sequence;
        self.command(Command::Sent { message, sequence, duplicate_of: Some(of) });
        self.command(Command::Forget { message });
        true
    }

    /// Takes the message's deduplication id from now on.
    pub(super) fn remember(
        &mut self,
        queue: QueueId,
        scope: DeduplicationScope,
        new: &NewMessage,
        sequence: SequenceNumber,
    ) {
        let Some(key) = DedupKey::new(queue, scope, new) else { return };
        let until = self.now + self.settings.limits.deduplication;
        let entry = StoredDedup { key, message: new.message, sequence, until };
        self.put_window(&entry);
        self.store(Change::DedupPut(entry));
    }

    /// Windows come in the order of their ends.
    pub(super) fn put_window(&mut self, entry: &StoredDedup) {
        if self.windows.first().is_none() {
            self.timers.insert((entry.until, Owner::Dedup));
        }
        self.windows.put(entry);
    }

    pub(super) fn dedup_expired(&mut self) {
        if let Some((_, key)) = self.windows.by_end.pop_front() {
            self.windows.steps += depth(self.windows.taken.len());
            self.windows.taken.remove(&key);
            give_back(&mut self.windows.by_end);
            self.store(Change::DedupExpired { key });
        }
        if let Some(next) = self.windows.first() {
            self.timers.insert((next, Owner::Dedup));
        }
    }
}
