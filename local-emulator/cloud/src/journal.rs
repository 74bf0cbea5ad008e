//! The journal: all that a cloud was told, and all that it commanded, so that it can be told again.

use alloc::vec::Vec;
use core::fmt;

use lunch_contract::Moment;
use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::drive::{Input, Telling as _};
use crate::settings::Settings;
use crate::trace::Trace;
use crate::{Cloud, Refused};

/// The first line of a journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The journal's version; another one is not replayed.
    pub lunch_journal: u32,
    /// How the cloud was set.
    pub settings: Settings,
}

impl Header {
    /// The version that this code writes and replays. It changes with what is written, and with what the same events come
    /// to: since 3, idle pollers wait without a deadline, and events are tried again by qualifier.
    pub const VERSION: u32 = 3;

    /// The first line for a cloud of those settings.
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        Self { lunch_journal: Self::VERSION, settings }
    }
}

/// Every other line of a journal: one telling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was told.
    pub at: Moment,
    /// What was told.
    pub input: Input,
    /// Whether and why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refused>,
    /// What the cloud commanded, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<Command>,
}

/// A cloud that is told a journal again.
#[derive(Debug)]
pub struct Replay<T: Trace> {
    cloud: Cloud<T>,
    entries: u64,
    commands: u64,
}

impl<T: Trace> Replay<T> {
    /// Begins with nothing told.
    #[must_use]
    pub fn new(settings: Settings, trace: T) -> Self {
        Self { cloud: Cloud::new(settings, trace), entries: 0, commands: 0 }
    }

    /// Tells the next entry.
    ///
    /// # Errors
    /// The first difference between what was commanded then and what is commanded now.
    pub fn step(&mut self, entry: &Entry) -> Result<(), Divergence> {
        let refusal = entry.input.clone().tell(&mut self.cloud, entry.at).err();
        let mut commands = Vec::new();
        while let Some(command) = self.cloud.poll_command() {
            commands.push(command);
        }
        self.entries += 1;
        self.commands += commands.len() as u64;
        if refusal == entry.refusal && commands == entry.commands {
            return Ok(());
        }
        Err(Divergence {
            entry: self.entries,
            recorded: (entry.refusal, entry.commands.clone()),
            replayed: (refusal, commands),
        })
    }

    /// How many entries were told.
    #[must_use]
    pub const fn entries(&self) -> u64 {
        self.entries
    }

    /// How many commands came of them.
    #[must_use]
    pub const fn commands(&self) -> u64 {
        self.commands
    }

    /// The cloud as it stands.
    #[must_use]
    pub const fn cloud(&self) -> &Cloud<T> {
        &self.cloud
    }
}

/// Where a replay went another way than its journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Divergence {
    /// The how-manieth entry it was, from 1.
    pub entry: u64,
    /// What the journal says came of it.
    pub recorded: (Option<Refused>, Vec<Command>),
    /// What came of it now.
    pub replayed: (Option<Refused>, Vec<Command>),
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "entry {} came to {:?}, and the journal says {:?}",
            self.entry, self.replayed, self.recorded
        )
    }
}

impl core::error::Error for Divergence {}
