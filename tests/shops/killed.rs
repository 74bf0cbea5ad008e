//! Both shops as services of a cloud, of whose tasks one each is killed by SIGKILL every second: every order has one
//! outcome.
//!
//! Some hundred orders here; `infra/kills-tasks` does it with 10,000.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lunch_tests::{Cloud, Folder, Pace, program, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

/// Orders of both shops together, where nothing else is said.
const ORDERS: usize = 400;
/// Customers of both shops together come at that pace, in tens; tasks can serve about twice as many.
const ORDERS_PER_S: u32 = 50;
/// Every so manieth order of a shop is broken.
const BROKEN_EVERY: usize = 50;
const KILL_EVERY: Duration = Duration::from_secs(1);
/// So many tasks of each shop, so that two go on while one begins.
const TASKS: usize = 3;

/// A shop, with its settings for a lunchtime that is as busy as it is short: four burgers in 160 ms, a salad in 5.
struct Served {
    name: &'static str,
    settings: &'static [(&'static str, &'static str)],
    item: &'static str,
    broken: &'static str,
}

const SHOPS: [Served; 2] = [
    Served {
        name: "burger",
        settings: &[("BURGER_TIME_SCALE", "1500")],
        item: r#"{"extras": ["cheese"]}"#,
        broken: r#"{"patties": 12}"#,
    },
    Served {
        name: "salad",
        settings: &[("SALAD_CPU_MS", "5"), ("NUM_STAFF", "3")],
        item: r#"{"leaves": "rocket", "ingredients": ["feta"]}"#,
        broken: r#"{"leaves": "hay"}"#,
    },
];

impl Served {
    fn orders(&self) -> String {
        format!("{}-orders", self.name)
    }

    fn dead(&self) -> String {
        format!("{}-dead", self.name)
    }

