//! Records of tasks and services made into lanes: one of each service, below it one of each of its tasks, and below that
//! one of each container where a task has several.

use std::collections::BTreeMap;

use lunch_cloud::ecs::{ContainerPhase, Origin, Record};
use lunch_contract::Moment;
use lunch_contract::ecs::{
    ContainerRun, DeploymentId, HealthStatus, RolloutState, ServiceId, ServiceMessage,
    ServiceStatus, StopReason, TaskId, TaskStatus,
};

use super::glyph::Glyph;
use super::lanes::{Mark, Row, Stretch};
use crate::task_names::TaskNames;

/// A service with its tasks, or the tasks that no service wants.
#[derive(Debug)]
pub(super) struct Party {
    pub(super) service: Option<ServiceId>,
    /// The service's own lane.
    pub(super) row: Row,
    /// By birth.
    pub(super) tasks: Vec<TaskLane>,
}

/// One task.
#[derive(Debug)]
pub(super) struct TaskLane {
    pub(super) task: TaskId,
    /// With what happened to its container, where that is the only one.
    pub(super) row: Row,
    /// By their places in the task definition, as far as they were heard of.
    pub(super) containers: Vec<ContainerLane>,
    pub(super) is_over: bool,
}

/// One container of a task.
#[derive(Debug)]
pub(super) struct ContainerLane {
    /// Its place in the task definition.
    pub(super) place: u8,
    pub(super) row: Row,
    /// How it ended, if it did.
    pub(super) exit_code: Option<i32>,
}

impl TaskLane {
    /// Whether something happened to it that nobody wants.
    pub(super) fn troubled(&self) -> bool {
        let rows = self.containers.iter().map(|container| &container.row);
        let is_trouble = |glyph| {
            matches!(glyph, Glyph::Exited | Glyph::Restarted | Glyph::NotStarted | Glyph::Ails)
        };
        std::iter::once(&self.row).chain(rows).any(|row| row.glyphs().any(is_trouble))
    }
}

/// Which tasks are drawn: the troubled ones before all, then those that live, then the last born.
pub(super) fn choose(parties: &mut [Party], most: usize) -> usize {
    let all = parties.iter().flat_map(|party| &party.tasks);
    let mut ranked: Vec<_> =
        all.map(|lane| (!lane.troubled(), lane.is_over, std::cmp::Reverse(lane.task))).collect();
    let hidden = ranked.len().saturating_sub(most);
    if hidden > 0 {
        ranked.sort_unstable();
        let shown: Vec<_> = ranked.into_iter().take(most).map(|(_, _, task)| task.0).collect();
        for party in parties {
            party.tasks.retain(|lane| shown.contains(&lane.task));
        }
    }
    hidden
}

/// Reads record after record.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    names: &'a TaskNames,
    /// Since when whoever was there before the first record has been there.
    start: Moment,
    services: BTreeMap<ServiceId, Kitchen>,
    tasks: BTreeMap<TaskId, Guest>,
    /// When something was going on.
    active: Vec<(Moment, Moment)>,
}

/// A service as it stands.
#[derive(Debug, Default)]
struct Kitchen {
    row: Row,
    /// What it shows, and since when.
    state: Option<(Glyph, Moment)>,
    deployment: Option<DeploymentId>,
}

/// A task as it stands.
#[derive(Debug)]
struct Guest {
    service: Option<ServiceId>,
    row: Row,
    status: TaskStatus,
    counts: bool,
    glyph: Glyph,
    since: Moment,
    pots: BTreeMap<u8, Pot>,
}

/// A container as it stands.
#[derive(Debug)]
struct Pot {
    row: Row,
    phase: ContainerPhase,
    health: HealthStatus,
    glyph: Glyph,
    since: Moment,
    /// The last of its starts whose process has ended, and how.
    exited: Option<(u32, i32)>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(names: &'a TaskNames, start: Moment) -> Self {
        let (services, tasks, active) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        Self { names, start, services, tasks, active }
    }

    pub(super) fn read(&mut self, at: Moment, record: &Record) {
        match record {
            Record::Placed { task, origin } => {
                let service = match origin {
                    Origin::Service { service, .. } => Some(*service),
                    Origin::Run { .. } => None,
                };
                self.tasks.insert(*task, Guest::new(service, TaskStatus::Provisioning, at));
                self.active.push((at, at));
            }
            // It is still shown, by the lane that it had.
            Record::Task { to: TaskStatus::Deleted, .. } => {}
            Record::Task { task, from, to, reason } => self.moved(at, *task, (*from, *to), *reason),
            Record::Counted { task, healthy } => {
                let guest = self.guest(*task, TaskStatus::Running);
                guest.counts = *healthy;
                guest.turn(at);
            }
            Record::Container { run, from, to } => self.container_moved(at, *run, (*from, *to)),
            Record::Exited { run, exit } => self.exited(at, *run, exit.code()),
            Record::Health { run, health } => {
                let guest = self.guest(run.task, TaskStatus::Running);
                let pot = guest.pot(run.container, ContainerPhase::Running);
                pot.health = *health;
                pot.turn(at);
                guest.turn(at);
            }
            Record::Deployed { service, deployment } => self.deployed(at, *service, *deployment),
            Record::Rollout { service, deployment, to } => {
                self.rolled_out(at, *service, *deployment, *to)
            }
            Record::Service { service, to: ServiceStatus::Inactive } => {
                self.services.entry(*service).or_default().turn(at, None);
            }
            Record::Said { service, message } => self.said(at, *service, message),
            Record::Service { .. } | Record::DeploymentGone { .. } => {}
        }
    }

