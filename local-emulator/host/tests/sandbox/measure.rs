//! What a start and a signal cost, beside the same program started by hand in the same run. It prints and fails never.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lunch_host::Signal;
use lunch_host::sandbox::Force;
use nix::sys::signal::{SIGCONT, killpg};
use nix::unistd::Pid;

use crate::cases::COUNTER;
use crate::look::{holders, is_stopped, read, until};
use crate::world::{World, folder, name, play};

const PROGRAM: &str = "/usr/bin/env";
const ROUNDS: usize = 300;

/// Measures under one kind of isolation.
pub(crate) fn measure(force: Force) {
    play(force, folder("measure"), async |world: &mut World| {
        let (mut by_hand, mut started, mut ended) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            // In turns, so that neither has the better half of the run.
            if round % 2 == 0 {
                by_hand.push(start_by_hand(world));
            }
            let (start, end) = start_and_end(world).await;
            started.push(start);
            ended.push(end);
            if round % 2 == 1 {
                by_hand.push(start_by_hand(world));
            }
        }
        let (by_hand, started) = (median_us(by_hand), median_us(started));
        println!("{} (`{}`)", name(force), world.isolation());
        println!(
            "  start to first byte {started:.0} us, by hand {by_hand:.0} us, ratio {:.2}",
            started / by_hand
        );
        println!("  kill to the told exit {:.0} us", median_us(ended));
        signals(world, "alone", "").await;
        signals(world, "with one outside its group", COUNTER).await;
    });
}

/// From the start of a process until its first byte.
fn start_by_hand(world: &World) -> Duration {
    let began = Instant::now();
    let mut child = Command::new(PROGRAM)
        .env_clear()
        .envs(world.environment())
        .current_dir(world.folder())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it is a program");
    let mut byte = [0];
    child.stdout.as_mut().expect("piped").read_exact(&mut byte).expect("it writes");
    let took = began.elapsed();
    child.wait().expect("it is a child");
    took
}

/// From the start of a process until its first byte, and from the kill of another to its told exit.
async fn start_and_end(world: &mut World) -> (Duration, Duration) {
    let began = Instant::now();
    let (process, mut output) = world.spawn(Path::new(PROGRAM));
    let mut byte = [0];
    output.read_exact(&mut byte).expect("it writes");
    let start = began.elapsed();
    world.started(process).await;
    world.exited(process).await;
    let (process, mut output) = world.shell("echo up; read line");
    world.started(process).await;
    assert_eq!(read(&mut output, 3), "up\n");
    let began = Instant::now();
    world.signal(process, Signal::Kill);
    world.exited(process).await;
    (start, began.elapsed())
}

/// What freezes and thaws keep the caller for, beside the same signal to the group by hand.
async fn signals(world: &mut World, title: &str, before: &str) {
    let (process, mut output) =
        world.shell(&format!("{before} echo up; while true; do read x; done"));
    let pid = i32::try_from(world.started(process).await).expect("it fits");
    read(&mut output, 1);
    let outside: Vec<_> = holders(&world.token()).into_iter().filter(|one| *one != pid).collect();
    let all_are_stopped = || outside.iter().chain([&pid]).all(|pid| is_stopped(*pid));
    let (mut freezes, mut thaws, mut reached, mut by_hand) = (vec![], vec![], vec![], vec![]);
    for round in 0..ROUNDS {
        let began = Instant::now();
        world.signal(process, Signal::Freeze);
        freezes.push(began.elapsed());
        until(all_are_stopped);
        reached.push(began.elapsed());
        // Until the answer has been read.
        for _ in 0..20 {
            world.none().await;
        }
        if round % 2 == 0 {
            let began = Instant::now();
            killpg(Pid::from_raw(pid), SIGCONT).expect("it is stopped");
            by_hand.push(began.elapsed());
            world.signal(process, Signal::Thaw);
        } else {
            let began = Instant::now();
            world.signal(process, Signal::Thaw);
            thaws.push(began.elapsed());
        }
        until(|| !is_stopped(pid));
    }
    println!(
        "  {title}: the caller's freeze {:.1} us, thaw {:.1} us (by hand {:.1} us), all stopped after {:.0} us",
        median_us(freezes),
        median_us(thaws),
        median_us(by_hand),
        median_us(reached)
    );
    drop(output);
    world.signal(process, Signal::Kill);
    world.exited(process).await;
}

fn median_us(mut all: Vec<Duration>) -> f64 {
    all.sort_unstable();
    all[all.len() / 2].as_secs_f64() * 1e6
}
