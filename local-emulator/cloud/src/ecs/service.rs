//! A service, its deployments and their task definitions, with the counts that are kept of their tasks.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};

use lunch_contract::Moment;
use lunch_contract::ecs::{
    DefinitionId, DeploymentId, RolloutState, ServiceId, ServiceMessage, ServiceStatus, TaskId,
};

use super::config::{ServiceConfig, TaskConfig};
use super::look::ServiceEvent;
use crate::ordered::Ordered;

/// A task of a deployment: those of older deployments sort before those of newer ones, and in each the oldest first.
pub(super) type Place = (DeploymentId, TaskId);

#[derive(Debug)]
pub(super) struct Definition {
    pub(super) config: TaskConfig,
    pub(super) has_check: bool,
    /// It goes with the last that uses it.
    pub(super) deregistered: bool,
    /// Tasks that are shown and deployments that are there.
    pub(super) users: u32,
    /// Tasks that are not over.
    pub(super) unstopped: u32,
    /// Services whose PRIMARY deployment is of it.
    pub(super) services: BTreeSet<ServiceId>,
}

#[derive(Debug)]
pub(super) struct Service {
    pub(super) config: ServiceConfig,
    pub(super) status: ServiceStatus,
    pub(super) created: Moment,
    /// By age: the last one is PRIMARY.
    pub(super) deployments: BTreeMap<DeploymentId, Deployment>,
    /// Tasks that are to run, and count as healthy.
    pub(super) healthy: Ordered<Place>,
    /// Tasks that are to run, and do not count yet.
    pub(super) unproven: Ordered<Place>,
    /// Tasks that are not over.
    pub(super) unstopped: u32,
    /// Whether it has said that it is steady, and is since.
    pub(super) steady: bool,
    /// Whether it waits to be looked after.
    pub(super) marked: bool,
    /// When its PRIMARY deployment starts tasks again, if it is throttled.
    pub(super) timer: Option<Moment>,
    pub(super) events: VecDeque<ServiceEvent>,
    pub(super) said: u64,
}

#[derive(Debug)]
pub(super) struct Deployment {
    pub(super) definition: DefinitionId,
    pub(super) rollout: RolloutState,
    pub(super) created: Moment,
    pub(super) updated: Moment,
    pub(super) pending: u32,
    pub(super) running: u32,
    /// Those that run and count as healthy.
    pub(super) healthy: u32,
    /// Tasks that are not over.
    pub(super) unstopped: u32,
    /// Tasks that failed one after the other: AWS's `failedTasks`.
    pub(super) failed: u32,
    /// Starts that failed one after the other, those of one pause counted as one.
    pub(super) failed_starts: u32,
    /// Until then nothing is started, since starts fail.
    pub(super) throttled_until: Moment,
    /// Until then nothing is started, since a task ended too soon.
    pub(super) rests_until: Moment,
    pub(super) said_throttled: bool,
    pub(super) said_blocked: bool,
}

impl Deployment {
    pub(super) const fn new(definition: DefinitionId, now: Moment) -> Self {
        Self {
            definition,
            rollout: RolloutState::InProgress,
            created: now,
            updated: now,
            pending: 0,
            running: 0,
            healthy: 0,
            unstopped: 0,
            failed: 0,
            failed_starts: 0,
            throttled_until: now,
            rests_until: now,
            said_throttled: false,
            said_blocked: false,
        }
    }

    /// Tasks that are to run.
    pub(super) const fn alive(&self) -> u32 {
        self.pending + self.running
    }

    pub(super) fn starts_at(&self) -> Moment {
        self.throttled_until.max(self.rests_until)
    }
}

impl Service {
    pub(super) fn new(config: ServiceConfig, now: Moment) -> Self {
        Self {
            config,
            status: ServiceStatus::Active,
            created: now,
            deployments: BTreeMap::new(),
            healthy: Ordered::default(),
            unproven: Ordered::default(),
            unstopped: 0,
            steady: false,
            marked: false,
            timer: None,
            events: VecDeque::new(),
            said: 0,
        }
    }

    pub(super) fn note(&mut self, at: Moment, message: ServiceMessage, most: usize) {
        self.events.push_back(ServiceEvent { number: self.said, at, message });
        self.said += 1;
        while self.events.len() > most {
            self.events.pop_front();
        }
    }

    /// The newest deployment. A service has one from its first moment to its last.
    pub(super) fn primary(&self) -> (DeploymentId, &Deployment) {
        let (id, deployment) = self.deployments.last_key_value().expect("a service has a PRIMARY");
        (*id, deployment)
    }

    /// Tasks that are to run and count as healthy.
    pub(super) fn count_healthy(&self) -> u32 {
        u32::try_from(self.healthy.len()).unwrap_or(u32::MAX)
    }

    /// Tasks that are to run.
    pub(super) fn alive(&self) -> u32 {
        self.count_healthy() + u32::try_from(self.unproven.len()).unwrap_or(u32::MAX)
    }
}
