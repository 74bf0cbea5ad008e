//! A FIFO queue takes a deduplication id once in five minutes, whatever becomes of the message and of the process.

use lunch_cloud::sqs::Record;
use lunch_contract::Moment;

use super::book::sent;
use super::{Book, Law};
use crate::laws::{Step, Verdict, require};

#[derive(Clone, Debug, Default)]
pub(super) struct Dedup;

impl Law for Dedup {
    fn name(&self) -> &'static str {
        "dedup"
    }

    fn record(&mut self, book: &Book, step: &Step<'_>, at: Moment, record: Record) -> Verdict {
        let (message, queue, of) = match (record, step.input) {
            (
                Record::Sent { message, .. },
                lunch_cloud::drive::Input::Queue(lunch_cloud::sqs::Event::Send { queue, .. }),
            ) => (message, *queue, None),
            (
                Record::Duplicate { message, of },
                lunch_cloud::drive::Input::Queue(lunch_cloud::sqs::Event::Send { queue, .. }),
            ) => (message, *queue, Some(of)),
            _ => return Ok(()),
        };
        let Some(new) = sent(step).filter(|new| new.message == message) else { return Ok(()) };
        let taken = book.dedup_key(queue, new).and_then(|key| book.windows.get(&key));
        let first = taken.filter(|(_, until)| at < *until).map(|(first, _)| *first);
        require(of == first, || {
            format!(
                "{message} is a duplicate of {first:?} by its id, and was taken for one of {of:?}"
            )
        })
    }
}
