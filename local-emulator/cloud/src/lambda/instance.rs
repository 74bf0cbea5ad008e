//! An instance: AWS's execution environment, from birth to retirement.

use alloc::boxed::Box;
use core::time::Duration;

use lunch_contract::{
    FunctionId, InstanceId, Moment, Participant, Process, Refusal, RequestId, ResponseEnding,
    RevisionId, RuntimeState,
};
use smallvec::SmallVec;

use super::timers::Due;
use crate::command::{Evidence, Start};
use crate::delay::Delay;
use crate::event::ReplyAt;
use crate::planted::{Bug, is};
use crate::settings::Settings;
use crate::trace::{Phase, ResetCause};

/// Where an instance stands. AWS's phases are INIT, INVOKE, SHUTDOWN (Developer Guide, lambda-runtime-environment).
///
/// ```text
///  Placing ──> Init ──────────────> Invoke <──> Idle ──> Frozen
///                │                  │ ^  ^        │        │
///                │ fails            │ │  └────────┼────────┘
///                v                  v │           │ the process ends
///            Resetting <── timeout ─┤ │           v
///              │    │               └─┼───────> Reset
///              │    └─ nobody waits ──┼───────>   │
///              └──> Reinit <──────────┼───────────┘ a request comes
///                     └─ ready ───────┘
///  Idle, Frozen, Reset, and the others when they are done ──> Stopping ──> Gone
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum State {
    /// Waits out the placement delay.
    Placing { since: Moment },
    /// The process gets ready, by `deadline`.
    Init { since: Moment, deadline: Moment },
    /// The same inside an invocation, whose deadline it is.
    Reinit { since: Moment },
    /// Something is in hand.
    Invoke { since: Moment },
    /// Ready and running.
    Idle { since: Moment },
    /// Ready and stopped from running.
    Frozen { since: Moment },
    /// The process is being ended; the instance stays.
    Resetting { since: Moment, cause: ResetCause },
    /// There is no process.
    Reset { since: Moment, cause: ResetCause },
    /// The process is being ended, and the instance with it.
    Stopping { since: Moment },
}

/// How far an INIT phase has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Init {
    /// When the delay model lets it end.
    pub(super) modelled_end: Moment,
    /// When the process was ready, if it is.
    pub(super) real_end: Option<Moment>,
    /// By when the process has to end itself that has reported that it cannot start.
    pub(super) exit_by: Option<Moment>,
}

impl State {
    pub(super) const fn phase(&self) -> Phase {
        match self {
            Self::Placing { .. } => Phase::Placing,
            Self::Init { .. } => Phase::Init,
            Self::Reinit { .. } => Phase::Reinit,
            Self::Invoke { .. } => Phase::Invoke,
            Self::Idle { .. } => Phase::Idle,
            Self::Frozen { .. } => Phase::Frozen,
            Self::Resetting { .. } => Phase::Resetting,
            Self::Reset { .. } => Phase::Reset,
            Self::Stopping { .. } => Phase::Stopping,
        }
    }

    pub(super) const fn since(&self) -> Moment {
        match self {
            Self::Placing { since }
            | Self::Init { since, .. }
            | Self::Reinit { since }
            | Self::Invoke { since }
            | Self::Idle { since }
            | Self::Frozen { since }
            | Self::Resetting { since, .. }
            | Self::Reset { since, .. }
            | Self::Stopping { since } => *since,
        }
    }

    /// Whether a process belongs to it, so that its exit is awaited.
    pub(super) const fn has_process(&self) -> bool {
        !matches!(self, Self::Placing { .. } | Self::Reset { .. })
    }
}

impl Phase {
    /// The diagram of an instance's life, as a table. The one place that changes an instance's phase asks it.
    #[must_use]
    pub const fn may_follow(self, from: Self) -> bool {
        use Phase::{
            Frozen, Gone, Idle, Init, Invoke, Placing, Reinit, Reset, Resetting, Stopping,
        };
        match from {
            Placing => matches!(self, Init | Gone),
            Init => matches!(self, Invoke | Resetting | Reinit | Stopping),
            Reinit => matches!(self, Invoke | Resetting | Reset | Stopping),
            Invoke => matches!(self, Idle | Resetting | Reset | Stopping),
            Idle => matches!(self, Invoke | Frozen | Reset | Stopping),
            Frozen => matches!(self, Invoke | Reset | Stopping),
            Resetting => matches!(self, Reset | Reinit | Stopping | Gone),
            Reset => matches!(self, Reinit | Gone),
            Stopping => matches!(self, Gone),
            Gone => false,
        }
    }
}

