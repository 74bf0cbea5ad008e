//! INVOKE: an instance has something in hand, answers, and asks for more.

use lunch_contract::{
    Exit, Outcome, Participant, Process, Refusal, RequestId, ResponseEnding, RuntimeState,
};

use super::Lambda;
use super::function::Waiting;
use super::instance::{Instance, Invocation, Stage, State};
use crate::command::{Command, Notice, Start};
use crate::event::ReplyAt;
use crate::planted::{Bug, is};
use crate::trace::{Cause, Record, ResetCause, Status, Trace};

impl<T: Trace> Lambda<T> {
    /// Gives the request to an instance that was available.
    pub(super) fn serve(&mut self, index: u32, waiting: Waiting) {
        let now = self.now;
        let instance = self.instance_mut(index);
        let state = instance.state;
        let start = match state {
            State::Reset { cause, .. } => Start::after(cause),
            State::Placing { .. }
            | State::Init { .. }
            | State::Reinit { .. }
            | State::Invoke { .. }
            | State::Idle { .. }
            | State::Frozen { .. }
            | State::Resetting { .. }
            | State::Stopping { .. } => Start::Warm,
        };
        instance.slots.push(Invocation::pending(waiting, start, now));
        instance.invocations += 1;
        let (id, process, slot) = (instance.function, instance.process(), instance.slots.len() - 1);
        self.count_in(id);
        match state {
            State::Reset { .. } => self.begin_reinit(index, Cause::Invoked(waiting.request)),
            State::Idle { .. } | State::Frozen { .. } => {
                if matches!(state, State::Frozen { .. }) && !is(Bug::MissingThaw) {
                    self.command(Command::Thaw { process });
                }
                self.hand_over(index, slot, true, Some(Cause::Invoked(waiting.request)));
                self.make_available(index);
            }
            State::Invoke { .. } => {
                self.hand_over(index, slot, true, None);
                self.make_available(index);
            }
            State::Placing { .. }
            | State::Init { .. }
            | State::Reinit { .. }
            | State::Resetting { .. }
            | State::Stopping { .. } => {
                self.trace.broken(now, "only an instance that can serve is available");
            }
        }
    }

    /// Hands the slot's request to the runtime. Its timeout begins, unless it has begun with an INIT inside it; the
    /// INVOKE phase begins, where there is a cause for that.
    pub(super) fn hand_over(
        &mut self,
        index: u32,
        slot: usize,
        begins: bool,
        phase: Option<Cause>,
    ) {
        let now = self.now;
        let instance = self.instance_mut(index);
        let timeout = instance.timeout;
        instance.participants.depart();
        let (process, participants) = (instance.process(), instance.participants);
        let invocation = &mut instance.slots[slot];
        invocation.stage = Stage::Running;
        if let Some(init) = &mut invocation.init {
            init.delivered = now;
        }
        if begins {
            invocation.started = now;
            invocation.deadline = now + timeout;
        }
        let (request, deadline, start) =
            (invocation.request, invocation.deadline, invocation.start);
        match phase {
            Some(cause) => self.shift(index, State::Invoke { since: now }, cause),
            None => self.rekey(index),
        }
        if begins {
            self.record(Record::Started { request, instance: process.instance, start });
        }
        self.command(Command::Deliver { process, request, deadline });
        for extension in participants.told_of_invocations() {
            let notice = Notice::Invoke { request, deadline };
            self.command(Command::Notify { process, extension, notice });
        }
    }

    pub(super) fn next(
        &mut self,
        process: Process,
        participant: Participant,
    ) -> Result<(), Refusal> {
        let index = process.instance.index;
        let instance = self.running(process)?;
        match instance.state {
            State::Init { .. } | State::Reinit { .. } => self.next_in_init(index, participant),
            State::Invoke { .. } => self.next_in_invoke(index, participant),
            State::Idle { .. } | State::Frozen { .. } | State::Stopping { .. } => {
                self.instance_mut(index).participants.arrive(participant)
            }
            State::Resetting { .. } if instance.rare.init.exit_by.is_some() => {
                Err(Refusal::InvalidStateTransition {
                    from: instance.runtime_state(),
                    to: RuntimeState::RuntimeReady,
                })
            }
            State::Placing { .. } | State::Resetting { .. } | State::Reset { .. } => {
                Err(Refusal::Gone)
            }
        }
    }

