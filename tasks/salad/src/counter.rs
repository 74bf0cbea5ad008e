//! The counter: the world around the [`Book`], which does what the book says and tells it what happened.
//!
//! It starts the staff, one socket and one process each, notices when one ends, and puts a successor in its place. It
//! takes orders from whoever has a [`Handle`], and knows nothing of queues.

mod hanging;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command as Program, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};
use tracing::{error, info, warn};

use crate::book::{Book, Command, Event, Fate, MemberId, WASHER};
use crate::link::{CounterEnd, pair};
use crate::tally::{Average, Limit, Tally};
use crate::word::{BowlId, Cost, Report, Ticket, Word};
use crate::{Salad, Settings, staff};

/// Washing a bowl is that part of the work of a salad.
const WASHES_PER_SALAD: u64 = 20;
/// The first pause before a place is filled again in which process after process ended.
const PAUSE: Duration = Duration::from_millis(50);
/// The pauses become no longer than that.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// So long at least, and twice as long at most, one of the staff hangs before it is ended.
const PATIENCE: Duration = Duration::from_secs(5);

/// What came of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is made, and this is what it took.
    Served(Cost),
    /// It is not made, for the shop is closing.
    Closing,
    /// It is not made: several makers ended while they had it.
    MakersLost,
}

/// How orders get to the counter. Once the last one is dropped, the shop closes.
#[derive(Debug, Clone)]
pub struct Handle {
    requests: mpsc::Sender<Request>,
    status: watch::Receiver<Status>,
}

#[derive(Debug)]
enum Request {
    Make(Salad, oneshot::Sender<Outcome>),
    Close,
    Abandon,
}

/// How the shop is at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The washer, and then the makers.
    pub staff: Vec<MemberStatus>,
    /// Orders that no maker has.
    pub on_the_rail: usize,
    /// Bowls that wait to be used.
    pub clean_bowls: usize,
    /// Bowls that wait to be washed.
    pub dirty_bowls: usize,
    /// What was made so far.
    pub tally: Tally,
    /// What one salad takes; `None` before the first.
    pub average: Option<Average>,
    /// What keeps the shop from serving more; `None` before the first salad.
    pub limit: Option<Limit>,
}

/// One of the staff at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberStatus {
    /// What it does.
    pub part: Part,
    /// `None` while there is no process in this place.
    pub pid: Option<u32>,
    /// Whether that process has said that it waits for work.
    pub is_ready: bool,
    /// What it makes.
    pub order: Option<Ticket>,
    /// What it has in its hands.
    pub bowl: Option<BowlId>,
}

/// What one of the staff does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Washes bowls.
    Washer,
    /// Makes salads.
    Maker,
}

impl Handle {
    /// Brings an order to the counter, and waits until it is made or given back.
    pub async fn make(&self, salad: Salad) -> Outcome {
        let (sender, answer) = oneshot::channel();
        // Without a counter nobody hears it.
        self.requests.send(Request::Make(salad, sender)).await.ok();
        answer.await.unwrap_or(Outcome::Closing)
    }

    /// How the shop is, and whenever that changes. It does not keep the shop open.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Begins to close: orders that no maker has are given back, the others are made.
    pub async fn close(&self) {
        // Else it has closed.
        drop(self.requests.send(Request::Close).await);
    }

    /// Closes: every order that is not made is given back.
    pub async fn abandon(&self) {
        drop(self.requests.send(Request::Abandon).await);
    }
}

/// What comes from a place behind the counter.
#[derive(Debug)]
enum Heard {
    Said(Report),
    /// The socket is read to its end. With an error if what came was not to be understood.
    End(Option<io::Error>),
    /// The pause before a start is over.
    Start,
}

/// A process in its place.
#[derive(Debug)]
struct Process {
    child: Child,
    link: Arc<CounterEnd>,
}

/// Somebody who waits for a salad.
#[derive(Debug)]
struct Customer {
    salad: Salad,
    answer: oneshot::Sender<Outcome>,
    cost: Cost,
}

/// The counter's own.
#[derive(Debug)]
pub struct Counter {
    program: PathBuf,
    salad_rounds: u64,
    book: Book,
    places: Vec<Option<Process>>,
    /// How those of the staff were at the last look who owed something.
    seen: Vec<Option<hanging::Seen>>,
    patience: Duration,
    customers: BTreeMap<Ticket, Customer>,
    tickets: u64,
    tally: Tally,
    heard: mpsc::Receiver<(MemberId, Heard)>,
    hearing: mpsc::Sender<(MemberId, Heard)>,
}

impl Counter {
    /// Opens the shop: its staff starts, and the counter runs in a task of its own until it is closed. The task ends with
    /// what was made, after all processes have ended.
    ///
    /// A millisecond of CPU time is so many rounds of [`crate::chop::chop`].
    pub fn open(settings: &Settings, rounds_per_ms: u64) -> (Handle, JoinHandle<Tally>) {
        Self::open_with_patience(settings, rounds_per_ms, PATIENCE)
    }

