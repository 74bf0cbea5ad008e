//! Health checks, and what they mean to a task and its service.

use lunch_cloud::ecs::{ContainerConfig, Dependency, Event, Refusal, TaskConfig};
use lunch_contract::ecs::{DependencyCondition, HealthCheck, HealthStatus, TaskStatus};

use crate::kitchen::{
    BURGER, Kitchen, MINUTE, SECOND, Script, V1, checked, id, run, secs, service,
};

fn health(kitchen: &Kitchen, task: u32) -> HealthStatus {
    kitchen.ecs.task(id(task)).expect("the task is shown").health
}

fn answer(kitchen: &mut Kitchen, check: u32, healthy: bool) {
    kitchen.take(Event::Checked { run: run(0, 0), check, healthy });
}

#[test]
fn a_check_comes_an_interval_after_the_start_and_after_the_end_of_the_one_before() {
    let mut kitchen = Kitchen::new(checked(), Script::Silent);
    kitchen.run_task().at(SECOND).start(run(0, 0)).whatever();
    kitchen.at(5_999).says([]).at(6 * SECOND).says(["check task-0000.0/0 #1"]);
    assert_eq!(health(&kitchen, 0), HealthStatus::Unknown);
    kitchen.at(7 * SECOND);
    answer(&mut kitchen, 1, true);
    assert_eq!(health(&kitchen, 0), HealthStatus::Healthy);
    kitchen.at(11_999).says([]).at(12 * SECOND).says(["check task-0000.0/0 #2"]);
}

#[test]
fn retries_failures_in_a_row_make_a_container_unhealthy_and_one_success_healthy_again() {
    let mut kitchen = Kitchen::new(checked(), Script::Silent);
    kitchen.run_task().start(run(0, 0));
    for (number, healthy, then) in [
        (1, false, HealthStatus::Unknown),
        (2, true, HealthStatus::Healthy),
        (3, false, HealthStatus::Healthy),
        (4, true, HealthStatus::Healthy),
        (5, false, HealthStatus::Healthy),
        (6, false, HealthStatus::Unhealthy),
        (7, true, HealthStatus::Healthy),
    ] {
        kitchen.at(u64::from(number) * 5 * SECOND);
        answer(&mut kitchen, number, healthy);
        assert_eq!(health(&kitchen, 0), then, "after check {number}");
    }
    assert_eq!(kitchen.status(0), TaskStatus::Running, "a task of nobody's is not ended");
}

#[test]
fn a_check_that_takes_too_long_has_failed_and_its_late_answer_is_refused() {
    let mut kitchen = Kitchen::new(checked(), Script::Silent);
    kitchen.run_task().start(run(0, 0)).at(5 * SECOND).whatever();
    kitchen.at(7 * SECOND).says(["end check task-0000.0/0 #1"]);
    let late = Event::Checked { run: run(0, 0), check: 1, healthy: true };
    assert_eq!(kitchen.tell(late), Err(Refusal::Gone));
    kitchen.at(12 * SECOND).says(["check task-0000.0/0 #2"]);
    kitchen.at(14 * SECOND).says(["end check task-0000.0/0 #2"]);
    assert_eq!(health(&kitchen, 0), HealthStatus::Unhealthy);
}

#[test]
fn an_answer_at_the_timeout_is_too_late_however_late_the_drivers_timer_is() {
    let mut kitchen = Kitchen::new(checked(), Script::Silent);
    kitchen.run_task().start(run(0, 0)).at(5 * SECOND).whatever();
    let event = Event::Checked { run: run(0, 0), check: 1, healthy: true };
    assert_eq!(kitchen.late(7 * SECOND).tell(event), Err(Refusal::Gone));
    kitchen.says(["end check task-0000.0/0 #1"]);
}

