//! Where a built program is put: a folder of its own, and beside it a note on what it is.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::sources;
use super::tree::Tree;
use crate::template::Function;

/// The place of one function's program, or of one that stands for a container.
#[derive(Debug)]
pub(super) struct Stage {
    lunch: PathBuf,
    /// The folder's name: a logical id.
    name: String,
    /// The program's name in it.
    file: String,
    /// Whether this process has put something there before.
    again: bool,
}

impl Stage {
    pub(super) fn of(lunch: &Path, function: &Function, again: bool) -> Self {
        let (name, file) = (function.logical_id.clone(), "bootstrap".to_owned());
        Self { lunch: lunch.to_owned(), name, file, again }
    }

    /// That of the program that is named as a container, of a task definition with this logical id. No function's name has
    /// a dot.
    pub(super) fn of_container(lunch: &Path, definition: &str, container: &str) -> Self {
        let (name, file) = (format!("{definition}.{container}"), container.to_owned());
        Self { lunch: lunch.to_owned(), name, file, again: false }
    }

    pub(super) fn program(&self) -> PathBuf {
        self.folder().join(&self.file)
    }

    /// The name of the program that was put there; callers may use it when nothing is built, too.
    pub(super) fn binary(&self) -> Option<String> {
        self.noted()?["binary"].as_str().map(str::to_owned)
    }

    /// The files that it was made of.
    pub(super) fn made_of(&self) -> Option<Vec<String>> {
        serde_json::from_value(self.noted()?["made_of"].take()).ok()
    }

    fn noted(&self) -> Option<Value> {
        serde_json::from_slice(&std::fs::read(self.note()).ok()?).ok()
    }

    fn note(&self) -> PathBuf {
        self.lunch.join("build").join(format!("{}.json", self.name))
    }

    fn folder(&self) -> PathBuf {
        self.lunch.join("build").join(&self.name)
    }

    /// An empty folder beside the place, to be filled.
    pub(super) fn begin(&self) -> io::Result<PathBuf> {
        let fresh = self.aside("new");
        gone(std::fs::remove_dir_all(&fresh))?;
        std::fs::create_dir_all(&fresh)?;
        std::fs::write(self.lunch.join(".gitignore"), "*\n")?;
        Ok(fresh)
    }

    /// Puts that folder there, so that who looks finds all of it or nothing.
    ///
    /// Where instances may still run of what was there, that stays until the next time.
    pub(super) fn settle(&self, fresh: &Path) -> io::Result<()> {
        self.clear()?;
        gone(std::fs::remove_file(self.note()))?;
        gone(std::fs::rename(self.folder(), self.aside("old")))?;
        std::fs::rename(fresh, self.folder())?;
        if self.again { Ok(()) } else { self.clear() }
    }

    /// Takes away what this program, and those that have ended, have put aside.
    fn clear(&self) -> io::Result<()> {
        let begins = format!("{}.old-", self.name);
        for entry in std::fs::read_dir(self.lunch.join("build"))? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.strip_prefix(&begins)) else {
                continue;
            };
            if pid == std::process::id().to_string() || !Path::new("/proc").join(pid).exists() {
                gone(std::fs::remove_dir_all(entry.path()))?;
            }
        }
        Ok(())
    }

    /// Puts a copy of a folder there, if it is not there yet.
    pub(super) fn keep(&self, code: &Path) -> io::Result<()> {
        let tree = Tree::of(code, &self.lunch)?;
        let copied = json!({ "copied": tree.stamp() });
        if self.noted().is_some_and(|noted| noted == copied) && self.program().is_file() {
            return Ok(());
        }
        let fresh = self.begin()?;
        tree.copy(&fresh).inspect_err(|_| drop(std::fs::remove_dir_all(&fresh)))?;
        self.settle(&fresh)?;
        std::fs::write(self.note(), format!("{copied}\n"))
    }

    fn aside(&self, word: &str) -> PathBuf {
        self.lunch.join("build").join(format!("{}.{word}-{}", self.name, std::process::id()))
    }

    /// Puts a program there, so that one that is running is not disturbed.
    pub(super) fn put(&self, from: &Path, binary: &str) -> io::Result<()> {
        let program = self.program();
        std::fs::create_dir_all(program.parent().unwrap_or(&self.lunch))?;
        std::fs::write(self.lunch.join(".gitignore"), "*\n")?;
        let note = json!({ "binary": binary, "made_of": sources::read_dep_info(from) });
        std::fs::write(self.note(), format!("{note}\n"))?;
        let fresh = program.with_extension(format!("new-{}", std::process::id()));
        if fresh.exists() {
            std::fs::remove_file(&fresh)?;
        }
        if std::fs::hard_link(from, &fresh).is_err() {
            std::fs::copy(from, &fresh)?;
        }
        std::fs::rename(&fresh, &program)?;
        // Two names of one file: the rename above then did nothing.
        if fresh.exists() { std::fs::remove_file(&fresh) } else { Ok(()) }
    }
}

/// What is not there needs no taking away.
fn gone(taken_away: io::Result<()>) -> io::Result<()> {
    match taken_away {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
