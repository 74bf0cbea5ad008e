//! The life of a task and its containers.

use std::time::Duration;

use lunch_cloud::Pace;
use lunch_cloud::ecs::{
    ContainerConfig, Dependency, Ending, Event, Invalid, Record, Refusal, Settings, TaskConfig,
};
use lunch_contract::ecs::{
    ContainerExit, ContainerRun, DefinitionId, DependencyCondition, DesiredStatus, RestartPolicy,
    RunId, StartFailure, TaskId, TaskStatus,
};
use lunch_contract::{Exit, Moment};

use crate::kitchen::{Kitchen, MINUTE, SECOND, Script, V1, by, id, plain, run, secs};

fn on(container: u8, condition: DependencyCondition) -> ContainerConfig {
    let depends_on = vec![Dependency { container, condition }];
    ContainerConfig { depends_on, ..ContainerConfig::default() }
}

fn beside() -> ContainerConfig {
    ContainerConfig { essential: false, ..ContainerConfig::default() }
}

fn of(containers: Vec<ContainerConfig>) -> TaskConfig {
    TaskConfig { containers, one_at_a_time: false }
}

fn silent(containers: Vec<ContainerConfig>) -> Kitchen {
    let mut kitchen = Kitchen::new(of(containers), Script::Silent);
    kitchen.run_task();
    kitchen
}

#[test]
fn a_task_goes_through_awss_states_and_is_shown_for_an_hour() {
    let mut kitchen = Kitchen::new(plain(), Script::Silent);
    kitchen.run_task().says(["place task-0000", "start task-0000.0/0"]);
    assert_eq!(kitchen.status(0), TaskStatus::Pending);
    kitchen.at(SECOND).start(run(0, 0)).says([]);
    assert_eq!(kitchen.status(0), TaskStatus::Running);
    kitchen.at(2 * SECOND).exit(run(0, 0), 0).says(["unplace task-0000"]);
    let task = kitchen.ecs.task(id(0)).unwrap();
    assert_eq!(
        (task.last_status, task.desired_status),
        (TaskStatus::Stopped, DesiredStatus::Stopped)
    );
    let moments = [task.started, task.stopping, task.stopped].map(Option::unwrap);
    assert_eq!(moments, [1, 2, 2].map(|second| Moment::from_millis(second * SECOND)));
    kitchen.at(60 * MINUTE + SECOND).says([]);
    kitchen.at(60 * MINUTE + 2 * SECOND).says(["forget task-0000"]);
    assert_eq!(kitchen.ecs.task(id(0)), None);
    let records = kitchen.ecs.take_records().into_iter();
    let status = |(_, record)| if let Record::Task { to, .. } = record { Some(to) } else { None };
    let passed: Vec<_> = records.filter_map(status).collect();
    assert_eq!(passed, TaskStatus::ALL[1..]);
}

#[test]
fn the_end_of_an_essential_container_is_the_tasks_even_with_status_0() {
    let mut kitchen = silent(vec![ContainerConfig::default(), beside()]);
    kitchen.start(run(0, 0)).start(run(0, 1)).whatever();
    kitchen.exit(run(0, 0), 0).says(["terminate task-0000.1/0"]);
    let reason = ("EssentialContainerExited", "Essential container in task exited".to_owned());
    assert_eq!(kitchen.reason(0), reason);
    assert_eq!(kitchen.status(0), TaskStatus::Stopping);
    kitchen.exit(run(0, 1), 0).says(["unplace task-0000"]);
}

#[test]
fn a_task_goes_on_without_a_container_that_is_not_essential() {
    let mut kitchen = silent(vec![ContainerConfig::default(), beside()]);
    kitchen.start(run(0, 0)).start(run(0, 1)).exit(run(0, 1), 1);
    assert_eq!(kitchen.status(0), TaskStatus::Running);
}

