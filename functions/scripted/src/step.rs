//! The vocabulary: what an event, an initialisation and a shutdown can ask for.
//!
//! Types only. What a step does stands in `play.rs`.

use serde::Deserialize;
use serde_json::Value;

/// An event: what to do before the answer, between the answer and `/next`, and from then on.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Script {
    /// Before the answer.
    #[serde(default, rename = "do")]
    pub(crate) steps: Vec<Step>,
    /// After the answer has been sent and before the next `/next`: the caller has its answer, the instance is
    /// still busy.
    #[serde(default)]
    pub(crate) before_next: Vec<Step>,
    /// In a thread that starts once the answer has been sent and goes on for as long as the process runs.
    #[serde(default)]
    pub(crate) after: Vec<Step>,
}

impl Script {
    /// Reads an event: a script, or messages of a queue, each with a script as its body.
    pub(crate) fn of_event(event: Value) -> serde_json::Result<Self> {
        let Some(records) = event.get("Records").and_then(Value::as_array) else {
            return serde_json::from_value(event);
        };
        let mut all = Self::default();
        for record in records {
            let body = record.get("body").and_then(Value::as_str).unwrap_or_default();
            let one: Self = serde_json::from_str(body)?;
            all.steps.extend(one.steps);
            all.before_next.extend(one.before_next);
            all.after.extend(one.after);
        }
        Ok(all)
    }
}

/// One thing to do. Written as `"panic"` or `{"sleep_ms": 5}`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// Wait by a timer.
    SleepMs(u64),
    /// Keep one core busy, by the wall clock.
    BurnMs(u64),
    /// Calculate so many rounds, and put when and where each sixteenth of them was done into the answer.
    Rounds(u64),
    /// Write one line to stdout.
    Print(String),
    /// Write one line to stderr.
    PrintErr(String),
    /// Add one to the counter that lives in the process.
    Count,
    /// Answer with exactly this; steps that follow are not played.
    Respond(Value),
    /// Answer with a JSON string that takes exactly this many bytes (2 at least, the quotes).
    RespondBytes(usize),
    /// Fail as a handler does: an error through `/error`, after which the process lives on.
    Fail(Failure),
    /// Panic. In an event `lambda_runtime` catches it and reports it through `/error`; in an
    /// initialisation it ends the process.
    Panic,
    /// Leave the process with this status.
    Exit(i32),
    /// `abort(3)`: SIGABRT.
    Abort,
    /// Send oneself this signal.
    Signal(i32),
    /// Allocate and touch this much memory, and never give it back.
    AllocateMib(usize),
    /// Write a file of so many bytes in the temporary folder.
    WriteTmp(TmpFile),
    /// Put the size in bytes of a file in the temporary folder into the answer, or null when it is not there.
    ReadTmp(String),
    /// Leave a thread behind that prints a line again and again.
    Thread(Ticker),
    /// Leave a child process behind that prints a line again and again.
    Child(Child),
    /// Put these environment variables into the answer; an empty list means all of them.
    Env(Vec<String>),
    /// Put the working folder into the answer.
    Cwd,
    /// Put the names in this folder into the answer.
    List(String),
    /// Connect to this TCP address and wait until the other side closes: how a test holds a request open.
    Gate(String),
    /// `POST /runtime/init/error`, as a runtime does that cannot start.
    InitError(Failure),
    /// Speak HTTP by hand, past `lambda_runtime`.
    Raw(Raw),
}

/// An error in AWS's shape.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Failure {
    /// The `errorType`.
    #[serde(rename = "type")]
    pub(crate) error_type: String,
    /// The `errorMessage`.
    pub(crate) message: String,
}

/// A file in the temporary folder.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TmpFile {
    pub(crate) name: String,
    pub(crate) bytes: usize,
}

/// A line printed again and again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ticker {
    pub(crate) every_ms: u64,
    pub(crate) print: String,
}

/// A process left behind.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Child {
    pub(crate) every_ms: u64,
    pub(crate) print: String,
    /// Leave the process group for a session of its own.
    #[serde(default)]
    pub(crate) setsid: bool,
    /// Let the first child end at once, so that the one that prints has lost its parent.
    #[serde(default)]
    pub(crate) orphan: bool,
}

/// What `lambda_runtime` never does.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Raw {
    /// Send an answer now; the ordinary answer follows as the second.
    RespondTwice,
    /// Answer an id that nobody was given.
    RespondUnknownId,
    /// Answer the id of the request before this one, too late.
    RespondPreviousId,
    /// Announce more bytes than are sent, and close.
    RespondTruncated,
    /// Ask for the next event with this one unanswered.
    NextTwice,
    /// Any request. `{request_id}` and `{previous_request_id}` in path and body are filled in.
    Http(Request),
}

