//! Health is what checks said in time, and an unhealthy task of a service does not stay.

use lunch_cloud::drive::Input;
use lunch_cloud::ecs::{Event, Record};
use lunch_contract::Moment;
use lunch_contract::ecs::{HealthStatus, TaskStatus};

use super::book::Guest;
use super::{Book, Law};
use crate::laws::{Step, Verdict, require};

#[derive(Debug, Default)]
pub(super) struct Health;

impl Law for Health {
    fn name(&self) -> &'static str {
        "health"
    }

    fn record(&mut self, book: &Book, step: &Step<'_>, _: Moment, record: &Record) -> Verdict {
        match record {
            Record::Health { run, health: HealthStatus::Healthy } => {
                let said = matches!(step.input,
                    Input::Ecs(Event::Checked { run: of, healthy: true, .. }) if of == run);
                require(said, || format!("{run} is HEALTHY, and no check said so"))
            }
            Record::Health { run, health: HealthStatus::Unhealthy } => {
                let said = matches!(step.input,
                    Input::Ecs(Event::Checked { run: of, healthy: true, .. }) if of == run);
                require(!said, || format!("{run} is UNHEALTHY, and its check said that it is not"))
            }
            Record::Counted { task, healthy: true } => {
                let Some(guest) = book.tasks.get(task) else { return Ok(()) };
                let health = health(book, guest);
                let holds = guest.status == TaskStatus::Running
                    && health.is_none_or(|health| health == HealthStatus::Healthy);
                require(holds, || format!("{task} counts as healthy, {:?}", guest.status))
            }
            Record::Health { .. }
            | Record::Placed { .. }
            | Record::Task { .. }
            | Record::Container { .. }
            | Record::Exited { .. }
            | Record::Counted { .. }
            | Record::Deployed { .. }
            | Record::Rollout { .. }
            | Record::DeploymentGone { .. }
            | Record::Service { .. }
            | Record::Said { .. } => Ok(()),
        }
    }

    fn check(&mut self, book: &Book, _: &Step<'_>) -> Verdict {
        for (task, guest) in &book.tasks {
            let is_sick = health(book, guest) == Some(HealthStatus::Unhealthy);
            let stays = is_sick && guest.is_alive() && guest.service().is_some();
            require(!stays, || format!("{task} is UNHEALTHY and its service keeps it"))?;
        }
        Ok(())
    }
}

/// Of a task whose essential containers have checks.
fn health(book: &Book, guest: &Guest) -> Option<HealthStatus> {
    let config = book.definitions.get(&guest.definition)?;
    let all = config.containers.iter().zip(&guest.containers);
    let checked = all.filter(|(one, _)| one.essential && one.health_check.is_some());
    let health: Vec<_> = checked.map(|(_, pot)| pot.health).collect();
    (!health.is_empty()).then(|| HealthStatus::of_task(health))
}
