//! Writing: the answer to stdout, everything beside it to stderr. A reader that has gone away is no error.

use std::io::{self, Write};

/// The answer, as it is.
pub(crate) fn answer(text: impl AsRef<[u8]>) {
    let mut out = io::stdout().lock();
    drop(out.write_all(text.as_ref()).and_then(|()| out.flush()));
}

/// Something beside the answer, as a line.
pub(crate) fn beside(line: impl AsRef<str>) {
    let mut err = io::stderr().lock();
    let line = line.as_ref();
    let end = if line.ends_with('\n') { "" } else { "\n" };
    drop(write!(err, "{line}{end}"));
}