/// One HTTP request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// Where to: the Runtime API, or what `AWS_ENDPOINT_URL` names.
    #[serde(default)]
    pub(crate) to: Peer,
    pub(crate) method: String,
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) headers: Vec<(String, String)>,
    #[serde(default)]
    pub(crate) body: String,
}

/// Who is spoken to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Peer {
    /// `AWS_LAMBDA_RUNTIME_API`.
    #[default]
    Runtime,
    /// `AWS_ENDPOINT_URL`.
    Endpoint,
}

/// What happens before `lambda_runtime` starts, from `SCRIPTED_INIT`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Init {
    /// The same steps every time.
    Always(Vec<Step>),
    /// The steps of the first, the second, ... initialisation of this instance; none after the last.
    PerAttempt(Attempts),
}

/// One list of steps per attempt.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Attempts {
    pub(crate) attempts: Vec<Vec<Step>>,
}

impl Init {
    /// The steps of the given attempt, counted from 1.
    pub(crate) fn steps(&self, attempt: usize) -> &[Step] {
        match self {
            Self::Always(steps) => steps,
            Self::PerAttempt(Attempts { attempts }) => {
                attempts.get(attempt.saturating_sub(1)).map_or(&[], Vec::as_slice)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn script(event: Value) -> Result<Script, serde_json::Error> {
        serde_json::from_value(event)
    }

    #[test]
    fn an_empty_event_asks_for_nothing() {
        assert_eq!(script(json!({})).expect("a script"), Script::default());
    }

    #[test]
    fn a_step_is_a_word_or_a_word_with_its_amount() {
        let script = script(json!({
            "do": [
                {"sleep_ms": 5}, "count", {"print": "hello"}, "panic",
                {"fail": {"type": "Milk.Sour", "message": "it is off"}},
                {"write_tmp": {"name": "bean", "bytes": 3}},
                {"child": {"every_ms": 10, "print": "still here", "setsid": true}},
            ],
            "before_next": [{"burn_ms": 1}],
            "after": [{"thread": {"every_ms": 10, "print": "tick"}}],
        }))
        .expect("a script");
        assert_eq!(
            script.steps,
            [
                Step::SleepMs(5),
                Step::Count,
                Step::Print("hello".into()),
                Step::Panic,
                Step::Fail(Failure { error_type: "Milk.Sour".into(), message: "it is off".into() }),
                Step::WriteTmp(TmpFile { name: "bean".into(), bytes: 3 }),
                Step::Child(Child {
                    every_ms: 10,
                    print: "still here".into(),
                    setsid: true,
                    orphan: false,
                }),
            ]
        );
        assert_eq!(script.before_next, [Step::BurnMs(1)]);
        assert_eq!(script.after, [Step::Thread(Ticker { every_ms: 10, print: "tick".into() })]);
    }

    #[test]
    fn a_raw_step_is_a_name_or_a_whole_request() {
        let script = script(json!({"do": [
            {"raw": "respond_twice"},
            {"raw": {"http": {"to": "endpoint", "method": "GET", "path": "/"}}},
        ]}))
        .expect("a script");
        assert_eq!(
            script.steps,
            [
                Step::Raw(Raw::RespondTwice),
                Step::Raw(Raw::Http(Request {
                    to: Peer::Endpoint,
                    method: "GET".into(),
                    path: "/".into(),
                    headers: vec![],
                    body: String::new(),
                })),
            ]
        );
    }

    #[test]
    fn what_is_not_in_the_vocabulary_is_refused_by_name() {
        for (event, named) in [
            (json!({"do": ["dance"]}), "dance"),
            (json!({"do": [{"sleep_s": 1}]}), "sleep_s"),
            (json!({"don't": []}), "don't"),
            (json!({"do": [{"fail": {"type": "A.B", "massage": ""}}]}), "massage"),
        ] {
            let error = script(event).expect_err("no such step").to_string();
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn an_initialisation_can_fail_once_and_then_work() {
        let init: Init =
            serde_json::from_value(json!({"attempts": [[{"exit": 1}], [{"print": "up"}]]}))
                .expect("an initialisation");
        assert_eq!(init.steps(1), [Step::Exit(1)]);
        assert_eq!(init.steps(2), [Step::Print("up".into())]);
        assert_eq!(init.steps(3), []);
        let always: Init = serde_json::from_value(json!([{"sleep_ms": 1}])).expect("a list");
        assert_eq!(always.steps(1), always.steps(9));
    }
}
