//! Where the log lines go: stdout, one JSON object per line, which is what a container's log driver collects.

use std::env;

use tracing_subscriber::filter::LevelFilter;

/// Sends everything from here on to stdout, as JSON. `LOG_LEVEL` says how much: `info` if nothing is said.
pub fn init() {
    let level = env::var("LOG_LEVEL").ok().and_then(|level| level.parse().ok());
    let lines = tracing_subscriber::fmt().with_max_level(level.unwrap_or(LevelFilter::INFO));
    lines.with_target(false).json().flatten_event(true).init();
}
