//! A cloud with a shop's three queues, and the shop's process beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use lunch_tests::{Cloud, Folder, Request, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

const TEMPLATE: &str = "Resources:
  Orders: {Type: AWS::SQS::Queue, Properties: {QueueName: orders}}
  Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: dead}}
  Receipts: {Type: AWS::SQS::Queue, Properties: {QueueName: receipts.fifo, FifoQueue: true}}
";

pub(super) struct Street {
    cloud: Cloud,
    _folder: Folder,
}

impl Street {
    pub(super) fn open() -> Self {
        let folder = Folder::make();
        let template = folder.write("template.yaml", TEMPLATE);
        Self { cloud: Cloud::builder().template(template).start(), _folder: folder }
    }

    fn queue(&self, name: &str) -> String {
        format!("{}/123456789012/{name}", self.cloud.url())
    }

    fn call(&self, action: &str, given: &Value) -> Value {
        let request = Request::post("/", given.to_string())
            .header("x-amz-target", &format!("AmazonSQS.{action}"))
            .header("content-type", "application/x-amz-json-1.0");
        let answer = self.cloud.http(request);
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    pub(super) fn order(&self, body: &str) {
        self.call("SendMessage", &json!({"QueueUrl": self.queue("orders"), "MessageBody": body}));
    }

    /// Takes what is in a queue by now out of it.
    pub(super) fn take(&self, queue: &str) -> Vec<Value> {
        let url = self.queue(queue);
        let given = json!({
            "QueueUrl": url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"],
        });
        let received = self.call("ReceiveMessage", &given);
        let messages = received["Messages"].as_array().cloned().unwrap_or_default();
        for message in &messages {
            let handle = &message["ReceiptHandle"];
            self.call("DeleteMessage", &json!({"QueueUrl": url, "ReceiptHandle": handle}));
        }
        messages
    }

    /// Takes receipts until there are so many more; no order may have two.
    pub(super) fn take_receipts(&self, receipts: &mut Receipts, more: usize) {
        let wanted = receipts.0.len() + more;
        wait_until("the receipts are there", || {
            for message in self.take("receipts.fifo") {
                receipts.add(&message);
            }
            if receipts.0.len() >= wanted { Ok(()) } else { Err(format!("{:?}", receipts.0)) }
        });
    }

    /// How many messages are in a queue, visible or not.
    pub(super) fn count(&self, queue: &str) -> u64 {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let given = json!({"QueueUrl": self.queue(queue), "AttributeNames": names});
        let answer = self.call("GetQueueAttributes", &given);
        let count = |name| answer["Attributes"][name].as_str().and_then(|text| text.parse().ok());
        names.into_iter().map(|name| count(name).unwrap_or(0_u64)).sum()
    }

    /// Starts a shop's program over these queues.
    pub(super) fn start(&self, program: &Path, variables: &[(&str, &str)]) -> Task {
        let mut command = Command::new(program);
        command.env_clear().envs([
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("LISTEN", "127.0.0.1:0"),
        ]);
        command.env("AWS_ENDPOINT_URL", self.cloud.url());
        command.env("ORDERS_QUEUE_URL", self.queue("orders"));
        command.env("DEAD_LETTERS_QUEUE_URL", self.queue("dead"));
        command.env("RECEIPTS_QUEUE_URL", self.queue("receipts.fifo"));
        command.envs(variables.iter().copied());
        Task::start(command)
    }
}

/// How often each order was served, and by which attempt it was last.
#[derive(Debug, Default)]
pub(super) struct Receipts(pub(super) BTreeMap<u64, u64>);

impl Receipts {
    fn add(&mut self, message: &Value) {
        let body = message["Body"].as_str().unwrap_or_default();
        let receipt: Value = serde_json::from_str(body).expect("a receipt is JSON");
        let (order, attempt) = (&receipt["order"], &receipt["attempt"]);
        let order = order.as_u64().expect("a number");
        let before = self.0.insert(order, attempt.as_u64().expect("a number"));
        assert_eq!(before, None, "order {order} has two receipts");
    }

    pub(super) fn orders(&self) -> BTreeSet<u64> {
        self.0.keys().copied().collect()
    }
}

/// A shop's process; ended when it is dropped.
pub(super) struct Task {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Task {
    fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the shop starts");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&lines);
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                heard.lock().expect("nobody panics with it").push(line);
            }
        });
        Self { child, lines }
    }

    fn said(&self) -> Vec<Value> {
        let lines = self.lines.lock().expect("nobody panics with it");
        lines.iter().map(|line| serde_json::from_str(line).expect("a log line is JSON")).collect()
    }

    /// Waits for a log line with that in its message, and gives the message.
    pub(super) fn says(&self, what: &str) -> String {
        wait_until(&format!("the shop says `{what}`"), || {
            let said = self.said();
            let mut messages = said.iter().filter_map(|line| line["message"].as_str());
            let message = messages.find(|message| message.contains(what)).map(str::to_owned);
            message.ok_or_else(|| format!("{said:?}"))
        })
    }

    /// Asks at its door.
    pub(super) fn ask(&self, path: &str) -> Value {
        let open = self.says("its door is at ");
        let door = open.rsplit(' ').next().expect("an address");
        let mut stream = TcpStream::connect(door).expect("the door is open");
        let request = format!("GET {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        serde_json::from_str(answer.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON")
    }

    pub(super) fn end(mut self, signal: Signal) -> ExitStatus {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).expect("it runs");
        self.ended()
    }

    pub(super) fn ended(&mut self) -> ExitStatus {
        wait_until("the shop has ended", || match self.child.try_wait() {
            Ok(Some(status)) => Ok(status),
            Ok(None) => Err("it runs".to_owned()),
            Err(error) => Err(error.to_string()),
        })
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        // It fails where the process has been reaped, which is what is wanted.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
