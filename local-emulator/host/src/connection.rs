//! A connection of HTTP/1.1, as the door and the Runtime API both serve it.

use http_body_util::Full;
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
