//! What a process has left behind: processes that outlive it, in whatever session they are.
//!
//! A process whose parent has ended is a child of the supervisor's. Whose it was is told by its mount namespace,
//! which each instance's process has its own of; without namespaces by the Runtime API's address in its environment.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How the processes of one instance are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// By this mount namespace.
    Mounts(u64),
    /// By this variable of their environment.
    Variable(String),
    /// Not at all.
    None,
}

/// What every process of an instance has in its environment, and no other's has with that value.
const VARIABLE: &str = "AWS_LAMBDA_RUNTIME_API";

impl Mark {
    /// How what a process that has just started leaves behind will be known.
    pub(super) fn of(pid: Pid, groups_only: bool, environment: &[(String, String)]) -> Self {
        let mounts = if groups_only { None } else { mounts(pid) };
        let variable = || environment.iter().find(|(name, _)| name == VARIABLE);
        match mounts {
            Some(inode) => Self::Mounts(inode),
            None => variable()
                .map_or(Self::None, |(name, value)| Self::Variable(format!("{name}={value}"))),
        }
    }

    /// What a child of the supervisor's is to the instance of this mark.
    fn kinship(&self, pid: Pid) -> Kinship {
        let found = match self {
            Self::Mounts(inode) => mounts(pid).map(|mounts| mounts == *inode),
            Self::Variable(variable) => environment(pid)
                .map(|all| all.split(|byte| *byte == 0).any(|one| one == variable.as_bytes())),
            Self::None => Some(false),
        };
        match found {
            Some(true) => Kinship::Leftover,
            Some(false) => Kinship::Stranger,
            None if is_ending(pid) => Kinship::Ending,
            None => Kinship::Stranger,
        }
    }
}

/// Whose a child of the supervisor's is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kinship {
    /// The instance's.
    Leftover,
    /// Nobody can tell any more: it is ending. What it has started becomes the supervisor's with its end.
    Ending,
    /// Another's.
    Stranger,
}

fn mounts(pid: Pid) -> Option<u64> {
    fs::metadata(format!("/proc/{pid}/ns/mnt")).ok().map(|metadata| metadata.ino())
}

/// A process's environment. In the middle of an `exec` it has none for a moment, which is waited out.
fn environment(pid: Pid) -> Option<Vec<u8>> {
    const LOOKS_MAX: usize = 1_000;
    for _ in 0..LOOKS_MAX {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        if !environment.is_empty() {
            return Some(environment);
        }
        if is_ending(pid) {
            return None;
        }
        std::thread::yield_now();
    }
    None
}

/// Whether a process has ended or is about to.
fn is_ending(pid: Pid) -> bool {
    const EXITING: u64 = 0x4;
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return true };
    // The name stands in parentheses and may have anything in it; the flags are the seventh field after it.
    let Some((_, rest)) = stat.rsplit_once(") ") else { return true };
    let flags = rest.split(' ').nth(6).and_then(|flags| flags.parse::<u64>().ok());
    rest.starts_with(['Z', 'X']) || flags.is_some_and(|flags| flags & EXITING != 0)
}

/// Kills every orphan with that mark, and how many have to be waited for until it is looked again. Their own end may
/// leave more behind.
pub(super) fn end(mark: &Mark, is_main: impl Fn(Pid) -> bool) -> usize {
    if *mark == Mark::None {
        return 0;
    }
    let orphans = children().into_iter().filter(|pid| !is_main(*pid));
    let waited_for = orphans.filter(|pid| match mark.kinship(*pid) {
        Kinship::Leftover => kill(*pid, Signal::SIGKILL).is_ok(),
        Kinship::Ending => true,
        Kinship::Stranger => false,
    });
    waited_for.count()
}

/// Kills every child of this process.
pub(super) fn end_all_children() {
    for pid in children() {
        kill(pid, Signal::SIGKILL).ok();
    }
}

/// The children of this process.
fn children() -> Vec<Pid> {
    let own = std::process::id();
    let listed = fs::read_to_string(format!("/proc/self/task/{own}/children"));
    let parse = |text: String| {
        text.split_ascii_whitespace()
            .filter_map(|pid| pid.parse().ok().map(Pid::from_raw))
            .collect()
    };
    listed.map(parse).unwrap_or_else(|_| children_by_parent(own))
}

/// The same where the kernel keeps no list: by looking at everybody's parent.
fn children_by_parent(own: u32) -> Vec<Pid> {
    let Ok(all) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| parent(*pid) == Some(own)).map(Pid::from_raw).collect()
}

fn parent(pid: i32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in parentheses and may have anything in it.
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?.parse().ok()
}
