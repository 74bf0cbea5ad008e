//! Where the log lines go: stdout, one line per stage, which is what CloudWatch (and the timeline) collects.
//!
//! Plain lines carry the message alone, since the platform stamps time and request itself. Lambda's advanced
//! logging controls are honoured: `AWS_LAMBDA_LOG_FORMAT=JSON` and `AWS_LAMBDA_LOG_LEVEL`.

use std::env;

use tracing_subscriber::filter::LevelFilter;

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The message and its fields.
    Plain,
    /// One JSON object per line.
    Json,
}

impl Format {
    /// The format that the function's `LoggingConfig` asks for.
    pub fn from_env() -> Self {
        match env::var("AWS_LAMBDA_LOG_FORMAT") {
            Ok(format) if format.eq_ignore_ascii_case("json") => Self::Json,
            Ok(_) | Err(_) => Self::Plain,
        }
    }
}

/// Sends everything from here on to stdout.
pub fn init(format: Format) {
    let level = env::var("AWS_LAMBDA_LOG_LEVEL")
        .ok()
        .and_then(|level| level.parse().ok())
        .unwrap_or(LevelFilter::INFO);
    let lines = tracing_subscriber::fmt().with_max_level(level).with_target(false);
    match format {
        Format::Plain => lines.without_time().with_level(false).with_ansi(false).init(),
        Format::Json => lines.json().init(),
    }
}
