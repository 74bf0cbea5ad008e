//! A lunchtime in the virtual world, for tests of what is drawn and counted: the real machine, no clock, no process.

use std::time::Duration;

use lunch_cloud::journal::Header;
use lunch_cloud::{
    Delay, DelayModel, Event, FunctionConfig, InvocationKind, Profile, Record, ReplyAt, Settings,
    Trace,
};
use lunch_contract::{
    Exit, FunctionId, Moment, Process, QualifierId, RequestId, ResponseEnding, RevisionId,
};
use lunch_sim::{Act, Playbook, Simulation, Skip, Startup, Stepped};
use serde::Serialize;

/// What becomes of an order.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// It takes that many milliseconds.
    Takes(u64),
    /// The function's process ends in the middle of it.
    Crashes(u64),
    /// The function reports an error.
    Fails(u64),
}

/// The request of the order with that index.
pub(crate) fn request(index: usize) -> RequestId {
    RequestId { serial: index as u64, index: u32::try_from(index).expect("few") }
}

/// Orders as `(arrival in ms, fate)`, of a function with room for that many at once; then `quiet` passes.
pub(crate) fn records(
    orders: &[(u64, Fate)],
    reserved: Option<u32>,
    quiet: Duration,
) -> Vec<(Moment, Record)> {
    play(orders, reserved, quiet).1
}

/// The journal of such a lunchtime, as a host writes it; there is room for all.
pub(crate) fn journal(orders: &[(u64, Fate)]) -> String {
    play(orders, None, Duration::from_secs(700)).0
}

/// The journal and the records.
fn play(
    orders: &[(u64, Fate)],
    reserved: Option<u32>,
    quiet: Duration,
) -> (String, Vec<(Moment, Record)>) {
    let playbook = Baristas { fates: orders.iter().map(|(_, fate)| *fate).collect() };
    let mut lunch = Simulation::new(Settings::default(), Vec::new(), playbook, true);
    let mut journal = line(&Header::new(Settings::default()));
    let config = FunctionConfig {
        timeout: Duration::from_secs(2),
        delay: DelayModel { init: Delay::Profile(Profile::RustAl2023), ..DelayModel::default() },
        ..FunctionConfig::default()
    };
    let function = FunctionId(0);
    let mut events = vec![Event::Deploy { function, revision: RevisionId(1), config }];
    events.extend(reserved.map(|_| Event::Reserve { function, concurrency: reserved }));
    for event in events {
        lunch.tell(event).expect("taken");
        journal.extend(lunch.world.entry.take().as_ref().map(line));
    }
    for (serial, (at_ms, _)) in orders.iter().enumerate() {
        lunch.world.schedule(Duration::from_millis(*at_ms), serial as u64);
    }
    let mut target = None;
    loop {
        if target.is_none() && lunch.world.answers.len() == orders.len() {
            target = Some(lunch.later(quiet));
        }
        match target.and_then(|target| lunch.skip_towards(target)) {
            Some(Skip::Wake) => lunch.timeout(),
            Some(Skip::Arrived) => break,
            None => step(&mut lunch),
        }
        journal.extend(lunch.world.entry.take().as_ref().map(line));
    }
    (journal, lunch.cloud.into_trace())
}

fn step<T: Trace>(lunch: &mut Simulation<Baristas, T>) {
    if let Some(Stepped::Outside(serial)) = lunch.step() {
        let request = request(usize::try_from(serial).expect("few"));
        let (kind, reply) = (InvocationKind::RequestResponse, ReplyAt::Response);
        let function = FunctionId(0);
        lunch
            .tell(Event::Invoke { request, function, kind, reply, qualifier: QualifierId::LATEST })
            .expect("taken");
    }
}

fn line(value: &impl Serialize) -> String {
    let json = serde_json::to_string(value).expect("a journal is plain data");
    format!("{json}\n")
}

struct Baristas {
    fates: Vec<Fate>,
}

impl Playbook for Baristas {
    fn start(&mut self, _: Process, _: FunctionId, _: RevisionId) -> Startup {
        Startup { takes: Duration::from_millis(2), failure: None, acts: vec![Act::Next] }
    }

    fn serve(&mut self, _: Process, request: RequestId) -> Vec<Act> {
        let index = usize::try_from(request.serial).expect("few");
        let (ms, ending) = match self.fates[index] {
            Fate::Takes(ms) => (ms, ResponseEnding::Complete),
            Fate::Fails(ms) => (ms, ResponseEnding::Error),
            Fate::Crashes(ms) => {
                return vec![Act::Sleep(Duration::from_millis(ms)), Act::Exit(Exit::Code(1))];
            }
        };
        let mut acts = vec![Act::Sleep(Duration::from_millis(ms))];
        acts.extend(Act::respond(ending));
        acts.push(Act::Next);
        acts
    }

    fn call_takes(&mut self) -> Duration {
        Duration::from_micros(50)
    }

    fn exit_takes(&mut self) -> Duration {
        Duration::from_millis(1)
    }

    fn kill_takes(&mut self) -> Duration {
        Duration::ZERO
    }

    fn termination_takes(&mut self) -> Duration {
        Duration::from_millis(1)
    }

    fn timer_late(&mut self) -> Duration {
        Duration::ZERO
    }
}
