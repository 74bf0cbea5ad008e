//! The JSON of `/_lunch/`: what the command line and tests read from a running cloud.
//!
//! Types only, each both written and read. AWS's own formats are not here.

mod tasks;

use std::collections::BTreeMap;
use std::time::Duration;

use lunch_cloud::asynchronous::Condition;
use lunch_cloud::{Phase, Record, Settings, Wake};
use lunch_contract::ecs::{ContainerRun, StartFailure};
use lunch_contract::{InstanceId, Moment, Outcome, Process, RequestId};
use serde::{Deserialize, Serialize};

pub use tasks::{
    AboutTask, PS_EVENTS_MAX, PS_STOPPED_MAX, PsContainer, PsService, PsStopped, PsTask,
    ScaleService, ScaledService, StopTask, StoppedTask, Writer,
};

/// `GET /_lunch/info`: what runs here and how it is set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Info {
    /// The program's version.
    pub version: String,
    /// The process id of the cloud.
    pub pid: u32,
    /// The door's port.
    pub port: u16,
    /// All addresses that the door listens on.
    pub listening: Vec<String>,
    /// The template's path.
    pub template: Option<String>,
    /// The region that ARNs are made of.
    pub region: String,
    /// The account that ARNs are made of.
    pub account: String,
    /// The functions that can be invoked.
    pub functions: Vec<InfoFunction>,
    /// What stands in the template and is not served, in sentences.
    pub not_served: Vec<String>,
    /// How the cloud is set.
    pub settings: Settings,
    /// By how much cloud time is ahead of the machine's.
    pub ahead_ms: u64,
    /// Promises of our own that were broken: there should be none.
    pub faults: Vec<String>,
}

/// A function's URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownUrl {
    /// The alias that it calls, if it calls one.
    pub qualifier: Option<String>,
    /// Who may call it, in AWS's word.
    pub auth: String,
    /// By its own host name, with the door's port.
    pub by_host: String,
    /// By the door's own address.
    pub by_path: String,
}

/// A function that can be invoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InfoFunction {
    /// Its name.
    pub name: String,
    /// Its logical id in the template.
    pub logical_id: String,
    /// Its ARN.
    pub arn: String,
    /// Its timeout.
    pub timeout_ms: u64,
    /// Its memory, MB in AWS's sense.
    pub memory_mb: u32,
    /// Its reserved concurrency.
    pub reserved: Option<u32>,
    /// The program that an instance runs.
    pub program: String,
    /// Its URLs.
    pub urls: Vec<ShownUrl>,
}

/// `GET /_lunch/ps`: what lives now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ps {
    /// Now, in the cloud.
    pub now: Moment,
    /// The cloud's wall-clock time now, as AWS prints it.
    pub time: String,
    /// By how much cloud time is ahead of the machine's.
    pub ahead_ms: u64,
    /// Every function.
    pub functions: Vec<PsFunction>,
    /// Every living instance, by birth.
    pub instances: Vec<PsInstance>,
    /// Every service.
    pub services: Vec<PsService>,
    /// Every task that is not over, by birth.
    pub tasks: Vec<PsTask>,
    /// Tasks that are over, the last one first: within AWS's hour, and [`PS_STOPPED_MAX`] at most.
    #[serde(default)]
    pub stopped_tasks: Vec<PsTask>,
}

/// A function, looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PsFunction {
    /// Its name.
    pub name: String,
    /// Its living instances.
    pub instances: u32,
    /// How many of them have nothing in hand.
    pub available: u32,
    /// Requests in flight.
    pub in_flight: u32,
    /// Requests that wait for an instance to ask for more.
    pub waiting: u32,
    /// Its reserved concurrency.
    pub reserved: Option<u32>,
    /// Its URLs.
    pub urls: Vec<ShownUrl>,
}

/// An instance, looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PsInstance {
    /// Its name, as `i-0004`.
    pub instance: String,
    /// Its function's name.
    pub function: String,
    /// Where it stands.
    pub phase: Phase,
    /// Since when.
    pub since: Moment,
    /// When it was born.
    pub born: Moment,
    /// How many invocations it was given.
    pub invocations: u64,
    /// The process that runs for it, as the host counts it.
    pub pid: Option<u32>,
    /// How it is kept apart from the host.
    pub isolation: Option<String>,
    /// The most memory that it has had, MB in AWS's sense.
    pub memory_mb: u32,
    /// What its function may have, MB in AWS's sense.
    pub memory_size_mb: u32,
    /// What it waits for, in words, and until when.
    pub wake: Option<(Moment, String)>,
    /// The ids of the requests that it has in hand.
    pub requests: Vec<String>,
}