    fn next_in_invoke(&mut self, index: u32, participant: Participant) -> Result<(), Refusal> {
        let instance = self.instance(index);
        let process = instance.process();
        if participant == Participant::Runtime {
            let answered = instance.answered();
            let in_hand = instance.slots.first().filter(|_| answered.is_none());
            match in_hand.map(|invocation| (&invocation.stage, invocation)) {
                Some((Stage::Running, invocation)) if instance.slots_max <= 1 => {
                    // AWS renders the same event again.
                    let (request, deadline) = (invocation.request, invocation.deadline);
                    self.command(Command::Deliver { process, request, deadline });
                    return Ok(());
                }
                Some((Stage::Responding { .. }, invocation)) => {
                    return Err(Refusal::InvalidStateTransition {
                        from: invocation.runtime_state(),
                        to: RuntimeState::RuntimeReady,
                    });
                }
                Some((Stage::Pending | Stage::Running | Stage::Answered { .. }, _)) | None => {}
            }
        }
        let instance = self.instance_mut(index);
        instance.participants.arrive(participant)?;
        if instance.participants.done_with_invocation()
            && let Some(slot) = instance.answered()
        {
            self.end_invocation(index, slot);
        }
        Ok(())
    }

    pub(super) fn response_started(
        &mut self,
        process: Process,
        request: RequestId,
        error: bool,
    ) -> Result<(), Refusal> {
        let to = if error {
            RuntimeState::InvocationErrorResponse
        } else {
            RuntimeState::InvocationResponse
        };
        let invocation = self.in_hand(process, request)?;
        if invocation.stage != Stage::Running {
            return Err(Refusal::InvalidStateTransition { from: invocation.runtime_state(), to });
        }
        invocation.stage = Stage::Responding { error };
        Ok(())
    }

    pub(super) fn response_ended(
        &mut self,
        process: Process,
        request: RequestId,
        ending: ResponseEnding,
    ) -> Result<(), Refusal> {
        let (index, now) = (process.instance.index, self.now);
        let invocation = self.in_hand(process, request)?;
        if !matches!(invocation.stage, Stage::Responding { .. }) {
            return Err(Refusal::InvalidStateTransition {
                from: invocation.runtime_state(),
                to: RuntimeState::RuntimeResponseSent,
            });
        }
        match invocation.reply {
            ReplyAt::End => invocation.stage = Stage::Answered { held: Some(ending) },
            ReplyAt::Response => {
                invocation.stage = Stage::Answered { held: None };
                let evidence = invocation.evidence(process.instance, now);
                self.reply(request, outcome_of(ending), evidence);
            }
        }
        if is(Bug::AvailableBeforeNext) {
            let function = self.instance(index).function.0 as usize;
            let serial = process.instance.serial;
            self.functions[function].pool.push(&mut self.links, index, serial);
        }
        self.recount_soon(index);
        Ok(())
    }

    /// The process's invocation of that request, if it has one.
    fn in_hand(
        &mut self,
        process: Process,
        request: RequestId,
    ) -> Result<&mut Invocation, Refusal> {
        self.running(process)?;
        self.instance_mut(process.instance.index)
            .slots
            .iter_mut()
            .find(|slot| slot.request == request && slot.stage != Stage::Pending)
            .ok_or(Refusal::InvalidRequestId)
    }

    /// Runtime and extensions are done with an answered invocation.
    fn end_invocation(&mut self, index: u32, slot: usize) {
        let request = self.conclude(index, slot, Status::Success, None);
        let instance = self.instance(index);
        if instance.slots.is_empty() {
            self.shift(index, State::Idle { since: self.now }, Cause::Ended(request));
        } else {
            self.rekey(index);
        }
        self.offer(index);
    }

