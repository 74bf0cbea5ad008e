//! Processes that outlived their cloud, found by the token that every function's environment carries.

use std::fmt;
use std::fs;

use crate::pace::wait_until;

/// The variable that carries the token.
pub(crate) const TOKEN: &str = "LUNCH_TESTS_TOKEN";

/// A process that is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survivor {
    /// Its process id.
    pub pid: u32,
    /// Its command line.
    pub command: String,
}

impl fmt::Display for Survivor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} (`{}`)", self.pid, self.command)
    }
}

/// All living processes with that token in their environment, by process id.
#[must_use]
pub fn survivors(token: &str) -> Vec<Survivor> {
    let sought = format!("{TOKEN}={token}\0");
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let mut left: Vec<_> = pids.filter_map(|pid| survivor(pid, sought.as_bytes())).collect();
    left.sort_by_key(|survivor| survivor.pid);
    left
}

/// A zombie has no environment any more, and is none.
fn survivor(pid: u32, sought: &[u8]) -> Option<Survivor> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    if !environment.windows(sought.len()).any(|part| part == sought) {
        return None;
    }
    let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let command = String::from_utf8_lossy(&command).replace('\0', " ").trim().to_owned();
    Some(Survivor { pid, command })
}

/// Waits until no process with that token is left.
///
/// # Panics
/// If one stays.
#[track_caller]
pub fn expect_none_left(token: &str) {
    wait_until("nothing of the cloud is left", || match survivors(token).as_slice() {
        [] => Ok(()),
        left => Err(left.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    });
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_process_is_found_by_its_token_until_it_is_gone() {
        let token = format!("survivors-{}", std::process::id());
        let mut cat = Command::new("cat");
        let mut cat = cat.env(TOKEN, &token).stdin(Stdio::piped()).spawn().unwrap();
        wait_until("it runs", || match survivors(&token).as_slice() {
            [one] if one.pid == cat.id() && one.command == "cat" => Ok(()),
            other => Err(format!("{other:?}")),
        });
        assert_eq!(survivors(&token[1..]), [], "another token");
        drop(cat.stdin.take());
        expect_none_left(&token);
        cat.wait().unwrap();
    }
}
