//! A function's code from a zip, as AWS takes it. The archive is untrusted: nothing of it leaves its folder, nothing is a
//! link, and what it unpacks to is bounded whatever it says of itself.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Component, Path, PathBuf};

use lunch_contract::code::{ENTRIES_MAX, UNZIPPED_BYTES_MAX};
use zip::ZipArchive;
use zip::read::ZipFile;

/// Why a zip is not unpacked.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It cannot be read.
    #[error("it cannot be read\n(build it first, or correct its `CodeUri`)")]
    Read(#[source] io::Error),
    /// It is none, or broken.
    #[error("it is no zip, or a broken one")]
    Broken(#[source] zip::result::ZipError),
    /// It has too many entries.
    #[error("it has {0} entries or folders, and may have {ENTRIES_MAX}")]
    Entries(usize),
    /// An entry would be put elsewhere.
    #[error(
        "it holds `{0}`, which leads out of its folder\n(zip the files from within their folder)"
    )]
    Outside(String),
    /// An entry is a link.
    #[error("it holds `{0}`, which is a link\n(zip what it leads to, as `zip` does without `-y`)")]
    Link(String),
    /// An entry is neither file nor folder.
    #[error("it holds `{0}`, which is neither a file nor a folder")]
    Special(String),
    /// It unpacks to too much.
    #[error("it unpacks to more than {UNZIPPED_BYTES_MAX} bytes, which AWS does not take")]
    TooLarge,
    /// An entry cannot be unpacked.
    #[error("it holds `{name}`, which cannot be unpacked")]
    Entry {
        /// Its name.
        name: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Unpacks a zip into an empty folder.
pub(super) fn unpack(archive: &Path, into: &Path) -> Result<(), ArchiveError> {
    unpack_at_most(archive, into, UNZIPPED_BYTES_MAX, ENTRIES_MAX)
}

/// Reads a zip to its end by the same rules, and writes nothing.
pub(super) fn look(archive: &Path) -> Result<Looked, ArchiveError> {
    look_at_most(archive, UNZIPPED_BYTES_MAX, ENTRIES_MAX)
}

fn look_at_most(
    archive: &Path,
    bytes_max: u64,
    entries_max: usize,
) -> Result<Looked, ArchiveError> {
    let mut looked = Looked::default();
    each(archive, bytes_max, entries_max, &mut |entry, path, left| looked.take(entry, path, left))?;
    Ok(looked)
}

/// What unpacking a zip would leave.
#[derive(Debug, Default)]
pub(super) struct Looked {
    files: BTreeSet<PathBuf>,
    folders: BTreeSet<PathBuf>,
    /// Whether the `bootstrap` at its top is executable, and its first bytes.
    pub(super) bootstrap: Option<(bool, Vec<u8>)>,
}

impl Looked {
    fn take(
        &mut self,
        entry: &mut ZipFile<'_, File>,
        path: &Path,
        left: u64,
    ) -> io::Result<Option<u64>> {
        let is_normal = |part: &Component<'_>| matches!(part, Component::Normal(_));
        let path = path.components().filter(is_normal).collect::<PathBuf>();
        let is_folder = entry.is_dir();
        let is_taken = path.ancestors().any(|above| self.files.contains(above))
            || (!is_folder && self.folders.contains(&path));
        if is_taken {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.folders.extend(path.ancestors().skip(usize::from(!is_folder)).map(Path::to_owned));
        if is_folder {
            return Ok(Some(0));
        }
        let is_executable = mode(entry) & 0o111 != 0;
        let mut head = Vec::new();
        let mut content = entry.take(left.saturating_add(1));
        (&mut content).take(HEAD_BYTES).read_to_end(&mut head)?;
        let bytes = head.len() as u64 + io::copy(&mut content, &mut io::sink())?;
        if path == Path::new("bootstrap") {
            self.bootstrap = Some((is_executable, head));
        }
        self.files.insert(path);
        Ok((bytes <= left).then_some(bytes))
    }
}

/// So much of a program shows what it is.
const HEAD_BYTES: u64 = 20;

fn mode(entry: &ZipFile<'_, File>) -> u32 {
    entry.unix_mode().unwrap_or(0o644) & 0o777
}

fn unpack_at_most(
    archive: &Path,
    into: &Path,
    bytes_max: u64,
    entries_max: usize,
) -> Result<(), ArchiveError> {
    each(archive, bytes_max, entries_max, &mut |entry, path, left| {
        put(entry, &into.join(path), left)
    })
}

/// What is done with an entry, of which so many bytes are taken: how many it has, `None` if more than that.
type Taken<'a> = dyn FnMut(&mut ZipFile<'_, File>, &Path, u64) -> io::Result<Option<u64>> + 'a;

/// Goes through a zip, and stops where it breaks a rule.
fn each(
    archive: &Path,
    bytes_max: u64,
    entries_max: usize,
    take: &mut Taken<'_>,
) -> Result<(), ArchiveError> {
    let file = File::open(archive).map_err(ArchiveError::Read)?;
    let mut archive = ZipArchive::new(file).map_err(ArchiveError::Broken)?;
    if archive.len() > entries_max {
        return Err(ArchiveError::Entries(archive.len()));
    }
    let mut left = bytes_max;
    let mut folders = BTreeSet::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(ArchiveError::Broken)?;
        let whole = entry.name().map_err(ArchiveError::Broken)?.into_owned();
        let name: String = whole.chars().take(200).collect();
        let path = inside(&whole).ok_or_else(|| ArchiveError::Outside(name.clone()))?;
        for folder in path.ancestors().skip(1) {
            // Those above it are known too, then.
            if !folders.insert(folder.to_owned()) {
                break;
            }
        }
        if folders.len() > entries_max {
            return Err(ArchiveError::Entries(folders.len()));
        }
        let kind = entry.unix_mode().unwrap_or_default() & 0o170_000;
        if kind == 0o120_000 {
            return Err(ArchiveError::Link(name));
        }
        if !matches!(kind, 0 | 0o100_000 | 0o040_000) {
            return Err(ArchiveError::Special(name));
        }
        let taken = take(&mut entry, &path, left);
        match taken.map_err(|source| ArchiveError::Entry { name, source })? {
            Some(bytes) => left -= bytes,
            None => return Err(ArchiveError::TooLarge),
        }
    }
    Ok(())
}

