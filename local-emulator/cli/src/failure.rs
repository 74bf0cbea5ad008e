//! How `lunch` ends: its exit codes, and what it says when it does not end well.

use std::fmt::{self, Write as _};
use std::process::ExitCode;

use anstyle::{AnsiColor, Effects, Style};

use crate::say;
use crate::terminal::Stream;

/// What the exit status means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    /// All that was asked for was done.
    Done = 0,
    /// It was done, and what came of it is bad: the function failed, an order has no outcome, a line is no order, a
    /// journal replays to other decisions.
    Bad = 1,
    /// The arguments make no sense; clap's own.
    Usage = 2,
    /// What was given cannot be used: the template, an order file, a payload, a journal, a name that nobody has.
    Input = 3,
    /// The functions do not build.
    Build = 4,
    /// There is no cloud where one was looked for, or none can listen there.
    Door = 5,
    /// A promise of `lunch` itself is broken.
    Fault = 70,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}

/// Why `lunch` stops, and with which code.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    pub(crate) error: anyhow::Error,
}

impl Failure {
    /// One sentence, with its hint on a line of its own in parentheses.
    pub(crate) fn new(
        code: Code,
        sentence: impl fmt::Display + fmt::Debug + Send + Sync + 'static,
    ) -> Self {
        Self { code, error: anyhow::Error::msg(sentence) }
    }

    /// Tells it on stderr.
    pub(crate) fn tell(&self) -> Code {
        say::beside(self.render(Stream::Err.wants_colour()));
        self.code
    }

    /// What stands on stderr: the error, what caused it, and what to do.
    pub(crate) fn render(&self, colour: bool) -> String {
        let red = style(colour, Style::new().fg_color(Some(AnsiColor::BrightRed.into())));
        let red = red.effects(if colour { Effects::BOLD } else { Effects::new() });
        let (mut text, mut hints) = (String::new(), Vec::new());
        for (depth, cause) in self.error.chain().enumerate() {
            let message = cause.to_string();
            let (hint, sentence): (Vec<_>, Vec<_>) =
                message.lines().partition(|line| line.starts_with('(') && line.ends_with(')'));
            hints.extend(hint.into_iter().map(str::to_owned));
            let lead =
                if depth == 0 { format!("{red}error{red:#}: ") } else { "  because ".to_owned() };
            writeln!(text, "{lead}{}", sentence.join("\n  "))
                .expect("a string takes what is written");
        }
        for hint in hints {
            text.push_str(&hint);
            text.push('\n');
        }
        text
    }
}

fn style(colour: bool, style: Style) -> Style {
    if colour { style } else { Style::new() }
}

/// Says with which code a failed result ends the program.
pub(crate) trait OrFail<T> {
    /// With the error as it is.
    fn or_fail(self, code: Code) -> Result<T, Failure>;

    /// With a sentence before the error.
    fn or_fail_with<S>(self, code: Code, sentence: impl FnOnce() -> S) -> Result<T, Failure>
    where
        S: fmt::Display + Send + Sync + 'static;
}

impl<T, E: Into<anyhow::Error>> OrFail<T> for Result<T, E> {
    fn or_fail(self, code: Code) -> Result<T, Failure> {
        self.map_err(|error| Failure { code, error: error.into() })
    }

    fn or_fail_with<S>(self, code: Code, sentence: impl FnOnce() -> S) -> Result<T, Failure>
    where
        S: fmt::Display + Send + Sync + 'static,
    {
        self.map_err(|error| Failure { code, error: error.into().context(sentence()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_printed_with_its_causes_and_the_hint_on_a_line_of_its_own() {
        let cause = std::io::Error::other("permission denied");
        let failure = Err::<(), _>(cause)
            .or_fail_with(Code::Input, || "the order file `x` cannot be read\n(give another one)")
            .expect_err("it failed");
        insta::assert_snapshot!(failure.render(false), @r"
        error: the order file `x` cannot be read
          because permission denied
        (give another one)
        ");
    }
}
