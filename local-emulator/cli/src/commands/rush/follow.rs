//! Follows orders that a function only passed on, until each has its outcome: a receipt, or a place among the dead
//! letters.
//!
//! The crowd takes its receipts out of their queue as any customer does. When all have called and some still wait, time
//! is put ahead, step by step: what comes back after a visibility timeout comes back now. What tasks have to make is waited
//! for instead: they go by the machine's clock, and time that is put ahead would take their orders out of their hands.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lunch_host::template::{Follow, Mapping};
use lunch_host::wire::{Advance, Advanced, Ps, QueueLine};
use serde::Deserialize;
use serde_json::json;

use crate::door::Door;
use crate::failure::{Code, Failure};
use crate::progress::Serving;
use crate::span;
use crate::summary::{PassedOn, Receipt};

/// As far as time is put ahead at once.
const STEP: Duration = Duration::from_secs(20);

/// So far it is put ahead at most: who has no outcome by then is told as one without.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// So often nothing may be under way before we stop to wait. The second retry of an event comes after two minutes (F 6).
const QUIET_STEPS: u32 = 7;

/// So long the tasks may have nothing to show before time is put ahead all the same.
const TASKS_PATIENCE: Duration = Duration::from_secs(60);

/// How long a look for receipts waits for one where tasks work: the shortest that SQS knows.
const LOOK: Duration = Duration::from_secs(1);

/// An order that its function passed on.
#[derive(Debug)]
pub(super) struct Waiting {
    /// What to call it.
    pub(super) name: String,
    /// By which number it goes on.
    pub(super) number: String,
    /// When it was called, on the cloud's wall clock.
    pub(super) called: SystemTime,
}

/// The messages that were dead before anybody ordered: they are nobody's outcome.
#[derive(Debug, Default)]
pub(super) struct Before(BTreeSet<String>);

impl Before {
    /// Looks, before the first order.
    pub(super) async fn look(door: &Door, follow: &Follow) -> Result<Self, Failure> {
        let mut dead = BTreeSet::new();
        for queue in &follow.dead_letters {
            dead.extend(
                door.peek(&queue.queue, usize::MAX).await?.into_iter().map(|message| message.id),
            );
        }
        Ok(Self(dead))
    }
}

/// The queues that functions are called with messages of, by name. What waits in another one waits for a task.
#[derive(Debug, Default)]
pub(super) struct ByFunctions(BTreeSet<String>);

impl ByFunctions {
    /// Those of these mappings.
    pub(super) fn of(mappings: &[Mapping]) -> Self {
        Self(mappings.iter().map(|mapping| mapping.queue.clone()).collect())
    }
}

/// Waits for the outcome of each order, and says what it was.
pub(super) async fn until_each_has_its_outcome(
    door: &Door,
    follow: &Follow,
    before: &Before,
    by_functions: &ByFunctions,
    waiting: Vec<Waiting>,
    progress: &Serving,
) -> Result<Vec<PassedOn>, Failure> {
    let mut outcomes = Outcomes::of(waiting);
    let (mut passed, mut quiet) = (Duration::ZERO, 0);
    let (mut look, mut last, mut missing_before) = (Duration::ZERO, Instant::now(), usize::MAX);
    loop {
        take_receipts(door, follow, look, &mut outcomes).await?;
        look_among_the_dead(door, follow, before, &mut outcomes).await?;
        let missing = outcomes.missing();
        if missing == 0 || quiet > QUIET_STEPS || passed >= PATIENCE {
            return Ok(outcomes.done());
        }
        if missing < missing_before {
            (last, missing_before) = (Instant::now(), missing);
        }
        if last.elapsed() < TASKS_PATIENCE && tasks_have_orders(door, follow, by_functions).await? {
            look = LOOK;
            continue;
        }
        look = Duration::ZERO;
        quiet = if is_under_way(door, follow).await? { 0 } else { quiet + 1 };
        let s = if missing == 1 { " is" } else { "s are" };
        let later = span::clock(passed);
        progress.says(&format!("{missing} order{s} still in a queue: {later} later"));
        let ms = u64::try_from(STEP.as_millis()).expect("it is not long");
        let _: Advanced = door.ask("/_lunch/advance", &Advance { ms }).await?;
        passed += STEP;
    }
}

/// Orders by number.
#[derive(Debug)]
struct Outcomes(BTreeMap<String, (SystemTime, PassedOn)>);

