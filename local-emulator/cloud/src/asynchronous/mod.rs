//! Asynchronous invocation: events that nobody waits for, and when each is tried again. Facts 6.
//!
//! Instances are the functions' business: an event is a request like any other, and this decides only whether it comes
//! again. The request keeps its id through all attempts, as on AWS.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use core::time::Duration;

use lunch_contract::{FunctionId, Moment, Outcome, QualifierId, RequestId};
use serde::{Deserialize, Serialize};

use crate::planted::{self, Bug};

/// The machine that decides when an event is tried again, and when it is given up.
///
/// # Tell
/// [`accept`](Self::accept) that an event's first attempt has begun, [`answered`](Self::answered) and then
/// [`ended`](Self::ended) how an attempt went, [`handle_timeout`](Self::handle_timeout) that time has passed.
///
/// # Ask
/// After each telling, [`poll_command`](Self::poll_command) until it is `None`, in this order.
///
/// # Look
/// [`waiting`](Self::waiting) changes nothing.
///
/// # Wake
/// [`poll_timeout`](Self::poll_timeout) says when to call `handle_timeout` at the latest, and for which event.
#[derive(Debug)]
pub struct Asynchronous {
    settings: Settings,
    now: Moment,
    /// AWS's own stand where there is none.
    configs: BTreeMap<(FunctionId, QualifierId), EventConfig>,
    events: BTreeMap<RequestId, Accepted>,
    timers: BTreeSet<(Moment, RequestId)>,
    shut_down: bool,
    commands: VecDeque<Command>,
}

/// How events are tried again. F 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Whether they are tried again at all; if not, one that fails is given up at once.
    pub retries: bool,
    /// Before the second attempt: 1 minute.
    pub first_pause: Duration,
    /// Before the third: 2 minutes.
    pub second_pause: Duration,
    /// After the first throttle: 1 s, and twice as long after each further one.
    pub throttle_min: Duration,
    /// The longest pause after a throttle: 5 minutes.
    pub throttle_max: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            retries: true,
            first_pause: Duration::from_secs(60),
            second_pause: Duration::from_secs(120),
            throttle_min: Duration::from_secs(1),
            throttle_max: Duration::from_secs(300),
        }
    }
}

/// What a function, its version or its alias says of its events: `EventInvokeConfig`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventConfig {
    /// `MaximumRetryAttempts`: 0 to 2.
    pub retries_max: u32,
    /// `MaximumEventAgeInSeconds`: 60 s to 6 h.
    pub age_max: Duration,
}

impl Default for EventConfig {
    /// AWS's: two retries, six hours.
    fn default() -> Self {
        Self { retries_max: 2, age_max: Duration::from_secs(6 * 3_600) }
    }
}

/// Something to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[must_use = "a command that is not executed is a lost event"]
pub enum Command {
    /// Call the function with it, once more.
    Attempt {
        /// Which event.
        request: RequestId,
        /// Which function.
        function: FunctionId,
    },
    /// It failed, and comes again then.
    Retry {
        /// Which event.
        request: RequestId,
        /// When.
        at: Moment,
        /// How often its function has failed at it.
        attempts: u32,
        /// How often in a row nobody took it.
        #[serde(default, skip_serializing_if = "is_zero")]
        throttles: u32,
    },
    /// It comes no more. Its request is released.
    Ended {
        /// Which event.
        request: RequestId,
        /// Of which function.
        function: FunctionId,
        /// How.
        condition: Condition,
        /// How often its function was called with it: `approximateInvokeCount`.
        attempts: u32,
    },
}

/// How an event ended, in AWS's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Condition {
    /// Its function has worked it off.
    Success,
    /// Its function has failed at it as often as it may.
    RetriesExhausted,
    /// It would be too old by the time of its next attempt.
    EventAgeExceeded,
    /// Its function is stopped by a reserved concurrency of 0.
    ZeroReservedConcurrency,
    /// Ours: the cloud was shut down.
    ShutDown,
}

/// An event that a cloud took which is gone: nobody knows what became of an attempt that was under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Which event.
    pub request: RequestId,
    /// Of which function.
    pub function: FunctionId,
    /// What of it is called.
    #[serde(default, skip_serializing_if = "QualifierId::is_latest")]
    pub qualifier: QualifierId,
    /// When it was accepted.
    pub accepted: Moment,
    /// How often its function was called with it.
    pub attempts: u32,
    /// How often in a row nobody took it: its next pause is as long as that says.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub throttles: u32,
    /// When it is tried again.
    pub next: Moment,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// How an attempt went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Succeeded,
    Failed,
    Throttled,
    Stopped,
    ShutDown,
}

#[derive(Clone, Copy, Debug)]
struct Accepted {
    function: FunctionId,
    qualifier: QualifierId,
    at: Moment,
    /// How often its function was called with it.
    attempts: u32,
    /// How often in a row nobody took it.
    throttles: u32,
    ending: Option<Ending>,
}

