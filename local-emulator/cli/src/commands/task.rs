//! `lunch task scale|stop`: a running cloud's services and tasks, disturbed.

use lunch_host::wire::{ScaleService, ScaledService, StopTask, StoppedTask};

use crate::args::{self, TaskCommand};
use crate::door::Door;
use crate::failure::{Code, Failure};
use crate::say;

pub(crate) async fn run(asked: args::Task) -> Result<Code, Failure> {
    match asked.what {
        TaskCommand::Scale { service, tasks, door } => {
            let wanted = ScaleService { service, desired: tasks };
            let scaled = Door::new(door.port).ask("/_lunch/scale", &wanted).await?;
            say::answer(as_scaled(&wanted, &scaled));
        }
        TaskCommand::Stop { task, door } => {
            let stopped = Door::new(door.port).ask("/_lunch/stop", &StopTask { task }).await?;
            say::answer(as_stopped(&stopped));
        }
    }
    Ok(Code::Done)
}

fn as_scaled(wanted: &ScaleService, ScaledService { before }: &ScaledService) -> String {
    let ScaleService { service, desired } = wanted;
    let tasks = if *desired == 1 { "task" } else { "tasks" };
    if before == desired {
        return format!("`{service}` is to run {desired} {tasks}, as before\n");
    }
    format!(
        "`{service}` is to run {desired} {tasks}, and not {before} (`lunch ps` shows how far it is)\n"
    )
}

fn as_stopped(StoppedTask { task, service }: &StoppedTask) -> String {
    match service {
        Some(service) => {
            format!("{task} is told to end; `{service}` replaces it, if it wants as many\n")
        }
        None => format!("{task} is told to end\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_is_scaled_is_told_with_what_it_had() {
        let wanted = ScaleService { service: "burger".to_owned(), desired: 3 };
        let told = "`burger` is to run 3 tasks, and not 1 (`lunch ps` shows how far it is)\n";
        assert_eq!(as_scaled(&wanted, &ScaledService { before: 1 }), told);
        let told = "`burger` is to run 3 tasks, as before\n";
        assert_eq!(as_scaled(&wanted, &ScaledService { before: 3 }), told);
    }

    #[test]
    fn a_task_that_is_stopped_is_told_with_who_replaces_it() {
        let mut stopped = StoppedTask { task: "task-0004".to_owned(), service: None };
        assert_eq!(as_stopped(&stopped), "task-0004 is told to end\n");
        stopped.service = Some("burger".to_owned());
        let told = "task-0004 is told to end; `burger` replaces it, if it wants as many\n";
        assert_eq!(as_stopped(&stopped), told);
    }
}
