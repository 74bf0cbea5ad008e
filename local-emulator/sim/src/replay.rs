//! A journal, told again in virtual time: the same commands have to come of it, and its timeline is rebuilt.
//!
//! Pure over what it reads: no file is opened here and no time is measured.

use std::io::{self, BufRead};

use lunch_cloud::journal::{Divergence, Entry, Header, Replay};
use lunch_cloud::{Record, Settings};
use lunch_contract::Moment;
use serde::Deserialize;

/// What a journal came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Replayed {
    /// How the cloud was set.
    pub settings: Settings,
    /// How many tellings were replayed.
    pub entries: u64,
    /// How many commands came of them, each as the journal says.
    pub commands: u64,
    /// The timeline.
    pub records: Vec<(Moment, Record)>,
    /// When the last telling was.
    pub end: Moment,
}

/// Why a journal could not be replayed to its end. What stands before is replayed all the same.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The first line is none of ours.
    #[error(
        "line `1` does not begin a journal of `lunch`\n(a journal is what `--journal FILE` writes)"
    )]
    NotAJournal,
    /// It is a journal, and of a version that this program does not know.
    #[error(
        "the journal has version `{found}`, and this program replays version `{}`\n(replay it with \
         the `lunch` that wrote it)",
        Header::VERSION
    )]
    AnotherVersion {
        /// The version that the journal names.
        found: u32,
    },
    /// The last line has no end: its writer was ended in the middle of it.
    #[error(
        "line `{line}` of the journal is cut off; the `{}` entries before it replay to the same \
         commands\n(whoever wrote it was ended in the middle of that line: remove it, and the rest \
         is whole)",
        before.entries
    )]
    CutOff {
        /// Which line, from 1.
        line: u64,
        /// What stands before it.
        before: Box<Replayed>,
    },
    /// A line is no entry.
    #[error(
        "line `{line}` of the journal is malformed; the `{}` entries before it replay to the same \
         commands\n(a journal has one JSON object per line and is not for editing)",
        before.entries
    )]
    Malformed {
        /// Which line, from 1.
        line: u64,
        /// What stands before it.
        before: Box<Replayed>,
        /// What the line has.
        source: serde_json::Error,
    },
    /// This cloud decides another thing than the one that wrote the journal.
    #[error(
        "line `{line}` of the journal replays to other commands; the `{}` entries before it replay \
         to the same\n(it was edited, or is of another build of `lunch`; if neither, this is a bug worth \
         reporting with the journal)",
        before.entries
    )]
    Diverged {
        /// Which line, from 1.
        line: u64,
        /// What stands before it.
        before: Box<Replayed>,
        /// What was commanded then and now.
        source: Box<Divergence>,
    },
    /// It could not be read.
    #[error("line `{line}` of the journal could not be read")]
    Unreadable {
        /// Which line, from 1.
        line: u64,
        /// Why.
        source: io::Error,
    },
}

impl ReplayError {
    /// What was replayed before it, if anything was.
    #[must_use]
    pub fn before(&self) -> Option<&Replayed> {
        match self {
            Self::CutOff { before, .. }
            | Self::Malformed { before, .. }
            | Self::Diverged { before, .. } => Some(before),
            Self::NotAJournal | Self::AnotherVersion { .. } | Self::Unreadable { .. } => None,
        }
    }
}

/// Replays a journal: a header, then one entry per line, all JSON.
///
/// # Errors
/// The first line that is not to be replayed, with what was before it.
pub fn journal(mut reader: impl BufRead) -> Result<Replayed, ReplayError> {
    let mut lines = Lines { reader: &mut reader, text: Vec::new(), number: 0 };
    let header = header(&mut lines)?;
    let mut telling = Telling::new(header.settings);
    while lines.read()? {
        let line = lines.number;
        match serde_json::from_slice(&lines.text) {
            Ok(entry) => {
                if let Err(divergence) = telling.tell(&entry) {
                    let before = Box::new(telling.end());
                    return Err(ReplayError::Diverged {
                        line,
                        before,
                        source: Box::new(divergence),
                    });
                }
            }
            Err(source) => {
                let before = Box::new(telling.end());
                return Err(if lines.text.ends_with(b"\n") {
                    ReplayError::Malformed { line, before, source }
                } else {
                    ReplayError::CutOff { line, before }
                });
            }
        }
    }
    Ok(telling.end())
}

/// Replays what is in memory.
///
/// # Errors
/// The first entry of which something else comes now.
pub fn entries<'entries>(
    settings: &Settings,
    entries: impl IntoIterator<Item = &'entries Entry>,
) -> Result<Replayed, Divergence> {
    let mut telling = Telling::new(settings.clone());
    for entry in entries {
        telling.tell(entry)?;
    }
    Ok(telling.end())
}

struct Telling {
    replay: Replay<Vec<(Moment, Record)>>,
    entries: u64,
    commands: u64,
    end: Moment,
}

impl Telling {
    fn new(settings: Settings) -> Self {
        let replay = Replay::new(settings, Vec::new());
        Self { replay, entries: 0, commands: 0, end: Moment::ZERO }
    }

    fn tell(&mut self, entry: &Entry) -> Result<(), Divergence> {
        self.replay.step(entry)?;
        self.entries += 1;
        self.commands += entry.commands.len() as u64;
        self.end = self.end.max(entry.at);
        Ok(())
    }

    fn end(&self) -> Replayed {
        Replayed {
            settings: self.replay.cloud().settings().clone(),
            entries: self.entries,
            commands: self.commands,
            records: self.replay.cloud().trace().clone(),
            end: self.end,
        }
    }
}

struct Lines<'reader, R> {
    reader: &'reader mut R,
    text: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<'_, R> {
    /// Reads the next line that is not blank; `false` at the end.
    fn read(&mut self) -> Result<bool, ReplayError> {
        loop {
            self.text.clear();
            self.number += 1;
            let line = self.number;
            let length = self
                .reader
                .read_until(b'\n', &mut self.text)
                .map_err(|source| ReplayError::Unreadable { line, source })?;
            if length == 0 {
                return Ok(false);
            }
            if !self.text.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }
}

fn header<R: BufRead>(lines: &mut Lines<'_, R>) -> Result<Header, ReplayError> {
    /// All that every version has.
    #[derive(Deserialize)]
    struct Version {
        lunch_journal: u32,
    }

    if !lines.read()? {
        return Err(ReplayError::NotAJournal);
    }
    let Version { lunch_journal: found } =
        serde_json::from_slice(&lines.text).map_err(|_| ReplayError::NotAJournal)?;
    if found != Header::VERSION {
        return Err(ReplayError::AnotherVersion { found });
    }
    serde_json::from_slice(&lines.text).map_err(|_| ReplayError::NotAJournal)
}
