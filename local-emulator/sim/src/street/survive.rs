//! What survives a street: batches are made safe, the process ends, another one begins.

use std::time::Duration;

use lunch_cloud::Event;
use lunch_cloud::drive::Restored;
use lunch_cloud::event_source::{self, MappingId};
use lunch_contract::{FunctionId, IdAllocator, Moment, QualifierId, RequestId, RevisionId};

use super::driver::{Outlook, Street, Wanted};
use super::people::Task;
use super::plan::{StreetPlan, Trouble};
use crate::laws::street::Restart;
use crate::random::Random;
use crate::run::Log;
use crate::seeded::Seeded;
use crate::simulation::Simulation;

impl Street<'_> {
    pub(super) fn hand_over(&mut self) -> Outlook {
        let sequence = self.simulation.cloud.queues().sequence();
        let answers = self.disk.hand_over(self.steps, sequence, self.messages.allocated());
        self.heard(answers);
        self.begin_commit();
        Ok(())
    }

    fn begin_commit(&mut self) {
        if self.disk.begin() {
            let slow = self.happens(Trouble::SlowStore);
            let takes = if slow { Duration::from_secs(2) } else { self.plan.commit };
            let takes = takes.mul_f64(self.random.unit());
            self.after(takes, Task::Committed);
        }
    }

    /// A commit has come to its end, well or not.
    pub(super) fn committed(&mut self) -> Outlook {
        if self.happens(Trouble::StoreFails) {
            return self.crash();
        }
        let (answers, step) = self.disk.commit();
        while let Some(told) = self.pending.pop_front_if(|told| Some(told.step) <= step) {
            self.safe.hear(&told.step(self.plan))?;
        }
        self.heard(answers);
        self.begin_commit();
        Ok(())
    }

    /// The process ends, time goes by, and another one begins.
    pub(super) fn crash(&mut self) -> Outlook {
        let outage = self.random.magnitude(Duration::from_millis(1), Duration::from_secs(20_000));
        let now = self.now() + outage;
        self.restarts += 1;
        self.disk.cut_off();
        self.deferred.clear();
        self.pending.clear();
        self.wanted.clear();
        self.mappings.clear();
        self.court = self.safe.clone();
        self.of_instances = crate::laws::on_streets();
        self.simulation = life(self.plan, &mut self.random, now);
        if self.healed {
            self.simulation.world.playbook.heal();
        }
        self.messages = self.disk.kept.ids();
        self.requests = IdAllocator::resume([], self.requests.allocated());
        for task in self.people.survivors() {
            let late = self.random.magnitude(Duration::from_millis(1), Duration::from_secs(60));
            self.after(late, task);
        }
        self.resume(now)
    }

    /// The cloud is ended in good order: instances are, and what was handed over is made safe. Then it starts again.
    pub(super) fn stop(&mut self) -> Outlook {
        self.stops = true;
        let restarts = self.restarts;
        self.ask(Event::ShutDown)?;
        let lives = |street: &Self| street.simulation.cloud.instances().next().is_some();
        while (lives(self) || !self.disk.is_quiet()) && self.restarts == restarts {
            if !self.step()? {
                break;
            }
        }
        self.stops = false;
        // A commit that failed has done so already.
        if self.restarts == restarts { self.crash() } else { Ok(()) }
    }

    fn resume(&mut self, now: Moment) -> Outlook {
        let (requests, wanted) = (&mut self.requests, &mut self.wanted);
        let mut request = || {
            let (index, serial) = requests.allocate();
            RequestId { serial, index }
        };
        let events = self.disk.kept.events(now, &mut request);
        for (id, waiting) in &events {
            wanted.insert(waiting.request, Wanted::Event { id: *id });
        }
        let renamed = events.iter().map(|(id, waiting)| (*id, waiting.request)).collect();
        let restart = Restart { events: renamed };
        self.court.restarted(&restart)?;
        self.safe.restarted(&restart)?;
        self.deploy()?;
        let restored = Restored {
            sequence: self.disk.kept.sequence,
            stored: self.disk.kept.changes(),
            events: events.into_iter().map(|(_, waiting)| waiting).collect(),
        };
        self.tell(restored.into())?;
        self.look()?;
        self.find_queues()?;
        for (number, config) in self.disk.kept.mappings.clone() {
            self.map(number, self.bound(config))?;
        }
        Ok(())
    }

    /// Shows all messages to the laws.
    pub(super) fn look(&mut self) -> Outlook {
        let queues = self.simulation.cloud.queues();
        let messages = queues
            .queues()
            .map(|view| (view.queue, queues.messages(view.queue).collect()))
            .collect();
        self.court.look(&messages)
    }

    pub(super) fn deploy(&mut self) -> Outlook {
        for number in 0..self.plan.instances.functions.len() {
            self.deploy_one(number)?;
        }
        Ok(())
    }

    pub(super) fn deploy_one(&mut self, number: usize) -> Outlook {
        self.revisions += 1;
        let function = FunctionId(u32::try_from(number).unwrap_or(0));
        let revision = RevisionId(self.revisions);
        let config = self.plan.instances.functions[number].config;
        self.ask(Event::Deploy { function, revision, config })?;
        let mut config = self.plan.events[number];
        if !self.healed && self.random.chance(0.3) {
            config.age_max = Duration::from_secs(60);
        }
        let qualifier = QualifierId::LATEST;
        self.ask(Event::ConfigureEvents { function, qualifier, config }).map(drop)
    }

    /// The mapping of that number in the plan: the last one that was made.
    pub(super) fn mapping_of(&self, number: usize) -> Option<MappingId> {
        let mut made = self.mappings.iter().rev();
        made.find(|(_, of)| **of == number).map(|(mapping, _)| *mapping)
    }

    pub(super) fn map(&mut self, number: usize, config: event_source::MappingConfig) -> Outlook {
        self.mapped += 1;
        let mapping = MappingId(self.mapped);
        self.mappings.insert(mapping, number);
        self.ask(event_source::Event::Create { mapping, config }).map(drop)
    }
}

/// A process begins.
pub(super) fn life(plan: &StreetPlan, random: &mut Random, now: Moment) -> Simulation<Seeded, Log> {
    let seeded = Seeded::new(&plan.instances, random.fork());
    let settings = plan.instances.settings.clone();
    let mut simulation = Simulation::new(settings, Log::default(), seeded, true);
    simulation.world.skip_to(now);
    simulation
}
