//! What functions write, and what AWS writes about them: lines cut from output, kept within a bound, and the tail of a
//! request.
//!
//! Knows no HTTP and decides nothing.

mod init;
mod lines;
mod logging;
mod output;
mod platform;
mod store;
mod tail;

pub(crate) use init::{InitEvent, error_type};
pub(crate) use lines::LineCutter;
pub use logging::{Level, LogFormat, Logging};
pub(crate) use output::{Drained, Output};
pub(crate) use platform::{Ending, PlatformEvent, Report};
pub(crate) use store::{LogEvent, Logs, Stream, StreamId, What};
pub(crate) use tail::Tail;
