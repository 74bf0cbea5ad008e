//! What the Runtime API tells: a runtime or an extension asks for more, answers, or gives up.

use hyper::body::Bytes;
use lunch_cloud::Event;
use lunch_contract::{InstanceId, Participant, Process, Refusal, RequestId, ResponseEnding};
use tokio::sync::oneshot;

use super::Driver;
use super::instance::{Connections, Extension, OpenConnection};
use super::request::Delivery;
use crate::uuid::Uuid;
use crate::wire::Note;

/// Waits for what is next; closed without a word where nothing comes any more.
pub(crate) type Waiting<T> = oneshot::Receiver<T>;

/// A request that the process has in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InHand(RequestId);

/// What does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotInHand {
    /// The request's id.
    Request,
    /// The invocation's.
    Invocation,
}

/// What an extension that registered is told.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub(crate) identifier: Uuid,
    pub(crate) function: String,
    pub(crate) handler: String,
    pub(crate) account: String,
}

impl Driver {
    /// Somebody connects to an instance's listener: the process that runs there now, whose connection it is.
    pub(crate) fn connected(&self, instance: InstanceId) -> Option<(Process, OpenConnection)> {
        let running = self.world.instances.of(instance)?.running.as_ref()?;
        Some((running.process, Connections::open(&running.connections)))
    }

    /// The runtime asks for its next invocation.
    pub(crate) fn runtime_next(&mut self, process: Process) -> Result<Waiting<Delivery>, Refusal> {
        // It may end an invocation, whose lines come before its end.
        self.world.drain_before(process.instance);
        let running = self.world.instances.running(process).ok_or(Refusal::Gone)?;
        let receiver = running.next.wait();
        let verdict = self.tell(Event::Next { process, participant: Participant::Runtime });
        if let Err(refusal) = verdict {
            if let Some(running) = self.world.instances.running(process) {
                running.next.turn_away();
            }
            return Err(refusal);
        }
        Ok(receiver)
    }

    /// The request of that id, if the process has it in hand; by the invocation's id as well, where that is given.
    pub(crate) fn in_hand(
        &self,
        process: Process,
        id: &str,
        invocation: Option<&[u8]>,
    ) -> Result<InHand, NotInHand> {
        let instance = self.world.instances.of(process.instance).ok_or(NotInHand::Request)?;
        let mut delivered = instance.delivered.iter();
        let found = delivered.find(|delivered| *delivered.uuid.text() == *id);
        let found = found.ok_or(NotInHand::Request)?;
        if invocation.is_some_and(|id| id != found.invocation.text().as_bytes()) {
            return Err(NotInHand::Invocation);
        }
        Ok(InHand(found.request))
    }

    /// The first bytes of an answer are there.
    pub(crate) fn response_started(
        &mut self,
        process: Process,
        request: InHand,
        error: bool,
    ) -> Result<(), Refusal> {
        self.tell(Event::ResponseStarted { process, request: request.0, error })
    }

    /// The answer is there, as far as it came.
    pub(crate) fn response_ended(
        &mut self,
        process: Process,
        request: InHand,
        ending: ResponseEnding,
        body: Bytes,
    ) -> Result<(), Refusal> {
        if let Some(request) = self.world.requests.of_mut(request.0) {
            request.response = body;
        }
        self.tell(Event::ResponseEnded { process, request: request.0, ending })
    }

    /// The runtime cannot start, and says why.
    pub(crate) fn init_error(
        &mut self,
        process: Process,
        error_type: &str,
        body: Bytes,
    ) -> Result<(), Refusal> {
        if let Some(instance) = self.world.instances.of_mut(process.instance) {
            instance.init_error = body;
            error_type.clone_into(&mut instance.init_error_type);
        }
        self.tell(Event::InitError { process })
    }

    /// An extension registers.
    pub(crate) fn register(
        &mut self,
        process: Process,
        name: &str,
        invoke: bool,
    ) -> Result<Registered, Refusal> {
        let identifier = self.world.names.uuid();
        self.tell(Event::ExtensionRegistered { process, invoke, external: false })?;
        let instance = self.world.instances.of_mut(process.instance).ok_or(Refusal::Gone)?;
        let served = &self.world.deployed.of(instance.function).served;
        let running = instance.running(process).ok_or(Refusal::Gone)?;
        running.extensions.push(Extension { identifier, name: name.to_owned(), next: None });
        Ok(Registered {
            identifier,
            function: served.name.clone(),
            handler: served.handler.clone(),
            account: self.world.deployed.account.clone(),
        })
    }

    /// Whether an extension of that name has registered.
    pub(crate) fn is_registered(&mut self, process: Process, name: &str) -> bool {
        let running = self.world.instances.running(process);
        running.is_some_and(|running| running.extensions.iter().any(|known| known.name == name))
    }

    fn extension(&mut self, process: Process, identifier: &str) -> Result<u8, Refusal> {
        let running = self.world.instances.running(process).ok_or(Refusal::Gone)?;
        let mut known = running.extensions.iter();
        let place = known.position(|known| *known.identifier.text() == *identifier);
        place.and_then(|place| u8::try_from(place).ok()).ok_or(Refusal::UnknownExtension)
    }

    /// An extension asks for its next event.
    pub(crate) fn extension_next(
        &mut self,
        process: Process,
        identifier: &str,
    ) -> Result<Waiting<Bytes>, Refusal> {
        let place = self.extension(process, identifier)?;
        let (sender, receiver) = oneshot::channel();
        self.world.drain_before(process.instance);
        if let Some(running) = self.world.instances.running(process) {
            running.extensions[usize::from(place)].next = Some(sender);
        }
        self.tell(Event::Next { process, participant: Participant::Extension(place) })?;
        Ok(receiver)
    }

    /// An extension says that it cannot go on. What follows, follows from its process's end.
    pub(crate) fn extension_failed(
        &mut self,
        process: Process,
        identifier: &str,
        error_type: String,
    ) -> Result<(), Refusal> {
        let place = self.extension(process, identifier)?;
        let now = self.world.clock.now();
        let running = self.world.instances.running(process).ok_or(Refusal::Gone)?;
        let extension = running.extensions[usize::from(place)].name.clone();
        let note = Note::ExtensionFailed { process, extension, error_type };
        self.world.timeline.note(now, note);
        Ok(())
    }
}
