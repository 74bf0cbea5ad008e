//! A small street around the book: processes that work in steps, sockets that hold messages, kills between any two.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// A message on its way, to or from one of the staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Note {
    Ready,
    Order(Ticket),
    Bowl(BowlId),
    Served(Ticket),
}

/// A process, and both directions of its socket.
#[derive(Debug, Default)]
struct Process {
    is_alive: bool,
    has_said_ready: bool,
    order: Option<Ticket>,
    bowl: Option<BowlId>,
    inbox: VecDeque<Note>,
    outbox: VecDeque<Note>,
}

impl Process {
    fn new() -> Self {
        Self { is_alive: true, ..Self::default() }
    }

    /// Does the next thing that it can do; false if it waits.
    fn step(&mut self, is_washer: bool) -> bool {
        let says = match (self.order, self.bowl) {
            _ if !self.is_alive => return false,
            _ if !self.has_said_ready => {
                self.has_said_ready = true;
                Note::Ready
            }
            (Some(ticket), Some(_)) => {
                self.order = None;
                Note::Served(ticket)
            }
            (None, Some(bowl)) => {
                self.bowl = None;
                Note::Bowl(bowl)
            }
            (order, None) => return self.take(order.is_none() && !is_washer),
        };
        self.outbox.push_back(says);
        true
    }

    fn take(&mut self, wants_order: bool) -> bool {
        match (self.inbox.pop_front(), wants_order) {
            (Some(Note::Order(ticket)), true) => self.order = Some(ticket),
            (Some(Note::Bowl(bowl)), false) => self.bowl = Some(bowl),
            (None, _) => return false,
            (Some(note), _) => panic!("{note:?} comes out of turn"),
        }
        true
    }

    fn bowls(&self) -> impl Iterator<Item = BowlId> {
        let bowl = |note: &Note| match *note {
            Note::Bowl(bowl) => Some(bowl),
            Note::Ready | Note::Order(_) | Note::Served(_) => None,
        };
        self.bowl.into_iter().chain(self.inbox.iter().chain(&self.outbox).filter_map(bowl))
    }

    /// The orders that it is making or would make.
    fn orders(&self) -> impl Iterator<Item = Ticket> {
        let order = |note: &Note| match *note {
            Note::Order(ticket) => Some(ticket),
            Note::Ready | Note::Bowl(_) | Note::Served(_) => None,
        };
        self.order.into_iter().chain(self.inbox.iter().filter_map(order))
    }
}

/// What happens next.
#[derive(Debug, Clone)]
enum Act {
    Order,
    Step(Index),
    Read(Index),
    Kill(Index),
    Close,
    Abandon,
}

struct Street {
    book: Book,
    processes: Vec<Process>,
    bowls: usize,
    ordered: u64,
    fates: BTreeMap<Ticket, Fate>,
    kills: u32,
    is_abandoned: bool,
}

impl Street {
    fn new(makers: u32, bowls: u32) -> Self {
        let book = Book::open(makers, bowls);
        let processes = (0..=makers).map(|_| Process::default()).collect();
        let (fates, bowls) = (BTreeMap::new(), bowls as usize);
        let mut street =
            Self { book, processes, bowls, ordered: 0, fates, kills: 0, is_abandoned: false };
        street.obey();
        street
    }

    fn act(&mut self, act: &Act) {
        let staff = self.processes.len();
        match act {
            Act::Order => {
                self.ordered += 1;
                self.tell(Event::Ordered(Ticket(self.ordered)));
            }
            Act::Step(index) => drop(self.step(index.index(staff))),
            Act::Read(index) => drop(self.read(index.index(staff))),
            Act::Kill(index) => {
                let process = &mut self.processes[index.index(staff)];
                self.kills += u32::from(process.is_alive);
                process.is_alive = false;
            }
            Act::Close => self.tell(Event::Close),
            Act::Abandon => {
                self.is_abandoned = true;
                self.tell(Event::Abandon);
            }
        }
        self.check();
    }

    fn step(&mut self, index: usize) -> bool {
        self.processes[index].step(index == WASHER.0)
    }

