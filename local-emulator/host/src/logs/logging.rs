//! How a function logs: its `LoggingConfig`. Facts 4.2.

use serde_json::{Map, Value};

/// What a line's time is called, as runtimes do it. AWS takes the usual names and does not list them.
const TIMES: [&str; 4] = ["timestamp", "time", "@timestamp", "Timestamp"];

/// What its level is called.
const LEVELS: [&str; 3] = ["level", "Level", "LogLevel"];

/// The form of a function's log and what is left out of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Logging {
    /// `LogFormat`.
    pub format: LogFormat,
    /// `SystemLogLevel`: AWS's own lines that matter less are left out. With JSON only.
    pub system_level: Level,
    /// `ApplicationLogLevel`: the function's own lines that matter less are left out; it is told of it, too. With JSON
    /// only.
    pub application_level: Level,
}

impl Logging {
    /// Whether a line of the function's own is kept.
    pub(crate) fn keeps(&self, line: &str) -> bool {
        self.format == LogFormat::Text || Level::of(line) >= self.application_level
    }
}

/// What AWS's own lines are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Words and tabulators.
    #[default]
    Text,
    /// An object per line.
    Json,
}

impl LogFormat {
    /// As AWS spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Json => "JSON",
        }
    }
}

/// How much a line matters, least first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `TRACE`
    Trace,
    /// `DEBUG`
    Debug,
    /// `INFO`, where nothing is said.
    #[default]
    Info,
    /// `WARN`
    Warn,
    /// `ERROR`
    Error,
    /// `FATAL`
    Fatal,
}

impl Level {
    const ALL: [(Self, &str); 6] = [
        (Self::Trace, "TRACE"),
        (Self::Debug, "DEBUG"),
        (Self::Info, "INFO"),
        (Self::Warn, "WARN"),
        (Self::Error, "ERROR"),
        (Self::Fatal, "FATAL"),
    ];

    /// The level of that name, as AWS spells it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(level, _)| *level)
    }

    /// How much a function's own line matters: as it says itself, in JSON and with a time; any other is `INFO`.
    /// D:monitoring-cloudwatchlogs-log-level.
    fn of(line: &str) -> Self {
        let said = || {
            let members = serde_json::from_str::<Map<String, Value>>(line).ok()?;
            let text = |name: &&str| members.get(*name)?.as_str();
            TIMES.iter().find_map(text).filter(|time| is_rfc3339(time))?;
            Self::named(&LEVELS.iter().find_map(text)?.to_ascii_uppercase())
        };
        said().unwrap_or_default()
    }

    /// Its name, as AWS spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(level, _)| *level == self).map_or("INFO", |(_, name)| name)
    }
}

/// Whether a text is a time as RFC 3339 writes it: `2024-11-02T16:51:31.587199Z`, or with an offset for the `Z`.
fn is_rfc3339(text: &str) -> bool {
    let (Some(moment), Some(rest)) = (text.get(..19), text.get(19..)) else { return false };
    let offset = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|digit: char| digit.is_ascii_digit()),
        None => rest,
    };
    let like = |text: &str, pattern: &str| {
        text.len() == pattern.len()
            && text.bytes().zip(pattern.bytes()).all(|(byte, wanted)| match wanted {
                b'0' => byte.is_ascii_digit(),
                other => byte.eq_ignore_ascii_case(&other),
            })
    };
    // A point has digits behind it.
    like(moment, "0000-00-00T00:00:00")
        && offset.len() + 1 != rest.len()
        && ["Z", "+00:00", "-00:00"].iter().any(|pattern| like(offset, pattern))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_says_its_level_and_its_time_has_that_level_and_any_other_is_info() {
        let line =
            |level: &str, time: &str| format!(r#"{{"level": "{level}", "timestamp": "{time}"}}"#);
        let time = "2024-11-02T16:51:31.587199Z";
        for (name, level) in [
            ("debug", Level::Debug),
            ("WARN", Level::Warn),
            ("Fatal", Level::Fatal),
            ("odd", Level::Info),
        ] {
            assert_eq!(Level::of(&line(name, time)), level, "{name}");
        }
        for other in ["2024-11-02T16:51:31+01:00", "2024-11-02t16:51:31z"] {
            assert_eq!(Level::of(&line("DEBUG", other)), Level::Debug, "{other}");
        }
        for none in [
            "",
            "yesterday",
            "2024-11-02T16:51:31",
            "2024-11-02T16:51:31.Z",
            "2024-11-02 16:51:31Z",
        ] {
            assert_eq!(Level::of(&line("DEBUG", none)), Level::Info, "{none}");
        }
        for plain in ["DEBUG: grinding", "{}", "[]", r#"{"level": "DEBUG"}"#, "\u{e4}\u{f6}"] {
            assert_eq!(Level::of(plain), Level::Info, "{plain}");
        }
    }

    #[test]
    fn a_text_log_keeps_every_line() {
        let quiet = Logging { application_level: Level::Fatal, ..Logging::default() };
        assert!(quiet.keeps("grinding"));
        assert!(!Logging { format: LogFormat::Json, ..quiet }.keeps("grinding"));
    }
}
