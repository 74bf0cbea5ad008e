//! The laws of services and their tasks: what must be true, whatever happens. A module each, with a name.
//!
//! All of them read one reference, the `Book`, which knows what was told to the machine and what it recorded of each task
//! and container. It counts by looking at all of them.

mod alive;
mod book;
mod breaker;
mod commands;
mod counts;
mod diagram;
mod grace;
mod health;
mod order;
mod shutdown;
mod stale;
mod throttle;

use lunch_cloud::Record;
use lunch_cloud::ecs::{self, Ecs};
use lunch_contract::Moment;

use super::wake::Wakes;
use super::{Law as _, Step, Verdict};
use crate::run::Broken;

pub(crate) use self::book::Book;

/// Something that must be true.
pub(crate) trait Law {
    /// Its name, by which a violation is known.
    fn name(&self) -> &'static str;

    /// Looks at something that happened, before the book has it.
    fn record(&mut self, _: &Book, _: &Step<'_>, _: Moment, _: &ecs::Record) -> Verdict {
        Ok(())
    }

    /// Looks at a whole step, when the book has it.
    fn check(&mut self, _: &Book, _: &Step<'_>) -> Verdict {
        Ok(())
    }

    /// Looks at what is shown after a step.
    fn look(&mut self, _: &Book, _: &Ecs) -> Verdict {
        Ok(())
    }

    /// Looks back when everything has ended.
    fn end(&mut self, _: &Book) -> Verdict {
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Laws {
    stale: stale::Stale,
    diagram: diagram::Diagram,
    commands: commands::Commands,
    grace: grace::Grace,
    order: order::Order,
    health: health::Health,
    throttle: throttle::Throttle,
    breaker: breaker::Breaker,
    maximum: alive::Maximum,
    minimum: alive::Minimum,
    alone: alive::Alone,
    counts: counts::Counts,
    shutdown: shutdown::Shutdown,
}

impl Laws {
    fn all(&mut self) -> [&mut dyn Law; 13] {
        [
            &mut self.stale,
            &mut self.diagram,
            &mut self.commands,
            &mut self.grace,
            &mut self.order,
            &mut self.health,
            &mut self.throttle,
            &mut self.breaker,
            &mut self.maximum,
            &mut self.minimum,
            &mut self.alone,
            &mut self.counts,
            &mut self.shutdown,
        ]
    }
}

/// A book and the laws.
#[derive(Debug, Default)]
pub(crate) struct Court {
    book: Book,
    laws: Laws,
    wakes: Wakes,
}

impl Court {
    /// Hears one step.
    ///
    /// # Errors
    /// The first law that it breaks.
    pub(crate) fn hear(&mut self, step: &Step<'_>, ecs: &Ecs) -> Result<(), Broken> {
        self.book.open(step);
        for (at, record) in step.records {
            let Record::Ecs(record) = record else { continue };
            let book = &self.book;
            ask(&mut self.laws, |law| law.record(book, step, *at, record))?;
            self.book.note(*at, record);
        }
        let book = &self.book;
        ask(&mut self.laws, |law| law.check(book, step))?;
        ask(&mut self.laws, |law| law.look(book, ecs))?;
        self.wakes.check(step).map_err(|what| Broken { law: self.wakes.name(), what })
    }

    /// Looks back at the end.
    ///
    /// # Errors
    /// The first law that was broken.
    pub(crate) fn end(&mut self) -> Result<(), Broken> {
        let book = &self.book;
        ask(&mut self.laws, |law| law.end(book))
    }
}

fn ask(laws: &mut Laws, mut of: impl FnMut(&mut dyn Law) -> Verdict) -> Result<(), Broken> {
    for law in laws.all() {
        of(law).map_err(|what| Broken { law: law.name(), what })?;
    }
    Ok(())
}

/// When nothing goes wrong any more, every service comes to what is wanted of it.
pub(crate) const LIVENESS: &str = "liveness";

/// The laws' names, and the three that the runner itself keeps.
#[must_use]
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = Laws::default().all().iter().map(|law| law.name()).collect();
    names.extend([Wakes::default().name(), super::PROMISE, LIVENESS]);
    names
}
