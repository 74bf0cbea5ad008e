//! Move tasks: the messages of a dead-letter queue go back, one by one, at a rate: as many as were visible when the
//! task started. Whether AWS takes those that come later too is not known (unsure).

use core::time::Duration;

use lunch_contract::sqs::{QueueId, TaskId};

use super::Sqs;
use super::refusal::Refusal;
use super::stored::{Change, MoveStatus, StoredTask};
use super::trace::Trace;
use super::wake::Owner;

impl<T: Trace> Sqs<T> {
    pub(super) fn start_move(
        &mut self,
        id: TaskId,
        source: QueueId,
        destination: Option<QueueId>,
        per_second: Option<u32>,
    ) -> Result<(), Refusal> {
        let limits = &self.settings.limits;
        if per_second.is_some_and(|rate| !(1..=limits.move_rate_max).contains(&rate)) {
            return Err(Refusal::OutOfRange);
        }
        if self.tasks.last_key_value().is_some_and(|(&last, _)| last >= id) {
            return Err(Refusal::TaskInUse);
        }
        let queue = self.known(source)?;
        let to_move = u64::from(queue.counts.visible);
        if queue.dead_letter_of == 0 {
            return Err(Refusal::NotADeadLetterQueue);
        }
        if queue.tasks.last().is_some_and(|task| self.is_running(*task)) {
            return Err(Refusal::MoveRunning);
        }
        if destination.is_some_and(|destination| !self.can_take(source, destination)) {
            return Err(Refusal::UnsuitableTarget);
        }
        let (status, now) = (MoveStatus::Running, self.now);
        let task = StoredTask {
            task: id,
            source,
            destination,
            per_second,
            status,
            moved: 0,
            to_move,
            started: now,
            next: now,
        };
        self.list_move(&task);
        self.store(Change::TaskPut(task));
        Ok(())
    }

    pub(super) fn cancel_move(&mut self, id: TaskId) -> Result<(), Refusal> {
        if !self.is_running(id) {
            return Err(Refusal::NoSuchMove);
        }
        if let Some(task) = self.tasks.get(&id).copied() {
            self.timers.remove((task.next, Owner::Task(id)));
            self.put_move(StoredTask { status: MoveStatus::Cancelled, ..task });
        }
        Ok(())
    }

    /// Moves the next message, and says when the one after it comes.
    pub(super) fn move_next(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get(&id).copied() else { return };
        let first = self
            .queues
            .get(&task.source)
            .and_then(|queue| queue.next(None, &self.settings.limits, &self.messages));
        let Some(index) = first else {
            self.put_move(StoredTask { status: MoveStatus::Completed, ..task });
            return;
        };
        let target = task.destination.or_else(|| self.messages.at(index).source());
        let target = target.filter(|&target| self.can_take(task.source, target));
        let Some(target) = target else {
            self.put_move(StoredTask { status: MoveStatus::Failed, ..task });
            return;
        };
        self.renew(index, target);
        let moved = task.moved + 1;
        if moved >= task.to_move {
            self.put_move(StoredTask { status: MoveStatus::Completed, moved, ..task });
            return;
        }
        let rate = task.per_second.unwrap_or(self.settings.limits.move_rate_max);
        let next = task.next + Duration::from_secs(1) / rate;
        self.timers.insert((next, Owner::Task(id)));
        self.put_move(StoredTask { moved, next, ..task });
    }

    /// A task is listed with its queue, and goes on if it runs. The oldest makes room.
    pub(super) fn list_move(&mut self, task: &StoredTask) {
        if task.status == MoveStatus::Running {
            self.timers.insert((task.next, Owner::Task(task.task)));
        }
        self.tasks.insert(task.task, *task);
        let max = self.settings.limits.move_tasks_max;
        let listed = &mut self.queue_mut(task.source).tasks;
        listed.push(task.task);
        if listed.len() > max {
            let oldest = listed.remove(0);
            self.tasks.remove(&oldest);
            self.store(Change::TaskRemoved { task: oldest });
        }
    }

    /// The queue that they move out of goes.
    pub(super) fn forget_moves(&mut self, queue: QueueId) {
        for task in core::mem::take(&mut self.queue_mut(queue).tasks) {
            if let Some(gone) = self.tasks.remove(&task)
                && gone.status == MoveStatus::Running
            {
                self.timers.remove((gone.next, Owner::Task(task)));
            }
            self.store(Change::TaskRemoved { task });
        }
    }

    fn put_move(&mut self, task: StoredTask) {
        self.tasks.insert(task.task, task);
        self.store(Change::TaskPut(task));
    }

    fn is_running(&self, id: TaskId) -> bool {
        self.tasks.get(&id).is_some_and(|task| task.status == MoveStatus::Running)
    }

    /// Whether messages may go from one queue to the other, which is another.
    fn can_take(&self, source: QueueId, destination: QueueId) -> bool {
        source != destination
            && match (self.queues.get(&source), self.queues.get(&destination)) {
                (Some(source), Some(other)) => source.config.kind.is_like(other.config.kind),
                _ => false,
            }
    }
}
