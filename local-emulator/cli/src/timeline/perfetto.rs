//! The timeline in the trace event format, which Perfetto's viewer and the browsers' own open: a process for each
//! function, a thread for each instance, a slice for each phase, and the requests as what crosses them.

use std::collections::BTreeMap;

use lunch_cloud::{Cause, Phase, Record};
use lunch_contract::ecs::{Names as _, TaskId};
use lunch_contract::{FunctionId, InstanceId, Moment, Outcome, RequestId};
use serde_json::{Value, json};

use super::lanes::{Row, lanes};
use super::tasks::Party;
use crate::task_names::TaskNames;

/// All records as one trace; who lives on does so until `until`.
pub(crate) fn trace(
    records: &[(Moment, Record)],
    names: &BTreeMap<FunctionId, String>,
    tasks: &TaskNames,
    until: Moment,
) -> Value {
    let start = records.first().map_or(Moment::ZERO, |(at, _)| *at);
    let last = records.last().map_or(start, |(at, _)| *at);
    let mut trace = Trace { start, ..Trace::default() };
    for (function, name) in names {
        trace.named("process_name", *function, None, name);
    }
    for (at, record) in records {
        trace.read(*at, record);
    }
    let parties = lanes(records, until.max(last), tasks).parties;
    for (number, party) in (0..).zip(&parties) {
        trace.party(number, party, tasks);
    }
    trace.end(until.max(last))
}

/// The process of a service, or that of the tasks of none: the functions' have lower numbers.
const PARTIES: u32 = 1_000_000;

/// The thread of a task, or one of those of its containers, of which there are ten at most; 0 is the service's own.
fn thread_of_task(task: TaskId, container: Option<u8>) -> u64 {
    16 * (task.serial + 1) + container.map_or(0, |place| u64::from(place) + 1)
}

#[derive(Default)]
struct Trace {
    start: Moment,
    events: Vec<Value>,
    /// The living, each with its function and the phase that it is in.
    lanes: BTreeMap<InstanceId, (FunctionId, Slice)>,
    /// The unanswered.
    open: BTreeMap<RequestId, FunctionId>,
}

/// A phase that has begun.
#[derive(Clone, Copy)]
struct Slice {
    phase: Phase,
    since: Moment,
    cause: Option<Cause>,
}

/// A function's process. Numbers from 1: the format has a meaning of its own for 0.
fn process(function: FunctionId) -> u32 {
    function.0 + 1
}

/// An instance's thread; 0 is the function's own, where the throttled stand.
fn thread(instance: InstanceId) -> u32 {
    instance.serial + 1
}

fn micros(at: Moment) -> f64 {
    at.as_secs_f64() * 1e6
}

impl Trace {
    /// A service, its tasks, and the containers of those that have several.
    fn party(&mut self, number: u32, party: &Party, names: &TaskNames) {
        let process = PARTIES + number;
        let name = match party.service {
            Some(service) => names.service(service),
            None => "tasks of no service".to_owned(),
        };
        self.events.push(json!({
            "ph": "M", "name": "process_name", "pid": process, "tid": 0, "args": { "name": name },
        }));
        self.row(process, 0, "service", &party.row);
        for lane in &party.tasks {
            self.row(process, thread_of_task(lane.task, None), &names.whole(lane.task), &lane.row);
            for one in lane.containers.iter().filter(|_| lane.containers.len() > 1) {
                let name = format!("{} {}", lane.task, names.container(lane.task, one.place));
                self.row(process, thread_of_task(lane.task, Some(one.place)), &name, &one.row);
            }
        }
    }

