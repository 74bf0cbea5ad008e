//! A folder of code, and the copy of it that a revision keeps: what changes in the folder afterwards is another one's.

use std::fs::Metadata;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// No larger folder is copied: AWS takes no larger one either. D:gettingstarted-limits.
const BYTES_MAX: u64 = 250 * 1024 * 1024;

/// Nor one of more entries. Ours.
const ENTRIES_MAX: usize = 20_000;

/// All that a folder holds, in an order that depends on nothing but the names.
#[derive(Debug)]
pub(super) struct Tree {
    folder: PathBuf,
    /// What comes first is above what comes later.
    entries: Vec<(PathBuf, Metadata)>,
}

impl Tree {
    /// Looks at a folder; `without`, which may be in it, is not.
    ///
    /// # Errors
    /// If it cannot be read, or holds more than is copied.
    pub(super) fn of(folder: &Path, without: &Path) -> io::Result<Self> {
        // By what it is: the same folder has many paths.
        let without = without.metadata().ok().map(|data| (data.dev(), data.ino()));
        let mut tree = Self { folder: folder.to_owned(), entries: Vec::new() };
        let (mut folders, mut bytes) = (vec![folder.to_owned()], 0);
        while let Some(folder) = folders.pop() {
            let mut inside = std::fs::read_dir(&folder)?
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<io::Result<Vec<_>>>()?;
            inside.sort();
            for path in inside {
                let data = path.symlink_metadata()?;
                if without == Some((data.dev(), data.ino())) {
                    continue;
                }
                bytes += data.len();
                if bytes > BYTES_MAX || tree.entries.len() >= ENTRIES_MAX {
                    let most = BYTES_MAX / 1024 / 1024;
                    let why =
                        format!("it is larger than {most} MB or has more than {ENTRIES_MAX} files");
                    return Err(io::Error::other(why));
                }
                if data.is_dir() {
                    folders.push(path.clone());
                }
                tree.entries.push((path, data));
            }
        }
        Ok(tree)
    }

    /// A number that is another one when something in it is another one, as far as the file system says.
    pub(super) fn stamp(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let add = |data: &Metadata, hasher: &mut DefaultHasher| {
            (data.ino(), data.len(), data.mode(), data.mtime(), data.mtime_nsec()).hash(hasher);
        };
        for (path, data) in &self.entries {
            path.hash(&mut hasher);
            add(data, &mut hasher);
            // A link is another one when the file is that it leads to.
            if let Some(behind) = data.is_symlink().then(|| path.metadata().ok()).flatten() {
                add(&behind, &mut hasher);
            }
        }
        hasher.finish()
    }

    /// Copies all of it into an empty folder. A link stays one, but to a file elsewhere, which is copied; what is neither
    /// file, folder nor link is left out.
    ///
    /// # Errors
    /// If something cannot be read or written.
    pub(super) fn copy(&self, into: &Path) -> io::Result<()> {
        for (path, data) in &self.entries {
            let to = into.join(path.strip_prefix(&self.folder).map_err(io::Error::other)?);
            if data.is_dir() {
                std::fs::create_dir(&to)?;
            } else if data.is_symlink() && !self.leads_out(path) {
                std::os::unix::fs::symlink(std::fs::read_link(path)?, &to)?;
            } else if path.is_file() {
                std::fs::copy(path, &to)?;
            }
        }
        Ok(())
    }

    /// Whether a link leads to a file that is not in the folder.
    fn leads_out(&self, link: &Path) -> bool {
        let (Ok(to), Ok(folder)) = (link.canonicalize(), self.folder.canonicalize()) else {
            return false;
        };
        to.is_file() && !to.starts_with(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("lunch-tree-{name}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&folder));
        std::fs::create_dir_all(folder.join("beans/green")).expect("there is room");
        std::fs::create_dir_all(folder.join(".lunch/build")).expect("there is room");
        std::fs::write(folder.join("beans/green/list"), "arabica").expect("there is room");
        std::os::unix::fs::symlink("beans/green/list", folder.join("list")).expect("there is room");
        folder
    }

    fn tree(folder: &Path) -> Tree {
        Tree::of(folder, &folder.join(".lunch")).expect("it can be read")
    }

    #[test]
    fn a_copy_has_all_of_a_folder_but_what_is_lunchs_own() {
        let folder = code("copy");
        let into = folder.join(".lunch/copy");
        std::fs::create_dir(&into).expect("there is room");
        tree(&folder).copy(&into).expect("there is room");
        std::fs::write(folder.join("beans/green/list"), "robusta").expect("there is room");
        assert_eq!(std::fs::read_to_string(into.join("list")).expect("it is there"), "arabica");
        assert!(into.join("list").is_symlink() && !into.join(".lunch").exists());
    }

    #[test]
    fn what_is_lunchs_own_is_left_out_by_whatever_path_the_folder_is_reached() {
        let folder = code("around");
        let around = Tree::of(&folder.join("beans/.."), &folder.join(".lunch"));
        let around = around.expect("it can be read");
        assert!(around.entries.iter().all(|(path, _)| !path.ends_with(".lunch")));
        assert_eq!(around.entries.len(), tree(&folder).entries.len());
    }

    #[test]
    fn a_link_to_a_file_elsewhere_is_copied_as_the_file() {
        let (folder, elsewhere) = (code("link"), code("elsewhere").join("beans/green/list"));
        std::os::unix::fs::symlink(&elsewhere, folder.join("bootstrap")).expect("there is room");
        let before = tree(&folder).stamp();
        let into = folder.join(".lunch/copy");
        std::fs::create_dir(&into).expect("there is room");
        tree(&folder).copy(&into).expect("there is room");
        assert!(into.join("bootstrap").is_file() && !into.join("bootstrap").is_symlink());
        std::fs::write(&elsewhere, "other beans").expect("there is room");
        assert_ne!(tree(&folder).stamp(), before, "the file is another one");
    }

    #[test]
    fn another_folder_has_another_stamp_and_the_same_one_has_the_same() {
        let folder = code("stamp");
        let before = tree(&folder).stamp();
        assert_eq!(tree(&folder).stamp(), before);
        std::fs::write(folder.join(".hidden"), "").expect("there is room");
        let with_another = tree(&folder).stamp();
        assert_ne!(with_another, before);
        std::fs::remove_file(folder.join("beans/green/list")).expect("it is there");
        assert_ne!(tree(&folder).stamp(), with_another);
    }

    #[test]
    fn too_many_files_are_not_copied() {
        let folder = code("many");
        for number in 0..=ENTRIES_MAX {
            std::fs::write(folder.join(number.to_string()), "").expect("there is room");
        }
        let error = Tree::of(&folder, &folder.join(".lunch")).expect_err("they are too many");
        assert!(error.to_string().contains("20000 files"), "{error}");
        drop(std::fs::remove_dir_all(&folder));
    }
}
