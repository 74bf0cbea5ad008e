//! The laws of a street: what must be true of messages and events, whatever happens and whatever the end of the process
//! takes with it. A module each, with a name.
//!
//! All of them read one reference, the `Book`, which knows what was told to the machine, and counts what it said became of
//! each message. A court is a book and the laws. There are two in a run: one hears each step as it comes, the other as
//! soon as it is safe. When the process ends, the first goes on as a copy of the second: what was not safe has never
//! been, and no law has to know how to take something back.

mod attempts;
mod book;
mod counts;
mod dedup;
mod deleted;
mod events;
mod hidden;
mod kept;
mod order;
mod pace;
mod pollers;
mod records;
mod stored;

use std::collections::BTreeMap;

use lunch_cloud::Record;
use lunch_cloud::sqs::{self, StoredMessage};
use lunch_contract::sqs::QueueId;
use lunch_contract::{Moment, RequestId};

use super::wake::Wakes;
use super::{Law as _, Step, Verdict};
use crate::run::Broken;

pub(crate) use self::book::Book;

/// Something that must be true. Whatever a law knows beside the book is as the last safe step left it after a restart.
pub(crate) trait Law {
    /// Its name, by which a violation is known.
    fn name(&self) -> &'static str;

    /// Looks at something that became of a message, before the book has it.
    fn record(&mut self, _: &Book, _: &Step<'_>, _: Moment, _: sqs::Record) -> Verdict {
        Ok(())
    }

    /// Looks at a whole step, when the book has it.
    fn check(&mut self, _: &Book, _: &Step<'_>) -> Verdict {
        Ok(())
    }

    /// The process is a new one.
    fn restarted(&mut self, _: &Restart) -> Verdict {
        Ok(())
    }

    /// Looks at all messages that there are.
    fn look(&mut self, _: &Book, _: &Messages) -> Verdict {
        Ok(())
    }

    /// Looks back when everything has come to its end.
    fn end(&mut self) -> Verdict {
        Ok(())
    }
}

/// All messages that the machine has, by queue.
pub(crate) type Messages = BTreeMap<QueueId, Vec<StoredMessage>>;

/// A new process: which events it goes on with, by the numbers that they keep, with their new requests.
#[derive(Clone, Debug)]
pub(crate) struct Restart {
    pub(crate) events: BTreeMap<u64, RequestId>,
}

#[derive(Clone, Debug, Default)]
struct Laws {
    records: records::Records,
    pace: pace::Pace,
    attempts: attempts::Attempts,
    kept: kept::Kept,
    deleted: deleted::Deleted,
    order: order::Order,
    counts: counts::Counts,
    dedup: dedup::Dedup,
    hidden: hidden::Hidden,
    pollers: pollers::Pollers,
    events: events::Events,
    stored: stored::Stored,
}

impl Laws {
    fn all(&mut self) -> [&mut dyn Law; 12] {
        [
            &mut self.deleted,
            &mut self.dedup,
            &mut self.order,
            &mut self.counts,
            &mut self.hidden,
            &mut self.attempts,
            &mut self.kept,
            &mut self.pollers,
            &mut self.pace,
            &mut self.events,
            &mut self.records,
            &mut self.stored,
        ]
    }
}

/// See the module's text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Court {
    pub(crate) book: Book,
    laws: Laws,
    wakes: Wakes,
}

impl Court {
    /// Hears one step.
    ///
    /// # Errors
    /// The first law that it breaks.
    pub(crate) fn hear(&mut self, step: &Step<'_>) -> Result<(), Broken> {
        self.book.open(step);
        for (at, record) in step.records {
            let Record::Queue(record) = record else { continue };
            let book = &self.book;
            ask(&mut self.laws, |law| law.record(book, step, *at, *record))?;
            self.book.note(step, *at, *record);
        }
        let book = &self.book;
        ask(&mut self.laws, |law| law.check(book, step))?;
        self.book.close(step);
        self.wakes.check(step).map_err(|what| Broken { law: self.wakes.name(), what })
    }

    /// Hears that the process is a new one.
    ///
    /// # Errors
    /// The first law that this breaks.
    pub(crate) fn restarted(&mut self, restart: &Restart) -> Result<(), Broken> {
        self.book.restarted();
        ask(&mut self.laws, |law| law.restarted(restart))
    }

    /// Looks at all messages.
    ///
    /// # Errors
    /// The first law that they break.
    pub(crate) fn look(&mut self, messages: &Messages) -> Result<(), Broken> {
        let book = &self.book;
        ask(&mut self.laws, |law| law.look(book, messages))
    }

    /// Looks back at the end.
    ///
    /// # Errors
    /// The first law that was broken.
    pub(crate) fn end(&mut self) -> Result<(), Broken> {
        ask(&mut self.laws, |law| law.end())
    }
}

fn ask(laws: &mut Laws, mut of: impl FnMut(&mut dyn Law) -> Verdict) -> Result<(), Broken> {
    for law in laws.all() {
        of(law).map_err(|what| Broken { law: law.name(), what })?;
    }
    Ok(())
}

/// When nothing goes wrong any more, every message is worked off, and every event ends.
pub(crate) const DRAINS: &str = "drains";

/// The laws' names, those of instances that hold here too, and the two that the runner itself keeps.
#[must_use]
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = Laws::default().all().iter().map(|law| law.name()).collect();
    names.extend(super::on_streets().iter().map(|law| law.name()));
    names.extend([Wakes::default().name(), super::PROMISE, DRAINS]);
    names
}
