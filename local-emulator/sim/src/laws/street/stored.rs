//! What is told comes after what it promises was handed to the store, and what happened is stored in the same step.

use std::collections::{BTreeMap, BTreeSet};

use lunch_cloud::sqs::{Change, Command as Said, Record, StoredMessage};
use lunch_cloud::{Command, Record as Recorded};
use lunch_contract::sqs::MessageId;

use super::book::sent;
use super::{Book, Law};
use crate::laws::{Step, Verdict, require};

#[derive(Clone, Debug, Default)]
pub(super) struct Stored {
    /// What the store has been handed of each message.
    messages: BTreeMap<MessageId, StoredMessage>,
    /// The messages whose deduplication id it has been handed in this step.
    windows: BTreeSet<MessageId>,
}

impl Law for Stored {
    fn name(&self) -> &'static str {
        "stored"
    }

    fn check(&mut self, book: &Book, step: &Step<'_>) -> Verdict {
        self.windows.clear();
        for command in step.commands {
            let Command::Queue(command) = command else { continue };
            match command {
                Said::Store(change) => self.handed(change),
                Said::Sent { message, duplicate_of: None, .. } => {
                    let is_unique = sent(step).is_none_or(|new| {
                        let queue = book.letters.get(message).map(|letter| letter.queue);
                        queue.and_then(|queue| book.dedup_key(queue, new)).is_none()
                            || self.windows.contains(message)
                    });
                    require(self.messages.contains_key(message) && is_unique, || {
                        format!("{message} is acknowledged before it is stored")
                    })?;
                }
                Said::Received { messages, .. } => {
                    for one in messages {
                        let stored = self.messages.get(&one.message).map(|stored| stored.receives);
                        let told = one.receive_count;
                        require(stored.is_some_and(|stored| stored >= told), || {
                            format!("{} is told as received before that is stored", one.message)
                        })?;
                    }
                }
                Said::Sent { .. }
                | Said::Refused { .. }
                | Said::Moved { .. }
                | Said::Forget { .. } => {}
            }
        }
        for record in step.records() {
            if let Recorded::Queue(record) = record {
                self.happened(book, *record)?;
            }
        }
        Ok(())
    }
}

impl Stored {
    fn handed(&mut self, change: &Change) {
        match change {
            Change::MessagePut(put) => {
                self.messages.insert(put.message, *put);
            }
            Change::MessageRemoved { message } => {
                self.messages.remove(message);
            }
            Change::DedupPut(window) => {
                self.windows.insert(window.message);
            }
            Change::QueuePut(_)
            | Change::QueueRemoved { .. }
            | Change::DedupExpired { .. }
            | Change::TaskPut(_)
            | Change::TaskRemoved { .. } => {}
        }
    }

    /// As it stands at the end of the step, which is what survives it.
    fn happened(&self, book: &Book, record: Record) -> Verdict {
        let (message, what) = match record {
            Record::Sent { message, .. } => (message, "send"),
            Record::Received { message, .. } => (message, "receive"),
            Record::Moved { message, .. } => (message, "move"),
            Record::Gone { message, .. } => (message, "end"),
            Record::Duplicate { .. } | Record::Visible { .. } | Record::DeletedInVain { .. } => {
                return Ok(());
            }
        };
        let as_kept = |one: &StoredMessage| (one.queue, one.receives, one.receives_here);
        let stored = self.messages.get(&message).map(as_kept);
        let letter = book.letters.get(&message);
        let is = letter.map(|letter| (letter.queue, letter.receives, letter.here));
        require(stored == is, || {
            format!("after the {what} of {message} {stored:?} is stored, and {is:?} is so")
        })
    }
}
