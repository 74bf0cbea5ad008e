//! What a service keeps: its count, at its pace, and what it says.

use lunch_cloud::Pace;
use lunch_cloud::ecs::{Event, Refusal, ServiceConfig, Settings, TaskConfig};
use lunch_contract::Moment;
use lunch_contract::ecs::{
    DefinitionId, Percents, RolloutState, RunId, ServiceId, ServiceStatus, TaskStatus,
};

use crate::kitchen::{
    BURGER, Kitchen, MINUTE, SECOND, Script, V1, V2, id, plain, run, secs, service,
};

#[test]
fn a_service_starts_as_many_tasks_as_it_wants_and_says_when_it_is_steady() {
    let mut kitchen = Kitchen::new(plain(), Script::Works);
    kitchen.create(service(V1, 3));
    assert_eq!(kitchen.counts(), (0, 3, 0));
    kitchen.at(39_999);
    assert_eq!(kitchen.counts(), (0, 3, 0));
    kitchen.at(40 * SECOND);
    assert_eq!(kitchen.counts(), (0, 3, 3));
    let all = [
        "(service burger) has started 3 tasks: (task 0) (task 1) (task 2).",
        "(service burger) (deployment ecs-svc/0) deployment completed.",
        "(service burger) has reached a steady state.",
    ];
    assert_eq!(kitchen.events(), all);
    let deployment = kitchen.ecs.deployments(BURGER).next().unwrap();
    assert_eq!((deployment.rollout, deployment.running), (RolloutState::Completed, 3));
}

#[test]
fn the_fast_pace_counts_a_task_as_healthy_after_a_second() {
    let mut kitchen = Kitchen::with(Settings::of(Pace::Fast), plain(), Script::Works);
    kitchen.create(service(V1, 2)).at(999);
    assert_eq!(kitchen.counts(), (0, 2, 0));
    kitchen.at(SECOND);
    assert_eq!(kitchen.counts(), (0, 2, 2));
}

#[test]
fn a_task_that_ran_and_ended_is_replaced_at_once() {
    let mut kitchen = Kitchen::new(plain(), Script::Works);
    kitchen.create(service(V1, 1)).at(MINUTE).whatever();
    for nth in 0..5_u32 {
        kitchen.at(2 * MINUTE + u64::from(nth) * SECOND).exit(run(nth, 0), 1);
        assert_eq!(kitchen.counts(), (0, 1, 0), "the {nth}th");
    }
    assert_eq!(kitchen.said("unable to consistently start"), 0);
}

#[test]
fn who_ends_within_its_first_second_is_replaced_when_that_is_over() {
    let mut kitchen = Kitchen::new(plain(), Script::Works);
    kitchen.create(service(V1, 1)).at(300).exit(run(0, 0), 1);
    assert_eq!(kitchen.counts(), (0, 0, 0));
    kitchen.at(999);
    assert_eq!(kitchen.counts(), (0, 0, 0));
    kitchen.at(1_000);
    assert_eq!(kitchen.counts(), (0, 1, 0));
}

/// The moments at which tasks were placed, in seconds.
fn starts(kitchen: &mut Kitchen, until: u64) -> Vec<u64> {
    kitchen.at(until);
    let mut all: Vec<_> = kitchen.ecs.tasks().map(|task| task.created).collect();
    all.sort_unstable();
    all.into_iter().map(|at| at.since(Moment::ZERO).as_secs()).collect()
}

#[test]
fn tasks_that_never_run_are_started_more_and_more_seldom_up_to_every_27_minutes() {
    let mut settings = Settings::of(Pace::Aws);
    settings.limits.stopped_shown = secs(1_000_000);
    let mut kitchen = Kitchen::with(settings, plain(), Script::Fails);
    kitchen.create(service(V1, 1));
    let starts = starts(&mut kitchen, 120 * MINUTE);
    let pauses: Vec<_> = starts.windows(2).map(|two| two[1] - two[0]).collect();
    assert_eq!(pauses, [1, 10, 20, 40, 80, 160, 320, 640, 1_280, 1_620, 1_620]);
    assert_eq!(kitchen.said("is unable to consistently start tasks successfully."), 1);
    assert_eq!(kitchen.reason(0).0, "TaskFailedToStart");
}

