//! The instances of a function that could take a request now, in the order of the chosen policy.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::planted::{Bug, is};
use crate::random::Random;
use crate::settings::Choice;

const NONE: u32 = u32::MAX;

/// One function's available instances.
#[derive(Debug)]
pub(super) struct Pool {
    order: Order,
    len: u32,
}

#[derive(Debug)]
enum Order {
    /// By last use: a list through [`Links`]; the newest at the tail.
    Use { head: u32, tail: u32, newest_first: bool },
    /// By birth.
    Birth { members: BTreeSet<(u32, u32)>, newest_first: bool },
    /// In no order; [`Links`] knows where each stands.
    Any { members: Vec<u32> },
}

/// Where each instance stands in its function's pool, by instance index.
#[derive(Debug, Default)]
pub(super) struct Links {
    links: Vec<Link>,
    steps: u64,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    /// The neighbour used before, or the place in `Any`.
    prev: u32,
    next: u32,
    serial: u32,
    present: bool,
}

impl Links {
    /// Steps taken so far; a set's are counted as its depth.
    pub(super) const fn steps(&self) -> u64 {
        self.steps
    }

    fn link(&mut self, index: u32) -> &mut Link {
        self.steps += 1;
        let index = index as usize;
        if self.links.len() <= index {
            self.links
                .resize(index + 1, Link { prev: NONE, next: NONE, serial: 0, present: false });
        }
        &mut self.links[index]
    }
}

impl Pool {
    pub(super) fn new(choice: Choice) -> Self {
        let order = match choice {
            Choice::MostRecentlyUsed => {
                let newest_first = !is(Bug::LeastRecentlyUsed);
                Order::Use { head: NONE, tail: NONE, newest_first }
            }
            Choice::LeastRecentlyUsed => Order::Use { head: NONE, tail: NONE, newest_first: false },
            Choice::Oldest => Order::Birth { members: BTreeSet::new(), newest_first: false },
            Choice::Newest => Order::Birth { members: BTreeSet::new(), newest_first: true },
            Choice::Random => Order::Any { members: Vec::new() },
        };
        Self { order, len: 0 }
    }

    pub(super) const fn len(&self) -> u32 {
        self.len
    }

    /// Adds an instance, as the one used last. It is not in the pool yet.
    pub(super) fn push(&mut self, links: &mut Links, index: u32, serial: u32) {
        self.len += 1;
        *links.link(index) = Link { prev: NONE, next: NONE, serial, present: true };
        match &mut self.order {
            Order::Use { head, tail, .. } => {
                if *tail == NONE {
                    *head = index;
                } else {
                    links.link(*tail).next = index;
                    links.link(index).prev = *tail;
                }
                *tail = index;
            }
            Order::Birth { members, .. } => {
                links.steps += u64::from(members.len().ilog2_or_zero());
                members.insert((serial, index));
            }
            Order::Any { members } => {
                links.link(index).prev =
                    u32::try_from(members.len()).expect("indexes are 32 bits wide");
                members.push(index);
            }
        }
    }

    /// Takes the instance that serves next.
    pub(super) fn take(&mut self, links: &mut Links, random: &mut Random) -> Option<u32> {
        if self.len == 0 {
            return None;
        }
        let index = match &self.order {
            Order::Use { head, tail, newest_first } => {
                if *newest_first {
                    *tail
                } else {
                    *head
                }
            }
            Order::Birth { members, newest_first } => {
                let chosen = if *newest_first { members.last() } else { members.first() };
                chosen?.1
            }
            Order::Any { members } => members[random.below(members.len())],
        };
        if !is(Bug::InstanceTwice) {
            self.remove(links, index);
        }
        Some(index)
    }

    /// Takes any instance, to end them all.
    pub(super) fn drain_one(&mut self, links: &mut Links) -> Option<u32> {
        let index = match &self.order {
            Order::Use { head, .. } => (*head != NONE).then_some(*head),
            Order::Birth { members, .. } => members.first().map(|member| member.1),
            Order::Any { members } => members.first().copied(),
        }?;
        self.remove(links, index);
        Some(index)
    }

    /// Takes this instance out, if it is in.
    pub(super) fn remove(&mut self, links: &mut Links, index: u32) {
        let link = *links.link(index);
        if !link.present {
            return;
        }
        links.link(index).present = false;
        self.len -= 1;
        match &mut self.order {
            Order::Use { head, tail, .. } => {
                match link.prev {
                    NONE => *head = link.next,
                    prev => links.link(prev).next = link.next,
                }
                match link.next {
                    NONE => *tail = link.prev,
                    next => links.link(next).prev = link.prev,
                }
            }
            Order::Birth { members, .. } => {
                links.steps += u64::from(members.len().ilog2_or_zero());
                members.remove(&(link.serial, index));
            }
            Order::Any { members } => {
                members.swap_remove(link.prev as usize);
                if let Some(&moved) = members.get(link.prev as usize) {
                    links.link(moved).prev = link.prev;
                }
            }
        }
    }
}

/// The depth of a balanced tree of that many.
trait Depth {
    fn ilog2_or_zero(self) -> u32;
}

impl Depth for usize {
    fn ilog2_or_zero(self) -> u32 {
        self.checked_ilog2().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same pushes and removals, then all that is taken.
    fn taken(choice: Choice) -> Vec<u32> {
        let (mut links, mut random) = (Links::default(), Random::new(1));
        let mut pool = Pool::new(choice);
        for (index, serial) in [(0, 5), (1, 9), (2, 7), (3, 1)] {
            pool.push(&mut links, index, serial);
        }
        pool.remove(&mut links, 2);
        pool.remove(&mut links, 2);
        pool.push(&mut links, 2, 7);
        core::iter::from_fn(|| pool.take(&mut links, &mut random)).collect()
    }

    #[test]
    fn each_choice_takes_in_its_order() {
        assert_eq!(taken(Choice::MostRecentlyUsed), [2, 3, 1, 0]);
        assert_eq!(taken(Choice::LeastRecentlyUsed), [0, 1, 3, 2]);
        assert_eq!(taken(Choice::Oldest), [3, 0, 2, 1]);
        assert_eq!(taken(Choice::Newest), [1, 2, 0, 3]);
        let mut any = taken(Choice::Random);
        any.sort_unstable();
        assert_eq!(any, [0, 1, 2, 3]);
    }
}