/// One request in one of an instance's slots.
#[derive(Clone, Debug)]
pub(super) struct Invocation {
    pub(super) request: RequestId,
    pub(super) stage: Stage,
    pub(super) arrived: Moment,
    pub(super) reply: ReplyAt,
    pub(super) start: Start,
    /// When its timeout began to run; its arrival in the instance before that.
    pub(super) started: Moment,
    pub(super) deadline: Moment,
    /// The INIT that it waited for. Most wait for none, so what it took stands elsewhere.
    pub(super) init: Option<Box<InitTaken>>,
}

/// What INIT took of one request's time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct InitTaken {
    /// All of it.
    pub(super) total: Duration,
    /// How much of that was modelled.
    pub(super) modelled: Duration,
    /// The INIT phase that AWS reports and bills beside the duration.
    pub(super) reported: Option<Duration>,
    /// When the runtime was given the request, which without INIT is when its timeout began to run.
    pub(super) delivered: Moment,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stage {
    /// The instance is not ready yet.
    Pending,
    /// The runtime has it.
    Running,
    /// The runtime is sending an answer, or an error.
    Responding { error: bool },
    /// The answer is complete; the runtime has not called `/next` yet. Held back where the reply is at the end.
    Answered { held: Option<ResponseEnding> },
}

impl Invocation {
    pub(super) fn evidence(&self, instance: InstanceId, now: Moment) -> Evidence {
        let init = self.init.as_deref();
        let total = init.map(|init| init.total);
        let before = match (self.stage, init) {
            (Stage::Pending, _) => now,
            (_, Some(init)) => init.delivered,
            (_, None) => self.started,
        };
        Evidence {
            instance: Some(instance),
            start: Some(self.start),
            init: total,
            init_modelled: init.map_or(Duration::ZERO, |init| init.modelled),
            queued: before.since(self.arrived).saturating_sub(total.unwrap_or_default()),
            duration: now.since(self.started),
        }
    }

    /// How far the runtime has come with it, in the Runtime API's names.
    pub(super) const fn runtime_state(&self) -> RuntimeState {
        match self.stage {
            Stage::Pending => RuntimeState::RuntimeStarted,
            Stage::Running => RuntimeState::RuntimeRunning,
            Stage::Responding { error: false } => RuntimeState::InvocationResponse,
            Stage::Responding { error: true } => RuntimeState::InvocationErrorResponse,
            Stage::Answered { .. } => RuntimeState::RuntimeResponseSent,
        }
    }
}

/// Who has to call `/next` before the instance is ready, or an invocation has ended. A bit each; the runtime's is the
/// lowest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Participants {
    waiting: u16,
    extensions: u16,
    invoke: u16,
    pub(super) external: bool,
    registration_closed: bool,
}

const RUNTIME: u16 = 1;

impl Participants {
    /// Registers the next extension.
    pub(super) fn register(
        &mut self,
        invoke: bool,
        external: bool,
        extensions_max: u8,
    ) -> Result<(), Refusal> {
        if self.registration_closed {
            return Err(Refusal::RegistrationClosed);
        }
        let count = self.extensions.count_ones();
        if count >= u32::from(extensions_max) {
            return Err(Refusal::TooManyExtensions);
        }
        let bit = RUNTIME << (count + 1);
        self.extensions |= bit;
        if invoke {
            self.invoke |= bit;
        }
        self.external |= external;
        Ok(())
    }

    /// The participant has called `/next`.
    pub(super) fn arrive(&mut self, participant: Participant) -> Result<(), Refusal> {
        match participant {
            Participant::Runtime => {
                self.registration_closed = true;
                self.waiting |= RUNTIME;
            }
            Participant::Extension(number) => {
                let bit = RUNTIME.checked_shl(u32::from(number) + 1).unwrap_or(0);
                if self.extensions & bit == 0 {
                    return Err(Refusal::UnknownExtension);
                }
                self.waiting |= bit;
            }
        }
        Ok(())
    }

    /// An invocation begins: who is told of it has to call again.
    pub(super) const fn depart(&mut self) {
        self.waiting &= !(RUNTIME | self.invoke);
    }

    pub(super) const fn runtime_waits(self) -> bool {
        self.waiting & RUNTIME != 0
    }

    pub(super) const fn all_wait(self) -> bool {
        let all = RUNTIME | self.extensions;
        self.waiting & all == all
    }

    /// Whether all that were told of the invocation are done with it.
    pub(super) const fn done_with_invocation(self) -> bool {
        let told = RUNTIME | self.invoke;
        self.waiting & told == told
    }

    pub(super) const fn has_extension(self) -> bool {
        self.extensions != 0
    }

