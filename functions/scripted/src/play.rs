//! Plays steps, one after the other, and keeps a record of what was done.
//!
//! The same player serves an initialisation, a request, the time after its answer and a shutdown.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, fs, io, thread};

use lambda_runtime::Context;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Map, Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::raw::{self, Ids, Reply};
use crate::step::{Failure, Step, Ticker};
use crate::{left_behind, rounds, state};

/// How a list of steps ended.
#[derive(Debug, PartialEq)]
pub(crate) enum Played {
    /// All of them were played.
    Through,
    /// One of them gave the answer.
    Answered(Value),
    /// One of them failed, on purpose or not.
    Failed(Failure),
}

/// A performance and its record.
#[derive(Debug, Default)]
pub(crate) struct Play {
    request: Option<OfRequest>,
    did: Vec<String>,
    seen: Map<String, Value>,
}

#[derive(Debug)]
struct OfRequest {
    ids: Ids,
    invocation: u64,
    remaining_ms: u64,
}

impl Play {
    /// For an initialisation, a shutdown, or the time after an answer.
    pub(crate) fn of_init() -> Self {
        Self::default()
    }

    /// For a request: counts it.
    pub(crate) fn of_request(context: &Context) -> Self {
        let request = context.request_id.clone();
        let previous = state::swap_request(&request);
        let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis());
        let remaining_ms = u128::from(context.deadline).saturating_sub(now_ms);
        let request = OfRequest {
            ids: Ids { request, previous },
            invocation: state::invocation(),
            remaining_ms: u64::try_from(remaining_ms).unwrap_or(u64::MAX),
        };
        Self { request: Some(request), ..Self::default() }
    }

    /// Plays the steps until one answers or fails.
    pub(crate) async fn steps(&mut self, steps: &[Step]) -> Played {
        for step in steps {
            match self.step(step).await {
                Ok(ControlFlow::Continue(did)) => self.did.push(did),
                Ok(ControlFlow::Break(played)) => return played,
                Err(error) => {
                    let message = format!("{step:?}: {error}");
                    let error_type = "Scripted.StepFailed".into();
                    return Played::Failed(Failure { error_type, message });
                }
            }
        }
        Played::Through
    }

    /// The answer when no step gave one.
    pub(crate) fn report(self) -> Value {
        let mut report = json!({
            "pid": std::process::id(),
            "count": state::counted(),
            "init_attempt": state::init_attempt(),
            "did": self.did,
            "seen": self.seen,
        });
        if let Some(request) = self.request {
            report["invocation"] = request.invocation.into();
            report["request_id"] = request.ids.request.into();
            report["remaining_ms"] = request.remaining_ms.into();
        }
        report
    }

    /// Plays one step: a sentence about what was done, or the end of the play.
    async fn step(&mut self, step: &Step) -> io::Result<ControlFlow<Played, String>> {
        let did = match step {
            Step::SleepMs(ms) => {
                tokio::time::sleep(Duration::from_millis(*ms)).await;
                format!("slept {ms} ms")
            }
            Step::BurnMs(ms) => burn(*ms),
            Step::Rounds(count) => {
                self.see("rounds", rounds::play(*count).into());
                format!("calculated {count} rounds")
            }
            Step::Print(line) => {
                state::print(line);
                format!("printed `{line}`")
            }
            Step::PrintErr(line) => {
                state::print_err(line);
                format!("printed `{line}` to stderr")
            }
            Step::Count => format!("counted to {}", state::count()),
            Step::Respond(answer) => {
                return Ok(ControlFlow::Break(Played::Answered(answer.clone())));
            }
            Step::RespondBytes(bytes) => {
                let answer = Value::String("x".repeat(bytes.saturating_sub(2)));
                return Ok(ControlFlow::Break(Played::Answered(answer)));
            }
            Step::Fail(failure) => return Ok(ControlFlow::Break(Played::Failed(failure.clone()))),
            Step::Panic => panic!("as the script says"),
            Step::Exit(status) => std::process::exit(*status),
            Step::Abort => std::process::abort(),
            Step::Signal(number) => signal(*number)?,
            Step::AllocateMib(mib) => {
                state::keep_mib(*mib);
                format!("kept {mib} MiB")
            }
            Step::WriteTmp(file) => {
                fs::write(env::temp_dir().join(&file.name), vec![b'x'; file.bytes])?;
                format!("wrote {} bytes to `{}`", file.bytes, file.name)
            }
            Step::ReadTmp(name) => self.read_tmp(name)?,
            Step::Thread(ticker) => tick_for_ever(ticker.clone())?,
            Step::Child(child) => {
                let pid = left_behind::start(child)?;
                self.see("child", pid.into());
                format!("left a process that prints `{}`", child.print)
            }
            Step::Env(names) => self.look_at_environment(names),
            Step::Cwd => {
                self.see("cwd", env::current_dir()?.to_string_lossy().into());
                "looked where it is".into()
            }
            Step::List(folder) => self.list(folder)?,
            Step::Gate(address) => wait_at(address).await?,
            Step::InitError(failure) => {
                let reply = raw::init_error(&failure.error_type, &failure.message).await?;
                self.heard("init_error", reply)
            }
            Step::Raw(request) => {
                let ids =
                    self.request.as_ref().map(|request| request.ids.clone()).unwrap_or_default();
                let reply = raw::send(request, &ids).await?;
                self.heard("raw", reply)
            }
        };
        Ok(ControlFlow::Continue(did))
    }

    fn read_tmp(&mut self, name: &str) -> io::Result<String> {
        let bytes = match fs::metadata(env::temp_dir().join(name)) {
            Ok(file) => file.len().into(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Value::Null,
            Err(error) => return Err(error),
        };
        self.see("tmp", json!({ name: bytes }));
        Ok(format!("looked for `{name}` in the temporary folder"))
    }

    fn look_at_environment(&mut self, names: &[String]) -> String {
        let variables: Map<String, Value> = env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value))
            .filter(|(name, _)| names.is_empty() || names.contains(name))
            .map(|(name, value)| (name, value.to_string_lossy().into()))
            .collect();
        self.see("env", variables.into());
        "looked at the environment".into()
    }

    fn list(&mut self, folder: &str) -> io::Result<String> {
        let mut names = fs::read_dir(folder)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<io::Result<Vec<_>>>()?;
        names.sort();
        self.see("list", json!({ folder: names }));
        Ok(format!("looked into `{folder}`"))
    }

    /// Puts what was found into the answer; two finds of one kind stand side by side.
    fn see(&mut self, kind: &str, found: Value) {
        match (self.seen.get_mut(kind), found) {
            (Some(Value::Object(before)), Value::Object(more)) => before.extend(more),
            (_, found) => drop(self.seen.insert(kind.into(), found)),
        }
    }

    /// Keeps an answer that came back to a request sent by hand, and prints it, since the process may not live
    /// to answer.
    fn heard(&mut self, kind: &str, reply: Reply) -> String {
        let Reply { status, body } = reply;
        let said = format!("{kind}: {status} {}", body.trim_end());
        state::print(&said);
        let all = self.seen.entry(kind).or_insert_with(|| Value::Array(vec![]));
        if let Value::Array(replies) = all {
            replies.push(json!({"status": status, "body": body}));
        }
        said
    }
}

