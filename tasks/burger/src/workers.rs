//! Workers that do a stint in place of burgers: threads, or tasks on one event loop, as the engine has it. What they come to
//! and what they cost is measured for whoever compares.

use std::io;
use std::sync::mpsc;
use std::sync::{Arc, Barrier};
use std::thread::{self, Builder, JoinHandle};
use std::time::{Duration, Instant};

use shopfront::stint::{
    Cost, Costs, Done, Meter, Piece, Stint, Work, calculate, now_ns, own_bytes, pin, slices, work,
};
use tokio::runtime::{self, Runtime};
use tokio::sync::{Barrier as Meeting, mpsc as async_mpsc};
use tokio::task::{JoinSet, yield_now};
use tokio::time::sleep;

use crate::settings::{Engine, Worker};

/// Does a stint, with a worker of this engine for each that is asked for.
///
/// # Errors
/// If the operating system has no place for them all.
pub fn stint(engine: Engine, stint: Stint) -> io::Result<Done> {
    match engine {
        Engine::Threads(worker) => by_threads(worker, stint),
        Engine::Async => event_loop()?.block_on(by_tasks(stint)),
    }
}

/// Measures what such workers cost.
///
/// # Errors
/// If the operating system has no place for them all.
pub fn costs(engine: Engine, costs: Costs) -> io::Result<Cost> {
    match engine {
        Engine::Threads(_) => of_threads(costs),
        Engine::Async => event_loop()?.block_on(of_tasks(costs)),
    }
}

fn event_loop() -> io::Result<Runtime> {
    runtime::Builder::new_current_thread().enable_all().build()
}

fn keep(worker: Worker) -> io::Result<()> {
    match worker {
        Worker::One => pin(),
        Worker::Free => Ok(()),
    }
}

fn by_threads(worker: Worker, stint: Stint) -> io::Result<Done> {
    let together = Arc::new(Barrier::new(stint.workers + 1));
    let start = |_| {
        let together = Arc::clone(&together);
        Builder::new().spawn(move || {
            let kept = keep(worker);
            together.wait();
            kept.map(|()| work(stint.work, stint.ends_ns()))
        })
    };
    let workers = (0..stint.workers).map(start).collect::<io::Result<Vec<_>>>()?;
    let meter = Meter::start()?;
    together.wait();
    let mut pieces = Vec::new();
    for worker in workers {
        pieces.extend(joined(worker)?);
    }
    meter.done(pieces)
}

fn joined<T>(thread: JoinHandle<io::Result<T>>) -> io::Result<T> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("a worker's thread panicked")))
}

async fn by_tasks(stint: Stint) -> io::Result<Done> {
    let (meter, ends_ns) = (Meter::start()?, stint.ends_ns());
    let mut workers = JoinSet::new();
    for _ in 0..stint.workers {
        workers.spawn(task(stint.work, ends_ns));
    }
    let pieces = workers.join_all().await.into_iter().flatten().collect();
    meter.done(pieces)
}

/// As a thread does it; what calculates gives up control after each slice, which nobody can make it do.
async fn task(work: Work, ends_ns: u64) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    loop {
        let from_ns = now_ns();
        if from_ns >= ends_ns && !pieces.is_empty() {
            return pieces;
        }
        let mut done = Vec::new();
        match work {
            Work::WaitsMs(ms) => sleep(Duration::from_millis(ms)).await,
            Work::Rounds(rounds) => {
                for rounds in slices(rounds) {
                    done.push(calculate(rounds));
                    yield_now().await;
                }
            }
        }
        pieces.push(Piece { from_ns, to_ns: now_ns(), slices: done });
    }
}

fn of_threads(costs: Costs) -> io::Result<Cost> {
    // What the first thread of all brings along is no worker's.
    thread::spawn(|| {}).join().map_err(|_| io::Error::other("a thread panicked"))?;
    let (begun, ended) =
        (Arc::new(Barrier::new(costs.workers + 1)), Arc::new(Barrier::new(costs.workers + 1)));
    let mut workers = Vec::with_capacity(costs.workers);
    let (bytes, start) = (own_bytes(), Instant::now());
    for _ in 0..costs.workers {
        let (begun, ended) = (Arc::clone(&begun), Arc::clone(&ended));
        workers.push(Builder::new().spawn(move || {
            begun.wait();
            ended.wait();
        })?);
    }
    begun.wait();
    let create_us = each_us(start, costs.workers);
    let memory_bytes = each_bytes(bytes, costs.workers);
    ended.wait();
    for worker in workers {
        worker.join().map_err(|_| io::Error::other("a thread panicked"))?;
    }
    let switch_us = handing_over(costs.rounds)?;
    Ok(Cost { create_us, memory_bytes, switch_us })
}

