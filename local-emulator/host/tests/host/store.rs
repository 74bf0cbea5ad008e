//! What survives: a cloud ends, and the next one over the same store goes on.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

use lunch_host::template::Queue;
use lunch_host::{Config, Durability, Keeping, StartError, StoreError};
use serde_json::{Value, json};

use crate::events::{failing, until};
use crate::queues::{queue, sqs, to_dead};
use crate::street::{Client, coffee, echo, try_with_cloud, with_cloud};

const INVOKE: &str = "/2015-03-31/functions/coffee/invocations";
const EVENT: [(&str, &str); 1] = [("x-amz-invocation-type", "Event")];

/// A folder that goes with the test.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("lunch-store-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(name))
    }

    fn config(&self, queues: Vec<Queue>) -> Config {
        let keeping = Keeping { folder: self.0.clone(), durability: Durability::Process };
        Config { queues, keeping: Some(keeping), ..Config::new(vec![coffee()]) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn url(name: &str) -> String {
    format!("http://localhost/123456789012/{name}")
}

async fn receive(client: &mut Client, name: &str) -> Value {
    let asked = json!({
        "QueueUrl": url(name), "MaxNumberOfMessages": 10, "AttributeNames": ["All"], "MessageAttributeNames": ["All"],
    });
    sqs(client, "ReceiveMessage", asked).await["Messages"].take()
}

async fn advance(client: &mut Client, seconds: u64) {
    let body = format!("{{\"ms\": {}}}", seconds * 1_000);
    client.call("POST", "/_lunch/advance", &[], body).await;
}

#[test]
fn what_was_acknowledged_is_there_after_a_restart_and_what_was_deleted_is_not() {
    let place = Place::new();
    let policy = to_dead("dead");
    let queues = || {
        vec![
            queue("dead", &[]),
            queue("orders", &[("RedrivePolicy", &policy), ("VisibilityTimeout", "60")]),
        ]
    };
    let kept = Rc::new(RefCell::new(Value::Null));
    let told = Rc::clone(&kept);
    with_cloud(place.config(queues()), echo(), |mut client, _| async move {
        sqs(&mut client, "CreateQueue", json!({ "QueueName": "by-hand", "tags": { "a": "b" } }))
            .await;
        for body in ["first", "second", "third"] {
            let attribute = json!({ "DataType": "Binary.milk", "BinaryValue": "AAEC/w==" });
            let sent = json!({
                "QueueUrl": url("orders"), "MessageBody": body, "MessageAttributes": { "milk": attribute },
            });
            sqs(&mut client, "SendMessage", sent).await;
        }
        let received = receive(&mut client, "orders").await;
        let handle = &received[0]["ReceiptHandle"];
        let asked = json!({ "QueueUrl": url("orders"), "ReceiptHandle": handle });
        sqs(&mut client, "DeleteMessage", asked).await;
        *told.borrow_mut() = received;
    });
    with_cloud(place.config(queues()), echo(), |mut client, _| async move {
        let received = kept.borrow().clone();
        let listed = client.call("GET", "/_lunch/queues", &[], "").await.json();
        assert_eq!(
            listed.as_array().map(Vec::len),
            Some(3),
            "by hand, and the template's: {listed}"
        );
        let tags = sqs(&mut client, "ListQueueTags", json!({ "QueueUrl": url("by-hand") })).await;
        assert_eq!(tags["Tags"]["a"], "b");
        assert!(receive(&mut client, "orders").await.is_null(), "two are in flight still");
        // A handle of before works.
        let asked =
            json!({ "QueueUrl": url("orders"), "ReceiptHandle": received[1]["ReceiptHandle"] });
        sqs(&mut client, "DeleteMessage", asked).await;
        advance(&mut client, 60).await;
        assert!(
            receive(&mut client, "orders").await.is_null(),
            "received once, as the policy has it"
        );
        let dead = receive(&mut client, "dead").await;
        assert_eq!(dead.as_array().map(Vec::len), Some(1), "{dead}");
        assert_eq!(dead[0]["Body"], received[2]["Body"]);
        assert_eq!(dead[0]["MessageId"], received[2]["MessageId"]);
        assert_eq!(dead[0]["MessageAttributes"], received[2]["MessageAttributes"]);
        assert_eq!(dead[0]["MD5OfMessageAttributes"], received[2]["MD5OfMessageAttributes"]);
        let (now, before) = (&dead[0]["Attributes"], &received[2]["Attributes"]);
        assert_eq!(now["SentTimestamp"], before["SentTimestamp"]);
        assert_eq!(now["ApproximateReceiveCount"], "2");
        assert!(
            now["DeadLetterQueueSourceArn"].as_str().is_some_and(|arn| arn.ends_with("orders"))
        );
    });
}

#[test]
fn a_deduplication_id_stays_taken_over_a_restart_and_its_sender_is_told_of_the_first() {
    let place = Place::new();
    let queues = || vec![queue("orders.fifo", &[("FifoQueue", "true")])];
    let send = json!({
        "QueueUrl": url("orders.fifo"), "MessageBody": "once", "MessageGroupId": "coffee",
        "MessageDeduplicationId": "order-1",
    });
    let first = Rc::new(RefCell::new(Value::Null));
    let (told, sent) = (Rc::clone(&first), send.clone());
    with_cloud(place.config(queues()), echo(), |mut client, _| async move {
        *told.borrow_mut() = sqs(&mut client, "SendMessage", sent).await;
        let received = receive(&mut client, "orders.fifo").await;
        let asked = json!({
            "QueueUrl": url("orders.fifo"), "ReceiptHandle": received[0]["ReceiptHandle"],
        });
        sqs(&mut client, "DeleteMessage", asked).await;
    });
    with_cloud(place.config(queues()), echo(), |mut client, _| async move {
        let again = sqs(&mut client, "SendMessage", send.clone()).await;
        assert_eq!(again, *first.borrow());
        assert!(receive(&mut client, "orders.fifo").await.is_null());
        advance(&mut client, 300).await;
        let anew = sqs(&mut client, "SendMessage", send).await;
        assert_ne!(anew["MessageId"], again["MessageId"]);
        let number = |answer: &Value| {
            answer["SequenceNumber"].as_str().map(|text| text.parse::<u128>().unwrap())
        };
        assert!(number(&anew) > number(&again), "numbers go on rising: {anew} {again}");
    });
}

#[test]
fn time_that_was_advanced_stays_so_and_time_switched_off_has_passed() {
    let place = Place::new();
    let queues = || vec![queue("orders", &[("VisibilityTimeout", "600")])];
    with_cloud(place.config(queues()), echo(), |mut client, _| async move {
        let sent = json!({ "QueueUrl": url("orders"), "MessageBody": "tea" });
        sqs(&mut client, "SendMessage", sent).await;
        assert!(!receive(&mut client, "orders").await.is_null());
        advance(&mut client, 590).await;
        // The clock is stored with what comes next, too.
        sqs(
            &mut client,
            "SendMessage",
            json!({ "QueueUrl": url("orders"), "MessageBody": "cake" }),
        )
        .await;
    });
    with_cloud(place.config(queues()), echo(), |mut client, _| async move {
        let received = receive(&mut client, "orders").await;
        assert_eq!(received.as_array().map(Vec::len), Some(1), "tea is in flight for 10 s more");
        advance(&mut client, 10).await;
        let received = receive(&mut client, "orders").await;
        assert_eq!(received[0]["Body"], "tea");
    });
}

#[test]
fn time_that_was_advanced_stays_so_though_nothing_was_stored_after_it() {
    let place = Place::new();
    let queues = || vec![queue("orders", &[("VisibilityTimeout", "600")])];
    with_cloud(place.config(queues()), echo(), |mut client, _| async move {
        let sent = json!({ "QueueUrl": url("orders"), "MessageBody": "tea" });
        sqs(&mut client, "SendMessage", sent).await;
        assert!(!receive(&mut client, "orders").await.is_null());
        advance(&mut client, 590).await;
    });
    with_cloud(place.config(queues()), echo(), |mut client, _| async move {
        assert!(receive(&mut client, "orders").await.is_null(), "in flight for 10 s more");
        let ps = client.call("GET", "/_lunch/ps", &[], "").await.json();
        assert!(ps["ahead_ms"].as_u64().is_some_and(|ms| ms > 580_000), "{ps}");
        advance(&mut client, 10).await;
        assert_eq!(receive(&mut client, "orders").await[0]["Body"], "tea");
    });
}

#[test]
fn the_templates_attributes_win_and_a_queue_that_it_has_no_more_is_kept() {
    let place = Place::new();
    let before = vec![queue("orders", &[("VisibilityTimeout", "10")]), queue("old", &[])];
    with_cloud(place.config(before), echo(), |mut client, _| async move {
        sqs(&mut client, "SendMessage", json!({ "QueueUrl": url("old"), "MessageBody": "kept" }))
            .await;
    });
    let after = vec![queue("orders", &[("VisibilityTimeout", "20")])];
    with_cloud(place.config(after), echo(), |mut client, _| async move {
        let asked = json!({ "QueueUrl": url("orders"), "AttributeNames": ["VisibilityTimeout"] });
        let told = sqs(&mut client, "GetQueueAttributes", asked).await;
        assert_eq!(told["Attributes"]["VisibilityTimeout"], "20");
        assert_eq!(receive(&mut client, "old").await[0]["Body"], "kept");
    });
}

#[test]
fn a_store_in_use_is_refused_with_the_others_process_and_port() {
    let place = Place::new();
    let other = place.config(Vec::new());
    with_cloud(place.config(Vec::new()), echo(), |client, _| async move {
        let port = client.address().rsplit_once(':').map(|(_, port)| port.to_owned());
        match try_with_cloud(other) {
            Err(StartError::Store(StoreError::InUse { pid, port: theirs, .. })) => {
                assert_eq!(pid, std::process::id().to_string());
                assert_eq!(Some(theirs), port);
            }
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn a_store_that_is_none_is_told_and_left_alone() {
    let place = Place::new();
    std::fs::create_dir_all(&place.0).unwrap();
    let file = place.0.join("store.sqlite3");
    std::fs::write(&file, "this is no database, but somebody's shopping list".repeat(100)).unwrap();
    let before = std::fs::read(&file).unwrap();
    let error = does_not_start(&place);
    assert!(error.contains("store.sqlite3") && error.contains("not a database"), "{error}");
    assert!(error.contains("--ephemeral"), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

/// Why no cloud starts there.
fn does_not_start(place: &Place) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let config = place.config(Vec::new());
    let started = tokio::task::LocalSet::new()
        .block_on(&runtime.expect("a runtime"), async { try_with_cloud(config) });
    started.expect_err("it is no store").to_string()
}

/// A log that was cut off in the middle of a commit, as the loss of power may leave it, ends before that commit.
#[test]
fn a_store_that_was_cut_off_in_the_middle_opens_again() {
    let (place, cut) = (Place::new(), Place::new());
    let queues = || vec![queue("orders", &[])];
    let (from, to) = (place.0.clone(), cut.0.clone());
    with_cloud(place.config(queues()), echo(), |mut client, _| async move {
        for number in 0..20 {
            let sent = json!({ "QueueUrl": url("orders"), "MessageBody": number.to_string() });
            sqs(&mut client, "SendMessage", sent).await;
        }
        std::fs::create_dir_all(&to).unwrap();
        for file in ["store.sqlite3", "store.sqlite3-wal"] {
            std::fs::copy(from.join(file), to.join(file)).unwrap();
        }
        cut_off(&to.join("store.sqlite3-wal"));
    });
    with_cloud(cut.config(queues()), echo(), |mut client, _| async move {
        let listed = client.call("GET", "/_lunch/queues", &[], "").await.json();
        assert_eq!(listed[0]["visible"], 19, "{listed}");
    });
}

fn cut_off(log: &Path) {
    let file = std::fs::File::options().write(true).open(log).expect("a log");
    let length = file.metadata().expect("its size").len();
    file.set_len(length - 10).expect("cut off");
}

#[test]
fn an_event_that_waits_for_its_next_attempt_has_it_after_a_restart_under_its_own_id() {
    let place = Place::new();
    let seen = Rc::default();
    let program = failing(&seen, usize::MAX);
    let id = Rc::new(RefCell::new(String::new()));
    let told = Rc::clone(&id);
    with_cloud(place.config(Vec::new()), program.clone(), |mut client, _| async move {
        let accepted = client.call("POST", INVOKE, &EVENT, "7").await;
        *told.borrow_mut() = accepted.header("x-amzn-requestid").to_owned();
        until(&mut client, "event_retried", 1).await;
    });
    let heard = Rc::clone(&seen);
    with_cloud(place.config(Vec::new()), program.clone(), |mut client, _| async move {
        assert_eq!(heard.borrow().len(), 1, "not before its time");
        advance(&mut client, 60).await;
        until(&mut client, "event_retried", 1).await;
        advance(&mut client, 120).await;
        until(&mut client, "RetriesExhausted", 1).await;
        assert_eq!(*heard.borrow(), vec![(id.borrow().clone(), "7".to_owned()); 3]);
    });
    with_cloud(place.config(Vec::new()), program, |mut client, _| async move {
        advance(&mut client, 6 * 3_600).await;
        assert_eq!(seen.borrow().len(), 3, "what was given up stays so");
    });
}
