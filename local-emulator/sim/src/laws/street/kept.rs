//! No message that was taken is lost: it ends for a reason that it should end for, is there until then, and is delivered
//! no later than its queue keeps it.

use std::collections::BTreeMap;

use lunch_cloud::Command;
use lunch_cloud::drive::Input;
use lunch_cloud::event_source::{self, PollerId, Verdict as Answered};
use lunch_cloud::sqs::{End, Event, Record};
use lunch_contract::Moment;
use lunch_contract::sqs::MessageId;

use super::book::Letter;
use super::{Book, Law, Messages, Restart};
use crate::laws::{Step, Verdict, require};

#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    /// What each poller has had looked at, and what its function was called with.
    examined: BTreeMap<PollerId, Vec<MessageId>>,
    batches: BTreeMap<PollerId, Vec<MessageId>>,
}

impl Law for Kept {
    fn name(&self) -> &'static str {
        "kept"
    }

    fn record(&mut self, book: &Book, step: &Step<'_>, at: Moment, record: Record) -> Verdict {
        if let Record::Received { message, .. } = record
            && let Some(letter) = book.letters.get(&message)
        {
            let is_too_old = is_expired(book, letter, at);
            require(!is_too_old, || format!("{message} is delivered at {at}, kept too long"))?;
        }
        let Record::Gone { message, end } = record else { return Ok(()) };
        let Some(letter) = book.letters.get(&message) else {
            return Err(format!("{message} ended twice"));
        };
        let is_right = match end {
            End::Expired => is_expired(book, letter, at),
            End::Purged | End::QueueDeleted => asked_for_all(step, letter),
            End::Deleted => {
                self.was_worked_off(step, message) || was_deleted_by_hand(book, step, message)
            }
        };
        require(is_right, || {
            format!("{message} ended ({end:?}) though nothing says that it should")
        })
    }

    fn check(&mut self, _: &Book, step: &Step<'_>) -> Verdict {
        for command in step.commands {
            let Command::Source(command) = command else { continue };
            match command {
                event_source::Command::Examine { poller, messages, .. } => {
                    self.examined.insert(*poller, messages.clone());
                }
                event_source::Command::Invoke { poller, messages, .. } => {
                    let ids = messages.iter().map(|one| one.message).collect();
                    self.batches.insert(*poller, ids);
                }
                event_source::Command::Queue(_) | event_source::Command::Gone { .. } => {}
            }
        }
        Ok(())
    }

    fn restarted(&mut self, _: &Restart) -> Verdict {
        *self = Self::default();
        Ok(())
    }

    fn look(&mut self, book: &Book, messages: &Messages) -> Verdict {
        for (id, letter) in &book.letters {
            let there = messages.get(&letter.queue);
            let is_there = there.is_some_and(|all| all.iter().any(|one| one.message == *id));
            require(is_there, || format!("{id} was taken and is not in {}", letter.queue))?;
        }
        Ok(())
    }
}

impl Kept {
    /// Whether a mapping's function has worked it off, or its filters do not want it.
    fn was_worked_off(&self, step: &Step<'_>, message: MessageId) -> bool {
        match step.input {
            Input::Source(event_source::Event::Answered { poller, verdict }) => {
                let batch = self.batches.get(poller);
                batch.is_some_and(|batch| batch.contains(&message))
                    && match verdict {
                        Answered::Succeeded => true,
                        Answered::Partial(failed) => !failed.contains(&message),
                        Answered::Failed | Answered::Throttled => false,
                    }
            }
            Input::Source(event_source::Event::Examined { poller, facts }) => {
                let examined = self.examined.get(poller).into_iter().flatten();
                examined.zip(facts).any(|(id, fact)| *id == message && !fact.passes)
            }
            Input::Source(_)
            | Input::Ecs(_)
            | Input::Queue(_)
            | Input::Event(_)
            | Input::Restored(_)
            | Input::Timeout => false,
        }
    }
}

fn is_expired(book: &Book, letter: &Letter, at: Moment) -> bool {
    let queue = book.queues.get(&letter.queue);
    queue.is_some_and(|queue| letter.since + queue.retention <= at)
}

fn was_deleted_by_hand(book: &Book, step: &Step<'_>, message: MessageId) -> bool {
    let Input::Queue(Event::Delete { handle, .. }) = step.input else { return false };
    book.receipts.get(handle).is_some_and(|(of, _)| *of == message)
}

fn asked_for_all(step: &Step<'_>, letter: &Letter) -> bool {
    matches!(step.input,
        Input::Queue(Event::Purge { queue } | Event::DeleteQueue { queue }) if *queue == letter.queue)
}
