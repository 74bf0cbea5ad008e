//! The pipe that a process writes to: read by its own task, and at once where the order of things matters.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::readiness::{Watched, watch};

/// The reading end.
#[derive(Debug)]
pub(crate) struct Output {
    pipe: AsyncFd<Watched>,
}

/// How a reading went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drained {
    /// There was no more.
    Empty,
    /// There may be more.
    More,
    /// Nobody can write any more.
    End,
}

impl Output {
    /// A pipe: what reads it, and what a process writes its stdout and stderr to.
    ///
    /// # Errors
    /// What the operating system refuses.
    pub(crate) fn open() -> io::Result<(Self, OwnedFd)> {
        let (read, write) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
        let flags = OFlag::from_bits_retain(nix::fcntl::fcntl(&read, nix::fcntl::F_GETFL)?);
        nix::fcntl::fcntl(&read, nix::fcntl::F_SETFL(flags | OFlag::O_NONBLOCK))?;
        Ok((Self { pipe: watch(read)? }, write))
    }

    /// Waits until there is something to read, then drains it by `drain`; until the end.
    pub(crate) async fn follow(&self, mut drain: impl FnMut() -> Drained) {
        while let Ok(mut ready) = self.pipe.readable().await {
            match drain() {
                Drained::Empty => ready.clear_ready(),
                Drained::More => tokio::task::yield_now().await,
                Drained::End => return,
            }
        }
    }

    /// Reads what is there, whatever the readiness says, and gives it on in pieces; at most a few of them.
    pub(crate) fn drain(&self, buffer: &mut [u8], mut piece: impl FnMut(&[u8])) -> Drained {
        for _ in 0..PIECES_MAX {
            match nix::unistd::read(self.pipe.get_ref().as_fd(), buffer) {
                Ok(0) => return Drained::End,
                Ok(bytes) => {
                    piece(&buffer[..bytes]);
                    if bytes < buffer.len() {
                        return Drained::Empty;
                    }
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return Drained::Empty,
                Err(_) => return Drained::End,
            }
        }
        Drained::More
    }

    /// The same if anything is known to be there, and no system call if not. Whoever acts on something else that the
    /// process did, and that the operating system has told since, knows of all that was written before it: it tells
    /// in the order in which things happened.
    pub(crate) fn drain_known(&self, buffer: &mut [u8], piece: impl FnMut(&[u8])) -> Drained {
        let mut drained = Drained::Empty;
        let known = self.pipe.try_io(Interest::READABLE, |_| {
            drained = self.drain(buffer, piece);
            if drained == Drained::Empty { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        // Not to be ready is no failure, and there is no other.
        drop(known);
        drained
    }
}

/// So many pieces are read in one go, that a function which writes without end cannot keep the driver from others.
const PIECES_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[tokio::test]
    async fn what_was_written_is_read_at_once_and_the_end_is_seen() {
        let (output, write) = Output::open().expect("there are descriptors");
        let mut write = std::fs::File::from(write);
        let mut buffer = [0; 64];
        let mut read = Vec::<u8>::new();
        assert_eq!(output.drain(&mut buffer, |piece| read.extend(piece)), Drained::Empty);
        write.write_all(b"grind\n").expect("the pipe is open");
        assert_eq!(output.drain(&mut buffer, |piece| read.extend(piece)), Drained::Empty);
        drop(write);
        assert_eq!(output.drain(&mut buffer, |piece| read.extend(piece)), Drained::End);
        assert_eq!(read, b"grind\n");
    }

    #[tokio::test]
    async fn what_was_written_before_something_that_is_known_is_known_too() {
        let (output, write) = Output::open().expect("there are descriptors");
        let (mut here, there) = tokio::net::UnixStream::pair().expect("there are descriptors");
        let there = there.into_std().expect("it is open");
        let (mut write, mut there) = (std::fs::File::from(write), there);
        let mut buffer = [0; 64];
        for cup in 0..100_u8 {
            write.write_all(&[cup]).expect("the pipe is open");
            there.write_all(&[cup]).expect("the socket is open");
            let mut known = [0; 2];
            let bytes = here.read(&mut known).await.expect("it is open");
            assert_eq!(known[..bytes], [cup]);
            let mut read = Vec::<u8>::new();
            output.drain_known(&mut buffer, |piece| read.extend(piece));
            assert_eq!(read, [cup]);
        }
    }
}
