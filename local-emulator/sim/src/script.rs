//! The vocabulary of `functions/scripted`, read from the same JSON: what a function does with an event, and before its
//! first one.
//!
//! The real program and the virtual world play the same script; what only a real process can do (print, allocate,
//! write a file) is nothing here.

use std::time::Duration;

use lunch_contract::{Exit, Limits, ResponseEnding};
use serde::Deserialize;
use serde_json::Value;

use crate::act::{Act, Stray};

/// An event of `functions/scripted`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Before the answer.
    #[serde(default, rename = "do")]
    pub steps: Vec<Step>,
    /// Between the answer and the next `/next`.
    #[serde(default)]
    pub before_next: Vec<Step>,
    /// From then on, beside whatever comes. Here a later request ends it.
    #[serde(default)]
    pub after: Vec<Step>,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are those of `functions/scripted`, and explained there")]
pub enum Step {
    SleepMs(u64),
    BurnMs(u64),
    Print(String),
    PrintErr(String),
    Count,
    Respond(Value),
    RespondBytes(u64),
    Fail(Value),
    Panic,
    Exit(i32),
    Abort,
    Signal(i32),
    AllocateMib(u64),
    WriteTmp(Value),
    ReadTmp(String),
    Thread(Value),
    Child(Value),
    Env(Vec<String>),
    Cwd,
    List(String),
    InitError(Value),
    Raw(Raw),
}

/// What `lambda_runtime` never does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are those of `functions/scripted`, and explained there")]
pub enum Raw {
    RespondTwice,
    RespondUnknownId,
    RespondPreviousId,
    RespondTruncated,
    NextTwice,
}

/// The value of `SCRIPTED_INIT`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Init {
    /// The same steps every time.
    Always(Vec<Step>),
    /// The steps of the first, the second, ... initialisation of an instance; none after the last.
    PerAttempt {
        /// A list for each.
        attempts: Vec<Vec<Step>>,
    },
}

/// The program ends with this status when its initialisation fails.
const FAILURE: Exit = Exit::Code(1);
/// Rust's own status after a panic in `main`.
const PANIC: Exit = Exit::Code(101);
const SIGABRT: i32 = 6;

impl Script {
    /// What a process does with it, its next `/next` included.
    #[must_use]
    pub fn acts(&self) -> Vec<Act> {
        let mut acts = Vec::new();
        let mut ending = ResponseEnding::Complete;
        let mut sent = false;
        for step in &self.steps {
            match step {
                Step::Respond(_) => break,
                Step::RespondBytes(bytes) => {
                    if *bytes > Limits::strict().response_bytes_max {
                        ending = ResponseEnding::Oversized;
                    }
                    break;
                }
                // A panic is caught by `lambda_runtime` and reported as an error.
                Step::Fail(_) | Step::Panic => {
                    ending = ResponseEnding::Error;
                    break;
                }
                Step::Raw(Raw::RespondTwice) => {
                    acts.extend(Act::respond(ResponseEnding::Complete));
                    sent = true;
                }
                Step::Raw(Raw::RespondTruncated) => {
                    acts.extend(Act::respond(ResponseEnding::Truncated));
                    sent = true;
                }
                Step::Raw(Raw::RespondUnknownId) => acts.push(Act::Stray(Stray::Unknown)),
                Step::Raw(Raw::RespondPreviousId) => acts.push(Act::Stray(Stray::Previous)),
                Step::Raw(Raw::NextTwice) => acts.push(Act::Next),
                Step::SleepMs(_)
                | Step::BurnMs(_)
                | Step::Print(_)
                | Step::PrintErr(_)
                | Step::Count
                | Step::Exit(_)
                | Step::Abort
                | Step::Signal(_)
                | Step::AllocateMib(_)
                | Step::WriteTmp(_)
                | Step::ReadTmp(_)
                | Step::Thread(_)
                | Step::Child(_)
                | Step::Env(_)
                | Step::Cwd
                | Step::List(_)
                | Step::InitError(_) => acts.extend(step.plain()),
            }
        }
        if sent {
            acts.push(Act::Stray(Stray::Again));
        } else {
            acts.extend(Act::respond(ending));
        }
        acts.extend(self.before_next.iter().filter_map(Step::plain));
        acts.push(Act::Next);
        acts.extend(self.after.iter().filter_map(Step::plain));
        acts
    }
}

