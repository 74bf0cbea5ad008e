//! At AWS's pace a deleted queue's name is not free for 60 s, a queue is not purged twice within 60 s, and a poller whose
//! batch failed rests before it takes more; at ours nobody waits for any of this.

use std::collections::BTreeMap;

use lunch_cloud::drive::Input;
use lunch_cloud::event_source::{
    Command as Asked, Event as Happened, MappingId, PollerId, Verdict as Answered,
};
use lunch_cloud::sqs::{Event, Refusal};
use lunch_cloud::{Command, Pace as Chosen, Refused};
use lunch_contract::Moment;
use lunch_contract::sqs::{Limits, NameId, QueueId};

use super::{Book, Law, Restart};
use crate::laws::{Step, Verdict, require};

#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    names: BTreeMap<QueueId, NameId>,
    /// When each name's queue was deleted; a new process has forgotten that.
    deleted: BTreeMap<NameId, Moment>,
    purged: BTreeMap<QueueId, Moment>,
    /// Whose each poller is.
    mappings: BTreeMap<PollerId, MappingId>,
    /// Until when each poller takes nothing, and has nothing in hand.
    resting: BTreeMap<PollerId, Moment>,
}

impl Law for Pace {
    fn name(&self) -> &'static str {
        "pace"
    }

    fn check(&mut self, book: &Book, step: &Step<'_>) -> Verdict {
        match step.input {
            Input::Queue(event) => self.asked(step, event)?,
            Input::Source(Happened::Answered { poller, verdict }) => {
                self.answered(book, step, *poller, verdict);
            }
            Input::Source(_)
            | Input::Ecs(_)
            | Input::Event(_)
            | Input::Restored(_)
            | Input::Timeout => {}
        }
        for command in step.commands {
            let Command::Source(Asked::Examine { poller, mapping, .. }) = command else {
                continue;
            };
            self.mappings.insert(*poller, *mapping);
            let until = self.resting.remove(poller);
            require(until.is_none_or(|until| until <= step.now), || {
                format!("{poller} takes more at {}, and was to rest until {until:?}", step.now)
            })?;
        }
        Ok(())
    }

    fn restarted(&mut self, _: &Restart) -> Verdict {
        self.deleted.clear();
        self.mappings.clear();
        self.resting.clear();
        Ok(())
    }
}

impl Pace {
    fn asked(&mut self, step: &Step<'_>, event: &Event) -> Verdict {
        let is_refused = |with| step.refusal == Some(Refused::Queue(with));
        let was_taken = step.refusal.is_none();
        match event {
            Event::CreateQueue { queue, name, .. } => {
                if was_taken {
                    self.names.insert(*queue, *name);
                }
                let is_refused = is_refused(Refusal::QueueDeletedRecently);
                is_right(step, self.deleted.get(name), is_refused, "a name is used again")
            }
            Event::DeleteQueue { queue } if was_taken => {
                let name = self.names.remove(queue);
                self.deleted.extend(name.map(|name| (name, step.now)));
                Ok(())
            }
            Event::Purge { queue } => {
                let last = self.purged.get(queue).copied();
                if was_taken {
                    self.purged.insert(*queue, step.now);
                }
                let is_refused = is_refused(Refusal::PurgeQueueInProgress);
                is_right(step, last.as_ref(), is_refused, "a queue is purged again")
            }
            Event::DeleteQueue { .. }
            | Event::SetAttributes { .. }
            | Event::Send { .. }
            | Event::Receive { .. }
            | Event::Await { .. }
            | Event::CallerLeft { .. }
            | Event::Delete { .. }
            | Event::ChangeVisibility { .. }
            | Event::StartMove { .. }
            | Event::CancelMove { .. } => Ok(()),
        }
    }

    /// A poller without a window that is not called with what had no room in the batch has nothing in hand.
    fn answered(&mut self, book: &Book, step: &Step<'_>, poller: PollerId, verdict: &Answered) {
        let sources = &step.settings.sources;
        let is_his = |command: &Command| matches!(command, Command::Source(Asked::Invoke { poller: of, .. }) if *of == poller);
        let calls = step.commands.iter().any(is_his);
        let rests = sources.pace == Chosen::Aws && *verdict == Answered::Failed && !calls;
        let mapping = self.mappings.get(&poller).filter(|_| rests && step.refusal.is_none());
        let config = mapping.and_then(|mapping| book.mappings.get(mapping));
        if config.is_some_and(|config| config.window.is_zero() && !config.reports_failures) {
            self.resting.insert(poller, step.now + sources.retry_min);
        }
    }
}

/// Whether a thing that has its time is refused in that time, and at no other.
fn is_right(step: &Step<'_>, last: Option<&Moment>, is_refused: bool, what: &str) -> Verdict {
    let cool_down = Limits::aws().cool_down;
    let is_early = step.settings.sqs.pace == Chosen::Aws
        && last.is_some_and(|last| step.now < *last + cool_down);
    let is_taken = step.refusal.is_none();
    require(if is_early { !is_taken } else { !is_refused }, || {
        format!("{what} at {}, the last time was {last:?}: {:?}", step.now, step.refusal)
    })
}
