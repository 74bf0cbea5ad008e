//! INIT: a process starts and gets ready, once before the first invocation and, where that failed, again inside it.

use core::time::Duration;

use lunch_contract::{Exit, Outcome, Participant, Process, Refusal, SpawnFailure};

use super::Lambda;
use super::instance::{Init, Participants, State};
use crate::command::{Command, Start};
use crate::trace::{Cause, InitFailure, Record, ResetCause, Status, Trace};

impl<T: Trace> Lambda<T> {
    /// A place was found: the INIT phase begins.
    pub(super) fn begin_init(&mut self, index: u32) {
        let deadline = self.now + self.settings.limits.init;
        self.spawn(index);
        self.shift(index, State::Init { since: self.now, deadline }, Cause::Placed);
    }

    /// INIT inside the invocation, under the function's timeout ("suppressed init").
    pub(super) fn begin_reinit(&mut self, index: u32, cause: Cause) {
        self.spawn(index);
        let now = self.now;
        let instance = self.instance_mut(index);
        let (id, timeout) = (instance.id, instance.timeout);
        let slot = instance.slots.first_mut().expect("INIT runs again for a request");
        slot.started = now;
        slot.deadline = now + timeout;
        let (request, start) = (slot.request, slot.start);
        self.shift(index, State::Reinit { since: now }, cause);
        self.record(Record::Started { request, instance: id, start });
    }

    /// Starts the instance's next process.
    fn spawn(&mut self, index: u32) {
        let modelled_end = self.now + self.instance(index).rare.init_delay.sample(&mut self.random);
        let instance = self.instance_mut(index);
        instance.participants = Participants::default();
        let (process, function, revision) =
            (instance.process(), instance.function, instance.rare.revision);
        instance.rare.init = Init { modelled_end, real_end: None, exit_by: None };
        self.command(Command::Spawn { process, function, revision });
    }

    pub(super) fn extension_registered(
        &mut self,
        process: Process,
        invoke: bool,
        external: bool,
    ) -> Result<(), Refusal> {
        let extensions_max = self.settings.limits.extensions_max;
        self.running(process)?;
        let instance = self.instance_mut(process.instance.index);
        instance.participants.register(invoke, external, extensions_max)
    }

    /// Somebody calls `/next` in INIT. When everybody has, INIT is over, if the delay model has no more to add.
    pub(super) fn next_in_init(
        &mut self,
        index: u32,
        participant: Participant,
    ) -> Result<(), Refusal> {
        let now = self.now;
        let instance = self.instance_mut(index);
        instance.participants.arrive(participant)?;
        if !instance.participants.all_wait() {
            return Ok(());
        }
        let progress = &mut instance.rare.init;
        if progress.real_end.is_some() {
            return Ok(());
        }
        progress.real_end = Some(now);
        if progress.modelled_end > now {
            self.rekey(index);
        } else {
            self.init_done(index);
        }
        Ok(())
    }

    /// INIT is over: the request that it was for is handed over.
    pub(super) fn init_done(&mut self, index: u32) {
        let now = self.now;
        let instance = self.instance_mut(index);
        let (since, in_invoke) = match instance.state {
            State::Init { since, .. } => (since, false),
            State::Reinit { since } => (since, true),
            State::Placing { .. }
            | State::Invoke { .. }
            | State::Idle { .. }
            | State::Frozen { .. }
            | State::Resetting { .. }
            | State::Reset { .. }
            | State::Stopping { .. } => {
                return self.trace.broken(now, "INIT ends in an instance that is in INIT");
            }
        };
        let span = now.since(since);
        let modelled = instance.rare.init.real_end.map_or(Duration::ZERO, |end| now.since(end));
        let slot = instance.slots.first_mut().expect("INIT runs for a request");
        let taken = slot.init.get_or_insert_default();
        taken.total += span;
        taken.modelled += modelled;
        if !in_invoke {
            taken.reported = Some(span);
        }
        self.hand_over(index, 0, !in_invoke, Some(Cause::InitDone));
        self.make_available(index);
    }

