//! Event source mappings, as far as they are bytes: what a function is called with, and what its answer says. Facts 7.
//!
//! Translates only; what is decided by it is the machine's.

mod answer;
pub(crate) mod filter;
mod record;
mod size;

use std::collections::BTreeMap;
use std::rc::Rc;

use lunch_cloud::event_source::MappingId;

pub(crate) use self::answer::verdict;
use self::filter::Filters;
pub(crate) use self::record::{Attributes, Hex, Record, UserAttributes};
pub(crate) use self::size::record_bytes_max;

/// What the host keeps of a mapping beside what the machine knows.
#[derive(Clone, Debug)]
pub(crate) struct Mapping {
    /// Its logical id in the template.
    pub(crate) logical_id: String,
    pub(crate) queue_arn: String,
    /// Whether the function's answer is read: `ReportBatchItemFailures`.
    pub(crate) reports_failures: bool,
    /// Which messages it calls the function with; the others are deleted.
    pub(crate) filters: Rc<Filters>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Mappings {
    all: BTreeMap<MappingId, Mapping>,
    next: u32,
}

impl Mappings {
    pub(crate) fn next(&mut self) -> MappingId {
        self.next += 1;
        MappingId(self.next - 1)
    }

    pub(crate) fn insert(&mut self, id: MappingId, mapping: Mapping) {
        self.all.insert(id, mapping);
    }

    pub(crate) fn remove(&mut self, id: MappingId) {
        self.all.remove(&id);
    }

    /// Every mapping, by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (MappingId, &Mapping)> {
        self.all.iter().map(|(id, mapping)| (*id, mapping))
    }

    pub(crate) fn of(&self, id: MappingId) -> Option<&Mapping> {
        self.all.get(&id)
    }
}
