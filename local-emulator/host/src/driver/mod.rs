//! Tells the cloud what happens and carries out what it commands.

mod processes;

pub use processes::{Launch, Processes, Report, Signal};

use crate::wire::LogLine;

/// Takes every line that a function writes, as it is read.
pub type LogSink = Box<dyn FnMut(&LogLine) + Send>;
