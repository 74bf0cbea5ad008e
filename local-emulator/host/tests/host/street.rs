//! A cloud whose processes are tasks of the test: they speak the real Runtime API over real sockets.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::future::Future;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::TokioIo;
use lunch_contract::{Exit, Process};
use lunch_host::{
    Config, Host, Launch, Peak, ProcessName, Processes, Report, ServedFunction, Signal,
};
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, LocalSet};

/// An answer as a client sees it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a header is text"))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body is text")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a body is JSON")
    }
}

/// A keep-alive connection.
pub(crate) struct Client {
    sender: SendRequest<Full<Bytes>>,
    address: String,
}

impl Client {
    pub(crate) async fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("somebody listens");
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.expect("it is HTTP");
        tokio::task::spawn_local(async move { drop(connection.await) });
        Self { sender, address: address.to_owned() }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) async fn call(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        self.try_call(method, path, headers, body).await.expect("it is answered")
    }

    pub(crate) async fn try_call(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Answer, hyper::Error> {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", self.address());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).expect("a request");
        let (head, body) = self.sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answer { status: head.status, headers: head.headers, body })
    }
}

/// What a process does with its Runtime API, from its start to its end.
pub(crate) type Program = Rc<dyn Fn(Started) -> std::pin::Pin<Box<dyn Future<Output = Exit>>>>;

/// A process that has started.
pub(crate) struct Started {
    pub(crate) process: Process,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) output: std::fs::File,
}

impl Started {
    /// A connection to its Runtime API.
    pub(crate) async fn runtime_api(&self) -> Client {
        Client::connect(&self.environment["AWS_LAMBDA_RUNTIME_API"]).await
    }
}

/// A program of an async closure.
pub(crate) fn program<F, Fut>(run: F) -> Program
where
    F: Fn(Started) -> Fut + 'static,
    Fut: Future<Output = Exit> + 'static,
{
    Rc::new(move |started| Box::pin(run(started)))
}

const NEXT: &str = "/2018-06-01/runtime/invocation/next";

/// Answers every event with itself.
pub(crate) fn echo() -> Program {
    program(|started| async move {
        let mut api = started.runtime_api().await;
        while let Ok(event) = api.try_call("GET", NEXT, &[], "").await {
            let id = event.header("lambda-runtime-aws-request-id").to_owned();
            let path = format!("/2018-06-01/runtime/invocation/{id}/response");
            if api.try_call("POST", &path, &[], event.body).await.is_err() {
                break;
            }
        }
        Exit::Code(0)
    })
}

/// Tasks that play processes.
#[derive(Default)]
struct Played {
    reports: VecDeque<Report>,
    waker: Option<Waker>,
    running: BTreeMap<Process, JoinHandle<()>>,
    signals: Vec<(Process, Signal)>,
}

impl Played {
    fn report(&mut self, report: Report) {
        self.reports.push_back(report);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

#[derive(Clone)]
pub(crate) struct Fake {
    program: Program,
    played: Rc<RefCell<Played>>,
}

impl Fake {
    pub(crate) fn new(program: Program) -> Self {
        Self { program, played: Rc::default() }
    }

    /// All signals so far.
    pub(crate) fn signals(&self) -> Vec<(Process, Signal)> {
        self.played.borrow().signals.clone()
    }
}

impl Processes for Fake {
    fn spawn(&mut self, launch: Launch) {
        let ProcessName::Instance(process) = launch.process else {
            panic!("{:?} is no instance's", launch.process)
        };
        let started = Started {
            process,
            environment: launch.environment.into_iter().collect(),
            output: launch.output.into(),
        };
        let run = (self.program)(started);
        let played = Rc::clone(&self.played);
        let task = tokio::task::spawn_local(async move {
            let exit = run.await;
            let mut played = played.borrow_mut();
            played.running.remove(&process);
            let process = process.into();
            played.report(Report::Exited { process, exit, peak: Peak::default() });
        });
        let mut played = self.played.borrow_mut();
        played.running.insert(process, task);
        let process = process.into();
        played.report(Report::Started { process, pid: 4_242, isolation: "none".into() });
    }

    fn signal(&mut self, process: ProcessName, signal: Signal) {
        let ProcessName::Instance(process) = process else {
            panic!("{process:?} is no instance's")
        };
        let mut played = self.played.borrow_mut();
        played.signals.push((process, signal));
        if signal == Signal::Kill
            && let Some(task) = played.running.remove(&process)
        {
            task.abort();
            let (process, exit) = (process.into(), Exit::Signal(9));
            played.report(Report::Exited { process, exit, peak: Peak::default() });
        }
    }

    fn poll_report(&mut self, cx: &mut Context<'_>) -> Poll<Report> {
        let mut played = self.played.borrow_mut();
        match played.reports.pop_front() {
            Some(report) => Poll::Ready(report),
            None => {
                played.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// A function called `coffee`.
pub(crate) fn coffee() -> ServedFunction {
    ServedFunction::new("coffee", "/code/bootstrap")
}

/// Runs a test against a cloud of these functions and that program, and ends the cloud.
pub(crate) fn with_cloud<Fut>(
    config: Config,
    program: Program,
    test: impl FnOnce(Client, Fake) -> Fut + 'static,
) where
    Fut: Future<Output = ()> + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    LocalSet::new().block_on(&runtime, async move {
        let fake = Fake::new(program);
        let host = Host::start(config, Box::new(fake.clone())).expect("it starts");
        let client = Client::connect(&host.addresses()[0].to_string()).await;
        test(client, fake).await;
        assert_eq!(host.shut_down().await, Vec::<String>::new(), "no fault");
    });
}

/// Starts a cloud, and lets it go at once. To be called where `with_cloud` is.
pub(crate) fn try_with_cloud(config: Config) -> Result<(), lunch_host::StartError> {
    Host::start(config, Box::new(Fake::new(echo()))).map(drop)
}
