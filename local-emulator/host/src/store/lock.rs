//! One cloud at a time has a store.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path;

use nix::fcntl::{Flock, FlockArg};

use super::StoreError;

/// A store that nobody else has. The kernel gives it back when the process ends, however that is.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held, not looked at")] Flock<File>);

impl Lock {
    /// Takes the store in a folder.
    ///
    /// # Errors
    /// If another process has it; its number and its port are named.
    pub(super) fn take(folder: &Path, port: u16) -> Result<Self, StoreError> {
        let path = folder.join("lock");
        let wrong = |why: String| StoreError::Disk { path: path.clone(), why };
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| wrong(error.to_string()))?;
        let mut said = String::new();
        // What the one before said is looked at only if it is still there.
        file.read_to_string(&mut said).ok();
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(mut lock) => {
                let said = format!("{} {port}\n", std::process::id());
                lock.set_len(0)
                    .and_then(|()| lock.rewind())
                    .and_then(|()| lock.write_all(said.as_bytes()))
                    .map_err(|error| wrong(error.to_string()))?;
                Ok(Self(lock))
            }
            Err((_, nix::errno::Errno::EWOULDBLOCK)) => {
                let mut words = said.split_whitespace().map(str::to_owned);
                let mut next = || words.next().unwrap_or_else(|| "(not known)".to_owned());
                Err(StoreError::InUse { folder: folder.to_owned(), pid: next(), port: next() })
            }
            Err((_, error)) => Err(wrong(error.to_string())),
        }
    }
}
