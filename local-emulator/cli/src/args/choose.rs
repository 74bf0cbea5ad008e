//! What `choose` is told of a program.

use std::ffi::OsString;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::choose::known::{Rate, Work};
use crate::span;

#[derive(Debug, Args)]
pub(crate) struct Choose {
    /// How often it runs: `1/week`, `200/day`, `10/s`
    #[arg(long, value_name = "RATE", value_parser = Rate::read)]
    pub(crate) runs: Option<Rate>,
    /// How long a run takes
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    pub(crate) duration: Option<Duration>,
    /// How much of its time in a year is worth the work, where nobody waits for it
    #[arg(long, value_name = "SPAN", value_parser = span::parse, default_value = "1d")]
    pub(crate) worth: Duration,
    /// Whether somebody waits for each run
    #[arg(long, value_enum, value_name = "YES|NO")]
    pub(crate) waits: Option<Said>,
    /// What it spends its time with
    #[arg(long, value_enum, value_name = "WORK")]
    pub(crate) work: Option<Work>,
    /// Whether what it waits for can be awaited, which takes async libraries
    #[arg(long, value_enum, value_name = "YES|NO")]
    pub(crate) can_await: Option<Said>,
    /// Whether its tasks share what they change
    #[arg(long, value_enum, value_name = "YES|NO")]
    pub(crate) shares: Option<Said>,
    /// How long its longest run takes
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    pub(crate) longest: Option<Duration>,
    /// How long a run may wait before it begins
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    pub(crate) may_wait: Option<Duration>,
    /// Print the tree as a Mermaid flowchart and ask nothing
    #[arg(long, conflicts_with_all = ["json", "command"])]
    pub(crate) mermaid: bool,
    /// Print the answer as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Run this once, and measure how long it takes and what it spends its time with
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Said {
    Yes,
    No,
}

impl From<Said> for bool {
    fn from(said: Said) -> Self {
        said == Said::Yes
    }
}
