//! What each event does in each state: all of both, kept as a snapshot, so that a new one shows up as a difference.

mod street;

use std::fmt::Write as _;
use std::time::Duration;

use lunch_cloud::{Delay, DelayModel, Event, FunctionConfig, Phase};
use lunch_contract::{Exit, Participant, Process, ResponseEnding, RevisionId, SpawnFailure};
use street::{COFFEE, Street, config, process, request, settings};

/// Every state of an instance, reached as a function reaches it, with its process or the last one.
fn states() -> Vec<(&'static str, Street, Process)> {
    let slow = DelayModel {
        placement: Delay::Fixed(Duration::from_millis(50)),
        init: Delay::Fixed(Duration::from_millis(50)),
    };
    let new = || {
        let mut street = Street::new(settings());
        street.deploy(COFFEE, 2, FunctionConfig { delay: slow, ..config(3_000) }).whatever();
        street.invoke().whatever();
        street
    };
    let first = process(0, 0);
    let states: [(&str, fn(&mut Street), Process); 13] = [
        ("placing", |_| {}, first),
        ("init", |s| to_init(s), first),
        ("init, modelled", |s| to_modelled(s), first),
        ("reinit", |s| to_reinit(s), process(0, 1)),
        ("invoke, running", |s| to_running(s), first),
        ("invoke, responding", |s| to_responding(s), first),
        ("invoke, answered", |s| to_answered(s), first),
        ("idle", |s| to_idle(s), first),
        ("frozen", |s| to_frozen(s), first),
        ("resetting", |s| to_resetting(s), first),
        ("reset", |s| to_reset(s), first),
        ("stopping", |s| to_stopping(s), first),
        ("gone", |s| to_gone(s), first),
    ];
    let reached = states.map(|(name, go, process)| {
        let mut street = new();
        go(&mut street);
        (name, street, process)
    });
    reached.into()
}

fn to_init(street: &mut Street) {
    street.at(50).whatever();
}

fn to_modelled(street: &mut Street) {
    to_init(street);
    street.next(process(0, 0)).whatever();
}

fn to_reinit(street: &mut Street) {
    to_init(street);
    street.exit(process(0, 0), Exit::Code(1)).whatever();
}

fn to_running(street: &mut Street) {
    to_modelled(street);
    street.at(100).whatever();
}

fn to_responding(street: &mut Street) {
    to_running(street);
    let process = process(0, 0);
    street.tell(Event::ResponseStarted { process, request: request(0), error: false }).whatever();
}

fn to_answered(street: &mut Street) {
    to_running(street);
    street.respond(process(0, 0), 0).whatever();
}

fn to_idle(street: &mut Street) {
    to_answered(street);
    street.next(process(0, 0)).whatever();
}

fn to_frozen(street: &mut Street) {
    to_idle(street);
    street.at(200).whatever();
}

fn to_resetting(street: &mut Street) {
    to_running(street);
    street.at(3_100).whatever();
}

fn to_reset(street: &mut Street) {
    to_resetting(street);
    street.exit(process(0, 0), Exit::Signal(9)).whatever();
}

fn to_stopping(street: &mut Street) {
    to_frozen(street);
    street.tell(Event::EvictFunction { function: COFFEE }).whatever();
}

fn to_gone(street: &mut Street) {
    to_stopping(street);
    street.exit(process(0, 0), Exit::Signal(9)).whatever();
}

fn events(process: Process) -> Vec<(&'static str, Event)> {
    let request = request(0);
    let instance = process.instance;
    let ended = |ending| Event::ResponseEnded { process, request, ending };
    vec![
        ("next", Event::Next { process, participant: Participant::Runtime }),
        ("extension's next", Event::Next { process, participant: Participant::Extension(0) }),
        ("extension", Event::ExtensionRegistered { process, invoke: true, external: false }),
        ("init error", Event::InitError { process }),
        ("spawn failed", Event::SpawnFailed { process, why: SpawnFailure::Missing }),
        ("response starts", Event::ResponseStarted { process, request, error: false }),
        ("error starts", Event::ResponseStarted { process, request, error: true }),
        ("response complete", ended(ResponseEnding::Complete)),
        ("response truncated", ended(ResponseEnding::Truncated)),
        ("caller left", Event::CallerLeft { request }),
        ("exited", Event::Exited { process, exit: Exit::Code(0) }),
        ("evict instance", Event::EvictInstance { instance }),
        ("evict function", Event::EvictFunction { function: COFFEE }),
        (
            "deploy",
            Event::Deploy { function: COFFEE, revision: RevisionId(3), config: config(3_000) },
        ),
        ("reserve 0", Event::Reserve { function: COFFEE, concurrency: Some(0) }),
        ("shut down", Event::ShutDown),
    ]
}

fn phase(street: &Street) -> String {
    street.phases().first().map_or_else(
        || "gone".into(),
        |(_, phase): &(String, Phase)| format!("{phase:?}").to_lowercase(),
    )
}

#[test]
fn every_event_is_decided_in_every_state() {
    let mut table = String::new();
    for row in 0..states().len() {
        let (name, _, process) = states().swap_remove(row);
        writeln!(table, "{name}").expect("a string takes all");
        for (event_name, event) in events(process) {
            let (_, mut street, _) = states().swap_remove(row);
            let before = phase(&street);
            let line = match street.tell_and_hear(event) {
                Err(refusal) => format!("refused: {refusal:?}"),
                Ok(said) => {
                    let after = phase(&street);
                    let moves =
                        if after == before { String::new() } else { format!("-> {after} ") };
                    format!("{moves}[{}]", said.join(", "))
                }
            };
            writeln!(table, "    {event_name:20}{line}").expect("a string takes all");
        }
    }
    insta::assert_snapshot!(table);
}
