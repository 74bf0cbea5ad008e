//! Who sends, receives and deletes, and who gets in the way. They act on what they have heard, and on nothing else.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use lunch_cloud::event_source;
use lunch_cloud::sqs::{self, Kind, NewMessage, QueueConfig};
use lunch_cloud::{Event, InvocationKind};
use lunch_contract::FunctionId;
use lunch_contract::sqs::{
    AttemptId, CallId, DedupId, GroupId, Handle, MessageId, QueueId, TaskId,
};

use super::disk::{Answer, Write};
use super::driver::{Outlook, Street};
use super::plan::Trouble;

/// Something that somebody will do.
#[derive(Clone, Debug)]
pub(super) enum Task {
    /// People come, and then the next ones.
    Visit,
    /// What is being made safe is safe.
    Committed,
    /// The process ends.
    Crash,
    /// A receiver is done with a message; or wants it to be invisible for that long.
    Handled(Handle, Option<Duration>),
    /// Somebody asks again, since an answer was lost.
    AskAgain(Asked),
    /// Somebody hangs up.
    Leave(CallId),
    /// Somebody who deletes what he gets receives from the queue of that name.
    Empty(usize),
    /// Somebody makes the queue of that name again.
    MakeQueue(usize),
}

/// What somebody asked a queue for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    queue: QueueId,
    max: u8,
    wait: Option<Duration>,
    visibility: Option<Duration>,
    attempt: Option<AttemptId>,
}

/// What people remember.
#[derive(Debug, Default)]
pub(super) struct People {
    tasks: BTreeMap<u64, Task>,
    tokens: u64,
    calls: u64,
    moves: u32,
    pub(super) waiting: BTreeSet<CallId>,
    handles: VecDeque<Handle>,
    /// Calls with an attempt id whose answer nobody has heard.
    asked: BTreeMap<CallId, Asked>,
}

const HANDLES: usize = 60;

impl People {
    pub(super) fn put(&mut self, task: Task) -> u64 {
        self.tokens += 1;
        self.tasks.insert(self.tokens, task);
        self.tokens
    }

    pub(super) fn take(&mut self, token: u64) -> Option<Task> {
        self.tasks.remove(&token)
    }

    /// Nobody answers that call.
    pub(super) fn turned_away(&mut self, call: CallId) {
        self.waiting.remove(&call);
        self.asked.remove(&call);
    }

    /// What people still mean to do after the end of the process.
    pub(super) fn survivors(&mut self) -> Vec<Task> {
        self.waiting.clear();
        let unanswered = std::mem::take(&mut self.asked).into_values().map(Task::AskAgain);
        let tasks = std::mem::take(&mut self.tasks).into_values().chain(unanswered);
        let survives = |task: &Task| match task {
            Task::Visit | Task::Handled(..) | Task::AskAgain(_) | Task::Empty(_) => true,
            Task::Committed | Task::Crash | Task::Leave(_) | Task::MakeQueue(_) => false,
        };
        tasks.filter(survives).collect()
    }
}