    fn row(&mut self, process: u32, thread: u64, name: &str, row: &Row) {
        self.events.push(json!({
            "ph": "M", "name": "thread_name", "pid": process, "tid": thread, "args": { "name": name },
        }));
        for stretch in row.stretches.iter().filter(|stretch| stretch.from < stretch.to) {
            self.events.push(json!({
                "ph": "X", "name": stretch.glyph.word(), "cat": "status",
                "ts": micros(stretch.from), "dur": micros(stretch.to) - micros(stretch.from),
                "pid": process, "tid": thread, "args": {},
            }));
        }
        for mark in &row.marks {
            let name = mark.title.as_deref().unwrap_or_else(|| mark.glyph.word());
            self.events.push(json!({
                "ph": "i", "s": "t", "name": name, "cat": "status", "ts": micros(mark.at),
                "pid": process, "tid": thread, "args": {},
            }));
        }
    }

    fn named(
        &mut self,
        what: &str,
        function: FunctionId,
        instance: Option<InstanceId>,
        name: &str,
    ) {
        self.events.push(json!({
            "ph": "M", "name": what, "pid": process(function), "tid": instance.map_or(0, thread),
            "args": { "name": name },
        }));
    }

    fn read(&mut self, at: Moment, record: &Record) {
        match record {
            Record::Born { instance, function, .. } => {
                self.named("thread_name", *function, Some(*instance), &instance.to_string());
                let slice = Slice { phase: Phase::Placing, since: at, cause: None };
                self.lanes.insert(*instance, (*function, slice));
            }
            Record::Phase { instance, from, to, cause } => {
                // Its birth may be forgotten by now, and its function with it.
                let before = Slice { phase: *from, since: self.start, cause: None };
                let (function, slice) =
                    self.lanes.remove(instance).unwrap_or((FunctionId(0), before));
                self.slice(*instance, function, slice, at);
                if *to != Phase::Gone {
                    let slice = Slice { phase: *to, since: at, cause: Some(*cause) };
                    self.lanes.insert(*instance, (function, slice));
                }
            }
            Record::Arrived { request, function } => {
                self.open.insert(*request, *function);
                self.request("b", at, *request, *function, &json!({}));
            }
            Record::Answered { request, outcome, instance } => {
                let Some(function) = self.open.remove(request) else { return };
                let args =
                    json!({ "outcome": outcome, "instance": instance.map(|id| id.to_string()) });
                self.request("e", at, *request, function, &args);
                if matches!(outcome, Outcome::Throttled { .. }) {
                    self.events.push(json!({
                        "ph": "i", "s": "p", "name": "throttled", "cat": "request", "ts": micros(at),
                        "pid": process(function), "tid": 0, "args": { "outcome": outcome },
                    }));
                }
            }
            Record::Waits { .. }
            | Record::Started { .. }
            | Record::Ended { .. }
            | Record::InitFailed { .. }
            | Record::CallerLeft { .. }
            | Record::Queue(_)
            | Record::Ecs(_) => {}
        }
    }

    fn slice(&mut self, instance: InstanceId, function: FunctionId, slice: Slice, to: Moment) {
        if slice.since == to {
            // Nothing to be seen: the placing without a delay, for one.
            return;
        }
        self.events.push(json!({
            "ph": "X", "name": slice.phase, "cat": "phase",
            "ts": micros(slice.since), "dur": micros(to) - micros(slice.since),
            "pid": process(function), "tid": thread(instance), "args": { "cause": slice.cause },
        }));
    }

    fn request(
        &mut self,
        phase: &str,
        at: Moment,
        request: RequestId,
        function: FunctionId,
        args: &Value,
    ) {
        self.events.push(json!({
            "ph": phase, "name": "request", "cat": "request", "id": request.to_string(),
            "ts": micros(at), "pid": process(function), "tid": 0, "args": args,
        }));
    }

    fn end(mut self, until: Moment) -> Value {
        for (instance, (function, slice)) in std::mem::take(&mut self.lanes) {
            self.slice(instance, function, slice, until);
        }
        json!({ "displayTimeUnit": "ms", "traceEvents": self.events })
    }
}

#[cfg(test)]
mod tests {
    use lunch_cloud::ColdCause;
    use lunch_contract::{RevisionId, ThrottleReason};

