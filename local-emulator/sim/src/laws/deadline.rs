//! Every invocation has its function's timeout, is told of it, and is over when it has come: not before, not after.

use std::collections::BTreeMap;

use lunch_cloud::{Command, Record, Start};
use lunch_contract::{InstanceId, Moment, Outcome, RequestId};

use super::{Directory, Law, Step, Verdict, require};

#[derive(Debug, Default)]
pub(super) struct Deadline {
    directory: Directory,
    started: BTreeMap<RequestId, (InstanceId, Moment)>,
    init_since: BTreeMap<InstanceId, Moment>,
}

impl Deadline {
    /// When the request's time is up, if it runs.
    fn of(&self, request: RequestId) -> Option<Moment> {
        let (instance, started) = self.started.get(&request)?;
        Some(*started + self.directory.config_of(*instance)?.timeout)
    }

    fn record(&mut self, at: Moment, record: &Record) -> Verdict {
        match record {
            Record::Started { request, instance, start } => {
                let (Start::Cold(_) | Start::Warm | Start::Reinitialized(_)) = start;
                self.started.insert(*request, (*instance, at));
            }
            Record::Answered { request, outcome: Outcome::TimedOut { after }, .. } => {
                let deadline = self.of(*request);
                require(deadline.is_some_and(|deadline| deadline <= at), || {
                    format!("{request} timed out at {at}, its deadline is {deadline:?}")
                })?;
                let (instance, _) = self.started[request];
                let timeout = self.directory.config_of(instance).map(|config| config.timeout);
                require(timeout == Some(*after), || {
                    format!("{request} timed out after {after:?}, the timeout is {timeout:?}")
                })?;
            }
            Record::Ended { request, .. } => drop(self.started.remove(request)),
            Record::Phase { instance, to, .. } => {
                self.init_since.remove(instance);
                if *to == lunch_cloud::Phase::Init {
                    self.init_since.insert(*instance, at);
                }
            }
            Record::Born { .. }
            | Record::Arrived { .. }
            | Record::Waits { .. }
            | Record::Answered { .. }
            | Record::InitFailed { .. }
            | Record::CallerLeft { .. }
            | Record::Queue(_)
            | Record::Ecs(_) => {}
        }
        Ok(())
    }
}

impl Law for Deadline {
    fn name(&self) -> &'static str {
        "deadline"
    }

    fn check(&mut self, step: &Step<'_>) -> Verdict {
        self.directory.note(step);
        let told: Vec<_> = step
            .commands
            .iter()
            .filter_map(|command| match command {
                Command::Deliver { request, deadline, .. } => Some((*request, *deadline)),
                Command::Spawn { .. }
                | Command::Notify { .. }
                | Command::Reply { .. }
                | Command::Release { .. }
                | Command::Freeze { .. }
                | Command::Thaw { .. }
                | Command::Terminate { .. }
                | Command::Kill { .. }
                | Command::Retire { .. }
                | Command::Queue(_)
                | Command::Source(_)
                | Command::Asynchronous(_)
                | Command::Ecs(_) => None,
            })
            .collect();
        for (at, record) in step.records {
            self.record(*at, record)?;
        }
        for (request, told) in told {
            if let Some(deadline) = self.of(request) {
                require(told == deadline, || {
                    format!("{request} is told {told}, its deadline is {deadline}")
                })?;
            }
        }
        for request in self.started.keys() {
            let deadline = self.of(*request);
            require(deadline.is_none_or(|deadline| deadline > step.now), || {
                format!("{request} goes on at {} after its deadline {deadline:?}", step.now)
            })?;
        }
        let limit = step.settings.limits.init;
        match self.init_since.iter().find(|(_, since)| **since + limit <= step.now) {
            Some((instance, since)) => Err(format!("{instance} is in INIT since {since}")),
            None => Ok(()),
        }
    }
}