impl Street<'_> {
    pub(super) fn task(&mut self, task: Task) -> Outlook {
        match task {
            Task::Visit if self.healed => Ok(()),
            Task::Visit if self.stops => {
                self.after(Duration::from_secs(1), Task::Visit);
                Ok(())
            }
            Task::Visit => self.visit(),
            Task::Committed => self.committed(),
            Task::Crash if self.healed || self.stops => Ok(()),
            Task::Crash => self.crash(),
            Task::Handled(handle, timeout) => self.handled(handle, timeout),
            Task::AskAgain(asked) => self.call(asked).map(drop),
            Task::Leave(call) if self.people.waiting.remove(&call) => {
                self.ask(sqs::Event::CallerLeft { call }).map(drop)
            }
            Task::Leave(_) => Ok(()),
            Task::Empty(place) => self.empty(place),
            Task::MakeQueue(place) if self.stops => {
                self.after(Duration::from_secs(1), Task::MakeQueue(place));
                Ok(())
            }
            Task::MakeQueue(place) => self.make_queue(place),
        }
    }

    fn visit(&mut self) -> Outlook {
        for _ in 0..=self.random.below(3) {
            let queue = self.any_queue();
            match self.random.below(10) {
                0..=4 => self.send(queue)?,
                5..=7 => self.receive(queue)?,
                8 => {
                    let function = self.any_function();
                    self.invoke(function, InvocationKind::Event)?;
                }
                _ => {
                    let function = self.any_function();
                    self.invoke(function, InvocationKind::RequestResponse)?;
                }
            }
        }
        self.troubles()?;
        if self.happens(Trouble::Stop) {
            self.stop()?;
        }
        let (low, high) = self.plan.gap;
        let gap = self.random.magnitude(low, high);
        let quiet = self.happens(Trouble::Quiet);
        let gap = if quiet { gap + Duration::from_secs(400) } else { gap };
        self.after(gap, Task::Visit);
        Ok(())
    }

    fn any_queue(&mut self) -> QueueId {
        let place = self.random.index(self.plan.queues.len());
        self.queue(place)
    }

    fn any_function(&mut self) -> FunctionId {
        let count = self.plan.instances.functions.len();
        FunctionId(u32::try_from(self.random.index(count)).unwrap_or(0))
    }

    fn is_fifo(&self, queue: QueueId) -> bool {
        matches!(self.plan.queues[self.plan.place(queue)].kind, Kind::Fifo { .. })
    }

    pub(super) fn new_message(&mut self, queue: QueueId, delay: Option<Duration>) -> NewMessage {
        let (index, serial) = self.messages.allocate();
        let is_fifo = self.is_fifo(queue);
        let group = GroupId::of(1 + self.random.below(self.plan.groups));
        let dedup = DedupId(u128::from(self.random.below(self.plan.dedups)));
        NewMessage {
            message: MessageId { serial, index },
            bytes: 100,
            delay: delay.filter(|_| !is_fifo),
            group: (is_fifo || self.random.chance(0.2)).then_some(group),
            dedup: is_fifo.then_some(dedup),
        }
    }

    fn send(&mut self, queue: QueueId) -> Outlook {
        for _ in 0..=self.random.below(4) {
            let delay = self.random.chance(0.1).then(|| Duration::from_secs(2));
            let message = self.new_message(queue, delay);
            if self.ask(sqs::Event::Send { queue, message })?.is_some() {
                self.messages.free(message.message.index);
            }
        }
        Ok(())
    }

    fn receive(&mut self, queue: QueueId) -> Outlook {
        let max = self.random.pick(&[1, 1, 3, 10]);
        let wait = self.random.pick(&[None, Some(0), Some(5)]).map(Duration::from_secs);
        let visibility = self.random.pick(&[None, None, Some(0), Some(7)]).map(Duration::from_secs);
        let attempt = AttemptId(u128::from(self.people.calls));
        let attempt = (self.is_fifo(queue) && self.random.chance(0.5)).then_some(attempt);
        let call = self.call(Asked { queue, max, wait, visibility, attempt })?;
        if self.happens(Trouble::HangsUp) {
            let soon = self.random.magnitude(Duration::from_millis(1), Duration::from_secs(5));
            self.after(soon, Task::Leave(call));
        }
        Ok(())
    }

    fn call(&mut self, asked: Asked) -> Result<CallId, crate::run::Broken> {
        self.people.calls += 1;
        let call = CallId(self.people.calls);
        self.people.waiting.insert(call);
        if asked.attempt.is_some() {
            self.people.asked.insert(call, asked);
        }
        let Asked { queue, max, wait, visibility, attempt } = asked;
        if self.ask(sqs::Event::Receive { call, queue, max, wait, visibility, attempt })?.is_some()
        {
            self.people.turned_away(call);
        }
        Ok(call)
    }

    /// Somebody has his answer, which is safe.
    pub(super) fn heard(&mut self, answers: Vec<Answer>) {
        for answer in answers {
            match answer {
                Answer::Received(call, handles) => {
                    if self.is_lost(call) {
                        continue;
                    }
                    for handle in handles {
                        self.received(handle);
                    }
                }
                Answer::Done => {}
            }
        }
    }

    /// Whether that answer gets lost; who had an attempt id then asks again with it, twice at times.
    fn is_lost(&mut self, call: CallId) -> bool {
        let Some(asked) = self.people.asked.remove(&call) else { return false };
        let is_lost = self.happens(Trouble::AnswerLost);
        if is_lost {
            let later = self.random.magnitude(Duration::from_millis(1), Duration::from_secs(400));
            self.after(later, Task::AskAgain(asked));
        }
        is_lost
    }

    fn received(&mut self, handle: Handle) {
        if self.people.handles.len() == HANDLES {
            self.people.handles.pop_front();
        }
        self.people.handles.push_back(handle);
        if self.happens(Trouble::Forgets) {
            return;
        }
        let visibility = self.plan.queues[self.plan.place(handle.queue)].visibility;
        let most = visibility.max(Duration::from_millis(20)) / 2;
        let slow = self.happens(Trouble::SlowReceiver);
        let most = if slow { most * 4 } else { most };
        let takes = self.random.magnitude(Duration::from_millis(1), most);
        if self.happens(Trouble::ChangesVisibility) {
            let timeout = self.random.pick(&[0, 0, 3, 60]);
            self.after(takes, Task::Handled(handle, Some(Duration::from_secs(timeout))));
        } else {
            self.after(takes, Task::Handled(handle, None));
        }
    }

    fn handled(&mut self, handle: Handle, timeout: Option<Duration>) -> Outlook {
        let queue = handle.queue;
        self.ask(match timeout {
            None => sqs::Event::Delete { queue, handle },
            Some(timeout) => sqs::Event::ChangeVisibility { queue, handle, timeout },
        })
        .map(drop)
    }

    /// Receives and deletes, again and again.
    fn empty(&mut self, place: usize) -> Outlook {
        let queue = self.queue(place);
        let wait = Some(Duration::ZERO);
        self.call(Asked { queue, max: 10, wait, visibility: None, attempt: None })?;
        self.after(Duration::from_secs(5), Task::Empty(place));
        Ok(())
    }
}

