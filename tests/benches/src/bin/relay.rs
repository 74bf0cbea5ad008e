//! A floor: the two exchanges of an invocation, and nothing else.
//!
//! Hands what a caller sends to a function that asks for its next event, and the function's answer to the caller. One
//! mailbox for however many functions; no timeout, no id but a number, no log, no process: whoever measures starts
//! the functions. Nobody waits for anything but a message.
//!
//! With an argument it also says what AWS's Runtime API always says and this floor does not need, a trace id and a
//! status: then the function has the same to do as with ours, since its runtime keeps the one and reads the other.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// What AWS gives a function at most; nobody is held to it here.
const TIMEOUT: Duration = Duration::from_secs(900);

/// A call on its way to a function.
struct Call {
    number: u64,
    body: Bytes,
}

/// Who waits for what.
#[derive(Default)]
struct Mailbox {
    calls: u64,
    /// Calls that no function has yet.
    waiting: VecDeque<Call>,
    /// Functions that wait for a call; the last to come is the first to be served.
    idle: Vec<oneshot::Sender<Call>>,
    /// Callers that wait for their function's answer.
    callers: HashMap<u64, oneshot::Sender<Bytes>>,
    says_all: bool,
}

impl Mailbox {
    /// Gives the call to a function that still waits, or keeps it for the next that asks.
    fn post(&mut self, mut call: Call) {
        while let Some(function) = self.idle.pop() {
            match function.send(call) {
                Ok(()) => return,
                Err(back) => call = back,
            }
        }
        self.waiting.push_back(call);
    }
}

/// The mailbox, as handlers share it. They all run on one thread: the lock is never waited for.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Mailbox>>);

impl Shared {
    fn open(&self) -> MutexGuard<'_, Mailbox> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn invoke(State(mailbox): State<Shared>, body: Bytes) -> Result<Bytes, StatusCode> {
    let (sender, answer) = oneshot::channel();
    {
        let mut mailbox = mailbox.open();
        let number = mailbox.calls;
        mailbox.calls += 1;
        mailbox.callers.insert(number, sender);
        mailbox.post(Call { number, body });
    }
    answer.await.map_err(|_gone| StatusCode::BAD_GATEWAY)
}

async fn next(State(mailbox): State<Shared>) -> Result<impl IntoResponse, StatusCode> {
    let (call, says_all) = {
        let mut mailbox = mailbox.open();
        let call = match mailbox.waiting.pop_front() {
            Some(call) => Ok(call),
            None => {
                let (sender, call) = oneshot::channel();
                mailbox.idle.push(sender);
                Err(call)
            }
        };
        (call, mailbox.says_all)
    };
    let call = match call {
        Ok(call) => call,
        Err(call) => call.await.map_err(|_gone| StatusCode::GONE)?,
    };
    let deadline = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default() + TIMEOUT;
    let headers = [
        ("lambda-runtime-aws-request-id", call.number.to_string()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:::function:bench".to_owned()),
    ];
    let trace = says_all.then(|| {
        let root = format!("Root=1-00000000-{:024x}", call.number);
        [("lambda-runtime-trace-id", format!("{root};Parent=0000000000000000;Sampled=0"))]
    });
    Ok((headers, trace, call.body))
}

async fn response(State(mailbox): State<Shared>, Path(number): Path<u64>, body: Bytes) -> Response {
    let mut mailbox = mailbox.open();
    match mailbox.callers.remove(&number).map(|caller| caller.send(body)) {
        Some(Ok(())) if mailbox.says_all => {
            (StatusCode::ACCEPTED, "{\"status\":\"OK\"}\n").into_response()
        }
        Some(Ok(())) => StatusCode::ACCEPTED.into_response(),
        Some(Err(_)) | None => StatusCode::BAD_REQUEST.into_response(),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    // Without it an answer may wait for an acknowledgement; with it or not, the answer is the same.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let shared = Shared::default();
    shared.open().says_all = std::env::args().len() > 1;
    let routes = Router::new()
        .route("/2015-03-31/functions/{name}/invocations", post(invoke))
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{number}/response", post(response))
        .with_state(shared);
    axum::serve(listener, routes).await
}
