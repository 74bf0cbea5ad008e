//! What is said over the sockets between the counter and its staff: one message each, whole or not at all.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Salad;

/// An order within this shop: one for each time that it was brought to the counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ticket(pub u64);

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t-{}", self.0)
    }
}

/// A bowl, by the number on its bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BowlId(pub u32);

impl fmt::Display for BowlId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b-{}", self.0)
    }
}

/// From the counter to one of the staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Word {
    /// What a maker is to make.
    Order(Ticket, Salad),
    /// What a maker is to make it in, or the washer to wash.
    Bowl(BowlId),
}

/// From one of the staff to the counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// The process has started.
    Ready,
    /// A salad, and what it took.
    Served(Ticket, Cost),
    /// The bowl of the salad before is dirty now.
    Used(BowlId),
    /// A bowl is clean, and what it took.
    Washed(BowlId, Cost),
}

/// What a piece of work took, by the process that did it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// CPU time, microseconds.
    pub cpu_us: u64,
    /// From the bowl's coming to the work's end, microseconds.
    pub wall_us: u64,
    /// From the order's coming to the bowl's, microseconds; 0 for who washes.
    pub bowl_wait_us: u64,
}
