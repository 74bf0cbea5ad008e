//! The whole shop: the front, which takes orders from the street, and the counter, which has them made.
//!
//! This process, the counter's, is the one place that polls SQS. It is none of the staff.

use std::env;
use std::error::Error;
use std::num::NonZeroUsize;

use menu::Shop;
use serde_json::{Value, json};
use shopfront::{Customers, Front, Holds, Routes, Taken, told_to_end};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::chop::calibrate;
use crate::counter::{Counter, Handle, Outcome, Status};
use crate::{Salad, Settings};

/// So many orders are in the shop for each maker: one that it makes, and one that hangs on the rail, so that it need not
/// wait for the street.
const ORDERS_PER_MAKER: usize = 2;

/// Opens the shop, and returns once it is closed.
///
/// # Errors
/// If a variable makes no sense, or AWS or the shop's address cannot be used.
pub fn run() -> Result<(), Box<dyn Error>> {
    let variable = |name: &str| env::var(name).ok();
    let settings = Settings::from(variable)?;
    let street = shopfront::Settings::from(Shop::Salad, variable)?;
    shopfront::log::init();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let told = told_to_end()?;
        // It takes a while, and nothing else is to be done meanwhile.
        info!("the salad shop looks how fast a core is here");
        let rounds_per_ms = calibrate();
        open(settings, street, rounds_per_ms, told).await
    })
}

async fn open(
    settings: Settings,
    street: shopfront::Settings,
    rounds_per_ms: u64,
    told: impl Future<Output = ()>,
) -> Result<(), Box<dyn Error>> {
    let Settings { makers, bowls, salad_cpu_ms, .. } = settings;
    info!(
        makers,
        bowls,
        rounds_per_ms,
        "behind the counter are {makers} of the staff who make salads, one who washes, and {bowls} bowls; a salad is \
         {salad_cpu_ms} ms of CPU time"
    );
    let holds = Holds::default();
    let room = usize::try_from(makers)? * ORDERS_PER_MAKER;
    let room = NonZeroUsize::new(room).ok_or("a shop without makers has no room")?;
    let (front, customers) = Front::open(street, room, holds.clone())?;
    let (counter, closed) = Counter::open(&settings, rounds_per_ms);
    let door = Door { settings, rounds_per_ms, status: counter.status() };
    holds.spawn(serve(customers, counter.clone(), holds.clone()));
    front.run_until(door, told).await?;
    // What was not made in time is given back already.
    counter.abandon().await;
    closed.await?;
    Ok(())
}

/// Has every order made, as many at once as there are.
async fn serve(mut customers: Customers<Salad>, counter: Handle, holds: Holds) {
    while let Some(taken) = customers.next().await {
        holds.spawn(serve_one(taken, counter.clone()));
    }
}

async fn serve_one(taken: Taken<Salad>, counter: Handle) {
    let order = taken.order.id;
    match counter.make(taken.order.item.clone()).await {
        Outcome::Served(cost) => {
            let (cpu_us, wall_us, bowl_wait_us) = (cost.cpu_us, cost.wall_us, cost.bowl_wait_us);
            info!(
                order = order.0,
                cpu_us, wall_us, bowl_wait_us, "order {order} is in its container"
            );
            taken.find().await;
            taken.serve();
        }
        Outcome::Closing => taken.give_back(),
        Outcome::MakersLost => {
            warn!(
                order = order.0,
                "order {order} is given back: too many makers ended while they had it"
            );
            taken.give_back();
        }
    }
}

/// What the shop shows of itself.
struct Door {
    settings: Settings,
    rounds_per_ms: u64,
    status: watch::Receiver<Status>,
}

impl Routes for Door {
    fn status(&self) -> Value {
        let Settings { makers, bowls, salad_cpu_ms, .. } = self.settings;
        let now = self.status.borrow();
        json!({
            "makers": makers,
            "bowls": bowls,
            "salad_cpu_ms": salad_cpu_ms,
            "rounds_per_ms": self.rounds_per_ms,
            "now": *now,
        })
    }
}
