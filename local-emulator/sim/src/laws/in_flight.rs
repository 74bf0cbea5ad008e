//! Who is in flight: a request counts from when an instance is its own until its invocation ends.

use std::collections::BTreeMap;

use lunch_cloud::{Event, Record, Start};
use lunch_contract::FunctionId;

use super::{Directory, Step};

/// Counters, fed by the timeline.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    directory: Directory,
    pub(super) by_function: BTreeMap<FunctionId, u32>,
    pub(super) reserved: BTreeMap<FunctionId, u32>,
}

impl InFlight {
    /// Before the records of the step are looked at.
    pub(super) fn begin(&mut self, step: &Step<'_>) {
        self.directory.note(step);
        if !step.was_due() {
            self.reserve(step);
        }
    }

    /// After them: what came of a deadline that was kept first belongs to before.
    pub(super) fn end(&mut self, step: &Step<'_>) {
        if step.was_due() {
            self.reserve(step);
        }
    }

    fn reserve(&mut self, step: &Step<'_>) {
        if let Some(Event::Reserve { function, concurrency }) = step.taken() {
            match concurrency {
                Some(reserved) => drop(self.reserved.insert(*function, *reserved)),
                None => drop(self.reserved.remove(function)),
            }
        }
    }

    /// Counts on; the function that one more request is in flight in, if one is.
    pub(super) fn record(&mut self, record: &Record) -> Option<FunctionId> {
        let (function, entered) = match record {
            Record::Born { function, .. } => (*function, true),
            Record::Started { instance, start: Start::Warm | Start::Reinitialized(_), .. } => {
                (self.directory.function_of(*instance)?, true)
            }
            Record::Ended { instance, .. } => (self.directory.function_of(*instance)?, false),
            Record::Started { start: Start::Cold(_), .. }
            | Record::Phase { .. }
            | Record::Arrived { .. }
            | Record::Waits { .. }
            | Record::Answered { .. }
            | Record::InitFailed { .. }
            | Record::CallerLeft { .. }
            | Record::Queue(_)
            | Record::Ecs(_) => return None,
        };
        let count = self.by_function.entry(function).or_default();
        *count = if entered { *count + 1 } else { count.saturating_sub(1) };
        entered.then_some(function)
    }

    pub(super) fn of(&self, function: FunctionId) -> u32 {
        self.by_function.get(&function).copied().unwrap_or(0)
    }

    /// In all functions without reserved concurrency.
    pub(super) fn unreserved(&self) -> u32 {
        let without = |function: &&FunctionId| !self.reserved.contains_key(function);
        self.by_function.keys().filter(without).map(|function| self.of(*function)).sum()
    }

    /// What the account has beside what is reserved.
    pub(super) fn unreserved_limit(&self, account: u32) -> u32 {
        account.saturating_sub(self.reserved.values().sum())
    }
}
