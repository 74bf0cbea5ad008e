//! Nobody gets a message before its delay is over, nor before the visibility timeout of its last receive is, a restart
//! in between or not; on a standard queue mischief may permit it.

use lunch_cloud::sqs::Record;
use lunch_contract::Moment;

use super::{Book, Law};
use crate::laws::{Step, Verdict, require};

#[derive(Clone, Debug, Default)]
pub(super) struct Hidden;

impl Law for Hidden {
    fn name(&self) -> &'static str {
        "hidden"
    }

    fn record(&mut self, book: &Book, step: &Step<'_>, at: Moment, record: Record) -> Verdict {
        let Record::Received { message, .. } = record else { return Ok(()) };
        let Some(letter) = book.letters.get(&message) else { return Ok(()) };
        let mischief = step.settings.sqs.mischief.duplicate > 0.0;
        let is_permitted = mischief && letter.here > 0 && !book.is_fifo(letter.queue);
        let until = letter.hidden_until;
        require(until <= at || is_permitted, || {
            format!("{message} is delivered at {at}, and was to be invisible until {until}")
        })
    }
}
