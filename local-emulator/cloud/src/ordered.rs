//! A sorted set that counts its steps, since what an event costs is counted and not timed; and that takes little room.
//!
//! Messages stand in sets that are added to at the end and taken from at the front. There the standard library's set
//! leaves half of its room empty: a node that is full is cut in two, and what is added goes to the second half only. So
//! here keys stand in runs, and one that is full where keys are added is left full: only in the middle it is cut in two.
//! A key is found as the logarithm has it, and with it moves no more than a run.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::{Bound, RangeBounds};

/// So many keys a run has at most.
const RUN: usize = 64;
/// Of fewer keys it looks for a neighbour to be one with.
const SHORT: usize = RUN / 4;
/// From here on a key has come at the end but for a few that are far ahead of the others, as the deadlines of queues are
/// of those of messages.
const NEAR_END: usize = RUN - RUN / 8;

#[derive(Debug)]
pub(crate) struct Ordered<K> {
    /// Sorted runs, none empty, each by a key that is after all of the run before it and not after its own first.
    runs: BTreeMap<K, Vec<K>>,
    len: usize,
    steps: u64,
}

/// A number and an index, sorted in this order: 12 bytes, where a pair takes 16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Numbered {
    /// The greatest byte first, so that they are sorted as the number is.
    number: [u8; 8],
    pub(crate) index: u32,
}

impl Numbered {
    pub(crate) const fn new(number: u64, index: u32) -> Self {
        Self { number: number.to_be_bytes(), index }
    }

    pub(crate) const fn number(self) -> u64 {
        u64::from_be_bytes(self.number)
    }
}

impl<K> Default for Ordered<K> {
    fn default() -> Self {
        Self { runs: BTreeMap::new(), len: 0, steps: 0 }
    }
}

impl<K: Ord + Copy> Ordered<K> {
    pub(crate) fn insert(&mut self, key: K) {
        self.step();
        match self.runs.range_mut(..=key).next_back() {
            None => self.put_before(self.runs.keys().next().copied(), key),
            Some((&start, run)) => match run.binary_search(&key) {
                Ok(_) => return,
                Err(place) if run.len() < RUN => run.insert(place, key),
                Err(place) => self.put_in_full(start, place, key),
            },
        }
        self.len += 1;
    }

    pub(crate) fn remove(&mut self, key: K) {
        self.step();
        let Some((&start, run)) = self.runs.range_mut(..=key).next_back() else { return };
        let Ok(place) = run.binary_search(&key) else { return };
        run.remove(place);
        self.len -= 1;
        if run.is_empty() {
            self.runs.remove(&start);
        } else if run.len() < SHORT {
            self.join(start);
            if let Some((&before, _)) = self.runs.range(..start).next_back() {
                self.join(before);
            }
        }
    }

    pub(crate) fn first(&self) -> Option<K> {
        self.runs.first_key_value().and_then(|(_, run)| run.first()).copied()
    }

