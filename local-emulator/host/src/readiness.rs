//! Descriptors that a task waits for: timers, sockets of kinds that the runtime does not know.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use tokio::io::unix::AsyncFd;

/// A descriptor that is waited for, and owned.
#[derive(Debug)]
pub(crate) struct Watched(OwnedFd);

impl AsFd for Watched {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Watched {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// Watches a descriptor, which is not to block.
///
/// # Errors
/// If it is of a kind that cannot be waited for, as a regular file.
#[expect(
    unsafe_code,
    reason = "the runtime wants to be promised that the descriptor stays the same"
)]
pub(crate) fn watch(descriptor: OwnedFd) -> io::Result<AsyncFd<Watched>> {
    let watched = Watched(descriptor);
    // SAFETY: `Watched` owns its descriptor, gives always the same one, and closes it only when it is dropped, which
    // the `AsyncFd` that holds it does after taking it from its list.
    unsafe { AsyncFd::register(watched) }.map_err(io::Error::from)
}
