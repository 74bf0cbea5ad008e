//! One suite for both engines: whoever decides when the worker switches, the shop keeps its laws.

use std::future::{Future, ready};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use burger::customers::{Customers, InHand};
use burger::limit::Limit;
use burger::trace::{Activity, Mark, Point, Trace};
use burger::{Engine, Settings, Shop, Worker, event_loop, threads};
use proptest::prelude::*;
use shopfront::{Holds, vitals};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

const PATIENCE: Duration = Duration::from_secs(20);
const ENGINES: [Engine; 3] =
    [Engine::Async, Engine::Threads(Worker::One), Engine::Threads(Worker::Free)];

/// Customers who stand in a row before the shop.
struct Row(UnboundedReceiver<Slip>);

#[derive(Debug)]
struct Slip {
    id: usize,
    patties: usize,
    served: Sender<usize>,
}

impl Customers for Row {
    type Order = Slip;

    fn next(&mut self) -> impl Future<Output = Option<Slip>> + Send {
        self.0.recv()
    }

    fn next_blocking(&mut self) -> Option<Slip> {
        self.0.blocking_recv()
    }
}

impl InHand for Slip {
    fn patties(&self) -> usize {
        self.patties
    }

    fn find(&self) -> impl Future<Output = ()> + Send {
        ready(())
    }

    fn find_blocking(&self) {}

    fn serve(self) {
        self.served.send(self.id).expect("the test looks on");
    }
}

/// A shop that is open, with its row of customers. What runs in it ends with the test's process.
struct Street {
    shop: Arc<Shop<Slip>>,
    row: UnboundedSender<Slip>,
    slips: Sender<usize>,
    served: Receiver<usize>,
}

impl Street {
    /// A day of the shop takes some seconds.
    fn open(engine: Engine, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::from(|_| None).expect("all has a default");
        (settings.engine, settings.time_scale, settings.turns) = (engine, 20_000, 1_000);
        change(&mut settings);
        let shop = Shop::open(settings, Trace::keeping());
        let (row, customers) = unbounded_channel();
        let (slips, served) = channel();
        match engine {
            Engine::Threads(_) => {
                drop(threads::start(&shop, Row(customers)).expect("there are threads"));
            }
            Engine::Async => {
                let shop = Arc::clone(&shop);
                drop(thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread();
                    let runtime = { runtime }.enable_all().build().expect("an event loop");
                    runtime.block_on(async {
                        for activity in event_loop::start(&shop, Row(customers), &Holds::default())
                        {
                            activity.await.expect("nobody panics");
                        }
                    });
                }));
            }
        }
        Self { shop, row, slips, served }
    }

    fn order(&self, id: usize, patties: usize) {
        let slip = Slip { id, patties, served: self.slips.clone() };
        self.row.send(slip).expect("the till is there");
    }

    fn next_served(&self) -> usize {
        self.served.recv_timeout(PATIENCE).expect("an order is served")
    }

    fn serves(&self, count: usize) {
        let served: Vec<_> = (0..count).map(|_| self.next_served()).collect();
        assert_eq!(served, (0..count).collect::<Vec<_>>());
    }

    fn wait_until(&self, what: &str, is_so: impl Fn(&Shop<Slip>) -> bool) {
        let begin = Instant::now();
        while !is_so(&self.shop) {
            assert!(begin.elapsed() < PATIENCE, "in vain until {what}: {}", self.shop.status());
            thread::yield_now();
        }
    }
}

#[test]
fn every_order_is_served_once_and_in_its_turn() {
    for engine in ENGINES {
        let street = Street::open(engine, |_| {});
        let patties = |id| 1 + id % 3;
        (0..60).for_each(|id| street.order(id, patties(id)));
        let served: Vec<_> = (0..60).map(|_| street.next_served()).collect();
        assert_eq!(served, (0..60).collect::<Vec<_>>(), "{engine:?}");
        street.wait_until("the last is counted", |shop| shop.counts().served == 60);
        let counts = street.shop.counts();
        assert_eq!(counts.eaten, 120, "{engine:?}");
        assert!(counts.most_queued <= 5 && counts.most_taken <= 7, "{engine:?}: {counts:?}");
        assert!(street.served.try_recv().is_err(), "{engine:?} serves an order twice");
    }
}

proptest! {
    // Each case leaves its threads behind, until the test's process ends.
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn whatever_the_kitchen_and_the_orders_are_either_engine_keeps_the_laws(
        grill in 1..5_usize, tray in 1..4_usize, orders in 1..7_usize,
        patties in prop::collection::vec(1..=3_usize, 1..25),
    ) {
        for engine in ENGINES {
            let street = Street::open(engine, |settings| {
                let rules = &mut settings.rules;
                (rules.grill, rules.tray, rules.orders) = (grill, tray, orders);
            });
            patties.iter().enumerate().for_each(|(id, patties)| street.order(id, *patties));
            street.serves(patties.len());
            let all = u64::try_from(patties.len()).expect("few");
            street.wait_until("the last is counted", |shop| shop.counts().served == all);
            let counts = street.shop.counts();
            let eaten = u64::try_from(patties.iter().sum::<usize>()).expect("few");
            prop_assert_eq!(counts.eaten, eaten, "{:?}", engine);
            prop_assert!(counts.most_queued <= orders && counts.most_taken <= orders + 2);
            prop_assert!(street.served.try_recv().is_err(), "{engine:?} serves an order twice");
            if engine != Engine::Threads(Worker::Free) {
                prop_assert_eq!(street.shop.trace.most_executing(), 1, "{:?}", engine);
            }
        }
    }
}

