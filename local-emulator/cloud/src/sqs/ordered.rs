//! A sorted set that counts its steps: what an event costs is counted and not timed.

use alloc::collections::BTreeSet;
use core::ops::RangeBounds;

#[derive(Debug)]
pub(super) struct Ordered<K> {
    keys: BTreeSet<K>,
    steps: u64,
}

impl<K> Default for Ordered<K> {
    fn default() -> Self {
        Self { keys: BTreeSet::new(), steps: 0 }
    }
}

impl<K: Ord + Copy> Ordered<K> {
    pub(super) fn insert(&mut self, key: K) {
        self.step();
        self.keys.insert(key);
    }

    pub(super) fn remove(&mut self, key: K) {
        self.step();
        self.keys.remove(&key);
    }

    pub(super) fn first(&self) -> Option<K> {
        self.keys.first().copied()
    }

    pub(super) fn first_in(&self, range: impl RangeBounds<K>) -> Option<K> {
        self.keys.range(range).next().copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = K> {
        self.keys.iter().copied()
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Comparisons so far, as the logarithm has it.
    pub(super) const fn steps(&self) -> u64 {
        self.steps
    }

    fn step(&mut self) {
        self.steps += depth(self.keys.len());
    }
}

/// What one operation on that many keys costs.
pub(super) fn depth(keys: usize) -> u64 {
    1 + u64::from((keys + 1).ilog2())
}
