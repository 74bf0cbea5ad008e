//! What functions and containers' processes are made of: the files whose change makes them other ones.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::{Stage, Way, containers, way};
use crate::tasks;
use crate::template::{Runs, Template, folder};

/// The files and folders that a template's functions are made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// Files, each of which is watched for itself.
    pub files: BTreeSet<PathBuf>,
    /// Folders whose Rust files are watched, and nothing else of them: a module may come that was not there.
    pub rust_folders: BTreeSet<PathBuf>,
    /// Folders of which everything is watched that is not hidden.
    pub folders: BTreeSet<PathBuf>,
}

impl Sources {
    /// Those of a template that was built; the template is one of them. Of a container's `Command` these are the files that it
    /// names.
    #[must_use]
    pub fn of(template: &Template) -> Self {
        let mut sources = Self::default();
        sources.file(&template.path);
        let Ok(lunch) = std::path::absolute(folder(&template.path).join(".lunch")) else {
            return sources;
        };
        for function in &template.functions {
            match way(function) {
                Ok(Way::Cargo) => {
                    sources.file(&function.code.join("Cargo.toml"));
                    sources.rust(&Stage::of(&lunch, function, false));
                }
                Ok(Way::Zip) => sources.file(&function.code),
                Ok(Way::Make | Way::InPlace) | Err(_) => {
                    sources.folders.extend(std::path::absolute(&function.code));
                }
            }
        }
        for place in containers::places(template) {
            sources.rust(&place.stage(&lunch));
        }
        for container in template.task_definitions.iter().flat_map(|one| &one.containers) {
            if let Runs::Command(words) = &container.runs {
                let files = tasks::files_of(words, folder(&template.path));
                files.iter().for_each(|file| sources.file(file));
            }
        }
        sources
    }

    /// Adds a file.
    pub fn file(&mut self, path: &Path) {
        self.files.extend(std::path::absolute(path));
    }

    /// Whether a change of that file is one of the sources.
    #[must_use]
    pub fn contains(&self, path: &Path) -> bool {
        let is_rust = path.extension() == Some(OsStr::new("rs"));
        let in_rust_folder = path.parent().is_some_and(|folder| self.rust_folders.contains(folder));
        let in_folder = self.folders.iter().any(|folder| {
            path.strip_prefix(folder).is_ok_and(|rest| !rest.components().any(is_left_out))
        });
        self.files.contains(path) || (is_rust && in_rust_folder) || in_folder
    }

    /// What cargo says that the program was made of, and the manifests.
    fn rust(&mut self, stage: &Stage) {
        let made_of = stage.made_of().unwrap_or_default();
        for source in made_of.iter().map(PathBuf::from) {
            self.rust_folders.extend(source.parent().map(Path::to_owned));
            let manifests = source.ancestors().skip(1);
            let manifests = manifests.flat_map(|folder| {
                [folder.join("Cargo.toml"), folder.join("Cargo.lock"), folder.join("build.rs")]
            });
            self.files.extend(manifests.filter(|manifest| manifest.is_file()));
            self.files.insert(source);
        }
    }
}

/// What a build leaves behind, and what editors and versioning keep for themselves.
fn is_left_out(component: std::path::Component<'_>) -> bool {
    let name = component.as_os_str().to_string_lossy();
    name.starts_with('.') || name.ends_with('~') || name == "target" || name == "node_modules"
}

/// The sources that stand in cargo's own note beside a program that it made: a rule of make, with spaces escaped.
pub(super) fn read_dep_info(program: &Path) -> Vec<String> {
    let note = std::fs::read_to_string(program.with_extension("d")).unwrap_or_default();
    let Some((_, sources)) = note.lines().next().and_then(|rule| rule.split_once(": ")) else {
        return Vec::new();
    };
    let escaped = sources.replace("\\ ", "\0");
    escaped.split_whitespace().map(|source| source.replace('\0', " ")).collect()
}

/// No more of a folder's files are looked at.
const STAMPED_MAX: usize = 10_000;

/// A number that is another one when a file of the folder is another one, as far as the file system says.
pub(super) fn stamp(code: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut folders = vec![code.to_owned()];
    let mut left = STAMPED_MAX;
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            let hidden =
                path.strip_prefix(code).is_ok_and(|rest| rest.components().any(is_left_out));
            let Some(data) = path.symlink_metadata().ok().filter(|_| !hidden && left > 0) else {
                continue;
            };
            left -= 1;
            path.hash(&mut hasher);
            if data.is_dir() {
                folders.push(path);
            } else {
                (data.ino(), data.len(), data.mtime(), data.mtime_nsec()).hash(&mut hasher);
            }
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let path =
            std::env::temp_dir().join(format!("lunch-sources-{name}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&path));
        std::fs::create_dir_all(path.join("assets")).expect("there is room");
        path
    }

    #[test]
    fn cargos_note_is_read_with_spaces_in_names() {
        let code = folder("note");
        let program = code.join("coffee");
        let note = "/w/target/debug/coffee: /w/src/main.rs /w/my\\ cup/lib.rs\n\n/w/src/main.rs:\n";
        std::fs::write(code.join("coffee.d"), note).expect("there is room");
        assert_eq!(read_dep_info(&program), ["/w/src/main.rs", "/w/my cup/lib.rs"]);
        assert_eq!(read_dep_info(&code.join("tea")), [""; 0]);
    }

    #[test]
    fn a_stamp_changes_with_the_files_and_with_nothing_else() {
        let code = folder("stamp");
        std::fs::write(code.join("bootstrap"), "1").expect("there is room");
        let before = stamp(&code);
        std::fs::write(code.join(".hidden"), "1").expect("there is room");
        assert_eq!(stamp(&code), before);
        std::fs::write(code.join("assets/beans.txt"), "1").expect("there is room");
        let with_asset = stamp(&code);
        assert_ne!(with_asset, before);
        std::fs::write(code.join("bootstrap"), "22").expect("there is room");
        assert_ne!(stamp(&code), with_asset);
    }

    #[test]
    fn only_what_matters_is_watched() {
        let mut sources = Sources::default();
        sources.files.insert("/w/template.yaml".into());
        sources.rust_folders.insert("/w/src".into());
        sources.folders.insert("/w/code".into());
        for path in ["/w/template.yaml", "/w/src/new.rs", "/w/code/bootstrap", "/w/code/a/b.txt"] {
            assert!(sources.contains(Path::new(path)), "{path}");
        }
        for path in [
            "/w/other.yaml",
            "/w/src/note.md",
            "/w/src/deep/new.rs",
            "/w/code/.git/index",
            "/w/code/target/debug/x",
            "/w/code/bootstrap~",
        ] {
            assert!(!sources.contains(Path::new(path)), "{path}");
        }
    }
}