#[test]
fn the_grill_is_named_as_the_limit_by_either_engine() {
    for engine in ENGINES {
        let street = Street::open(engine, |settings| settings.time_scale = 2_000);
        // There are more in the row when it is looked at.
        (0..80).for_each(|id| street.order(id, 1));
        street.serves(20);
        let limit = |shop: &Shop<Slip>| shop.spent().limit().map(Limit::name);
        street.wait_until("the limit is the grill", |shop| limit(shop) == Some("grill"));
        assert_eq!(street.shop.status()["limit"], "grill", "{engine:?}");
    }
}

#[test]
fn customers_wait_outside_while_five_orders_are_queued() {
    for engine in ENGINES {
        // Nothing is cooked before the test is over, so nobody comes to the counter.
        let street = Street::open(engine, |settings| {
            settings.rules.cooked_after = Duration::from_secs(10_000_000);
        });
        (0..20).for_each(|id| street.order(id, 1));
        street.wait_until("the shop is full", |shop| shop.counts().most_taken == 6);
        let counts = street.shop.counts();
        assert_eq!((counts.most_queued, counts.served), (5, 0), "{engine:?}");
    }
}

#[test]
fn a_full_tray_leaves_patties_on_the_grill_and_waste_is_counted() {
    for engine in ENGINES {
        let street = Street::open(engine, |settings| settings.rules.tray = 2);
        street.wait_until("something is burnt", |shop| shop.counts().waste > 0);
        let counts = street.shop.counts();
        assert!(counts.patties <= counts.waste + 4 + 2 + 1, "{engine:?}: {counts:?}");
    }
}

#[test]
fn one_worker_never_executes_two_activities_at_once() {
    for engine in [Engine::Async, Engine::Threads(Worker::One)] {
        let street = Street::open(engine, |settings| settings.turns = 200_000);
        (0..40).for_each(|id| street.order(id, 1));
        street.serves(40);
        assert_eq!(street.shop.trace.most_executing(), 1, "{engine:?}");
        if engine == Engine::Async {
            assert_eq!(street.shop.trace.most_begun(), 1, "nobody is interrupted");
        }
    }
}

#[test]
fn one_worker_is_on_one_core_and_a_free_one_is_not_kept_there() {
    let cores = |engine| {
        let street = Street::open(engine, |_| {});
        street.order(0, 1);
        street.next_served();
        let names = ["take-orders", "cook-patties", "make-burgers"];
        let threads = vitals::threads().into_iter();
        let mut cores: Vec<_> = threads
            .filter(|thread| names.contains(&thread.name.as_str()))
            .map(|thread| thread.cores)
            .collect();
        cores.sort();
        cores.dedup();
        cores
    };
    // Other tests' threads may be among them: what is looked for is there, too.
    let one = cores(Engine::Threads(Worker::One));
    assert!(one.iter().any(|list| list.parse::<usize>().is_ok()), "{one:?}");
    if thread::available_parallelism().is_ok_and(|cores| cores.get() > 1) {
        let free = cores(Engine::Threads(Worker::Free));
        assert!(free.iter().any(|list| list.parse::<usize>().is_err()), "{free:?}");
    }
}

#[test]
fn the_event_loop_switches_at_exactly_six_points() {
    let street = Street::open(Engine::Async, |_| {});
    (0..30).for_each(|id| street.order(id, 1 + id % 2));
    street.serves(30);
    let marks = street.shop.trace.marks();
    let points = |wanted| {
        let all = marks.iter().filter_map(|mark| match mark {
            Mark::GaveUp(activity, at) if *activity == wanted => Some(*at),
            Mark::GaveUp(..) | Mark::PattyOnTray | Mark::Served => None,
        });
        let mut all: Vec<_> = all.collect();
        all.sort();
        all.dedup();
        all
    };
    let (till, maker) = (points(Activity::Till), points(Activity::Maker));
    assert_eq!(till, [Some(Point::NextCustomer), Some(Point::AddOrder)]);
    assert_eq!(points(Activity::Cook), [Some(Point::AllChecked)]);
    assert_eq!(maker, [Some(Point::WaitPatty), Some(Point::WaitOrder), Some(Point::FindCustomer)]);
}

#[test]
fn putting_a_patty_on_the_tray_gives_up_nothing() {
    let street = Street::open(Engine::Async, |settings| settings.rules.grill = 7);
    (0..30).for_each(|id| street.order(id, 3));
    street.serves(30);
    let marks = street.shop.trace.marks();
    assert!(marks.windows(2).any(|pair| pair == [Mark::PattyOnTray; 2]), "several in one look");
    for pair in marks.windows(2).filter(|pair| pair[0] == Mark::PattyOnTray) {
        let goes_on = [Mark::PattyOnTray, Mark::GaveUp(Activity::Cook, Some(Point::AllChecked))];
        assert!(goes_on.contains(&pair[1]), "after a patty came {:?}", pair[1]);
    }
}
