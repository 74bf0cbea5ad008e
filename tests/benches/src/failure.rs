//! Why a measurement could not be made.

use std::error::Error;
use std::io;

/// A sentence for whoever reads the table.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A program cannot be run.
    #[error("cannot run `{program}`\n(`infra/bench` builds everything that is needed)")]
    Run {
        /// Which one.
        program: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It never said where it listens.
    #[error(
        "the first line of `{program}` is `{line}`, not where it listens\n(what it said stands above)"
    )]
    Line {
        /// Which one.
        program: String,
        /// Empty where it ended.
        line: String,
    },
    /// A connection broke, or nothing came for too long.
    #[error("{whom} did not answer")]
    Silent {
        /// Who was called.
        whom: &'static str,
        /// What happened.
        #[source]
        source: io::Error,
    },
    /// An answer is not the one that was asked for.
    #[error("{whom} answered {status}: {body}")]
    Answer {
        /// Who was called.
        whom: &'static str,
        /// Its status.
        status: u16,
        /// Its body.
        body: String,
    },
    /// A file cannot be written.
    #[error("cannot write a file beside what is measured")]
    File(#[from] io::Error),
    /// What is to be measured did not come about.
    #[error("{0}")]
    Premise(String),
    /// The machine refused something.
    #[error("cannot {what}")]
    Machine {
        /// What was tried.
        what: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Failure {
    /// The failure of something that the machine was asked for.
    pub(crate) fn to<E: Into<io::Error>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Machine { what, source: error.into() }
    }

    /// The sentence with its causes, and then its hint.
    pub(crate) fn tell(&self) -> String {
        let text = self.to_string();
        let (sentence, hint) = text.split_once('\n').unwrap_or((&text, ""));
        let mut told = sentence.to_owned();
        let mut cause = Error::source(self);
        while let Some(error) = cause {
            told = format!("{told}: {error}");
            cause = error.source();
        }
        if hint.is_empty() { told } else { format!("{told}\n{hint}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_stands_below_the_causes() {
        let failure = Failure::Run { program: "lunch".into(), source: io::Error::other("no room") };
        let told = "cannot run `lunch`: no room\n(`infra/bench` builds everything that is needed)";
        assert_eq!(failure.tell(), told);
    }
}
