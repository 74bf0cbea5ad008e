//! How a function logs: `LoggingConfig`.

use super::error::TemplateError;
use super::properties::Properties;
use crate::logs::{Level, LogFormat, Logging};

pub(super) fn read(properties: &Properties<'_>) -> Result<Logging, TemplateError> {
    const FORMAT: &str = "LoggingConfig.LogFormat";
    let format = match properties.text(FORMAT)? {
        None => LogFormat::Text,
        Some((text, at)) => match text.as_str() {
            "Text" => LogFormat::Text,
            "JSON" => LogFormat::Json,
            other => {
                let got = format!("`{other}`");
                return Err(properties.error(FORMAT, &got, "`Text` or `JSON`", at));
            }
        },
    };
    let system = ["DEBUG", "INFO", "WARN"];
    let application = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    Ok(Logging {
        format,
        system_level: level(properties, format, "LoggingConfig.SystemLogLevel", &system)?,
        application_level: level(
            properties,
            format,
            "LoggingConfig.ApplicationLogLevel",
            &application,
        )?,
    })
}

/// One of those levels; AWS takes none with text. D:monitoring-cloudwatchlogs-log-level.
fn level(
    properties: &Properties<'_>,
    format: LogFormat,
    path: &str,
    known: &[&str],
) -> Result<Level, TemplateError> {
    let Some((text, at)) = properties.text(path)? else { return Ok(Level::default()) };
    if format == LogFormat::Text {
        let wanted = "nothing, or `LogFormat: JSON` beside it: levels go with JSON only";
        return Err(properties.error(path, &format!("`{text}`"), wanted, at));
    }
    let level = known.contains(&text.as_str()).then(|| Level::named(&text)).flatten();
    level.ok_or_else(|| {
        let wanted = format!("one of {}", known.join(", "));
        properties.error(path, &format!("`{text}`"), &wanted, at)
    })
}
