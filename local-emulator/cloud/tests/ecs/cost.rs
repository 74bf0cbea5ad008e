//! An event costs the logarithm of the number of tasks at most, and a million tellings leave nothing behind.

use lunch_cloud::ecs::Event;
use lunch_contract::ecs::TaskId;

use crate::kitchen::{BURGER, Kitchen, MINUTE, SECOND, Script, V1, V2, by, plain, service};

/// Steps per replaced task among so many.
fn replacing(tasks: u32) -> u64 {
    let mut kitchen = Kitchen::new(plain(), Script::Works);
    kitchen.create(service(V1, tasks)).at(MINUTE).whatever();
    let all: Vec<_> = kitchen.ecs.tasks().map(|task| task.containers[0].run).collect();
    let before = kitchen.ecs.operations();
    let replaced = 50;
    for run in all.into_iter().take(replaced) {
        kitchen.take(Event::Exited { run, exit: by(1) });
    }
    (kitchen.ecs.operations() - before) / replaced as u64
}

/// Steps per task of a rolling update of so many.
fn rolling(tasks: u32) -> u64 {
    let mut kitchen = Kitchen::new(plain(), Script::Works);
    kitchen.create(service(V1, tasks)).at(MINUTE);
    let before = kitchen.ecs.operations();
    kitchen.update(service(V2, tasks)).at(2 * MINUTE);
    assert!(kitchen.ecs.service(BURGER).is_some_and(|service| service.steady));
    (kitchen.ecs.operations() - before) / u64::from(tasks)
}

#[test]
fn a_task_among_many_costs_the_logarithm_at_most() {
    for cost in [replacing, rolling] {
        let (few, many) = (cost(60), cost(3_840));
        assert!(many <= few * 3, "{many} steps among 3,840, {few} among 60");
    }
}

#[test]
fn a_service_whose_tasks_end_for_ever_leaves_nothing_behind() {
    let mut kitchen = Kitchen::new(plain(), Script::Works);
    kitchen.create(service(V1, 1));
    for nth in 0..3_000_u64 {
        kitchen.at((nth + 1) * 2 * SECOND).whatever();
        let task = kitchen.ecs.tasks().find(|task| task.stopping.is_none()).unwrap();
        kitchen.take(Event::Exited { run: task.containers[0].run, exit: by(1) });
        if nth % 1_000 == 0 {
            kitchen.ecs.take_records();
        }
    }
    let last: Vec<TaskId> = kitchen.ecs.tasks().map(|task| task.task).collect();
    assert!(last.len() <= 1_001, "{} are shown", last.len());
    assert!(last.iter().all(|task| task.index <= 1_001), "places are used again");
}
