//! A connection of HTTP/1.1, as the door and the Runtime API both serve it.

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::HttpService;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Serves it until either side ends it. An end in the middle of a call is told of by the call's own guard.
pub(crate) async fn serve<S>(stream: TcpStream, service: S)
where
    S: HttpService<Incoming, ResBody = Full<Bytes>>,
    S::Error: std::error::Error + Send + Sync + 'static,
{
    // Without it an answer may wait for an acknowledgement; with it or not, the answer is the same.
    drop(stream.set_nodelay(true));
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

/// How much of a refused body is read before the connection is closed on a caller who goes on sending.
const READ_OUT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Reads and forgets what a refused caller is still sending: most callers look for the answer only when all is sent,
/// and a connection that is closed before that is all they would be told.
pub(crate) async fn read_out(mut body: Incoming) {
    let mut bytes = 0;
    while bytes < READ_OUT_BYTES_MAX {
        let Some(Ok(frame)) = body.frame().await else {
            return;
        };
        bytes += frame.data_ref().map_or(0, Bytes::len);
    }
}
