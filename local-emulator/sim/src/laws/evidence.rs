//! What a caller is told beside its answer is true: who served it, what the instance had to do first, and for how long.

use std::collections::{BTreeMap, BTreeSet};

use lunch_cloud::{Command, Event, Evidence, Phase, Record, Start};
use lunch_contract::{InstanceId, Moment, RequestId};

use super::{Law, Step, Verdict, require};

#[derive(Debug, Default)]
pub(super) struct EvidenceTold {
    arrived: BTreeMap<RequestId, Moment>,
    started: BTreeMap<RequestId, (Moment, InstanceId, Start)>,
    /// Instances that have served somebody.
    used: BTreeSet<InstanceId>,
    /// Instances without a process.
    reset: BTreeSet<InstanceId>,
}

impl EvidenceTold {
    fn started(
        &mut self,
        at: Moment,
        request: RequestId,
        instance: InstanceId,
        start: Start,
    ) -> Verdict {
        let again = self.started.insert(request, (at, instance, start));
        require(again.is_none(), || format!("{request} starts twice"))?;
        let first = self.used.insert(instance);
        let without = self.reset.remove(&instance);
        let truthful = match start {
            Start::Cold(_) => first,
            Start::Warm => !first && !without,
            Start::Reinitialized(_) => without,
        };
        require(truthful, || format!("{request} starts {start:?} in {instance}"))
    }

    fn reply(&self, now: Moment, request: RequestId, evidence: &Evidence) -> Verdict {
        let arrived = self.arrived.get(&request).copied().unwrap_or(now);
        let total = now.since(arrived);
        let told = evidence.queued + evidence.init.unwrap_or_default() + evidence.duration;
        if let Some((started, instance, start)) = self.started.get(&request) {
            require(evidence.instance == Some(*instance), || {
                format!("{request} ran in {instance}, told as {:?}", evidence.instance)
            })?;
            require(evidence.start == Some(*start), || {
                format!("{request} started {start:?}, told as {:?}", evidence.start)
            })?;
            let took = now.since(*started);
            require(evidence.duration == took, || {
                format!("{request} took {took:?}, told as {:?}", evidence.duration)
            })?;
            // INIT inside an invocation is part of its duration.
            let apart = matches!(start, Start::Cold(_) | Start::Warm) && told == total;
            let within = evidence.queued + evidence.duration <= total;
            require(apart || within, || format!("{request} took {total:?}, told {evidence:?}"))?;
        }
        require(evidence.queued <= total, || {
            format!("{request} queued for {:?} of {total:?}", evidence.queued)
        })
    }
}

impl Law for EvidenceTold {
    fn name(&self) -> &'static str {
        "evidence"
    }

    fn check(&mut self, step: &Step<'_>) -> Verdict {
        if let Some(Event::Invoke { request, .. }) = step.taken() {
            self.arrived.insert(*request, step.now);
        }
        for (at, record) in step.records {
            match record {
                Record::Started { request, instance, start } => {
                    self.started(*at, *request, *instance, *start)?;
                }
                Record::Phase { instance, to: Phase::Reset, .. } => {
                    self.reset.insert(*instance);
                    self.used.insert(*instance);
                }
                Record::Phase { instance, to: Phase::Gone, .. } => {
                    self.reset.remove(instance);
                    self.used.remove(instance);
                }
                Record::Born { .. }
                | Record::Phase { .. }
                | Record::Arrived { .. }
                | Record::Waits { .. }
                | Record::Answered { .. }
                | Record::Ended { .. }
                | Record::InitFailed { .. }
                | Record::CallerLeft { .. }
                | Record::Queue(_)
                | Record::Ecs(_) => {}
            }
        }
        for command in step.commands {
            match command {
                Command::Reply { request, evidence, .. } => {
                    self.reply(step.now, *request, evidence)?;
                }
                Command::Release { request } => {
                    self.arrived.remove(request);
                    self.started.remove(request);
                }
                Command::Spawn { .. }
                | Command::Deliver { .. }
                | Command::Notify { .. }
                | Command::Freeze { .. }
                | Command::Thaw { .. }
                | Command::Terminate { .. }
                | Command::Kill { .. }
                | Command::Retire { .. }
                | Command::Queue(_)
                | Command::Source(_)
                | Command::Asynchronous(_)
                | Command::Ecs(_) => {}
            }
        }
        Ok(())
    }
}