#[test]
fn an_essential_container_that_cannot_be_started_is_the_end_of_its_task() {
    let mut kitchen = silent(vec![ContainerConfig::default(), ContainerConfig::default()]);
    kitchen.start(run(0, 0)).whatever();
    let why = StartFailure::CannotPull;
    kitchen.take(Event::StartFailed { run: run(0, 1), why }).says(["terminate task-0000.0/0"]);
    assert_eq!(kitchen.reason(0), ("TaskFailedToStart", "Task failed to start".to_owned()));
    kitchen.exit(run(0, 0), 0);
    let containers = kitchen.ecs.task(id(0)).unwrap().containers;
    let endings: Vec<_> = containers.iter().map(|one| one.ending.unwrap()).collect();
    assert_eq!(endings, [Ending::Exited(by(0)), Ending::StartFailed(why)]);
}

#[test]
fn how_a_container_ended_is_kept_as_it_was_told() {
    let mut kitchen = silent(vec![ContainerConfig::default()]);
    let exit = ContainerExit { exit: Exit::Signal(9), out_of_memory: true };
    kitchen.start(run(0, 0)).take(Event::Exited { run: run(0, 0), exit });
    let ending = kitchen.ecs.task(id(0)).unwrap().containers[0].ending;
    assert_eq!(ending, Some(Ending::Exited(exit)));
    let records = kitchen.ecs.take_records().into_iter().map(|(_, record)| record);
    let exits: Vec<_> = records.filter(|one| matches!(one, Record::Exited { .. })).collect();
    assert_eq!(exits, [Record::Exited { run: run(0, 0), exit }]);
}

#[test]
fn a_container_starts_when_another_has_started() {
    let mut kitchen = Kitchen::new(
        of(vec![on(1, DependencyCondition::Start), ContainerConfig::default()]),
        Script::Silent,
    );
    kitchen.run_task().says(["place task-0000", "start task-0000.1/0"]);
    kitchen.start(run(0, 1)).says(["start task-0000.0/0"]);
    assert_eq!(kitchen.status(0), TaskStatus::Pending);
    kitchen.start(run(0, 0)).says([]);
    assert_eq!(kitchen.status(0), TaskStatus::Running);
}

#[test]
fn a_container_starts_when_another_has_ended_and_with_success_where_that_is_wanted() {
    for (condition, code, starts) in [
        (DependencyCondition::Complete, 1, true),
        (DependencyCondition::Success, 0, true),
        (DependencyCondition::Success, 1, false),
    ] {
        let mut kitchen = silent(vec![on(1, condition), beside()]);
        kitchen.start(run(0, 1)).whatever().exit(run(0, 1), code);
        if starts {
            kitchen.says(["start task-0000.0/0"]);
        } else {
            kitchen.says(["unplace task-0000"]);
            assert_eq!(kitchen.reason(0).0, "TaskFailedToStart");
        }
    }
}

#[test]
fn what_depends_on_others_ends_before_them() {
    let mut kitchen = silent(vec![
        ContainerConfig::default(),
        on(0, DependencyCondition::Start),
        on(1, DependencyCondition::Start),
    ]);
    for container in 0..3 {
        kitchen.start(run(0, container));
    }
    kitchen.whatever().take(Event::StopTask { task: id(0) }).says(["terminate task-0000.2/0"]);
    kitchen.exit(run(0, 2), 0).says(["terminate task-0000.1/0"]);
    kitchen.exit(run(0, 1), 0).says(["terminate task-0000.0/0"]);
    kitchen.exit(run(0, 0), 0).says(["unplace task-0000"]);
}

#[test]
fn who_does_not_end_at_sigterm_is_killed_after_its_stop_timeout() {
    let mut kitchen = silent(vec![ContainerConfig::default()]);
    kitchen.start(run(0, 0)).whatever();
    kitchen.take(Event::StopTask { task: id(0) }).says(["terminate task-0000.0/0"]);
    kitchen.at(29_999).says([]);
    kitchen.at(30_000).says(["kill task-0000.0/0"]);
    kitchen.at(MINUTE).says([]);
    assert_eq!(kitchen.status(0), TaskStatus::Stopping);
    let exit = Exit::Signal(9).into();
    kitchen.take(Event::Exited { run: run(0, 0), exit }).says(["unplace task-0000"]);
    assert_eq!(kitchen.status(0), TaskStatus::Stopped);
    assert_eq!(kitchen.reason(0).0, "UserInitiated");
}