    fn exited(&mut self, at: Moment, run: ContainerRun, code: i32) {
        let guest = self.guest(run.task, TaskStatus::Running);
        let pot = guest.pot(run.container, ContainerPhase::Running);
        pot.exited = Some((run.run, code));
        if pot.phase == ContainerPhase::Running {
            let title = format!("exited with {code}");
            pot.row.marks.push(Mark::titled(at, Glyph::Exited, title));
            self.active.push((at, at));
        }
    }

    fn deployed(&mut self, at: Moment, service: ServiceId, deployment: DeploymentId) {
        let kitchen = self.services.entry(service).or_default();
        kitchen.deployment = Some(deployment);
        kitchen.turn(at, Some(Glyph::Deploying));
        let title = format!("deployment {deployment} began");
        kitchen.row.marks.push(Mark::titled(at, Glyph::Deployed, title));
        self.active.push((at, at));
    }

    fn guest(&mut self, task: TaskId, status: TaskStatus) -> &mut Guest {
        let start = self.start;
        self.tasks.entry(task).or_insert_with(|| Guest::new(None, status, start))
    }

    fn moved(
        &mut self,
        at: Moment,
        task: TaskId,
        (from, to): (TaskStatus, TaskStatus),
        reason: Option<StopReason>,
    ) {
        let names = self.names;
        let guest = self.guest(task, from);
        let since = guest.since;
        guest.status = to;
        guest.turn(at);
        if to == TaskStatus::Stopped {
            let why = reason.map(|why| format!(", {}: {}", why.code().name(), why.text(names)));
            let title = format!("STOPPED{}", why.unwrap_or_default());
            guest.row.marks.push(Mark::titled(at, Glyph::Stopped, title));
        }
        // What it does for hours may be folded away.
        self.active.push(if from == TaskStatus::Running { (at, at) } else { (since, at) });
    }

    fn container_moved(
        &mut self,
        at: Moment,
        run: ContainerRun,
        (from, to): (ContainerPhase, ContainerPhase),
    ) {
        let guest = self.guest(run.task, TaskStatus::Pending);
        let pot = guest.pot(run.container, from);
        pot.phase = to;
        pot.turn(at);
        let mark = match (from, to) {
            (ContainerPhase::Running, ContainerPhase::Starting) => Some(Glyph::Restarted),
            (ContainerPhase::Starting, ContainerPhase::Ended)
                if pot.exited.is_none_or(|(exited, _)| exited != run.run) =>
            {
                Some(Glyph::NotStarted)
            }
            _ => None,
        };
        if let Some(glyph) = mark {
            pot.row.marks.push(Mark { at, glyph, title: None });
        }
        guest.turn(at);
        if mark.is_some() {
            self.active.push((at, at));
        }
    }

    fn rolled_out(
        &mut self,
        at: Moment,
        id: ServiceId,
        deployment: DeploymentId,
        to: RolloutState,
    ) {
        let kitchen = self.services.entry(id).or_default();
        if kitchen.deployment.is_some_and(|primary| primary != deployment) {
            return;
        }
        let glyph = match to {
            RolloutState::InProgress => Glyph::Deploying,
            RolloutState::Completed => Glyph::DeployedWell,
            RolloutState::Failed => Glyph::DeployedIll,
        };
        kitchen.turn(at, Some(glyph));
        if to == RolloutState::Failed {
            let title = format!("deployment {deployment} FAILED");
            kitchen.row.marks.push(Mark::titled(at, Glyph::DeploymentFailed, title));
        }
        self.active.push((at, at));
    }

    fn said(&mut self, at: Moment, id: ServiceId, message: &ServiceMessage) {
        let glyph = match message {
            ServiceMessage::SteadyState => Glyph::Steady,
            ServiceMessage::HealthChecksFailed { .. }
            | ServiceMessage::UnableToStart
            | ServiceMessage::Blocked
            | ServiceMessage::RollbackNotEmulated { .. }
            | ServiceMessage::OneAtATime { .. } => Glyph::Complains,
            // The lanes of its tasks say that, and its own of its deployments.
            ServiceMessage::Started { .. }
            | ServiceMessage::Stopped { .. }
            | ServiceMessage::DeploymentCompleted { .. }
            | ServiceMessage::DeploymentFailed { .. } => return,
        };
        let title = message.text(id, self.names);
        let kitchen = self.services.entry(id).or_default();
        kitchen.row.marks.push(Mark::titled(at, glyph, title));
        self.active.push((at, at));
    }

