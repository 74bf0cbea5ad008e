//! A connection that does not wait for ever for a request, and says why it ends where HTTP's own words have no reason.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// Where a connection stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stand {
    /// It is new, and nothing has come yet.
    #[default]
    New,
    /// A request has begun, and its header has no end yet.
    InHeader,
    /// A request is in hand.
    InCall,
    /// The last request was answered: a caller may keep the connection for as long as it likes.
    Answered,
}

/// What `patience` reads from and writes to, with the stand that its requests tell.
#[derive(Debug)]
pub(super) struct Patient {
    stream: TcpStream,
    stand: Rc<Cell<Stand>>,
    /// How long a caller may take for a header. `None`: as long as it likes.
    patience: Option<Duration>,
    /// Made only when a header does not come at once: most do, and cost nothing.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    pub(super) const fn new(
        stream: TcpStream,
        stand: Rc<Cell<Stand>>,
        patience: Option<Duration>,
    ) -> Self {
        Self { stream, stand, patience, sleep: None }
    }

    /// Whether the time for a header is over.
    fn is_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(patience) = self.patience else { return Poll::Pending };
        if matches!(self.stand.get(), Stand::InCall | Stand::Answered) {
            self.sleep = None;
            return Poll::Pending;
        }
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        sleep.as_mut().poll(cx)
    }

    /// Whether what is written may be the HTTP library's own. A request that came with the one before it is refused on
    /// a connection that has just answered.
    fn is_between_calls(&self) -> bool {
        matches!(self.stand.get(), Stand::InHeader | Stand::Answered)
    }

    /// Tells who has not sent a whole header. Who did not send anything is told nothing.
    fn tell_of_silence(&self) {
        if self.stand.get() == Stand::InHeader {
            let seconds = self.patience.unwrap_or_default().as_secs();
            let sentence = format!(
                "the request's header had no end after {seconds} s: send its lines at once, and an empty one after them"
            );
            drop(self.stream.try_write(&refusal("408 Request Timeout", &sentence)));
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, buffer) {
            let some = buffer.filled().len() > before;
            if some && matches!(self.stand.get(), Stand::New | Stand::Answered) {
                self.stand.set(Stand::InHeader);
                self.sleep = None;
            }
            return Poll::Ready(read);
        }
        ready!(self.is_over(cx));
        self.tell_of_silence();
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_between_calls()
            && let Some(said) = explained(bytes)
        {
            // It is the last that is written here: what the socket does not take at once is let go.
            drop(self.stream.try_write(&said));
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let ([only], true) = (pieces, self.is_between_calls()) {
            return self.poll_write(cx, only);
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The HTTP library's refusals of a header, which have a status and no word, in AWS's form and with one.
fn explained(written: &[u8]) -> Option<Vec<u8>> {
    let (status, sentence) = match written.strip_prefix(b"HTTP/1.1 ")?.get(..3)? {
        b"400" => (
            "400 Bad Request",
            "the request's header is not HTTP/1.1's: a line of method, path and version, then `Name: value` lines",
        ),
        b"414" => ("414 URI Too Long", "the request's path is longer than 64 KiB: send less in it"),
        b"431" => (
            "431 Request Header Fields Too Large",
            "the request's header has more than 100 lines, or more than 400 KiB: send fewer",
        ),
        _ => return None,
    };
    is_bare(written).then(|| refusal(status, sentence))
}

/// Whether an answer says nothing but that it is empty and when it was made: none of ours has so little to say.
fn is_bare(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer).to_ascii_lowercase();
    let mut lines = text.lines().skip(1).filter(|line| !line.is_empty());
    lines.all(|line| {
        ["content-length: 0", "connection: close"].contains(&line) || line.starts_with("date: ")
    })
}

/// A whole answer, after which the connection ends.
fn refusal(status: &str, sentence: &str) -> Vec<u8> {
    let body = serde_json::json!({ "Type": "User", "Message": sentence }).to_string();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nx-amzn-errortype: BadRequestException\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
