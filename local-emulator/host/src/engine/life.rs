//! A container's life in an engine: made, started, listened to, waited for, removed. And the asking for its health.

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::Method;
use hyper::body::{Bytes, Incoming};
use libc::SIGKILL;
use lunch_contract::ecs::{ContainerExit, ContainerRun, StartFailure};
use lunch_contract::{Exit, SpawnFailure};
use serde_json::{Value, json};
use tokio::sync::mpsc::{Sender, UnboundedReceiver};

use super::call::encoded;
use super::frames::Frames;
use super::{Address, CallError, Order, Told};
use crate::driver::Signal;

/// Output ends with the last process of its container. An engine that holds it open longer is not waited for.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Why a container did not start, in AWS's kinds and in a sentence.
type NotStarted = (StartFailure, String);

/// All of a container's life. What becomes of it is told in its order: `Started`, what it says, `Exited`; or `NotStarted`.
pub(super) async fn live(
    engine: Address,
    order: Order,
    mut signals: UnboundedReceiver<Signal>,
    tell: Sender<Told>,
) {
    let (run, name) = (order.run, order.name.clone());
    let told = match start(&engine, &order, &mut signals).await {
        Ok(started) => {
            let Started { pid, stop_signal, output } = started;
            // Nobody hears it where the cloud has ended.
            tell.send(Told::Started { run, pid }).await.ok();
            let output = Speech { run, output, frames: Frames::default(), tell: tell.clone() };
            let exit = attend(&engine, &name, &stop_signal, output, &mut signals).await;
            Told::Exited { run, exit }
        }
        Err((why, sentence)) => Told::NotStarted { run, why, sentence },
    };
    // Before its end is told, so that nothing is left when the last one was told. What the engine cannot remove now is
    // removed at the next start.
    engine.remove(&name).await.ok();
    tell.send(told).await.ok();
}

/// A container that runs, or has by now.
struct Started {
    /// As the machine counts; 0: it has ended.
    pid: u32,
    /// What its image wants to be ended by.
    stop_signal: String,
    output: Incoming,
}

