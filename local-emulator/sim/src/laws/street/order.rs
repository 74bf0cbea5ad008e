//! A group of a FIFO queue gives its messages in their order, and none while one of it is in flight.

use lunch_cloud::sqs::Record;
use lunch_contract::Moment;

use super::{Book, Law};
use crate::laws::{Step, Verdict, require};

#[derive(Clone, Debug, Default)]
pub(super) struct Order;

impl Law for Order {
    fn name(&self) -> &'static str {
        "order"
    }

    fn record(&mut self, book: &Book, _: &Step<'_>, at: Moment, record: Record) -> Verdict {
        let Record::Received { message, count } = record else { return Ok(()) };
        let Some(letter) = book.letters.get(&message) else { return Ok(()) };
        if !book.is_fifo(letter.queue) {
            return Ok(());
        }
        let receive = book.receive_of(message, count);
        for (id, other) in &book.letters {
            if *id == message || other.queue != letter.queue || other.group != letter.group {
                continue;
            }
            let with_it = other.last == Some((at, receive)) && other.here > 0;
            require(with_it || other.hidden_until <= at || other.here == 0, || {
                format!("{message} is delivered while {id} of its group is in flight")
            })?;
            require(with_it || other.place > letter.place, || {
                format!("{message} is delivered before {id}, which comes first in its group")
            })?;
        }
        Ok(())
    }
}
