//! How instances are frozen and how they go.

use lunch_contract::{FunctionId, InstanceId, Outcome, Refusal};

use super::Lambda;
use super::instance::State;
use super::timers::{Due, Owner};
use crate::command::{Command, Evidence};
use crate::planted::{Bug, is};
use crate::trace::{Cause, Phase, Record, Retirement, Status, Trace};

impl<T: Trace> Lambda<T> {
    pub(super) fn freeze(&mut self, index: u32) {
        let process = self.instance(index).process();
        self.shift(index, State::Frozen { since: self.now }, Cause::Unused);
        self.command(Command::Freeze { process });
    }

    /// A function has served nothing for as long as the policy lets it.
    pub(super) fn function_idle(&mut self, function_index: u32) {
        self.drain(FunctionId(function_index), Retirement::FunctionIdle);
    }

    /// An instance's own time has come.
    pub(super) fn reclaim(&mut self, index: u32, due: Due) {
        let why = match due {
            Due::LifeEnd => Retirement::LifeEnded,
            Due::IdleExpiry
            | Due::Placement
            | Due::InitDeadline
            | Due::InitPadding
            | Due::InvokeDeadline
            | Due::Freeze
            | Due::ShutdownGrace
            | Due::InitErrorExit
            | Due::FunctionIdle
            | Due::GapWait => Retirement::InstanceIdle,
        };
        self.retire(index, why);
    }

    pub(super) fn evict_function(&mut self, id: FunctionId) -> Result<(), Refusal> {
        if id.0 as usize >= self.functions.len() {
            return Err(Refusal::UnknownFunction);
        }
        self.next_generation(id, Retirement::Evicted);
        Ok(())
    }

    pub(super) fn evict_instance(&mut self, id: InstanceId) -> Result<(), Refusal> {
        let state = self.living(id)?.state;
        match state {
            State::Idle { .. } | State::Frozen { .. } | State::Reset { .. } => {
                self.retire(id.index, Retirement::Evicted);
            }
            State::Stopping { .. } => {}
            State::Placing { .. }
            | State::Init { .. }
            | State::Reinit { .. }
            | State::Invoke { .. }
            | State::Resetting { .. } => {
                self.discount(id.index, Retirement::Evicted);
                self.instance_mut(id.index).evicted = true;
                self.leave_pool(id.index);
                self.recount_soon(id.index);
            }
        }
        Ok(())
    }

    /// All instances that there are take no more requests: the idle go now, the others when they are done.
    pub(super) fn next_generation(&mut self, id: FunctionId, why: Retirement) {
        let function = self.function(id);
        function.generation += 1;
        function.soon = 0;
        if core::mem::take(&mut function.current) > 0 {
            function.last_retirement = Some(why);
        }
        if !is(Bug::OldRevision) {
            self.drain(id, why);
        }
    }

    fn drain(&mut self, id: FunctionId, why: Retirement) {
        while let Some(index) = self.functions[id.0 as usize].pool.drain_one(&mut self.links) {
            if self.instance(index).slots.is_empty() {
                self.retire(index, why);
            }
        }
    }

    pub(super) fn leave_pool(&mut self, index: u32) {
        let function = self.instance(index).function;
        self.functions[function.0 as usize].pool.remove(&mut self.links, index);
    }

    /// Why an instance has to go now that nothing is in its hands, if it has to.
    pub(super) fn retirement_due(&self, index: u32) -> Option<Retirement> {
        let instance = self.instance(index);
        let function = &self.functions[instance.function.0 as usize];
        if instance.generation != function.generation || instance.evicted {
            let is_newest = instance.rare.revision == function.revision;
            Some(if is_newest { Retirement::Evicted } else { Retirement::NewRevision })
        } else if instance.life_end <= self.now {
            Some(Retirement::LifeEnded)
        } else {
            self.idle_over(index)
        }
    }

    /// The policy's time may come while a process is still being ended, when there is nothing yet that could go.
    fn idle_over(&self, index: u32) -> Option<Retirement> {
        let instance = self.instance(index);
        let function = &self.functions[instance.function.0 as usize];
        let policy = &self.settings.reclaim;
        let over = |since, span: Option<_>| span.is_some_and(|span| since + span <= self.now);
        if !instance.slots.is_empty() {
            None
        } else if function.in_flight == 0 && over(function.unused_since, policy.function_idle) {
            Some(Retirement::FunctionIdle)
        } else if over(instance.unused_since, policy.instance_idle) {
            Some(Retirement::InstanceIdle)
        } else {
            None
        }
    }

