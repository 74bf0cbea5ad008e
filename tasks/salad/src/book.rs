//! The counter's book: which order is where, which bowl is where, and who of the staff works.
//!
//! It decides and does nothing: no process, no socket, no clock. [`crate::counter`] is the world around it.

use std::collections::VecDeque;

use thiserror::Error;

use crate::word::{BowlId, Ticket};

/// An order whose makers ended under it so many times goes back to where it came from: it may be what ends them.
pub const LOST_MAKERS_MAX: u32 = 3;

/// One of the staff, as long as the shop is open: a place behind the counter, which has one process after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemberId(pub usize);

/// Who washes; everybody else makes salads.
pub const WASHER: MemberId = MemberId(0);

/// What the book is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A customer's order is at the counter.
    Ordered(Ticket),
    /// A process has started and waits for work.
    Ready(MemberId),
    /// A maker has handed a salad over the counter.
    Served(MemberId, Ticket),
    /// A maker has given a dirty bowl away.
    Used(MemberId, BowlId),
    /// The washer has given a clean bowl away.
    Washed(MemberId, BowlId),
    /// A process has ended, is reaped, and all that it had said before was told before this.
    Ended(MemberId),
    /// No more orders are made than are being made.
    Close,
    /// What is not made by now is not made any more.
    Abandon,
}

/// What the book wants done, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Start a process in this place. So many in a row have ended there without having done anything: the more, the
    /// longer is waited first.
    Start {
        /// Whose place it is.
        member: MemberId,
        /// 0 for the first one.
        in_vain: u32,
    },
    /// Tell a maker the order.
    Give(MemberId, Ticket),
    /// Put a bowl into somebody's hands: a clean one for a maker, a dirty one for the washer.
    Hand(MemberId, BowlId),
    /// Tell whoever brought the order what came of it. Said once for each.
    Finish(Ticket, Fate),
}

/// What an order comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was made and handed over the counter.
    Served,
    /// It was not begun, or not made to its end, before the shop closed.
    Closing,
    /// [`LOST_MAKERS_MAX`] makers ended while they had it.
    MakersLost,
}

/// Somebody of the staff said what cannot be so; its process is not to be believed any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Misreport {
    /// It started twice.
    #[error("it says for the second time that it has started")]
    ReadyTwice,
    /// Not its order.
    #[error("it serves order {0}, which it does not have")]
    NotItsOrder(Ticket),
    /// Not its bowl.
    #[error("it gives bowl {0} away, which it does not have")]
    NotItsBowl(BowlId),
    /// A washer's word from a maker, or the other way round.
    #[error("it says what is somebody else's to say")]
    NotItsPart,
}

/// A bowl. There is no second one like it: it cannot be copied, only moved from one place to another.
#[derive(Debug)]
struct Bowl(BowlId);

/// An order that is not finished.
#[derive(Debug)]
struct Held {
    ticket: Ticket,
    lost_makers: u32,
}

/// What one of the staff has.
#[derive(Debug, Default)]
struct Member {
    is_ready: bool,
    order: Option<Held>,
    bowl: Option<Bowl>,
    in_vain: u32,
}

/// Where everything is.
///
/// # The protocol
/// Each of the staff has a socket to the counter, over which whole messages go in their order, and nothing else. Bowls
/// travel as messages, and every one of their ways leads over the counter:
///
/// ```text
/// clean ── Hand ──▶ maker ── Used ──▶ dirty ── Hand ──▶ washer ── Washed ──▶ clean
/// ```
///
/// A bowl is with one of the staff from the moment the counter decides to hand it over (before the message is sent)
/// until the counter reads the message that gives it away; else it is at the counter. So is an order, from `Give` to
/// `Served`. A message is sent whole or not at all, and survives who sent it. Therefore a `kill -9` at any instruction
/// falls on one side of a message:
///
/// - before it was sent: the counter reads to the end of the socket, does not find it, and takes back what it wrote
///   down as handed over. The bowl is dirty, whatever was in it; the order goes to the next maker, before all others.
/// - after: the counter finds it before the end of the socket, and the bowl or the salad is there.
///
/// The dead cannot serve what was taken from them: [`Event::Ended`] is told only after the process is reaped. Nobody
/// can hold a bowl and wait for another one, so a single bowl is enough for any number of makers.
///
/// # Tell, ask
/// [`Self::handle`] each event, then [`Self::poll_command`] until there is none. It knows no time.
#[derive(Debug)]
pub struct Book {
    staff: Vec<Member>,
    /// Orders that nobody has, first come first.
    rail: VecDeque<Held>,
    clean: VecDeque<Bowl>,
    dirty: VecDeque<Bowl>,
    /// Makers that wait for an order, the longest first.
    free: VecDeque<MemberId>,
    /// Makers that have an order and wait for a bowl, the longest first.
    bowlless: VecDeque<MemberId>,
    is_closing: bool,
    commands: VecDeque<Command>,
}

