//! The lines that AWS itself writes about an INIT phase. Facts 4.1 and 4.2.
//!
//! They are few, and hold what a runtime said: each is written at once, in its function's own format.

use std::time::Duration;

use lunch_cloud::InitFailure;
use lunch_contract::names::timestamp;

use super::logging::{Level, LogFormat, Logging};
use super::platform::{Fields, Hundredths, Line, Metrics};

/// What is told of an INIT phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InitEvent<'a> {
    /// It began.
    Start,
    /// It ended well.
    Done {
        /// How long it took.
        duration: Duration,
    },
    /// It failed.
    Failed {
        /// How long it took.
        duration: Duration,
        /// How.
        failure: InitFailure,
        /// What the runtime called it, where it said so itself.
        reported: &'a str,
    },
}

impl InitEvent<'_> {
    /// The lines that a function gets which logs like that, without their ends. A good INIT has none in text: it
    /// stands in the report. `unix_ms` is the cloud's wall-clock time.
    ///
    /// D:monitoring-cloudwatchlogs-log-level: what is told without a runtime's version is of level DEBUG.
    pub(crate) fn lines(self, in_invoke: bool, logging: Logging, unix_ms: u64) -> Vec<String> {
        let phase = if in_invoke { "invoke" } else { "init" };
        let level = match self {
            Self::Start | Self::Done { .. } => Level::Debug,
            Self::Failed { .. } => Level::Warn,
        };
        match logging.format {
            LogFormat::Text => self.text(phase).into_iter().collect(),
            LogFormat::Json if level < logging.system_level => Vec::new(),
            LogFormat::Json => self.json(phase, unix_ms),
        }
    }

    fn text(self, phase: &str) -> Option<String> {
        let Self::Failed { duration, failure, reported } = self else { return None };
        let ending = match ending(failure, reported) {
            (status, Some(kind)) => format!("Status: {status}\tError Type: {kind}"),
            (status, None) => format!("Status: {status}"),
        };
        let ms = Hundredths::from(duration).ms();
        Some(format!("INIT_REPORT Init Duration: {ms:.2} ms\tPhase: {phase}\t{ending}"))
    }

    fn json(self, phase: &str, unix_ms: u64) -> Vec<String> {
        let line = |kind, record| {
            let line = Line { time: timestamp(unix_ms), kind, record };
            serde_json::to_string(&line).expect("our own types are JSON")
        };
        let begun = Fields {
            initialization_type: Some("on-demand"),
            phase: Some(phase),
            ..Fields::default()
        };
        let (duration, status, error_type) = match self {
            Self::Start => return vec![line("platform.initStart", begun)],
            Self::Done { duration } => (duration, "success", None),
            Self::Failed { duration, failure, reported } => {
                let (status, error_type) = ending(failure, reported);
                (duration, status, error_type)
            }
        };
        let done = Fields { status: Some(status), error_type, ..begun };
        let duration_ms = Hundredths::from(duration).ms();
        let metrics = Some(Metrics { duration_ms, ..Metrics::default() });
        let report = Fields { metrics, ..done.clone() };
        vec![line("platform.initRuntimeDone", done), line("platform.initReport", report)]
    }
}

fn ending(failure: InitFailure, reported: &str) -> (&'static str, Option<&str>) {
    match failure {
        InitFailure::TimedOut => ("timeout", None),
        InitFailure::Exited(_) => ("error", Some("Runtime.ExitError")),
        InitFailure::SpawnFailed(_) => ("error", Some("Runtime.InvalidEntrypoint")),
        InitFailure::Reported => ("error", Some(reported)),
    }
}

/// The error type that is recorded for what a runtime calls one: as it is, if it names one of AWS's form anywhere;
/// otherwise the unknown one of its kind. Facts 1.4.
pub(crate) fn error_type(said: &str) -> &str {
    if has_type(said) {
        said
    } else if said.starts_with("Function.") {
        "Function.Unknown"
    } else {
        "Runtime.Unknown"
    }
}

/// `(Runtime|Function)\.[A-Z][a-zA-Z]+`, anywhere.
fn has_type(said: &str) -> bool {
    let after = |kind: &str| {
        said.match_indices(kind).map(|(at, _)| &said[at + kind.len()..]).any(is_reason)
    };
    after("Runtime.") || after("Function.")
}

fn is_reason(rest: &str) -> bool {
    let mut letters = rest.bytes();
    letters.next().is_some_and(|first| first.is_ascii_uppercase())
        && letters.next().is_some_and(|second| second.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use lunch_contract::Exit;

    use super::*;

    const LONG: Duration = Duration::from_micros(10_010_120);

    fn failed(failure: InitFailure) -> InitEvent<'static> {
        InitEvent::Failed { duration: LONG, failure, reported: "Runtime.NoBeans" }
    }

    fn json_at(system_level: Level) -> Logging {
        Logging { format: LogFormat::Json, system_level, ..Logging::default() }
    }

    #[test]
    fn a_failed_init_has_a_line_of_its_own() {
        let text = |in_invoke, failure| failed(failure).lines(in_invoke, Logging::default(), 0);
        assert_eq!(
            text(false, InitFailure::TimedOut),
            ["INIT_REPORT Init Duration: 10010.12 ms\tPhase: init\tStatus: timeout"]
        );
        assert_eq!(
            text(true, InitFailure::Exited(Exit::Code(1))),
            ["INIT_REPORT Init Duration: 10010.12 ms\tPhase: invoke\tStatus: error\t\
             Error Type: Runtime.ExitError"]
        );
        assert_eq!(
            text(false, InitFailure::Reported),
            ["INIT_REPORT Init Duration: 10010.12 ms\tPhase: init\tStatus: error\t\
             Error Type: Runtime.NoBeans"]
        );
        for good in [InitEvent::Start, InitEvent::Done { duration: LONG }] {
            assert!(good.lines(false, Logging::default(), 0).is_empty());
        }
    }

    #[test]
    fn in_json_an_init_is_told_from_start_to_end_to_who_wants_to_know() {
        let at = 1_710_356_184_046;
        let debug = json_at(Level::Debug);
        assert_eq!(
            InitEvent::Start.lines(false, debug, at),
            [
                r#"{"time":"2024-03-13T18:56:24.046Z","type":"platform.initStart","record":{"initializationType":"on-demand","phase":"init"}}"#
            ]
        );
        let done = InitEvent::Done { duration: LONG };
        insta::assert_snapshot!(done.lines(true, debug, at).join("\n"));
        assert!(done.lines(true, json_at(Level::Info), at).is_empty());
        assert!(InitEvent::Start.lines(true, json_at(Level::Info), at).is_empty());
        let failed = failed(InitFailure::Reported);
        insta::assert_snapshot!(failed.lines(false, json_at(Level::Warn), at).join("\n"));
        assert!(failed.lines(false, json_at(Level::Error), at).is_empty());
    }

    #[test]
    fn an_error_type_is_kept_where_it_has_aws_s_form_somewhere() {
        for (said, recorded) in [
            ("Runtime.NoSuchHandler", "Runtime.NoSuchHandler"),
            ("my Function.OutOfBeans!", "my Function.OutOfBeans!"),
            ("Function.beans", "Function.Unknown"),
            ("Function.B", "Function.Unknown"),
            ("Runtime.B4", "Runtime.Unknown"),
            ("beans", "Runtime.Unknown"),
            ("", "Runtime.Unknown"),
        ] {
            assert_eq!(error_type(said), recorded, "{said}");
        }
    }
}
