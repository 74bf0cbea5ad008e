//! A cloud with a shop's three queues, and who stands between them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lunch_tests::{Cloud, Folder, Request, Shop, wait_until};
use serde_json::Value;

const TEMPLATE: &str = "Resources:
  Orders: {Type: AWS::SQS::Queue, Properties: {QueueName: orders}}
  Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: dead}}
  Receipts: {Type: AWS::SQS::Queue, Properties: {QueueName: receipts.fifo, FifoQueue: true}}
";

pub(super) struct Street {
    pub(super) cloud: Cloud,
    _folder: Folder,
}

impl Street {
    pub(super) fn open() -> Self {
        let folder = Folder::make();
        let template = folder.write("template.yaml", TEMPLATE);
        Self { cloud: Cloud::builder().template(template).start(), _folder: folder }
    }

    pub(super) fn order(&self, body: &str) {
        self.cloud.send_message("orders", body);
    }

    /// Takes receipts until there are so many more; no order may have two.
    pub(super) fn take_receipts(&self, receipts: &mut Receipts, more: usize) {
        let wanted = receipts.0.len() + more;
        wait_until("the receipts are there", || {
            for message in self.cloud.take("receipts.fifo") {
                receipts.add(&message);
            }
            if receipts.0.len() >= wanted { Ok(()) } else { Err(format!("{:?}", receipts.0)) }
        });
    }

    /// The next dead letter and its reason, which `lunch queue peek` shows, too.
    pub(super) fn dead_letter(&self) -> (Value, String) {
        let peeked = wait_until("the dead letter is there", || {
            let listed = self.cloud.http(Request::get("/_lunch/queues?peek=dead&max=1")).text();
            let listed: Vec<Value> = serde_json::from_str(&listed).expect("a list");
            listed.into_iter().next().ok_or_else(|| "nothing".to_owned())
        });
        let dead = self.cloud.take("dead").pop().expect("it was there a moment ago");
        let reason = &dead["MessageAttributes"]["reason"]["StringValue"];
        assert_eq!(&peeked["attributes"]["reason"], reason);
        let reason = reason.as_str().expect("it has a reason").to_owned();
        (dead, reason)
    }

    /// Starts a shop's program over these queues.
    pub(super) fn start(&self, program: &Path, variables: &[(&str, &str)]) -> Shop {
        let queues = [
            ("ORDERS_QUEUE_URL", self.cloud.queue_url("orders")),
            ("DEAD_LETTERS_QUEUE_URL", self.cloud.queue_url("dead")),
            ("RECEIPTS_QUEUE_URL", self.cloud.queue_url("receipts.fifo")),
        ];
        let mut all: Vec<_> = queues.iter().map(|(name, url)| (*name, url.as_str())).collect();
        all.extend(variables);
        Shop::start(program, &self.cloud.url(), &all)
    }
}

/// The order that a message is about.
pub(super) fn order_in(message: &Value) -> u64 {
    let body = message["Body"].as_str().unwrap_or_default();
    let body: Value = serde_json::from_str(body).expect("it is JSON");
    let order = body["order"].as_u64().or_else(|| body["id"].as_u64());
    order.expect("a number")
}

/// The orders that were served, and by which attempt.
#[derive(Debug, Default)]
pub(super) struct Receipts(pub(super) BTreeMap<u64, u64>);

impl Receipts {
    fn add(&mut self, message: &Value) {
        let body = message["Body"].as_str().unwrap_or_default();
        let receipt: Value = serde_json::from_str(body).expect("a receipt is JSON");
        let order = order_in(message);
        let before = self.0.insert(order, receipt["attempt"].as_u64().expect("a number"));
        assert_eq!(before, None, "order {order} has two receipts");
    }

    pub(super) fn orders(&self) -> BTreeSet<u64> {
        self.0.keys().copied().collect()
    }
}
