//! Deployments: one revision takes the place of another, or does not.

use lunch_cloud::ecs::{Breaker, Event, ServiceConfig, TaskConfig};
use lunch_contract::ecs::{DeploymentStatus, Percents, RolloutState};

use crate::kitchen::{
    BURGER, Kitchen, MINUTE, SECOND, Script, V1, V2, checked, plain, service, with_breaker,
};

fn percents(config: ServiceConfig, minimum_healthy: u32, maximum: u32) -> ServiceConfig {
    ServiceConfig { percents: Percents { minimum_healthy, maximum }, ..config }
}

/// A steady service of that many tasks of the first revision, at a minute.
fn steady(config: TaskConfig, of: ServiceConfig) -> Kitchen {
    let mut kitchen = Kitchen::new(config, Script::Works);
    kitchen.create(of).at(MINUTE).whatever();
    assert!(kitchen.ecs.service(BURGER).is_some_and(|service| service.steady));
    kitchen
}

fn alive(kitchen: &Kitchen) -> (usize, usize) {
    (kitchen.alive(V1), kitchen.alive(V2))
}

#[test]
fn by_default_all_new_tasks_are_started_and_old_ones_end_when_those_are_healthy() {
    let mut kitchen = steady(plain(), service(V1, 3));
    kitchen.update(service(V2, 3));
    assert_eq!(alive(&kitchen), (3, 3));
    kitchen.at(MINUTE + 39_999);
    assert_eq!(alive(&kitchen), (3, 3));
    kitchen.at(MINUTE + 40 * SECOND);
    assert_eq!(alive(&kitchen), (0, 3));
    let deployments: Vec<_> = kitchen.ecs.deployments(BURGER).collect();
    assert_eq!(deployments.len(), 1, "the older one is INACTIVE");
    assert_eq!(deployments[0].rollout, RolloutState::Completed);
    assert_eq!(kitchen.said("deployment completed."), 2);
    assert_eq!(kitchen.said("has reached a steady state."), 2);
}

#[test]
fn the_older_deployment_is_active_while_it_has_tasks() {
    let mut kitchen = steady(plain(), service(V1, 2));
    kitchen.update(service(V2, 2));
    let deployments: Vec<_> = kitchen.ecs.deployments(BURGER).collect();
    let status = deployments.iter().map(|one| (one.status, one.rollout)).collect::<Vec<_>>();
    let all = [
        (DeploymentStatus::Primary, RolloutState::InProgress),
        (DeploymentStatus::Active, RolloutState::Completed),
    ];
    assert_eq!(status, all);
}

#[test]
fn the_maximum_is_rounded_down_and_the_minimum_up() {
    let mut kitchen = steady(checked(), percents(service(V1, 5), 50, 130));
    kitchen.script(V2, Script::Silent);
    kitchen.update(percents(service(V2, 5), 50, 130));
    // 6 at most, 3 healthy at least: two old ones make room for new ones.
    assert_eq!(alive(&kitchen), (3, 3));
    kitchen.at(MINUTE + 4 * SECOND);
    assert_eq!(alive(&kitchen), (3, 3));
}

#[test]
fn without_a_spare_place_old_tasks_end_first_as_far_as_the_minimum_lets_them() {
    let mut kitchen = steady(plain(), percents(service(V1, 4), 50, 100));
    kitchen.update(percents(service(V2, 4), 50, 100));
    assert_eq!(alive(&kitchen), (2, 2));
    kitchen.at(MINUTE + 40 * SECOND);
    assert_eq!(alive(&kitchen), (0, 4));
    kitchen.at(3 * MINUTE);
    assert!(kitchen.ecs.service(BURGER).is_some_and(|service| service.steady));
}

#[test]
fn percents_that_let_nothing_be_done_are_said_once() {
    let mut kitchen = steady(plain(), percents(service(V1, 1), 60, 150));
    let blocked = percents(service(V2, 1), 60, 150);
    kitchen.update(blocked).at(5 * MINUTE).update(blocked).at(10 * MINUTE);
    assert_eq!(alive(&kitchen), (1, 0));
    assert_eq!(kitchen.said("was unable to stop or start tasks during a deployment"), 1);
    kitchen.update(percents(service(V2, 1), 60, 200)).at(12 * MINUTE);
    assert_eq!(alive(&kitchen), (0, 1));
}

#[test]
fn new_tasks_with_a_health_check_take_the_place_when_it_has_succeeded() {
    let mut kitchen = steady(checked(), service(V1, 2));
    kitchen.update(service(V2, 2)).at(MINUTE + 4_999);
    assert_eq!(alive(&kitchen), (2, 2));
    kitchen.at(MINUTE + 5 * SECOND);
    assert_eq!(alive(&kitchen), (0, 2));
}

