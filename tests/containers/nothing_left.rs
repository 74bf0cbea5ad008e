//! However a cloud ends, its containers end with it, though the engine goes on.

use std::fs;

use lunch_tests::{Folder, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::street::{Street, both, in_engine};

/// The process that guards the containers of a `lunch`, which is its only child of that name.
fn guard(lunch: u32) -> Pid {
    let all = fs::read_dir("/proc").expect("there is one").flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_it = |pid: &i32| {
        let read = |file| fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
        let of_lunch = read("stat")
            .rsplit_once(") ")
            .is_some_and(|(_, rest)| rest.split(' ').nth(1) == Some(&lunch.to_string()));
        of_lunch && read("cmdline").contains("\0guard\0")
    };
    Pid::from_raw(pids.into_iter().find(is_it).expect("it has one"))
}

#[test]
fn no_container_is_left_after_lunch_itself_is_killed() {
    let street = Street::open(&both(""), "container");
    let project = street.project().to_owned();
    street.running("burger", 1);
    street.running("salad", 1);
    assert_eq!(in_engine(&project).len(), 2);
    street.cloud.kill();
    wait_until("all containers are gone", || match in_engine(&project) {
        left if left.is_empty() => Ok(()),
        left => Err(format!("{left:?}")),
    });
}

#[test]
fn what_is_left_all_the_same_goes_at_the_next_start() {
    let folder = Folder::make();
    let first = Street::builder(&folder, &both(""), "container").start();
    let project = folder.path().to_owned();
    wait_until("both run", || match in_engine(&project) {
        both if both.len() == 2 => Ok(()),
        some => Err(format!("{some:?}")),
    });
    kill(guard(first.pid()), Signal::SIGKILL).expect("it runs");
    first.kill();
    let left = in_engine(&project);
    assert!(!left.is_empty(), "nobody has removed them");
    let second =
        Street::builder(&folder, "Resources: {Q: {Type: AWS::SQS::Queue}}", "container").start();
    assert!(second.said().contains("of a `lunch` that has ended: removed"), "{}", second.said());
    assert_eq!(in_engine(&project), Vec::<String>::new());
}
