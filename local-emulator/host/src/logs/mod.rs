//! What functions write: lines cut from their output, kept per instance within bounds, and the tail of a request.
//!
//! Knows no HTTP and decides nothing. Where lines are stored for good is another room's.

mod lines;
mod output;
mod report;

pub(crate) use lines::{LineCutter, Lines};
pub(crate) use output::{Drained, Output};
pub(crate) use report::{Tail, report_line};
