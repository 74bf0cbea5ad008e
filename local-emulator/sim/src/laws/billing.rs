//! Billed time adds up: from the start to the end, with the INIT that is billed, in whole milliseconds rounded up.

use std::collections::BTreeMap;
use std::time::Duration;

use lunch_cloud::{Phase, Record, Start};
use lunch_contract::{InstanceId, Moment, RequestId};

use super::{Law, Step, Verdict, ceil_ms, require};

#[derive(Debug, Default)]
pub(super) struct Billing {
    started: BTreeMap<RequestId, Moment>,
    init_since: BTreeMap<InstanceId, Moment>,
    /// The INIT that the instance's first request has waited for.
    init: BTreeMap<InstanceId, Duration>,
}

impl Billing {
    fn ended(
        &mut self,
        at: Moment,
        request: RequestId,
        instance: InstanceId,
        bill: (Duration, Option<Duration>, u64),
    ) -> Verdict {
        let (duration, init, billed_ms) = bill;
        if let Some(started) = self.started.remove(&request) {
            let took = at.since(started);
            require(duration == took, || format!("{request} took {took:?}, told as {duration:?}"))?;
            let waited = self.init.remove(&instance);
            require(init == waited, || {
                format!("{request} waited {waited:?} for INIT, told as {init:?}")
            })?;
        }
        let billed = ceil_ms(duration + init.unwrap_or_default());
        require(billed_ms == billed, || {
            format!("{request} is billed {billed_ms} ms for {duration:?} and {init:?}")
        })
    }
}

impl Law for Billing {
    fn name(&self) -> &'static str {
        "billing"
    }

    fn check(&mut self, step: &Step<'_>) -> Verdict {
        for (at, record) in step.records {
            match record {
                Record::Phase { instance, from, to, .. } => {
                    let since = self.init_since.remove(instance);
                    match (*from, *to) {
                        (_, Phase::Init) => drop(self.init_since.insert(*instance, *at)),
                        (Phase::Init, Phase::Invoke) => {
                            let span = since.map(|since| at.since(since)).unwrap_or_default();
                            self.init.insert(*instance, span);
                        }
                        _ => {}
                    }
                }
                Record::Started { request, start, .. } => {
                    let (Start::Cold(_) | Start::Warm | Start::Reinitialized(_)) = start;
                    self.started.insert(*request, *at);
                }
                Record::Ended { request, instance, duration, init, billed_ms, .. } => {
                    let bill = (*duration, *init, *billed_ms);
                    self.ended(*at, *request, *instance, bill)?;
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
        }
        Ok(())
    }
}
