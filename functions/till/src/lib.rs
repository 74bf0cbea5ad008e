//! The till: takes an order of any shop, checks it, and says which queue it belongs to.
//!
//! An order comes by the function's URL or by a direct invocation, and is answered as it came. Nothing here sends or
//! waits: the program does, with what [`take`] decides.

mod event;
mod refusal;

use std::collections::BTreeMap;

use coffee::Coffee;
use menu::{Order, OrderId, Shop};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use crate::event::Door;
pub use crate::refusal::Refusal;

/// The longest body that SQS takes (F 9.2).
const MESSAGE_BYTES_MAX: usize = 1_048_576;

/// The shops that are open: those that have a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queues(BTreeMap<Shop, String>);

impl Queues {
    /// A shop's queue stands in a variable of its own, `COFFEE_ORDERS_QUEUE_URL`. Without it the shop is not open yet.
    pub fn from(variable: impl Fn(&str) -> Option<String>) -> Self {
        let queue = |shop: Shop| {
            let name = format!("{}_ORDERS_QUEUE_URL", shop.name().to_uppercase());
            variable(&name).filter(|url| !url.is_empty()).map(|url| (shop, url))
        };
        Self(Shop::ALL.into_iter().filter_map(queue).collect())
    }
}

/// An order that may go to its shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The number on its ticket.
    pub id: OrderId,
    /// Who makes it.
    pub shop: Shop,
    /// Where it has to go.
    pub queue_url: String,
    /// What has to go there: an `Order` of that shop, as JSON.
    pub body: String,
}

/// An order as a customer hands it over at the till, where all shops' orders come together.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an order, as a JSON object")]
struct Slip {
    shop: Shop,
    #[serde(default)]
    id: Option<OrderId>,
    customer: String,
    item: Value,
}

/// Decides what becomes of an event: an order that may go to its shop, or a refusal that tells the customer why.
pub fn take(event: &Value, request_id: &str, queues: &Queues) -> Result<Accepted, Refusal> {
    let slip: Slip = match Door::of(event) {
        Door::Url => serde_json::from_str(&event::body(event)?),
        Door::Direct => Slip::deserialize(event),
    }
    .map_err(Refusal::NoOrder)?;
    let shop = slip.shop;
    let queue_url = queues.0.get(&shop).ok_or(Refusal::NotOpenYet(shop))?.clone();
    let id = slip.id.unwrap_or_else(|| made_from(request_id));
    let body = match shop {
        Shop::Coffee => {
            let item = Coffee::deserialize(slip.item)
                .map_err(|why| Refusal::NotOnTheMenu { shop, why })?;
            written(&Order { id, customer: slip.customer, item })
        }
        // What these sell is not written down yet: the shop itself has to look.
        Shop::Burger | Shop::Salad => {
            written(&Order { id, customer: slip.customer, item: slip.item })
        }
    };
    check_text(&body)?;
    Ok(Accepted { id, shop, queue_url, body })
}

fn written<Item: Serialize>(order: &Order<Item>) -> String {
    serde_json::to_string(order).expect("an order has only text for keys")
}

/// SQS refuses what XML cannot carry. JSON escapes all of it but these two.
fn check_text(body: &str) -> Result<(), Refusal> {
    if body.contains(['\u{FFFE}', '\u{FFFF}']) {
        return Err(Refusal::NoText);
    }
    if body.len() > MESSAGE_BYTES_MAX {
        return Err(Refusal::TooLong { bytes: body.len(), bytes_max: MESSAGE_BYTES_MAX });
    }
    Ok(())
}

/// A number for an order that has none. The same request, tried again, gets the same number, so that its receipt is
/// known as a second one. At most 2^53, which is as far as every reader of JSON can count.
fn made_from(request_id: &str) -> OrderId {
    // FNV-1a: no more is asked of it than to spread.
    let hash = request_id.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    OrderId(hash >> 11)
}

#[cfg(test)]
mod tests;
