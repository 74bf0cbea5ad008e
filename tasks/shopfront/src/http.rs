//! The shop's door: `GET /health`, `GET /status`, and what routes the shop itself has.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tracing::warn;

use crate::desk::Desk;

/// So many visitors at once; more of them wait outside.
const VISITORS_MAX: usize = 64;
/// Whoever has not said by then what he wants is sent away.
const HEADER_MAX: Duration = Duration::from_secs(10);
/// Before the next visitor is let in after one could not be.
const PAUSE: Duration = Duration::from_millis(100);

/// An answer to a visitor at the shop's door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// JSON.
    pub body: String,
}

impl Answer {
    /// HTTP 200 with that.
    #[must_use]
    pub fn ok(body: &Value) -> Self {
        Self { status: 200, body: body.to_string() }
    }

    /// HTTP 400 with a sentence that says what is wrong.
    #[must_use]
    pub fn bad(message: &str) -> Self {
        Self { status: 400, body: json!({ "message": message }).to_string() }
    }
}

/// An answer that may take a while; the door serves others meanwhile.
pub type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// What a shop shows at its door beside its health.
pub trait Routes: Send + Sync + 'static {
    /// The shop's own part of `/status`. It stands there as `kitchen`.
    fn status(&self) -> Value;

    /// The answer to a GET of a path that the door does not know itself; `None` is HTTP 404.
    fn answer(&self, path: &str, query: &str) -> Option<Answering> {
        let _ = (path, query);
        None
    }
}

/// Lets visitors in, for ever.
pub(crate) async fn serve(listener: TcpListener, desk: Arc<Desk>, routes: Arc<dyn Routes>) {
    let places = Arc::new(Semaphore::new(VISITORS_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let (served, routes) = (Arc::clone(&desk), Arc::clone(&routes));
                drop(desk.holds.spawn(async move {
                    visit(stream, served, routes).await;
                    drop(place);
                }));
            }
            Err(error) => {
                warn!("a visitor cannot be let in: {error}");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn visit(stream: TcpStream, desk: Arc<Desk>, routes: Arc<dyn Routes>) {
    let service = service_fn(|request| answer(request, &desk, &*routes));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_MAX);
    // A visitor who hangs up is nothing to talk about.
    drop(http.serve_connection(TokioIo::new(stream), service).await);
}

async fn answer(
    request: Request<Incoming>,
    desk: &Desk,
    routes: &dyn Routes,
) -> Result<Response<Full<Bytes>>, hyper::http::Error> {
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
    let answer = match (request.method(), path) {
        (&Method::GET | &Method::HEAD, "/health") => Answer::ok(&json!({"shop": desk.shop()})),
        (&Method::GET | &Method::HEAD, "/status") => Answer::ok(&status(desk, routes)),
        (&Method::GET | &Method::HEAD, _) => match routes.answer(path, query) {
            Some(answering) => answering.await,
            None => {
                unknown(404, &format!("there is no `{path}` here, but `/health` and `/status`"))
            }
        },
        (method, _) => unknown(405, &format!("nobody answers {method} here, only GET")),
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let response = Response::builder().status(status).header(CONTENT_TYPE, "application/json");
    response.body(Full::new(answer.body.into()))
}

fn unknown(status: u16, message: &str) -> Answer {
    Answer { status, ..Answer::bad(message) }
}

fn status(desk: &Desk, routes: &dyn Routes) -> Value {
    let mut status = desk.status();
    status["kitchen"] = routes.status();
    status
}