    pub(super) fn init_error(&mut self, process: Process) -> Result<(), Refusal> {
        let instance = self.running(process)?;
        match instance.state {
            State::Init { .. } | State::Reinit { .. }
                if !instance.participants.runtime_waits()
                    && instance.rare.init.real_end.is_none() =>
            {
                self.init_failed(process.instance.index, InitFailure::Reported);
                Ok(())
            }
            State::Resetting { .. } if instance.rare.init.exit_by.is_none() => Err(Refusal::Gone),
            State::Init { .. }
            | State::Reinit { .. }
            | State::Resetting { .. }
            | State::Invoke { .. }
            | State::Idle { .. }
            | State::Frozen { .. } => Err(Refusal::InvalidStateTransition {
                from: instance.runtime_state(),
                to: lunch_contract::RuntimeState::RuntimeInitError,
            }),
            State::Placing { .. } | State::Reset { .. } | State::Stopping { .. } => {
                Err(Refusal::Gone)
            }
        }
    }

    pub(super) fn spawn_failed(
        &mut self,
        process: Process,
        why: SpawnFailure,
    ) -> Result<(), Refusal> {
        let instance = self.running(process)?;
        let index = process.instance.index;
        match instance.state {
            State::Init { .. } | State::Reinit { .. } => {
                self.init_failed(index, InitFailure::SpawnFailed(why));
                Ok(())
            }
            // It was to be ended before it began.
            State::Resetting { .. } | State::Stopping { .. } => {
                self.exited(process, Exit::Signal(9))
            }
            State::Placing { .. }
            | State::Invoke { .. }
            | State::Idle { .. }
            | State::Frozen { .. }
            | State::Reset { .. } => Err(Refusal::Gone),
        }
    }

    pub(super) fn init_timed_out(&mut self, index: u32) {
        self.init_failed(index, InitFailure::TimedOut);
    }

    /// The INIT that is under way, if one is, has taken the request that it runs for so long.
    pub(super) fn count_unfinished_init(&mut self, index: u32) {
        let now = self.now;
        let instance = self.instance_mut(index);
        if let State::Init { since, .. } | State::Reinit { since } = instance.state
            && let Some(slot) = instance.slots.first_mut()
        {
            slot.init.get_or_insert_default().total += now.since(since);
        }
    }

    /// Who has reported that it cannot start still runs.
    pub(super) fn init_error_outlived(&mut self, index: u32) {
        let instance = self.instance_mut(index);
        instance.rare.init.exit_by = None;
        let process = instance.process();
        self.command(Command::Kill { process });
    }

    /// INIT failed: it comes again inside the invocation, or, where it was that already, the caller is told.
    ///
    /// A process that has reported it is expected to end itself: it hears that it was understood, and what it still
    /// logs is read.
    pub(super) fn init_failed(&mut self, index: u32, failure: InitFailure) {
        let now = self.now;
        let instance = self.instance_mut(index);
        let (process, since) = (instance.process(), instance.state.since());
        let in_invoke = matches!(instance.state, State::Reinit { .. });
        let duration = now.since(since);
        self.count_unfinished_init(index);
        self.record(Record::InitFailed { process, failure, duration, in_invoke });
        let runs = match failure {
            InitFailure::Reported | InitFailure::TimedOut => true,
            InitFailure::Exited(_) | InitFailure::SpawnFailed(_) => false,
        };
        if failure == InitFailure::Reported {
            let exit_by = now + self.settings.limits.init_error_exit;
            self.instance_mut(index).rare.init.exit_by = Some(exit_by);
        }
        if in_invoke {
            self.end_all(index, Status::Error, &failure.outcome());
            self.lose_process(
                index,
                runs,
                ResetCause::InitFailed(failure),
                Cause::InitFailed(failure),
            );
        } else if runs {
            let state = State::Resetting { since: now, cause: ResetCause::InitFailed(failure) };
            self.shift(index, state, Cause::InitFailed(failure));
            self.kill_unless_it_exits(index);
        } else {
            self.instance_mut(index).spawn += 1;
            self.begin_reinit(index, Cause::InitFailed(failure));
        }
    }
}

impl InitFailure {
    /// What the caller is told of an INIT that failed inside its invocation.
    const fn outcome(self) -> Outcome {
        match self {
            Self::Exited(exit) => Outcome::Exited { exit },
            Self::Reported => Outcome::InitError,
            // Not reached: inside an invocation the function's timeout comes first.
            Self::TimedOut => Outcome::Exited { exit: Exit::Signal(9) },
            Self::SpawnFailed(why) => Outcome::SpawnFailed { why },
        }
    }
}

impl Start {
    /// What a request finds in an instance without a process.
    pub(super) const fn after(cause: ResetCause) -> Self {
        Self::Reinitialized(cause)
    }
}
