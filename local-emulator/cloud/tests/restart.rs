//! A cloud that goes on with the events of one that is gone.

use std::time::Duration;

use lunch_cloud::asynchronous::Waiting;
use lunch_cloud::drive::Restored;
use lunch_cloud::{Cloud, Command, Event, FunctionConfig, InvocationKind, ReplyAt, Settings};
use lunch_contract::sqs::SequenceNumber;
use lunch_contract::{FunctionId, Moment, QualifierId, RequestId, RevisionId};

const COFFEE: FunctionId = FunctionId(0);

const fn request(number: u32) -> RequestId {
    RequestId { serial: number as u64, index: number }
}

fn at(seconds: u64) -> Moment {
    Moment::ZERO + Duration::from_secs(seconds)
}

/// An event that was accepted at the beginning, and is tried again then.
fn waiting(number: u32, next: Moment) -> Waiting {
    let (request, accepted) = (request(number), Moment::ZERO);
    let qualifier = QualifierId::LATEST;
    Waiting { request, function: COFFEE, qualifier, accepted, attempts: 1, throttles: 0, next }
}

/// A cloud of `now`, with one function, that goes on with these.
fn restored(now: Moment, events: Vec<Waiting>) -> Cloud<()> {
    let mut cloud = Cloud::new(Settings::default(), ());
    let (function, revision, config) = (COFFEE, RevisionId(1), FunctionConfig::default());
    cloud.handle(now, Event::Deploy { function, revision, config }).expect("it is taken");
    let restored = Restored { sequence: SequenceNumber(0), stored: Vec::new(), events };
    cloud.restore(now, restored.sequence, restored.stored, restored.events);
    cloud
}

fn commands(cloud: &mut Cloud<()>) -> Vec<Command> {
    std::iter::from_fn(|| cloud.poll_command()).collect()
}

#[test]
fn who_calls_while_events_of_before_wait_is_served() {
    let mut cloud = restored(at(10), vec![waiting(0, at(60)), waiting(1, at(70))]);
    let (kind, reply) = (InvocationKind::RequestResponse, ReplyAt::Response);
    let (function, qualifier) = (COFFEE, QualifierId::LATEST);
    let call = Event::Invoke { request: request(2), function, qualifier, kind, reply };
    assert_eq!(cloud.handle(at(11), call), Ok(()));
}

#[test]
fn an_event_of_before_is_tried_again_whichever_is_first() {
    let mut cloud = restored(at(10), vec![waiting(0, at(70)), waiting(1, at(60))]);
    cloud.handle_timeout(at(60));
    let said = commands(&mut cloud);
    assert!(matches!(said[..], [Command::Spawn { .. }]), "{said:?}");
}