#[test]
fn a_task_that_runs_ends_the_throttle() {
    let mut kitchen = Kitchen::new(plain(), Script::Fails);
    kitchen.create(service(V1, 1)).at(20 * MINUTE);
    let until = kitchen.ecs.service(BURGER).unwrap().throttled_until.unwrap();
    kitchen.script(V1, Script::Works);
    kitchen.at(until.as_nanos() / 1_000_000 + MINUTE);
    assert_eq!(kitchen.counts(), (0, 1, 1));
    kitchen.script(V1, Script::Fails);
    kitchen.take(Event::UpdateService { service: BURGER, config: service(V1, 2), force: false });
    let until = kitchen.ecs.service(BURGER).unwrap().throttled_until.unwrap();
    assert!(until.since(kitchen.ecs.now()) <= secs(1), "it begins from nothing");
}

#[test]
fn tasks_that_fail_in_one_pause_count_as_one_start_that_failed() {
    let mut kitchen = Kitchen::new(plain(), Script::Fails);
    kitchen.create(service(V1, 50)).at(2 * SECOND);
    let until = kitchen.ecs.service(BURGER).unwrap().throttled_until.unwrap();
    assert!(until <= Moment::from_millis(12 * SECOND), "{until}");
}

#[test]
fn scaling_out_starts_tasks_and_scaling_in_ends_the_oldest() {
    let mut kitchen = Kitchen::new(plain(), Script::Works);
    kitchen.create(service(V1, 2)).at(MINUTE).update(service(V1, 4)).at(2 * MINUTE);
    assert_eq!(kitchen.counts(), (0, 4, 4));
    kitchen.update(service(V1, 1));
    let mut left: Vec<_> = kitchen.ecs.tasks().filter(|task| task.stopping.is_none()).collect();
    assert_eq!(left.len(), 1);
    assert_eq!(left.remove(0).task, id(3));
    let reason = "Scaling activity initiated by (deployment ecs-svc/0)".to_owned();
    assert_eq!(kitchen.reason(0), ("ServiceSchedulerInitiated", reason));
    assert_eq!(kitchen.ecs.deployments(BURGER).count(), 1, "a count is no deployment");
    assert_eq!(kitchen.said("has stopped 3 running tasks: (task 0) (task 1) (task 2)."), 1);
}

#[test]
fn scaling_in_does_not_end_who_is_healthy_while_too_few_are() {
    let mut kitchen = Kitchen::new(plain(), Script::Works);
    kitchen.create(service(V1, 2)).at(MINUTE);
    kitchen.script(V1, Script::Silent);
    kitchen.update(service(V1, 5)).update(service(V1, 2));
    assert_eq!(kitchen.counts(), (0, 2, 2));
    assert!([2, 3, 4].iter().all(|task| kitchen.status(*task) == TaskStatus::Stopping));
}

#[test]
fn a_task_that_somebody_stops_is_replaced_and_is_no_failure() {
    let mut kitchen = Kitchen::new(plain(), Script::Works);
    kitchen.create(service(V1, 1)).take(Event::StopTask { task: id(0) });
    assert_eq!(kitchen.counts(), (0, 1, 0));
    assert_eq!(kitchen.reason(0).0, "UserInitiated");
    assert_eq!(kitchen.ecs.deployments(BURGER).next().unwrap().failed, 0);
}

#[test]
fn a_service_that_wants_tasks_is_deleted_by_force_only_and_drains() {
    let mut kitchen = Kitchen::new(plain(), Script::Silent);
    kitchen.create(service(V1, 1)).start(run(0, 0));
    let delete = |force| Event::DeleteService { service: BURGER, force };
    assert_eq!(kitchen.tell(delete(false)), Err(Refusal::ScaledAboveZero));
    kitchen.take(delete(true));
    let status = |kitchen: &Kitchen| kitchen.ecs.service(BURGER).map(|service| service.status);
    assert_eq!(status(&kitchen), Some(ServiceStatus::Draining));
    let update = |config| Event::UpdateService { service: BURGER, config, force: false };
    assert_eq!(kitchen.tell(update(service(V1, 1))), Err(Refusal::ServiceNotActive));
    kitchen.exit(run(0, 0), 0);
    assert_eq!(status(&kitchen), Some(ServiceStatus::Inactive));
    assert_eq!(kitchen.tell(delete(true)), Err(Refusal::ServiceNotActive));
    kitchen.whatever().at(60 * MINUTE).says(["forget task-0000", "forget s-0"]);
    assert_eq!(status(&kitchen), None);
}