/// Where an entry goes, if that is below the folder.
fn inside(name: &str) -> Option<PathBuf> {
    let is_plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    let path = Path::new(name);
    let is_inside = !name.contains(['\\', '\0'])
        && path.components().all(is_plain)
        && path.components().any(|part| matches!(part, Component::Normal(_)));
    is_inside.then(|| path.to_owned())
}

/// Writes an entry; how many bytes that are, `None` if it has more than are left.
fn put(entry: &mut ZipFile<'_, File>, path: &Path, left: u64) -> io::Result<Option<u64>> {
    if entry.is_dir() {
        fs::create_dir_all(path)?;
        return Ok(Some(0));
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mode = mode(entry);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    // What it says of its own size may be a lie.
    let bytes = io::copy(&mut entry.take(left.saturating_add(1)), &mut file)?;
    file.set_permissions(fs::Permissions::from_mode(mode | 0o600))?;
    Ok((bytes <= left).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::io::Write as _;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    /// A folder with a zip of these entries, each with its mode and content; gone when it is dropped.
    struct Zipped(PathBuf);

    impl Zipped {
        fn of(name: &str, entries: &[(&str, u32, &[u8])]) -> Self {
            let folder =
                std::env::temp_dir().join(format!("lunch-zip-{name}-{}", std::process::id()));
            drop(fs::remove_dir_all(&folder));
            fs::create_dir_all(folder.join("out")).unwrap();
            let mut writer = ZipWriter::new(File::create(folder.join("code.zip")).unwrap());
            for (name, mode, content) in entries {
                let options = SimpleFileOptions::default().unix_permissions(*mode);
                if mode & 0o170_000 == 0o120_000 {
                    let target = str::from_utf8(content).unwrap();
                    writer.add_symlink(*name, target, SimpleFileOptions::default()).unwrap();
                } else if name.ends_with('/') {
                    writer.add_directory(*name, options).unwrap();
                } else {
                    writer.start_file(*name, options).unwrap();
                    writer.write_all(content).unwrap();
                }
            }
            writer.finish().unwrap();
            Self(folder)
        }

        fn unpack(&self, bytes_max: u64) -> Result<(), ArchiveError> {
            self.unpack_at_most(bytes_max, ENTRIES_MAX)
        }

        fn unpack_at_most(&self, bytes_max: u64, entries_max: usize) -> Result<(), ArchiveError> {
            let (archive, out) = (self.0.join("code.zip"), self.0.join("out"));
            unpack_at_most(&archive, &out, bytes_max, entries_max)
        }

        /// Puts other bytes in the place of these, wherever they are.
        fn patch(&self, from: &[u8], to: &[u8]) {
            let path = self.0.join("code.zip");
            let mut bytes = fs::read(&path).unwrap();
            let place = |bytes: &[u8]| bytes.windows(from.len()).position(|window| window == from);
            assert!(place(&bytes).is_some(), "it holds these bytes");
            while let Some(at) = place(&bytes) {
                bytes[at..at + to.len()].copy_from_slice(to);
            }
            fs::write(&path, bytes).unwrap();
        }

        /// What stands in the folder that it was unpacked into.
        fn out(&self, name: &str) -> PathBuf {
            self.0.join("out").join(name)
        }

        /// What unpacking it comes to; looking comes to the same.
        fn error(&self) -> String {
            let looked = look(&self.0.join("code.zip")).unwrap_err().to_string();
            let unpacked = self.unpack(UNZIPPED_BYTES_MAX).unwrap_err().to_string();
            assert_eq!(looked, unpacked);
            unpacked
        }
    }

    impl Drop for Zipped {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    #[test]
    fn files_and_folders_come_out_as_they_went_in() {
        let zipped = Zipped::of(
            "plain",
            &[
                ("bootstrap", 0o755, b"#!/bin/sh"),
                ("./share/", 0o755, b""),
                ("share/deep/notes", 0o4444, b"milk"),
            ],
        );
        zipped.unpack(13).unwrap();
        assert_eq!(fs::read(zipped.out("share/deep/notes")).unwrap(), b"milk");
        let mode = |name| fs::metadata(zipped.out(name)).unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode("bootstrap"), mode("share/deep/notes")), (0o755, 0o644));
    }

    #[test]
    fn nothing_leaves_the_folder() {
        for name in ["../tea", "a/../../tea", "/tmp/tea", "a\\..\\tea", ".."] {
            let zipped = Zipped::of("outside", &[(name, 0o644, b"x")]);
            assert!(zipped.error().contains("which leads out of its folder\n(zip"), "{name}");
            assert_eq!(fs::read_dir(zipped.out("")).unwrap().count(), 0, "{name}");
        }
    }

    #[test]
    fn a_zip_is_looked_into_and_nothing_is_written() {
        let zipped = Zipped::of(
            "look",
            &[("./bin/", 0o755, b""), ("bin/x", 0o644, b"x"), ("./bootstrap", 0o755, b"#!/bin/sh")],
        );
        let looked = look(&zipped.0.join("code.zip")).unwrap();
        assert_eq!(looked.bootstrap, Some((true, b"#!/bin/sh".to_vec())));
        assert_eq!(fs::read_dir(zipped.out("")).unwrap().count(), 0);
        for second in ["a/b", "a/"] {
            let zipped = Zipped::of("twice", &[("a", 0o644, b"milk"), (second, 0o644, b"")]);
            assert!(zipped.error().contains("which cannot be unpacked"), "{second}");
        }
        let zipped = Zipped::of("looked", &[("a", 0o644, &[0; 600]), ("b", 0o644, &[0; 600])]);
        let look = |bytes_max| look_at_most(&zipped.0.join("code.zip"), bytes_max, ENTRIES_MAX);
        look(1200).unwrap();
        assert!(matches!(look(1199), Err(ArchiveError::TooLarge)));
    }

    #[test]
    fn links_are_refused() {
        let zipped = Zipped::of("link", &[("bootstrap", 0o120_777, b"/bin/sh")]);
        assert_eq!(
            zipped.error(),
            "it holds `bootstrap`, which is a link\n(zip what it leads to, as `zip` does without `-y`)"
        );
    }

    #[test]
    fn a_bomb_is_stopped_at_what_aws_takes() {
        let zipped = Zipped::of("bomb", &[("a", 0o644, &[0; 600]), ("b", 0o644, &[0; 600])]);
        for bytes_max in [1199, 700] {
            assert!(matches!(zipped.unpack(bytes_max), Err(ArchiveError::TooLarge)));
            let written = fs::metadata(zipped.out("b")).unwrap().len();
            assert_eq!(written, bytes_max - 600 + 1, "no more than shows that it is too much");
            fs::remove_dir_all(zipped.out("")).unwrap();
        }
        zipped.unpack(1200).unwrap();
    }

    #[test]
    fn so_many_files_and_so_many_folders_are_taken_and_no_more() {
        let files = Zipped::of("files", &[("a", 0o644, b""), ("b", 0o644, b"")]);
        assert!(matches!(files.unpack_at_most(9, 1), Err(ArchiveError::Entries(2))));
        files.unpack_at_most(9, 2).unwrap();
        // The folder itself is one of them.
        let folders = Zipped::of("folders", &[("a/b/c", 0o644, b""), ("a/b/d", 0o644, b"")]);
        assert!(matches!(folders.unpack_at_most(9, 2), Err(ArchiveError::Entries(3))));
        folders.unpack_at_most(9, 3).unwrap();
    }

    #[test]
    fn nothing_runs_as_somebody_else() {
        let zipped = Zipped::of("setuid", &[("a", 0o555, b"milk")]);
        zipped.patch(&0o100_555_u16.to_le_bytes(), &0o106_555_u16.to_le_bytes());
        zipped.unpack(4).unwrap();
        assert_eq!(fs::metadata(zipped.out("a")).unwrap().permissions().mode(), 0o100_755);
    }

    #[test]
    fn an_entry_that_lies_about_its_size_is_stopped_too() {
        let zipped = Zipped::of("liar", &[("a", 0o644, &[0; 100_000])]);
        zipped.patch(&100_000_u32.to_le_bytes(), &10_u32.to_le_bytes());
        zipped.unpack(99_999).unwrap_err();
        assert!(fs::metadata(zipped.out("a")).map_or(0, |data| data.len()) <= 100_000);
    }

    #[test]
    fn what_is_no_zip_or_is_cut_off_is_told() {
        let zipped = Zipped::of("cut", &[("a", 0o644, b"milk"), ("a/b", 0o644, b"milk")]);
        let error = zipped.unpack(100).unwrap_err();
        assert_eq!(error.to_string(), "it holds `a/b`, which cannot be unpacked");
        assert!(error.source().is_some());
        let path = zipped.0.join("code.zip");
        let whole = fs::read(&path).unwrap();
        for cut in 0..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            zipped.unpack(100).unwrap_err();
        }
    }
}
