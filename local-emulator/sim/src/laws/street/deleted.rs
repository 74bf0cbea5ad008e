//! What is deleted stays deleted: on FIFO queues always, on standard ones unless mischief lets it come once more. A queue
//! that is deleted takes all that is in it along, and none of it comes back.

use lunch_cloud::drive::Input;
use lunch_cloud::sqs::{Event, Record};
use lunch_contract::Moment;
use lunch_contract::sqs::MessageId;

use super::{Book, Law, Messages};
use crate::laws::{Step, Verdict, require};

#[derive(Clone, Debug, Default)]
pub(super) struct Deleted {
    /// Of this step.
    in_vain: Vec<MessageId>,
}

impl Law for Deleted {
    fn name(&self) -> &'static str {
        "deleted"
    }

    fn record(&mut self, book: &Book, step: &Step<'_>, _: Moment, record: Record) -> Verdict {
        match record {
            Record::Received { message, .. } => {
                require(!book.gone.contains(&message), || format!("{message} came after its end"))
            }
            Record::DeletedInVain { message } => {
                self.in_vain.push(message);
                let is_fifo =
                    book.letters.get(&message).is_none_or(|letter| book.is_fifo(letter.queue));
                require(!is_fifo && step.settings.sqs.mischief.duplicate > 0.0, || {
                    format!("{message} was deleted in vain, which its queue does not permit")
                })
            }
            Record::Sent { .. }
            | Record::Duplicate { .. }
            | Record::Visible { .. }
            | Record::Moved { .. }
            | Record::Gone { .. } => Ok(()),
        }
    }

    /// A deletion that was taken ends the message that the handle was given for, if it is still there.
    fn check(&mut self, book: &Book, step: &Step<'_>) -> Verdict {
        let in_vain = std::mem::take(&mut self.in_vain);
        let mut letters = book.letters.iter();
        let left = letters.find(|(_, letter)| book.deleted.contains(&letter.queue));
        require(left.is_none(), || format!("{left:?} is in a queue that is deleted"))?;
        let Input::Queue(Event::Delete { handle, .. }) = step.input else { return Ok(()) };
        if step.refusal.is_some() {
            return Ok(());
        }
        let Some((message, moves)) = book.receipts.get(handle) else { return Ok(()) };
        let is_there = book.letters.get(message).is_some_and(|letter| letter.moves == *moves);
        require(!is_there || in_vain.contains(message), || {
            format!("{message} is still there after its deletion")
        })
    }

    fn look(&mut self, book: &Book, messages: &Messages) -> Verdict {
        let queue = messages.keys().find(|queue| book.deleted.contains(queue));
        require(queue.is_none(), || format!("{queue:?} is there again after its deletion"))?;
        let again = messages.values().flatten().find(|one| book.gone.contains(&one.message));
        require(again.is_none(), || format!("{again:?} is there again after its end"))
    }
}