    /// An instance with empty hands goes. One with extensions has its SHUTDOWN phase; any other is ended at once.
    pub(super) fn retire(&mut self, index: u32, why: Retirement) {
        self.leave_pool(index);
        self.recount_soon(index);
        self.discount(index, why);
        let instance = self.instance(index);
        let (process, state) = (instance.process(), instance.state);
        let participants = instance.participants;
        if !state.has_process() {
            return self.gone(index, Cause::Retired(why));
        }
        self.shift(index, State::Stopping { since: self.now }, Cause::Retired(why));
        if !participants.has_extension() || !self.settings.graceful_shutdown {
            return self.command(Command::Kill { process });
        }
        if let State::Frozen { .. } = state {
            self.command(Command::Thaw { process });
        }
        self.command(Command::Terminate { process });
        let limits = &self.settings.limits;
        let grace =
            if participants.external { limits.shutdown_external } else { limits.shutdown_internal };
        self.timers.set(Owner::Instance(index), self.now + grace, Due::ShutdownGrace);
    }

    /// An instance will take no more requests, and for this reason.
    fn discount(&mut self, index: u32, why: Retirement) {
        let instance = self.instance(index);
        let (generation, evicted, id) = (instance.generation, instance.evicted, instance.function);
        let function = self.function(id);
        if generation == function.generation && !evicted {
            function.current -= 1;
            function.last_retirement = Some(why);
        }
    }

    /// The SHUTDOWN phase is over.
    pub(super) fn kill(&mut self, index: u32) {
        let process = self.instance(index).process();
        if is(Bug::KillTwice) {
            self.command(Command::Kill { process });
        }
        self.command(Command::Kill { process });
    }

    /// The last of an instance.
    pub(super) fn gone(&mut self, index: u32, cause: Cause) {
        let instance = self.instance(index);
        let (id, function, from) = (instance.id, instance.function, instance.state.phase());
        if !Phase::Gone.may_follow(from) {
            self.trace.broken(self.now, "an instance only goes where its diagram lets it");
        }
        self.timers.clear(Owner::Instance(index));
        self.leave_pool(index);
        self.unsettled -= u32::from(from.is_unsettled());
        self.record(Record::Phase { instance: id, from, to: Phase::Gone, cause });
        self.instances[index as usize] = None;
        self.births.free(index);
        self.function(function).instances -= 1;
        self.command(Command::Retire { instance: id });
    }

    /// The end of the cloud: everybody is answered, everything is ended. The one place that looks at all there is.
    pub(super) fn shut_down(&mut self) {
        if self.shutting_down {
            return;
        }
        self.shutting_down = true;
        for position in 0..self.functions.len() {
            self.timers.clear(Owner::Function(u32::try_from(position).unwrap_or(u32::MAX)));
            while let Some(waiting) = self.functions[position].waiting.pop_front() {
                self.unsettled -= 1;
                self.timers.clear(Owner::Request(waiting.request.index));
                let evidence = Evidence::of_nobody(self.now.since(waiting.arrived));
                self.reply(waiting.request, Outcome::ShutDown, evidence);
                self.release(waiting.request);
            }
        }
        for position in 0..self.instances.len() {
            if self.instances[position].is_some() {
                self.shut_down_instance(u32::try_from(position).unwrap_or(u32::MAX));
            }
        }
    }

    fn shut_down_instance(&mut self, index: u32) {
        let why = Retirement::ShutDown;
        match self.instance(index).state {
            State::Stopping { .. } => {}
            State::Frozen { .. } if is(Bug::ShutdownForgets) => {}
            State::Idle { .. } | State::Frozen { .. } | State::Reset { .. } => {
                self.retire(index, why);
            }
            State::Placing { .. } => {
                self.end_all(index, Status::Failure, &Outcome::ShutDown);
                self.gone(index, Cause::Retired(why));
            }
            State::Resetting { .. } => {
                self.end_all(index, Status::Failure, &Outcome::ShutDown);
                let instance = self.instance_mut(index);
                let (process, exit_by) = (instance.process(), instance.rare.init.exit_by.take());
                self.shift(index, State::Stopping { since: self.now }, Cause::Retired(why));
                if exit_by.is_some() {
                    self.command(Command::Kill { process });
                }
            }
            State::Init { .. } | State::Reinit { .. } | State::Invoke { .. } => {
                self.count_unfinished_init(index);
                self.end_all(index, Status::Failure, &Outcome::ShutDown);
                let process = self.instance(index).process();
                self.leave_pool(index);
                self.shift(index, State::Stopping { since: self.now }, Cause::Retired(why));
                self.command(Command::Kill { process });
            }
        }
    }
}