#[test]
fn a_forced_deployment_replaces_tasks_of_the_same_revision() {
    let mut kitchen = steady(plain(), service(V1, 2));
    let config = service(V1, 2);
    kitchen.take(Event::UpdateService { service: BURGER, config, force: true }).at(3 * MINUTE);
    let mut left: Vec<_> = kitchen
        .ecs
        .tasks()
        .filter(|task| task.stopping.is_none())
        .map(|one| one.task.serial)
        .collect();
    left.sort_unstable();
    assert_eq!(left, [2, 3]);
}

#[test]
fn a_deployment_over_another_one_ends_first_what_is_not_healthy_yet() {
    let mut kitchen = steady(plain(), service(V1, 2));
    kitchen.update(service(V2, 2)).at(MINUTE + 10 * SECOND).update(service(V1, 2));
    assert_eq!(alive(&kitchen), (4, 0), "two of before, two new ones");
    kitchen.at(5 * MINUTE);
    assert_eq!(alive(&kitchen), (2, 0));
    assert_eq!(kitchen.ecs.deployments(BURGER).count(), 1);
    assert!(kitchen.ecs.service(BURGER).is_some_and(|service| service.steady));
}

#[test]
fn the_circuit_breaker_fails_a_deployment_whose_tasks_do_not_start() {
    let mut kitchen = steady(plain(), with_breaker(service(V1, 2)));
    kitchen.script(V2, Script::Fails);
    kitchen.update(with_breaker(service(V2, 2))).at(60 * MINUTE);
    let primary = kitchen.ecs.deployments(BURGER).next().unwrap();
    assert_eq!((primary.rollout, primary.failed), (RolloutState::Failed, 3));
    assert_eq!(alive(&kitchen), (2, 0), "the old ones stay");
    let failed = "(deployment ecs-svc/1) deployment failed: tasks failed to start.";
    assert_eq!(kitchen.said(failed), 1);
    assert_eq!(kitchen.ecs.poll_timeout().map(|(_, wake)| wake.word()), Some("last hour"));
    kitchen.script(V2, Script::Works);
    kitchen.take(Event::UpdateService {
        service: BURGER,
        config: with_breaker(service(V2, 2)),
        force: true,
    });
    kitchen.at(65 * MINUTE);
    assert_eq!(alive(&kitchen), (0, 2));
}

#[test]
fn health_checks_that_fail_count_for_the_circuit_breaker() {
    let mut kitchen = steady(checked(), with_breaker(service(V1, 1)));
    kitchen.script(V2, Script::Ails);
    kitchen.update(with_breaker(service(V2, 1))).at(10 * MINUTE);
    let primary = kitchen.ecs.deployments(BURGER).next().unwrap();
    assert_eq!((primary.rollout, primary.failed), (RolloutState::Failed, 3));
    assert_eq!(alive(&kitchen), (1, 0));
}

#[test]
fn a_healthy_task_breaks_the_row_of_failures() {
    let mut kitchen = steady(plain(), with_breaker(service(V1, 1)));
    kitchen.script(V2, Script::Fails);
    kitchen.update(with_breaker(service(V2, 2))).at(MINUTE + 500);
    assert_eq!(kitchen.ecs.deployments(BURGER).next().unwrap().failed, 2);
    kitchen.script(V2, Script::Works);
    kitchen.at(2 * MINUTE);
    assert_eq!(kitchen.ecs.deployments(BURGER).next().unwrap().failed, 0);
}

#[test]
fn a_deployment_that_is_completed_is_not_failed_later() {
    let mut kitchen = steady(plain(), with_breaker(service(V1, 1)));
    kitchen.script(V1, Script::Fails);
    kitchen.exit(crate::kitchen::run(0, 0), 1).at(60 * MINUTE);
    let primary = kitchen.ecs.deployments(BURGER).next().unwrap();
    assert_eq!(primary.rollout, RolloutState::Completed);
    assert_eq!(kitchen.said("is unable to consistently start tasks"), 1);
}

#[test]
fn a_rollback_is_named_as_not_emulated() {
    let breaker = Some(Breaker { rollback: true });
    let mut kitchen = Kitchen::new(plain(), Script::Fails);
    kitchen.create(ServiceConfig { breaker, ..service(V1, 1) }).at(60 * MINUTE);
    assert_eq!(kitchen.said("would be rolled back on AWS, which is not emulated"), 1);
}

#[test]
fn without_a_circuit_breaker_a_deployment_goes_on_for_ever() {
    let mut kitchen = steady(plain(), service(V1, 1));
    kitchen.script(V2, Script::Fails);
    kitchen.update(service(V2, 1)).at(300 * MINUTE);
    let primary = kitchen.ecs.deployments(BURGER).next().unwrap();
    assert_eq!(primary.rollout, RolloutState::InProgress);
    assert_eq!(alive(&kitchen), (1, 0));
}
