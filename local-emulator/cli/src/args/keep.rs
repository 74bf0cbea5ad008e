//! What survives the end of `lunch`, as arguments.

use std::path::Path;

use clap::{Args, ValueEnum};
use lunch_host::{Durability, Keeping, folder_beside};

/// What an acknowledged message survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Durable {
    /// The end of any process at any moment
    Process,
    /// The loss of power, too: each acknowledgement waits for the disk
    Power,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Keep {
    /// Keep queues and their messages in memory only: they end with `lunch`. Without it they are in `.lunch/store`
    /// beside the template, and the next `lunch up` goes on with them
    #[arg(long, conflicts_with = "durable", help_heading = super::BEHAVIOUR)]
    ephemeral: bool,
    /// What an acknowledged message survives: the end of any process at any moment, or the loss of power, too
    /// (default: process)
    #[arg(long, value_enum, value_name = "OF", help_heading = super::BEHAVIOUR)]
    durable: Option<Durable>,
}

impl Keep {
    /// Where queues and messages are kept, if they are.
    pub(crate) fn beside(self, template: &Path) -> Option<Keeping> {
        (!self.ephemeral).then(|| keeping(template, self.durable.unwrap_or(Durable::Process)))
    }
}

/// The store beside a template.
pub(crate) fn keeping(template: &Path, durable: Durable) -> Keeping {
    let durability = match durable {
        Durable::Process => Durability::Process,
        Durable::Power => Durability::Power,
    };
    Keeping { folder: folder_beside(template), durability }
}
