//! A Lambda function that does what its event says, for tests of whatever runs it.
//!
//! It is an ordinary `lambda_runtime` program: everything that a handler can do to its platform can be asked
//! of it in JSON, and nothing happens that was not asked for.
//!
//! # The event
//!
//! ```json
//! {"do": [{"print": "in"}, {"sleep_ms": 20}, "count"], "before_next": [], "after": []}
//! ```
//!
//! `do` is played before the answer; `before_next` after the answer was sent and before the next `/next`, when
//! the caller has its answer and the instance is still busy; `after` in a thread of its own from then on, so
//! that it can be frozen in the middle and go on during a later request. All three may be left out.
//!
//! What a queue's event has as bodies are such events, too: their steps are played one after the other.
//!
//! | step | does |
//! |---|---|
//! | `{"sleep_ms": n}` | waits by a timer |
//! | `{"burn_ms": n}` | keeps one core busy, by the wall clock |
//! | `{"rounds": n}` | calculates so many rounds; `seen` has when and where each sixteenth of them was done |
//! | `{"print": "line"}`, `{"print_err": "line"}` | one line to stdout, to stderr |
//! | `"count"` | adds one to the counter that lives in the process |
//! | `{"respond": json}` | answers with this; nothing after it is played |
//! | `{"respond_bytes": n}` | answers with a JSON string of exactly n bytes, quotes included |
//! | `{"fail": {"type": "..", "message": ".."}}` | an error through `/error`; the process lives on |
//! | `"panic"` | a panic: caught by `lambda_runtime` in an event, fatal in an initialisation |
//! | `{"exit": status}`, `"abort"`, `{"signal": n}` | ends the process: a status, SIGABRT, any signal |
//! | `{"allocate_mib": n}` | touches so much memory and never gives it back |
//! | `{"write_tmp": {"name": "..", "bytes": n}}` | writes a file in the temporary folder (`TMPDIR`, else `/tmp`) |
//! | `{"read_tmp": "name"}` | its size in the answer, null when it is not there |
//! | `{"thread": {"every_ms": n, "print": ".."}}` | leaves a thread behind that prints |
//! | `{"child": {"every_ms": n, "print": "..", "setsid": true, "orphan": true}}` | leaves a process behind that prints, in a session of its own, without a parent |
//! | `{"env": ["NAME"]}` | those variables in the answer; all of them for `[]` |
//! | `"cwd"`, `{"list": "folder"}` | the working folder, the names in a folder |
//! | `{"gate": "127.0.0.1:port"}` | connects and waits until the other side closes: a test holds a request open without a sleep |
//! | `{"init_error": {"type": "..", "message": ".."}}` | `POST /runtime/init/error` |
//! | `{"raw": "respond_twice"}` | answers by hand; the ordinary answer follows as the second |
//! | `{"raw": "respond_unknown_id"}`, `{"raw": "respond_previous_id"}` | answers an id nobody was given; the request before this one, too late |
//! | `{"raw": "respond_truncated"}` | announces more bytes than it sends, and closes |
//! | `{"raw": "next_twice"}` | asks for the next event with this one unanswered |
//! | `{"raw": {"http": {"to": "runtime", "method": "..", "path": "..", "headers": [["a", "b"]], "body": ".."}}}` | any request to the Runtime API, or to `AWS_ENDPOINT_URL` with `"to": "endpoint"`; `{request_id}` and `{previous_request_id}` are filled in |
//!
//! # The answer
//!
//! When no step gave one: `pid`, `count`, `invocation` (the how manieth of this process, from 1),
//! `init_attempt` (null without `SCRIPTED_INIT`), `request_id`, `remaining_ms` before the deadline when the
//! event came, `did` (one sentence per step) and `seen` (what `rounds`, `read_tmp`, `env`, `cwd`, `list` and `raw` found).
//!
//! # The environment
//!
//! - `SCRIPTED_INIT`: steps played before `lambda_runtime` asks for its first event. Either a list, or
//!   `{"attempts": [[..], [..]]}`: one list for each initialisation of this instance, counted in a file in the
//!   temporary folder, so that one can fail once and then work.
//! - `SCRIPTED_GRACEFUL`: registers `lambda_runtime`'s graceful shutdown (an internal extension). `1` prints
//!   `closing the stall` on SIGTERM; a list of steps is played instead.

mod after;
mod init;
mod left_behind;
mod play;
mod raw;
mod rounds;
mod state;
mod step;

use std::process::ExitCode;

use lambda_runtime::{Diagnostic, Error, LambdaEvent, Runtime, service_fn};
use serde_json::Value;

use crate::after::AfterAnswer;
use crate::play::{Play, Played};
use crate::step::Script;

fn main() -> ExitCode {
    if left_behind::is_child() {
        return left_behind::run();
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts where the process could start");
    match runtime.block_on(serve()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            state::print_err(&format!("scripted: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Error> {
    init::play().await?;
    init::register_shutdown().await?;
    Runtime::new(service_fn(answer)).layer(AfterAnswer).run().await
}

async fn answer(event: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    let mut play = Play::of_request(&event.context);
    let script = Script::of_event(event.payload).map_err(|error| Diagnostic {
        error_type: "Scripted.UnknownStep".into(),
        error_message: error.to_string(),
    })?;
    state::leave_for_after(script.before_next, script.after);
    match play.steps(&script.steps).await {
        Played::Through => Ok(play.report()),
        Played::Answered(answer) => Ok(answer),
        Played::Failed(failure) => {
            Err(Diagnostic { error_type: failure.error_type, error_message: failure.message })
        }
    }
}