    /// Takes an invocation out of its slot, answers its caller if nobody has, and closes its account.
    fn conclude(
        &mut self,
        index: u32,
        slot: usize,
        status: Status,
        fate: Option<&Outcome>,
    ) -> RequestId {
        let now = self.now;
        let instance = self.instance_mut(index);
        let invocation = instance.slots.remove(slot);
        instance.unused_since = now;
        let (id, function) = (instance.id, instance.function);
        let request = invocation.request;
        let duration = now.since(invocation.started);
        let init = invocation.init.as_deref().and_then(|init| init.reported);
        let billed = duration + init.unwrap_or_default();
        let part = if is(Bug::BilledDown) { 0 } else { 999_999 };
        let billed_ms = u64::try_from((billed.as_nanos() + part) / 1_000_000).unwrap_or(u64::MAX);
        let evidence = invocation.evidence(id, now);
        match (invocation.stage, fate) {
            (Stage::Answered { held: Some(ending) }, _) => {
                self.reply(request, outcome_of(ending), evidence);
            }
            (Stage::Answered { held: None }, Some(outcome)) if is(Bug::DoubleReply) => {
                self.reply(request, outcome.clone(), evidence);
            }
            (Stage::Answered { held: None }, _) => {}
            (Stage::Pending | Stage::Running | Stage::Responding { .. }, Some(outcome)) => {
                self.reply(request, outcome.clone(), evidence);
            }
            (Stage::Pending | Stage::Running | Stage::Responding { .. }, None) => {
                self.trace.broken(now, "an invocation that ends well has answered");
            }
        }
        self.record(Record::Ended { request, instance: id, status, duration, init, billed_ms });
        if !(is(Bug::LeakedSlot) && status == Status::Error) {
            self.count_out(function);
        }
        if !(is(Bug::ReleaseNever) && status == Status::Timeout) {
            self.release(request);
        }
        request
    }

    /// Ends all of an instance's invocations by the same fate.
    pub(super) fn end_all(&mut self, index: u32, status: Status, fate: &Outcome) {
        while !self.instance(index).slots.is_empty() {
            self.conclude(index, 0, status, Some(fate));
        }
    }

    /// A deadline has come: who ran into it is told so; the process goes, and with it what else it had in hand.
    pub(super) fn invoke_timed_out(&mut self, index: u32) {
        let now = self.now;
        self.count_unfinished_init(index);
        let after = self.instance(index).timeout;
        let cause = self
            .instance(index)
            .slots
            .iter()
            .find(|slot| slot.deadline <= now)
            .map_or(Cause::InitDone, |slot| Cause::TimedOut(slot.request));
        while let Some(slot) =
            self.instance(index).slots.iter().position(|slot| slot.deadline <= now)
        {
            self.conclude(index, slot, Status::Timeout, Some(&Outcome::TimedOut { after }));
        }
        let fate = Outcome::Exited { exit: Exit::Signal(9) };
        self.end_all(index, Status::Error, &fate);
        self.lose_process(index, true, ResetCause::TimedOut, cause);
    }

    pub(super) fn exited(&mut self, process: Process, exit: Exit) -> Result<(), Refusal> {
        let instance = self.running(process)?;
        let index = process.instance.index;
        match instance.state {
            State::Init { .. } | State::Reinit { .. } => {
                self.init_failed(index, crate::trace::InitFailure::Exited(exit));
            }
            State::Invoke { .. } => {
                self.end_all(index, Status::Error, &Outcome::Exited { exit });
                self.lose_process(index, false, ResetCause::Exited(exit), Cause::Exited(exit));
            }
            State::Idle { .. } | State::Frozen { .. } => {
                let state = State::Reset { since: self.now, cause: ResetCause::Exited(exit) };
                self.instance_mut(index).spawn += 1;
                self.shift(index, state, Cause::Exited(exit));
            }
            State::Resetting { cause, .. } => {
                let instance = self.instance_mut(index);
                instance.spawn += 1;
                if instance.slots.is_empty() {
                    let state = State::Reset { since: self.now, cause };
                    self.shift(index, state, Cause::Exited(exit));
                    self.offer(index);
                } else {
                    self.begin_reinit(index, Cause::Exited(exit));
                }
            }
            State::Stopping { .. } => self.gone(index, Cause::Exited(exit)),
            State::Placing { .. } | State::Reset { .. } => return Err(Refusal::Gone),
        }
        Ok(())
    }

