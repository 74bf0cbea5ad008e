//! A cloud with both shops as services, and the engine that their containers are in.

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use lunch_cloud::Record;
use lunch_cloud::drive::Input;
use lunch_cloud::ecs::{Event as Told, Record as Happens};
use lunch_cloud::journal::Entry;
use lunch_contract::ecs::ContainerExit;
use lunch_host::wire::{Happened, PsTask, TimelineLine};
use lunch_tests::{Answer, Builder, Cloud, Folder, Request, wait_until, workspace};
use serde_json::{Value, json};

/// What the images are called that `infra/test` has built.
const IMAGES: &str = "lunch-test";

/// Where the engine listens.
pub(super) fn docker_host() -> String {
    env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned())
}

/// The program that a shop's image has in it.
fn program_in_image(shop: &str) -> PathBuf {
    let target =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from);
    target.join("images").join(shop).join(shop)
}

/// A shop as a service: its own three queues, a task definition with these lines of its container's more, one task.
fn shop(name: &str, lines: &str) -> String {
    let title = if name == "burger" { "Burger" } else { "Salad" };
    format!(
        "  {title}Orders: {{Type: AWS::SQS::Queue, Properties: {{QueueName: {name}-orders}}}}
  {title}Dead: {{Type: AWS::SQS::Queue, Properties: {{QueueName: {name}-dead}}}}
  {title}Receipts: {{Type: AWS::SQS::Queue, Properties: {{QueueName: {name}-receipts.fifo, FifoQueue: true}}}}
  {title}Task:
    Type: AWS::ECS::TaskDefinition
    Metadata: {{Lunch: {{Containers: {{{name}: {{Command: [{program}]}}}}}}}}
    Properties:
      Family: {name}
      NetworkMode: awsvpc
      Memory: \"512\"
      ContainerDefinitions:
        - Name: {name}
          Image: {IMAGES}/{name}:latest
          StopTimeout: 20
          PortMappings: [{{ContainerPort: 8080}}]
{lines}          Environment:
            - {{Name: LISTEN, Value: \"0.0.0.0:8080\"}}
            - {{Name: ORDERS_QUEUE_URL, Value: !Ref {title}Orders}}
            - {{Name: DEAD_LETTERS_QUEUE_URL, Value: !Ref {title}Dead}}
            - {{Name: RECEIPTS_QUEUE_URL, Value: !Ref {title}Receipts}}
            - {{Name: VISIBILITY_TIMEOUT_S, Value: \"2\"}}
            - {{Name: BURGER_TIME_SCALE, Value: \"6000\"}}
            - {{Name: SALAD_CPU_MS, Value: \"20\"}}
  {title}Service:
    Type: AWS::ECS::Service
    Properties: {{ServiceName: {name}, DesiredCount: 1, TaskDefinition: !Ref {title}Task}}
",
        program = program_in_image(name).display()
    )
}

/// A template with both shops; the burger's container has those lines more.
pub(super) fn both(lines: &str) -> String {
    format!("Resources:\n{}{}", shop("burger", lines), shop("salad", ""))
}

/// A template with a service for each of these containers.
pub(super) fn services(containers: &[(&str, &str)]) -> String {
    let mut text = "Resources:\n".to_owned();
    for (number, (name, properties)) in containers.iter().enumerate() {
        write!(
            text,
            "  T{number}:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: {name}
      ContainerDefinitions: [{{Name: {name}, {properties}}}]
  S{number}:
    Type: AWS::ECS::Service
    Properties: {{ServiceName: {name}, DesiredCount: 1, TaskDefinition: !Ref T{number}}}
"
        )
        .expect("a string takes what is written");
    }
    text
}

/// The name of an image that is there.
pub(super) fn image(shop: &str) -> String {
    format!("{IMAGES}/{shop}:latest")
}

pub(super) struct Street {
    pub(super) cloud: Cloud,
    folder: Folder,
}

impl Street {
    /// A cloud of that template, with its tasks as `process` or as `container`.
    pub(super) fn open(template: &str, tasks_as: &str) -> Self {
        let folder = Folder::make();
        let cloud = Self::builder(&folder, template, tasks_as).start();
        Self { cloud, folder }
    }

    pub(super) fn builder(folder: &Folder, template: &str, tasks_as: &str) -> Builder {
        let template = folder.write("template.yaml", template);
        let builder = Cloud::builder().template(template).shell("DOCKER_HOST", &docker_host());
        let journal = folder.path().join("journal");
        builder.argument("--tasks").argument(tasks_as).argument("--journal").argument(journal)
    }

    /// Waits until exactly so many tasks of a service run.
    pub(super) fn running(&self, service: &str, count: usize) -> Vec<PsTask> {
        wait_until(&format!("{count} tasks of `{service}` run"), || {
            let ps = self.cloud.ps();
            let of_it = ps.tasks.iter().filter(|task| task.owner == service);
            let all: Vec<_> = of_it.cloned().collect();
            let running = all.iter().filter(|task| task.last_status == "RUNNING").count();
            if (all.len(), running) == (count, count) { Ok(all) } else { Err(format!("{all:?}")) }
        })
    }

    pub(super) fn tell(&self, path: &str, body: &Value) -> Answer {
        let answer = self.cloud.http(Request::post(path, body.to_string()));
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer
    }

    fn sqs(&self, action: &str, given: &Value) -> Value {
        let request = Request::post("/", given.to_string())
            .header("x-amz-target", &format!("AmazonSQS.{action}"))
            .header("content-type", "application/x-amz-json-1.0");
        let answer = self.cloud.http(request);
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    fn queue(&self, name: &str) -> String {
        format!("{}/123456789012/{name}", self.cloud.url())
    }

    /// Orders at a shop, and waits for exactly one receipt for each.
    pub(super) fn is_served(
        &self,
        shop: &str,
        ids: std::ops::Range<u64>,
        meanwhile: impl FnOnce(),
    ) {
        let item = if shop == "burger" {
            json!({"extras": ["cheese"]})
        } else {
            json!({"leaves": "rocket", "ingredients": ["feta"]})
        };
        for id in ids.clone() {
            let body = json!({"id": id, "customer": "Ada", "item": item}).to_string();
            let given =
                json!({"QueueUrl": self.queue(&format!("{shop}-orders")), "MessageBody": body});
            self.sqs("SendMessage", &given);
        }
        meanwhile();
        let mut served = BTreeSet::new();
        wait_until(&format!("`{shop}` has served all"), || {
            let url = self.queue(&format!("{shop}-receipts.fifo"));
            let given = json!({"QueueUrl": url, "MaxNumberOfMessages": 10});
            let received = self.sqs("ReceiveMessage", &given);
            for message in received["Messages"].as_array().into_iter().flatten() {
                let receipt: Value =
                    serde_json::from_str(message["Body"].as_str().unwrap_or_default())
                        .expect("JSON");
                let id = receipt["order"].as_u64().expect("a number");
                assert!(served.insert(id), "order {id} has two receipts");
                let handle = &message["ReceiptHandle"];
                self.sqs("DeleteMessage", &json!({"QueueUrl": url, "ReceiptHandle": handle}));
            }
            if served == ids.clone().collect() { Ok(()) } else { Err(format!("{served:?}")) }
        });
    }

    /// The states of a task and of its containers, one after the other, as they were.
    pub(super) fn states(&self, task: &str) -> Vec<String> {
        let of_line = |line: TimelineLine| {
            let Happened::Record(Record::Ecs(record)) = line.happened else { return None };
            if let Happens::Task { task: of, to, .. } = record {
                return (of.to_string() == task).then(|| to.name().to_owned());
            }
            let Happens::Container { run, to, .. } = record else { return None };
            let is_its = run.task.to_string() == task;
            is_its.then(|| format!("container {}: {}", run.container, to.word()))
        };
        self.cloud.timeline().into_iter().filter_map(of_line).collect()
    }

    /// Ends the cloud by Ctrl-C. How the containers ended, by their tasks.
    pub(super) fn close(self) -> Vec<(String, ContainerExit)> {
        let ended = self.cloud.end(nix::sys::signal::Signal::SIGINT);
        assert_eq!(ended.status.code(), Some(0), "{}", ended.said);
        exits(&self.folder.path().join("journal"))
    }

    pub(super) fn project(&self) -> &Path {
        self.folder.path()
    }
}

/// How containers ended, as a journal tells it.
fn exits(journal: &Path) -> Vec<(String, ContainerExit)> {
    let text = std::fs::read_to_string(journal).expect("it was written");
    let entries = text.lines().skip(1).map(|line| serde_json::from_str::<Entry>(line).expect(line));
    let exit = |entry: Entry| {
        let Input::Ecs(Told::Exited { run, exit }) = entry.input else { return None };
        Some((run.task.to_string(), exit))
    };
    entries.filter_map(exit).collect()
}

/// Asks at a task's own address.
pub(super) fn ask(task: &PsTask, path: &str) -> Value {
    let mut stream = TcpStream::connect((task.address.as_str(), 8080)).expect("its door is open");
    let request = format!("GET {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it listens");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("it is HTTP");
    assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
    serde_json::from_str(body).expect("JSON")
}

/// The names of a project's containers that are in the engine, whatever they do.
pub(super) fn in_engine(project: &Path) -> Vec<String> {
    let host = docker_host();
    let path = host.strip_prefix("unix://").expect("tests know engines on a socket");
    let mut stream = UnixStream::connect(path).expect("the engine listens");
    stream.write_all(b"GET /containers/json?all=true HTTP/1.0\r\n\r\n").expect("it listens");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let (_, body) = answer.split_once("\r\n\r\n").expect("it is HTTP");
    let all: Value = serde_json::from_str(body).expect("JSON");
    let project = project.to_str().expect("a plain path");
    let is_its = |one: &&Value| one["Labels"]["lunch.project"] == project;
    let its = all.as_array().expect("a list").iter().filter(is_its);
    its.map(|one| one["Names"][0].as_str().unwrap_or_default().to_owned()).collect()
}
