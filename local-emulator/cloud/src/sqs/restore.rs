//! A machine is made of what was stored.

use alloc::vec::Vec;

use lunch_contract::Moment;
use lunch_contract::sqs::SequenceNumber;

use super::Sqs;
use super::queue::Queue;
use super::settings::Settings;
use super::stored::{Change, State, StoredMessage, StoredQueue};
use super::table::{Message, NONE};
use super::trace::Trace;
use super::wake::Owner;
use crate::planted::{self, Bug};

impl<T: Trace> Sqs<T> {
    /// Makes a machine of what was stored: the last put of everything that was not removed since, in any order.
    ///
    /// `sequence` is the highest that any stored message ever had, removed ones included. Time that passed meanwhile
    /// counts: what is due by `now` is kept at once, and its commands wait to be asked for. What cannot be (a message
    /// of a queue that is not there, two in one place) is left out.
    #[must_use]
    pub fn restore(
        settings: Settings,
        trace: T,
        now: Moment,
        sequence: SequenceNumber,
        stored: impl IntoIterator<Item = Change>,
    ) -> Self {
        let mut sqs = Self::new(settings, trace);
        let (mut queues, mut messages) = (Vec::new(), Vec::new());
        let (mut windows, mut tasks) = (Vec::new(), Vec::new());
        for change in stored {
            match change {
                Change::QueuePut(queue) => queues.push(queue),
                Change::MessagePut(message) => messages.push(message),
                Change::DedupPut(window) => windows.push(window),
                Change::TaskPut(task) => tasks.push(task),
                Change::QueueRemoved { .. }
                | Change::MessageRemoved { .. }
                | Change::DedupExpired { .. }
                | Change::TaskRemoved { .. } => {}
            }
        }
        sqs.restore_queues(&queues);
        messages.sort_unstable_by_key(|message| message.sequence);
        sqs.sequence = messages.last().map_or(sequence, |last| last.sequence.max(sequence)).0;
        if planted::is(Bug::GroupOutOfOrder) {
            messages.sort_unstable_by_key(|message| message.message.index);
        }
        for message in &mut messages {
            forget(message);
            sqs.restore_message(message);
        }
        windows.sort_unstable_by_key(|window| (window.until, window.key));
        windows.retain(|_| !planted::is(Bug::DedupForgotten));
        for window in &windows {
            sqs.put_window(window);
        }
        tasks.sort_unstable_by_key(|task| task.task);
        tasks.retain(|task| sqs.queues.contains_key(&task.source));
        for task in &tasks {
            sqs.list_move(task);
        }
        sqs.handle_timeout(now);
        sqs
    }

    fn restore_queues(&mut self, queues: &[StoredQueue]) {
        for stored in queues.iter().filter(|stored| stored.queue.0 != NONE) {
            let mut queue = Queue::new(stored.name, stored.config, self.draws);
            queue.purged = stored.purged;
            self.queues.insert(stored.queue, queue);
        }
        for stored in queues {
            self.count_source(stored.config.redrive, 1);
        }
    }

    fn restore_message(&mut self, stored: &StoredMessage) {
        let index = stored.message.index;
        let is_whole = self
            .queues
            .get(&stored.queue)
            .is_some_and(|queue| !queue.is_fifo() || stored.group.is_some());
        if is_whole && self.messages.find(index).is_none() {
            self.messages.put(index, Message::of(stored));
            self.join(index);
            if planted::is(Bug::VisibilityNotArmed)
                && let Some(until) = stored.state.until()
            {
                self.timers.remove((until, Owner::Message(index)));
            }
        }
    }
}

/// What a planted bug loses of a message.
fn forget(message: &mut StoredMessage) {
    if planted::is(Bug::ReceivesForgotten) {
        (message.receives, message.receives_here) = (0, 0);
    }
    if planted::is(Bug::VisibilityForgotten) {
        message.state = State::Visible;
    }
}
