//! What the program `lunch` does: arguments, human output, exit codes.
//!
//! A library, with a program that only calls it: cargo compiles a library beside the ones that it depends on, and a
//! program only after them, which is half a minute of a newcomer's first build.

mod args;
mod behaviour;
mod choose;
mod commands;
mod compare;
mod door;
mod ending;
mod failure;
#[cfg(test)]
mod fake_cloud;
mod lines;
mod orders;
mod progress;
mod samconfig;
mod say;
mod settings;
mod span;
mod story;
mod summary;
mod task_names;
mod terminal;
mod timeline;
#[cfg(test)]
mod virtual_kitchen;
#[cfg(test)]
mod virtual_lunch;
mod watch;

use std::process::ExitCode;

use args::Command;
use commands::{
    advance, check, choose as pick, cloud, compare as measure, evict, guard, invoke, logs, ps,
    queue, replay, rush, task, timeline as draw, up,
};
use failure::{Code, Failure, OrFail as _};
use tokio::runtime::{Builder, LocalOptions};

/// Runs the command that the process's arguments ask for, and says with which status the process is to end.
///
/// It reads the arguments and the environment, and writes to standard output and error; nothing but a program's `main`
/// calls it, once, before there is any other thread.
pub fn run() -> ExitCode {
    let ended = match args::read() {
        Ok(command) => obey(command),
        Err(code) => Ok(code),
    };
    ended.unwrap_or_else(|failure| failure.tell()).into()
}

fn obey(command: Command) -> Result<Code, Failure> {
    match command {
        // The supervisor is made before there is any thread.
        Command::Up(asked) => cloud::supervisor().and_then(|own| wait_for(up::run(asked, own))),
        Command::Rush(asked) => cloud::supervisor().and_then(|own| wait_for(rush::run(asked, own))),
        Command::Compare(asked) => {
            cloud::supervisor().and_then(|own| wait_for(measure::run(asked, own)))
        }
        Command::Invoke(asked) => wait_for(invoke::run(asked)),
        Command::Ps(asked) => wait_for(ps::run(asked)),
        Command::Logs(asked) => wait_for(logs::run(asked)),
        Command::Timeline(asked) => wait_for(draw::run(asked)),
        Command::Queue(asked) => wait_for(queue::run(asked)),
        Command::Advance(asked) => wait_for(advance::run(asked)),
        Command::Evict(asked) => wait_for(evict::run(asked)),
        Command::Task(asked) => wait_for(task::run(asked)),
        Command::Check(asked) => check::run(&asked),
        Command::Replay(asked) => replay::run(asked),
        Command::Choose(asked) => pick::run(&asked),
        Command::Guard(asked) => wait_for(guard::run(asked)),
    }
}

fn wait_for(work: impl Future<Output = Result<Code, Failure>> + 'static) -> Result<Code, Failure> {
    let mut runtime = Builder::new_current_thread();
    let runtime = runtime.enable_all().build_local(LocalOptions::default()).or_fail(Code::Fault)?;
    // A task like all others: what is blocked on is polled after each of them.
    let ended = runtime.block_on(runtime.spawn_local(work));
    let ended = ended.unwrap_or_else(|end| std::panic::resume_unwind(end.into_panic()));
    // Nothing that still hangs is waited for.
    runtime.shutdown_background();
    ended
}
