//! Lines: cut from a stream of bytes, and the last ones kept.

use std::collections::VecDeque;
use std::fmt::Write as _;

use crate::wire::LogLine;

/// A line longer than this is cut in two. CloudWatch's event limit of many years: 256 KB. Facts 4.1.
const LINE_BYTES_MAX: usize = 256 * 1024;

/// Lines kept per instance.
const KEPT_LINES: usize = 128;

/// Bytes of them kept per instance.
const KEPT_BYTES: usize = 16 * 1024;

/// Room for the words that say how much of a line was left out.
const LEFT_OUT_BYTES: usize = 48;

/// Cuts lines from pieces of output.
#[derive(Debug, Default)]
pub(crate) struct LineCutter {
    partial: Vec<u8>,
}

impl LineCutter {
    /// Takes a piece and gives each line that it completes, without its end.
    pub(crate) fn cut(&mut self, mut piece: &[u8], mut line: impl FnMut(&str)) {
        while let Some(end) = piece.iter().position(|&byte| byte == b'\n') {
            if self.partial.is_empty() {
                emit(&piece[..end], &mut line);
            } else {
                self.partial.extend_from_slice(&piece[..end]);
                self.flush(&mut line);
            }
            piece = &piece[end + 1..];
        }
        self.partial.extend_from_slice(piece);
        if self.partial.len() >= LINE_BYTES_MAX {
            self.flush(&mut line);
        }
    }

    /// Gives what has no end yet as a line of its own: the output has ended.
    pub(crate) fn end(&mut self, mut line: impl FnMut(&str)) {
        if !self.partial.is_empty() {
            self.flush(&mut line);
        }
    }

    fn flush(&mut self, line: &mut impl FnMut(&str)) {
        emit(&self.partial, line);
        self.partial = Vec::new();
    }
}

fn emit(bytes: &[u8], line: &mut impl FnMut(&str)) {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    line(&String::from_utf8_lossy(bytes));
}

/// Cuts a text that alone would not fit, and says how much was left out.
fn shorten(text: &mut String) {
    if text.len() > KEPT_BYTES {
        let whole = text.len();
        text.truncate(text.floor_char_boundary(KEPT_BYTES - LEFT_OUT_BYTES));
        let more = whole - text.len();
        write!(text, "… ({more} more bytes)").expect("a string takes what is written");
        text.shrink_to_fit();
    }
}

/// The last lines of an instance.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    kept: VecDeque<LogLine>,
    bytes: usize,
}

impl Lines {
    /// Keeps a line, and forgets old ones to stay within bounds. The newest is always kept, cut to the same bound.
    pub(crate) fn keep(&mut self, mut line: LogLine) {
        shorten(&mut line.text);
        self.bytes += line.text.len();
        self.kept.push_back(line);
        while self.kept.len() > KEPT_LINES || (self.bytes > KEPT_BYTES && self.kept.len() > 1) {
            let forgotten = self.kept.pop_front().expect("there are more lines than one");
            self.bytes -= forgotten.text.len();
        }
    }

    /// The lines that are kept, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &LogLine> {
        self.kept.iter()
    }
}

#[cfg(test)]
mod tests {
    use lunch_contract::{InstanceId, Moment};

    use super::*;

    fn cut(pieces: &[&[u8]]) -> Vec<String> {
        let mut cutter = LineCutter::default();
        let mut lines = Vec::new();
        for piece in pieces {
            cutter.cut(piece, |line| lines.push(line.to_owned()));
        }
        cutter.end(|line| lines.push(line.to_owned()));
        lines
    }

    #[test]
    fn a_line_may_come_in_pieces() {
        assert_eq!(
            cut(&[b"gri", b"nd\nbr", b"ew\n\nhand over"]),
            ["grind", "brew", "", "hand over"]
        );
    }

    #[test]
    fn an_end_of_line_may_be_of_the_other_kind() {
        assert_eq!(cut(&[b"one\r\ntwo\r\n"]), ["one", "two"]);
    }

    #[test]
    fn what_is_not_text_is_shown_as_such() {
        assert_eq!(cut(&[b"\xffbean\n"]), ["\u{fffd}bean"]);
    }

    #[test]
    fn a_line_without_an_end_is_cut_in_two() {
        let lines = cut(&[&[b'a'; LINE_BYTES_MAX], b"b\n"]);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1], "b");
    }

    #[test]
    fn old_lines_are_forgotten() {
        let line = |text: String| LogLine {
            at: Moment::ZERO,
            instance: InstanceId { serial: 0, index: 0 },
            function: String::new(),
            request_id: None,
            text,
        };
        let mut lines = Lines::default();
        for number in 0..1_000 {
            lines.keep(line(number.to_string()));
        }
        assert_eq!(lines.iter().count(), KEPT_LINES);
        assert_eq!(lines.iter().last().map(|line| line.text.as_str()), Some("999"));

        lines.keep(line("x".repeat(KEPT_BYTES)));
        assert_eq!(lines.iter().count(), 1, "one long line fills the room of all");

        lines.keep(line("ä".repeat(LINE_BYTES_MAX / 2)));
        let kept = &lines.iter().last().expect("the newest is kept").text;
        assert!(kept.len() <= KEPT_BYTES, "{} bytes are kept", kept.len());
        let (text, more) = kept.split_once("… (").expect("it is said that it was cut");
        assert_eq!(more, format!("{} more bytes)", LINE_BYTES_MAX - text.len()));
    }
}
