//! An event is tried at most so often as its function says, never when it is too old, and ends exactly once: worked off,
//! given up for a reason that holds, or not at all before it ends. A restart loses none.

use std::collections::BTreeMap;

use lunch_cloud::asynchronous::{Command as Said, Condition, EventConfig};
use lunch_cloud::drive::Input;
use lunch_cloud::{Command, Event, InvocationKind, Record};
use lunch_contract::{FunctionId, Moment, Outcome, RequestId};

use super::{Book, Law, Restart};
use crate::laws::{Step, Verdict, require};

#[derive(Clone, Debug)]
struct Open {
    /// The serial number of its first request, which it keeps.
    id: u64,
    function: FunctionId,
    accepted: Moment,
    /// Attempts that are over and were no throttles.
    tries: u32,
    /// How the present one went.
    outcome: Option<Outcome>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Events {
    configs: BTreeMap<FunctionId, EventConfig>,
    reserved: BTreeMap<FunctionId, u32>,
    open: BTreeMap<RequestId, Open>,
    /// The cloud ends; those that it gave up for that.
    shut_down: bool,
    put_off: Vec<Open>,
}

impl Law for Events {
    fn name(&self) -> &'static str {
        "events"
    }

    fn check(&mut self, _: &Book, step: &Step<'_>) -> Verdict {
        self.told(step);
        for (at, record) in step.records {
            if let Record::Arrived { request, .. } = record
                && let Some(event) = self.open.get(request)
            {
                let age_max = self.config(event.function).age_max;
                let (id, age) = (event.id, at.since(event.accepted));
                require(age <= age_max, || {
                    format!("event {id} is tried at an age of {age:?}, and {age_max:?} is the most")
                })?;
            }
        }
        for command in step.commands {
            match command {
                Command::Reply { request, outcome, .. } => {
                    if let Some(event) = self.open.get_mut(request) {
                        // What was told first counts.
                        event.outcome.get_or_insert_with(|| outcome.clone());
                    }
                }
                Command::Asynchronous(command) => self.decided(step.now, command)?,
                Command::Queue(_)
                | Command::Source(_)
                | Command::Ecs(_)
                | Command::Spawn { .. }
                | Command::Deliver { .. }
                | Command::Notify { .. }
                | Command::Release { .. }
                | Command::Freeze { .. }
                | Command::Thaw { .. }
                | Command::Terminate { .. }
                | Command::Kill { .. }
                | Command::Retire { .. } => {}
            }
        }
        Ok(())
    }

    /// Attempts that were under way have never been.
    fn restarted(&mut self, restart: &Restart) -> Verdict {
        self.shut_down = false;
        let open = std::mem::take(&mut self.open).into_values();
        let all = open.chain(std::mem::take(&mut self.put_off));
        let mut before: BTreeMap<_, _> = all.map(|event| (event.id, event)).collect();
        for (id, request) in &restart.events {
            let Some(event) = before.remove(id) else {
                return Err(format!("event {id} comes again after its end"));
            };
            self.open.insert(*request, Open { outcome: None, ..event });
        }
        self.reserved.clear();
        require(before.is_empty(), || format!("{:?} are forgotten", before.keys()))
    }

    fn end(&mut self) -> Verdict {
        require(self.open.is_empty(), || format!("{:?} have not ended", self.open))
    }
}

impl Events {
    fn config(&self, function: FunctionId) -> EventConfig {
        self.configs.get(&function).copied().unwrap_or_default()
    }

    fn told(&mut self, step: &Step<'_>) {
        match step.taken() {
            Some(Event::ShutDown) => self.shut_down = true,
            Some(Event::ConfigureEvents { function, config, .. }) => {
                self.configs.insert(*function, *config);
            }
            Some(Event::Reserve { function, concurrency: Some(concurrency) }) => {
                self.reserved.insert(*function, *concurrency);
            }
            Some(Event::Reserve { function, concurrency: None }) => {
                self.reserved.remove(function);
            }
            Some(Event::Invoke { request, function, kind: InvocationKind::Event, .. }) => {
                let (id, function, accepted) = (request.serial, *function, step.now);
                let event = Open { id, function, accepted, tries: 0, outcome: None };
                self.open.insert(*request, event);
            }
            _ => {}
        }
        if let Input::Restored(restored) = step.input {
            debug_assert_eq!(
                restored.events.len(),
                self.open.len(),
                "the runner hands on what it read"
            );
        }
    }

    fn decided(&mut self, now: Moment, command: &Said) -> Verdict {
        let (Said::Attempt { request, .. }
        | Said::Retry { request, .. }
        | Said::Ended { request, .. }) = command;
        let Some(mut event) = self.open.remove(request) else {
            return Err(format!("{command:?} after the event's end"));
        };
        let config = self.config(event.function);
        let outcome = event.outcome.take();
        let was_tried =
            !matches!(&outcome, None | Some(Outcome::Throttled { .. } | Outcome::ShutDown));
        event.tries += u32::from(was_tried);
        let (id, tries) = (event.id, event.tries);
        require(tries <= 1 + config.retries_max, || {
            format!("event {id} was tried {tries} times, with {} retries", config.retries_max)
        })?;
        match command {
            Said::Attempt { .. } => {}
            Said::Retry { at, attempts, .. } => {
                let is_so = *attempts == tries && outcome != Some(Outcome::Returned);
                require(is_so && *at >= now, || {
                    format!("{command:?} of event {id} after {tries} tries and {outcome:?}")
                })?;
                require(tries <= config.retries_max, || {
                    format!("event {id} is to be tried again after {tries} tries")
                })?;
                self.open.insert(*request, event);
            }
            Said::Ended { condition, attempts, .. } => {
                let is_right = match condition {
                    Condition::Success => outcome == Some(Outcome::Returned),
                    Condition::RetriesExhausted => tries == 1 + config.retries_max,
                    // It is too old now, or would be after the longest pause.
                    Condition::EventAgeExceeded => {
                        now.since(event.accepted) + PAUSE_MAX > config.age_max
                    }
                    Condition::ZeroReservedConcurrency => {
                        self.reserved.get(&event.function) == Some(&0)
                    }
                    // For now: what is kept comes again.
                    Condition::ShutDown => self.shut_down,
                };
                require(is_right && *attempts == tries, || {
                    format!("{command:?} of event {id} after {tries} tries and {outcome:?}")
                })?;
                if *condition == Condition::ShutDown {
                    self.put_off.push(event);
                }
            }
        }
        Ok(())
    }
}

/// No pause between two attempts is longer.
const PAUSE_MAX: std::time::Duration = std::time::Duration::from_secs(300);