    /// The numbers of the extensions that want to know of invocations.
    pub(super) fn told_of_invocations(self) -> impl Iterator<Item = u8> {
        (0..15_u8).filter(move |number| self.invoke & (RUNTIME << (number + 1)) != 0)
    }
}

/// What every event reads is small and stands together: with many instances, each event finds its own out of the
/// processor's caches, and what it costs is how many lines it has to fetch.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Instance {
    pub(super) state: State,
    pub(super) id: InstanceId,
    /// The number of its process, or of the next one where there is none.
    pub(super) spawn: u32,
    pub(super) participants: Participants,
    /// How many requests may count on it soon: see `Function::soon`.
    pub(super) soon: u32,
    pub(super) function: FunctionId,
    /// Of which of its function's generations: an older one than the function's goes when it is done.
    pub(super) generation: u32,
    /// How many invocations it takes at once, by its revision, whatever the function's is by now.
    pub(super) slots_max: u32,
    pub(super) evicted: bool,
    /// When the last invocation ended.
    pub(super) unused_since: Moment,
    /// A moment that never comes, where its life is not limited.
    pub(super) life_end: Moment,
    /// How long an invocation may take, by its revision as well.
    pub(super) timeout: Duration,
    pub(super) rare: Box<Rare>,
    pub(super) slots: SmallVec<[Invocation; 1]>,
    pub(super) invocations: u64,
}

/// What of an instance is read when a process starts, or by who looks.
#[derive(Debug)]
pub(super) struct Rare {
    pub(super) born: Moment,
    pub(super) revision: RevisionId,
    /// Its revision's.
    pub(super) init_delay: Delay,
    /// Of the last INIT.
    pub(super) init: Init,
}

impl Instance {
    pub(super) const fn process(&self) -> Process {
        Process { instance: self.id, spawn: self.spawn }
    }

    /// The one deadline that matters most in this state.
    pub(super) fn deadline(&self, settings: &Settings) -> Option<(Moment, Due)> {
        match self.state {
            State::Placing { .. } | State::Stopping { .. } => None,
            State::Resetting { .. } => self.rare.init.exit_by.map(|at| (at, Due::InitErrorExit)),
            State::Init { deadline, .. } => {
                Some(self.rare.init.deadline((deadline, Due::InitDeadline)))
            }
            State::Reinit { .. } => {
                self.invoke_deadline().map(|deadline| self.rare.init.deadline(deadline))
            }
            State::Invoke { since } if is(Bug::FreezeBusy) => earliest([
                settings.freeze_after.map(|span| (since + span, Due::Freeze)),
                None,
                None,
            ]),
            State::Invoke { .. } => self.invoke_deadline(),
            State::Idle { since } => {
                let freeze = settings.freeze_after.map(|span| (since + span, Due::Freeze));
                earliest([freeze, self.idle_expiry(settings), self.life_deadline()])
            }
            State::Frozen { .. } | State::Reset { .. } => {
                earliest([self.idle_expiry(settings), self.life_deadline(), None])
            }
        }
    }

    fn invoke_deadline(&self) -> Option<(Moment, Due)> {
        if is(Bug::DeadlineNotArmed) && self.invocations > 1 {
            return None;
        }
        self.slots.iter().map(|slot| (slot.deadline, Due::InvokeDeadline)).min_by_key(|due| due.0)
    }

    fn idle_expiry(&self, settings: &Settings) -> Option<(Moment, Due)> {
        if is(Bug::IdleNotRearmed) && self.invocations > 1 {
            return None;
        }
        settings.reclaim.instance_idle.map(|span| (self.unused_since + span, Due::IdleExpiry))
    }

    fn life_deadline(&self) -> Option<(Moment, Due)> {
        (self.life_end < NEVER && !is(Bug::EndlessLife)).then_some((self.life_end, Due::LifeEnd))
    }
}

impl Init {
    /// The end of the modelled part, if only that is waited for and it comes first.
    fn deadline(&self, deadline: (Moment, Due)) -> (Moment, Due) {
        match self.real_end {
            Some(_) if self.modelled_end < deadline.0 => (self.modelled_end, Due::InitPadding),
            _ => deadline,
        }
    }
}

/// The last moment that there is.
pub(super) const NEVER: Moment = Moment::from_nanos(u64::MAX);

fn earliest(deadlines: [Option<(Moment, Due)>; 3]) -> Option<(Moment, Due)> {
    deadlines.into_iter().flatten().min_by_key(|deadline| deadline.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_event_reads_stays_small() {
        assert_eq!(size_of::<Instance>(), 192, "three lines of the cache");
        assert_eq!(size_of::<Invocation>(), 64, "one line");
    }
}
