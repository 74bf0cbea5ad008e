//! An event that has ended where it has a destination sends its record there exactly once, whatever the end of the process
//! takes with it: its end, and its record, are safe together or not at all.

use std::collections::{BTreeMap, BTreeSet};

use lunch_cloud::asynchronous::{Command as Said, Condition};
use lunch_cloud::{Command, Event, InvocationKind};
use lunch_contract::RequestId;

use super::{Book, Law, Restart};
use crate::laws::{Step, Verdict, require};

#[derive(Clone, Debug, Default)]
pub(super) struct Records {
    /// The number of each event that has not ended.
    open: BTreeMap<RequestId, u64>,
    /// Those that have ended, and whose record was not sent yet.
    owed: BTreeSet<u64>,
    /// Those whose record was sent.
    sent: BTreeSet<u64>,
}

impl Law for Records {
    fn name(&self) -> &'static str {
        "records"
    }

    fn check(&mut self, _: &Book, step: &Step<'_>) -> Verdict {
        if let Some(Event::Invoke { request, kind: InvocationKind::Event, .. }) = step.taken() {
            self.open.insert(*request, request.serial);
        }
        if let Some(event) = step.record_of {
            require(self.owed.remove(&event), || format!("event {event} has no record to send"))?;
            require(self.sent.insert(event), || format!("event {event} sends its record twice"))?;
        }
        for command in step.commands {
            let Command::Asynchronous(Said::Ended { request, function, condition, .. }) = command
            else {
                continue;
            };
            let Some(event) = self.open.remove(request) else { continue };
            let to = step.destinations.get(function.0 as usize);
            let has_one = to.is_some_and(|to| match condition {
                Condition::Success => to.success.is_some(),
                Condition::RetriesExhausted
                | Condition::EventAgeExceeded
                | Condition::ZeroReservedConcurrency => to.failure.is_some(),
                // It comes again.
                Condition::ShutDown => false,
            });
            if has_one {
                self.owed.insert(event);
            }
        }
        Ok(())
    }

    fn restarted(&mut self, restart: &Restart) -> Verdict {
        self.open = restart.events.iter().map(|(id, request)| (*request, *id)).collect();
        self.end()
    }

    fn end(&mut self) -> Verdict {
        require(self.owed.is_empty(), || {
            format!("events {:?} have ended, and their records are lost", self.owed)
        })
    }
}
