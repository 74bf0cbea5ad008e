//! Some seeds of services and their tasks, of which `laws` runs thousands; and services that are played by hand.

use std::time::Duration;

use lunch_cloud::Settings;
use lunch_cloud::ecs::{Breaker, ContainerConfig, Event, ServiceConfig, TaskConfig};
use lunch_contract::ecs::{DefinitionId, Percents, ServiceId, StartFailure};
use lunch_contract::{Exit, Moment};
use lunch_sim::lanes::lanes;
use lunch_sim::tasks::{Script, Stage};
use lunch_sim::{Options, tasks};

#[test]
fn services_break_no_law_and_a_seed_is_the_same_twice() {
    let mut placed = 0;
    for seed in 1..=40 {
        let run = || tasks::run(seed, &Options::default());
        let once = run().unwrap_or_else(|violation| panic!("{violation}"));
        let again = run().unwrap_or_else(|violation| panic!("{violation}"));
        assert_eq!(once, again, "seed {seed}");
        placed += once.instances;
    }
    assert!(placed > 1_000, "{placed} tasks are placed");
}

const V1: DefinitionId = DefinitionId(0);
const V2: DefinitionId = DefinitionId(1);
const BURGER: ServiceId = ServiceId(0);

fn service(definition: DefinitionId) -> ServiceConfig {
    let breaker = Some(Breaker { rollback: false });
    ServiceConfig { definition, desired: 1, percents: Percents::default(), breaker }
}

/// A stage with two revisions of a task definition of two containers, and a service of the first one.
fn stage(first: Vec<Script>, second: Vec<Script>) -> Stage {
    let mut stage = Stage::new(Settings::default());
    stage.script(V1, 0, first);
    stage.script(V2, 0, second);
    for definition in [V1, V2] {
        let beside = ContainerConfig { essential: false, ..ContainerConfig::default() };
        let containers = vec![ContainerConfig::default(), beside];
        let config = TaskConfig { containers, one_at_a_time: false };
        stage.tell(Event::Register { definition, config }).expect("it is right");
    }
    let config = service(V1);
    stage.tell(Event::CreateService { service: BURGER, config }).expect("it is right");
    stage
}

fn lanes_of(stage: Stage) -> Vec<String> {
    lanes(&stage.into_records()).iter().map(ToString::to_string).collect()
}

#[test]
fn a_task_that_ends_by_itself_is_replaced_in_the_lanes_of_a_stage() {
    let works = Script::works(Duration::from_millis(20));
    let exits = Some((Duration::from_secs(5), Exit::Code(7).into()));
    let mut stage = stage(vec![Script { exits, ..works }, works], vec![works]);
    stage.pass(Moment::from_millis(10_000));
    let lanes = lanes_of(stage);
    let expected = [
        "s-0: d-0 is PRIMARY | d-0 is COMPLETED | has reached a steady state | has reached a steady state",
        "t0: placed (s-0 d-0) | PENDING | ACTIVATING | RUNNING | counts | DEACTIVATING (EssentialContainerExited) | STOPPING | DEPROVISIONING | STOPPED",
        "t0.0: starting | running | exit 7 | ended",
        "t0.1: starting | running | asked to end | exit 0 | ended",
        "t1: placed (s-0 d-0) | PENDING | ACTIVATING | RUNNING | counts",
        "t1.0: starting | running",
        "t1.1: starting | running",
    ];
    assert_eq!(lanes, expected);
}

#[test]
fn a_deployment_that_cannot_start_fails_and_leaves_the_old_task_in_the_lanes_of_a_stage() {
    let works = Script::works(Duration::from_millis(20));
    let fails = Some(StartFailure::CannotPull);
    let mut stage = stage(vec![works], vec![Script { fails, ..works }]);
    stage.pass(Moment::from_millis(5_000));
    let (service, config) = (BURGER, service(V2));
    stage.tell(Event::UpdateService { service, config, force: false }).expect("it is right");
    stage.pass(Moment::from_millis(60_000));
    let lanes = lanes_of(stage);
    let of_service = lanes[0].split(" | ").last().expect("it has entries");
    assert_eq!(of_service, "d-1 is FAILED");
    assert!(
        lanes[0].contains("is unable to consistently start tasks successfully"),
        "{}",
        lanes[0]
    );
    let running: Vec<_> = lanes.iter().filter(|lane| lane.ends_with("counts")).collect();
    assert_eq!(running.len(), 1, "the old one: {lanes:?}");
    let failed = lanes.iter().filter(|lane| lane.contains("(TaskFailedToStart)")).count();
    assert_eq!(failed, 3, "as many as the circuit breaker takes");
}

#[test]
fn who_ignores_sigterm_is_killed_after_its_stop_timeout_on_a_stage() {
    let deaf = Script { ends_after: None, ..Script::works(Duration::from_millis(20)) };
    let mut stage = stage(vec![deaf], vec![deaf]);
    stage.pass(Moment::from_millis(2_000));
    let config = ServiceConfig { desired: 0, ..service(V1) };
    stage
        .tell(Event::UpdateService { service: BURGER, config, force: false })
        .expect("it is right");
    stage.pass(Moment::from_millis(31_900));
    let task = stage.cloud().ecs().tasks().next().expect("it is shown");
    assert_eq!(task.last_status.name(), "STOPPING");
    stage.pass(Moment::from_millis(32_000));
    let lanes = lanes_of(stage);
    assert!(lanes[2].ends_with("asked to end | being ended | exit 137 | ended"), "{}", lanes[2]);
    assert!(lanes[3].ends_with("asked to end | exit 0 | ended"), "{}", lanes[3]);
}
