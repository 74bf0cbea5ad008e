//! The files that a container's process is made of, as far as its command names them.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::resolve;

/// The program of a command, and those of its arguments that name files: such as `./shop.py` of `python3 ./shop.py`. Paths
/// start from the folder.
#[must_use]
pub fn files_of(words: &[String], folder: &Path) -> Vec<PathBuf> {
    let Some((program, arguments)) = words.split_first() else { return Vec::new() };
    let named = arguments.iter().map(|word| folder.join(word));
    [resolve(program, folder)].into_iter().chain(named).filter(|path| path.is_file()).collect()
}

/// A number that is another one when one of the files is, as far as the file system says.
pub(super) fn stamp(files: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for file in files {
        let data = file.metadata().ok();
        let data = data.map(|data| (data.ino(), data.len(), data.mtime(), data.mtime_nsec()));
        (file, data).hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_made_of_the_files_that_it_names() {
        let folder = std::env::temp_dir().join(format!("lunch-files-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("there is room");
        std::fs::write(folder.join("shop.py"), "1").expect("there is room");
        let words = ["sh", "-u", "./shop.py", "nobody"].map(str::to_owned);
        let files = files_of(&words, &folder);
        assert_eq!(files, [resolve("sh", &folder), folder.join("./shop.py")]);
        let before = stamp(&files);
        assert_eq!(stamp(&files), before);
        std::fs::write(folder.join("shop.py"), "22").expect("there is room");
        assert_ne!(stamp(&files), before);
    }
}
