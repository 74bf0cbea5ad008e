//! What `BuildMethod: makefile` asks for: `make build-<LogicalId>`, which puts the function into `$ARTIFACTS_DIR`.
//!
//! Source: "Building custom runtimes" of the SAM developer guide. `make` runs in the code's own folder, as with
//! `sam build --build-in-source`, so that what was compiled before is used again.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{BuildError, Progress};
use crate::template::Function;

/// Lets make build a function into a folder; how long that took.
pub(super) fn make(
    function: &Function,
    artifacts: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<Duration, BuildError> {
    let target = format!("build-{}", function.logical_id);
    let began = Instant::now();
    let (mut output, told) = std::io::pipe().map_err(BuildError::Make)?;
    let mut command = Command::new("make");
    command.arg(&target).current_dir(&function.code).env("ARTIFACTS_DIR", artifacts);
    command.stdin(Stdio::null());
    command.stdout(told.try_clone().map_err(BuildError::Make)?).stderr(told);
    let mut child = command.spawn().map_err(BuildError::Make)?;
    // It holds the writing ends, and the lines below would not end before they do.
    drop(command);
    tell_lines(&mut output, progress);
    let status = child.wait().map_err(BuildError::Make)?;
    if status.success() {
        return Ok(began.elapsed());
    }
    Err(BuildError::MakeFailed { function: function.name.clone(), target, status })
}

fn tell_lines(output: &mut impl Read, progress: &mut dyn FnMut(Progress)) {
    let mut lines = BufReader::new(output).split(b'\n');
    while let Some(Ok(line)) = lines.next() {
        progress(Progress::Said(String::from_utf8_lossy(&line).into_owned()));
    }
}