    /// The counter reads one message, or the end of the socket; false if there is nothing to read.
    fn read(&mut self, index: usize) -> bool {
        let (member, process) = (MemberId(index), &mut self.processes[index]);
        let event = match process.outbox.pop_front() {
            Some(Note::Ready) => Event::Ready(member),
            Some(Note::Served(ticket)) => Event::Served(member, ticket),
            Some(Note::Bowl(bowl)) if member == WASHER => Event::Washed(member, bowl),
            Some(Note::Bowl(bowl)) => Event::Used(member, bowl),
            Some(Note::Order(_)) => panic!("nobody gives orders to the counter"),
            None if process.is_alive => return false,
            None => {
                *process = Process::default();
                Event::Ended(member)
            }
        };
        self.tell(event);
        true
    }

    fn tell(&mut self, event: Event) {
        match (self.book.handle(event), event) {
            (Ok(()), _) => {}
            // Its order was given back while it made it.
            (Err(Misreport::NotItsOrder(_)), Event::Served(member, _)) if self.is_abandoned => {
                self.processes[member.0].is_alive = false;
            }
            (Err(why), event) => panic!("{event:?}: {why}"),
        }
        self.obey();
    }

    fn obey(&mut self) {
        while let Some(command) = self.book.poll_command() {
            match command {
                Command::Start { member, .. } => self.processes[member.0] = Process::new(),
                Command::Give(member, ticket) => {
                    self.processes[member.0].inbox.push_back(Note::Order(ticket));
                }
                Command::Hand(member, bowl) => {
                    self.processes[member.0].inbox.push_back(Note::Bowl(bowl));
                }
                Command::Finish(ticket, fate) => {
                    let before = self.fates.insert(ticket, fate);
                    assert_eq!(before, None, "order {ticket} has two outcomes");
                }
            }
        }
    }

    fn check(&self) {
        let Count { clean, dirty, in_hands, .. } = self.book.count();
        assert_eq!(clean + dirty + in_hands, self.bowls, "a bowl is lost, or there twice");
        let (mut bowls, mut orders) = (BTreeSet::new(), BTreeSet::new());
        for (index, process) in self.processes.iter().enumerate() {
            let (_, bowl) = self.book.hands(MemberId(index));
            for seen in process.bowls() {
                assert!(bowls.insert(seen), "bowl {seen} is in two places");
                assert_eq!(bowl, Some(seen), "the book does not know who has bowl {seen}");
            }
            for seen in process.orders().filter(|_| process.is_alive && !self.is_abandoned) {
                assert!(orders.insert(seen), "order {seen} is made twice");
                assert!(!self.fates.contains_key(&seen), "order {seen} is made after its end");
            }
        }
    }

    /// Nobody is killed any more: all goes on until nobody has anything to do.
    fn settle(&mut self) {
        let is_busy = |street: &mut Self| {
            (0..street.processes.len())
                .map(|index| street.step(index) | street.read(index))
                .fold(false, |one, other| one | other)
        };
        while is_busy(self) {
            self.check();
        }
        let all: Vec<_> = (1..=self.ordered).map(Ticket).collect();
        let finished: Vec<_> = self.fates.keys().copied().collect();
        assert_eq!(finished, all, "every order has its outcome");
        let Count { clean, on_the_rail, in_the_making, .. } = self.book.count();
        let settled = (self.bowls, 0, 0);
        assert_eq!((clean, on_the_rail, in_the_making), settled, "all bowls are clean at the end");
    }

    fn with(&self, fate: Fate) -> usize {
        self.fates.values().filter(|&&found| found == fate).count()
    }
}

fn act() -> impl Strategy<Value = Act> {
    let index = any::<Index>;
    prop_oneof![
        3 => Just(Act::Order),
        12 => index().prop_map(Act::Step),
        12 => index().prop_map(Act::Read),
        2 => index().prop_map(Act::Kill),
    ]
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(act(), 0..400)
}

