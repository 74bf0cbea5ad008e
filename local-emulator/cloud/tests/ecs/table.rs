//! What each event does in each state: all of both, kept as a snapshot, so that a new one shows up as a difference.

use std::fmt::Write as _;

use lunch_cloud::Pace;
use lunch_cloud::ecs::{ContainerConfig, ContainerPhase, Event, Settings};
use lunch_contract::ecs::{ContainerRun, RestartPolicy, StartFailure};

use crate::kitchen::{BURGER, Kitchen, SECOND, Script, V1, by, checked, id, run, secs, service};

/// Every state of a task of one container in a service, reached as the world reaches it.
fn states() -> [(&'static str, fn(&mut Kitchen)); 11] {
    [
        ("provisioning", |_| {}),
        ("starting", |kitchen| {
            kitchen.at(SECOND);
        }),
        ("running", |kitchen| {
            kitchen.at(SECOND).start(run(0, 0));
        }),
        ("checking", |kitchen| {
            kitchen.at(SECOND).start(run(0, 0)).at(6 * SECOND);
        }),
        ("healthy", |kitchen| to_healthy(kitchen)),
        ("starting again", |kitchen| {
            to_healthy(kitchen);
            kitchen.at(61 * SECOND).exit(run(0, 0), 1);
        }),
        ("running again", |kitchen| {
            to_healthy(kitchen);
            kitchen.at(61 * SECOND).exit(run(0, 0), 1);
            kitchen.start(ContainerRun { run: 1, ..run(0, 0) });
        }),
        ("asked to end before its start", |kitchen| {
            kitchen.at(SECOND).take(Event::StopTask { task: id(0) });
        }),
        ("asked to end", |kitchen| to_stopping(kitchen)),
        ("being ended", |kitchen| {
            to_stopping(kitchen);
            kitchen.at(31 * SECOND);
        }),
        ("stopped", |kitchen| {
            to_stopping(kitchen);
            kitchen.exit(run(0, 0), 0);
        }),
    ]
}

fn to_healthy(kitchen: &mut Kitchen) {
    kitchen.at(SECOND).start(run(0, 0));
    for check in 1..=11 {
        kitchen.at(u64::from(check) * 5 * SECOND + SECOND);
        kitchen.take(Event::Checked { run: run(0, 0), check, healthy: true });
    }
}

fn to_stopping(kitchen: &mut Kitchen) {
    kitchen.at(SECOND).start(run(0, 0)).take(Event::StopTask { task: id(0) });
}

fn events(run: ContainerRun, check: u32) -> Vec<(&'static str, Event)> {
    let checked = |healthy| Event::Checked { run, check, healthy };
    let next = ContainerRun { run: run.run + 1, ..run };
    let config = service(V1, 0);
    vec![
        ("started", Event::Started { run }),
        ("start failed", Event::StartFailed { run, why: StartFailure::CannotPull }),
        ("exited", Event::Exited { run, exit: by(1) }),
        ("another run exited", Event::Exited { run: next, exit: by(1) }),
        ("healthy", checked(true)),
        ("unhealthy", checked(false)),
        ("another check", Event::Checked { run, check: check + 1, healthy: true }),
        ("stop task", Event::StopTask { task: run.task }),
        ("scale to 0", Event::UpdateService { service: BURGER, config, force: false }),
        (
            "force a deployment",
            Event::UpdateService { service: BURGER, config: service(V1, 1), force: true },
        ),
        ("delete service", Event::DeleteService { service: BURGER, force: true }),
    ]
}

fn reach(go: fn(&mut Kitchen)) -> (Kitchen, ContainerRun, u32) {
    let settings = Settings { provisioning: secs(1), ..Settings::of(Pace::Aws) };
    let mut config = checked();
    let restart = Some(RestartPolicy { attempt_period: secs(60), ..RestartPolicy::default() });
    config.containers[0] = ContainerConfig { restart, ..config.containers[0].clone() };
    let mut kitchen = Kitchen::with(settings, config, Script::Silent);
    kitchen.create(service(V1, 1));
    go(&mut kitchen);
    let run = kitchen.ecs.task(id(0)).expect("it is shown for an hour").containers[0].run;
    let number = if run.run > 0 { 12 } else { 1 };
    kitchen.whatever();
    (kitchen, run, number)
}

fn look(kitchen: &Kitchen) -> (&'static str, ContainerPhase) {
    let task = kitchen.ecs.task(id(0)).expect("it is shown for an hour");
    (task.last_status.name(), task.containers[0].phase)
}

#[test]
fn every_event_is_decided_in_every_state_of_a_task() {
    let mut table = String::new();
    for (name, go) in states() {
        writeln!(table, "{name}").expect("a string takes all");
        let (_, run, check) = reach(go);
        for (event_name, event) in events(run, check) {
            let (mut kitchen, _, _) = reach(go);
            let before = look(&kitchen);
            let verdict = kitchen.tell(event);
            let said = kitchen.heard().join(", ");
            let line = match verdict {
                Err(refusal) => format!("refused: {refusal:?} [{said}]"),
                Ok(()) if look(&kitchen) == before => format!("[{said}]"),
                Ok(()) => {
                    let (status, phase) = look(&kitchen);
                    format!("-> {status}, {} [{said}]", phase.word())
                }
            };
            writeln!(table, "    {event_name:20}{line}").expect("a string takes all");
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn every_deadline_has_a_name() {
    let wake = |kitchen: &Kitchen| kitchen.ecs.poll_timeout().unwrap().1.to_string();
    let (mut kitchen, _, _) = reach(|_| {});
    assert_eq!(wake(&kitchen), "provisioning of task-0000");
    kitchen.at(SECOND).start(run(0, 0));
    assert_eq!(wake(&kitchen), "health check of task-0000.0/0");
    kitchen.at(6 * SECOND);
    assert_eq!(wake(&kitchen), "health check's timeout of task-0000.0/0");
    kitchen.take(Event::DeleteService { service: BURGER, force: true });
    assert_eq!(wake(&kitchen), "stop timeout of task-0000.0/0");
    kitchen.exit(run(0, 0), 0);
    assert_eq!(wake(&kitchen), "last hour of task-0000");
}