/// How much of what is where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Orders that no maker has.
    pub on_the_rail: usize,
    /// Orders that makers have.
    pub in_the_making: usize,
    /// Bowls that wait to be used.
    pub clean: usize,
    /// Bowls that wait to be washed.
    pub dirty: usize,
    /// Bowls in the staff's hands.
    pub in_hands: usize,
}

/// Telling.
impl Book {
    /// A shop whose staff is about to start.
    ///
    /// # Panics
    /// Without a maker or without a bowl: no order would ever be made.
    #[must_use]
    pub fn open(makers: u32, bowls: u32) -> Self {
        assert!(makers > 0 && bowls > 0, "a shop has a maker and a bowl");
        let staff: Vec<Member> = (0..=makers).map(|_| Member::default()).collect();
        let start = |index| Command::Start { member: MemberId(index), in_vain: 0 };
        Self {
            commands: (0..staff.len()).map(start).collect(),
            staff,
            rail: VecDeque::new(),
            clean: (0..bowls).map(|number| Bowl(BowlId(number))).collect(),
            dirty: VecDeque::new(),
            free: VecDeque::new(),
            bowlless: VecDeque::new(),
            is_closing: false,
        }
    }

    /// Takes note of what happened.
    ///
    /// # Errors
    /// If somebody of the staff says what cannot be so. Nothing has changed then, and the process is to be ended.
    pub fn handle(&mut self, event: Event) -> Result<(), Misreport> {
        match event {
            Event::Ordered(ticket) => self.ordered(ticket),
            Event::Ready(member) => self.ready(member)?,
            Event::Served(member, ticket) => self.served(member, ticket)?,
            Event::Used(member, bowl) => self.used(member, bowl)?,
            Event::Washed(member, bowl) => self.washed(member, bowl)?,
            Event::Ended(member) => self.ended(member),
            Event::Close => self.close(),
            Event::Abandon => self.abandon(),
        }
        self.hand_out();
        Ok(())
    }

    /// What is to be done next.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }
}

/// Looking.
impl Book {
    /// Whether the shop is closing and no order is left in it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_closing && self.rail.is_empty() && self.staff.iter().all(|one| one.order.is_none())
    }

    /// How much of what is where.
    #[must_use]
    pub fn count(&self) -> Count {
        Count {
            on_the_rail: self.rail.len(),
            in_the_making: self.staff.iter().filter(|one| one.order.is_some()).count(),
            clean: self.clean.len(),
            dirty: self.dirty.len(),
            in_hands: self.staff.iter().filter(|one| one.bowl.is_some()).count(),
        }
    }

    /// Whether there is a process that waits for work or works.
    #[must_use]
    pub fn is_ready(&self, member: MemberId) -> bool {
        self.staff[member.0].is_ready
    }

    /// The order and the bowl that one of the staff has.
    #[must_use]
    pub fn hands(&self, member: MemberId) -> (Option<Ticket>, Option<BowlId>) {
        let one = &self.staff[member.0];
        (one.order.as_ref().map(|held| held.ticket), one.bowl.as_ref().map(|bowl| bowl.0))
    }
}

/// One event each.
impl Book {
    fn ordered(&mut self, ticket: Ticket) {
        if self.is_closing {
            self.commands.push_back(Command::Finish(ticket, Fate::Closing));
        } else {
            self.rail.push_back(Held { ticket, lost_makers: 0 });
        }
    }

    fn ready(&mut self, member: MemberId) -> Result<(), Misreport> {
        let one = &mut self.staff[member.0];
        if one.is_ready {
            return Err(Misreport::ReadyTwice);
        }
        one.is_ready = true;
        if member != WASHER {
            self.free.push_back(member);
        }
        Ok(())
    }

