//! Deadlines: one entry per owner, re-keyed and never stacked.

use alloc::vec::Vec;

use lunch_contract::Moment;

/// Whose deadline it is: an index into one of the cloud's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    Instance(u32),
    Function(u32),
    Request(u32),
}

/// What is due, by the owner's own names; [`Wake`](crate::Wake) is this with the owner's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Placement,
    InitDeadline,
    InitPadding,
    InvokeDeadline,
    Freeze,
    IdleExpiry,
    LifeEnd,
    ShutdownGrace,
    InitErrorExit,
    FunctionIdle,
    GapWait,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    at: Moment,
    /// The owner, as its table and its index there: so that an entry is 16 bytes, and four stand in a cache line.
    index: u32,
    table: Table,
    due: Due,
}

/// Which of the cloud's tables, in the order of [`Owner`]'s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Table {
    Instances,
    Functions,
    Requests,
}

impl Entry {
    const fn new(owner: Owner, at: Moment, due: Due) -> Self {
        let (table, index) = match owner {
            Owner::Instance(index) => (Table::Instances, index),
            Owner::Function(index) => (Table::Functions, index),
            Owner::Request(index) => (Table::Requests, index),
        };
        Self { at, index, table, due }
    }

    const fn owner(&self) -> Owner {
        match self.table {
            Table::Instances => Owner::Instance(self.index),
            Table::Functions => Owner::Function(self.index),
            Table::Requests => Owner::Request(self.index),
        }
    }

    /// Equal moments go by owner, so that the order depends on nothing but the entries.
    fn before(&self, other: &Self) -> bool {
        (self.at, self.table, self.index) < (other.at, other.table, other.index)
    }
}

const ABSENT: u32 = u32::MAX;
const CHILDREN: usize = 4;

/// A heap that knows where each owner's entry stands.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: Vec<Entry>,
    instances: Vec<u32>,
    functions: Vec<u32>,
    requests: Vec<u32>,
    steps: u64,
}

impl Timers {
    /// Sets the owner's only deadline.
    pub(super) fn set(&mut self, owner: Owner, at: Moment, due: Due) {
        let entry = Entry::new(owner, at, due);
        match self.position(owner) {
            Some(position) => {
                let earlier = entry.before(&self.heap[position]);
                self.heap[position] = entry;
                if earlier { self.rise(position) } else { self.sink(position) }
            }
            None => {
                self.heap.push(entry);
                self.rise(self.heap.len() - 1);
            }
        }
    }

    /// Sets the owner's deadline, or takes it away.
    pub(super) fn set_or_clear(&mut self, owner: Owner, deadline: Option<(Moment, Due)>) {
        match deadline {
            Some((at, due)) => self.set(owner, at, due),
            None => self.clear(owner),
        }
    }

    /// Takes the owner's deadline away, if there is one.
    pub(super) fn clear(&mut self, owner: Owner) {
        if let Some(position) = self.position(owner) {
            self.remove(position);
        }
    }

    /// The earliest deadline.
    pub(super) fn first(&self) -> Option<(Moment, Owner, Due)> {
        self.heap.first().map(|entry| (entry.at, entry.owner(), entry.due))
    }

    /// Takes the earliest deadline, if it is due.
    pub(super) fn pop_due(&mut self, now: Moment) -> Option<(Owner, Due)> {
        let first = *self.heap.first()?;
        if first.at > now {
            return None;
        }
        self.remove(0);
        Some((first.owner(), first.due))
    }

    /// The owner's deadline.
    pub(super) fn of(&self, owner: Owner) -> Option<(Moment, Due)> {
        self.position(owner).map(|position| (self.heap[position].at, self.heap[position].due))
    }

    /// Entries moved so far.
    pub(super) const fn steps(&self) -> u64 {
        self.steps
    }

    fn position(&self, owner: Owner) -> Option<usize> {
        let (table, index) = match owner {
            Owner::Instance(index) => (&self.instances, index),
            Owner::Function(index) => (&self.functions, index),
            Owner::Request(index) => (&self.requests, index),
        };
        match table.get(index as usize) {
            Some(&ABSENT) | None => None,
            Some(&position) => Some(position as usize),
        }
    }

    fn note(&mut self, owner: Owner, position: u32) {
        let (table, index) = match owner {
            Owner::Instance(index) => (&mut self.instances, index as usize),
            Owner::Function(index) => (&mut self.functions, index as usize),
            Owner::Request(index) => (&mut self.requests, index as usize),
        };
        if table.len() <= index {
            table.resize(index + 1, ABSENT);
        }
        table[index] = position;
    }

    #[expect(clippy::cast_possible_truncation, reason = "three tables of u32 indexes at most")]
    fn place(&mut self, entry: Entry, position: usize) {
        self.heap[position] = entry;
        self.note(entry.owner(), position as u32);
        self.steps += 1;
    }

    fn remove(&mut self, position: usize) {
        self.note(self.heap[position].owner(), ABSENT);
        let last = self.heap.pop().expect("an entry is removed from where one stands");
        if position < self.heap.len() {
            self.heap[position] = last;
            if position > 0 && last.before(&self.heap[(position - 1) / CHILDREN]) {
                self.rise(position);
            } else {
                self.sink(position);
            }
        }
    }

    fn rise(&mut self, mut position: usize) {
        let entry = self.heap[position];
        while position > 0 {
            let parent = (position - 1) / CHILDREN;
            if !entry.before(&self.heap[parent]) {
                break;
            }
            self.place(self.heap[parent], position);
            position = parent;
        }
        self.place(entry, position);
    }

    fn sink(&mut self, mut position: usize) {
        let entry = self.heap[position];
        loop {
            let first = position * CHILDREN + 1;
            let children = first..(first + CHILDREN).min(self.heap.len());
            let Some(least) = children.reduce(|least, child| {
                if self.heap[child].before(&self.heap[least]) { child } else { least }
            }) else {
                break;
            };
            if !self.heap[least].before(&entry) {
                break;
            }
            self.place(self.heap[least], position);
            position = least;
        }
        self.place(entry, position);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_entries_are_as_large_as_a_cache_line() {
        assert_eq!(size_of::<[Entry; CHILDREN]>(), 64);
    }

    #[test]
    fn deadlines_come_in_order_whatever_was_set_cleared_and_set_anew() {
        let mut random = crate::random::Random::new(3);
        let mut timers = Timers::default();
        let mut model = std::collections::BTreeMap::new();
        for _ in 0..5_000 {
            let index = u32::try_from(random.below(50)).unwrap();
            let owner = match random.below(3) {
                0 => Owner::Instance(index),
                1 => Owner::Function(index),
                _ => Owner::Request(index),
            };
            match random.below(4) {
                0 => {
                    timers.clear(owner);
                    model.remove(&owner);
                }
                _ => {
                    let at = Moment::from_nanos(random.below(1_000) as u64);
                    timers.set(owner, at, Due::Freeze);
                    model.insert(owner, at);
                }
            }
            let earliest = model.iter().map(|(&owner, &at)| (at, owner)).min();
            assert_eq!(timers.first().map(|(at, owner, _)| (at, owner)), earliest);
            assert_eq!(timers.of(owner).map(|(at, _)| at), model.get(&owner).copied());
        }
    }
}
