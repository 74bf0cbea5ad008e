//! How many tasks of a service there may be, how many have to be healthy, and who has to be alone.

use lunch_cloud::ecs::{Origin, Record};
use lunch_contract::Moment;
use lunch_contract::ecs::{ServiceStatus, StopReason};

use super::{Book, Law};
use crate::laws::{Step, Verdict, require};

/// No service has more tasks that are to run than `maximumPercent` of those it wants.
#[derive(Debug, Default)]
pub(super) struct Maximum;

impl Law for Maximum {
    fn name(&self) -> &'static str {
        "maximum"
    }

    fn check(&mut self, book: &Book, _: &Step<'_>) -> Verdict {
        for (service, kept) in &book.services {
            let alive = book.of(*service).filter(|guest| guest.is_alive()).count();
            let most = match kept.status {
                ServiceStatus::Active => kept.config.percents.most(kept.config.desired),
                ServiceStatus::Draining | ServiceStatus::Inactive => 0,
            };
            let holds = alive <= most as usize || book.is_over;
            require(holds, || format!("{service} has {alive} tasks, and {most} are the most"))?;
        }
        Ok(())
    }
}

/// No service ends a healthy task of its own accord that it needs for `minimumHealthyPercent`.
#[derive(Debug, Default)]
pub(super) struct Minimum;

impl Law for Minimum {
    fn name(&self) -> &'static str {
        "minimum"
    }

    fn record(&mut self, book: &Book, _: &Step<'_>, at: Moment, record: &Record) -> Verdict {
        let Record::Task { task, reason: Some(StopReason::Scaling { .. }), .. } = record else {
            return Ok(());
        };
        let Some(guest) = book.tasks.get(task).filter(|guest| guest.is_alive() && guest.counts)
        else {
            return Ok(());
        };
        let Origin::Service { service, .. } = guest.origin else {
            return Err(format!("{task} is scaled and is no service's"));
        };
        let Some(kept) = book.services.get(&service) else { return Ok(()) };
        if kept.status != ServiceStatus::Active || book.has_fixed_port(kept) {
            return Ok(());
        }
        let left = book.of(service).filter(|one| one.is_alive() && one.counts).count() - 1;
        let least = kept.config.percents.least_healthy(kept.config.desired);
        require(left >= least as usize, || {
            format!("at {at} {task} is ended and leaves {left} healthy ones, of {least} at least")
        })
    }
}

/// Of a task definition with a fixed host port there are never two tasks.
#[derive(Debug, Default)]
pub(super) struct Alone;

impl Law for Alone {
    fn name(&self) -> &'static str {
        "alone"
    }

    fn check(&mut self, book: &Book, _: &Step<'_>) -> Verdict {
        for (id, config) in &book.definitions {
            let of = |guest: &&super::book::Guest| guest.definition == *id && !guest.is_stopped();
            let count = book.tasks.values().filter(of).count();
            let holds = !config.one_at_a_time || count <= 1;
            require(holds, || format!("{count} tasks of {id} are there, whose port is fixed"))?;
        }
        Ok(())
    }
}
