//! The pipe that a process writes to: read by its own task, and at once where the order of things matters.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
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
                Ok(bytes) => piece(&buffer[..bytes]),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return Drained::Empty,
                Err(_) => return Drained::End,
            }
        }
        Drained::More
    }
}

/// So many pieces are read in one go, that a function which writes without end cannot keep the driver from others.
const PIECES_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use std::io::Write;

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
}
