//! The lines that AWS itself writes about an instance's life. Facts 4.1 and 4.2.

use std::fmt::Write;
use std::time::Duration;

use lunch_cloud::Status;
use lunch_contract::Outcome;
use lunch_contract::names::timestamp;
use serde::Serialize;

use super::logging::{Level, LogFormat, Logging};
use crate::published::Version;

/// Something that AWS tells in a function's log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum PlatformEvent {
    /// An invocation began.
    Start {
        /// Of what it is.
        version: Version,
    },
    /// The runtime and all extensions are done with it: a line of its own in text only.
    End(Ending),
    /// What it cost.
    Report(Report),
}

/// What an invocation cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Report {
    pub(crate) duration: Hundredths,
    /// The INIT phase that it waited for, where that is reported.
    pub(crate) init: Option<Hundredths>,
    pub(crate) billed_ms: u32,
    pub(crate) memory_mb: u32,
    /// The most that its instance has had in its life, MB in AWS's sense.
    pub(crate) max_memory_mb: u32,
    pub(crate) ending: Ending,
}

/// How an invocation or an INIT phase ended, as AWS has it in `Status` and `Error Type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Success,
    Timeout,
    Error(ErrorType),
}

/// What AWS calls an error that a log tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorType {
    /// The process ended.
    ExitError,
    /// It could not begin.
    InvalidEntrypoint,
    /// The runtime told of it.
    Unknown,
}

impl ErrorType {
    const fn name(self) -> &'static str {
        match self {
            Self::ExitError => "Runtime.ExitError",
            Self::InvalidEntrypoint => "Runtime.InvalidEntrypoint",
            Self::Unknown => "Runtime.Unknown",
        }
    }
}

/// A span as a report has it: in hundredths of a millisecond, eleven hours at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hundredths(u32);

impl From<Duration> for Hundredths {
    fn from(span: Duration) -> Self {
        let rounded = (span + Duration::from_micros(5)).as_micros() / 10;
        Self(u32::try_from(rounded).unwrap_or(u32::MAX))
    }
}

impl Hundredths {
    pub(super) fn ms(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

impl Ending {
    /// Of an invocation: what the machine says of it, and what its caller was told.
    pub(crate) const fn of(status: Status, outcome: Option<&Outcome>) -> Self {
        match (status, outcome) {
            (Status::Success, _) => Self::Success,
            (Status::Timeout, _) => Self::Timeout,
            // Who was answered and is told of as failed has ended before it asked for more.
            (
                Status::Error | Status::Failure,
                Some(Outcome::Exited { .. } | Outcome::Returned | Outcome::FunctionError),
            ) => Self::Error(ErrorType::ExitError),
            (Status::Error | Status::Failure, Some(Outcome::SpawnFailed { .. })) => {
                Self::Error(ErrorType::InvalidEntrypoint)
            }
            (Status::Error | Status::Failure, _) => Self::Error(ErrorType::Unknown),
        }
    }
}

impl PlatformEvent {
    /// Whether a function that logs like that gets a line of it.
    pub(crate) fn is_written(&self, logging: Logging) -> bool {
        logging.format == LogFormat::Text || self.level() >= logging.system_level
    }

    /// The line, without its end; `unix_ms` is the cloud's wall-clock time.
    pub(crate) fn line(&self, format: LogFormat, request_id: &str, unix_ms: u64) -> String {
        match format {
            LogFormat::Text => self.text(request_id),
            LogFormat::Json => self.json(request_id, unix_ms),
        }
    }

    /// How much it matters. D:monitoring-cloudwatchlogs-log-level.
    const fn level(&self) -> Level {
        let ending = match self {
            Self::Start { .. } => return Level::Info,
            Self::End(ending) => *ending,
            Self::Report(report) => match report.ending {
                Ending::Success => return Level::Info,
                ending @ (Ending::Timeout | Ending::Error(_)) => ending,
            },
        };
        match ending {
            Ending::Success => Level::Debug,
            Ending::Timeout | Ending::Error(_) => Level::Warn,
        }
    }

    fn text(&self, request_id: &str) -> String {
        match self {
            Self::Start { version } => format!("START RequestId: {request_id} Version: {version}"),
            Self::End(_) => format!("END RequestId: {request_id}"),
            Self::Report(report) => report.text(request_id),
        }
    }

    fn json(&self, request_id: &str, unix_ms: u64) -> String {
        let (kind, record) = match self {
            Self::Start { version } => {
                let version = Some(version.to_string());
                (
                    "platform.start",
                    Fields { request_id: Some(request_id), version, ..Fields::default() },
                )
            }
            Self::End(ending) => {
                let request_id = Some(request_id);
                ("platform.runtimeDone", Fields { request_id, ..Fields::ended(*ending) })
            }
            Self::Report(report) => ("platform.report", report.json(request_id)),
        };
        let line = Line { time: timestamp(unix_ms), kind, record };
        serde_json::to_string(&line).expect("our own types are JSON")
    }
}

/// A line in JSON, its members in AWS's order.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    pub(super) time: String,
    #[serde(rename = "type")]
    pub(super) kind: &'a str,
    pub(super) record: Fields<'a>,
}

/// What a record may have.
#[derive(Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) initialization_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) phase: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) metrics: Option<Metrics>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error_type: Option<&'a str>,
}