/// Two threads that wake each other, on one core also where workers are free: from core to core it would be no switch.
fn handing_over(rounds: u32) -> io::Result<f64> {
    let (there, asked) = mpsc::channel::<()>();
    let (back, answered) = mpsc::channel::<()>();
    let other = Builder::new().spawn(move || -> io::Result<()> {
        pin()?;
        while asked.recv().is_ok_and(|()| back.send(()).is_ok()) {}
        Ok(())
    })?;
    let one = Builder::new().spawn(move || -> io::Result<f64> {
        pin()?;
        let gone = || io::Error::other("the other thread is gone");
        let mut start = Instant::now();
        // The first time includes the other's start.
        for round in 0..=rounds {
            there.send(()).map_err(|_| gone())?;
            answered.recv().map_err(|_| gone())?;
            if round == 0 {
                start = Instant::now();
            }
        }
        Ok(start.elapsed().as_secs_f64() * 1e6 / (2.0 * f64::from(rounds)))
    })?;
    let switch_us = joined(one)?;
    joined(other)?;
    Ok(switch_us)
}

async fn of_tasks(costs: Costs) -> io::Result<Cost> {
    let (begun, ended) =
        (Arc::new(Meeting::new(costs.workers + 1)), Arc::new(Meeting::new(costs.workers + 1)));
    let mut workers = JoinSet::new();
    let (bytes, start) = (own_bytes(), Instant::now());
    for _ in 0..costs.workers {
        let (begun, ended) = (Arc::clone(&begun), Arc::clone(&ended));
        workers.spawn(async move {
            begun.wait().await;
            ended.wait().await;
        });
    }
    begun.wait().await;
    let create_us = each_us(start, costs.workers);
    let memory_bytes = each_bytes(bytes, costs.workers);
    ended.wait().await;
    workers.join_all().await;
    let switch_us = turning(costs.rounds).await;
    Ok(Cost { create_us, memory_bytes, switch_us })
}

/// Two tasks on the loop that wake each other.
async fn turning(rounds: u32) -> f64 {
    let (there, mut asked) = async_mpsc::unbounded_channel::<()>();
    let (back, mut answered) = async_mpsc::unbounded_channel::<()>();
    let other =
        tokio::spawn(async move { while asked.recv().await.is_some() && back.send(()).is_ok() {} });
    // A task like the other: what is blocked on is no task.
    let one = tokio::spawn(async move {
        let start = Instant::now();
        for _ in 0..rounds {
            if there.send(()).is_err() || answered.recv().await.is_none() {
                break;
            }
        }
        start.elapsed()
    });
    let (took, _) = tokio::join!(one, other);
    took.unwrap_or_default().as_secs_f64() * 1e6 / (2.0 * f64::from(rounds))
}

fn each_us(start: Instant, workers: usize) -> f64 {
    let workers = u32::try_from(workers).unwrap_or(u32::MAX);
    start.elapsed().as_secs_f64() * 1e6 / f64::from(workers)
}

fn each_bytes(before: Option<u64>, workers: usize) -> Option<u64> {
    let more = own_bytes()?.saturating_sub(before?);
    more.checked_div(u64::try_from(workers).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGINES: [Engine; 3] =
        [Engine::Async, Engine::Threads(Worker::One), Engine::Threads(Worker::Free)];

    #[test]
    fn all_workers_wait_at_once_whoever_switches() {
        for engine in ENGINES {
            let asked = Stint { workers: 5, work: Work::WaitsMs(30), lasts_ms: 1 };
            let done = stint(engine, asked).expect("there is room for five");
            assert_eq!(done.pieces.len(), 5, "{engine:?}");
            let last = done.pieces.iter().map(|piece| piece.from_ns).max();
            let first = done.pieces.iter().map(|piece| piece.to_ns).min();
            assert!(last < first, "{engine:?}: the last begins before the first ends: {done:?}");
        }
    }

    #[test]
    fn on_one_event_loop_and_on_one_core_nothing_calculates_beside_anything() {
        for engine in [Engine::Async, Engine::Threads(Worker::One)] {
            let asked = Stint { workers: 3, work: Work::Rounds(160_000), lasts_ms: 1 };
            let done = stint(engine, asked).expect("there is room for three");
            let cores: std::collections::BTreeSet<_> = done
                .pieces
                .iter()
                .flat_map(|piece| &piece.slices)
                .map(|slice| slice.core)
                .collect();
            assert!(engine == Engine::Async || cores.len() == 1, "{cores:?}");
            let mut slices: Vec<_> = done.pieces.iter().flat_map(|piece| &piece.slices).collect();
            assert!(slices.len() >= 48 && done.cpu_ns > 0);
            slices.sort_unstable_by_key(|slice| slice.from_ns);
            let apart = slices.windows(2).all(|pair| pair[0].to_ns <= pair[1].from_ns);
            assert!(apart || engine != Engine::Async, "two tasks of one loop at once");
        }
    }

    #[test]
    fn what_a_worker_costs_is_measured() {
        for engine in ENGINES {
            let cost = costs(engine, Costs { workers: 50, rounds: 50 }).expect("room for fifty");
            assert!(cost.create_us > 0.0 && cost.switch_us > 0.0, "{engine:?}: {cost:?}");
        }
    }
}
