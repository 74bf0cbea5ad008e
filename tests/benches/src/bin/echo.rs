//! A floor: one exchange of HTTP. Answers every request with its own body, and does nothing else.

use std::io::{self, Write as _};

use axum::Router;
use axum::body::Bytes;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    // Without it an answer may wait for an acknowledgement; with it or not, the answer is the same.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, Router::new().fallback(async |body: Bytes| body)).await
}
