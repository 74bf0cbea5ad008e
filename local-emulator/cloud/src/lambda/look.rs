//! Looking at the cloud without changing it.

use alloc::vec::Vec;

use lunch_contract::{FunctionId, InstanceId, Moment, Process, RequestId, RevisionId};

use super::timers::{Due, Owner};
use super::{Instance, Lambda};
use crate::settings::Settings;
use crate::trace::{Phase, Trace};
use crate::wake::Wake;

/// A living instance, looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceView {
    /// Which one.
    pub instance: InstanceId,
    /// Of which function.
    pub function: FunctionId,
    /// Of which revision.
    pub revision: RevisionId,
    /// Its process, if it has one.
    pub process: Option<Process>,
    /// Where it stands.
    pub phase: Phase,
    /// Since when.
    pub since: Moment,
    /// When it was born.
    pub born: Moment,
    /// How many invocations it was given.
    pub invocations: u64,
    /// What it has in hand.
    pub requests: Vec<RequestId>,
    /// What it waits for, and until when.
    pub wake: Option<(Moment, Wake)>,
}

/// A function, looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionView {
    /// Which one.
    pub function: FunctionId,
    /// Its current revision.
    pub revision: RevisionId,
    /// Requests in flight.
    pub in_flight: u32,
    /// Living instances.
    pub instances: u32,
    /// Living instances that have a slot to spare.
    pub available: u32,
    /// Requests that wait for an instance to call `/next`.
    pub waiting: u32,
    /// Reserved concurrency.
    pub reserved: Option<u32>,
    /// When all of its instances go, if nobody calls it until then.
    pub idle_expiry: Option<Moment>,
}

impl<T: Trace> Lambda<T> {
    /// How the cloud was set.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The latest moment that the cloud was told.
    #[must_use]
    pub const fn now(&self) -> Moment {
        self.now
    }

    /// What takes the records.
    #[must_use]
    pub const fn trace(&self) -> &T {
        &self.trace
    }

    /// What takes the records.
    pub const fn trace_mut(&mut self) -> &mut T {
        &mut self.trace
    }

    /// What takes the records, taken out of a cloud that has done its work.
    pub fn into_trace(self) -> T {
        self.trace
    }

    /// Every living instance.
    pub fn instances(&self) -> impl Iterator<Item = InstanceView> {
        self.instances.iter().flatten().map(|instance| self.view(instance))
    }

    /// The instance, if it lives.
    #[must_use]
    pub fn instance_view(&self, id: InstanceId) -> Option<InstanceView> {
        self.living(id).ok().map(|instance| self.view(instance))
    }

    /// Every function, by id.
    pub fn functions(&self) -> impl Iterator<Item = FunctionView> {
        (0_u32..).zip(&self.functions).map(|(id, function)| FunctionView {
            function: FunctionId(id),
            revision: function.revision,
            in_flight: function.in_flight,
            instances: function.instances,
            available: function.pool.len(),
            waiting: u32::try_from(function.waiting.len()).unwrap_or(u32::MAX),
            reserved: function.reserved,
            idle_expiry: self.timers.of(Owner::Function(id)).map(|(at, _)| at),
        })
    }

    /// A function's reserved concurrency.
    pub(crate) fn reserved(&self, id: FunctionId) -> Option<u32> {
        self.functions.get(id.0 as usize).and_then(|function| function.reserved)
    }

    /// Whether nothing real is under way: no INIT, no INVOKE, no process being ended, nobody waiting. Only the
    /// policies' deadlines are left then, which `advance` may skip to.
    #[must_use]
    pub const fn settled(&self) -> bool {
        self.unsettled == 0
    }

    /// Steps taken in ordered structures (heaps, sets, lists) so far: what an event costs, counted and not timed.
    #[must_use]
    pub const fn operations(&self) -> u64 {
        self.timers.steps() + self.links.steps()
    }

    fn view(&self, instance: &Instance) -> InstanceView {
        let owner = Owner::Instance(instance.id.index);
        InstanceView {
            instance: instance.id,
            function: instance.function,
            revision: instance.rare.revision,
            process: instance.state.has_process().then(|| instance.process()),
            phase: instance.state.phase(),
            since: instance.state.since(),
            born: instance.rare.born,
            invocations: instance.invocations,
            requests: instance.slots.iter().map(|slot| slot.request).collect(),
            wake: self.timers.of(owner).map(|(at, due)| (at, self.wake(owner, due))),
        }
    }

    /// A deadline by its public name.
    pub(super) fn wake(&self, owner: Owner, due: Due) -> Wake {
        match owner {
            Owner::Function(index) => Wake::FunctionIdle(FunctionId(index)),
            Owner::Request(index) => {
                let open = self.requests[index as usize].expect("only an open request waits");
                Wake::GapWait(RequestId { index, serial: open.serial })
            }
            Owner::Instance(index) => {
                let id = self.instance(index).id;
                match due {
                    Due::Placement => Wake::Placement(id),
                    Due::InitDeadline => Wake::InitDeadline(id),
                    Due::InitPadding => Wake::InitPadding(id),
                    Due::InvokeDeadline => Wake::InvokeDeadline(id),
                    Due::Freeze => Wake::Freeze(id),
                    Due::LifeEnd => Wake::LifeEnd(id),
                    Due::ShutdownGrace => Wake::ShutdownGrace(id),
                    Due::InitErrorExit => Wake::InitErrorExit(id),
                    Due::IdleExpiry | Due::FunctionIdle | Due::GapWait => Wake::IdleExpiry(id),
                }
            }
        }
    }
}