/// One line of `GET /_lunch/timeline`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimelineLine {
    /// When, in the cloud.
    pub at: Moment,
    /// The name of the function that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// What it is about, where that is a task or a service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<AboutTask>,
    /// What.
    #[serde(flatten)]
    pub happened: Happened,
}

/// What the timeline knows of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    /// The cloud decided or learned something.
    Record(Record),
    /// The host has something to add.
    Note(Note),
}

/// What the host adds to the cloud's records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// An asynchronous request failed, and comes again.
    EventRetried {
        /// Which request.
        request: RequestId,
        /// Its id on the wire.
        request_id: String,
        /// How often its function has failed at it; a throttle is no attempt.
        attempts: u32,
        /// How long it waits.
        after: Duration,
    },
    /// An asynchronous request came to nothing, and comes no more.
    EventDropped {
        /// Which request.
        request: RequestId,
        /// Its id on the wire.
        request_id: String,
        /// What became of it last.
        outcome: Outcome,
        /// Why it comes no more.
        condition: Condition,
        /// How often its function was called with it.
        attempts: u32,
    },
    /// What became of an asynchronous request was told to a destination, or to its dead-letter queue.
    EventRecorded {
        /// Which request.
        request: RequestId,
        /// Its id on the wire.
        request_id: String,
        /// Who was told, in words.
        to: String,
        /// Why they could not be told.
        why: Option<String>,
    },
    /// A process could not be started.
    NotStarted {
        /// Which process.
        process: Process,
        /// Why, for a human.
        why: String,
    },
    /// A container's process could not be started.
    ContainerNotStarted {
        /// Which start of it.
        run: ContainerRun,
        /// Why, in AWS's kinds.
        failure: StartFailure,
        /// Why, for a human.
        why: String,
    },
    /// An instance runs where its code is, without folders of its own.
    InPlace {
        /// Which instance.
        instance: InstanceId,
        /// Why, for a human.
        why: String,
    },
    /// Processes are not kept apart from the host as they would be elsewhere.
    LessApart {
        /// Why, and what follows, for a human.
        why: String,
    },
    /// An extension said that it cannot go on.
    ExtensionFailed {
        /// In which process.
        process: Process,
        /// The extension's name.
        extension: String,
        /// Its own word for the error.
        error_type: String,
    },
    /// An instance has had more memory than its function may have, which is not enforced here.
    MemoryExceeded {
        /// Its process.
        process: Process,
        /// The most that it has had, MB in AWS's sense.
        used_mb: u32,
        /// What it may have, MB in AWS's sense.
        memory_mb: u32,
    },
    /// A container's process has had more memory than it may, which is not enforced here.
    ContainerMemoryExceeded {
        /// Which start of it.
        run: ContainerRun,
        /// The most that it has had, MiB.
        used_mib: u32,
        /// What it may have, MiB.
        memory_mib: u32,
    },
    /// Older lines were forgotten to keep the timeline within its bound.
    Forgotten {
        /// How many.
        lines: u64,
    },
    /// Cloud time was put ahead.
    Advanced {
        /// By how much, this time.
        by_ms: u64,
        /// By how much in all.
        ahead_ms: u64,
    },
    /// The host could not do something that it should be able to.
    Fault(String),
}

/// One line of `GET /_lunch/requests`: an answered request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnsweredRequest {
    /// When it was answered.
    pub at: Moment,
    /// The cloud's id for it.
    pub request: RequestId,
    /// Its id on the wire: `x-amzn-RequestId`.
    pub request_id: String,
    /// Its function's name.
    pub function: String,
    /// Who served it.
    pub instance: Option<InstanceId>,
    /// What became of it.
    pub outcome: Outcome,
    /// The last line that the function had logged for it by then.
    pub last_line: Option<String>,
}

