//! Nothing enters where concurrency is used up: the function's own, the account's, or what is left of the account's.

use lunch_cloud::{Event, Refused};
use lunch_contract::Refusal;

use super::in_flight::InFlight;
use super::{Law, Step, Verdict, require};

#[derive(Debug, Default)]
pub(super) struct Concurrency {
    in_flight: InFlight,
}

impl Law for Concurrency {
    fn name(&self) -> &'static str {
        "concurrency"
    }

    fn check(&mut self, step: &Step<'_>) -> Verdict {
        self.in_flight.begin(step);
        let account = step.settings.limits.account_concurrency;
        for record in step.records() {
            let Some(function) = self.in_flight.record(record) else { continue };
            if step.was_due() && matches!(step.taken(), Some(Event::Reserve { .. })) {
                // Who entered before the change and who after it cannot be told apart.
                continue;
            }
            let count = self.in_flight.of(function);
            if let Some(reserved) = self.in_flight.reserved.get(&function) {
                require(count <= *reserved, || {
                    format!("{count} requests are in {function}, which has {reserved} reserved")
                })?;
            } else if let Some(total) = account {
                let (count, limit) =
                    (self.in_flight.unreserved(), self.in_flight.unreserved_limit(total));
                require(count <= limit, || {
                    format!("{count} requests share an unreserved concurrency of {limit}")
                })?;
            }
        }
        self.in_flight.end(step);
        if let (Some(Event::Reserve { .. }), Some(total)) = (step.taken(), account) {
            let left = self.in_flight.unreserved_limit(total);
            let least = step.settings.limits.unreserved_concurrency_min;
            require(left >= least || self.in_flight.reserved.is_empty(), || {
                format!("{left} unreserved are left, and {least} have to be")
            })?;
        }
        if step.refusal == Some(Refused::Event(Refusal::UnreservedConcurrencyBelowMinimum)) {
            require(account.is_some(), || "a reservation was refused without a limit".to_owned())?;
        }
        Ok(())
    }
}
