//! What the front door tells: somebody calls a function, somebody hangs up.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::HeaderValue;
use lunch_cloud::asynchronous::Waiting;
use lunch_cloud::{Event, InvocationKind, ReplyAt};
use lunch_contract::{FunctionId, Refusal, RequestId};
use tokio::sync::oneshot;

use super::request::{Accepted, Batch, Call, Request, Waits};
use super::world::HostWorld;
use super::{Driver, Shared};
use crate::logs::Tail;
use crate::published::Version;
use crate::store::{StoredEvent, Write};

impl Driver {
    /// Tells the cloud of a call; its answer comes by the channel.
    ///
    /// # Errors
    /// What the cloud refuses: it is shutting down.
    pub(crate) fn invoke(&mut self, call: Call) -> Result<Accepted, Refusal> {
        let (function, waits) = (call.function, call.waits);
        let kind = match waits {
            Waits::No => InvocationKind::Event,
            Waits::Response | Waits::Tail => InvocationKind::RequestResponse,
        };
        let reply = match waits {
            Waits::Tail => ReplyAt::End,
            Waits::Response | Waits::No => ReplyAt::Response,
        };
        let qualifier = self.qualifier_id(&call.arn);
        let accepted = self.open(call, None);
        let (request, uuid) = (accepted.id, accepted.uuid);
        if waits == Waits::No {
            self.keep_event(request);
        }
        let told = self.tell(Event::Invoke { request, function, kind, reply, qualifier });
        if told.is_err() {
            self.close(request);
            if waits == Waits::No {
                self.world.queues.keep_on(|| Write::Ended { uuid });
            }
        }
        told.map(|()| accepted)
    }

    /// Opens a request that the cloud is then told of.
    pub(super) fn open(&mut self, call: Call, batch: Option<Box<Batch>>) -> Accepted {
        let (index, serial) = self.world.ids.allocate();
        let id = RequestId { serial, index };
        let uuid = call.uuid.unwrap_or_else(|| self.world.names.uuid());
        let trace_id = call.trace_id.clone().unwrap_or_else(|| self.trace_id());
        let (caller, answer) = oneshot::channel();
        let waits = call.waits;
        let has_caller = waits != Waits::No && batch.is_none();
        self.world.requests.insert(Request {
            id,
            uuid,
            call,
            trace_id: trace_id.clone(),
            caller: has_caller.then_some(caller),
            batch,
            response: Bytes::new(),
            tail: (waits == Waits::Tail).then(Tail::default),
            last_line: None,
            outcome: None,
            holder: None,
        });
        Accepted { id, uuid, trace_id, answer }
    }

    /// Keeps an event that is about to be told.
    fn keep_event(&mut self, id: RequestId) {
        let HostWorld { requests, deployed, clock, queues, .. } = &mut self.world;
        let Some(request) = requests.of(id) else { return };
        queues.keep_on(|| {
            let call = &request.call;
            let text = |header: &HeaderValue| header.to_str().unwrap_or_default().to_owned();
            Write::Event(Arc::new(StoredEvent {
                uuid: request.uuid,
                function: deployed.of(call.function).served.name.clone(),
                payload: call.payload.to_vec(),
                version: call.version.to_string(),
                arn: text(&call.arn),
                trace_id: text(&request.trace_id),
                client_context: call.client_context.as_ref().map(text),
                accepted: clock.now(),
                attempts: 0,
                throttles: 0,
                next: None,
            }))
        });
    }

    /// Opens an event again that was accepted by a cloud that is gone, under its own id. One whose function is not served
    /// any more is given up.
    pub(super) fn reopen(&mut self, event: StoredEvent) -> Option<Waiting> {
        let Some(function) = self.world.deployed.id_of(&event.function) else {
            let StoredEvent { function, uuid, .. } = event;
            tracing::warn!(%function, %uuid, "an event's function is not served any more: it is given up");
            self.world.queues.keep_on(|| Write::Ended { uuid });
            return None;
        };
        let header = |text: &str| HeaderValue::try_from(text).ok();
        let call = Call {
            function,
            payload: Bytes::from(event.payload),
            version: event.version.parse().map_or(Version::Latest, Version::Number),
            arn: header(&event.arn)?,
            trace_id: header(&event.trace_id),
            client_context: event.client_context.as_deref().and_then(header),
            waits: Waits::No,
            uuid: Some(event.uuid),
        };
        let qualifier = self.qualifier_id(&call.arn);
        let request = self.open(call, None).id;
        let StoredEvent { accepted, attempts, throttles, .. } = event;
        let next = event.next.unwrap_or_else(|| self.world.clock.now());
        Some(Waiting { request, function, qualifier, accepted, attempts, throttles, next })
    }

    /// A new trace id.
    pub(crate) fn trace_id(&mut self) -> HeaderValue {
        let text = self.world.names.trace_id(self.wall().as_secs());
        HeaderValue::try_from(text).expect("a trace id is made of ASCII only")
    }

    /// The cloud's wall-clock time, since 1970.
    pub(crate) fn wall(&self) -> Duration {
        self.world.clock.wall_of(self.world.clock.now())
    }

    /// Forgets a request that the cloud would not take.
    pub(super) fn close(&mut self, id: RequestId) {
        self.world.requests.remove(id);
        self.world.ids.free(id.index);
    }
}

impl Driver {
    /// Reserves so much concurrency for a function from now on, or none.
    ///
    /// # Errors
    /// What the cloud refuses: too little would stay unreserved, or it is shutting down.
    pub(crate) fn reserve(
        &mut self,
        function: FunctionId,
        concurrency: Option<u32>,
    ) -> Result<(), Refusal> {
        self.tell(Event::Reserve { function, concurrency })?;
        self.world.deployed.of_mut(function).served.reserved = concurrency;
        Ok(())
    }
}

/// A caller who waits. Dropped before `answered`, it tells the cloud that the caller has left.
#[derive(Debug)]
pub(crate) struct Caller {
    driver: Shared,
    waits_for: Option<RequestId>,
}

impl Caller {
    pub(crate) fn new(driver: &Shared, id: RequestId) -> Self {
        Self { driver: Rc::clone(driver), waits_for: Some(id) }
    }

    /// The caller has its answer.
    pub(crate) fn answered(mut self) {
        self.waits_for = None;
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        if let Some(request) = self.waits_for
            // A task that is dropped together with the driver has nobody to tell.
            && let Ok(mut driver) = self.driver.try_borrow_mut()
        {
            driver.tell(Event::CallerLeft { request }).ok();
        }
    }
}
