//! Who asks a FIFO queue again with the same attempt id within five minutes, since the answer was lost, gets the very
//! messages of the first time, as far as they are in flight by it, and their visibility timeout begins anew; nobody else gets a receive of somebody's again.

use std::collections::BTreeMap;

use lunch_cloud::Command;
use lunch_cloud::drive::Input;
use lunch_cloud::sqs::{Change, Command as Said, Delivery, Event, State};
use lunch_contract::Moment;
use lunch_contract::sqs::{AttemptId, CallId, Handle, Limits, QueueId};

use super::{Book, Law, Restart};
use crate::laws::{Step, Verdict, require};

type Key = (QueueId, AttemptId);

#[derive(Clone, Debug, Default)]
pub(super) struct Attempts {
    /// The attempt of each call.
    asked: BTreeMap<CallId, Key>,
    /// What each attempt got, and until when it gets that again.
    got: BTreeMap<Key, (Vec<Handle>, Moment)>,
}

impl Law for Attempts {
    fn name(&self) -> &'static str {
        "attempts"
    }

    fn check(&mut self, book: &Book, step: &Step<'_>) -> Verdict {
        let again = self.asks(book, step);
        for command in step.commands {
            let Command::Queue(Said::Received { call, messages }) = command else { continue };
            let key = self.asked.remove(call);
            let told: Vec<_> = messages.iter().map(|one| one.handle).collect();
            if let Some((_, expected)) = again.as_ref().filter(|(of, _)| of == call) {
                require(told == *expected, || {
                    format!("{call:?} asks again, and gets {told:?} and not {expected:?}")
                })?;
                is_hidden_anew(book, step, messages)?;
                continue;
            }
            let known = |one: &&Delivery| book.is_told_again(one);
            let other = messages.iter().find(known);
            require(other.is_none(), || format!("{call:?} gets another's receive: {other:?}"))?;
            if let Some(key) = key.filter(|_| !told.is_empty()) {
                self.got.insert(key, (told, step.now + Limits::aws().deduplication));
            }
        }
        Ok(())
    }

    /// A new process knows of no attempts.
    fn restarted(&mut self, _: &Restart) -> Verdict {
        *self = Self::default();
        Ok(())
    }
}

impl Attempts {
    /// The call that asks again in this step, and what it has to get.
    fn asks(&mut self, book: &Book, step: &Step<'_>) -> Option<(CallId, Vec<Handle>)> {
        let Input::Queue(Event::Receive { call, queue, attempt: Some(attempt), .. }) = step.input
        else {
            return None;
        };
        if step.refusal.is_some() || !book.is_fifo(*queue) {
            return None;
        }
        let key = (*queue, *attempt);
        self.asked.insert(*call, key);
        let (handles, until) = self.got.get(&key)?;
        let handles = handles.iter().filter(|handle| book.is_in_flight_by(**handle, step.now));
        let expected: Vec<_> = handles.copied().collect();
        (step.now < *until && !expected.is_empty()).then_some((*call, expected))
    }
}

/// Whether the store is handed a new deadline for all that is told again.
fn is_hidden_anew(book: &Book, step: &Step<'_>, messages: &[Delivery]) -> Verdict {
    let Input::Queue(Event::Receive { queue, visibility, .. }) = step.input else { return Ok(()) };
    let of_queue = || book.queues.get(queue).map(|queue| queue.visibility);
    let until = step.now + visibility.or_else(of_queue).unwrap_or_default();
    for one in messages {
        let is_put = step.commands.iter().any(|command| {
            matches!(command, Command::Queue(Said::Store(Change::MessagePut(put)))
                if put.message == one.message && put.state == State::InFlight { until })
        });
        require(is_put, || format!("{} is told again, and not hidden until {until}", one.message))?;
    }
    Ok(())
}
