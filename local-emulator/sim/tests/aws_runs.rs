//! Six runs on AWS Lambda, told again to the machine: it needs as many instances as AWS did.
#![expect(clippy::print_stderr, reason = "the table is what people want to see")]
#![expect(clippy::cast_precision_loss, reason = "counts of a few hundred")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use lunch_cloud::{
    Choice, Event, FunctionConfig, InvocationKind, ReclaimPolicy, Record, ReplyAt, Settings,
};
use lunch_contract::{
    FunctionId, IdAllocator, Moment, Process, QualifierId, RequestId, ResponseEnding, RevisionId,
};
use lunch_sim::{Act, Playbook, Simulation, Startup, Stepped};

const RUNS: [&str; 6] =
    ["2020-05-17", "2020-05-23", "2020-05-26", "2020-06-04", "2020-06-09", "2020-06-13"];
const FUNCTION: FunctionId = FunctionId(0);
/// Lives are drawn: a count is the mean over these.
const SEEDS: std::ops::Range<u64> = 0..8;

/// A request of a run.
struct Recorded {
    arrival: Duration,
    duration: Duration,
}

/// A run: its requests, and how many instances served them on AWS.
struct Run {
    requests: Vec<Recorded>,
    instances: usize,
}

fn read(name: &str) -> Run {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/aws-lambda-2020");
    let text = std::fs::read_to_string(folder.join(name).with_extension("csv")).expect("the run");
    let mut instances = std::collections::BTreeSet::new();
    let requests = text.lines().skip(1).map(|line| {
        let fields: Vec<f64> =
            line.split(',').map(|field| field.parse().expect("a number")).collect();
        let [arrival_s, _end_s, _cold, instance, duration_ms] = fields[..] else {
            panic!("{name}: `{line}` has not five columns")
        };
        instances.insert(instance.to_bits());
        Recorded {
            arrival: Duration::from_secs_f64(arrival_s),
            duration: Duration::from_secs_f64(duration_ms / 1e3),
        }
    });
    let requests = requests.collect();
    Run { requests, instances: instances.len() }
}

/// A function that takes as long with each request as it took on AWS.
#[derive(Default)]
struct AsRecorded(BTreeMap<RequestId, Duration>);

impl Playbook for AsRecorded {
    fn start(&mut self, _: Process, _: FunctionId, _: RevisionId) -> Startup {
        Startup { takes: Duration::from_millis(150), failure: None, acts: vec![Act::Next] }
    }

    fn serve(&mut self, _: Process, request: RequestId) -> Vec<Act> {
        let [begin, end] = Act::respond(ResponseEnding::Complete);
        vec![Act::Sleep(self.0[&request]), begin, end, Act::Next]
    }

    fn call_takes(&mut self) -> Duration {
        Duration::from_micros(100)
    }

    fn exit_takes(&mut self) -> Duration {
        Duration::from_micros(100)
    }

    fn kill_takes(&mut self) -> Duration {
        Duration::ZERO
    }

    fn termination_takes(&mut self) -> Duration {
        Duration::ZERO
    }

    fn timer_late(&mut self) -> Duration {
        Duration::ZERO
    }
}

/// How many instances serve the run's requests here.
fn instances(run: &Run, settings: Settings) -> usize {
    let trace: Vec<(Moment, Record)> = Vec::new();
    let mut simulation = Simulation::new(settings, trace, AsRecorded::default(), false);
    let config = FunctionConfig { timeout: Duration::from_secs(60), ..FunctionConfig::default() };
    let deploy = Event::Deploy { function: FUNCTION, revision: RevisionId(1), config };
    simulation.tell(deploy).expect("a function");
    for (number, request) in (0..).zip(&run.requests) {
        simulation.world.schedule(request.arrival, number);
    }
    let mut ids = IdAllocator::default();
    let mut open = run.requests.len();
    while open > 0 {
        if let Stepped::Outside(number) = simulation.step().expect("requests are open") {
            let (index, serial) = ids.allocate();
            let request = RequestId { serial, index };
            let number = usize::try_from(number).expect("an index");
            simulation.world.playbook.0.insert(request, run.requests[number].duration);
            let (kind, reply) = (InvocationKind::RequestResponse, ReplyAt::Response);
            let invoke = Event::Invoke {
                request,
                function: FUNCTION,
                kind,
                reply,
                qualifier: QualifierId::LATEST,
            };
            simulation.tell(invoke).expect("a request");
        }
        open -= simulation.world.answers.drain(..).count();
        for request in simulation.world.released.drain(..) {
            ids.free(request.index);
        }
    }
    let records = simulation.cloud.into_trace();
    records.iter().filter(|(_, record)| matches!(record, Record::Born { .. })).count()
}

/// The mean of the absolute errors over the six runs, in percent.
fn error_percent(title: &str, settings: &Settings) -> f64 {
    eprintln!("{title}\n{:<12} {:>5} {:>7} {:>7}", "run", "AWS", "here", "error");
    let errors = RUNS.map(|name| {
        let run = read(name);
        let counts =
            SEEDS.map(|seed| instances(&run, Settings { seed, ..settings.clone() }) as f64);
        let here = counts.sum::<f64>() / (SEEDS.end - SEEDS.start) as f64;
        let error = 100.0 * (here / run.instances as f64 - 1.0);
        eprintln!("{name:<12} {:>5} {here:>7.1} {error:>+6.1}%", run.instances);
        error.abs()
    });
    let mean = errors.iter().sum::<f64>() / errors.len() as f64;
    eprintln!("mean absolute error {mean:.1} %");
    mean
}

#[test]
fn six_runs_need_as_many_instances_as_on_aws() {
    let error = error_percent("aws-2020", &Settings::default());
    assert!(error <= 5.0, "the mean absolute error is {error:.1} %, and may be 5 %");
}

/// In the three sparse runs the choice changes nothing; the three dense ones make all of the difference.
#[test]
fn least_recently_used_first_is_not_what_aws_does() {
    let settings = Settings { choice: Choice::LeastRecentlyUsed, ..Settings::default() };
    let error = error_percent("least recently used first", &settings);
    assert!(error > 10.0, "only {error:.1} % off: twice what is allowed tells the choices apart");
}

#[test]
fn instances_that_are_never_reclaimed_are_not_what_aws_has() {
    let settings = Settings { reclaim: ReclaimPolicy::never(), ..Settings::default() };
    let error = error_percent("never reclaimed", &settings);
    assert!(error > 50.0, "only {error:.1} % off: then the runs say nothing about the policy");
}