/// What gets in the way.
impl Street<'_> {
    fn troubles(&mut self) -> Outlook {
        if self.happens(Trouble::Crash) {
            let soon = self.random.magnitude(Duration::from_micros(10), self.plan.commit * 4);
            self.after(soon, Task::Crash);
        }
        if self.happens(Trouble::Deploy) {
            let number = self.random.index(self.plan.instances.functions.len());
            self.deploy_one(number)?;
        }
        if self.happens(Trouble::Evict) {
            let function = self.any_function();
            self.ask(Event::EvictFunction { function })?;
        }
        if self.happens(Trouble::Reserve) {
            let concurrency = self.random.pick(&[None, Some(0), Some(1), Some(3)]);
            let function = self.any_function();
            self.ask(Event::Reserve { function, concurrency })?;
        }
        if self.happens(Trouble::OldHandle) && !self.people.handles.is_empty() {
            let nth = self.random.index(self.people.handles.len());
            let handle = self.people.handles[nth];
            let timeout = self.random.pick(&[None, Some(0), Some(9)]).map(Duration::from_secs);
            self.handled(handle, timeout)?;
        }
        if self.happens(Trouble::Purge) {
            let queue = self.any_queue();
            self.ask(sqs::Event::Purge { queue })?;
        }
        if self.happens(Trouble::MoveBack) {
            self.move_back()?;
        }
        if self.happens(Trouble::SetAttributes) {
            self.set_attributes()?;
        }
        if self.happens(Trouble::UpdateMapping) && !self.plan.mappings.is_empty() {
            let number = self.random.index(self.plan.mappings.len());
            let mut config = self.plan.mappings[number].config;
            config.enabled = self.random.chance(0.6);
            config.batch_size = self.random.pick(&[1, 2, 10]);
            config.concurrency_max = self.random.pick(&[None, Some(2), Some(4)]);
            self.update_mapping(number, config)?;
        }
        if self.happens(Trouble::DeleteQueue) {
            let place = self.random.index(self.plan.queues.len());
            self.delete_queue(place)?;
        }
        if self.happens(Trouble::Remap) && !self.plan.mappings.is_empty() {
            let number = self.random.index(self.plan.mappings.len());
            if let Some(mapping) = self.mapping_of(number) {
                self.ask(event_source::Event::Delete { mapping })?;
            }
            let config = self.bound(self.plan.mappings[number].config);
            self.disk.write(Write::Mapping(number, config));
            self.map(number, config)?;
        }
        Ok(())
    }

    fn move_back(&mut self) -> Outlook {
        self.people.moves += 1;
        let task = TaskId(self.people.moves);
        let is_fifo = self.random.chance(0.5);
        let source = self.queue(usize::from(is_fifo));
        let destination = self.random.pick(&[None, None, Some(2)]);
        let destination = destination.map(|place| self.queue(place));
        let per_second = self.random.pick(&[None, Some(1)]);
        self.ask(sqs::Event::StartMove { task, source, destination, per_second }).map(drop)
    }

    /// Another visibility timeout, another way to the dead.
    fn set_attributes(&mut self) -> Outlook {
        let number = self.random.index(self.plan.queues.len());
        let other = self.random.index(self.plan.queues.len());
        let (config, other) = (self.config_of(number), self.plan.queues[other]);
        let redrive = if self.random.chance(0.5) { None } else { config.redrive };
        let config = QueueConfig { visibility: other.visibility, redrive, ..config };
        let queue = self.queue(number);
        self.ask(sqs::Event::SetAttributes { queue, config }).map(drop)
    }

    pub(super) fn update_mapping(
        &mut self,
        number: usize,
        config: event_source::MappingConfig,
    ) -> Outlook {
        let Some(mapping) = self.mapping_of(number) else { return Ok(()) };
        let config = self.bound(config);
        self.disk.write(Write::Mapping(number, config));
        self.ask(event_source::Event::Update { mapping, config }).map(drop)
    }
}
