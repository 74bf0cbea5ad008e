//! The container engine of a cloud whose tasks are containers: found before anything is built, tidied up, guarded.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use lunch_host::engine::{Engine, Owner};

use crate::args::TasksAs;
use crate::commands::cloud::Plan;
use crate::failure::{Code, Failure, OrFail as _};
use crate::say;

/// A process that outlives this one for a moment, however this one ends, and removes its containers from the engine. It
/// waits for the end of its stdin, of which nobody else has the other side.
#[derive(Debug)]
pub(super) struct Guard(Child);

/// Has the plan's services run as containers, of the engine that there is.
pub(super) async fn find(plan: &mut Plan) -> Result<Guard, Failure> {
    let variable = |name: &str| std::env::var(name).ok();
    let engine = Engine::find(variable, Owner::here(&plan.folder)).await.or_fail(Code::Input)?;
    let unable = || "the container engine does not do as asked";
    let left = engine.clear().await.or_fail_with(Code::Input, unable)?;
    if left > 0 {
        let of = if left == 1 { "1 container".to_owned() } else { format!("{left} containers") };
        say::beside(format!("{of} of a `lunch` that has ended: removed"));
    }
    let guard = Guard::start(&engine).or_fail(Code::Fault)?;
    plan.tasks_as = TasksAs::Container;
    plan.config.engine = Some(engine);
    Ok(guard)
}

impl Guard {
    fn start(engine: &Engine) -> std::io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("guard").arg(engine.address().to_string()).arg(engine.owner().process());
        // A Ctrl-C is for this process alone.
        command.env_clear().process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map(Self)
    }

    /// Tells it that this is an orderly end, and waits until it has seen that nothing is left.
    pub(super) fn end(mut self) {
        if let Some(mut stdin) = self.0.stdin.take() {
            // Where it does not listen it has ended.
            stdin.write_all(b"all is over").ok();
        }
        // There is nothing to be done where it was killed.
        self.0.wait().ok();
    }
}
