//! The order of a FIFO queue: groups, each a list of its messages by number.
//!
//! Invariant: a group gives its first messages, and only while none of it is in flight.

use alloc::collections::BTreeMap;

use lunch_contract::sqs::GroupId;

use super::table::{NONE, Table};
use crate::ordered::{Ordered, depth};
use crate::planted::{self, Bug};

#[derive(Debug, Default)]
pub(super) struct Fifo {
    groups: BTreeMap<GroupId, Group>,
    /// Groups that give something, by their first message's number.
    ready: Ordered<(u64, GroupId)>,
    steps: u64,
}

#[derive(Clone, Copy, Debug)]
struct Group {
    first: u32,
    last: u32,
    in_flight: u32,
}

impl Fifo {
    /// A message comes: behind all others of its group.
    pub(super) fn join(&mut self, index: u32, table: &mut Table) {
        let id = group_of(index, table);
        self.withdraw(id, table);
        match self.group(id) {
            Some(group) => {
                table.at_mut(group.last).after = index;
                table.at_mut(index).before = group.last;
                group.last = index;
            }
            None => {
                let group = Group { first: index, last: index, in_flight: 0 };
                self.groups.insert(id, group);
            }
        }
        self.offer(index, table);
    }

    /// A message goes.
    pub(super) fn leave(&mut self, index: u32, table: &mut Table) {
        let id = group_of(index, table);
        self.retract(index, table);
        let message = table.at_mut(index);
        let (before, after) = (message.before, message.after);
        (message.before, message.after) = (NONE, NONE);
        if before != NONE {
            table.at_mut(before).after = after;
        }
        if after != NONE {
            table.at_mut(after).before = before;
        }
        let Some(group) = self.group(id) else { return };
        if before == NONE {
            group.first = after;
        }
        if after == NONE {
            group.last = before;
        }
        if group.first == NONE {
            self.groups.remove(&id);
        } else {
            self.announce(id, table);
        }
    }

    /// Before a message changes.
    pub(super) fn retract(&mut self, index: u32, table: &Table) {
        let id = group_of(index, table);
        self.withdraw(id, table);
        if table.at(index).is_in_flight()
            && let Some(group) = self.group(id)
        {
            group.in_flight -= 1;
        }
    }

    /// After a message changed.
    pub(super) fn offer(&mut self, index: u32, table: &Table) {
        let id = group_of(index, table);
        if table.at(index).is_in_flight()
            && let Some(group) = self.group(id)
        {
            group.in_flight += 1;
        }
        self.announce(id, table);
    }

    /// The next message to deliver.
    pub(super) fn first(&self) -> Option<u32> {
        let (_, id) = self.ready.first()?;
        self.groups.get(&id).map(|group| group.first)
    }

    /// The one behind it in its group, if it can be delivered with it.
    pub(super) fn next(index: u32, table: &Table) -> Option<u32> {
        let after = table.at(index).after;
        (after != NONE && table.at(after).is_visible()).then_some(after)
    }

    pub(super) const fn steps(&self) -> u64 {
        self.ready.steps() + self.steps
    }

    fn group(&mut self, id: GroupId) -> Option<&mut Group> {
        self.steps += depth(self.groups.len());
        self.groups.get_mut(&id)
    }

    fn withdraw(&mut self, id: GroupId, table: &Table) {
        if let Some(number) = self.readiness(id, table) {
            self.ready.remove((number, id));
        }
    }

    fn announce(&mut self, id: GroupId, table: &Table) {
        if let Some(number) = self.readiness(id, table) {
            self.ready.insert((number, id));
        }
    }

    /// The number of the group's first message, if the group gives it.
    fn readiness(&self, id: GroupId, table: &Table) -> Option<u64> {
        let is_free = |group: &&Group| group.in_flight == 0 || planted::is(Bug::GroupNotBlocked);
        let group = self.groups.get(&id).filter(is_free)?;
        let first = table.at(group.first);
        first.is_visible().then_some(first.sequence)
    }
}

fn group_of(index: u32, table: &Table) -> GroupId {
    table.at(index).group.expect("a FIFO queue takes no message without a group")
}
