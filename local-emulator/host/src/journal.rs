//! The journal: all that the cloud was told and commanded, written as JSON Lines by a thread of its own.
//!
//! `lunch replay` reads it. A request's way pays for the copy of its events and never for the disk.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;

use lunch_cloud::Settings;
use lunch_cloud::journal::{Entry, Header};

/// A journal that is being written.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    /// Dropped to say that nothing more comes.
    entries: Sender<Entry>,
    writer: JoinHandle<io::Result<()>>,
}

impl Journal {
    /// Begins a journal, with its header on the disk; a file of that name is replaced.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn create(path: &Path, settings: &Settings) -> io::Result<Self> {
        let mut file = BufWriter::new(File::create(path)?);
        line(&mut file, &Header::new(settings.clone()))?;
        file.flush()?;
        let (entries, received) = channel();
        let writer = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || write(file, &received))?;
        Ok(Self { path: path.to_owned(), entries, writer })
    }

    /// Keeps an entry. A writer that has failed says so at the end.
    pub(crate) fn keep(&self, entry: Entry) {
        drop(self.entries.send(entry));
    }

    /// Waits until all of it is in the file.
    ///
    /// # Errors
    /// What could not be written, in a sentence.
    pub(crate) fn finish(self) -> Result<(), String> {
        drop(self.entries);
        let written = self.writer.join();
        let failed = |why: &dyn std::fmt::Display| {
            format!("the journal `{}` is not whole: {why}", self.path.display())
        };
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(failed(&error)),
            Err(_) => Err(failed(&"its writer panicked")),
        }
    }
}

/// Writes what comes, and hands it to the operating system whenever nothing more is there.
fn write(mut file: BufWriter<File>, entries: &Receiver<Entry>) -> io::Result<()> {
    loop {
        let entry = match entries.try_recv() {
            Ok(entry) => entry,
            Err(TryRecvError::Disconnected) => break,
            Err(TryRecvError::Empty) => {
                file.flush()?;
                match entries.recv() {
                    Ok(entry) => entry,
                    Err(_) => break,
                }
            }
        };
        line(&mut file, &entry)?;
    }
    file.flush()
}

fn line(file: &mut impl Write, value: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *file, value)?;
    file.write_all(b"\n")
}
