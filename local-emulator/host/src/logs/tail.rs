//! The tail of a request's log. Facts 4.3.

/// `X-Amz-Log-Result` carries the last 4 KB. M:lambda Invoke.
const TAIL_BYTES: usize = 4 * 1024;

/// The last bytes of one request's log.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    text: String,
}

impl Tail {
    /// Adds a line and forgets what is more than the last 4 KB.
    pub(crate) fn push(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
        if self.text.len() > 2 * TAIL_BYTES {
            self.trim();
        }
    }

    /// All of it.
    pub(crate) fn finish(mut self) -> String {
        self.trim();
        self.text
    }

    fn trim(&mut self) {
        let surplus = self.text.len().saturating_sub(TAIL_BYTES);
        let from = (surplus..=self.text.len())
            .find(|&position| self.text.is_char_boundary(position))
            .unwrap_or(self.text.len());
        self.text.drain(..from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_is_the_last_4_kb() {
        let mut tail = Tail::default();
        for number in 0..10_000 {
            tail.push(&format!("line {number}, with ümläüts"));
        }
        let text = tail.finish();
        assert!(text.len() <= TAIL_BYTES && text.len() > TAIL_BYTES - 8, "{}", text.len());
        assert!(text.ends_with("line 9998, with ümläüts\nline 9999, with ümläüts\n"), "{text}");
    }

    #[test]
    fn a_short_tail_is_whole() {
        let mut tail = Tail::default();
        tail.push("grind");
        tail.push("brew");
        assert_eq!(tail.finish(), "grind\nbrew\n");
    }
}
