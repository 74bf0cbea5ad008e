//! Who serves a request: an instance that is there, one that soon will be, a new one, or nobody.

use alloc::boxed::Box;
use core::time::Duration;

use lunch_contract::{
    FunctionId, InstanceId, Moment, Outcome, Refusal, RequestId, RevisionId, ThrottleReason,
};
use smallvec::SmallVec;

use super::function::{Function, Waiting};
use super::instance::{Init, Instance, Invocation, NEVER, Participants, Rare, Stage, State};
use super::throttle::Bucket;
use super::timers::{Due, Owner};
use super::{Lambda, Open};
use crate::command::{Evidence, Start};
use crate::event::{InvocationKind, ReplyAt};
use crate::planted::{Bug, is};
use crate::settings::FunctionConfig;
use crate::trace::{ColdCause, Record, Retirement, Trace};

impl<T: Trace> Lambda<T> {
    pub(super) fn deploy(
        &mut self,
        id: FunctionId,
        revision: RevisionId,
        config: FunctionConfig,
    ) -> Result<(), Refusal> {
        if self.shutting_down {
            return Err(Refusal::ShuttingDown);
        }
        if id.0 as usize == self.functions.len() {
            self.functions.push(Function::new(revision, config, self.settings.choice));
            return Ok(());
        }
        let function = self.functions.get_mut(id.0 as usize).ok_or(Refusal::UnknownFunction)?;
        function.revision = revision;
        function.config = config;
        self.next_generation(id, Retirement::NewRevision);
        Ok(())
    }

    /// Refuses a function that there is not.
    pub(super) fn known(&self, id: FunctionId) -> Result<(), Refusal> {
        self.functions.get(id.0 as usize).map(drop).ok_or(Refusal::UnknownFunction)
    }

    pub(super) fn reserve(
        &mut self,
        id: FunctionId,
        concurrency: Option<u32>,
    ) -> Result<(), Refusal> {
        let function = self.functions.get_mut(id.0 as usize).ok_or(Refusal::UnknownFunction)?;
        let others = self.account.reserved - function.reserved.unwrap_or(0);
        let reserved = others.saturating_add(concurrency.unwrap_or(0));
        if let Some(total) = self.settings.limits.account_concurrency
            && concurrency.is_some()
            && reserved.saturating_add(self.settings.limits.unreserved_concurrency_min) > total
        {
            return Err(Refusal::UnreservedConcurrencyBelowMinimum);
        }
        self.account.reserved = reserved;
        match (function.reserved, concurrency) {
            (None, Some(_)) => self.account.unreserved_in_flight -= function.in_flight,
            (Some(_), None) => self.account.unreserved_in_flight += function.in_flight,
            (None, None) | (Some(_), Some(_)) => {}
        }
        if function.reserved != concurrency {
            // What was spent at another rate says nothing about the new one.
            function.rate = Bucket::default();
        }
        function.reserved = concurrency;
        self.serve_waiting(id);
        Ok(())
    }

    pub(super) fn invoke(
        &mut self,
        request: RequestId,
        id: FunctionId,
        kind: InvocationKind,
        reply: ReplyAt,
    ) -> Result<(), Refusal> {
        if self.shutting_down {
            return Err(Refusal::ShuttingDown);
        }
        if id.0 as usize >= self.functions.len() {
            return Err(Refusal::UnknownFunction);
        }
        let index = request.index as usize;
        match self.requests.get(index) {
            Some(None) => {}
            Some(Some(_)) => return Err(Refusal::RequestInUse),
            None if index == self.requests.len() => self.requests.push(None),
            None => return Err(Refusal::UnknownRequest),
        }
        self.requests[index] = Some(Open { serial: request.serial, function: id });
        self.record(Record::Arrived { request, function: id });
        let waiting = Waiting { request, arrived: self.now, reply };
        match self.request_rate(id, kind) {
            Ok(()) => self.place(id, waiting),
            Err(reason) => self.throttle(waiting, reason),
        }
        Ok(())
    }

    /// A request's index is in use, though it is nobody's here before it comes: those after it may come first.
    pub(crate) fn expect(&mut self, request: RequestId) {
        let least = request.index as usize + 1;
        if self.requests.len() < least {
            self.requests.resize_with(least, || None);
        }
    }

