//! Event source mappings, as far as they are bytes: what a function is called with, and what its answer says. Facts 7.
//!
//! Translates only; what is decided by it is the machine's.

mod answer;
pub(crate) mod filter;
mod record;
mod settings;
mod size;

use std::collections::BTreeMap;
use std::rc::Rc;

use lunch_cloud::event_source::MappingId;

pub(crate) use self::answer::verdict;
use self::filter::Filters;
pub(crate) use self::record::{Attributes, AttributesDigest, Hex, Record, UserAttributes};
pub(crate) use self::settings::Settings;
pub(crate) use self::size::record_bytes_max;
use crate::uuid::Uuid;

/// What the host keeps of a mapping beside what the machine knows.
#[derive(Clone, Debug)]
pub(crate) struct Mapping {
    pub(crate) uuid: Uuid,
    /// Its logical id in the template; `None`: it was made by a call.
    pub(crate) logical_id: Option<String>,
    pub(crate) settings: Settings,
    /// Milliseconds since 1970.
    pub(crate) modified_ms: u64,
    pub(crate) queue_arn: String,
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

    /// The one with that id on AWS.
    pub(crate) fn by_uuid(&self, uuid: &str) -> Option<(MappingId, &Mapping)> {
        self.iter().find(|(_, mapping)| *mapping.uuid.text() == *uuid)
    }

    pub(crate) fn of(&self, id: MappingId) -> Option<&Mapping> {
        self.all.get(&id)
    }
}
