//! What is seen of processes from outside.

use std::fs;
use std::io::Read;
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout};

/// The processes with that text in their environment.
pub(crate) fn holders(token: &str) -> Vec<i32> {
    let pids = fs::read_dir("/proc")
        .expect("there is one")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    let has = |pid: &i32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.windows(token.len()).any(|part| part == token.as_bytes())
    };
    pids.filter(|pid| *pid != std::process::id().cast_signed()).filter(has).collect()
}

/// How many of the processes with that text are `sleep`.
pub(crate) fn sleepers(token: &str) -> usize {
    let is_sleep = |pid: &i32| {
        fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.starts_with(b"sleep\0"))
    };
    holders(token).iter().filter(|pid| is_sleep(pid)).count()
}

/// The states of the processes with that text that are not stopped.
pub(crate) fn states(token: &str) -> String {
    let state = |pid: i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next())
    };
    holders(token).into_iter().filter_map(state).filter(|state| *state != 'T').collect()
}

/// Whether the process is stopped.
pub(crate) fn is_stopped(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives").contains(") T ")
}

/// How many processes have that argument.
pub(crate) fn running(argument: &str) -> usize {
    let entries = fs::read_dir("/proc").expect("there is one").flatten();
    let lines = entries.filter_map(|entry| fs::read_to_string(entry.path().join("cmdline")).ok());
    lines.filter(|line| line.split('\0').any(|one| one == argument)).count()
}

/// Reads all that there is now, and how much it was.
pub(crate) fn drain(output: &fs::File) -> usize {
    let wanted = PollFd::new(output.as_fd(), PollFlags::POLLIN);
    let mut piece = [0; 65_536];
    let mut read = 0;
    while nix::poll::poll(&mut [wanted.clone()], PollTimeout::ZERO).expect("a pipe") > 0 {
        match nix::unistd::read(output, &mut piece).expect("a pipe") {
            0 => break,
            length => read += length,
        }
        if read > 1 << 20 {
            break;
        }
    }
    read
}

/// Reads until there are that many bytes, or the end.
pub(crate) fn read(output: &mut fs::File, bytes: usize) -> String {
    let mut text = Vec::new();
    let mut piece = [0; 256];
    while text.len() < bytes {
        match output.read(&mut piece).expect("the pipe is open") {
            0 => break,
            length => text.extend_from_slice(&piece[..length]),
        }
    }
    String::from_utf8(text).expect("it is text")
}

pub(crate) fn all(mut output: fs::File) -> String {
    let mut text = String::new();
    output.read_to_string(&mut text).expect("it is text");
    text
}

/// Looks again and again; what is waited for is the kernel's to do, and has no event.
pub(crate) fn until(done: impl Fn() -> bool) {
    let bound = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < bound, "not within 20 s");
        std::thread::yield_now();
    }
}
