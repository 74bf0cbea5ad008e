//! Lines, cut from a stream of bytes.

/// A line longer than this is cut in two. CloudWatch's event limit of many years: 256 KB. Facts 4.1.
const LINE_BYTES_MAX: usize = 256 * 1024;

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

#[cfg(test)]
mod tests {
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
}
