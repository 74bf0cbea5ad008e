//! Why a process did not start: in AWS's kinds, and for a human.

use std::ffi::OsStr;
use std::path::Path;

use lunch_contract::SpawnFailure;
use nix::errno::Errno;

use super::message::Step;

pub(super) fn kind(step: Step, errno: i32) -> SpawnFailure {
    match (step, Errno::from_raw(errno)) {
        (Step::Execute, Errno::ENOENT) => SpawnFailure::Missing,
        (Step::Execute, Errno::EACCES) => SpawnFailure::PermissionDenied,
        (Step::Execute, Errno::ENOEXEC) => SpawnFailure::ExecFormat,
        (
            Step::Clone
            | Step::Session
            | Step::Output
            | Step::Limit
            | Step::Folder
            | Step::Execute
            | Step::Code
            | Step::ReadOnly
            | Step::Temporary,
            _,
        ) => SpawnFailure::Host { errno },
    }
}

const HINTS: [(Errno, &str); 5] = [
    (Errno::E2BIG, "\n(make its environment variables smaller)"),
    (Errno::EMFILE, "\n(raise the limit of open files: `ulimit -n`)"),
    (Errno::ENFILE, "\n(raise the limit of open files: `ulimit -n`)"),
    (Errno::EAGAIN, "\n(raise the limit of processes: `ulimit -u`)"),
    (Errno::ETXTBSY, "\n(it is being written: try again when its build is done)"),
];

pub(super) fn sentence(program: &OsStr, step: Step, errno: i32) -> String {
    let is_there = Path::new(program).exists();
    let program = program.display();
    match kind(step, errno) {
        SpawnFailure::Missing if is_there => format!(
            "`{program}` is there, and what is to interpret it is not\n(see its first line, or the loader that it was linked for)"
        ),
        SpawnFailure::Missing => format!("there is no `{program}`\n(build the function again)"),
        SpawnFailure::PermissionDenied => {
            format!("`{program}` may not be executed\n(`chmod +x {program}`)")
        }
        SpawnFailure::ExecFormat => {
            format!("`{program}` is no program for this machine\n(build it for the host)")
        }
        SpawnFailure::Host { errno } => {
            let why = Errno::from_raw(errno);
            let hint = HINTS.iter().find(|(errno, _)| *errno == why).map_or("", |(_, hint)| hint);
            format!(
                "`{program}` could not be started: {} failed: {}{hint}",
                step.word(),
                why.desc()
            )
        }
    }
}
