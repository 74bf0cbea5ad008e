//! Where the worker turned from one activity to another, and how many activities were executing at once.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sched::sched_getcpu;
use serde_json::{Map, Value, json};

/// One of the worker's three endless activities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Activity {
    /// Take orders.
    Till,
    /// Cook patties.
    Cook,
    /// Make burgers.
    Maker,
}

/// Where an activity lets others go on. On the event loop nothing else does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// About to speak to the next customer.
    NextCustomer,
    /// Adding to the orders queue.
    AddOrder,
    /// All patties were checked.
    AllChecked,
    /// Waiting for a patty.
    WaitPatty,
    /// Waiting for an order.
    WaitOrder,
    /// Finding the customer.
    FindCustomer,
}

impl Point {
    /// All six.
    pub const ALL: [Self; 6] = [
        Self::NextCustomer,
        Self::AddOrder,
        Self::AllChecked,
        Self::WaitPatty,
        Self::WaitOrder,
        Self::FindCustomer,
    ];

    /// Its place among all.
    fn place(self) -> usize {
        Self::ALL.iter().position(|known| *known == self).expect("all are there")
    }

    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NextCustomer => "about to speak to the next customer",
            Self::AddOrder => "adding to the orders queue",
            Self::AllChecked => "all patties checked",
            Self::WaitPatty => "waiting for a patty",
            Self::WaitOrder => "waiting for an order",
            Self::FindCustomer => "finding the customer",
        }
    }
}

/// What a trace tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// An activity gave up control: at a point, or (which must not be) at none.
    GaveUp(Activity, Option<Point>),
    /// The cook put a patty on the tray.
    PattyOnTray,
    /// The maker handed over a burger.
    Served,
}

/// The trace of the three activities. Counts always; keeps every mark only if it was made for that.
#[derive(Debug)]
pub struct Trace(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Where each activity stands, if it stands at a point.
    at: [Option<Point>; 3],
    /// Since when it stands there.
    since: [Option<Instant>; 3],
    /// How long activities have stood at each point.
    stood: [Duration; Point::ALL.len()],
    gave_up: [u64; Point::ALL.len()],
    gave_up_elsewhere: u64,
    marks: Option<Vec<Mark>>,
    /// The core on which each activity began to execute; `None` while it waits.
    executing: [Option<usize>; 3],
    most_begun: usize,
    most_executing: usize,
}

impl Trace {
    /// Counts.
    #[must_use]
    pub fn counting() -> Self {
        Self(Mutex::new(State::default()))
    }

    /// Keeps every mark: for a test that ends.
    #[must_use]
    pub fn keeping() -> Self {
        Self(Mutex::new(State { marks: Some(Vec::new()), ..State::default() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From here on, what the activity gives up it gives up at that point; at none, once it has left it.
    pub(crate) fn stands(&self, activity: Activity, at: Option<Point>) {
        let now = Instant::now();
        let mut state = self.state();
        let index = index(activity);
        let begun = state.since[index].replace(now);
        if let Some((left, begun)) = state.at[index].zip(begun) {
            state.stood[left.place()] += now - begun;
        }
        state.at[index] = at;
    }

    /// The activity gives up control where it stands.
    pub(crate) fn gives_up(&self, activity: Activity) {
        let mut state = self.state();
        let at = state.at[index(activity)];
        match at {
            Some(point) => state.gave_up[point.place()] += 1,
            None => state.gave_up_elsewhere += 1,
        }
        state.executing[index(activity)] = None;
        state.mark(Mark::GaveUp(activity, at));
    }

    /// The activity has come to its end.
    pub(crate) fn ends(&self, activity: Activity) {
        self.state().executing[index(activity)] = None;
    }

    /// The activity goes on, on the core that the calling thread is on.
    pub(crate) fn goes_on(&self, activity: Activity) {
        // Where the kernel does not tell, each activity counts as on a core of its own, so that none is missed.
        let core = sched_getcpu().unwrap_or_else(|_| usize::MAX - index(activity));
        let mut state = self.state();
        state.executing[index(activity)] = Some(core);
        let mut cores: Vec<_> = state.executing.iter().flatten().copied().collect();
        state.most_begun = state.most_begun.max(cores.len());
        cores.sort_unstable();
        cores.dedup();
        state.most_executing = state.most_executing.max(cores.len());
    }

    pub(crate) fn note(&self, mark: Mark) {
        self.state().mark(mark);
    }

    /// How long activities have stood at that point, all told, who stands there now included.
    #[must_use]
    pub fn stood(&self, point: Point) -> Duration {
        let state = self.state();
        let stands = |(at, since): (&Option<Point>, &Option<Instant>)| {
            since.filter(|_| *at == Some(point)).map(|since| since.elapsed())
        };
        let now = state.at.iter().zip(&state.since).filter_map(stands).sum::<Duration>();
        state.stood[point.place()] + now
    }

    /// All that was kept.
    #[must_use]
    pub fn marks(&self) -> Vec<Mark> {
        self.state().marks.clone().unwrap_or_default()
    }

    /// The most activities at once between two of their points. On one core the operating system takes it from one of
    /// them and lets another go on, so this may be 3 there; on the event loop it is 1.
    #[must_use]
    pub fn most_begun(&self) -> usize {
        self.state().most_begun
    }

    /// The most cores at once on which activities were between two of their points. It is 1 on one core and on the
    /// event loop.
    #[must_use]
    pub fn most_executing(&self) -> usize {
        self.state().most_executing
    }

    /// How often an activity gave up control where it stood at none of its points.
    #[must_use]
    pub fn switches_elsewhere(&self) -> u64 {
        self.state().gave_up_elsewhere
    }

    /// What `/status` shows of it.
    #[must_use]
    pub fn status(&self) -> Value {
        let state = self.state();
        let counts = Point::ALL.iter().zip(state.gave_up);
        let switches: Map<_, _> =
            counts.map(|(point, count)| (point.name().to_owned(), count.into())).collect();
        json!({
            "switches": switches,
            "switches_elsewhere": state.gave_up_elsewhere,
            "most_begun": state.most_begun,
            "most_executing": state.most_executing,
        })
    }
}

impl State {
    fn mark(&mut self, mark: Mark) {
        if let Some(marks) = &mut self.marks {
            marks.push(mark);
        }
    }
}

const fn index(activity: Activity) -> usize {
    match activity {
        Activity::Till => 0,
        Activity::Cook => 1,
        Activity::Maker => 2,
    }
}
