//! Idle and old instances go at their policy's time: none earlier, and none is forgotten.

use std::collections::BTreeMap;
use std::time::Duration;

use lunch_cloud::{Cause, Phase, Record, Retirement};
use lunch_contract::{FunctionId, InstanceId, Moment};

use super::in_flight::InFlight;
use super::{Law, Step, Verdict, is_available, require};

#[derive(Debug, Default)]
pub(super) struct Reclaim {
    in_flight: InFlight,
    living: BTreeMap<InstanceId, Life>,
    /// When the function's last invocation ended.
    unused_since: BTreeMap<FunctionId, Moment>,
}

#[derive(Debug)]
struct Life {
    function: FunctionId,
    phase: Phase,
    born: Moment,
    life: Option<Duration>,
    unused_since: Moment,
}

impl Reclaim {
    fn function_idle_for(&self, function: FunctionId, now: Moment) -> Option<Duration> {
        let since = self.unused_since.get(&function)?;
        (self.in_flight.of(function) == 0).then(|| now.since(*since))
    }

    fn not_early(&self, step: &Step<'_>, instance: InstanceId, why: Retirement) -> Verdict {
        let Some(life) = self.living.get(&instance) else {
            return Err(format!("{instance} goes and is not there"));
        };
        let policy = step.settings.reclaim;
        let due = match why {
            Retirement::InstanceIdle => {
                policy.instance_idle.is_some_and(|span| life.unused_since + span <= step.now)
            }
            Retirement::FunctionIdle => policy.function_idle.is_some_and(|span| {
                self.function_idle_for(life.function, step.now).is_some_and(|idle| idle >= span)
            }),
            Retirement::LifeEnded => life.life.is_some_and(|span| life.born + span <= step.now),
            Retirement::NewRevision | Retirement::Evicted | Retirement::ShutDown => true,
        };
        require(due, || format!("{instance} goes because of {why:?} at {}: {life:?}", step.now))
    }

    fn not_late(&self, step: &Step<'_>) -> Verdict {
        let policy = step.settings.reclaim;
        for (instance, life) in self.living.iter().filter(|(_, life)| is_available(life.phase)) {
            let over = life.life.is_some_and(|span| life.born + span < step.now);
            let idle = policy.instance_idle.is_some_and(|span| life.unused_since + span < step.now);
            let function = policy.function_idle.is_some_and(|span| {
                self.function_idle_for(life.function, step.now).is_some_and(|idle| idle > span)
            });
            require(!over && !idle && !function, || {
                format!("{instance} is still there at {}: {life:?}", step.now)
            })?;
        }
        Ok(())
    }

    fn record(&mut self, step: &Step<'_>, at: Moment, record: &Record) -> Verdict {
        match record {
            Record::Born { instance, function, life, .. } => {
                let range = step.settings.reclaim.life;
                let drawn = match (life, range) {
                    (Some(life), Some((low, high))) => (low..=high).contains(life),
                    (None, None) => true,
                    (Some(_), None) | (None, Some(_)) => false,
                };
                require(drawn, || format!("{instance} may live {life:?}, of {range:?}"))?;
                let (function, life) = (*function, *life);
                let phase = Phase::Placing;
                let life = Life { function, phase, born: at, life, unused_since: at };
                self.living.insert(*instance, life);
            }
            Record::Phase { instance, to, cause, .. } => {
                if let Cause::Retired(why) = cause {
                    self.not_early(step, *instance, *why)?;
                }
                if *to == Phase::Gone {
                    self.living.remove(instance);
                } else if let Some(life) = self.living.get_mut(instance) {
                    life.phase = *to;
                }
            }
            Record::Ended { instance, .. } => {
                if let Some(life) = self.living.get_mut(instance) {
                    life.unused_since = at;
                    self.unused_since.insert(life.function, at);
                }
            }
            Record::Arrived { .. }
            | Record::Waits { .. }
            | Record::Started { .. }
            | Record::Answered { .. }
            | Record::InitFailed { .. }
            | Record::CallerLeft { .. }
            | Record::Queue(_)
            | Record::Ecs(_) => {}
        }
        Ok(())
    }
}

impl Law for Reclaim {
    fn name(&self) -> &'static str {
        "reclaim"
    }

    fn check(&mut self, step: &Step<'_>) -> Verdict {
        self.in_flight.begin(step);
        for (at, record) in step.records {
            self.in_flight.record(record);
            self.record(step, *at, record)?;
        }
        self.not_late(step)
    }
}