    /// The lanes, by service, and when something was going on; who lives on does so until then.
    pub(super) fn end(mut self, until: Moment) -> (Vec<Party>, Vec<(Moment, Moment)>) {
        let mut parties: BTreeMap<_, _> = BTreeMap::new();
        for (id, mut kitchen) in self.services {
            kitchen.turn(until, None);
            let party = Party { service: Some(id), row: kitchen.row, tasks: Vec::new() };
            parties.insert((false, Some(id)), party);
        }
        for (task, guest) in self.tasks {
            let service = guest.service;
            if guest.status != TaskStatus::Running && guest.status != TaskStatus::Stopped {
                self.active.push((guest.since, until.max(guest.since)));
            }
            let party = parties.entry((service.is_none(), service)).or_insert_with(|| Party {
                service,
                row: Row::default(),
                tasks: Vec::new(),
            });
            party.tasks.push(guest.lane(task, until));
        }
        (parties.into_values().collect(), self.active)
    }
}

impl Kitchen {
    /// Shows something else from now on.
    fn turn(&mut self, at: Moment, to: Option<Glyph>) {
        if let Some((glyph, from)) = self.state.take() {
            self.row.stretches.push(Stretch { from, to: at.max(from), glyph });
        }
        self.state = to.map(|glyph| (glyph, at));
    }
}

impl Guest {
    fn new(service: Option<ServiceId>, status: TaskStatus, since: Moment) -> Self {
        let (row, pots) = (Row::default(), BTreeMap::new());
        let glyph = of_status(status);
        Self { service, row, status, counts: false, glyph, since, pots }
    }

    fn pot(&mut self, container: u8, phase: ContainerPhase) -> &mut Pot {
        let since = self.since;
        self.pots.entry(container).or_insert_with(|| Pot {
            row: Row::default(),
            phase,
            health: HealthStatus::Unknown,
            glyph: of_phase(phase),
            since,
            exited: None,
        })
    }

    /// Shows what it is now.
    fn turn(&mut self, at: Moment) {
        let ails = self.pots.values().any(|pot| pot.health == HealthStatus::Unhealthy);
        let runs = self.status == TaskStatus::Running;
        let glyph = if runs && ails {
            Glyph::Ails
        } else if runs && self.counts {
            Glyph::Healthy
        } else {
            of_status(self.status)
        };
        if glyph != self.glyph {
            let stretch = Stretch { from: self.since, to: at, glyph: self.glyph };
            self.row.stretches.push(stretch);
            (self.glyph, self.since) = (glyph, at);
        }
    }

    fn lane(mut self, task: TaskId, until: Moment) -> TaskLane {
        let is_over = self.status == TaskStatus::Stopped;
        if !is_over {
            let stretch =
                Stretch { from: self.since, to: until.max(self.since), glyph: self.glyph };
            self.row.stretches.push(stretch);
        }
        let mut containers: Vec<_> =
            self.pots.into_iter().map(|(place, pot)| pot.end(place, until)).collect();
        if let [only] = containers.as_mut_slice() {
            self.row.marks.append(&mut only.row.marks);
        }
        TaskLane { task, row: self.row, containers, is_over }
    }
}

impl Pot {
    fn turn(&mut self, at: Moment) {
        let glyph = match (self.phase, self.health) {
            (ContainerPhase::Running, HealthStatus::Unhealthy) => Glyph::Ails,
            (ContainerPhase::Running, HealthStatus::Healthy) => Glyph::Healthy,
            (phase, _) => of_phase(phase),
        };
        if glyph != self.glyph {
            let stretch = Stretch { from: self.since, to: at, glyph: self.glyph };
            self.row.stretches.push(stretch);
            (self.glyph, self.since) = (glyph, at);
        }
    }

    fn end(mut self, place: u8, until: Moment) -> ContainerLane {
        let is_over = self.phase == ContainerPhase::Ended;
        if !is_over {
            let to = until.max(self.since);
            self.row.stretches.push(Stretch { from: self.since, to, glyph: self.glyph });
        }
        let exit_code = self.exited.map(|(_, code)| code).filter(|_| is_over);
        ContainerLane { place, row: self.row, exit_code }
    }
}

const fn of_status(status: TaskStatus) -> Glyph {
    match status {
        TaskStatus::Provisioning => Glyph::Provisioning,
        TaskStatus::Pending => Glyph::Pending,
        TaskStatus::Activating => Glyph::Activating,
        TaskStatus::Running => Glyph::Running,
        TaskStatus::Deactivating => Glyph::Deactivating,
        TaskStatus::Stopping => Glyph::TaskStopping,
        TaskStatus::Deprovisioning => Glyph::Deprovisioning,
        TaskStatus::Stopped | TaskStatus::Deleted => Glyph::Nothing,
    }
}

const fn of_phase(phase: ContainerPhase) -> Glyph {
    match phase {
        ContainerPhase::Waiting | ContainerPhase::Starting => Glyph::Pending,
        ContainerPhase::Running => Glyph::Running,
        ContainerPhase::Stopping | ContainerPhase::Killing => Glyph::TaskStopping,
        ContainerPhase::Ended => Glyph::Nothing,
    }
}
