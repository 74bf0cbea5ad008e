//! A connection of HTTP/1.1, as the door and the Runtime API both serve it.

mod patience;

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use self::patience::{Patient, Stand};

/// Serves it until either side ends it. An end in the middle of a call is told of by the call's own guard.
///
/// Who takes longer than `patience` for a request's header is not waited for.
pub(crate) async fn serve<S>(stream: TcpStream, service: S, patience: Option<Duration>)
where
    S: Service<Request<Incoming>, Response = Response<Full<Bytes>>>,
    S::Error: std::error::Error + Send + Sync + 'static,
{
    // Without it an answer may wait for an acknowledgement; with it or not, the answer is the same.
    drop(stream.set_nodelay(true));
    let stand = Rc::new(Cell::new(Stand::New));
    let stream = Patient::new(stream, Rc::clone(&stand), patience);
    let service = service_fn(move |request| {
        stand.set(Stand::InCall);
        let (stand, answer) = (Rc::clone(&stand), service.call(request));
        async move {
            let answer = answer.await;
            stand.set(Stand::Answered);
            answer
        }
    });
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

/// Of whom nothing comes for so long nothing more is expected. Ours.
pub(crate) const SILENCE_MAX: Duration = Duration::from_secs(10);

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It is longer than it may be.
    TooLarge,
    /// It broke off, or is no body.
    Broken,
    /// Nothing more of it came.
    Silent,
}

/// Reads a body of at most that many bytes.
pub(crate) async fn read(body: &mut Incoming, bytes_max: usize) -> Result<Bytes, Unread> {
    let mut whole = Bytes::new();
    let mut joined = Vec::new();
    while !body.is_end_stream()
        && let Some(piece) = piece(body).await?
    {
        if whole.len().max(joined.len()) + piece.len() > bytes_max {
            return Err(Unread::TooLarge);
        }
        // Most bodies are of one piece, and are not copied.
        if whole.is_empty() && joined.is_empty() {
            whole = piece;
        } else {
            joined.extend_from_slice(&std::mem::take(&mut whole));
            joined.extend_from_slice(&piece);
        }
    }
    Ok(if joined.is_empty() { whole } else { joined.into() })
}

/// What comes next of a body. Most are there already, and no clock is looked at for them.
async fn piece(body: &mut Incoming) -> Result<Option<Bytes>, Unread> {
    let mut next = pin!(body.frame());
    let at_once = poll_fn(|context| Poll::Ready(next.as_mut().poll(context))).await;
    let frame = match at_once {
        Poll::Ready(frame) => frame,
        Poll::Pending => {
            tokio::time::timeout(SILENCE_MAX, next).await.map_err(|_| Unread::Silent)?
        }
    };
    let frame = frame.transpose().map_err(|_| Unread::Broken)?;
    Ok(frame.map(|frame| frame.into_data().unwrap_or_default()))
}

/// How much of a refused body is read before the connection is closed on a caller who goes on sending.
const READ_OUT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Reads and forgets what a refused caller is still sending: most callers look for the answer only when all is sent,
/// and a connection that is closed before that is all they would be told.
pub(crate) async fn read_out(mut body: Incoming) {
    let mut bytes = 0;
    while bytes < READ_OUT_BYTES_MAX {
        let Ok(Some(piece)) = piece(&mut body).await else { return };
        bytes += piece.len();
    }
}