#[derive(Clone, Default, Serialize)]
pub(super) struct Metrics {
    #[serde(rename = "durationMs")]
    pub(super) duration_ms: f64,
    #[serde(rename = "billedDurationMs", skip_serializing_if = "Option::is_none")]
    pub(super) billed_ms: Option<u32>,
    #[serde(rename = "memorySizeMB", skip_serializing_if = "Option::is_none")]
    pub(super) memory_mb: Option<u32>,
    #[serde(rename = "maxMemoryUsedMB", skip_serializing_if = "Option::is_none")]
    pub(super) max_memory_mb: Option<u32>,
    #[serde(rename = "initDurationMs", skip_serializing_if = "Option::is_none")]
    pub(super) init_ms: Option<f64>,
}

impl Fields<'_> {
    fn ended(ending: Ending) -> Self {
        let (status, error_type) = match ending {
            Ending::Success => ("success", None),
            Ending::Timeout => ("timeout", None),
            Ending::Error(kind) => ("error", Some(kind.name())),
        };
        Self { status: Some(status), error_type, ..Self::default() }
    }
}

impl Report {
    fn text(&self, request_id: &str) -> String {
        let Self { duration, init, billed_ms, memory_mb, max_memory_mb, ending } = self;
        let mut line = format!(
            "REPORT RequestId: {request_id}\tDuration: {:.2} ms\tBilled Duration: {billed_ms} ms\t\
             Memory Size: {memory_mb} MB\tMax Memory Used: {max_memory_mb} MB\t",
            duration.ms()
        );
        if let Some(init) = init {
            write!(line, "Init Duration: {:.2} ms\t", init.ms()).expect("a string takes all");
        }
        push_ending(&mut line, *ending);
        line
    }

    fn json<'a>(&self, request_id: &'a str) -> Fields<'a> {
        let metrics = Metrics {
            duration_ms: self.duration.ms(),
            billed_ms: Some(self.billed_ms),
            memory_mb: Some(self.memory_mb),
            max_memory_mb: Some(self.max_memory_mb),
            init_ms: self.init.map(Hundredths::ms),
        };
        let request_id = Some(request_id);
        Fields { request_id, metrics: Some(metrics), ..Fields::ended(self.ending) }
    }
}

fn push_ending(line: &mut String, ending: Ending) {
    match ending {
        Ending::Success => {}
        Ending::Timeout => line.push_str("Status: timeout"),
        Ending::Error(kind) => {
            write!(line, "Status: error\tError Type: {}", kind.name()).expect("a string takes all");
        }
    }
}

#[cfg(test)]
mod tests {
    use lunch_contract::Exit;

    use super::*;

    fn report(ending: Ending, init: Option<Duration>) -> PlatformEvent {
        PlatformEvent::Report(Report {
            duration: Duration::from_micros(1_234).into(),
            init: init.map(Into::into),
            billed_ms: 82,
            memory_mb: 128,
            max_memory_mb: 15,
            ending,
        })
    }

    fn text(event: &PlatformEvent) -> String {
        event.line(LogFormat::Text, "id", 0)
    }

    #[test]
    fn a_report_ends_in_a_tab_when_all_went_well_and_the_init_stands_last() {
        assert_eq!(
            text(&report(Ending::Success, Some(Duration::from_millis(80)))),
            "REPORT RequestId: id\tDuration: 1.23 ms\tBilled Duration: 82 ms\tMemory Size: 128 MB\t\
             Max Memory Used: 15 MB\tInit Duration: 80.00 ms\t"
        );
        assert!(text(&report(Ending::Success, None)).ends_with("\tMax Memory Used: 15 MB\t"));
    }

    #[test]
    fn a_failure_says_its_status() {
        let timeout = Ending::of(Status::Timeout, None);
        assert!(text(&report(timeout, None)).ends_with(" MB\tStatus: timeout"));
        let exit = Outcome::Exited { exit: Exit::Code(1) };
        let exited = Ending::of(Status::Error, Some(&exit));
        assert!(
            text(&report(exited, None))
                .ends_with(" MB\tStatus: error\tError Type: Runtime.ExitError")
        );
        for answered in [Outcome::Returned, Outcome::FunctionError] {
            assert_eq!(Ending::of(Status::Error, Some(&answered)), exited);
        }
    }

    #[test]
    fn in_json_the_same_stands_in_a_record() {
        let line = |event: &PlatformEvent| event.line(LogFormat::Json, "id", 1_710_356_184_046);
        assert_eq!(
            line(&PlatformEvent::Start { version: Version::Latest }),
            r#"{"time":"2024-03-13T18:56:24.046Z","type":"platform.start","record":{"requestId":"id","version":"$LATEST"}}"#
        );
        assert_eq!(
            line(&report(Ending::Timeout, Some(Duration::from_millis(80)))),
            r#"{"time":"2024-03-13T18:56:24.046Z","type":"platform.report","record":{"requestId":"id","metrics":{"durationMs":1.23,"billedDurationMs":82,"memorySizeMB":128,"maxMemoryUsedMB":15,"initDurationMs":80.0},"status":"timeout"}}"#
        );
    }

    #[test]
    fn the_system_level_leaves_out_what_matters_less() {
        let at =
            |system_level| Logging { format: LogFormat::Json, system_level, ..Logging::default() };
        let well = [
            PlatformEvent::Start { version: Version::Latest },
            PlatformEvent::End(Ending::Success),
            report(Ending::Success, None),
        ];
        let written = |level| well.each_ref().map(|event| event.is_written(at(level)));
        assert_eq!(written(Level::Debug), [true, true, true]);
        assert_eq!(written(Level::Info), [true, false, true]);
        assert_eq!(written(Level::Warn), [false, false, false]);
        for event in [PlatformEvent::End(Ending::Timeout), report(Ending::Timeout, None)] {
            assert!(event.is_written(at(Level::Warn)));
        }
        assert!(well.iter().all(|event| event.is_written(Logging::default())), "all is in text");
    }
}
