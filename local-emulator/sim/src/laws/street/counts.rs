//! Receive counts are true, and a message is received from a queue with a redrive policy exactly so often before it goes
//! to the dead.

use std::collections::BTreeSet;

use lunch_cloud::sqs::{self, Record};
use lunch_cloud::{Command, event_source};
use lunch_contract::Moment;
use lunch_contract::sqs::{MessageId, QueueId};

use super::{Book, Law, Messages};
use crate::laws::{Step, Verdict, require};

#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    /// The deliveries of this step.
    delivered: BTreeSet<(MessageId, u32)>,
}

impl Law for Counts {
    fn name(&self) -> &'static str {
        "counts"
    }

    fn record(&mut self, book: &Book, _: &Step<'_>, _: Moment, record: Record) -> Verdict {
        match record {
            Record::Received { message, count } => {
                self.delivered.insert((message, count));
                let Some(letter) = book.letters.get(&message) else { return Ok(()) };
                let expected = letter.receives + 1;
                require(count == expected, || {
                    format!("{message} is received for the {expected}th time, and told {count}")
                })?;
                let most = redrive_of(book, letter.queue).map(|(_, most)| most);
                require(most.is_none_or(|most| letter.here < most), || {
                    format!("{message} was received {} of {most:?} times already", letter.here)
                })
            }
            Record::Moved { message, from, to } if !book.is_renewed(message, from, to) => {
                let Some(letter) = book.letters.get(&message) else { return Ok(()) };
                let policy = redrive_of(book, from);
                // More than that only where there was no such policy before: see above.
                let is_due =
                    policy.is_some_and(|(target, most)| target == to && letter.here >= most);
                require(is_due && letter.queue == from, || {
                    format!("{message} went from {from} to {to} after {} receives", letter.here)
                })
            }
            Record::Sent { .. }
            | Record::Duplicate { .. }
            | Record::Visible { .. }
            | Record::Moved { .. }
            | Record::Gone { .. }
            | Record::DeletedInVain { .. } => Ok(()),
        }
    }

    /// Who gets a message is told the count that was counted.
    fn check(&mut self, book: &Book, step: &Step<'_>) -> Verdict {
        let delivered = std::mem::take(&mut self.delivered);
        for command in step.commands {
            match command {
                Command::Queue(sqs::Command::Received { messages, .. }) => {
                    for one in messages {
                        let key = (one.message, one.receive_count);
                        let is_true = delivered.contains(&key) || book.is_told_again(one);
                        require(is_true, || format!("{one:?} was not counted"))?;
                    }
                }
                Command::Source(event_source::Command::Invoke { messages, .. }) => {
                    for one in messages {
                        let letter = book.letters.get(&one.message);
                        let told = one.receive_count;
                        // It may have been moved back since, and counts anew.
                        require(
                            letter.is_none_or(|letter| told <= letter.receives || letter.moves > 0),
                            || format!("a function is told of {told} receives of {}", one.message),
                        )?;
                    }
                }
                Command::Queue(_)
                | Command::Source(_)
                | Command::Asynchronous(_)
                | Command::Ecs(_)
                | Command::Spawn { .. }
                | Command::Deliver { .. }
                | Command::Notify { .. }
                | Command::Reply { .. }
                | Command::Release { .. }
                | Command::Freeze { .. }
                | Command::Thaw { .. }
                | Command::Terminate { .. }
                | Command::Kill { .. }
                | Command::Retire { .. } => {}
            }
        }
        Ok(())
    }

    fn look(&mut self, book: &Book, messages: &Messages) -> Verdict {
        for one in messages.values().flatten() {
            let Some(letter) = book.letters.get(&one.message) else { continue };
            let (counted, has) =
                ((letter.receives, letter.here), (one.receives, one.receives_here));
            require(counted == has, || {
                format!("{} was received {counted:?} times, and {has:?} are kept", one.message)
            })?;
        }
        Ok(())
    }
}

/// Where a queue's dead go, and after how many receives.
fn redrive_of(book: &Book, queue: QueueId) -> Option<(QueueId, u32)> {
    let redrive = book.queues.get(&queue)?.redrive?;
    // Who has nowhere to go stays.
    if book.deleted.contains(&redrive.target) {
        return None;
    }
    Some((redrive.target, redrive.max_receives.max(1)))
}
