//! Processes that outlive the request that started them: this same program, started again as a child.
//!
//! A child knows what to do from its environment; it prints for as long as anybody lets it live.

use std::env;
use std::io;
use std::process::{Command, ExitCode};
use std::thread::sleep;
use std::time::Duration;

use crate::state;
use crate::step::Child;

const EVERY_MS: &str = "SCRIPTED_CHILD_EVERY_MS";
const PRINT: &str = "SCRIPTED_CHILD_PRINT";
const SETSID: &str = "SCRIPTED_CHILD_SETSID";
const ORPHAN: &str = "SCRIPTED_CHILD_ORPHAN";

/// Starts the child and tells its process id; that of the first child when an orphan was asked for.
pub(crate) fn start(child: &Child) -> io::Result<u32> {
    let mut command = Command::new(env::current_exe()?);
    command.env(EVERY_MS, child.every_ms.to_string()).env(PRINT, &child.print);
    if child.setsid {
        command.env(SETSID, "1");
    }
    if child.orphan {
        command.env(ORPHAN, "1");
    }
    let mut started = command.spawn()?;
    let pid = started.id();
    if child.orphan {
        started.wait()?;
    }
    Ok(pid)
}

/// Whether this process is such a child.
pub(crate) fn is_child() -> bool {
    env::var_os(EVERY_MS).is_some()
}

/// What a child does.
pub(crate) fn run() -> ExitCode {
    if env::var_os(SETSID).is_some()
        && let Err(error) = nix::unistd::setsid()
    {
        state::print_err(&format!("scripted: no session of its own: {error}"));
        return ExitCode::FAILURE;
    }
    if env::var_os(ORPHAN).is_some() {
        return orphan();
    }
    let every_ms = env::var(EVERY_MS).ok().and_then(|ms| ms.parse().ok()).unwrap_or(1000);
    let line = env::var(PRINT).unwrap_or_default();
    loop {
        state::print(&line);
        sleep(Duration::from_millis(every_ms));
    }
}

/// Starts the one that prints and ends, so that it is left without a parent.
fn orphan() -> ExitCode {
    let started = env::current_exe()
        .and_then(|program| Command::new(program).env_remove(ORPHAN).env_remove(SETSID).spawn());
    match started {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            state::print_err(&format!("scripted: no orphan: {error}"));
            ExitCode::FAILURE
        }
    }
}