    use super::*;
    use crate::virtual_kitchen;

    #[test]
    fn every_phase_is_a_slice_of_its_instances_thread() {
        let (function, instance) = (FunctionId(0), InstanceId { serial: 3, index: 0 });
        let request = |serial| RequestId { serial, index: 0 };
        let phase = |from, to, cause| Record::Phase { instance, from, to, cause };
        let reason = ThrottleReason::ConcurrentInvocationLimitExceeded;
        let answered = |serial, outcome, instance| Record::Answered {
            request: request(serial),
            instance,
            outcome,
        };
        let (revision, cause) = (RevisionId(1), ColdCause::First);
        let records = [
            (0, Record::Arrived { request: request(1), function }),
            (0, Record::Born { instance, function, revision, cause, life: None }),
            (0, phase(Phase::Placing, Phase::Init, Cause::Placed)),
            (4, phase(Phase::Init, Phase::Invoke, Cause::InitDone)),
            (5, Record::Arrived { request: request(2), function }),
            (5, answered(2, Outcome::Throttled { reason }, None)),
            (9, answered(1, Outcome::Returned, Some(instance))),
            (9, phase(Phase::Invoke, Phase::Idle, Cause::Ended(request(1)))),
        ];
        let records: Vec<_> =
            records.into_iter().map(|(ms, record)| (Moment::from_millis(ms), record)).collect();
        let names = BTreeMap::from([(function, "coffee".to_owned())]);
        let trace = trace(&records, &names, &TaskNames::default(), Moment::from_millis(20));
        let events = trace["traceEvents"].as_array().expect("a list");
        let slices: Vec<_> = events.iter().filter(|event| event["ph"] == "X").collect();
        let shown = |slice: &&Value| {
            (slice["name"].as_str().map(str::to_owned), slice["ts"].as_f64(), slice["dur"].as_f64())
        };
        let slice = |name: &str, from, span| (Some(name.to_owned()), Some(from), Some(span));
        assert_eq!(
            slices.iter().map(shown).collect::<Vec<_>>(),
            [
                slice("init", 0.0, 4_000.0),
                slice("invoke", 4_000.0, 5_000.0),
                slice("idle", 9_000.0, 11_000.0),
            ]
        );
        assert!(slices.iter().all(|slice| slice["pid"] == 1 && slice["tid"] == 4));
        let begun = events.iter().filter(|event| event["ph"] == "b").count();
        let ended = events.iter().filter(|event| event["ph"] == "e").count();
        assert_eq!((begun, ended), (2, 2));
        assert!(events.iter().any(|event| event["name"] == "throttled"));
        assert!(events.iter().any(|event| event["args"]["name"] == "i-0003"));
    }

    #[test]
    fn a_service_is_a_process_with_its_tasks_and_their_containers_as_threads() {
        let records = virtual_kitchen::records();
        let names = virtual_kitchen::names(&records);
        let trace = trace(&records, &BTreeMap::new(), &names, Moment::from_millis(86_000));
        let events = trace["traceEvents"].as_array().expect("a list");
        let named = |what: &str, name: &str| {
            let is_it = |event: &&Value| event["name"] == what && event["args"]["name"] == name;
            events.iter().find(is_it).unwrap_or_else(|| panic!("{what} {name}")).clone()
        };
        let salad = named("process_name", "salad");
        let washer = named("thread_name", "task-0001 washer");
        assert_eq!(washer["pid"], salad["pid"]);
        let of_washer = events.iter().filter(|event| event["tid"] == washer["tid"]);
        let words: Vec<_> = of_washer.filter_map(|event| event["name"].as_str()).collect();
        let expected = ["PENDING", "RUNNING", "PENDING", "RUNNING"];
        assert_eq!(words[1..5], expected, "{words:?}");
        assert!(words.contains(&"exited with 137"), "{words:?}");
    }
}
