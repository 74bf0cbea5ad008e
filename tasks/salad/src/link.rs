//! A socket between the counter and one of its staff: whole messages, in their order, in the kernel.
//!
//! A message is sent whole or not at all, and what was sent can be read after its sender has ended. That is all that
//! [`crate::book`] needs of it.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::Interest;
use tokio::net::UnixDatagram;

/// Longer than any message: the longest is an order, whose ingredients are limited.
const MESSAGE_BYTES_MAX: usize = 4096;

/// The counter's end. It never waits for whom it writes to.
///
/// The socket is of the kind `SOCK_SEQPACKET`, which has datagrams' messages and a stream's end, and which neither library
/// has a type for; the type of datagrams only carries it to the event loop.
#[derive(Debug)]
pub(crate) struct CounterEnd(UnixDatagram);

/// The end of one of the staff, which has nothing else to do than to wait for it.
#[derive(Debug)]
pub(crate) struct StaffEnd<'a>(BorrowedFd<'a>);

/// A socket: the counter's end, and what a process gets as its standard input.
pub(crate) fn pair() -> io::Result<(CounterEnd, OwnedFd)> {
    // Closed when a program is executed, so that no process holds an end of another's socket.
    let flags = SockFlag::SOCK_CLOEXEC;
    let (ours, theirs) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags)?;
    let ours = net::UnixDatagram::from(ours);
    ours.set_nonblocking(true)?;
    Ok((CounterEnd(UnixDatagram::from_std(ours)?), theirs))
}

impl CounterEnd {
    /// Sends a message. One for a process that has ended is lost, which its end of the socket tells.
    ///
    /// # Errors
    /// If so much waits for that process that nothing fits any more, which the book does not let happen.
    pub(crate) fn send(&self, message: &impl Serialize) -> io::Result<()> {
        match write(self.0.as_fd(), message) {
            Ok(()) | Err(Errno::EPIPE | Errno::ECONNRESET) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The next message; `None` once the other end is closed and all that it had sent is read.
    pub(crate) async fn receive<T: DeserializeOwned>(&self) -> io::Result<Option<T>> {
        self.0.async_io(Interest::READABLE, || read(self.0.as_fd())).await
    }
}

impl<'a> StaffEnd<'a> {
    pub(crate) const fn new(descriptor: BorrowedFd<'a>) -> Self {
        Self(descriptor)
    }

    /// Sends a message; false if the counter is gone.
    pub(crate) fn send(&self, message: &impl Serialize) -> io::Result<bool> {
        match write(self.0, message) {
            Ok(()) => Ok(true),
            Err(Errno::EPIPE | Errno::ECONNRESET) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for the next message; `None` if the counter is gone.
    pub(crate) fn receive<T: DeserializeOwned>(&self) -> io::Result<Option<T>> {
        read(self.0)
    }

    /// Whether the counter is gone.
    pub(crate) fn is_closed(&self) -> io::Result<bool> {
        // What has nothing to be told but its end.
        let mut descriptors = [PollFd::new(self.0, PollFlags::empty())];
        match poll(&mut descriptors, PollTimeout::ZERO) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::EINTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

fn bytes(message: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(message).expect("a message has only text for keys")
}

fn write(to: BorrowedFd<'_>, message: &impl Serialize) -> nix::Result<()> {
    let bytes = bytes(message);
    loop {
        match send(to.as_raw_fd(), &bytes, MsgFlags::MSG_NOSIGNAL) {
            Err(Errno::EINTR) => {}
            sent => return sent.map(drop),
        }
    }
}

fn read<T: DeserializeOwned>(from: BorrowedFd<'_>) -> io::Result<Option<T>> {
    let mut bytes = [0; MESSAGE_BYTES_MAX];
    loop {
        match recv(from.as_raw_fd(), &mut bytes, MsgFlags::empty()) {
            // Told once, before all that waits to be read, if the other end was closed over a message that it had not
            // read. What it had sent before is still there.
            Err(Errno::EINTR | Errno::ECONNRESET) => {}
            Ok(0) => return Ok(None),
            Ok(length) => return Ok(Some(serde_json::from_slice(&bytes[..length])?)),
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;

    use super::*;
    use crate::word::{BowlId, Report, Word};

    fn on_a_loop(test: impl Future<Output = io::Result<()>>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
        runtime.and_then(|runtime| runtime.block_on(test)).expect("the test's sockets work");
    }

    #[test]
    fn what_was_sent_is_read_after_its_sender_closed_over_what_it_had_not_read() {
        on_a_loop(async {
            let (ours, theirs) = pair()?;
            let staff = StaffEnd::new(theirs.as_fd());
            ours.send(&Word::Bowl(BowlId(1)))?;
            ours.send(&Word::Bowl(BowlId(2)))?;
            assert_eq!(staff.receive()?, Some(Word::Bowl(BowlId(1))));
            assert!(staff.send(&Report::Used(BowlId(1)))?);
            assert!(staff.send(&Report::Ready)?);
            // With bowl 2 unread, which makes the kernel report a reset first.
            drop(theirs);
            assert_eq!(ours.receive().await?, Some(Report::Used(BowlId(1))));
            assert_eq!(ours.receive().await?, Some(Report::Ready));
            assert_eq!(ours.receive::<Report>().await?, None);
            ours.send(&Word::Bowl(BowlId(3)))
        });
    }

    #[test]
    fn the_staff_sees_that_the_counter_is_gone() {
        on_a_loop(async {
            let (ours, theirs) = pair()?;
            let staff = StaffEnd::new(theirs.as_fd());
            ours.send(&Word::Bowl(BowlId(1)))?;
            assert!(!staff.is_closed()?, "a message is not the end");
            drop(ours);
            assert!(staff.is_closed()?);
            assert_eq!(staff.receive()?, Some(Word::Bowl(BowlId(1))));
            assert_eq!(staff.receive::<Word>()?, None);
            assert!(!staff.send(&Report::Ready)?);
            Ok(())
        });
    }
}
