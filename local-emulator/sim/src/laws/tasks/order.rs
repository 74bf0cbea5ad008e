//! Containers start after what they wait for, and end before it.

use lunch_cloud::ecs::{ContainerPhase, Record};
use lunch_contract::Moment;
use lunch_contract::ecs::{DependencyCondition, HealthStatus};

use super::book::Pot;
use super::{Book, Law};
use crate::laws::{Step, Verdict, require};

#[derive(Debug, Default)]
pub(super) struct Order;

impl Law for Order {
    fn name(&self) -> &'static str {
        "order"
    }

    fn record(&mut self, book: &Book, _: &Step<'_>, _: Moment, record: &Record) -> Verdict {
        let Record::Container { run, from, to } = record else { return Ok(()) };
        let Some((config, guest)) = book.config(run.task).zip(book.tasks.get(&run.task)) else {
            return Ok(());
        };
        let number = usize::from(run.container);
        if (*from, *to) == (ContainerPhase::Waiting, ContainerPhase::Starting) {
            let mut on = config.containers[number].depends_on.iter();
            let missing = on.find(|one| {
                !has_come(one.condition, &guest.containers[usize::from(one.container)])
            });
            require(missing.is_none(), || format!("{run} starts before {missing:?} has come"))?;
        }
        if *to == ContainerPhase::Stopping {
            let mut others = config.containers.iter().zip(&guest.containers);
            let still = others.find(|(other, pot)| {
                let depends =
                    other.depends_on.iter().any(|one| usize::from(one.container) == number);
                depends && pot.phase != ContainerPhase::Ended
            });
            require(still.is_none(), || format!("{run} is asked to end, and another needs it"))?;
        }
        Ok(())
    }
}

/// Whether it ended with success is not looked at.
fn has_come(condition: DependencyCondition, pot: &Pot) -> bool {
    match condition {
        DependencyCondition::Start => pot.ran,
        DependencyCondition::Complete | DependencyCondition::Success => {
            pot.phase == ContainerPhase::Ended
        }
        DependencyCondition::Healthy => pot.health == HealthStatus::Healthy,
    }
}
