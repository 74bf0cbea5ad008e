//! Folders that are gone after the test.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A folder of this test's own.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes one below the temporary folder.
    ///
    /// # Panics
    /// If that cannot be.
    #[must_use]
    #[track_caller]
    pub fn make() -> Self {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("lunch-tests-{}-{count}", process::id()));
        if let Err(error) = fs::create_dir_all(&path) {
            panic!("no folder `{}` for a test: {error}", path.display());
        }
        Self { path }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file in it, with the folders before it.
    ///
    /// # Panics
    /// If that cannot be.
    #[track_caller]
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path.join(name);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all);
        if let Err(error) = written.and_then(|()| fs::write(&path, content)) {
            panic!("cannot write `{}`: {error}", path.display());
        }
        path
    }

    /// Puts a program there under that name: the same file, or a copy where that cannot be.
    ///
    /// # Panics
    /// If that cannot be.
    #[track_caller]
    pub fn place(&self, name: &str, program: &Path) -> PathBuf {
        let path = self.write(name, "");
        let placed = fs::remove_file(&path).and_then(|()| {
            fs::hard_link(program, &path).or_else(|_| fs::copy(program, &path).map(drop))
        });
        if let Err(error) = placed {
            panic!("cannot place `{}` at `{}`: {error}", program.display(), path.display());
        }
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is in the temporary folder, where the system clears up.
        drop(fs::remove_dir_all(&self.path));
    }
}