    /// The instance stays without a process: at once, or when the one that still runs has ended.
    pub(super) fn lose_process(&mut self, index: u32, runs: bool, reset: ResetCause, cause: Cause) {
        self.leave_pool(index);
        if runs {
            self.shift(index, State::Resetting { since: self.now, cause: reset }, cause);
            self.kill_unless_it_exits(index);
            self.recount_soon(index);
        } else {
            self.instance_mut(index).spawn += 1;
            self.shift(index, State::Reset { since: self.now, cause: reset }, cause);
            self.offer(index);
        }
    }

    /// Ends a process that is not expected to end itself.
    pub(super) fn kill_unless_it_exits(&mut self, index: u32) {
        let instance = self.instance(index);
        if instance.rare.init.exit_by.is_none() {
            let process = instance.process();
            self.command(Command::Kill { process });
        }
    }

    /// An instance may have a slot to spare: it goes if its time has come, serves who waits, or is available.
    pub(super) fn offer(&mut self, index: u32) {
        let instance = self.instance(index);
        let function = instance.function;
        if instance.slots.is_empty()
            && let Some(why) = self.retirement_due(index)
        {
            return self.retire(index, why);
        }
        self.make_available(index);
        self.serve_waiting(function);
    }

    /// Puts an instance with a slot to spare into its function's pool, as the one used last.
    pub(super) fn make_available(&mut self, index: u32) {
        let instance = self.instance(index);
        let (serial, slots) = (instance.id.serial, instance.slots_max as usize);
        let function = instance.function.0 as usize;
        if instance.slots.len() < slots && self.retirement_due(index).is_none() {
            let pool = &mut self.functions[function].pool;
            pool.remove(&mut self.links, index);
            pool.push(&mut self.links, index, serial);
        }
        self.recount_soon(index);
    }

    /// How many requests may soon find a slot in this instance.
    pub(super) fn soon_of(&self, index: u32) -> u32 {
        let instance = self.instance(index);
        if instance.evicted {
            return 0;
        }
        match instance.state {
            State::Invoke { .. } => {
                let answered = instance.slots.iter().filter(|slot| slot.is_answered()).count();
                u32::try_from(answered).expect("slots are few")
            }
            State::Resetting { .. } if instance.slots.is_empty() => 1,
            State::Placing { .. }
            | State::Init { .. }
            | State::Reinit { .. }
            | State::Idle { .. }
            | State::Frozen { .. }
            | State::Resetting { .. }
            | State::Reset { .. }
            | State::Stopping { .. } => 0,
        }
    }
}

impl Invocation {
    const fn is_answered(&self) -> bool {
        matches!(self.stage, Stage::Answered { .. })
    }
}

impl Instance {
    /// The slot that waits for the runtime's `/next`.
    fn answered(&self) -> Option<usize> {
        self.slots.iter().position(Invocation::is_answered)
    }

    /// Where the runtime stands, in the Runtime API's names.
    pub(super) fn runtime_state(&self) -> RuntimeState {
        match self.state {
            State::Invoke { .. } => {
                self.slots.first().map_or(RuntimeState::RuntimeReady, Invocation::runtime_state)
            }
            State::Idle { .. } | State::Frozen { .. } => RuntimeState::RuntimeReady,
            State::Init { .. } | State::Reinit { .. } if self.participants.runtime_waits() => {
                RuntimeState::RuntimeReady
            }
            State::Resetting { .. } if self.rare.init.exit_by.is_some() => {
                RuntimeState::RuntimeInitError
            }
            State::Init { .. }
            | State::Reinit { .. }
            | State::Placing { .. }
            | State::Resetting { .. }
            | State::Reset { .. }
            | State::Stopping { .. } => RuntimeState::RuntimeStarted,
        }
    }
}

const fn outcome_of(ending: ResponseEnding) -> Outcome {
    match ending {
        ResponseEnding::Complete => Outcome::Returned,
        ResponseEnding::Error => Outcome::FunctionError,
        ResponseEnding::Truncated => Outcome::ResponseTruncated,
        ResponseEnding::Oversized => Outcome::ResponseTooLarge,
    }
}
