//! A whole front against a small SQS; the shop behind it is the test.

use menu::Shop;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::*;
use crate::fake_sqs::FakeSqs;
use crate::http::{Answer, Answering};

struct Menu;

impl Routes for Menu {
    fn status(&self) -> Value {
        json!({"is_open": true})
    }

    fn answer(&self, path: &str, query: &str) -> Option<Answering> {
        let answer = Answer::ok(&json!({ "asked": query }));
        (path == "/menu").then(|| -> Answering { Box::pin(async { answer }) })
    }
}

/// A front that runs.
struct Running {
    sqs: FakeSqs,
    customers: Customers<String>,
    desk: Arc<Desk>,
    door: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), NotOpened>>,
}

const PATIENCE: Duration = Duration::from_secs(20);

async fn open(room: usize, change: impl FnOnce(&FakeSqs, &mut Settings)) -> Running {
    let sqs = FakeSqs::start().await;
    let mut settings = Settings {
        shop: Shop::Salad,
        orders_url: sqs.queue("orders"),
        dead_letters_url: sqs.queue("dead"),
        receipts_url: sqs.queue("receipts.fifo"),
        listen: "127.0.0.1:0".parse().expect("an address"),
        stop_timeout: Duration::from_secs(2),
        visibility: Duration::from_secs(30),
        wait: Duration::from_secs(20),
    };
    change(&sqs, &mut settings);
    let room = NonZeroUsize::new(room).expect("there is room");
    let opened = Front::open_at(sqs.client(), settings, room, Holds::default());
    let (front, customers) = opened.expect("it opens");
    let (desk, door) = (Arc::clone(&front.desk), front.listener.local_addr().expect("bound"));
    let (stop, stopped) = oneshot::channel();
    let told = async move { drop(stopped.await) };
    let running = tokio::spawn(front.run_until(Menu, told));
    Running { sqs, customers, desk, door, stop, running }
}

fn order(id: u64) -> String {
    json!({"id": id, "customer": "Ada", "item": "a salad"}).to_string()
}

impl Running {
    async fn next(&mut self) -> Taken<String> {
        let next = timeout(PATIENCE, self.customers.next()).await;
        next.expect("a customer comes").expect("the shop is open")
    }

    async fn stop(self) -> Duration {
        let begin = Instant::now();
        self.stop.send(()).expect("it runs");
        let ended = timeout(PATIENCE, self.running).await.expect("it ends in time");
        ended.expect("nobody panics").expect("it ends well");
        begin.elapsed()
    }

    async fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.door).await.expect("the door is open");
        let request = format!("{request} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it answers");
        answer
    }
}