    /// The same, where one of the staff that hangs is ended after so long at least, and twice as long at most.
    pub fn open_with_patience(
        settings: &Settings,
        rounds_per_ms: u64,
        patience: Duration,
    ) -> (Handle, JoinHandle<Tally>) {
        let Settings { makers, bowls, salad_cpu_ms, program } = settings;
        let (requests, coming) = mpsc::channel(1);
        let book = Book::open(*makers, *bowls);
        let places: Vec<_> = (0..=*makers).map(|_| None).collect();
        let (hearing, heard) = mpsc::channel(64);
        let counter = Self {
            program: program.clone(),
            salad_rounds: rounds_per_ms.saturating_mul(u64::from(*salad_cpu_ms)),
            book,
            seen: vec![None; places.len()],
            places,
            patience,
            customers: BTreeMap::new(),
            tickets: 0,
            tally: Tally::default(),
            heard,
            hearing,
        };
        let (telling, status) = watch::channel(counter.status());
        (Handle { requests, status }, tokio::spawn(counter.run(coming, telling)))
    }

    async fn run(
        mut self,
        mut requests: mpsc::Receiver<Request>,
        telling: watch::Sender<Status>,
    ) -> Tally {
        self.obey();
        let mut looks = interval_at(Instant::now() + self.patience, self.patience);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.book.is_over() {
            telling.send_replace(self.status());
            tokio::select! {
                request = requests.recv() => self.asked(request.unwrap_or(Request::Close)),
                Some((member, heard)) = self.heard.recv() => self.hear(member, heard),
                _ = looks.tick() => self.look_after_staff(),
            }
        }
        self.go_home();
        self.tally
    }

    fn asked(&mut self, request: Request) {
        match request {
            Request::Make(salad, answer) => self.order(salad, answer),
            Request::Close => self.tell(Event::Close),
            Request::Abandon => self.tell(Event::Abandon),
        }
    }

    fn order(&mut self, salad: Salad, answer: oneshot::Sender<Outcome>) {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.tally.ordered += 1;
        self.customers.insert(ticket, Customer { salad, answer, cost: Cost::default() });
        self.tell(Event::Ordered(ticket));
        self.tally.waited += u64::from(self.book.count().on_the_rail > 0);
    }

    fn hear(&mut self, member: MemberId, heard: Heard) {
        match heard {
            Heard::Said(Report::Ready) => self.tell_of(member, Event::Ready(member)),
            Heard::Said(Report::Served(ticket, cost)) => {
                if let Some(customer) = self.customers.get_mut(&ticket) {
                    customer.cost = cost;
                }
                self.tell_of(member, Event::Served(member, ticket));
            }
            Heard::Said(Report::Used(bowl)) => self.tell_of(member, Event::Used(member, bowl)),
            Heard::Said(Report::Washed(bowl, cost)) => {
                self.tally.washed += 1;
                self.tally.washer.add(cost);
                self.tell_of(member, Event::Washed(member, bowl));
            }
            Heard::End(why) => self.ended(member, why),
            Heard::Start => self.start(member),
        }
    }

    /// Tells the book what nobody can contradict.
    fn tell(&mut self, event: Event) {
        self.book.handle(event).expect("only the staff can say what cannot be so");
        self.obey();
    }

    /// Tells the book what one of the staff said.
    fn tell_of(&mut self, member: MemberId, event: Event) {
        if let Err(misreport) = self.book.handle(event) {
            error!("the {} in place {} is ended: {misreport}", part(member), member.0);
            self.kill(member);
        }
        self.obey();
    }

    fn obey(&mut self) {
        while let Some(command) = self.book.poll_command() {
            match command {
                Command::Start { member, in_vain: 0 } => self.start(member),
                Command::Start { member, in_vain } => self.start_later(member, in_vain),
                Command::Give(maker, ticket) => {
                    let salad = self.customers[&ticket].salad.clone();
                    self.say(maker, &Word::Order(ticket, salad));
                }
                Command::Hand(member, bowl) => self.say(member, &Word::Bowl(bowl)),
                Command::Finish(ticket, fate) => self.finish(ticket, fate),
            }
        }
    }

    fn say(&mut self, member: MemberId, word: &Word) {
        let process = self.places[member.0].as_ref().expect("the book knows who has started");
        if let Err(error) = process.link.send(word) {
            error!(
                "the {} in place {} is ended: it does not listen: {error}",
                part(member),
                member.0
            );
            self.kill(member);
        }
    }

    fn finish(&mut self, ticket: Ticket, fate: Fate) {
        let customer = self.customers.remove(&ticket).expect("an order is finished once");
        let outcome = match fate {
            Fate::Served => Outcome::Served(customer.cost),
            Fate::Closing => Outcome::Closing,
            Fate::MakersLost => Outcome::MakersLost,
        };
        match fate {
            Fate::Served => {
                self.tally.served += 1;
                self.tally.makers.add(customer.cost);
            }
            Fate::Closing | Fate::MakersLost => self.tally.given_back += 1,
        }
        // Who ordered may have left.
        customer.answer.send(outcome).ok();
    }
}