    /// Gives the request to an instance, lets it wait for one that soon is free, or decides at once.
    fn place(&mut self, id: FunctionId, waiting: Waiting) {
        let room = self.concurrency(id);
        if room.is_ok()
            && let Some(index) = self.take_available(id)
        {
            return self.serve(index, waiting);
        }
        let function = self.function(id);
        if function.soon as usize > function.waiting.len() {
            function.waiting.push_back(waiting);
            self.unsettled += 1;
            let until = self.now + self.settings.gap_wait;
            self.timers.set(Owner::Request(waiting.request.index), until, Due::GapWait);
            return self.record(Record::Waits { request: waiting.request });
        }
        self.decide(id, waiting, room);
    }

    /// A request has waited long enough.
    pub(super) fn gap_wait_over(&mut self, request_index: u32) {
        let open = self.requests[request_index as usize];
        let Open { function: id, .. } = open.expect("only an open request waits");
        // Everybody waits equally long, so whose wait is over stands first in its function's queue; or came at the
        // same moment as who stands there, and goes after.
        let first = self.function(id).waiting.pop_front();
        let waiting = first.expect("a request that waits stands in its function's queue");
        if waiting.request.index != request_index {
            self.timers.clear(Owner::Request(waiting.request.index));
            self.timers.set(Owner::Request(request_index), self.now, Due::GapWait);
        }
        self.unsettled -= 1;
        let room = self.concurrency(id);
        // There was no room for it before, and an instance all the time.
        if room.is_ok()
            && let Some(index) = self.take_available(id)
        {
            return self.serve(index, waiting);
        }
        self.decide(id, waiting, room);
    }

    /// A cold start, or a refusal.
    fn decide(&mut self, id: FunctionId, waiting: Waiting, room: Result<(), ThrottleReason>) {
        match room.and_then(|()| self.scaling_rate(id)) {
            Ok(()) => self.start_cold(id, waiting),
            Err(reason) => self.throttle(waiting, reason),
        }
    }

    fn start_cold(&mut self, id: FunctionId, waiting: Waiting) {
        let now = self.now;
        let life = self.settings.reclaim.life.map(|(low, high)| self.random.between(low, high));
        let function = self.function(id);
        let (revision, generation, config) =
            (function.revision, function.generation, function.config);
        let start = function.cold_start();
        function.instances += 1;
        function.current += 1;
        let placement = config.delay.placement.sample(&mut self.random);
        let (index, serial) = self.births.allocate();
        let serial = u32::try_from(serial).expect("fewer than 4 billion instances are ever born");
        let instance = InstanceId { serial, index };
        let mut slots = SmallVec::new();
        slots.push(Invocation::pending(waiting, start, now));
        let born = Instance {
            id: instance,
            function: id,
            generation,
            timeout: config.timeout,
            slots_max: config.slots.max(1),
            state: State::Placing { since: now },
            spawn: 0,
            participants: Participants::default(),
            slots,
            unused_since: now,
            life_end: life.map_or(NEVER, |life| now + life),
            evicted: false,
            invocations: 1,
            soon: 0,
            rare: Box::new(Rare {
                born: now,
                revision,
                init_delay: config.delay.init,
                init: Init::default(),
            }),
        };
        if self.instances.len() <= index as usize {
            self.instances.resize_with(index as usize + 1, || None);
        }
        self.instances[index as usize] = Some(born);
        self.unsettled += 1;
        self.count_in(id);
        let cause = match start {
            Start::Cold(cause) => cause,
            Start::Warm | Start::Reinitialized(_) => ColdCause::First,
        };
        self.record(Record::Born { instance, function: id, revision, cause, life });
        if placement == Duration::ZERO {
            self.begin_init(index);
        } else {
            self.timers.set(Owner::Instance(index), now + placement, Due::Placement);
        }
    }

    fn throttle(&mut self, waiting: Waiting, reason: ThrottleReason) {
        let evidence = Evidence::of_nobody(self.now.since(waiting.arrived));
        self.reply(waiting.request, Outcome::Throttled { reason }, evidence);
        self.release(waiting.request);
    }

    /// Whether there is room for one more request in flight.
    pub(super) fn concurrency(&self, id: FunctionId) -> Result<(), ThrottleReason> {
        let function = &self.functions[id.0 as usize];
        match (function.reserved, self.settings.limits.account_concurrency) {
            (Some(reserved), _)
                if function.in_flight >= reserved + u32::from(is(Bug::ReservedOffByOne)) =>
            {
                Err(ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded)
            }
            (None, Some(total))
                if self.account.unreserved_in_flight
                    >= total.saturating_sub(self.account.reserved) =>
            {
                Err(ThrottleReason::ConcurrentInvocationLimitExceeded)
            }
            (Some(_) | None, _) => Ok(()),
        }
    }

