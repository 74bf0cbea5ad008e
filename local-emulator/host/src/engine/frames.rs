//! The output of a container as an engine sends it: frames, each with its stream and its length before it.

/// Before each frame: the stream's number, three zeros, the length in network order.
const HEADER_BYTES: usize = 8;

/// Takes the frames' headers out of what comes, however it is cut into pieces.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// The part of a header that has come.
    header: Vec<u8>,
    /// So much of the frame is still to come.
    left: usize,
}

impl Frames {
    /// What the container wrote, of that piece.
    pub(super) fn cut(&mut self, mut piece: &[u8]) -> Vec<u8> {
        let mut written = Vec::with_capacity(piece.len());
        while !piece.is_empty() {
            if self.left == 0 {
                let wanted = HEADER_BYTES - self.header.len();
                let (of_header, rest) = piece.split_at(wanted.min(piece.len()));
                self.header.extend_from_slice(of_header);
                piece = rest;
                if let &[_, _, _, _, a, b, c, d] = self.header.as_slice() {
                    // 32 bits fit wherever this runs.
                    self.left = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(0);
                    self.header.clear();
                }
                continue;
            }
            let (of_frame, rest) = piece.split_at(self.left.min(piece.len()));
            written.extend_from_slice(of_frame);
            self.left -= of_frame.len();
            piece = rest;
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_put_together_however_they_are_cut() {
        let frame = |stream: u8, text: &str| {
            let length = u32::try_from(text.len()).expect("it is short").to_be_bytes();
            [&[stream, 0, 0, 0], &length[..], text.as_bytes()].concat()
        };
        let sent = [frame(1, "two pat"), frame(2, ""), frame(1, "ties\n"), frame(2, "oh")].concat();
        for size in 1..=sent.len() {
            let mut frames = Frames::default();
            let written: Vec<_> = sent.chunks(size).flat_map(|piece| frames.cut(piece)).collect();
            assert_eq!(written, b"two patties\noh", "in pieces of {size}");
        }
    }
}