/// The staff's processes.
impl Counter {
    fn start_later(&self, member: MemberId, in_vain: u32) {
        let pause = PAUSE.saturating_mul(1_u32.checked_shl(in_vain - 1).unwrap_or(u32::MAX));
        let hearing = self.hearing.clone();
        tokio::spawn(async move {
            sleep(pause.min(PAUSE_MAX)).await;
            // Else the shop has closed.
            drop(hearing.send((member, Heard::Start)).await);
        });
    }

    fn start(&mut self, member: MemberId) {
        match self.spawn(member) {
            Ok(process) => self.places[member.0] = Some(process),
            Err(error) => {
                let program = self.program.display();
                error!(
                    "the {} in place {} does not start: `{program}`: {error}",
                    part(member),
                    member.0
                );
                // The book wants another try, after a pause.
                self.book.handle(Event::Ended(member)).expect("an end is believed");
            }
        }
        self.obey();
    }

    fn spawn(&self, member: MemberId) -> io::Result<Process> {
        let rounds = match member {
            WASHER => self.salad_rounds / WASHES_PER_SALAD,
            MemberId(_) => self.salad_rounds,
        };
        let (ours, theirs) = pair()?;
        let mut program = Program::new(&self.program);
        program.arg0("salad").arg(part(member).to_string()).arg(rounds.to_string());
        // Nothing is shared but the socket: no credentials, no terminal's signals, no output but of what goes wrong.
        program.env_clear().process_group(0).stdin(theirs).stdout(Stdio::null());
        let child = program.spawn()?;
        let link = Arc::new(ours);
        tokio::spawn(listen(member, Arc::clone(&link), self.hearing.clone()));
        Ok(Process { child, link })
    }

    /// What it has said is read to the end: now it is no more, whether it wanted or not.
    fn ended(&mut self, member: MemberId, why: Option<io::Error>) {
        let Some(mut process) = self.places[member.0].take() else {
            return;
        };
        let status = end(&mut process.child);
        let why = why.map(|why| format!(", after what could not be read: {why}"));
        let why = why.unwrap_or_default();
        let (part, pid, place) = (part(member), process.child.id(), member.0);
        warn!("the {part} in place {place}, process {pid}, has ended: {status}{why}");
        self.tally.staff_lost += 1;
        self.tell(Event::Ended(member));
    }

    fn kill(&mut self, member: MemberId) {
        if let Some(process) = &mut self.places[member.0] {
            // It ends by itself if this fails, when its socket is closed.
            drop(process.child.kill());
        }
    }

    /// The end of the day.
    fn go_home(&mut self) {
        for mut process in self.places.drain(..).flatten() {
            end(&mut process.child);
        }
        let Tally { served, given_back, staff_lost, .. } = self.tally;
        info!(
            "the shop is closed: {served} served, {given_back} given back, {staff_lost} of the staff lost"
        );
        if let (Some(limit), Some(average)) = (self.tally.limit(), self.tally.average()) {
            let Average { cpu_ms, wall_ms, bowl_wait_ms } = average;
            info!(
                cpu_ms,
                wall_ms,
                bowl_wait_ms,
                "its limit was {limit}: a salad took {wall_ms:.1} ms, of which {cpu_ms:.1} on a core, after \
                 {bowl_wait_ms:.1} for its bowl"
            );
        }
    }

    fn status(&self) -> Status {
        let count = self.book.count();
        let member = |(index, process): (usize, &Option<Process>)| {
            let member = MemberId(index);
            let (order, bowl) = self.book.hands(member);
            let pid = process.as_ref().map(|process| process.child.id());
            let is_ready = self.book.is_ready(member);
            MemberStatus { part: part(member), pid, is_ready, order, bowl }
        };
        Status {
            staff: self.places.iter().enumerate().map(member).collect(),
            on_the_rail: count.on_the_rail,
            clean_bowls: count.clean,
            dirty_bowls: count.dirty,
            tally: self.tally,
            average: self.tally.average(),
            limit: self.tally.limit(),
        }
    }
}

/// Passes on what one of the staff says, and that it says no more.
async fn listen(member: MemberId, link: Arc<CounterEnd>, hearing: mpsc::Sender<(MemberId, Heard)>) {
    loop {
        let heard = match link.receive().await {
            Ok(Some(report)) => Heard::Said(report),
            Ok(None) => Heard::End(None),
            Err(error) => Heard::End(Some(error)),
        };
        let is_end = matches!(heard, Heard::End(_));
        if hearing.send((member, heard)).await.is_err() || is_end {
            return;
        }
    }
}

/// Ends a process, and reaps it.
fn end(child: &mut Child) -> String {
    // One that has ended by itself is not killed, and its own status is found.
    drop(child.kill());
    child.wait().map_or_else(|error| error.to_string(), |status| status.to_string())
}

fn part(member: MemberId) -> Part {
    if member == WASHER { Part::Washer } else { Part::Maker }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Washer => staff::WASHER,
            Self::Maker => staff::MAKER,
        })
    }
}