    /// Ten requests per second for each unit of concurrency. Not for events, and not for a function that is stopped
    /// by a reserved concurrency of 0, whose own reason comes first.
    fn request_rate(&mut self, id: FunctionId, kind: InvocationKind) -> Result<(), ThrottleReason> {
        let limits = &self.settings.limits;
        let (InvocationKind::RequestResponse, Some(per_unit)) =
            (kind, limits.requests_per_second_per_concurrency)
        else {
            return Ok(());
        };
        let function = &mut self.functions[id.0 as usize];
        let (bucket, units, reason) = match (function.reserved, limits.account_concurrency) {
            (Some(0), _) | (None, None) => return Ok(()),
            (Some(reserved), _) => (
                &mut function.rate,
                reserved,
                ThrottleReason::ReservedFunctionInvocationRateLimitExceeded,
            ),
            (None, Some(total)) => {
                (&mut self.account.rate, total, ThrottleReason::FunctionInvocationRateLimitExceeded)
            }
        };
        let per_second = units.saturating_mul(per_unit);
        if bucket.take(self.now, per_second, Duration::from_secs(1)) { Ok(()) } else { Err(reason) }
    }

    /// So many new instances in each window. AWS names no reason of its own for this refusal: the account's is given.
    fn scaling_rate(&mut self, id: FunctionId) -> Result<(), ThrottleReason> {
        let limit = self.settings.limits.scaling_instances;
        let Some(instances) = limit.filter(|_| !is(Bug::EndlessScaling)) else { return Ok(()) };
        let (now, window) = (self.now, self.settings.limits.scaling_window);
        if self.function(id).scaling.take(now, instances, window) {
            Ok(())
        } else {
            Err(ThrottleReason::ConcurrentInvocationLimitExceeded)
        }
    }

    fn take_available(&mut self, id: FunctionId) -> Option<u32> {
        let pool = &mut self.functions[id.0 as usize].pool;
        pool.take(&mut self.links, &mut self.random)
    }

    /// One more request is in flight.
    pub(super) fn count_in(&mut self, id: FunctionId) {
        let function = self.function(id);
        function.in_flight += 1;
        if function.reserved.is_none() {
            self.account.unreserved_in_flight += 1;
        }
        self.timers.clear(Owner::Function(id.0));
    }

    /// One request in flight less. With the last one, the function's idle time begins.
    pub(super) fn count_out(&mut self, id: FunctionId) {
        let now = self.now;
        let function = self.function(id);
        function.in_flight -= 1;
        function.unused_since = now;
        let unused = function.in_flight == 0;
        if function.reserved.is_none() {
            self.account.unreserved_in_flight -= 1;
        }
        if unused
            && !self.shutting_down
            && let Some(span) = self.settings.reclaim.function_idle
        {
            self.timers.set(Owner::Function(id.0), self.now + span, Due::FunctionIdle);
        }
    }

    /// Serves who waits for the function's instances, as far as there are instances and room.
    pub(super) fn serve_waiting(&mut self, id: FunctionId) {
        while let Some(&waiting) = self.functions[id.0 as usize].waiting.front() {
            if self.concurrency(id).is_err() {
                return;
            }
            let Some(index) = self.take_available(id) else { return };
            self.function(id).waiting.pop_front();
            self.unsettled -= 1;
            self.timers.clear(Owner::Request(waiting.request.index));
            self.serve(index, waiting);
        }
    }

    pub(super) fn caller_left(&mut self, request: RequestId) -> Result<(), Refusal> {
        let open = self.requests.get(request.index as usize).copied().flatten();
        if open.is_none_or(|open| open.serial != request.serial) {
            return Err(Refusal::UnknownRequest);
        }
        self.record(Record::CallerLeft { request });
        Ok(())
    }
}

impl Invocation {
    /// A request that waits for its instance to be ready.
    pub(super) fn pending(waiting: Waiting, start: Start, now: Moment) -> Self {
        Self {
            request: waiting.request,
            stage: Stage::Pending,
            arrived: waiting.arrived,
            reply: waiting.reply,
            start,
            started: now,
            deadline: now,
            init: None,
        }
    }
}

impl Evidence {
    /// What is known where no instance served.
    pub(super) const fn of_nobody(queued: Duration) -> Self {
        Self {
            instance: None,
            start: None,
            init: None,
            init_modelled: Duration::ZERO,
            queued,
            duration: Duration::ZERO,
        }
    }
}