#[test]
fn what_aws_refuses_of_a_service_is_refused() {
    let mut kitchen = Kitchen::new(plain(), Script::Works);
    let create = |config| Event::CreateService { service: ServiceId(1), config };
    let blocked = Percents { minimum_healthy: 100, maximum: 100 };
    for (config, refusal) in [
        (service(DefinitionId(9), 1), Refusal::UnknownDefinition),
        (service(V1, 5_001), Refusal::DesiredOutOfRange),
        (ServiceConfig { percents: blocked, ..service(V1, 1) }, Refusal::ImpossiblePercents),
    ] {
        assert_eq!(kitchen.tell(create(config)), Err(refusal));
    }
    let unknown = Event::DeleteService { service: ServiceId(1), force: true };
    assert_eq!(kitchen.tell(unknown), Err(Refusal::UnknownService));
    assert_eq!(kitchen.tell(Event::StopTask { task: id(7) }), Err(Refusal::UnknownTask));
    kitchen.create(service(V1, 1));
    let again = Event::CreateService { service: BURGER, config: service(V1, 1) };
    assert_eq!(kitchen.tell(again), Err(Refusal::ServiceInUse));
}

#[test]
fn a_service_keeps_its_last_hundred_events() {
    let mut kitchen = Kitchen::new(plain(), Script::Works);
    kitchen.create(service(V1, 1));
    for nth in 0..150 {
        kitchen.at(nth * MINUTE).update(service(V1, u32::try_from(nth % 2).unwrap()));
    }
    assert_eq!(kitchen.ecs.events(BURGER).count(), 100);
    assert!(kitchen.ecs.events(BURGER).next().unwrap().number > 100);
}

#[test]
fn tasks_with_a_fixed_port_are_one_at_a_time_and_the_service_says_so() {
    let config = TaskConfig { one_at_a_time: true, ..plain() };
    let mut kitchen = Kitchen::new(config, Script::Silent);
    kitchen.create(service(V1, 3)).start(run(0, 0)).at(MINUTE);
    assert_eq!(kitchen.counts(), (0, 1, 1));
    assert_eq!(kitchen.said("runs one task at a time, not 3"), 1);
    assert!(kitchen.ecs.service(BURGER).unwrap().steady);
    kitchen.whatever().update(service(V2, 3)).says(["terminate task-0000.0/0"]);
    kitchen.exit(run(0, 0), 0);
    kitchen.says(["unplace task-0000", "place task-0001", "start task-0001.0/0"]);
}

#[test]
fn a_fixed_port_is_nobody_elses_either() {
    let config = TaskConfig { one_at_a_time: true, ..plain() };
    let mut kitchen = Kitchen::new(config, Script::Silent);
    kitchen.run_task().whatever().create(service(V1, 1)).says([]);
    let event = Event::Run { run: RunId(1), definition: V1, count: 1 };
    assert_eq!(kitchen.tell(event), Err(Refusal::OneAtATime));
    kitchen.start(run(0, 0)).exit(run(0, 0), 0);
    kitchen.says(["unplace task-0000", "place task-0001", "start task-0001.0/0"]);
}

#[test]
fn a_deregistered_definition_lasts_as_long_as_what_is_made_of_it() {
    let mut kitchen = Kitchen::new(plain(), Script::Works);
    kitchen.create(service(V1, 1)).take(Event::Deregister { definition: V1 }).at(MINUTE);
    kitchen.exit(run(0, 0), 1);
    assert_eq!(kitchen.counts(), (0, 1, 0), "it is still replaced");
    kitchen.update(service(V2, 1)).at(70 * MINUTE);
    assert!(kitchen.ecs.definition(V1).is_none(), "with its last task it is forgotten");
    assert!(kitchen.ecs.definition(V2).is_some());
}