    fn served(&mut self, member: MemberId, ticket: Ticket) -> Result<(), Misreport> {
        let one = &mut self.staff[member.0];
        let is_made = one.order.as_ref().is_some_and(|held| held.ticket == ticket);
        if !is_made || one.bowl.is_none() {
            return Err(Misreport::NotItsOrder(ticket));
        }
        one.order = None;
        one.in_vain = 0;
        self.free.push_back(member);
        self.commands.push_back(Command::Finish(ticket, Fate::Served));
        Ok(())
    }

    fn used(&mut self, member: MemberId, bowl: BowlId) -> Result<(), Misreport> {
        if member == WASHER {
            return Err(Misreport::NotItsPart);
        }
        let bowl = self.take_bowl(member, bowl)?;
        self.dirty.push_back(bowl);
        if self.staff[member.0].order.is_some() {
            self.bowlless.push_back(member);
        }
        Ok(())
    }

    fn washed(&mut self, member: MemberId, bowl: BowlId) -> Result<(), Misreport> {
        if member != WASHER {
            return Err(Misreport::NotItsPart);
        }
        let bowl = self.take_bowl(member, bowl)?;
        self.staff[member.0].in_vain = 0;
        self.clean.push_back(bowl);
        Ok(())
    }

    fn take_bowl(&mut self, member: MemberId, bowl: BowlId) -> Result<Bowl, Misreport> {
        let held = self.staff[member.0].bowl.take_if(|held| held.0 == bowl);
        held.ok_or(Misreport::NotItsBowl(bowl))
    }

    fn ended(&mut self, member: MemberId) {
        let one = &mut self.staff[member.0];
        let in_vain = one.in_vain;
        let left = std::mem::replace(one, Member { in_vain: in_vain + 1, ..Member::default() });
        self.free.retain(|&free| free != member);
        self.bowlless.retain(|&waiting| waiting != member);
        self.dirty.extend(left.bowl);
        if let Some(held) = left.order {
            self.take_back(Held { lost_makers: held.lost_makers + 1, ..held });
        }
        self.commands.push_back(Command::Start { member, in_vain });
    }

    /// An order whose maker has ended.
    fn take_back(&mut self, held: Held) {
        if held.lost_makers >= LOST_MAKERS_MAX {
            self.commands.push_back(Command::Finish(held.ticket, Fate::MakersLost));
        } else if self.is_closing {
            self.commands.push_back(Command::Finish(held.ticket, Fate::Closing));
        } else {
            self.rail.push_front(held);
        }
    }

    fn close(&mut self) {
        self.is_closing = true;
        let back = self.rail.drain(..).map(|held| Command::Finish(held.ticket, Fate::Closing));
        self.commands.extend(back);
    }

    fn abandon(&mut self) {
        self.close();
        let held = self.staff.iter_mut().filter_map(|one| one.order.take());
        let back = held.map(|held| Command::Finish(held.ticket, Fate::Closing));
        self.commands.extend(back);
        self.bowlless.clear();
    }
}

/// Handing out, after each event.
impl Book {
    fn hand_out(&mut self) {
        while !self.rail.is_empty()
            && let Some(maker) = self.free.pop_front()
        {
            self.give(maker);
        }
        while !self.clean.is_empty()
            && let Some(maker) = self.bowlless.pop_front()
        {
            let bowl = self.clean.pop_front();
            self.hand(maker, bowl);
        }
        let washer = &self.staff[WASHER.0];
        if washer.is_ready && washer.bowl.is_none() {
            let bowl = self.dirty.pop_front();
            self.hand(WASHER, bowl);
        }
    }

    fn give(&mut self, maker: MemberId) {
        let one = &mut self.staff[maker.0];
        one.order = self.rail.pop_front();
        self.commands.extend(one.order.as_ref().map(|held| Command::Give(maker, held.ticket)));
        // Else it has yet to give the bowl of the salad before away.
        if one.bowl.is_none() {
            self.bowlless.push_back(maker);
        }
    }

    fn hand(&mut self, member: MemberId, bowl: Option<Bowl>) {
        self.commands.extend(bowl.as_ref().map(|bowl| Command::Hand(member, bowl.0)));
        self.staff[member.0].bowl = bowl;
    }
}

#[cfg(test)]
mod tests;
