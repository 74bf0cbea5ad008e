//! The functions' own lines, as they come: each with its instance and its function before it.
//!
//! They are written by a thread of their own, so that a slow terminal never holds up the cloud; lines that it cannot
//! take in time are left out, and it is said how many.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;

use anstyle::{AnsiColor, Color, Style};
use lunch_host::LogSink;
use lunch_host::wire::LogLine;
use tokio::sync::oneshot;

use crate::terminal::{Stream, harmless};

/// So many lines wait for the terminal at most.
const WAITING_MAX: usize = 8_192;

/// So many bytes of a line are shown at most.
const SHOWN_BYTES: usize = 4 * 1024;

/// What the writer is given.
enum Said {
    Line(LogLine),
    /// There is no more.
    End,
}

/// The writer of the lines.
#[derive(Debug)]
pub(crate) struct Lines {
    sender: SyncSender<Said>,
    /// The writer drops its end when it has written everything.
    written: oneshot::Receiver<()>,
}

impl Lines {
    /// Starts it; the sink is the cloud's.
    pub(crate) fn begin(look: Look) -> (Self, LogSink) {
        let (sender, said) = sync_channel(WAITING_MAX);
        let (done, written) = oneshot::channel();
        let left_out = Arc::new(AtomicU64::new(0));
        let missed = Arc::clone(&left_out);
        thread::spawn(move || {
            write_all(&said, &left_out, look);
            drop(done);
        });
        let sink = sender.clone();
        let sink = move |line: &LogLine| {
            if sink.try_send(Said::Line(line.clone())).is_err() {
                missed.fetch_add(1, Ordering::Relaxed);
            }
        };
        (Self { sender, written }, Box::new(sink))
    }

    /// Waits until all that came before is written.
    pub(crate) async fn end(self) {
        // A writer that has no room left is at work, and ends with its thread.
        if self.sender.try_send(Said::End).is_ok() {
            drop(self.written.await);
        }
    }
}

fn write_all(said: &Receiver<Said>, left_out: &AtomicU64, look: Look) {
    let mut out = BufWriter::new(io::stdout());
    loop {
        let next = match said.try_recv() {
            Ok(next) => next,
            Err(TryRecvError::Disconnected) => return,
            Err(TryRecvError::Empty) => {
                // A reader that has gone away is no error; the functions go on.
                drop(out.flush());
                let Ok(next) = said.recv() else { return };
                next
            }
        };
        let Said::Line(line) = next else {
            drop(out.flush());
            return;
        };
        drop(writeln!(out, "{}", look.line(&line)));
        match left_out.swap(0, Ordering::Relaxed) {
            0 => {}
            more => drop(writeln!(
                out,
                "lunch: {more} lines of functions are not shown here: they come faster than this \
                 terminal takes them (`lunch logs` has them)"
            )),
        }
    }
}

/// A line's text without what would disturb a terminal, and of a long one the beginning.
fn shown(text: &str) -> String {
    let shown = text.floor_char_boundary(SHOWN_BYTES);
    match text.len() - shown {
        0 => harmless(text),
        more => format!("{}… ({more} more bytes)", harmless(&text[..shown])),
    }
}

/// How the lines look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) colour: bool,
    /// How many columns the functions' names have.
    pub(crate) name_width: usize,
}

impl Look {
    /// As stdout takes it.
    pub(crate) fn of_stdout<'a>(functions: impl Iterator<Item = &'a str>) -> Self {
        let name_width = functions.map(|name| name.chars().count()).max().unwrap_or(0).min(24);
        Self { colour: Stream::Out.wants_colour(), name_width }
    }

    fn line(self, line: &LogLine) -> String {
        let (lead, width) = (self.lead(line), self.name_width);
        format!("{lead}{} {:width$} |{lead:#} {}", line.by, line.function, shown(&line.text))
    }

    /// Instances next to each other are told apart.
    fn lead(self, line: &LogLine) -> Style {
        const COLOURS: [AnsiColor; 6] = [
            AnsiColor::Cyan,
            AnsiColor::Yellow,
            AnsiColor::Green,
            AnsiColor::Magenta,
            AnsiColor::Blue,
            AnsiColor::Red,
        ];
        let colour = COLOURS[usize::try_from(line.by.serial()).unwrap_or_default() % COLOURS.len()];
        if self.colour { Style::new().fg_color(Some(Color::Ansi(colour))) } else { Style::new() }
    }
}

#[cfg(test)]
mod tests {
    use lunch_contract::{InstanceId, Moment};
    use lunch_host::wire::LogKind;

    use super::*;

    fn line(serial: u32, text: &str) -> LogLine {
        LogLine {
            number: 0,
            at: Moment::ZERO,
            time: String::new(),
            kind: LogKind::Function,
            by: InstanceId { serial, index: serial }.into(),
            function: "coffee".into(),
            stream: String::new(),
            request_id: None,
            text: text.into(),
        }
    }

    #[test]
    fn a_line_says_whose_it_is() {
        let look = Look { colour: false, name_width: 8 };
        assert_eq!(look.line(&line(4, "grinding")), "i-0004 coffee   | grinding");
        assert_eq!(look.line(&line(4, "a\u{1b}[2Jb\rc")), "i-0004 coffee   | abc");
    }

    #[test]
    fn of_a_long_line_the_beginning_is_shown_and_it_is_said_how_much_is_not() {
        let long = "ä".repeat(SHOWN_BYTES);
        assert_eq!(shown(&long), format!("{}… (4096 more bytes)", "ä".repeat(SHOWN_BYTES / 2)));
        assert_eq!(shown(&long[..SHOWN_BYTES]), long[..SHOWN_BYTES]);
    }

    #[test]
    fn colours_are_escape_codes_and_nothing_else_changes() {
        let plain = Look { colour: false, name_width: 8 }.line(&line(5, "brewing"));
        let colour = Look { colour: true, name_width: 8 }.line(&line(5, "brewing"));
        assert_ne!(colour, plain);
        assert_eq!(console::strip_ansi_codes(&colour), plain);
    }

    #[tokio::test]
    async fn a_cloud_is_never_held_up_and_the_end_is_reached() {
        let (lines, mut sink) = Lines::begin(Look { colour: false, name_width: 0 });
        sink(&line(0, "handing over"));
        lines.end().await;
    }
}
