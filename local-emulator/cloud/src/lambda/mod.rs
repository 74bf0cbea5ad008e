//! AWS Lambda: functions, their instances and the requests between them.

use alloc::collections::VecDeque;

use lunch_contract::{FunctionId, InstanceId, Moment, Process, Refusal, RequestId};

use crate::command::Command;
use crate::event::Event;
use crate::settings::Settings;
use crate::trace::{Phase, Trace};
use crate::wake::Wake;

/// The machine that decides: which instance serves a request, when it is frozen, ended, refused.
///
/// # Tell
/// [`handle`](Self::handle) says what happened, [`handle_timeout`](Self::handle_timeout) that time has passed. Time never
/// goes back: a `now` earlier than the last one counts as the last one.
///
/// # Ask
/// After each telling, [`poll_command`](Self::poll_command) until it is `None`, carrying each command out in this order;
/// then, and only then, tell the next.
///
/// # Look
/// [`instances`](Self::instances), [`functions`](Self::functions), [`settled`](Self::settled) and
/// [`operations`](Self::operations) change nothing.
///
/// # Wake
/// [`poll_timeout`](Self::poll_timeout) says when to call `handle_timeout` at the latest, and why. It changes with each
/// telling; one timer is enough.
#[derive(Debug)]
pub struct Cloud<T: Trace> {
    settings: Settings,
    trace: T,
    commands: VecDeque<Command>,
}

impl<T: Trace> Cloud<T> {
    /// An empty cloud.
    #[must_use]
    pub fn new(settings: Settings, trace: T) -> Self {
        Self { settings, trace, commands: VecDeque::new() }
    }

    /// Tells what happened.
    ///
    /// # Errors
    /// What is refused; then nothing changed.
    pub fn handle(&mut self, now: Moment, event: Event) -> Result<(), Refusal> {
        let _ = (now, event);
        Ok(())
    }

    /// Tells that time has passed.
    pub fn handle_timeout(&mut self, now: Moment) {
        let _ = now;
    }

    /// The next command.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) at the latest, and why.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Moment, Wake)> {
        None
    }

    /// How the cloud was set.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Takes the records.
    pub const fn trace_mut(&mut self) -> &mut T {
        &mut self.trace
    }

    /// The records.
    #[must_use]
    pub const fn trace(&self) -> &T {
        &self.trace
    }

    /// Every living instance.
    pub fn instances(&self) -> impl Iterator<Item = InstanceView> {
        core::iter::empty()
    }

    /// Every function, by id.
    pub fn functions(&self) -> impl Iterator<Item = FunctionView> {
        core::iter::empty()
    }

    /// Whether nothing real is under way: no INIT, no INVOKE, no process being ended, nobody waiting. Only policy
    /// deadlines are left, which `advance` may skip to.
    #[must_use]
    pub fn settled(&self) -> bool {
        true
    }

    /// Steps taken in ordered structures (heaps, sets, lists) so far: what an event costs, counted and not timed.
    #[must_use]
    pub fn operations(&self) -> u64 {
        0
    }
}

/// A living instance, looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceView {
    /// Which one.
    pub instance: InstanceId,
    /// Of which function.
    pub function: FunctionId,
    /// Its process, if it has one.
    pub process: Option<Process>,
    /// Where it stands.
    pub phase: Phase,
    /// Since when.
    pub since: Moment,
    /// When it was born.
    pub born: Moment,
    /// How many invocations began in it.
    pub invocations: u64,
    /// What it has in hand.
    pub requests: alloc::vec::Vec<RequestId>,
    /// What it waits for, and until when.
    pub wake: Option<(Moment, Wake)>,
}

/// A function, looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionView {
    /// Which one.
    pub function: FunctionId,
    /// Requests in flight.
    pub in_flight: u32,
    /// Living instances.
    pub instances: u32,
    /// Reserved concurrency.
    pub reserved: Option<u32>,
}
