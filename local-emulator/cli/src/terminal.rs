//! What the terminal is like: how wide, and whether it wants colours.

use std::env;
use std::io::{self, IsTerminal};

use console::Term;

/// Where there is no terminal, so many columns.
const WIDTH: usize = 100;

/// One of the two streams.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    /// The answer.
    Out,
    /// Everything beside it.
    Err,
}

impl Stream {
    /// Whether escape codes are welcome there: a terminal, without `NO_COLOR` and not a dumb one.
    pub(crate) fn wants_colour(self) -> bool {
        let quiet = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        self.is_terminal() && !quiet && !dumb
    }

    /// Columns: the terminal's, or `COLUMNS`.
    pub(crate) fn width(self) -> usize {
        let told = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let term = match self {
            Self::Out => Term::stdout(),
            Self::Err => Term::stderr(),
        };
        let seen = self.is_terminal().then(|| term.size_checked()).flatten();
        seen.map(|(_, columns)| usize::from(columns)).or(told).unwrap_or(WIDTH)
    }

    pub(crate) fn is_terminal(self) -> bool {
        match self {
            Self::Out => io::stdout().is_terminal(),
            Self::Err => io::stderr().is_terminal(),
        }
    }
}

/// A line that somebody else wrote, without what would move a cursor.
pub(crate) fn harmless(line: &str) -> String {
    console::strip_ansi_codes(line).chars().filter(|char| !char.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_functions_line_cannot_move_the_cursor() {
        assert_eq!(harmless("\u{1b}[31madding\u{7} \u{1b}[2Jsugar\r"), "adding sugar");
    }
}
