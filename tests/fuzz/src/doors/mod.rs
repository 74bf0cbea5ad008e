//! The doors: what each is given, and what has to hold afterwards.

mod cloud;
mod front_door;
mod journal;
mod logs;
mod runtime_api;
mod samconfig;
mod template;

use std::fmt;

use crate::case::Case;

/// A door that something comes in by.
pub(crate) struct Door {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// The texts to begin with.
    pub(crate) corpus: fn() -> Vec<Vec<u8>>,
    /// Words that mean something to it.
    pub(crate) words: &'static [&'static str],
    /// Plays one case; what it finds, in a sentence.
    pub(crate) play: fn(&Case) -> Result<(), String>,
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// All of them.
pub(crate) const DOORS: [Door; 6] = [
    front_door::DOOR,
    logs::DOOR,
    runtime_api::DOOR,
    template::DOOR,
    samconfig::DOOR,
    journal::DOOR,
];