#[test]
fn a_task_that_is_told_to_end_while_it_starts_ends_and_never_runs() {
    let mut kitchen = silent(vec![ContainerConfig::default(), on(0, DependencyCondition::Start)]);
    kitchen.whatever().take(Event::StopTask { task: id(0) }).says(["terminate task-0000.0/0"]);
    kitchen.start(run(0, 0)).says([]);
    assert_eq!(kitchen.status(0), TaskStatus::Stopping);
    kitchen.exit(run(0, 0), 143).says(["unplace task-0000"]);
    assert_eq!(kitchen.ecs.task(id(0)).unwrap().started, None);
    kitchen.take(Event::StopTask { task: id(0) }).says([]);
}

#[test]
fn a_task_that_has_no_place_yet_is_over_at_once() {
    let settings = Settings { provisioning: secs(20), ..Settings::of(Pace::Aws) };
    let mut kitchen = Kitchen::with(settings, plain(), Script::Silent);
    kitchen.run_task().says(["place task-0000"]).at(19 * SECOND).says([]);
    assert_eq!(kitchen.status(0), TaskStatus::Provisioning);
    kitchen.at(20 * SECOND).says(["start task-0000.0/0"]);
    kitchen.run_task().says(["place task-0001"]);
    kitchen.take(Event::StopTask { task: id(1) }).says(["unplace task-0001"]);
}

#[test]
fn a_container_is_restarted_in_place_after_its_period_and_not_before() {
    let restart = Some(RestartPolicy { ignored_exit_codes: vec![7], attempt_period: secs(60) });
    let mut kitchen = silent(vec![ContainerConfig { restart, ..ContainerConfig::default() }]);
    kitchen.start(run(0, 0)).whatever();
    kitchen.at(MINUTE).exit(run(0, 0), 1).says(["start task-0000.0/1"]);
    assert_eq!(kitchen.status(0), TaskStatus::Running);
    let again = ContainerRun { run: 1, ..run(0, 0) };
    assert_eq!(kitchen.tell(Event::Started { run: run(0, 0) }), Err(Refusal::Gone));
    kitchen.start(again).at(MINUTE + 59 * SECOND).exit(again, 1).says(["unplace task-0000"]);
    assert_eq!(kitchen.reason(0).0, "EssentialContainerExited");
}

#[test]
fn an_exit_status_that_is_ignored_is_followed_by_no_restart() {
    let restart = Some(RestartPolicy { ignored_exit_codes: vec![7], attempt_period: secs(60) });
    let mut kitchen = silent(vec![ContainerConfig { restart, ..ContainerConfig::default() }]);
    kitchen.start(run(0, 0)).whatever().at(2 * MINUTE).exit(run(0, 0), 7);
    kitchen.says(["unplace task-0000"]);
}

#[test]
fn a_late_word_of_a_run_that_is_over_is_refused() {
    let mut kitchen = silent(vec![ContainerConfig::default()]);
    kitchen.start(run(0, 0)).exit(run(0, 0), 0).whatever();
    let exit = by(0);
    assert_eq!(kitchen.tell(Event::Exited { run: run(0, 0), exit }), Err(Refusal::Gone));
    assert_eq!(kitchen.tell(Event::Started { run: run(0, 0) }), Err(Refusal::Gone));
    kitchen.says([]);
}

#[test]
fn a_task_definition_that_aws_would_not_register_is_refused() {
    use DependencyCondition::{Complete, Healthy, Start};
    let most = Duration::from_secs(121);
    let long = ContainerConfig { stop_timeout: most, ..ContainerConfig::default() };
    let eleven = (0..11).map(|_| ContainerConfig::default()).collect();
    let cases = [
        (vec![], Invalid::Containers),
        (eleven, Invalid::Containers),
        (vec![beside()], Invalid::NoneEssential),
        (vec![long], Invalid::OutOfRange),
        (vec![on(3, Start)], Invalid::UnknownDependency),
        (vec![ContainerConfig::default(), on(0, Complete)], Invalid::EssentialCompletes),
        (vec![ContainerConfig::default(), on(0, Healthy)], Invalid::NoHealthCheck),
        (vec![on(1, Start), on(0, Start)], Invalid::Circle),
        (vec![on(0, Start)], Invalid::Circle),
    ];
    let mut kitchen = Kitchen::new(plain(), Script::Silent);
    for (containers, invalid) in cases {
        let definition = DefinitionId(9);
        let event = Event::Register { definition, config: of(containers) };
        assert_eq!(kitchen.tell(event), Err(Refusal::InvalidDefinition(invalid)));
    }
}

