//! Who of the staff hangs: owes something, and has had no CPU time since the last look. A stopped process is like that,
//! and a deadlocked one; one that waits for a busy processor is not, however long its salad takes.

use std::time::Duration;

use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use tracing::warn;

use super::{Counter, part};
use crate::book::MemberId;
use crate::word::{BowlId, Ticket};

/// How one of the staff was at a look at which it owed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pid: u32,
    order: Option<Ticket>,
    bowl: Option<BowlId>,
    cpu: Duration,
}

impl Counter {
    /// Looks at all of the staff; who is as it was at the last look, and owes what it owed then, is ended. What it had goes
    /// the way of what the dead have.
    pub(super) fn look_after_staff(&mut self) {
        for place in 0..self.places.len() {
            let member = MemberId(place);
            let now = self.seen(member);
            let before = std::mem::replace(&mut self.seen[place], now);
            if let Some(seen) = now.filter(|now| before == Some(*now)) {
                let (part, pid) = (part(member), seen.pid);
                warn!("the {part} in place {place}, process {pid}, hangs: it is ended");
                self.kill(member);
            }
        }
    }

    /// `None` for who owes nothing: it waits to be told what to do.
    fn seen(&self, member: MemberId) -> Option<Seen> {
        let process = self.places[member.0].as_ref()?;
        let (order, bowl) = self.book.hands(member);
        if self.book.is_ready(member) && bowl.is_none() {
            return None;
        }
        let pid = process.child.id();
        // It cannot be read of who has ended, whose end is heard of otherwise.
        let clock = clock_getcpuclockid(Pid::from_raw(pid.cast_signed())).ok()?;
        let cpu = clock_gettime(clock).ok()?.into();
        Some(Seen { pid, order, bowl, cpu })
    }
}
