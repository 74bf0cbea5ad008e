//! A request is throttled only where that very limit binds, and instances are born no faster than their rate.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use lunch_cloud::{Event, InvocationKind, Record};
use lunch_contract::{FunctionId, Moment, Outcome, RequestId, ThrottleReason};

use super::in_flight::InFlight;
use super::{Law, Step, Verdict, require};

#[derive(Debug, Default)]
pub(super) struct Throttle {
    in_flight: InFlight,
    /// Synchronous requests of the last second, whether they were served or not.
    rates: BTreeMap<FunctionId, VecDeque<Moment>>,
    births: BTreeMap<FunctionId, VecDeque<Moment>>,
    functions: BTreeMap<RequestId, FunctionId>,
}

impl Throttle {
    fn binds(&self, step: &Step<'_>, function: FunctionId, reason: ThrottleReason) -> bool {
        let limits = &step.settings.limits;
        let reserved = self.in_flight.reserved.get(&function).copied();
        let per_unit = limits.requests_per_second_per_concurrency;
        match reason {
            ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded => {
                reserved.is_some_and(|reserved| self.in_flight.of(function) >= reserved)
            }
            ThrottleReason::ConcurrentInvocationLimitExceeded => {
                let account = limits.account_concurrency.is_some_and(|total| {
                    reserved.is_none()
                        && self.in_flight.unreserved() >= self.in_flight.unreserved_limit(total)
                });
                // A bucket that holds one window's worth is empty only if as many were born in the last window.
                let born = recent(self.births.get(&function), step.now, limits.scaling_window);
                account || limits.scaling_instances.is_some_and(|most| born + 1 >= most as usize)
            }
            ThrottleReason::FunctionInvocationRateLimitExceeded => {
                let all: usize = self
                    .rates
                    .values()
                    .map(|times| recent(Some(times), step.now, Duration::from_secs(1)))
                    .sum();
                let limit = limits.account_concurrency.zip(per_unit).map(|(a, b)| a * b);
                reserved.is_none() && limit.is_some_and(|limit| all > limit as usize)
            }
            ThrottleReason::ReservedFunctionInvocationRateLimitExceeded => {
                let all = recent(self.rates.get(&function), step.now, Duration::from_secs(1));
                let limit = reserved.zip(per_unit).map(|(a, b)| a * b);
                limit.is_some_and(|limit| all > limit as usize)
            }
        }
    }
}

/// How many of the moments lie within the span before now.
fn recent(moments: Option<&VecDeque<Moment>>, now: Moment, span: Duration) -> usize {
    moments.map_or(0, |moments| {
        moments.iter().rev().take_while(|moment| now.since(**moment) <= span).count()
    })
}

fn keep(moments: &mut VecDeque<Moment>, now: Moment, span: Duration) {
    moments.push_back(now);
    while moments.front().is_some_and(|first| now.since(*first) > span) {
        moments.pop_front();
    }
}

impl Law for Throttle {
    fn name(&self) -> &'static str {
        "throttle"
    }

    fn check(&mut self, step: &Step<'_>) -> Verdict {
        self.in_flight.begin(step);
        if let Some(Event::Invoke { request, function, kind, .. }) = step.taken() {
            self.functions.insert(*request, *function);
            if *kind == InvocationKind::RequestResponse {
                let times = self.rates.entry(*function).or_default();
                keep(times, step.now, Duration::from_secs(1));
            }
        }
        for record in step.records() {
            self.in_flight.record(record);
            match record {
                Record::Born { function, .. } => {
                    let births = self.births.entry(*function).or_default();
                    keep(births, step.now, step.settings.limits.scaling_window);
                    // One window's worth at once, and as much again as time goes by.
                    let most = step.settings.limits.scaling_instances.map(|most| 2 * most as usize);
                    let born = births.len();
                    require(most.is_none_or(|most| born <= most), || {
                        format!("{born} instances of {function} were born in one window")
                    })?;
                }
                Record::Answered { request, outcome, .. } => {
                    let function = self.functions.remove(request);
                    if let (Outcome::Throttled { reason }, Some(function)) = (outcome, function) {
                        require(self.binds(step, function, *reason), || {
                            format!("{request} is refused by {reason:?}, which does not bind")
                        })?;
                    }
                }
                Record::Phase { .. }
                | Record::Arrived { .. }
                | Record::Waits { .. }
                | Record::Started { .. }
                | Record::Ended { .. }
                | Record::InitFailed { .. }
                | Record::CallerLeft { .. }
                | Record::Queue(_)
                | Record::Ecs(_) => {}
            }
        }
        self.in_flight.end(step);
        Ok(())
    }
}