/// The header of `GET /_lunch/logs` with the number from which on no line is forgotten.
pub const LOGS_WHOLE_FROM: &str = "x-lunch-whole-from";

/// One line of `GET /_lunch/logs`, and what a log sink is given of the functions' own.
///
/// With `from=NUMBER` the route leaves out what came before that number, with `function=NAME` other functions' lines;
/// with `wait=true` it answers when there is something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Its place in all that was logged, from 0.
    pub number: u64,
    /// When it was read, in the cloud.
    pub at: Moment,
    /// The cloud's wall-clock time then, as AWS prints it.
    pub time: String,
    /// Whose words these are.
    pub kind: LogKind,
    /// Who logged it, or about whom it is.
    #[serde(rename = "instance")]
    pub by: Writer,
    /// The function's name; of a task its service's (or family's) and the container's, as `burger/kitchen`.
    pub function: String,
    /// The log stream.
    pub stream: String,
    /// The request that the instance had in hand, or had last.
    pub request_id: Option<String>,
    /// The line, without its end.
    pub text: String,
}

/// Whose words a line has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogKind {
    /// The function's own.
    Function,
    /// AWS's: START, END, REPORT, INIT_REPORT.
    Platform,
}

/// The body of `POST /_lunch/advance`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advance {
    /// By how much.
    pub ms: u64,
}

/// The answer to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Advanced {
    /// How far the cloud was put ahead this time; what passed by itself is not in it.
    pub by_ms: u64,
    /// By how much cloud time is ahead now.
    pub ahead_ms: u64,
    /// What the cloud was woken for on the way.
    pub wakes: Vec<(Moment, Wake)>,
    /// What came of it.
    pub happened: Vec<TimelineLine>,
}

/// The body of `POST /_lunch/evict`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evict {
    /// All instances of the function of that name.
    Function(String),
    /// The instance of that name, as `i-0004`.
    Instance(String),
}

/// The answer to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evicted {
    /// The instances that go.
    pub instances: Vec<String>,
    /// Those of them that finish what they have in hand first.
    pub busy: Vec<String>,
}

/// The body of `POST /_lunch/redeploy`: a new revision of a function, of the same program and configuration. It is for
/// tests, which see by it what new code does to the instances of the old one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redeploy {
    /// The function's name.
    pub function: String,
}

/// The answer to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redeployed {
    /// The revision that serves from now on; the first is 1.
    pub revision: u32,
}

/// What `/_lunch/` answers where it cannot do as asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminError {
    /// The sentence, with its hint on a line of its own.
    pub error: String,
}

/// One of the queues, in the answer to `GET /_lunch/queues`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueLine {
    /// Its name.
    pub name: String,
    /// Where programs find it.
    pub url: String,
    /// Messages that can be had; in a FIFO queue, as soon as their group lets them.
    pub visible: u32,
    /// Messages that were received and neither deleted nor given back.
    pub in_flight: u32,
    /// Messages whose delay is not over.
    pub delayed: u32,
    /// Receives that wait.
    pub waiting: usize,
    /// How long ago the oldest message was sent, ms of cloud time.
    pub oldest_ms: Option<u64>,
    /// The queue that takes its dead letters.
    pub dead_letters_to: Option<String>,
}

/// So many messages are looked at in one call.
pub const PEEKED_MAX: usize = 1_000;

/// A message, looked at without being received, in the answer to `GET /_lunch/queues?peek=NAME&skip=N&max=N`: the oldest
/// first, [`PEEKED_MAX`] at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeekedMessage {
    /// Its id on AWS.
    pub id: String,
    /// When it was sent, as AWS writes times.
    pub sent: String,
    /// `visible`, `delayed` or `in flight`.
    pub state: String,
    /// For how long it is not to be had yet, ms.
    pub for_ms: Option<u64>,
    /// How often it was received.
    pub receives: u32,
    /// Its group.
    pub group: Option<String>,
    /// Its attributes by name, as text; of binary ones, how many bytes they have.
    pub attributes: BTreeMap<String, String>,
    /// What was sent.
    pub body: String,
}

/// The body of `POST /_lunch/redrive`: a dead-letter queue's messages go back where they came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redrive {
    /// The dead-letter queue's name.
    pub queue: String,
}

/// The answer to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redriven {
    /// How many messages there are to move.
    pub messages: u64,
}
