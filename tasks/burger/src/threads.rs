//! The engine `threads`: three threads that block, and an operating system that decides which goes on. With one worker all
//! three are on one core.

use std::io;
use std::sync::{Arc, Condvar, PoisonError};
use std::thread::{self, Builder, JoinHandle};
use std::time::Duration;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use tracing::warn;

use crate::customers::{Customers, InHand};
use crate::kitchen::Kitchen;
use crate::settings::{Engine, Worker};
use crate::shop::{NAMES, Shop};
use crate::trace::{Activity, Point};

/// Starts the three activities, each on a thread of its own. The till's ends when no customer comes any more; the others end with the
/// process.
///
/// # Errors
/// If the operating system has no thread for one.
pub fn start<C: Customers>(
    shop: &Arc<Shop<C::Order>>,
    customers: C,
) -> io::Result<[JoinHandle<()>; 3]> {
    let changed = Arc::new(Condvar::new());
    let hand = |activity| Hand { shop: Arc::clone(shop), changed: Arc::clone(&changed), activity };
    let (till, cook, maker) = (hand(Activity::Till), hand(Activity::Cook), hand(Activity::Maker));
    let named = |name: &str| Builder::new().name(name.to_owned());
    Ok([
        named(NAMES[0]).spawn(move || till.take_orders(customers))?,
        named(NAMES[1]).spawn(move || cook.cook_patties())?,
        named(NAMES[2]).spawn(move || maker.make_burgers())?,
    ])
}

/// One of the three threads.
struct Hand<Order> {
    shop: Arc<Shop<Order>>,
    /// Rung whenever something in the kitchen has changed for which another thread may wait.
    changed: Arc<Condvar>,
    activity: Activity,
}

impl<Order: InHand> Hand<Order> {
    fn take_orders(self, mut customers: impl Customers<Order = Order>) {
        self.begin();
        while let Some(order) = self.blocked(Point::NextCustomer, || customers.next_blocking()) {
            self.shop.kitchen().speak(order);
            self.until(Point::AddOrder, |kitchen| kitchen.add().then_some(()));
            self.changed.notify_all();
        }
        self.shop.trace.ends(self.activity);
    }

    fn cook_patties(self) {
        self.begin();
        let mut due = Duration::ZERO;
        loop {
            if self.shop.look(due) > 0 {
                self.changed.notify_all();
            }
            due = self.shop.next_look(due);
            let pause = self.shop.time_until(due);
            self.blocked(Point::AllChecked, || thread::sleep(pause));
        }
    }

    fn make_burgers(self) {
        self.begin();
        loop {
            self.wait_for_patties(1);
            let order = self.until(Point::WaitOrder, Kitchen::take_order);
            self.changed.notify_all();
            let patties = order.patties();
            self.wait_for_patties(patties);
            self.shop.assemble();
            self.blocked(Point::FindCustomer, || order.find_blocking());
            order.serve();
            self.shop.served(patties);
        }
    }

    fn wait_for_patties(&self, count: usize) {
        while self.shop.kitchen().patties_in_hand() < count {
            self.until(Point::WaitPatty, |kitchen| kitchen.take_patty().then_some(()));
        }
    }

    /// Blocks until the kitchen has it.
    fn until<T>(&self, point: Point, take: impl Fn(&mut Kitchen<Order>) -> Option<T>) -> T {
        self.blocked(point, || {
            let mut kitchen = self.shop.kitchen();
            loop {
                if let Some(taken) = take(&mut kitchen) {
                    return taken;
                }
                kitchen = self.changed.wait(kitchen).unwrap_or_else(PoisonError::into_inner);
            }
        })
    }

    fn blocked<T>(&self, point: Point, waiting: impl FnOnce() -> T) -> T {
        let trace = &self.shop.trace;
        trace.stands(self.activity, Some(point));
        trace.gives_up(self.activity);
        let come = waiting();
        trace.stands(self.activity, None);
        trace.goes_on(self.activity);
        come
    }

    fn begin(&self) {
        match self.shop.settings.engine {
            Engine::Threads(Worker::One) => {
                if let Err(error) = pin() {
                    warn!("the operating system keeps no thread on one core: {error}");
                }
            }
            Engine::Threads(Worker::Free) | Engine::Async => {}
        }
        self.shop.trace.goes_on(self.activity);
    }
}

/// Keeps the calling thread on the first core that it may use: the same one for all.
fn pin() -> nix::Result<()> {
    let this = Pid::from_raw(0);
    let may = sched_getaffinity(this)?;
    let mut first = CpuSet::new();
    if let Some(core) = (0..CpuSet::count()).find(|core| may.is_set(*core).unwrap_or(false)) {
        first.set(core)?;
    }
    sched_setaffinity(this, &first)
}
