//! Watching the files that a cloud's functions are made of.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lunch_host::build::Sources;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

/// So long nothing may have changed before a change counts as whole: an editor, a checkout or a build elsewhere writes
/// many files one after the other.
const QUIET: Duration = Duration::from_millis(150);

/// Watches sources until it is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    watcher: RecommendedWatcher,
    changed: UnboundedReceiver<PathBuf>,
    sources: Sources,
    /// What is watched now, and whether with all below it.
    watched: BTreeSet<(PathBuf, bool)>,
}

impl Watch {
    /// Begins to watch.
    ///
    /// # Errors
    /// If the operating system watches nothing for us.
    pub(crate) fn begin(sources: Sources) -> Result<Self, notify::Error> {
        let (sender, changed) = unbounded_channel();
        let watcher = notify::recommended_watcher(move |event: Result<notify::Event, _>| {
            let Ok(event) = event else { return };
            // That somebody reads is no change; compilers read a lot.
            if !matches!(event.kind, EventKind::Access(_)) {
                for path in event.paths {
                    // Nobody listens any more when the program ends.
                    drop(sender.send(path));
                }
            }
        })?;
        let mut watch =
            Self { watcher, changed, sources: Sources::default(), watched: BTreeSet::new() };
        watch.turn_to(sources);
        Ok(watch)
    }

    /// Watches these from now on: after a build they may be others.
    pub(crate) fn turn_to(&mut self, sources: Sources) {
        let wanted = folders(&sources);
        for (folder, _) in self.watched.difference(&wanted) {
            // It may be gone.
            drop(self.watcher.unwatch(folder));
        }
        for (folder, below) in wanted.difference(&self.watched) {
            let mode = if *below { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
            // One that is not there cannot change either.
            drop(self.watcher.watch(folder, mode));
        }
        self.watched = wanted;
        self.sources = sources;
    }

    /// Waits until some of the sources have changed and nothing changes any more; they are told in order.
    pub(crate) async fn changed(&mut self) -> BTreeSet<PathBuf> {
        let mut changed = BTreeSet::new();
        loop {
            let path = if changed.is_empty() {
                self.changed.recv().await
            } else {
                match timeout(QUIET, self.changed.recv()).await {
                    Ok(path) => path,
                    Err(_) => return changed,
                }
            };
            // The watcher has the other end for as long as this lives.
            let Some(path) = path else { return changed };
            if self.sources.contains(&path) {
                changed.insert(path);
            }
        }
    }
}

/// The folders to watch, each with whether all below it is meant. A file is watched in its folder, since editors put a
/// new one in its place.
fn folders(sources: &Sources) -> BTreeSet<(PathBuf, bool)> {
    let of_files = sources.files.iter().filter_map(|file| file.parent());
    let single = of_files.chain(sources.rust_folders.iter().map(PathBuf::as_path));
    let below = |folder: &Path| sources.folders.iter().any(|whole| folder.starts_with(whole));
    let single = single.filter(|folder| !below(folder)).map(|folder| (folder.to_owned(), false));
    single.chain(sources.folders.iter().map(|folder| (folder.clone(), true))).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("lunch-watch-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(path.join("src")).expect("there is room");
        path.canonicalize().expect("it is there")
    }

    #[tokio::test]
    async fn a_file_that_is_replaced_is_told_once_and_others_are_not() {
        let folder = folder("replaced");
        let file = folder.join("template.yaml");
        fs::write(&file, "1").expect("there is room");
        let mut sources = Sources::default();
        sources.file(&file);
        sources.rust_folders.insert(folder.join("src"));
        let mut watch = Watch::begin(sources.clone()).expect("it can be watched");
        fs::write(folder.join("other.yaml"), "1").expect("there is room");
        fs::write(folder.join("new.yaml"), "2").expect("there is room");
        fs::rename(folder.join("new.yaml"), &file).expect("it is there");
        fs::write(folder.join("src/new.rs"), "").expect("there is room");
        let changed = watch.changed().await;
        assert_eq!(changed, BTreeSet::from([file.clone(), folder.join("src/new.rs")]));

        watch.turn_to(Sources { rust_folders: BTreeSet::new(), ..sources });
        fs::write(folder.join("src/more.rs"), "").expect("there is room");
        fs::write(&file, "3").expect("there is room");
        assert_eq!(watch.changed().await, BTreeSet::from([file]));
    }
}
