//! Both shops serve from containers as they do from processes, through the same states.

use lunch_tests::wait_until;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use super::street::{Street, ask, both, in_engine};

/// The states of a task that was killed and of one that was stopped, with the exit codes of their containers.
#[derive(Debug, PartialEq, Eq)]
struct Lives {
    killed: Vec<String>,
    killed_code: i32,
    stopped: Vec<String>,
    stopped_code: i32,
}

/// Both shops serve; one is killed and one scaled and stopped, while orders come.
fn lunchtime(tasks_as: &str) -> Lives {
    let street = Street::open(&both(""), tasks_as);
    let project = street.project().to_owned();
    let burger = street.running("burger", 1).remove(0);
    let salad = street.running("salad", 1).remove(0);
    street.is_served("burger", 0..4, || ());
    street.is_served("salad", 0..4, || ());
    assert_eq!(ask(&burger, "/health"), json!({"shop": "burger"}));
    if tasks_as == "container" {
        assert_eq!(in_engine(&project).len(), 2);
    }

    street.is_served("burger", 4..10, || {
        let pid = burger.pids.first().expect("it runs");
        kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL).expect("it runs");
        street.is_over(&burger.task);
    });
    assert_ne!(street.running("burger", 1)[0].task, burger.task);

    street.tell("/_lunch/scale", &json!({"service": "salad", "desired": 2}));
    let salads = street.running("salad", 2);
    assert_ne!(salads[0].address, salads[1].address);
    street.is_served("salad", 4..10, || {
        street.tell("/_lunch/stop", &json!({"task": salad.task}));
        street.is_over(&salad.task);
    });
    street.running("salad", 2);

    let (killed, stopped) = (street.states(&burger.task), street.states(&salad.task));
    let exits = street.close();
    let code = |task: &str| {
        let (_, exit) = exits.iter().find(|(of, _)| of == task).expect("it has ended");
        exit.code()
    };
    if tasks_as == "container" {
        assert_eq!(in_engine(&project), Vec::<String>::new(), "nothing is left");
    }
    Lives { killed, killed_code: code(&burger.task), stopped, stopped_code: code(&salad.task) }
}

impl Street {
    /// Waits until a task is not shown any more among those that live.
    fn is_over(&self, task: &str) {
        wait_until(&format!("`{task}` is over"), || {
            let ps = self.cloud.ps();
            let found = ps.tasks.iter().find(|one| one.task == task);
            found.map_or(Ok(()), |task| Err(format!("{task:?}")))
        });
    }
}

#[test]
fn both_shops_serve_from_containers_through_the_states_of_processes() {
    let lives = lunchtime("container");
    assert_eq!((lives.killed_code, lives.stopped_code), (137, 0), "{lives:?}");
    assert_eq!(lives.stopped.last().map(String::as_str), Some("STOPPED"), "{lives:?}");
    assert_eq!(lives, lunchtime("process"));
}

#[test]
fn a_containers_health_is_asked_for_inside_of_it() {
    // The shop's program, in a part of it that ends with its input; and one that there is not.
    let check = |word: &str| {
        format!(
            "          HealthCheck: {{Command: [CMD, /burger, {word}], Interval: 5, Timeout: 5, Retries: 1}}\n"
        )
    };
    let street = Street::open(&both(&check("nutrition-worker")), "container");
    let health = |street: &Street, wanted: &str| {
        wait_until(&format!("`burger` is {wanted}"), || {
            let task = street.cloud.ps().tasks.into_iter().find(|task| task.owner == "burger");
            let healths = task.map(|task| task.health);
            if healths.as_deref() == Some(wanted) { Ok(()) } else { Err(format!("{healths:?}")) }
        });
    };
    health(&street, "HEALTHY");
    street.close();

    let street = Street::open(&both(&check("no-such-part")), "container");
    let first = street.running("burger", 1).remove(0);
    street.is_over(&first.task);
    let events = street.cloud.ps().services;
    assert!(street.states(&first.task).contains(&"STOPPED".to_owned()), "{events:?}");
    street.close();
}
