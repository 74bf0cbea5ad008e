use std::cell::RefCell;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::*;

const RECEIPTS: &str = "https://sqs.eu-central-2.amazonaws.com/123456789012/Receipts.fifo";

fn message(id: &str, body: &str, receive_count: &str) -> Value {
    json!({
        "messageId": id, "receiptHandle": "h", "body": body,
        "attributes": {"ApproximateReceiveCount": receive_count, "SentTimestamp": "1545082649183"},
        "messageAttributes": {}, "md5OfBody": "m", "eventSource": "aws:sqs", "awsRegion": "eu-central-2",
        "eventSourceARN": "arn:aws:sqs:eu-central-2:123456789012:CoffeeOrders",
    })
}

fn latte(order: u64) -> String {
    json!({"id": order, "customer": "Ada", "item": {"drink": "latte"}}).to_string()
}

fn batch(messages: &[Value]) -> Batch {
    serde_json::from_value(json!({ "Records": messages })).expect("an SQS event")
}

/// What a batch came to: the letters that were sent, and the answer.
async fn served(
    batch: &Batch,
    timeout: Duration,
    is_refused: fn(&Letter) -> bool,
) -> (Vec<Letter>, Value) {
    let (sent, deadline) = (RefCell::new(Vec::new()), Instant::now() + timeout);
    let time_left = || deadline.saturating_duration_since(Instant::now());
    let send = async |letter: Letter| {
        if is_refused(&letter) {
            return Err("the queue does not answer");
        }
        sent.borrow_mut().push(letter);
        Ok(())
    };
    let failures = serve(batch, RECEIPTS, time_left, send).await;
    (sent.into_inner(), serde_json::to_value(failures).expect("an answer is JSON"))
}

const NEVER: fn(&Letter) -> bool = |_| false;
const MINUTE: Duration = Duration::from_secs(60);

fn orders(letters: &[Letter]) -> Vec<&str> {
    let turns = letters.iter().filter_map(|letter| letter.turn.as_ref());
    turns.map(|turn| turn.deduplication_id.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn each_order_is_brewed_in_turn_and_has_its_receipt_posted() {
    let batch = batch(&[message("a", &latte(7), "1"), message("b", &latte(8), "3")]);
    let start = Instant::now();
    let (letters, answer) = served(&batch, MINUTE, NEVER).await;
    assert_eq!(start.elapsed(), Duration::from_millis(2 * 180), "one after the other");
    assert_eq!(answer, json!({"batchItemFailures": []}));
    assert_eq!(orders(&letters), ["7", "8"]);
    let second = Letter {
        queue_url: RECEIPTS.to_owned(),
        body: r#"{"shop":"coffee","outcome":"served","attempt":3,"order":8,"customer":"Ada","served":"a medium latte"}"#.to_owned(),
        turn: Some(Turn { group: "coffee".to_owned(), deduplication_id: "8".to_owned() }),
    };
    assert_eq!(letters[1], second);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_order_fails_by_itself() {
    let tea = r#"{"id":8,"customer":"Ada","item":{"drink":"tea"}}"#;
    let batch = batch(&[
        message("a", &latte(7), "1"),
        message("b", "{oops", "1"),
        message("c", tea, "1"),
        message("d", &latte(9), "1"),
    ]);
    let (letters, answer) = served(&batch, MINUTE, NEVER).await;
    assert_eq!(orders(&letters), ["7", "9"]);
    let failed = json!([{"itemIdentifier": "b"}, {"itemIdentifier": "c"}]);
    assert_eq!(answer, json!({ "batchItemFailures": failed }));
}

#[tokio::test(start_paused = true)]
async fn an_order_whose_receipt_is_not_taken_is_not_served() {
    let batch = batch(&[message("a", &latte(7), "1"), message("b", &latte(8), "1")]);
    let (letters, answer) =
        served(&batch, MINUTE, |letter| letter.body.contains(r#""order":7"#)).await;
    assert_eq!(orders(&letters), ["8"]);
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "a"}]}));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_begun_that_could_not_be_finished() {
    let messages: Vec<_> =
        (0..5).map(|order| message(&format!("m{order}"), &latte(order), "1")).collect();
    let batch = batch(&messages);
    // Two lattes take 360 ms; with 1 ms less than enough left, the third is not begun.
    let so_much = ENOUGH + Duration::from_millis(360 - 1);
    let start = Instant::now();
    let (letters, answer) = served(&batch, so_much, NEVER).await;
    assert_eq!(start.elapsed(), Duration::from_millis(360));
    assert_eq!(orders(&letters), ["0", "1"]);
    let rest = ["m2", "m3", "m4"].map(|id| json!({"itemIdentifier": id}));
    assert_eq!(answer, json!({ "batchItemFailures": rest }));
    let (letters, answer) = served(&batch, ENOUGH + Duration::from_millis(360), NEVER).await;
    assert_eq!(orders(&letters), ["0", "1", "2"], "with enough left it is: {answer}");
}

#[tokio::test(start_paused = true)]
async fn five_of_lunchtime_fit_into_the_timeout_and_one_that_is_too_complex_does_not() {
    const TIMEOUT: Duration = Duration::from_secs(3);
    let lines = include_str!("../../../orders/lunchtime.jsonl").lines();
    let orders =
        lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON")["payload"].take());
    // At the till one says which shop one means; at the stall there is only one.
    let coffees = orders.filter(|order| order["shop"] == "coffee" || order["shop"].is_null());
    let orders =
        coffees.map(|order| serde_json::from_value::<Order<Coffee>>(order).expect("an order"));
    let written = |order: &Order<Coffee>| serde_json::to_string(order).expect("an order is JSON");
    let (complex, usual): (Vec<_>, Vec<_>) =
        orders.partition(|order| order.item.extras.iter().any(|extra| extra.times > 30));
    for order in &complex {
        let batch = batch(&[message("a", &written(order), "1")]);
        let ended = timeout(TIMEOUT, served(&batch, TIMEOUT, NEVER)).await;
        assert!(ended.is_err(), "{} is brewed until the platform ends it", order.customer);
    }
    for five in usual.chunks(5) {
        let batch =
            batch(&five.iter().map(|order| message("a", &written(order), "1")).collect::<Vec<_>>());
        let (letters, answer) = served(&batch, TIMEOUT, NEVER).await;
        assert_eq!((letters.len(), answer), (five.len(), json!({"batchItemFailures": []})));
    }
    assert_eq!((complex.len(), usual.len()), (3, 92));
}

#[test]
fn an_event_that_does_not_say_how_often_it_came_came_once() {
    let bare = batch(&[json!({"messageId": "a", "body": "{}"})]);
    assert_eq!(bare.records[0].attempt(), 1);
    let odd = batch(&[message("a", "{}", "often")]);
    assert_eq!(odd.records[0].attempt(), 1);
}
