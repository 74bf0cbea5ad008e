//! The journal of a crowd: where it is written, and that it plays again to the same decisions.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process;
use std::time::Instant;

use lunch_sim::replay;

use crate::commands::replay::{code, identical, readable};
use crate::failure::{Code, Failure, OrFail as _};

/// A journal on the disk. One that nobody asked for is removed in the end.
#[derive(Debug)]
pub(super) struct JournalFile {
    path: PathBuf,
    keep: bool,
}

impl JournalFile {
    /// The user's file; else one of our own, in `.lunch/` beside the template.
    pub(super) fn choose(asked: Option<&Path>, folder: &Path) -> Result<Self, Failure> {
        if let Some(path) = asked {
            return Ok(Self { path: path.to_owned(), keep: true });
        }
        let folder = folder.join(".lunch");
        fs::create_dir_all(&folder).or_fail_with(Code::Input, || {
            format!(
                "the folder `{}` for the journal cannot be made\n(name another place by `--journal FILE`)",
                folder.display()
            )
        })?;
        Ok(Self { path: folder.join(format!("rush-{}.jsonl", process::id())), keep: false })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Plays it again, and says what that came to. A journal that plays differently is kept: it is the evidence.
    pub(super) fn replay(mut self) -> Result<String, Failure> {
        let path = self.path.clone();
        let file = File::open(&path)
            .or_fail_with(Code::Fault, || format!("the journal `{}` is gone", path.display()))?;
        let began = Instant::now();
        match replay::journal(BufReader::new(file)) {
            Ok(replayed) => {
                let told = identical(&replayed, began.elapsed());
                Ok(format!("\n{told}\n"))
            }
            Err(error) => {
                self.keep = true;
                // Whatever is wrong with it: it was ours to write.
                let code = if code(&error) == Code::Bad { Code::Bad } else { Code::Fault };
                Err(readable(error)).or_fail_with(code, || {
                    format!(
                        "the journal of this crowd, `{}`, was not replayed to its end",
                        path.display()
                    )
                })
            }
        }
    }
}

impl Drop for JournalFile {
    fn drop(&mut self) {
        if !self.keep {
            // It may never have been written.
            drop(fs::remove_file(&self.path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::virtual_lunch::{self, Fate};

    fn folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("lunch-rush-{name}-{}", process::id()))
    }

    #[test]
    fn a_journal_that_nobody_asked_for_is_replayed_and_removed() {
        let folder = folder("own");
        let file = JournalFile::choose(None, &folder).expect("a folder of its own");
        let path = file.path().to_owned();
        let orders = [(0, Fate::Takes(200)), (100, Fate::Takes(60_000))];
        fs::write(&path, virtual_lunch::journal(&orders)).expect("it can be written");
        let told = file.replay().expect("its own decisions");

        assert!(told.ends_with("decisions identical\n"), "{told}");
        assert!(!path.exists());
        fs::remove_dir_all(folder).expect("it is ours");
    }

    #[test]
    fn a_journal_that_plays_differently_is_kept() {
        let folder = folder("bad");
        let file = JournalFile::choose(None, &folder).expect("a folder of its own");
        let path = file.path().to_owned();
        let journal = virtual_lunch::journal(&[(0, Fate::Takes(200))]);
        fs::write(&path, journal.replace("freeze", "thaw")).expect("it can be written");
        let failure = file.replay().expect_err("other decisions");

        assert_eq!(failure.code, Code::Bad);
        assert!(path.exists());
        fs::remove_dir_all(folder).expect("it is ours");
    }
}