    pub(crate) fn first_in(&self, range: impl RangeBounds<K>) -> Option<K> {
        let (from, is_before): (_, fn(&K, &K) -> bool) = match range.start_bound() {
            Bound::Included(from) => (from, |key, from| key < from),
            Bound::Excluded(from) => (from, |key, from| key <= from),
            Bound::Unbounded => return self.first().filter(|key| range.contains(key)),
        };
        let in_its_run = self.runs.range(..=from).next_back().and_then(|(_, run)| {
            let place = run.partition_point(|key| is_before(key, from));
            run.get(place)
        });
        let first = in_its_run.or_else(|| {
            let after = (Bound::Excluded(from), Bound::Unbounded);
            self.runs.range(after).next().and_then(|(_, run)| run.first())
        });
        first.copied().filter(|key| range.contains(key))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = K> {
        self.runs.values().flatten().copied()
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Comparisons so far, as the logarithm has it.
    pub(crate) const fn steps(&self) -> u64 {
        self.steps
    }

    /// Puts a key before that run and after all others.
    fn put_before(&mut self, next: Option<K>, key: K) {
        let has_room = |next: &K| self.runs.get(next).is_some_and(|run| run.len() < RUN);
        let mut run = match next.filter(has_room).and_then(|next| self.runs.remove(&next)) {
            Some(run) => run,
            // A small set takes little room.
            None if self.runs.is_empty() => Vec::new(),
            None => Vec::with_capacity(RUN),
        };
        run.insert(0, key);
        self.runs.insert(key, run);
    }

    /// Puts a key where it has no room, which cuts a run in two but at its end.
    fn put_in_full(&mut self, start: K, place: usize, key: K) {
        if place == RUN {
            return self.put_before(self.after(start), key);
        }
        let Some(lower) = self.runs.get_mut(&start) else { return };
        let cut = if place < NEAR_END { RUN / 2 } else { place };
        let mut upper = Vec::with_capacity(RUN);
        upper.extend(lower.drain(cut..));
        let first = upper.first().copied().unwrap_or(key);
        if place <= cut {
            lower.insert(place, key)
        } else {
            upper.insert(place - cut, key)
        }
        self.runs.insert(first, upper);
    }

    /// The run after that one.
    fn after(&self, start: K) -> Option<K> {
        let after = (Bound::Excluded(start), Bound::Unbounded);
        self.runs.range(after).next().map(|(&next, _)| next)
    }

    /// Makes a run and the one after it one, if that leaves it half empty.
    fn join(&mut self, start: K) {
        let Some(next) = self.after(start) else { return };
        let keys = |start: &K| self.runs.get(start).map_or(0, Vec::len);
        if keys(&start) + keys(&next) <= RUN / 2
            && let Some(others) = self.runs.remove(&next)
            && let Some(run) = self.runs.get_mut(&start)
        {
            run.extend(others);
        }
    }

    fn step(&mut self) {
        self.steps += depth(self.len);
    }
}

/// What one operation on that many keys costs.
pub(crate) fn depth(keys: usize) -> u64 {
    1 + u64::from((keys + 1).ilog2())
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;
    use crate::random::Random;

    /// Does the same to a set of the standard library.
    #[derive(Default)]
    struct Both {
        ours: Ordered<u32>,
        model: BTreeSet<u32>,
    }

    impl Both {
        fn insert(&mut self, key: u32) {
            self.ours.insert(key);
            self.model.insert(key);
        }

        fn remove(&mut self, key: u32) {
            self.ours.remove(key);
            self.model.remove(&key);
        }

        fn agree(&self) {
            assert!(self.ours.iter().eq(self.model.iter().copied()));
            assert_eq!(self.ours.len(), self.model.len());
            assert_eq!(self.ours.first(), self.model.first().copied());
        }

        fn agree_from(&self, from: u32, to: u32) {
            use core::ops::Bound::{Excluded, Unbounded};
            let model = self.model.range(from..=to).next().copied();
            assert_eq!(self.ours.first_in(from..=to), model);
            let after = (Excluded(from), Unbounded);
            assert_eq!(self.ours.first_in(after), self.model.range(after).next().copied());
            assert_eq!(self.ours.first_in(..from), self.model.range(..from).next().copied());
        }

        fn runs(&self) -> usize {
            self.ours.runs.len()
        }
    }

    #[test]
    fn a_sorted_set_is_as_the_standard_librarys_whatever_is_done_to_it() {
        for seed in 0..40 {
            let mut random = Random::new(seed);
            let mut draw = |below: usize| u32::try_from(random.below(below)).unwrap_or(0);
            let mut both = Both::default();
            for round in 0..4_000 {
                // It grows, and in its second half it shrinks.
                let bias = if round < 2_000 { 7 } else { 3 };
                let key = draw(1_500);
                if draw(10) < bias {
                    both.insert(key)
                } else {
                    both.remove(key)
                }
                let from = draw(1_500);
                both.agree_from(from, from + draw(50));
                if round % 64 == 0 {
                    both.agree();
                }
            }
            both.agree();
        }
    }

    #[test]
    fn runs_are_full_where_keys_come_in_order_and_never_many_and_short() {
        let count = 6_400;
        let full = count as usize / RUN;
        let mut both = Both::default();
        (0..count).for_each(|key| both.insert(key));
        assert_eq!(both.runs(), full);
        let mut downwards = Both::default();
        (0..count).rev().for_each(|key| downwards.insert(key));
        assert_eq!(downwards.runs(), full);
        let mut ahead = Both::default();
        (0..3).for_each(|key| ahead.insert(2 * count + key));
        (0..count).for_each(|key| ahead.insert(key));
        assert!(ahead.runs() <= full + full / 16 + 1, "{} runs", ahead.runs());
        (0..count).filter(|key| key % 40 != 0).for_each(|key| both.remove(key));
        both.agree();
        assert!(both.runs() <= both.ours.len() / SHORT + 1, "{} runs", both.runs());
        (0..count).for_each(|key| both.remove(key));
        both.agree();
        assert_eq!(both.runs(), 0);
    }

    #[test]
    fn a_numbered_index_is_sorted_by_number_in_12_bytes() {
        assert_eq!(size_of::<Numbered>(), 12);
        let sorted = [(0, 9), (255, 1), (256, 0), (256, 7), (u64::MAX, 0)];
        let keys = sorted.map(|(number, index)| Numbered::new(number, index));
        assert!(keys.is_sorted());
        assert!(keys.iter().map(|key| (key.number(), key.index)).eq(sorted));
    }
}