async fn start(
    engine: &Address,
    order: &Order,
    signals: &mut UnboundedReceiver<Signal>,
) -> Result<Started, NotStarted> {
    let name = &order.name;
    create(engine, order, signals).await?;
    let cannot = |error: CallError| {
        (StartFailure::CannotStart(SpawnFailure::Host { errno: 0 }), error.to_string())
    };
    // Before it starts: nothing that it says is missed.
    let path = format!("/containers/{name}/attach?stream=true&stdout=true&stderr=true");
    let output = engine.begin(Method::POST, &path, None).await.map_err(cannot)?;
    let path = format!("/containers/{name}/start");
    engine.call(Method::POST, &path, None).await.map_err(cannot_start)?;
    let seen = inspect(engine, name).await.map_err(cannot)?;
    let pid = seen["State"]["Pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
    let stop_signal = seen["Config"]["StopSignal"].as_str().filter(|signal| !signal.is_empty());
    let stop_signal = stop_signal.unwrap_or("SIGTERM").to_owned();
    Ok(Started { pid: pid.unwrap_or_default(), stop_signal, output })
}

/// The engine says in words why a program does not start; what can be told from them is.
fn cannot_start(error: CallError) -> NotStarted {
    let said = error.to_string();
    let has = |words: &str| said.contains(words);
    let kind = if has("executable file not found") || has("no such file or directory") {
        SpawnFailure::Missing
    } else if has("permission denied") {
        SpawnFailure::PermissionDenied
    } else if has("exec format error") {
        SpawnFailure::ExecFormat
    } else {
        SpawnFailure::Host { errno: 0 }
    };
    (StartFailure::CannotStart(kind), said)
}

/// Makes the container, of an image that may have to be pulled first.
async fn create(
    engine: &Address,
    order: &Order,
    signals: &mut UnboundedReceiver<Signal>,
) -> Result<(), NotStarted> {
    let Some(image) = &order.image else {
        let why = "only AWS knows its image's name".to_owned();
        return Err((StartFailure::CannotPull, why));
    };
    let cannot = |error: CallError| (StartFailure::CannotCreate, error.to_string());
    let path = format!("/containers/create?name={}", encoded(&order.name));
    match engine.call(Method::POST, &path, Some(&order.body)).await {
        Ok(_) => return Ok(()),
        Err(error) if error.is_unknown() => {}
        Err(error) => return Err(cannot(error)),
    }
    let failed = |sentence: String| (StartFailure::CannotPull, sentence);
    tokio::select! {
        pulled = pull(engine, image) => pulled.map_err(failed)?,
        // What is to end before it is there need not come.
        Some(_) = signals.recv() => {
            return Err(failed(format!("its task ended before the image `{image}` was there")));
        }
    }
    engine.call(Method::POST, &path, Some(&order.body)).await.map(drop).map_err(cannot)
}

/// Has the engine fetch an image. It says how it goes in a line of JSON each, also that it failed.
async fn pull(engine: &Address, image: &str) -> Result<(), String> {
    let path = format!("/images/create?fromImage={}", encoded(&with_tag(image)));
    let told =
        |why: String| format!("the image `{image}` is not there and cannot be pulled: {why}");
    let lines = engine.call(Method::POST, &path, None).await;
    let lines = lines.map_err(|error| told(error.to_string()))?;
    let lines = serde_json::Deserializer::from_slice(&lines).into_iter::<Value>();
    let failed =
        lines.map_while(Result::ok).find_map(|line| line["error"].as_str().map(str::to_owned));
    failed.map_or(Ok(()), |why| Err(told(why)))
}

/// Without a tag or a digest all tags of that name would be meant.
fn with_tag(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    if last.contains([':', '@']) { image.to_owned() } else { format!("{image}:latest") }
}

async fn inspect(engine: &Address, name: &str) -> Result<Value, CallError> {
    engine.read(Method::GET, &format!("/containers/{name}/json"), None).await
}

/// What a container says, on its way to the logs.
struct Speech {
    run: ContainerRun,
    output: Incoming,
    frames: Frames,
    tell: Sender<Told>,
}

impl Speech {
    /// The next piece; `None`: there is no more.
    async fn next(&mut self) -> Option<Bytes> {
        // What is no data is a trailer, of which an engine sends none.
        self.output.frame().await?.ok()?.into_data().ok()
    }

    async fn pass_on(&mut self, piece: &[u8]) {
        let text = self.frames.cut(piece);
        if !text.is_empty() {
            self.tell.send(Told::Said { run: self.run, text }).await.ok();
        }
    }

    async fn finish(&mut self) {
        while let Some(piece) = self.next().await {
            self.pass_on(&piece).await;
        }
    }
}

/// From the start to the exit: passes on what it says, gives it signals.
async fn attend(
    engine: &Address,
    name: &str,
    stop_signal: &str,
    mut speech: Speech,
    signals: &mut UnboundedReceiver<Signal>,
) -> ContainerExit {
    let mut exited = std::pin::pin!(wait(engine, name));
    let mut speaks = true;
    let exited = loop {
        tokio::select! {
            exited = &mut exited => break exited,
            piece = speech.next(), if speaks => match piece {
                Some(piece) => speech.pass_on(&piece).await,
                None => speaks = false,
            },
            Some(signal) = signals.recv() => {
                let signal = match signal {
                    Signal::Kill => "SIGKILL",
                    Signal::Terminate => stop_signal,
                    Signal::Freeze | Signal::Thaw => continue,
                };
                let path = format!("/containers/{name}/kill?signal={signal}");
                // It fails where the container has ended, which is told otherwise.
                engine.call(Method::POST, &path, None).await.ok();
            }
        }
    };
    if speaks {
        tokio::time::timeout(LAST_WORDS, speech.finish()).await.ok();
    }
    match exited {
        Ok(code) => {
            let seen = inspect(engine, name).await.unwrap_or_default();
            let out_of_memory = seen["State"]["OOMKilled"].as_bool().unwrap_or(false);
            ContainerExit { exit: Exit::Code(code), out_of_memory }
        }
        Err(error) => {
            // It may run on. To nobody here it does, and it is removed as soon as the engine can be asked.
            let sentence = format!("lunch: this container is lost: {error}\n");
            let told = Told::Said { run: speech.run, text: sentence.into_bytes() };
            speech.tell.send(told).await.ok();
            Exit::Signal(SIGKILL).into()
        }
    }
}

/// Waits for a container's end: its exit code.
async fn wait(engine: &Address, name: &str) -> Result<i32, CallError> {
    let ended = engine.read(Method::POST, &format!("/containers/{name}/wait"), None).await?;
    let code = ended["StatusCode"].as_i64().and_then(|code| i32::try_from(code).ok());
    code.ok_or_else(|| CallError::Broken {
        address: engine.clone(),
        why: "its answer has no exit code".to_owned(),
    })
}

/// Runs a health check's command in a container. Whether it ended with 0. What it says is kept nowhere, as on AWS.
pub(super) async fn check(
    engine: &Address,
    name: &str,
    command: &[String],
) -> Result<bool, CallError> {
    let wish = json!({"AttachStdout": true, "AttachStderr": true, "Cmd": command});
    let path = format!("/containers/{name}/exec");
    let made = engine.read(Method::POST, &path, Some(&wish)).await?;
    let id = made["Id"].as_str().unwrap_or_default();
    let begin = json!({"Detach": false, "Tty": false});
    let mut output = engine.begin(Method::POST, &format!("/exec/{id}/start"), Some(&begin)).await?;
    while let Some(Ok(_)) = output.frame().await {}
    let ended = engine.read(Method::GET, &format!("/exec/{id}/json"), None).await?;
    Ok(ended["ExitCode"].as_i64() == Some(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_image_is_pulled_and_not_all_of_its_tags() {
        assert_eq!(with_tag("burger"), "burger:latest");
        assert_eq!(with_tag("lime.street:5000/burger"), "lime.street:5000/burger:latest");
        for named in ["burger:1", "lime.street:5000/burger:1", "burger@sha256:00"] {
            assert_eq!(with_tag(named), named);
        }
    }
}