impl Asynchronous {
    /// Without an event.
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        Self {
            settings,
            now: Moment::ZERO,
            configs: BTreeMap::new(),
            events: BTreeMap::new(),
            timers: BTreeSet::new(),
            shut_down: false,
            commands: VecDeque::new(),
        }
    }

    /// Says how a function's events are tried again, those that wait already too.
    pub fn configure(&mut self, function: FunctionId, qualifier: QualifierId, config: EventConfig) {
        self.configs.insert((function, qualifier), config);
    }

    /// An event's first attempt has begun.
    pub fn accept(
        &mut self,
        now: Moment,
        request: RequestId,
        function: FunctionId,
        qualifier: QualifierId,
    ) {
        self.now = self.now.max(now);
        let at = self.now;
        let event = Accepted { function, qualifier, at, attempts: 0, throttles: 0, ending: None };
        self.events.insert(request, event);
    }

    /// Goes on with an event that was accepted before.
    pub fn resume(&mut self, now: Moment, waiting: Waiting) {
        self.now = self.now.max(now);
        let Waiting { request, function, qualifier, accepted: at, .. } = waiting;
        let Waiting { attempts, throttles, next, .. } = waiting;
        let event = Accepted { function, qualifier, at, attempts, throttles, ending: None };
        self.events.insert(request, event);
        self.timers.insert((next, request));
    }

    /// The function of an event that is not given up; `None`: that request is none.
    #[must_use]
    pub fn function_of(&self, request: RequestId) -> Option<FunctionId> {
        self.events.get(&request).map(|event| event.function)
    }

    /// Whether there is no event that is not given up.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// How many events wait to be tried again.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.timers.len()
    }

    /// The latest moment that the machine was told.
    #[must_use]
    pub const fn now(&self) -> Moment {
        self.now
    }

    /// An attempt was answered; `is_stopped`: its function has a reserved concurrency of 0.
    pub fn answered(&mut self, request: RequestId, outcome: &Outcome, is_stopped: bool) {
        let Some(event) = self.events.get_mut(&request) else { return };
        let ending = match outcome {
            Outcome::Returned => Ending::Succeeded,
            Outcome::Throttled { .. } if is_stopped => Ending::Stopped,
            Outcome::Throttled { .. } => Ending::Throttled,
            Outcome::ShutDown => Ending::ShutDown,
            Outcome::FunctionError
            | Outcome::InitError
            | Outcome::TimedOut { .. }
            | Outcome::Exited { .. }
            | Outcome::SpawnFailed { .. }
            | Outcome::ResponseTooLarge
            | Outcome::ResponseTruncated => Ending::Failed,
        };
        // What its caller was told first counts.
        event.ending.get_or_insert(ending);
    }

    /// The attempt is over in every way: it comes again, or it is given up.
    pub fn ended(&mut self, now: Moment, request: RequestId) {
        self.now = self.now.max(now);
        let Some(event) = self.events.get_mut(&request) else { return };
        let ending = event.ending.take().unwrap_or(Ending::Failed);
        event.attempts += u32::from(matches!(ending, Ending::Succeeded | Ending::Failed));
        event.throttles = if ending == Ending::Throttled { event.throttles + 1 } else { 0 };
        let event = *event;
        let config = self.config(event.function, event.qualifier);
        let most = config.retries_max + u32::from(planted::is(Bug::RetryTooMany));
        let pause = match ending {
            Ending::Succeeded => return self.give_up(request, Condition::Success),
            Ending::Stopped => return self.give_up(request, Condition::ZeroReservedConcurrency),
            Ending::ShutDown => return self.give_up(request, Condition::ShutDown),
            Ending::Failed if event.attempts > most || !self.settings.retries => {
                return self.give_up(request, Condition::RetriesExhausted);
            }
            Ending::Throttled if !self.settings.retries => {
                return self.give_up(request, Condition::RetriesExhausted);
            }
            Ending::Failed if event.attempts <= 1 => self.settings.first_pause,
            Ending::Failed => self.settings.second_pause,
            Ending::Throttled => {
                let doubled = 1_u32 << (event.throttles - 1).min(16);
                (self.settings.throttle_min * doubled).min(self.settings.throttle_max)
            }
        };
        let at = self.now + pause;
        // One that would be too old by then is given up now.
        if at > event.at + config.age_max {
            return self.give_up(request, Condition::EventAgeExceeded);
        }
        let Accepted { attempts, throttles, .. } = event;
        self.commands.push_back(Command::Retry { request, at, attempts, throttles });
        if self.shut_down {
            return self.give_up(request, Condition::ShutDown);
        }
        self.timers.insert((at, request));
    }

    /// Nothing is tried again any more: who waits is given up, and who is being tried when that is over. Whoever keeps
    /// events has been told when each was to be tried again.
    pub fn shut_down(&mut self) {
        while let Some((_, request)) = self.timers.pop_first() {
            self.give_up(request, Condition::ShutDown);
        }
        self.shut_down = true;
    }

    fn config(&self, function: FunctionId, qualifier: QualifierId) -> EventConfig {
        self.configs.get(&(function, qualifier)).copied().unwrap_or_default()
    }

    fn give_up(&mut self, request: RequestId, condition: Condition) {
        if let Some(event) = self.events.remove(&request) {
            let (function, attempts) = (event.function, event.attempts);
            self.commands.push_back(Command::Ended { request, function, condition, attempts });
        }
    }

    /// Tells that time has passed.
    pub fn handle_timeout(&mut self, now: Moment) {
        self.now = self.now.max(now);
        while let Some(&(at, request)) = self.timers.first().filter(|(at, _)| *at <= self.now) {
            self.timers.remove(&(at, request));
            let Some(event) = self.events.get(&request) else { continue };
            let function = event.function;
            // One that was to be tried while the cloud was away may have grown too old meanwhile.
            let age_max = self.config(function, event.qualifier).age_max;
            if self.now > event.at + age_max && !planted::is(Bug::EndlessAge) {
                self.give_up(request, Condition::EventAgeExceeded);
            } else {
                self.commands.push_back(Command::Attempt { request, function });
            }
        }
    }

    /// The next command.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) at the latest, and for which event.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Moment, RequestId)> {
        self.timers.first().copied()
    }
}