    fn order(&self, id: usize) -> String {
        let item = if is_broken(id) { self.broken } else { self.item };
        format!(r#"{{"id": {id}, "customer": "Ada", "item": {item}}}"#)
    }

    /// Its queues, its task definition and its service.
    fn resources(&self) -> Value {
        let name = self.name;
        let queue =
            |name: String| json!({"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}});
        let mut variables = vec![
            json!({"Name": "ORDERS_QUEUE_URL", "Value": {"Ref": format!("{name}Orders")}}),
            json!({"Name": "DEAD_LETTERS_QUEUE_URL", "Value": {"Ref": format!("{name}Dead")}}),
            json!({"Name": "RECEIPTS_QUEUE_URL", "Value": {"Ref": "Receipts"}}),
            json!({"Name": "LISTEN", "Value": "0.0.0.0:8080"}),
            json!({"Name": "VISIBILITY_TIMEOUT_S", "Value": "3"}),
            json!({"Name": "WAIT_TIME_S", "Value": "1"}),
        ];
        let own = self.settings.iter().map(|(name, value)| json!({"Name": name, "Value": value}));
        variables.extend(own);
        json!({
            format!("{name}Orders"): queue(self.orders()),
            format!("{name}Dead"): queue(self.dead()),
            format!("{name}Task"): {
                "Type": "AWS::ECS::TaskDefinition",
                "Metadata": {"Lunch": {"Containers": {name: {"Command": [program(name)]}}}},
                "Properties": {"Family": name, "ContainerDefinitions": [
                    {"Name": name, "Image": name, "Memory": 64, "Environment": variables},
                ]},
            },
            format!("{name}Service"): {
                "Type": "AWS::ECS::Service",
                "Properties": {
                    "ServiceName": name, "DesiredCount": TASKS, "TaskDefinition": {"Ref": format!("{name}Task")},
                },
            },
        })
    }
}

fn is_broken(id: usize) -> bool {
    id % BROKEN_EVERY == BROKEN_EVERY - 1
}

fn template() -> String {
    let mut resources = json!({"Receipts": {
        "Type": "AWS::SQS::Queue", "Properties": {"QueueName": "receipts.fifo", "FifoQueue": true, "DeduplicationScope": "messageGroup"},
    }});
    for shop in &SHOPS {
        let more = shop.resources();
        let more = more.as_object().expect("a map").clone();
        resources.as_object_mut().expect("a map").extend(more);
    }
    json!({"Resources": resources}).to_string()
}

/// What came of the orders, by shop and number.
#[derive(Debug, Default)]
struct Outcomes {
    /// By which attempt each was served.
    served: BTreeMap<(String, usize), u64>,
    /// With which reason each was set aside.
    dead: BTreeMap<(String, usize), String>,
}

impl Outcomes {
    fn look(&mut self, cloud: &Cloud) {
        for message in cloud.take_waiting("receipts.fifo", 1) {
            let receipt = body(&message);
            let shop = receipt["shop"].as_str().expect("a shop").to_owned();
            let key = (shop, number(&receipt["order"]));
            let attempt = receipt["attempt"].as_u64().expect("a number");
            let before = self.served.insert(key.clone(), attempt);
            assert_eq!(before, None, "order {key:?} has two receipts");
        }
        for shop in &SHOPS {
            for message in cloud.take(&shop.dead()) {
                let key = (shop.name.to_owned(), number(&body(&message)["id"]));
                let reason = &message["MessageAttributes"]["reason"]["StringValue"];
                // A kill between the dead letter and the order's end has it set aside once more: a standard queue keeps both.
                self.dead.insert(key, reason.as_str().expect("it has a reason").to_owned());
            }
        }
    }

    fn count(&self) -> usize {
        self.served.len() + self.dead.len()
    }

    /// Each order of each shop has the one outcome that it is to have.
    fn check(&self, of_each: usize) {
        for shop in &SHOPS {
            for id in 0..of_each {
                let key = (shop.name.to_owned(), id);
                let is_served = self.served.contains_key(&key);
                let reason = self.dead.get(&key);
                assert_eq!(is_served, !is_broken(id), "order {key:?}: {reason:?}");
                let says_why = |reason: &String| reason.starts_with("this is no order of the ");
                assert_eq!(reason.map(says_why), is_broken(id).then_some(true), "order {key:?}");
            }
        }
        assert_eq!(self.count(), of_each * SHOPS.len());
    }
}

fn body(message: &Value) -> Value {
    serde_json::from_str(message["Body"].as_str().unwrap_or_default()).expect("it is JSON")
}

fn number(value: &Value) -> usize {
    value.as_u64().and_then(|number| usize::try_from(number).ok()).expect("a number")
}

/// Customers who come in tens, as many to one shop as to the other.
fn come(cloud: &Cloud, of_each: usize) {
    let pace = Pace::begin();
    let mut come = 0;
    for first in (0..of_each).step_by(10) {
        let last = (first + 10).min(of_each);
        for shop in &SHOPS {
            let orders: Vec<_> = (first..last).map(|id| shop.order(id)).collect();
            cloud.send_messages(&shop.orders(), &orders);
            come += u32::try_from(orders.len()).expect("ten");
        }
        pace.wait_for(Duration::from_secs(1) * come / ORDERS_PER_S);
    }
}

/// Who kills tasks; told when it is over by being dropped, so that a test that fails ends, too.
struct Killer<'a> {
    is_over: &'a AtomicBool,
}

impl Drop for Killer<'_> {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

/// Kills a task of each shop, the one that runs longest, every second until it is over; tells how many.
fn kill_tasks(cloud: &Cloud, is_over: &AtomicBool) -> usize {
    let pace = Pace::begin();
    let (mut moment, mut kills) = (KILL_EVERY, 0);
    while !is_over.load(Ordering::Relaxed) {
        pace.wait_for(moment);
        moment += KILL_EVERY;
        let tasks = cloud.ps().tasks;
        for shop in &SHOPS {
            let own = tasks
                .iter()
                .filter(|task| task.owner == shop.name && task.last_status == "RUNNING");
            let oldest = own.min_by(|one, other| one.task.cmp(&other.task));
            for pid in oldest.into_iter().flat_map(|task| &task.pids) {
                // It may have ended by itself.
                let killed = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL);
                kills += usize::from(killed.is_ok());
            }
        }
    }
    kills
}

#[test]
fn no_order_is_lost_with_a_task_of_each_shop_killed_every_second() {
    let orders = std::env::var("LUNCH_ORDERS").ok();
    let orders = orders.map_or(ORDERS, |orders| orders.parse().expect("a number of orders"));
    let of_each = orders.div_ceil(SHOPS.len());
    let folder = Folder::make();
    let template = folder.write("template.yaml", template());
    let cloud = Cloud::builder().template(template).start();
    let (is_over, begin) = (AtomicBool::new(false), Instant::now());
    let mut outcomes = Outcomes::default();
    let kills = thread::scope(|scope| {
        scope.spawn(|| come(&cloud, of_each));
        let killer = scope.spawn(|| kill_tasks(&cloud, &is_over));
        let killing = Killer { is_over: &is_over };
        let all = of_each * SHOPS.len();
        while outcomes.count() < all {
            let before = outcomes.count();
            wait_until("another order has its outcome", || {
                outcomes.look(&cloud);
                let count = outcomes.count();
                if count > before { Ok(()) } else { Err(format!("{count} of {all} have one")) }
            });
        }
        drop(killing);
        killer.join().expect("the killer goes home")
    });
    // Those that were served and whose task was killed before it deleted them come once more, and have no second receipt.
    wait_until("nobody waits any more", || {
        let waiting: u64 = SHOPS.iter().map(|shop| cloud.messages_in(&shop.orders())).sum();
        if waiting == 0 { Ok(()) } else { Err(format!("{waiting} wait")) }
    });
    outcomes.look(&cloud);
    outcomes.check(of_each);
    assert!(kills >= SHOPS.len(), "{kills} tasks were killed");
    let again = outcomes.served.values().filter(|attempt| **attempt > 1).count();
    println!(
        "{} orders, {} served ({again} of them after a kill), {} among the dead letters, {kills} tasks killed, {} s",
        outcomes.count(),
        outcomes.served.len(),
        outcomes.dead.len(),
        begin.elapsed().as_secs()
    );
}
