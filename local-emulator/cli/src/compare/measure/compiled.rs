//! What the compiler says of two programs that differ in a lock: thread safety, asked for and not believed.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::{env, fs, process};

use crate::compare::figures::Compiled;
use crate::failure::{Code, Failure, OrFail as _};

/// Two threads add to one count, with nothing between them.
const RACE: &str = "\
pub fn race() -> u32 {
    let count = std::cell::Cell::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| count.set(count.get() + 1));
        }
    });
    count.get()
}
";

/// The same, with a lock.
const LOCKED: &str = "\
pub fn locked() -> u32 {
    let count = std::sync::Mutex::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| count.lock().map(|mut count| *count += 1).is_ok());
        }
    });
    count.into_inner().unwrap_or_default()
}
";

/// Asks the compiler.
pub(crate) fn measure() -> Result<Compiled, Failure> {
    let version = rustc().arg("--version").output().or_fail_with(Code::Build, without)?;
    let version = String::from_utf8_lossy(&version.stdout);
    // `rustc 1.90.0 (1159e78c4 2025-09-14)`: the rest is of no interest.
    let rustc = version.split(" (").next().unwrap_or_default().trim().to_owned();
    Ok(Compiled {
        rustc,
        refused_with: errors_of(RACE)?,
        takes_locked: errors_of(LOCKED)?.is_empty(),
    })
}

fn rustc() -> Command {
    Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

fn without() -> &'static str {
    "`rustc` does not run, which is asked what it thinks of a data race\n(install Rust, or name a compiler in the variable `RUSTC`)"
}

/// The codes of the errors that a program has.
fn errors_of(program: &str) -> Result<Vec<String>, Failure> {
    let out = env::temp_dir().join(format!("lunch-compare-{}.rmeta", process::id()));
    let mut command = rustc();
    command.args(["--edition", "2024", "--crate-name", "race", "--crate-type", "lib"]);
    command.args(["--emit", "metadata", "-o"]).arg(&out).arg("-");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().or_fail_with(Code::Build, without)?;
    if let Some(mut to) = child.stdin.take() {
        to.write_all(program.as_bytes()).or_fail(Code::Build)?;
    }
    let output = child.wait_with_output().or_fail(Code::Build)?;
    // There is none where the program was refused.
    drop(fs::remove_file(out));
    let said = String::from_utf8_lossy(&output.stderr);
    let codes: Vec<_> = said.lines().filter_map(code).map(str::to_owned).collect();
    if output.status.success() || !codes.is_empty() {
        return Ok(codes);
    }
    let sentence = format!(
        "`rustc` ended with {} and no error of the program: {}",
        output.status,
        said.trim_end()
    );
    Err(Failure::new(Code::Build, sentence))
}

/// `E0277` of `error[E0277]: ...`.
fn code(line: &str) -> Option<&str> {
    line.strip_prefix("error[")?.split(']').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiler_refuses_a_race_by_its_error_and_takes_the_same_with_a_lock() {
        let compiled = measure().expect("there is a compiler where this was compiled");
        assert_eq!(compiled.refused_with, ["E0277"]);
        assert!(compiled.takes_locked && compiled.rustc.starts_with("rustc 1."), "{compiled:?}");
    }
}