#[test]
fn failures_in_the_start_period_do_not_count_before_a_first_success() {
    let check =
        HealthCheck { interval: secs(5), timeout: secs(2), retries: 1, start_period: secs(12) };
    let container = ContainerConfig { health_check: Some(check), ..ContainerConfig::default() };
    let config = TaskConfig { containers: vec![container], one_at_a_time: false };
    let mut kitchen = Kitchen::new(config, Script::Silent);
    kitchen.run_task().start(run(0, 0));
    for (check, healthy, then) in [
        (1, false, HealthStatus::Unknown),
        (2, true, HealthStatus::Healthy),
        (3, false, HealthStatus::Unhealthy),
    ] {
        kitchen.at(u64::from(check) * 5 * SECOND);
        answer(&mut kitchen, check, healthy);
        assert_eq!(health(&kitchen, 0), then, "after check {check}");
    }
}

#[test]
fn the_check_of_a_container_that_ends_is_given_up() {
    let mut kitchen = Kitchen::new(checked(), Script::Silent);
    kitchen.run_task().start(run(0, 0)).at(5 * SECOND).whatever();
    kitchen.take(Event::StopTask { task: id(0) });
    kitchen.says(["end check task-0000.0/0 #1", "terminate task-0000.0/0"]);
    kitchen.at(10 * SECOND).says([]);
}

#[test]
fn a_task_is_as_healthy_as_its_essential_containers_with_a_check() {
    let check = checked().containers[0].health_check;
    let essential = ContainerConfig { health_check: check, ..ContainerConfig::default() };
    let beside = ContainerConfig { essential: false, ..essential.clone() };
    let containers = vec![essential, beside, ContainerConfig::default()];
    let config = TaskConfig { containers, one_at_a_time: false };
    let mut kitchen = Kitchen::new(config, Script::Silent);
    kitchen.run_task();
    for container in 0..3 {
        kitchen.start(run(0, container));
    }
    for number in 1..3_u32 {
        kitchen.at(u64::from(number) * 5 * SECOND);
        for (container, healthy) in [(0, true), (1, false)] {
            let run = run(0, container);
            kitchen.take(Event::Checked { run, check: number, healthy });
        }
    }
    let task = kitchen.ecs.task(id(0)).unwrap();
    assert_eq!(task.health, HealthStatus::Healthy);
    assert_eq!(task.containers[1].health, HealthStatus::Unhealthy);
}

#[test]
fn a_container_starts_when_another_is_healthy() {
    let mut config = checked();
    let condition = DependencyCondition::Healthy;
    let depends_on = vec![Dependency { container: 0, condition }];
    config.containers.push(ContainerConfig { depends_on, ..ContainerConfig::default() });
    let mut kitchen = Kitchen::new(config, Script::Silent);
    kitchen.run_task().start(run(0, 0)).at(5 * SECOND).whatever();
    answer(&mut kitchen, 1, true);
    kitchen.says(["start task-0000.1/0"]);
}

#[test]
fn an_unhealthy_task_of_a_service_is_ended_and_replaced() {
    let mut kitchen = Kitchen::new(checked(), Script::Works);
    kitchen.create(service(V1, 1)).at(MINUTE).whatever();
    assert_eq!(kitchen.counts(), (0, 1, 1));
    kitchen.script(V1, Script::Ails);
    kitchen.at(MINUTE + 10 * SECOND);
    let failed = ("ServiceSchedulerInitiated", "Task failed container health checks".to_owned());
    assert_eq!(kitchen.reason(0), failed);
    assert_eq!(kitchen.alive(V1), 1, "another one is there at once");
    assert_eq!(kitchen.said("(task 0) failed container health checks."), 1);
    kitchen.script(V1, Script::Works);
    kitchen.at(2 * MINUTE);
    assert!(kitchen.ecs.service(BURGER).unwrap().steady);
}

#[test]
fn a_task_with_a_health_check_counts_as_healthy_by_it_and_by_nothing_else() {
    let mut kitchen = Kitchen::new(checked(), Script::Silent);
    kitchen.create(service(V1, 1)).start(run(0, 0));
    assert_eq!(kitchen.counts(), (0, 1, 0));
    kitchen.at(5 * SECOND);
    answer(&mut kitchen, 1, true);
    assert_eq!(kitchen.counts(), (0, 1, 1));
    assert_eq!(kitchen.ecs.events(BURGER).count(), 3, "{:?}", kitchen.events());
}