/// A signal may or may not end the process.
fn signal(number: i32) -> io::Result<String> {
    let signal = Signal::try_from(number)?;
    kill(Pid::this(), signal)?;
    Ok(format!("sent itself {signal}"))
}

fn burn(ms: u64) -> String {
    let (start, time) = (Instant::now(), Duration::from_millis(ms));
    let mut turns = 0_u64;
    while start.elapsed() < time {
        turns = black_box(turns.wrapping_add(1));
    }
    format!("burned {ms} ms")
}

fn tick_for_ever(ticker: Ticker) -> io::Result<String> {
    let Ticker { every_ms, print } = ticker;
    let did = format!("left a thread that prints `{print}`");
    thread::Builder::new().spawn(move || {
        loop {
            state::print(&print);
            thread::sleep(Duration::from_millis(every_ms));
        }
    })?;
    Ok(did)
}

/// Waits until the other side closes, or the connection breaks.
async fn wait_at(address: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let mut ignored = [0_u8; 64];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(format!("waited at `{address}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn played(steps: Value) -> (Played, Value) {
        let steps: Vec<Step> = serde_json::from_value(steps).expect("steps");
        let mut play = Play::default();
        let played = play.steps(&steps).await;
        (played, play.report())
    }

    #[tokio::test(start_paused = true)]
    async fn steps_are_played_in_order_and_reported_in_order() {
        let start = tokio::time::Instant::now();
        let (played, report) =
            played(json!([{"sleep_ms": 40}, {"print": "a"}, {"sleep_ms": 2}])).await;
        assert_eq!(played, Played::Through);
        assert_eq!(start.elapsed(), Duration::from_millis(42));
        assert_eq!(report["did"], json!(["slept 40 ms", "printed `a`", "slept 2 ms"]));
    }

    #[tokio::test]
    async fn nothing_is_played_after_an_answer() {
        let (played, report) = played(json!([{"respond": {"a": 1}}, {"exit": 1}])).await;
        assert_eq!(played, Played::Answered(json!({"a": 1})));
        assert_eq!(report["did"], json!([]));
    }

    #[tokio::test]
    async fn an_answer_of_n_bytes_has_n_bytes_on_the_wire() {
        for bytes in [2, 3, 6_291_557] {
            let (played, _) = played(json!([{ "respond_bytes": bytes }])).await;
            let Played::Answered(answer) = played else { panic!("no answer") };
            assert_eq!(answer.to_string().len(), bytes);
        }
    }

    #[tokio::test]
    async fn a_failure_ends_the_play_in_its_own_words() {
        let failure = json!({"type": "Milk.Sour", "message": "it is off"});
        let (played, _) = played(json!([{ "fail": failure }, {"exit": 1}])).await;
        assert_eq!(
            played,
            Played::Failed(Failure { error_type: "Milk.Sour".into(), message: "it is off".into() })
        );
    }

    #[tokio::test]
    async fn a_step_that_cannot_be_done_is_named() {
        let (played, _) = played(json!([{"list": "/no/such/folder"}])).await;
        let Played::Failed(failure) = played else { panic!("it cannot be listed") };
        assert_eq!(failure.error_type, "Scripted.StepFailed");
        assert!(failure.message.contains("/no/such/folder"), "{}", failure.message);
    }

    #[tokio::test]
    async fn what_was_calculated_is_told_slice_by_slice() {
        let (_, report) = played(json!([{"rounds": 160_000}])).await;
        let slices = report["seen"]["rounds"].as_array().expect("slices");
        let number = |slice: &Value, name: &str| slice[name].as_u64().expect("a number");
        assert_eq!(slices.len(), 16);
        assert!(slices.iter().all(|slice| number(slice, "cpu_ns") > 0));
        let pairs = slices.windows(2);
        assert!({ pairs }.all(|pair| number(&pair[0], "to_ns") <= number(&pair[1], "from_ns")));
    }

    #[tokio::test]
    async fn what_was_found_stands_in_the_answer() {
        let name = format!("scripted-test-{}", std::process::id());
        let steps = json!([
            {"read_tmp": name}, "cwd", {"env": ["PATH"]},
            {"write_tmp": {"name": name, "bytes": 12}},
        ]);
        let (_, before) = played(steps).await;
        assert_eq!(before["seen"]["tmp"][&name], Value::Null);
        assert!(before["seen"]["cwd"].is_string());
        assert_eq!(before["seen"]["env"].as_object().map(Map::len), Some(1));
        let (_, everything) = played(json!([{"env": []}])).await;
        assert!(everything["seen"]["env"].as_object().map(Map::len) > Some(1));
        let (_, after) = played(json!([{ "read_tmp": name }])).await;
        assert_eq!(after["seen"]["tmp"][&name], 12);
        fs::remove_file(env::temp_dir().join(name)).expect("it was written");
    }
}