impl Outcomes {
    fn of(waiting: Vec<Waiting>) -> Self {
        let mut orders: BTreeMap<String, (SystemTime, PassedOn)> = BTreeMap::new();
        for Waiting { name, number, called } in waiting {
            let none = PassedOn { names: Vec::new(), receipts: Vec::new(), dead_in: None };
            let (first, order) = orders.entry(number).or_insert((called, none));
            *first = called.min(*first);
            order.names.push(name);
        }
        Self(orders)
    }

    fn receipt(&mut self, number: &str, attempt: Option<u64>, sent: SystemTime) {
        if let Some((called, order)) = self.0.get_mut(number) {
            let after = sent.duration_since(*called).unwrap_or(Duration::ZERO);
            order.receipts.push(Receipt { attempt, after });
        }
    }

    fn dead(&mut self, number: &str, queue: &str) {
        if let Some((_, order)) = self.0.get_mut(number) {
            order.dead_in = Some(queue.to_owned());
        }
    }

    fn missing(&self) -> usize {
        self.0.values().filter(|(_, order)| !order.has_outcome()).count()
    }

    fn done(self) -> Vec<PassedOn> {
        let mut all: Vec<_> = self.0.into_values().collect();
        all.sort_by_key(|(called, _)| *called);
        all.into_iter().map(|(_, order)| order).collect()
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Received {
    #[serde(default)]
    messages: Vec<Message>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    receipt_handle: String,
    body: String,
    attributes: Attributes,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    sent_timestamp: String,
}

/// Takes what is in the receipts' queue, until nothing comes for that long.
async fn take_receipts(
    door: &Door,
    follow: &Follow,
    look: Duration,
    outcomes: &mut Outcomes,
) -> Result<(), Failure> {
    let queues: Vec<QueueLine> = door.read("/_lunch/queues").await?;
    let receipts = &follow.receipts;
    let Some(url) = queues.into_iter().find(|queue| queue.name == receipts.queue) else {
        let sentence = format!("the queue of the receipts, `{}`, is gone", receipts.queue);
        return Err(Failure::new(Code::Bad, sentence));
    };
    let url = url.url;
    loop {
        let receive = json!({
            "QueueUrl": url,
            "MaxNumberOfMessages": 10,
            "WaitTimeSeconds": look.as_secs(),
            "MessageSystemAttributeNames": ["SentTimestamp"],
        });
        let received: Received = door.sqs("ReceiveMessage", &receive).await?;
        if received.messages.is_empty() {
            return Ok(());
        }
        for Message { receipt_handle, body, attributes } in received.messages {
            if let Some(number) = receipts.order.find(body.as_bytes()) {
                let attempt = follow.attempt.as_ref().and_then(|at| at.find(body.as_bytes()));
                let attempt = attempt.and_then(|attempt| attempt.parse().ok());
                let sent = attributes.sent_timestamp.parse().unwrap_or_default();
                outcomes.receipt(&number, attempt, UNIX_EPOCH + Duration::from_millis(sent));
            }
            let delete = json!({"QueueUrl": url, "ReceiptHandle": receipt_handle});
            let _: serde_json::Value = door.sqs("DeleteMessage", &delete).await?;
        }
    }
}

async fn look_among_the_dead(
    door: &Door,
    follow: &Follow,
    before: &Before,
    outcomes: &mut Outcomes,
) -> Result<(), Failure> {
    for queue in &follow.dead_letters {
        for message in door.peek(&queue.queue, usize::MAX).await? {
            let number = queue.order.find(message.body.as_bytes());
            if let Some(number) = number.filter(|_| !before.0.contains(&message.id)) {
                outcomes.dead(&number, &queue.queue);
            }
        }
    }
    Ok(())
}

/// The queues that are none of outcomes and have messages.
async fn busy_queues(door: &Door, follow: &Follow) -> Result<Vec<QueueLine>, Failure> {
    let mut queues: Vec<QueueLine> = door.read("/_lunch/queues").await?;
    let ends = |name: &str| {
        follow.receipts.queue == name || follow.dead_letters.iter().any(|dead| dead.queue == name)
    };
    queues
        .retain(|queue| !ends(&queue.name) && queue.visible + queue.in_flight + queue.delayed > 0);
    Ok(queues)
}

/// Whether orders wait for tasks, or are in their hands.
async fn tasks_have_orders(
    door: &Door,
    follow: &Follow,
    by_functions: &ByFunctions,
) -> Result<bool, Failure> {
    let ps: Ps = door.read("/_lunch/ps").await?;
    if ps.services.iter().all(|service| service.desired == 0) {
        return Ok(false);
    }
    let busy = busy_queues(door, follow).await?;
    Ok(busy.iter().any(|queue| !by_functions.0.contains(&queue.name)))
}

/// Whether something may still come of an order: a message is in a queue that is none of outcomes, or a function works.
async fn is_under_way(door: &Door, follow: &Follow) -> Result<bool, Failure> {
    if !busy_queues(door, follow).await?.is_empty() {
        return Ok(true);
    }
    let ps: Ps = door.read("/_lunch/ps").await?;
    Ok(ps.instances.iter().any(|instance| !instance.requests.is_empty()))
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Arc, Mutex};

    use lunch_contract::Moment;
    use lunch_host::template::{Outcomes as Told, Pointer};
    use lunch_host::wire::{PeekedMessage, PsService};

    use super::*;
    use crate::fake_cloud;

    fn at(pointer: &str) -> Pointer {
        pointer.parse().expect("a pointer")
    }

    fn follow() -> Follow {
        Follow {
            functions: vec!["till".to_owned()],
            order: at("/order"),
            receipts: Told { queue: "receipts".to_owned(), order: at("/order") },
            attempt: Some(at("/attempt")),
            dead_letters: vec![Told { queue: "dead".to_owned(), order: at("/id") }],
        }
    }

    fn queue(name: &str, visible: u32) -> QueueLine {
        QueueLine {
            name: name.to_owned(),
            url: format!("http://queues/{name}"),
            visible,
            in_flight: 0,
            delayed: 0,
            waiting: 0,
            oldest_ms: None,
            dead_letters_to: None,
        }
    }

    fn dead(id: &str, order: u64) -> PeekedMessage {
        PeekedMessage {
            id: id.to_owned(),
            sent: String::new(),
            state: "visible".to_owned(),
            for_ms: None,
            receives: 0,
            group: None,
            attributes: BTreeMap::new(),
            body: json!({"id": order}).to_string(),
        }
    }

    fn ps() -> Ps {
        Ps {
            now: Moment::ZERO,
            time: String::new(),
            ahead_ms: 0,
            services: Vec::new(),
            tasks: Vec::new(),
            stopped_tasks: Vec::new(),
            functions: Vec::new(),
            instances: Vec::new(),
        }
    }

    /// A cloud with these receipts and dead letters, in which orders wait until time is put ahead so often. Where to call
    /// it, and how often time was put ahead.
    fn cloud(receipts: &[(u64, u64)], dead: &[PeekedMessage], waits: u64) -> (u16, Arc<AtomicU64>) {
        let message = |(order, attempt): &(u64, u64)| {
            let body = json!({"order": order, "attempt": attempt}).to_string();
            let attributes = json!({"SentTimestamp": (1_000 + 100 * order).to_string()});
            json!({"ReceiptHandle": "handle", "Body": body, "Attributes": attributes})
        };
        let receipts: VecDeque<_> = receipts.iter().map(message).collect();
        let receipts = Arc::new(Mutex::new(receipts));
        let (dead, advanced) = (dead.to_vec(), Arc::new(AtomicU64::new(0)));
        let counted = Arc::clone(&advanced);
        let port = fake_cloud::open(move |method, path, body| {
            let passed = counted.load(Ordering::Relaxed);
            match (method, path) {
                ("GET", "/_lunch/queues") => fake_cloud::json(&[
                    queue("orders", u32::from(passed < waits)),
                    queue("receipts", 9),
                    queue("dead", 9),
                ]),
                ("GET", "/_lunch/queues?peek=dead&skip=0&max=1000") => fake_cloud::json(&dead),
                ("GET", "/_lunch/ps") => fake_cloud::json(&ps()),
                ("POST", "/_lunch/advance") => {
                    counted.fetch_add(1, Ordering::Relaxed);
                    fake_cloud::json(&Advanced {
                        by_ms: 0,
                        ahead_ms: 0,
                        wakes: Vec::new(),
                        happened: Vec::new(),
                    })
                }
                ("POST", "/") if body.contains("ReceiptHandle") => fake_cloud::json(&json!({})),
                ("POST", "/") => {
                    let next = receipts.lock().expect("nobody panics").pop_front();
                    fake_cloud::json(&json!({"Messages": Vec::from_iter(next)}))
                }
                _ => String::new(),
            }
        });
        (port, advanced)
    }

    fn waiting(number: u64) -> Waiting {
        let called = UNIX_EPOCH + Duration::from_millis(1_000);
        Waiting { name: format!("line {number}"), number: number.to_string(), called }
    }

    async fn outcomes(port: u16, before: &[&str], orders: &[u64]) -> Vec<PassedOn> {
        let progress = Serving::begin(0, Duration::ZERO);
        let before = Before(before.iter().map(ToString::to_string).collect());
        let waiting = orders.iter().copied().map(waiting).collect();
        let (door, by_functions) = (Door::new(port), ByFunctions::default());
        until_each_has_its_outcome(&door, &follow(), &before, &by_functions, waiting, &progress)
            .await
            .expect("a cloud")
    }

    #[tokio::test]
    async fn each_order_is_found_again_by_its_number() {
        let (port, advanced) = cloud(&[(2, 3), (1, 1), (9, 1)], &[dead("a", 3)], 0);
        let outcomes = outcomes(port, &[], &[1, 2, 3]).await;
        let receipt =
            |attempt, ms| Receipt { attempt: Some(attempt), after: Duration::from_millis(ms) };
        let expected = [
            (vec![receipt(1, 100)], None),
            (vec![receipt(3, 200)], None),
            (Vec::new(), Some("dead".to_owned())),
        ];
        let seen: Vec<_> =
            outcomes.into_iter().map(|order| (order.receipts, order.dead_in)).collect();
        assert_eq!(seen, expected);
        assert_eq!(advanced.load(Ordering::Relaxed), 0, "nobody has to be waited for");
    }

    #[tokio::test]
    async fn whoever_comes_to_nothing_is_told_when_nothing_is_under_way_any_more() {
        // What was dead before is nobody's outcome.
        let (port, advanced) = cloud(&[], &[dead("old", 1)], 5);
        let outcomes = outcomes(port, &["old"], &[1]).await;
        assert!(!outcomes[0].has_outcome(), "{outcomes:?}");
        assert_eq!(advanced.load(Ordering::Relaxed), 5 + u64::from(QUIET_STEPS) + 1);
    }

    #[tokio::test]
    async fn what_tasks_have_in_hand_is_waited_for_and_no_time_put_ahead() {
        const LOOKS: u64 = 3;
        let service = PsService {
            name: "burger".to_owned(),
            cluster: "street".to_owned(),
            desired: 1,
            running: 1,
            pending: 0,
            rollout: "COMPLETED".to_owned(),
            event: None,
            events: Vec::new(),
        };
        let looked = Arc::new(AtomicU64::new(0));
        let port = fake_cloud::open(move |method, path, body| match (method, path) {
            ("GET", "/_lunch/queues") => {
                let busy = looked.load(Ordering::Relaxed) <= LOOKS;
                fake_cloud::json(&[queue("orders", u32::from(busy)), queue("receipts", 1)])
            }
            ("GET", "/_lunch/ps") => {
                fake_cloud::json(&Ps { services: vec![service.clone()], ..ps() })
            }
            ("POST", "/") if body.contains("ReceiptHandle") => fake_cloud::json(&json!({})),
            // A look that waits is one of a second: the cloud answers when there is something.
            ("POST", "/") if looked.fetch_add(1, Ordering::Relaxed) == LOOKS => {
                assert!(body.contains(r#""WaitTimeSeconds":1"#), "{body}");
                let body = json!({"order": 1, "attempt": 1}).to_string();
                let attributes = json!({"SentTimestamp": "1100"});
                let message = json!({"ReceiptHandle": "h", "Body": body, "Attributes": attributes});
                fake_cloud::json(&json!({"Messages": [message]}))
            }
            ("POST", "/") => fake_cloud::json(&json!({})),
            ("POST", "/_lunch/advance") => panic!("time was put ahead"),
            (_, _) => fake_cloud::json(&[""; 0]),
        });
        let outcomes = outcomes(port, &[], &[1]).await;
        assert!(outcomes[0].has_outcome(), "{outcomes:?}");
    }
}