#[tokio::test]
async fn a_served_order_has_its_receipt_sent_and_is_deleted_then() {
    let mut front = open(7, |_, _| {}).await;
    front.sqs.order(order(3), None);
    let first = front.next().await;
    assert_eq!((first.attempt, first.order.id.0), (1, 3));
    first.serve();
    let deleted = front.sqs.calls("DeleteMessage", 1).await;
    assert_eq!(deleted[0]["ReceiptHandle"], "h-0-1");
    let actions: Vec<_> =
        front.sqs.state().calls.iter().map(|(action, _)| action.clone()).collect();
    assert_eq!(actions, ["SendMessage", "DeleteMessage"], "not before the receipt is sent");
    let sent = front.sqs.state().of("SendMessage").remove(0);
    assert_eq!(sent["QueueUrl"], front.sqs.queue("receipts.fifo"));
    assert_eq!(
        (&sent["MessageGroupId"], &sent["MessageDeduplicationId"]),
        (&json!("salad"), &json!("3"))
    );
    let body: Value =
        serde_json::from_str(sent["MessageBody"].as_str().expect("text")).expect("JSON");
    let expected = json!({
        "shop": "salad", "outcome": "served", "attempt": 1, "order": 3, "customer": "Ada", "served": "a salad",
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn customers_wait_in_the_queue_while_there_is_no_room() {
    let mut front = open(7, |_, _| {}).await;
    (0..20).for_each(|id| front.sqs.order(order(id), None));
    let mut taken = Vec::new();
    for _ in 0..7 {
        taken.push(front.next().await);
    }
    assert_eq!(front.desk.status()["in_hand"], 7);
    let handed_out =
        |front: &Running| front.sqs.state().received.iter().map(|(_, got)| got).sum::<usize>();
    assert_eq!(handed_out(&front), 7);
    taken.remove(0).serve();
    let eighth = front.next().await;
    assert_eq!(eighth.order.id.0, 7);
    assert_eq!((handed_out(&front), &front.desk.status()["most_in_hand"]), (8, &json!(7)));
    let asked: Vec<_> = front.sqs.state().received.iter().map(|(most, _)| *most).collect();
    assert!(asked.iter().all(|most| *most <= 7), "{asked:?}");
    assert_eq!(asked.last(), Some(&1), "one place was free: {asked:?}");
}

#[tokio::test]
async fn a_broken_order_is_a_dead_letter_with_its_reason_and_the_shop_goes_on() {
    let mut front = open(1, |_, _| {}).await;
    front.sqs.order("{\"id\":\"\u{1}\"}", None);
    front.sqs.order(order(2), None);
    assert_eq!(front.next().await.order.id.0, 2);
    let sent = front.sqs.calls("SendMessage", 1).await.remove(0);
    assert_eq!(sent["QueueUrl"], front.sqs.queue("dead"));
    assert_eq!(sent["MessageBody"], "{\"id\":\"\u{1}\"}");
    let reason = sent["MessageAttributes"]["reason"]["StringValue"].as_str().expect("a reason");
    assert!(reason.starts_with("this is no order of the salad shop: "), "{reason}");
    front
        .sqs
        .until("it is deleted", |state| {
            state
                .of("DeleteMessage")
                .iter()
                .any(|call| call["ReceiptHandle"] == "h-0-1")
                .then_some(())
        })
        .await;
}

#[tokio::test]
async fn what_the_shop_refuses_is_a_dead_letter_too() {
    let mut front = open(1, |_, _| {}).await;
    front.sqs.order(order(1), None);
    front.next().await.refuse("no lettuce grows that big".to_owned());
    let sent = front.sqs.calls("SendMessage", 1).await.remove(0);
    let reason = &sent["MessageAttributes"]["reason"]["StringValue"];
    assert_eq!(reason, "no lettuce grows that big");
    front.sqs.calls("DeleteMessage", 1).await;
}

#[tokio::test]
async fn an_order_in_hand_is_renewed_until_it_is_served() {
    let mut front = open(7, |_, settings| settings.visibility = Duration::from_secs(1)).await;
    front.sqs.order(order(1), None);
    let taken = front.next().await;
    let renewed = front.sqs.calls("ChangeMessageVisibilityBatch", 2).await;
    let entry = json!({"Id": "0", "ReceiptHandle": "h-0-1", "VisibilityTimeout": 1});
    assert_eq!(renewed[1]["Entries"], json!([entry]));
    drop(taken);
}

#[tokio::test]
async fn an_order_that_is_given_back_is_visible_at_once() {
    let mut front = open(7, |_, _| {}).await;
    front.sqs.order(order(1), None);
    front.next().await.give_back();
    let back = front.sqs.calls("ChangeMessageVisibilityBatch", 1).await;
    let entry = json!({"Id": "0", "ReceiptHandle": "h-0-1", "VisibilityTimeout": 0});
    assert_eq!(back[0]["Entries"], json!([entry]));
    front.sqs.again(0);
    let again = front.next().await;
    assert_eq!(again.attempt, 2);
    again.serve();
    let sent = front.sqs.calls("SendMessage", 1).await;
    assert!(sent[0]["MessageBody"].as_str().is_some_and(|body| body.contains("\"attempt\":2")));
}

#[tokio::test]
async fn an_order_that_comes_again_is_made_once() {
    let mut front = open(7, |_, _| {}).await;
    front.sqs.order(order(1), None);
    let taken = front.next().await;
    front.sqs.again(0);
    front.sqs.until("it came twice", |state| (state.received.len() >= 2).then_some(())).await;
    taken.serve();
    front.sqs.calls("DeleteMessage", 1).await;
    front.sqs.again(0);
    let deleted = front.sqs.calls("DeleteMessage", 2).await;
    assert_eq!(deleted[1]["ReceiptHandle"], "h-0-3");
    assert_eq!(front.sqs.state().of("SendMessage").len(), 1, "one receipt");
    front.sqs.order(order(2), None);
    assert_eq!(front.next().await.order.id.0, 2, "the first was not handed to the shop again");
}

#[tokio::test]
async fn a_receipt_goes_where_the_order_says_and_the_address_is_looked_up_once() {
    let mut front = open(7, |_, _| {}).await;
    for id in [1, 2] {
        front.sqs.order(order(id), Some("ada"));
        let taken = front.next().await;
        taken.find().await;
        taken.serve();
    }
    let sent = front.sqs.calls("SendMessage", 2).await;
    for receipt in sent {
        assert_eq!(receipt["QueueUrl"], front.sqs.queue("ada"));
        assert_eq!(receipt["MessageDeduplicationId"], Value::Null, "a standard queue has none");
    }
    assert_eq!(front.sqs.state().of("GetQueueUrl").len(), 1);
}

#[tokio::test]
async fn an_order_with_an_address_that_is_not_there_is_a_dead_letter() {
    let mut front = open(7, |_, _| {}).await;
    front.sqs.order(order(1), Some("nowhere"));
    let taken = front.next().await;
    taken.find().await;
    taken.serve();
    let sent = front.sqs.calls("SendMessage", 1).await.remove(0);
    assert_eq!(sent["QueueUrl"], front.sqs.queue("dead"));
    let reason = &sent["MessageAttributes"]["reason"]["StringValue"];
    assert_eq!(reason, "its receipt is to go to the queue `nowhere`, which is not there");
}

#[tokio::test]
async fn a_queue_that_is_not_there_is_waited_for_and_told() {
    let mut front = open(7, |sqs, _| sqs.state().has_no_orders_queue = true).await;
    front.sqs.order(order(1), None);
    let told = async {
        while front.desk.status()["trouble"] == "" {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, told).await.expect("it is told");
    let trouble = front.desk.status()["trouble"].to_string();
    assert!(trouble.ends_with("/1/orders` cannot be read: there is no such queue\""), "{trouble}");
    front.sqs.make_orders_queue();
    assert_eq!(front.next().await.order.id.0, 1);
    assert_eq!(front.desk.status()["trouble"], "");
}

#[tokio::test]
async fn a_closing_shop_takes_nobody_and_finishes_what_it_has() {
    let mut front = open(1, |_, settings| settings.stop_timeout = Duration::from_secs(20)).await;
    front.sqs.order(order(1), None);
    let taken = front.next().await;
    let (sqs, mut customers) = (front.sqs.clone(), front.customers);
    front.stop.send(()).expect("it runs");
    assert!(customers.next().await.is_none(), "nobody is taken any more");
    taken.serve();
    timeout(PATIENCE, front.running).await.expect("it ends").unwrap().expect("it ends well");
    assert_eq!(sqs.state().of("DeleteMessage").len(), 1);
    assert_eq!(sqs.state().of("ChangeMessageVisibilityBatch").len(), 0);
}

#[tokio::test]
async fn what_is_not_finished_within_the_stop_timeout_is_given_back() {
    let mut front = open(3, |_, _| {}).await;
    (0..2).for_each(|id| front.sqs.order(order(id), None));
    let (one, two) = (front.next().await, front.next().await);
    let sqs = front.sqs.clone();
    let took = front.stop().await;
    assert!(took < Duration::from_secs(2), "{took:?}");
    let back = sqs.state().of("ChangeMessageVisibilityBatch").remove(0);
    assert_eq!(back["Entries"].as_array().map(Vec::len), Some(2));
    assert_eq!(back["Entries"][0]["VisibilityTimeout"], 0);
    // Too late: they are somebody else's.
    one.serve();
    two.serve();
    assert_eq!(sqs.state().of("SendMessage").len(), 0);
}

#[tokio::test]
async fn the_door_answers_with_health_status_and_the_shops_own_routes() {
    let front = open(1, |_, _| {}).await;
    let health = front.ask("GET /health").await;
    assert!(
        health.starts_with("HTTP/1.1 200") && health.ends_with(r#"{"shop":"salad"}"#),
        "{health}"
    );
    let status = front.ask("GET /status").await;
    let status: Value =
        serde_json::from_str(status.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON");
    assert_eq!((&status["in_hand"], &status["kitchen"]), (&json!(0), &json!({"is_open": true})));
    let menu = front.ask("GET /menu?for=Ada").await;
    assert!(menu.ends_with(r#"{"asked":"for=Ada"}"#), "{menu}");
    assert!(front.ask("GET /kitchen").await.starts_with("HTTP/1.1 404"));
    assert!(front.ask("POST /health").await.starts_with("HTTP/1.1 405"));
}
