//! The barista: grind, brew, embellish, hand over, one order from start to end.
//!
//! Each stage says what it is about to do before it does it, so that the last line of an order that was binned
//! tells what it was binned at. Waiting is a timer; grinding is real work for the processor.

use std::hint::black_box;

use menu::{Order, Receipt};
use tokio::time::sleep;
use tracing::info;

use crate::Coffee;

/// Turns of the grinder for one shot: about a millisecond and a half of a present-day core.
const TURNS_PER_SHOT: u32 = 500_000;

/// Makes one order.
pub async fn serve(order: &Order<Coffee>) -> Receipt {
    let coffee = &order.item;
    info!("order {} for {}: {coffee}", order.id, order.customer);
    grind(coffee);
    brew(coffee).await;
    embellish(coffee).await;
    info!("handing over to {}", order.customer);
    order.receipt()
}

fn grind(coffee: &Coffee) {
    let shots = coffee.shots();
    info!("grinding beans, shots: {shots}");
    let mut grounds = 0x9E37_79B9_u32;
    for _ in 0..shots * TURNS_PER_SHOT {
        grounds ^= grounds << 13;
        grounds ^= grounds >> 17;
        grounds ^= grounds << 5;
        grounds = black_box(grounds);
    }
}

async fn brew(coffee: &Coffee) {
    info!("brewing {} {}", coffee.size, coffee.drink);
    sleep(coffee.brew_time()).await;
}

async fn embellish(coffee: &Coffee) {
    for extra in &coffee.extras {
        info!("adding {}", extra.add);
        sleep(extra.time()).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use menu::OrderId;
    use tokio::time::{Instant, timeout};

    use super::*;
    use crate::{Extra, Topping};

    fn order(coffee: &str) -> Order<Coffee> {
        let item = serde_json::from_str(coffee).expect("a coffee");
        Order { id: OrderId(1), customer: "Ada".into(), item }
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_waits_for_its_water_and_each_of_its_extras() {
        let order =
            order(r#"{"drink":"latte","extras":[{"add":"cinnamon"},{"add":"sugar","times":2}]}"#);
        let start = Instant::now();
        let receipt = serve(&order).await;
        assert_eq!(start.elapsed(), Duration::from_millis(180 + 20 + 40));
        assert_eq!(receipt.served, "a medium latte with cinnamon, 2 x sugar");
    }

    #[tokio::test(start_paused = true)]
    async fn the_barista_never_gives_up_by_itself() {
        let order = order(r#"{"drink":"mocha","extras":[{"add":"marshmallows","times":60}]}"#);
        let two_seconds = timeout(Duration::from_secs(2), serve(&order)).await;
        assert!(two_seconds.is_err(), "still adding marshmallows when the platform's time is up");
        let receipt = serve(&order).await;
        assert_eq!(receipt.order, OrderId(1));
    }

    /// One line of an order file, of a coffee.
    #[derive(serde::Deserialize)]
    struct Line {
        at: f64,
        payload: Order<Coffee>,
    }

    /// What of lunchtime comes to the stalls; the rest goes by way of the till.
    fn lunchtime() -> Vec<Line> {
        let lines = include_str!("../../../orders/lunchtime.jsonl").lines();
        let lines = lines.map(|line| serde_json::from_str(line).expect("a line of JSON"));
        let coffees = lines.filter(|line: &serde_json::Value| line["function"] == "coffee");
        coffees.map(|line| serde_json::from_value(line).expect("an order")).collect()
    }

    #[test]
    fn lunchtime_is_in_order_and_every_ticket_has_its_number() {
        let lines = lunchtime();
        assert!(lines.is_sorted_by(|one, next| one.at <= next.at));
        assert!(!lines.is_empty());
        let numbers: Vec<u64> = lines.iter().map(|line| line.payload.id.0).collect();
        let expected: Vec<u64> = (1..).take(lines.len()).collect();
        assert_eq!(numbers, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn two_orders_of_lunchtime_are_too_complex_and_stop_at_the_marshmallows() {
        let mut too_complex = Vec::new();
        for Line { payload, .. } in lunchtime() {
            let start = Instant::now();
            serve(&payload).await;
            if start.elapsed() > Duration::from_secs(2) {
                let before: Duration = payload.item.brew_time()
                    + payload
                        .item
                        .extras
                        .iter()
                        .take_while(|extra| extra.add != Topping::Marshmallows)
                        .map(Extra::time)
                        .sum();
                assert!(
                    before < Duration::from_millis(1200),
                    "{before:?} leaves room for a slow day"
                );
                too_complex.push(payload.customer);
            } else {
                assert!(
                    start.elapsed() < Duration::from_secs(1),
                    "{} is in between",
                    payload.customer
                );
            }
        }
        assert_eq!(too_complex, ["Barnaby", "Philippa"]);
    }
}
