//! Queues are deleted, whatever they are to others, and made again by the same name.
//!
//! As in the host, the new one has an id of its own; who names it by its ARN, as a dead-letter queue or in a mapping, has
//! the new one from then on. A queue's place in the plan stands for its name.

use std::time::Duration;

use lunch_cloud::event_source::MappingConfig;
use lunch_cloud::sqs::{self, QueueConfig, Redrive};
use lunch_contract::sqs::{NameId, QueueId};

use super::driver::{Outlook, Street};
use super::people::Task;

/// So long a name is not free again at AWS's pace, and a little longer. F 9.2.
const COOL_DOWN: Duration = Duration::from_secs(61);

impl Street<'_> {
    /// The queue of that name that there is, or was last.
    pub(super) fn queue(&self, place: usize) -> QueueId {
        self.ids[place]
    }

    pub(super) fn exists(&self, place: usize) -> bool {
        self.simulation.cloud.queues().queue(self.ids[place]).is_some()
    }

    /// The plan's queues, for the mapping that is one of the plan's.
    pub(super) fn bound(&self, config: MappingConfig) -> MappingConfig {
        MappingConfig { queue: self.queue(self.plan.place(config.queue)), ..config }
    }

    /// How the queue of that name is set now; a dead-letter queue that is not there is none.
    pub(super) fn config_of(&self, place: usize) -> QueueConfig {
        let config = self.plan.queues[place];
        let redrive = config.redrive.and_then(|redrive| {
            let target = self.plan.place(redrive.target);
            let target = self.exists(target).then(|| self.queue(target))?;
            Some(Redrive { target, ..redrive })
        });
        // As AWS wants it of a mapped queue: what is being worked off does not come back meanwhile.
        let least =
            if self.healed && self.begun { Duration::from_secs(60) } else { Duration::ZERO };
        QueueConfig { redrive, visibility: config.visibility.max(least), ..config }
    }

    pub(super) fn delete_queue(&mut self, place: usize) -> Outlook {
        let queue = self.queue(place);
        if self.ask(sqs::Event::DeleteQueue { queue })?.is_none() {
            let later = self.random.magnitude(Duration::from_millis(1), Duration::from_secs(120));
            self.after(later, Task::MakeQueue(place));
        }
        Ok(())
    }

    /// Makes the queue of that name, if there is none, with an id that none has had.
    pub(super) fn make_queue(&mut self, place: usize) -> Outlook {
        if self.exists(place) {
            return Ok(());
        }
        let count = u32::try_from(self.plan.queues.len()).unwrap_or(1);
        self.made += 1;
        let queue = QueueId(self.made * count + u32::try_from(place).unwrap_or(0));
        let config = self.config_of(place);
        if !self.create(place, queue, config)? {
            self.after(COOL_DOWN, Task::MakeQueue(place));
            return Ok(());
        }
        self.bind(place)?;
        for number in 0..self.plan.mappings.len() {
            let config = self.plan.mappings[number].config;
            if self.plan.place(config.queue) == place {
                self.update_mapping(number, config)?;
            }
        }
        Ok(())
    }

    /// Whether it was taken.
    pub(super) fn create(
        &mut self,
        place: usize,
        queue: QueueId,
        config: QueueConfig,
    ) -> Result<bool, crate::run::Broken> {
        let name = NameId(place as u64);
        let is_taken = self.ask(sqs::Event::CreateQueue { queue, name, config })?.is_none();
        if is_taken {
            self.ids[place] = queue;
        }
        Ok(is_taken)
    }

    /// Whoever has the queue of that name for its dead has the one that there is now.
    fn bind(&mut self, place: usize) -> Outlook {
        for source in 0..self.plan.queues.len() {
            let redrive = self.plan.queues[source].redrive;
            let is_so = redrive.is_some_and(|redrive| self.plan.place(redrive.target) == place);
            if is_so && self.exists(source) {
                let (queue, config) = (self.queue(source), self.config_of(source));
                self.ask(sqs::Event::SetAttributes { queue, config })?;
            }
        }
        Ok(())
    }

    /// After a restart: which queues there are, and those that are missing are made.
    pub(super) fn find_queues(&mut self) -> Outlook {
        let all: Vec<_> = self.simulation.cloud.queues().queues().map(|view| view.queue).collect();
        for queue in all {
            self.ids[self.plan.place(queue)] = queue;
        }
        for place in 0..self.plan.queues.len() {
            if self.exists(place) {
                self.bind(place)?;
            } else {
                let later = self.random.magnitude(Duration::from_millis(1), COOL_DOWN);
                self.after(later, Task::MakeQueue(place));
            }
        }
        Ok(())
    }
}