#[test]
fn a_run_takes_one_to_ten_tasks_of_a_definition_that_is_there() {
    let mut kitchen = Kitchen::new(plain(), Script::Works);
    for (definition, count, refusal) in [
        (V1, 0, Refusal::CountOutOfRange),
        (V1, 11, Refusal::CountOutOfRange),
        (DefinitionId(9), 1, Refusal::UnknownDefinition),
    ] {
        assert_eq!(kitchen.tell(Event::Run { run: RunId(0), definition, count }), Err(refusal));
    }
    kitchen.take(Event::Run { run: RunId(0), definition: V1, count: 10 });
    assert_eq!(kitchen.alive(V1), 10);
    kitchen.take(Event::Deregister { definition: V1 });
    let again = Event::Run { run: RunId(1), definition: V1, count: 1 };
    assert_eq!(kitchen.tell(again), Err(Refusal::UnknownDefinition));
    assert_eq!(kitchen.alive(V1), 10);
}

#[test]
fn the_newest_stopped_tasks_are_shown_and_no_more_than_the_bound() {
    let settings = Settings { stopped_max: 2, ..Settings::of(Pace::Aws) };
    let mut kitchen = Kitchen::with(settings, plain(), Script::Works);
    for task in 0..4 {
        kitchen.run_task().take(Event::StopTask { task: nth(task) });
    }
    let shown: Vec<_> = kitchen.ecs.tasks().map(|task| task.task.serial).collect();
    assert_eq!(shown.len(), 2);
    assert!(shown.contains(&2) && shown.contains(&3), "{shown:?}");
}

/// With two shown at most, the third takes the place of the first.
fn nth(task: u32) -> TaskId {
    let index = [0, 1, 2, 0][task as usize];
    TaskId { serial: u64::from(task), index }
}

#[test]
fn the_end_of_the_cloud_ends_all_tasks_by_sigterm_and_then_sigkill_and_starts_none() {
    let mut kitchen = silent(vec![ContainerConfig::default()]);
    kitchen.start(run(0, 0)).run_task().whatever();
    assert!(!kitchen.ecs.settled());
    kitchen.shut_down().says(["terminate task-0000.0/0", "terminate task-0001.0/0"]);
    kitchen.at(30 * SECOND).says(["kill task-0000.0/0", "kill task-0001.0/0"]);
    kitchen.exit(run(0, 0), 0).exit(run(1, 0), 0);
    kitchen.says(["unplace task-0000", "unplace task-0001"]);
    assert!(kitchen.ecs.settled());
    let event = Event::Run { run: RunId(1), definition: V1, count: 1 };
    assert_eq!(kitchen.tell(event), Err(Refusal::ShutDown));
    assert_eq!(kitchen.reason(0).0, "TerminationNotice");
}

#[test]
fn only_what_is_being_started_ended_or_asked_is_not_settled() {
    let mut kitchen = Kitchen::new(crate::kitchen::checked(), Script::Silent);
    assert!(kitchen.ecs.settled());
    kitchen.run_task();
    assert!(!kitchen.ecs.settled(), "it is being started");
    kitchen.start(run(0, 0));
    assert!(kitchen.ecs.settled(), "it runs, for ever");
    kitchen.at(5 * SECOND);
    assert!(!kitchen.ecs.settled(), "it is asked for its health");
    kitchen.take(Event::Checked { run: run(0, 0), check: 1, healthy: true });
    assert!(kitchen.ecs.settled());
    kitchen.take(Event::StopTask { task: id(0) });
    assert!(!kitchen.ecs.settled(), "it is being ended");
}
