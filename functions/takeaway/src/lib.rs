//! Coffees to take away: a batch of orders, brewed one after the other by one barista.
//!
//! Every order that was handed over has its receipt posted before it counts as served; the others are named, and come
//! again. The program only wires: it says how much time there is left, and how a letter is sent.

mod batch;

use std::fmt::Display;
use std::time::Duration;

use coffee::{Coffee, barista};
use menu::{Order, Outcome, PostedReceipt, Shop};
use post::{Letter, Turn};
use tracing::{info, warn};

pub use crate::batch::{Batch, Failures, Record};

/// An order is begun only with so much time left. Those of a usual lunchtime take up to 350 ms, grinding on the share of
/// a processor that 128 MB have up to 100 ms more, and their receipt some tens; the rest is for a slow day.
///
/// A ridiculously complex order takes longer than that and is begun all the same: what nobody can know beforehand is for
/// the function's `Timeout`.
pub const ENOUGH: Duration = Duration::from_secs(1);

/// Serves a batch, and names what of it has to come again.
pub async fn serve<E: Display>(
    batch: &Batch,
    receipts_url: &str,
    time_left: impl Fn() -> Duration,
    send: impl AsyncFn(Letter) -> Result<(), E>,
) -> Failures {
    let mut failures = Failures::default();
    for (begun, record) in batch.records.iter().enumerate() {
        if time_left() < ENOUGH {
            let rest = &batch.records[begun..];
            warn!(
                "{} of {} orders are not begun: too little time",
                rest.len(),
                batch.records.len()
            );
            rest.iter().for_each(|record| failures.add(record));
            break;
        }
        if let Err(why) = serve_one(record, receipts_url, &send).await {
            warn!("message {} comes again: {why}", record.message_id);
            failures.add(record);
        }
    }
    failures
}

async fn serve_one<E: Display>(
    record: &Record,
    receipts_url: &str,
    send: &impl AsyncFn(Letter) -> Result<(), E>,
) -> Result<(), String> {
    let order: Order<Coffee> = serde_json::from_str(&record.body)
        .map_err(|why| format!("its body is no order of coffee: {why}"))?;
    let receipt = barista::serve(&order).await;
    let posted = PostedReceipt {
        shop: Shop::Coffee,
        outcome: Outcome::Served,
        attempt: record.attempt(),
        receipt,
    };
    send(letter(receipts_url, &posted)).await.map_err(|error| error.to_string())?;
    info!("receipt of order {} is posted", order.id);
    Ok(())
}

/// A second receipt of the same order within five minutes is not delivered (F 9.3); a later one is, and says its attempt.
fn letter(receipts_url: &str, posted: &PostedReceipt) -> Letter {
    Letter {
        queue_url: receipts_url.to_owned(),
        body: serde_json::to_string(posted).expect("a receipt has only text for keys"),
        turn: Some(Turn {
            group: posted.shop.to_string(),
            deduplication_id: posted.receipt.order.0.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests;
