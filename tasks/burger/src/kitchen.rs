//! The shop's rules: a grill, a warming tray, an orders queue and a counter. It is told what time it is in the shop, waits
//! for nothing and switches to nothing; the engines do.
//!
//! The article's cooked patties queue up without end. Here the tray is bounded: while it is full, cooked patties stay on
//! the grill, and one that stays too long is burnt, binned and counted as waste.

use std::collections::VecDeque;
use std::time::Duration;

/// The sizes of a kitchen, and its times in shop time. All sizes are at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The grill's positions. All of them are filled when the shop opens, and stay so.
    pub grill: usize,
    /// The patties that the tray has room for.
    pub tray: usize,
    /// The orders that may wait between the till and the counter.
    pub orders: usize,
    /// How long a patty needs.
    pub cooked_after: Duration,
    /// How long a patty may lie on the grill.
    pub burnt_after: Duration,
}

impl Rules {
    /// The orders that may be taken and not served: the queue's, one in the till's hand, one at the counter.
    #[must_use]
    pub const fn room(&self) -> usize {
        self.orders + 2
    }
}

/// A patty. It can be moved and not copied, so it is in one place.
#[derive(Debug, PartialEq, Eq)]
pub struct Patty {
    /// Patties are numbered as they come on the grill.
    pub number: u64,
    on_grill_since: Duration,
}

/// What came of a look at the grill.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Look {
    /// Cooked patties that were put on the tray.
    pub to_tray: usize,
    /// Burnt ones that were binned.
    pub binned: usize,
}

/// What was counted since the shop opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Patties that were put on the grill.
    pub patties: u64,
    /// Patties that were handed over in a burger.
    pub eaten: u64,
    /// Patties that were burnt and binned.
    pub waste: u64,
    /// Orders that were served.
    pub served: u64,
    /// The most orders at once in the orders queue.
    pub most_queued: usize,
    /// The most orders at once that were taken and not served.
    pub most_taken: usize,
}

/// The kitchen, with its orders as the engine hands them in.
#[derive(Debug)]
pub struct Kitchen<Order> {
    rules: Rules,
    grill: Vec<Patty>,
    tray: VecDeque<Patty>,
    makers_hand: Vec<Patty>,
    tills_hand: Option<Order>,
    orders: VecDeque<Order>,
    /// Its order is in the engine's hands.
    is_at_counter: bool,
    counts: Counts,
}

impl<Order> Kitchen<Order> {
    /// Opens it with a full grill.
    #[must_use]
    pub fn open(rules: Rules, now: Duration) -> Self {
        let mut kitchen = Self {
            rules,
            grill: Vec::with_capacity(rules.grill),
            tray: VecDeque::new(),
            makers_hand: Vec::new(),
            tills_hand: None,
            orders: VecDeque::new(),
            is_at_counter: false,
            counts: Counts::default(),
        };
        for _ in 0..rules.grill {
            let raw = kitchen.raw(now);
            kitchen.grill.push(raw);
        }
        kitchen
    }

    fn raw(&mut self, now: Duration) -> Patty {
        self.counts.patties += 1;
        Patty { number: self.counts.patties, on_grill_since: now }
    }

    /// Looks at the whole grill: each cooked patty goes on the tray while there is room on it, each burnt one into the
    /// bin, and a raw one takes its place at once. Those that lie there longest are first.
    pub fn look(&mut self, now: Duration) -> Look {
        let mut look = Look::default();
        self.grill.sort_by_key(|patty| (patty.on_grill_since, patty.number));
        for position in 0..self.grill.len() {
            let age = now.saturating_sub(self.grill[position].on_grill_since);
            if age < self.rules.cooked_after {
                break;
            }
            let is_burnt = age >= self.rules.burnt_after;
            if !is_burnt && self.tray.len() >= self.rules.tray {
                continue;
            }
            let raw = self.raw(now);
            let taken_off = std::mem::replace(&mut self.grill[position], raw);
            if is_burnt {
                self.counts.waste += 1;
                look.binned += 1;
            } else {
                self.tray.push_back(taken_off);
                look.to_tray += 1;
            }
        }
        look
    }

    /// The till has an order in its hand now.
    ///
    /// # Panics
    /// If it has one already: it speaks to one customer at a time.
    pub fn speak(&mut self, order: Order) {
        assert!(self.tills_hand.is_none(), "the till speaks to one customer at a time");
        self.tills_hand = Some(order);
        self.counts.most_taken = self.counts.most_taken.max(self.taken());
    }

    /// Puts what the till has in its hand into the orders queue; `false` if there is no room for it.
    pub fn add(&mut self) -> bool {
        if self.orders.len() >= self.rules.orders {
            return false;
        }
        self.orders.extend(self.tills_hand.take());
        self.counts.most_queued = self.counts.most_queued.max(self.orders.len());
        true
    }

    /// Takes a patty from the tray into the maker's hand; `false` if there is none.
    pub fn take_patty(&mut self) -> bool {
        let patty = self.tray.pop_front();
        let is_there = patty.is_some();
        self.makers_hand.extend(patty);
        is_there
    }

    /// How many patties the maker has in hand.
    #[must_use]
    pub fn patties_in_hand(&self) -> usize {
        self.makers_hand.len()
    }

    /// Takes the next order to the counter; `None` if there is none.
    ///
    /// # Panics
    /// If there is one at the counter already.
    pub fn take_order(&mut self) -> Option<Order> {
        assert!(!self.is_at_counter, "the maker makes one order at a time");
        let order = self.orders.pop_front()?;
        self.is_at_counter = true;
        Some(order)
    }

    /// The order at the counter is handed over, with so many of the patties in the maker's hand.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn serve(&mut self, patties: usize) {
        assert!(self.is_at_counter, "what is served was at the counter");
        let eaten = self.makers_hand.drain(..patties).count();
        self.counts.eaten += u64::try_from(eaten).unwrap_or(u64::MAX);
        self.counts.served += 1;
        self.is_at_counter = false;
    }

    /// Orders that are taken and not served.
    #[must_use]
    pub fn taken(&self) -> usize {
        usize::from(self.tills_hand.is_some()) + self.queued() + usize::from(self.is_at_counter)
    }

    /// Orders in the orders queue.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.orders.len()
    }

    /// Patties on the tray.
    #[must_use]
    pub fn on_tray(&self) -> usize {
        self.tray.len()
    }

    /// What was counted.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// The numbers of all patties that are somewhere, place by place: for those who look whether one is in two.
    pub fn patties(&self) -> impl Iterator<Item = u64> {
        let places = self.grill.iter().chain(&self.tray).chain(&self.makers_hand);
        places.map(|patty| patty.number)
    }
}

#[cfg(test)]
mod tests;
