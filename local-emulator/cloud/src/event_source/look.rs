//! Looking at the mappings without changing them.

use serde::{Deserialize, Serialize};

use super::EventSources;
use super::config::{MappingConfig, MappingId};

/// A mapping, looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MappingView {
    /// Which one.
    pub mapping: MappingId,
    /// How it is set.
    pub config: MappingConfig,
    /// Where it stands.
    pub state: MappingState,
    /// Its pollers.
    pub pollers: u32,
    /// Those of them that have messages in hand.
    pub busy: u32,
}

/// Where a mapping stands, in AWS's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MappingState {
    /// It takes messages.
    Enabled,
    /// It takes no more, and works off what it has in hand.
    Disabling,
    /// It takes none.
    Disabled,
    /// It takes no more, and goes with the last that it has in hand.
    Deleting,
}

impl EventSources {
    /// The mapping, if there is one.
    #[must_use]
    pub fn mapping(&self, id: MappingId) -> Option<MappingView> {
        self.mappings.get(&id).map(|mapping| MappingView {
            mapping: id,
            config: mapping.config,
            state: match (mapping.deleted, mapping.config.enabled, mapping.pollers) {
                (true, _, _) => MappingState::Deleting,
                (false, true, _) => MappingState::Enabled,
                (false, false, 0) => MappingState::Disabled,
                (false, false, _) => MappingState::Disabling,
            },
            pollers: mapping.pollers,
            busy: mapping.busy,
        })
    }

    /// Every mapping, by id.
    pub fn mappings(&self) -> impl Iterator<Item = MappingView> {
        self.mappings.keys().filter_map(|id| self.mapping(*id))
    }

    /// The latest moment that the machine was told.
    #[must_use]
    pub const fn now(&self) -> lunch_contract::Moment {
        self.now
    }
}
