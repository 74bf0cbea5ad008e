//! Looks after the processes of the doors: hears which seed each has in hand, and says so when one dies or hangs.

use std::io::{BufRead as _, BufReader};
use std::num::NonZero;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::Plan;
use crate::doors::Door;

/// A case takes milliseconds: this is for machines that are very busy.
const HANG: Duration = Duration::from_secs(60);

/// Runs the doors, as many at once as there are processors; whether nothing was found.
pub(crate) fn are_clean(plan: &Plan) -> bool {
    // Built before anybody waits for it.
    let lunch = lunch_tests::lunch();
    let (next, found) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        while let Some(door) = plan.doors.get(next.fetch_add(1, Ordering::Relaxed)) {
            if !is_clean(door, plan, &lunch) {
                found.store(true, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(work);
        }
    });
    !found.into_inner()
}

/// Runs a door in a process of its own; whether nothing was found. Says what was.
fn is_clean(door: &Door, plan: &Plan, lunch: &Path) -> bool {
    let mut child = start(door, plan, lunch);
    let lines = lines(&mut child);
    let (mut seed, mut count) = (plan.seed, 0_u64);
    let found = loop {
        match lines.recv_timeout(HANG) {
            Ok(line) => match line.split_once(' ') {
                Some(("case", number)) => {
                    seed = number.parse().unwrap_or(seed);
                    count += 1;
                }
                Some(("found", what)) => break Some(what.replace('\u{1}', "\n")),
                _ => println!("{line}"),
            },
            Err(RecvTimeoutError::Timeout) => {
                break Some(format!("it says nothing for {} s", HANG.as_secs()));
            }
            Err(RecvTimeoutError::Disconnected) => break None,
        }
    };
    if found.is_some() {
        drop(child.kill());
    }
    let status = child.wait().expect("a child can be waited for");
    let found = found.or_else(|| (!status.success()).then(|| format!("it ended with {status}")));
    let Some(found) = found else {
        println!("{:<14} {count:>7} cases from seed {}", door.name, plan.seed);
        return true;
    };
    println!("{:<14} case {count}, seed {seed}: {found}", door.name);
    println!("(again: cargo run -p lunch-fuzz -- {} --cases 1 --seed {seed})", door.name);
    false
}

fn start(door: &Door, plan: &Plan, lunch: &Path) -> Child {
    let own = std::env::current_exe().expect("this program has a path");
    let mut command = Command::new(own);
    command.args([door.name, "--inside", "--seed", &plan.seed.to_string()]);
    command.args(["--seconds", &plan.seconds.as_secs().to_string()]);
    command.args(["--cases", &plan.cases.to_string()]);
    command.env("LUNCH", lunch).stdin(Stdio::null()).stdout(Stdio::piped());
    command.spawn().expect("this program can be started again")
}

fn lines(child: &mut Child) -> Receiver<String> {
    let stdout = child.stdout.take().expect("stdout is piped");
    let (tell, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            drop(tell.send(line));
        }
    });
    lines
}
