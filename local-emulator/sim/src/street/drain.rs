//! The end of a street's run: nothing goes wrong any more, and everything comes to its end.

use std::time::Duration;

use lunch_cloud::Event;
use lunch_cloud::sqs;
use lunch_contract::FunctionId;

use super::driver::{Outlook, Street};
use super::people::Task;
use super::plan::MappingPlan;
use crate::laws::street::DRAINS;
use crate::run::Broken;

/// Within so many steps and so much time a street is empty, or it never will be.
const STEPS: u64 = 100_000;
const TIME: Duration = Duration::from_secs(86_400);

impl Street<'_> {
    pub(super) fn drain(&mut self) -> Outlook {
        self.heal()?;
        let until = self.now() + TIME;
        for _ in 0..STEPS {
            if self.is_empty() || self.now() > until || !self.step()? {
                break;
            }
        }
        if !self.is_empty() {
            let left: Vec<_> = self.court.book.letters.keys().take(5).collect();
            let events = !self.simulation.cloud.asynchronous().is_empty();
            let what = format!(
                "at {} {left:?} and others are not worked off, or events are open ({events})",
                self.now()
            );
            return Err(Broken { law: DRAINS, what });
        }
        self.look()?;
        self.court.end()?;
        // What has ended has ended on the disk, too.
        self.crash()?;
        let again = self.simulation.cloud.queues().queues().map(|view| view.visible).sum::<u32>();
        if again > 0 {
            let what = format!("{again} messages are there again after the last restart");
            return Err(Broken { law: DRAINS, what });
        }
        Ok(())
    }

    fn heal(&mut self) -> Outlook {
        self.healed = true;
        self.simulation.world.playbook.heal();
        for number in 0..self.plan.instances.functions.len() {
            let function = FunctionId(u32::try_from(number).unwrap_or(0));
            self.ask(Event::Reserve { function, concurrency: None })?;
            // Who was made while things went wrong may still have it in him.
            self.ask(Event::EvictFunction { function })?;
        }
        for number in 0..self.plan.mappings.len() {
            self.update_mapping(number, self.plan.mappings[number].config)?;
        }
        for number in 0..self.plan.queues.len() {
            let (queue, config) = (self.queue(number), self.config_of(number));
            self.ask(sqs::Event::SetAttributes { queue, config })?;
            let feeds = |mapping: &MappingPlan| self.plan.place(mapping.config.queue) == number;
            if !self.plan.mappings.iter().any(feeds) {
                self.after(Duration::ZERO, Task::Empty(number));
            }
        }
        Ok(())
    }

    /// Whether everything has ended, and is safe.
    fn is_empty(&self) -> bool {
        self.court.book.letters.is_empty() && !self.is_busy() && self.disk.is_quiet()
    }
}
