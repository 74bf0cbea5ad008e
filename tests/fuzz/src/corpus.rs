//! The texts that mutations start from: small files beside this crate, a folder for each door.

use std::fs;
use std::path::PathBuf;

use lunch_tests::workspace;

/// The texts in that folder of `tests/fuzz/corpus`, by their files' names.
///
/// # Panics
/// If there are none.
pub(crate) fn corpus(door: &str) -> Vec<Vec<u8>> {
    let folder = workspace().join("tests/fuzz/corpus").join(door);
    let texts = in_folder(&folder);
    assert!(!texts.is_empty(), "there is no corpus in `{}`", folder.display());
    texts
}

/// A longer text takes longer and says no more.
const BYTES_MAX: usize = 8 * 1024;

/// The texts in a folder that are not too long, by their files' names.
pub(crate) fn in_folder(folder: &PathBuf) -> Vec<Vec<u8>> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> = files.filter(|path| path.is_file()).collect();
    files.sort();
    let texts = files.iter().filter_map(|path| fs::read(path).ok());
    texts.filter(|text| text.len() <= BYTES_MAX).collect()
}
