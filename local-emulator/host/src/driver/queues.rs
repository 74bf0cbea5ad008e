//! What the front door tells of queues.

use std::rc::Rc;
use std::time::Duration;

use lunch_cloud::sqs::{Event, NewMessage, QueueConfig, Redrive, Refusal};
use lunch_contract::sqs::{
    AttemptId, CallId, DedupId, GroupId, Handle, QueueId, QueueName, TaskId,
};
use tokio::sync::oneshot;

use super::{Driver, Shared};
use crate::queues::{Message, Queue, Received, Sent, digest, half_of_sha256};

/// How messages are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) max: u8,
    pub(crate) wait: Option<Duration>,
    pub(crate) visibility: Option<Duration>,
    /// `ReceiveRequestAttemptId`.
    pub(crate) attempt: Option<String>,
}

impl Driver {
    /// Makes a queue. Its dead-letter queue is found by its policy.
    ///
    /// # Errors
    /// What the machine refuses: then there is no queue.
    pub(crate) fn create_queue(&mut self, queue: Queue) -> Result<QueueId, Refusal> {
        let name = self.world.queues.name_id(&queue.name);
        let id = self.world.queues.next_queue();
        let config = self.queue_config(&queue);
        let named = queue.name.clone();
        self.tell(Event::CreateQueue { queue: id, name, config })?;
        self.world.queues.insert(id, queue);
        self.bury_in(&named);
        self.poll_anew(&named);
        Ok(id)
    }

    /// A policy names its dead-letter queue by an ARN, which stays when that queue goes: whoever names the one that has
    /// just been made, maybe in the place of another or itself, has it from now on.
    fn bury_in(&mut self, name: &str) {
        let is_source = |queue: &Queue| {
            let policy = queue.redrive.as_ref();
            let target = policy.and_then(|policy| QueueName::of_arn(&policy.target_arn).ok());
            target.is_some_and(|target| target.as_str() == name)
        };
        let all = self.world.queues.all().filter(|(_, queue)| is_source(queue));
        let sources: Vec<_> =
            all.map(|(source, queue)| (source, self.queue_config(queue))).collect();
        for (queue, config) in sources {
            let told = self.tell(Event::SetAttributes { queue, config });
            debug_assert_eq!(told, Ok(()), "a queue may be set as it is");
        }
    }

    /// Sets a queue's attributes.
    ///
    /// # Errors
    /// What the machine refuses: then they are what they were.
    pub(crate) fn set_queue(&mut self, id: QueueId, queue: Queue) -> Result<(), Refusal> {
        let config = self.queue_config(&queue);
        self.tell(Event::SetAttributes { queue: id, config })?;
        self.world.queues.insert(id, queue);
        Ok(())
    }

    /// Deletes a queue with all that is in it.
    ///
    /// # Errors
    /// What the machine refuses.
    pub(crate) fn delete_queue(&mut self, id: QueueId) -> Result<(), Refusal> {
        self.tell(Event::DeleteQueue { queue: id })?;
        self.world.queues.remove(id);
        Ok(())
    }

    fn queue_config(&self, queue: &Queue) -> QueueConfig {
        let redrive = queue.redrive.as_ref().and_then(|policy| {
            let name = QueueName::of_arn(&policy.target_arn).ok()?;
            let target = self.world.queues.named(name.as_str())?;
            Some(Redrive { target, max_receives: policy.max_receives })
        });
        QueueConfig { redrive, ..QueueConfig::from(&queue.attributes) }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// What the machine refuses: then nothing is kept.
    pub(crate) fn send(
        &mut self,
        queue: QueueId,
        message: Message,
        delay: Option<Duration>,
    ) -> Result<Sent, Refusal> {
        let bytes = u32::try_from(message.bytes()).unwrap_or(u32::MAX);
        let group = message.group().map(|group| group_id(group.as_bytes()));
        let dedup = message.dedup().map(|dedup| DedupId(half_of_sha256(dedup.as_bytes()).0));
        let id = self.world.queues.keep(message);
        let message = NewMessage { message: id, bytes, delay, group, dedup };
        if let Err(refusal) = self.tell(Event::Send { queue, message }) {
            self.world.queues.forget(id);
            return Err(refusal);
        }
        Ok(self.world.queues.take_sent(id).expect("a send that is taken is answered at once"))
    }

    /// Asks for messages; the answer may take as long as the caller waits.
    ///
    /// # Errors
    /// What the machine refuses.
    pub(crate) fn receive(
        &mut self,
        queue: QueueId,
        wanted: &Wanted,
    ) -> Result<(CallId, oneshot::Receiver<Received>), Refusal> {
        let call = self.world.queues.next_call();
        let answer = self.world.queues.wait(call);
        let Wanted { max, wait, visibility, attempt } = wanted;
        let attempt = attempt.as_ref().map(|text| AttemptId(half_of_sha256(text.as_bytes()).0));
        let (max, wait, visibility) = (*max, *wait, *visibility);
        let told = self.tell(Event::Receive { call, queue, max, wait, visibility, attempt });
        if let Err(refusal) = told {
            self.world.queues.stop_waiting(call);
            return Err(refusal);
        }
        Ok((call, answer))
    }

    /// Starts to move a dead-letter queue's messages.
    ///
    /// # Errors
    /// What the machine refuses.
    pub(crate) fn start_move(
        &mut self,
        source: QueueId,
        destination: Option<QueueId>,
        per_second: Option<u32>,
    ) -> Result<TaskId, Refusal> {
        let task = self.world.queues.next_task();
        self.tell(Event::StartMove { task, source, destination, per_second })?;
        Ok(task)
    }

    /// Deletes a message, or makes it visible after another time.
    ///
    /// # Errors
    /// What the machine refuses.
    pub(crate) fn handled(
        &mut self,
        queue: QueueId,
        handle: Handle,
        timeout: Option<Duration>,
    ) -> Result<(), Refusal> {
        self.tell(match timeout {
            None => Event::Delete { queue, handle },
            Some(timeout) => Event::ChangeVisibility { queue, handle, timeout },
        })
    }
}

/// A group's number: the first half of its MD5, which is the same in every run.
fn group_id(group: &[u8]) -> GroupId {
    let half = *digest(group).first_chunk::<8>().expect("16 bytes begin with 8");
    GroupId::of(u64::from_be_bytes(half))
}

/// A receive that waits. Dropped before `answered`, it tells the cloud that its caller has left.
#[derive(Debug)]
pub(crate) struct Receiver {
    driver: Shared,
    waits_for: Option<CallId>,
}

impl Receiver {
    pub(crate) fn new(driver: &Shared, call: CallId) -> Self {
        Self { driver: Rc::clone(driver), waits_for: Some(call) }
    }

    /// The caller has its answer.
    pub(crate) fn answered(mut self) {
        self.waits_for = None;
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(call) = self.waits_for
            // A task that is dropped together with the driver has nobody to tell.
            && let Ok(mut driver) = self.driver.try_borrow_mut()
        {
            driver.world.queues.stop_waiting(call);
            driver.tell(Event::CallerLeft { call }).ok();
        }
    }
}
