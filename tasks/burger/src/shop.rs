//! What both engines share: the kitchen, its clock, its trace, and the work of putting a burger together.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use shopfront::vitals;
use tokio::time::Instant;
use tracing::info;

use crate::kitchen::{Counts, Kitchen};
use crate::limit::{Limit, Spent};
use crate::settings::Settings;
use crate::trace::{Mark, Point, Trace};

/// A shop that is open.
#[derive(Debug)]
pub struct Shop<Order> {
    /// How it is set.
    pub settings: Settings,
    /// What its worker does.
    pub trace: Trace,
    opened: Instant,
    kitchen: Mutex<Kitchen<Order>>,
    work_ns: AtomicU64,
    work_cpu_ns: AtomicU64,
}

impl<Order> Shop<Order> {
    /// Opens it now.
    #[must_use]
    pub fn open(settings: Settings, trace: Trace) -> Arc<Self> {
        let kitchen = Mutex::new(Kitchen::open(settings.rules, Duration::ZERO));
        let (work_ns, work_cpu_ns) = (AtomicU64::new(0), AtomicU64::new(0));
        let opened = Instant::now();
        Arc::new(Self { settings, trace, opened, kitchen, work_ns, work_cpu_ns })
    }

    /// The kitchen, for as long as nobody waits.
    pub(crate) fn kitchen(&self) -> MutexGuard<'_, Kitchen<Order>> {
        self.kitchen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the grill, as was due so long after the opening; tells how many patties are on the tray now that were not.
    /// The kitchen is told when the look was due: a worker who comes some milliseconds late does not slow the grill down.
    pub(crate) fn look(&self, due: Duration) -> usize {
        let look = self.kitchen().look(due * self.settings.time_scale);
        (0..look.to_tray).for_each(|_| self.trace.note(Mark::PattyOnTray));
        look.to_tray
    }

    /// When the look after that one is due. A worker who is late by more than a look has missed it.
    pub(crate) fn next_look(&self, due: Duration) -> Duration {
        (due + self.settings.real_look_every()).max(self.opened.elapsed())
    }

    /// How long it is until then.
    pub(crate) fn time_until(&self, due: Duration) -> Duration {
        due.saturating_sub(self.opened.elapsed())
    }

    /// Puts a burger together: work for the processor.
    pub(crate) fn assemble(&self) {
        let (begun, cpu_before) = (std::time::Instant::now(), thread_cpu_time());
        turn(self.settings.turns);
        let add = |to: &AtomicU64, span: Duration| {
            let ns = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
            to.fetch_add(ns, Ordering::Relaxed);
        };
        add(&self.work_cpu_ns, thread_cpu_time().saturating_sub(cpu_before));
        add(&self.work_ns, begun.elapsed());
    }

    /// How the maker has spent its time.
    #[must_use]
    pub fn spent(&self) -> Spent {
        let time = |ns: &AtomicU64| Duration::from_nanos(ns.load(Ordering::Relaxed));
        Spent {
            orders: self.trace.stood(Point::WaitOrder),
            patties: self.trace.stood(Point::WaitPatty),
            customers: self.trace.stood(Point::FindCustomer),
            work: time(&self.work_ns),
            work_cpu: time(&self.work_cpu_ns),
        }
    }

    /// Logs what came of the day.
    pub fn sum_up(&self) {
        let (counts, spent) = (self.counts(), self.spent());
        let Counts { served, eaten, waste, .. } = counts;
        info!("the grill is out: {served} served, {eaten} patties eaten, {waste} binned");
        if let Some(limit) = spent.limit() {
            let Spent { orders, patties, work, work_cpu, .. } = spent;
            info!(
                limit = limit.name(),
                "its limit was {limit}: the maker waited {patties:.1?} for patties and {orders:.1?} for orders, \
                 and worked {work:.1?}, of which {work_cpu:.1?} on a core"
            );
        }
    }

    /// The order at the counter is handed over.
    pub(crate) fn served(&self, patties: usize) {
        self.kitchen().serve(patties);
        self.trace.note(Mark::Served);
    }

    /// What was counted in the kitchen.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.kitchen().counts()
    }

    /// What `/status` shows of it.
    #[must_use]
    pub fn status(&self) -> Value {
        let (waiting, taken, tray, counts) = {
            let kitchen = self.kitchen();
            (kitchen.queued(), kitchen.taken(), kitchen.on_tray(), kitchen.counts())
        };
        let spent = self.spent();
        let threads = vitals::threads();
        let involuntary = |name: &str| {
            let of = threads.iter().filter(|thread| thread.name == name);
            of.map(|thread| thread.involuntary_switches).sum::<u64>()
        };
        let workers: Vec<_> = threads
            .iter()
            .filter(|thread| NAMES.contains(&thread.name.as_str()))
            .map(|thread| json!({"name": thread.name, "cores": thread.cores, "involuntary_switches": thread.involuntary_switches}))
            .collect();
        json!({
            "engine": self.settings.engine.name(),
            "worker": self.settings.engine.worker(),
            "grill": self.settings.rules.grill,
            "served": counts.served,
            "waiting": waiting,
            "taken": taken,
            "on_tray": tray,
            "patties": counts.patties,
            "eaten": counts.eaten,
            "waste": counts.waste,
            "most_waiting": counts.most_queued,
            "most_in_progress": counts.most_taken,
            "limit": spent.limit().map(Limit::name),
            "spent": spent.status(),
            "involuntary_switches": NAMES.iter().copied().map(involuntary).sum::<u64>(),
            "workers": workers,
            "trace": self.trace.status(),
            "cpu_s": vitals::processor_time().map(|time| time.as_secs_f64()),
            "rss_bytes": vitals::resident_bytes(),
        })
    }
}

/// The names of the threads on which the three activities run: those of the three, or the one of the event loop.
pub(crate) const NAMES: [&str; 4] = ["take-orders", "cook-patties", "make-burgers", "burger"];

/// CPU time of the calling thread so far.
fn thread_cpu_time() -> Duration {
    let now = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID);
    now.expect("Linux has a clock for each thread").into()
}

/// Real work for the processor.
fn turn(turns: u32) {
    let mut hands = 0x9E37_79B9_u32;
    for _ in 0..turns {
        hands ^= hands << 13;
        hands ^= hands >> 17;
        hands ^= hands << 5;
        hands = black_box(hands);
    }
}