proptest! {
    #[test]
    fn a_bowl_is_in_one_place_and_an_order_has_one_outcome_whoever_is_killed(
        makers in 1..5_u32, bowls in 1..7_u32, acts in acts(),
    ) {
        let mut street = Street::new(makers, bowls);
        acts.iter().for_each(|act| street.act(act));
        street.settle();
        prop_assert_eq!(street.with(Fate::Closing), 0);
        let lost = u32::try_from(street.with(Fate::MakersLost)).expect("few");
        prop_assert!(lost * LOST_MAKERS_MAX <= street.kills, "{} of {} kills", lost, street.kills);
    }

    #[test]
    fn an_order_has_one_outcome_when_the_shop_closes_at_any_moment(
        makers in 1..4_u32, bowls in 1..4_u32, before in acts(), after in acts(), hard in any::<bool>(),
    ) {
        let mut street = Street::new(makers, bowls);
        before.iter().for_each(|act| street.act(act));
        street.act(&Act::Close);
        after.iter().for_each(|act| street.act(act));
        if hard {
            street.act(&Act::Abandon);
            prop_assert!(street.book.is_over());
        }
        street.settle();
        prop_assert!(street.book.is_over());
    }

    #[test]
    fn a_word_that_cannot_be_so_changes_nothing(
        makers in 1..4_u32, acts in acts(), member in any::<Index>(), number in 0..4_u32,
    ) {
        let mut street = Street::new(makers, 3);
        acts.iter().for_each(|act| street.act(act));
        let member = MemberId(member.index(street.processes.len()));
        let (order, bowl) = street.book.hands(member);
        let before = format!("{:?}", street.book);
        for event in [Event::Used(member, BowlId(number)), Event::Washed(member, BowlId(number))] {
            let is_its_own = matches!(event, Event::Washed(..)) == (member == WASHER);
            if bowl != Some(BowlId(number)) || !is_its_own {
                prop_assert!(street.book.handle(event).is_err());
            }
        }
        let ticket = Ticket(u64::from(number));
        if order != Some(ticket) {
            let refused = street.book.handle(Event::Served(member, ticket));
            prop_assert_eq!(refused, Err(Misreport::NotItsOrder(ticket)));
        }
        prop_assert_eq!(before, format!("{:?}", street.book));
    }
}

/// A shop of one maker that has order 1 and bowl 0.
fn making(bowls: u32) -> (Book, MemberId) {
    let (mut book, maker) = (Book::open(1, bowls), MemberId(1));
    for event in [Event::Ready(WASHER), Event::Ready(maker), Event::Ordered(Ticket(1))] {
        book.handle(event).expect("it may be so");
    }
    assert_eq!(book.hands(maker), (Some(Ticket(1)), Some(BowlId(0))));
    (book, maker)
}

fn told(book: &mut Book, event: Event) -> Vec<Command> {
    while book.poll_command().is_some() {}
    book.handle(event).expect("it may be so");
    std::iter::from_fn(|| book.poll_command()).collect()
}

#[test]
fn a_killed_makers_order_is_made_before_all_others_in_another_bowl() {
    let (mut book, maker) = making(2);
    book.handle(Event::Ordered(Ticket(2))).expect("it waits");
    let start = Command::Start { member: maker, in_vain: 0 };
    let wash = Command::Hand(WASHER, BowlId(0));
    assert_eq!(told(&mut book, Event::Ended(maker)), [start, wash]);
    let again = [Command::Give(maker, Ticket(1)), Command::Hand(maker, BowlId(1))];
    assert_eq!(told(&mut book, Event::Ready(maker)), again);
}

#[test]
fn a_killed_washers_bowl_is_washed_by_the_next() {
    let (mut book, maker) = making(1);
    told(&mut book, Event::Served(maker, Ticket(1)));
    let wash = Command::Hand(WASHER, BowlId(0));
    assert_eq!(told(&mut book, Event::Used(maker, BowlId(0))), [wash]);
    let start = Command::Start { member: WASHER, in_vain: 0 };
    assert_eq!(told(&mut book, Event::Ended(WASHER)), [start]);
    assert_eq!(told(&mut book, Event::Ready(WASHER)), [wash]);
}

#[test]
fn an_order_that_ends_its_makers_goes_back() {
    let (mut book, maker) = making(3);
    for in_vain in 0..2 {
        let start = Command::Start { member: maker, in_vain };
        assert!(told(&mut book, Event::Ended(maker)).contains(&start));
        told(&mut book, Event::Ready(maker));
    }
    let back = Command::Finish(Ticket(1), Fate::MakersLost);
    assert!(told(&mut book, Event::Ended(maker)).contains(&back));
}

#[test]
fn a_shop_that_closes_gives_back_what_is_not_begun_and_makes_the_rest() {
    let (mut book, maker) = making(1);
    book.handle(Event::Ordered(Ticket(2))).expect("it waits");
    let back = |ticket| Command::Finish(Ticket(ticket), Fate::Closing);
    assert_eq!(told(&mut book, Event::Close), [back(2)]);
    assert_eq!(told(&mut book, Event::Ordered(Ticket(3))), [back(3)]);
    assert!(!book.is_over());
    let served = Command::Finish(Ticket(1), Fate::Served);
    assert_eq!(told(&mut book, Event::Served(maker, Ticket(1))), [served]);
    assert!(book.is_over());
}