impl Init {
    /// What a process does before it waits for its first event; `attempt` counts the instance's processes from 1.
    #[must_use]
    pub fn acts(&self, attempt: usize, graceful: bool) -> Vec<Act> {
        let steps = match self {
            Self::Always(steps) => steps.as_slice(),
            Self::PerAttempt { attempts } => {
                attempts.get(attempt.saturating_sub(1)).map_or(&[][..], Vec::as_slice)
            }
        };
        let mut acts = Vec::new();
        for step in steps {
            match step {
                Step::Respond(_) | Step::RespondBytes(_) => break,
                Step::Fail(_) => acts.push(Act::Exit(FAILURE)),
                Step::Panic => acts.push(Act::Exit(PANIC)),
                Step::InitError(_) => acts.push(Act::InitError),
                Step::SleepMs(_)
                | Step::BurnMs(_)
                | Step::Print(_)
                | Step::PrintErr(_)
                | Step::Count
                | Step::Exit(_)
                | Step::Abort
                | Step::Signal(_)
                | Step::AllocateMib(_)
                | Step::WriteTmp(_)
                | Step::ReadTmp(_)
                | Step::Thread(_)
                | Step::Child(_)
                | Step::Env(_)
                | Step::Cwd
                | Step::List(_)
                | Step::Raw(_) => acts.extend(step.plain()),
            }
        }
        if graceful {
            // `lambda_runtime`'s helper registers an extension that wants to know of nothing.
            acts.push(Act::Register { invoke: false, takes: Duration::from_micros(300) });
        }
        acts.push(Act::Next);
        acts
    }
}

impl Step {
    /// What is the same wherever it stands; `None` for what no platform sees.
    fn plain(&self) -> Option<Act> {
        match self {
            Self::SleepMs(ms) | Self::BurnMs(ms) => Some(Act::Sleep(Duration::from_millis(*ms))),
            Self::Exit(status) => Some(Act::Exit(Exit::Code(*status))),
            Self::Abort => Some(Act::Exit(Exit::Signal(SIGABRT))),
            Self::Signal(number) => Some(Act::Exit(Exit::Signal(*number))),
            Self::Print(_)
            | Self::PrintErr(_)
            | Self::Count
            | Self::Respond(_)
            | Self::RespondBytes(_)
            | Self::Fail(_)
            | Self::Panic
            | Self::AllocateMib(_)
            | Self::WriteTmp(_)
            | Self::ReadTmp(_)
            | Self::Thread(_)
            | Self::Child(_)
            | Self::Env(_)
            | Self::Cwd
            | Self::List(_)
            | Self::InitError(_)
            | Self::Raw(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acts(script: &str) -> Vec<Act> {
        serde_json::from_str::<Script>(script).expect("a script").acts()
    }

    #[test]
    fn an_empty_event_is_answered_and_more_is_asked_for() {
        let [begin, end] = Act::respond(ResponseEnding::Complete);
        assert_eq!(acts("{}"), [begin, end, Act::Next]);
    }

    #[test]
    fn nothing_is_done_after_the_answer_but_what_is_to_be_done_then() {
        let script = r#"{"do": [{"sleep_ms": 5}, {"respond": 1}, {"exit": 3}],
                         "before_next": [{"sleep_ms": 7}], "after": [{"exit": 4}]}"#;
        let [begin, end] = Act::respond(ResponseEnding::Complete);
        let sleep = |ms| Act::Sleep(Duration::from_millis(ms));
        let exit = Act::Exit(Exit::Code(4));
        assert_eq!(acts(script), [sleep(5), begin, end, sleep(7), Act::Next, exit]);
    }

    #[test]
    fn an_answer_above_aws_s_limit_is_oversized() {
        let oversized = Act::End(ResponseEnding::Oversized);
        assert!(acts(r#"{"do": [{"respond_bytes": 6291557}]}"#).contains(&oversized));
        assert!(!acts(r#"{"do": [{"respond_bytes": 6291556}]}"#).contains(&oversized));
    }

    #[test]
    fn an_initialisation_fails_once_and_then_works() {
        let init: Init = serde_json::from_str(r#"{"attempts": [["panic"], []]}"#).expect("one");
        assert_eq!(init.acts(1, false), [Act::Exit(PANIC), Act::Next]);
        assert_eq!(init.acts(2, false), [Act::Next]);
        assert_eq!(init.acts(9, false), [Act::Next]);
    }

    #[test]
    fn what_cannot_be_played_here_is_refused_by_name() {
        let gate = serde_json::from_str::<Script>(r#"{"do": [{"gate": "127.0.0.1:1"}]}"#);
        assert!(gate.expect_err("a gate needs a network").to_string().contains("gate"));
    }
}
