//! The temporary folder of one instance where it can have no `/tmp` of its own: all its processes have it in turn, and
//! nobody else.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// A folder that is gone with the instance.
#[derive(Debug)]
pub(crate) struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    /// Makes one, with a name that nobody else has.
    pub(crate) fn make(name: &str) -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("lunch-{name}"));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // A folder that cannot be removed harms nobody: no other instance is given it.
        std::fs::remove_dir_all(&self.0).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_gone_with_all_that_is_in_it() {
        let folder = TemporaryFolder::make(&format!("test-{}", std::process::id())).unwrap();
        let path = folder.path().to_owned();
        std::fs::write(path.join("beans"), "roasted").unwrap();
        drop(folder);
        assert!(!path.exists());
    }
}
