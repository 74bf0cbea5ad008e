//! Workers that do a stint in place of salads: a process for each, for comparing what they cost and come to. They are told
//! by a line on their standard input and tell by one on their standard output; nothing is shared.

use std::ffi::OsStr;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use shopfront::stint::{Asked, Cost, Costs, Done, Meter, Stint, own_bytes, pin, work};
use thiserror::Error;

/// The first argument of a process that is a worker.
pub const WORKER: &str = "worker";

/// Stints that cannot be done.
#[derive(Debug, Error)]
pub enum NotDone {
    /// They make no sense.
    #[error("{0}")]
    Argument(String),
    /// The operating system has no place for the workers, or one of them is gone.
    #[error("the workers do not work: {0}")]
    Machine(#[from] io::Error),
}

/// What a worker is told.
#[derive(Debug, Serialize, Deserialize)]
enum Told {
    /// Do this, and say what it came to.
    Do(Stint),
    /// Stay on the first core from now on.
    Stay,
    /// Answer.
    Ping,
}

/// What a worker tells.
#[derive(Debug, Serialize, Deserialize)]
enum Tells {
    /// It has begun, and holds so many bytes of memory of its own.
    Begun(Option<u64>),
    /// What its stint came to.
    Done(Done),
    /// It was told something.
    Heard,
}

/// What `stint JSON` or `costs JSON` come to; `None` if these arguments are neither.
///
/// # Errors
/// If they make no sense, or the workers do not work.
pub fn asked(part: &OsStr, given: Option<&OsStr>) -> Option<Result<Value, NotDone>> {
    let asked = Asked::from(part.to_str()?, given.and_then(OsStr::to_str))?;
    Some(asked.map_err(NotDone::Argument).and_then(|asked| match asked {
        Asked::Stint(asked) => Ok(value(&stint(asked)?)),
        Asked::Costs(asked) => Ok(value(&costs(asked)?)),
    }))
}

fn value(measured: &impl Serialize) -> Value {
    serde_json::to_value(measured).expect("figures are plain data")
}

/// Does a stint, with a process for each worker.
///
/// # Errors
/// If one does not start or is gone.
pub fn stint(stint: Stint) -> io::Result<Done> {
    let mut workers =
        (0..stint.workers).map(|_| Worker::start()).collect::<io::Result<Vec<_>>>()?;
    for worker in &mut workers {
        worker.begun()?;
    }
    for worker in &mut workers {
        worker.tell(&Told::Do(stint))?;
    }
    let mut all = Done { memory_bytes: Some(0), ..Done::default() };
    for worker in &mut workers {
        let Tells::Done(done) = worker.hear()? else { return Err(out_of_turn()) };
        all.pieces.extend(done.pieces);
        all.cpu_ns += done.cpu_ns;
        all.voluntary_switches += done.voluntary_switches;
        all.involuntary_switches += done.involuntary_switches;
        all.memory_bytes = all.memory_bytes.zip(done.memory_bytes).map(|(sum, more)| sum + more);
    }
    Ok(all)
}

/// Measures what such workers cost.
///
/// # Errors
/// If one does not start or is gone, or the kernel keeps none on a core.
pub fn costs(costs: Costs) -> io::Result<Cost> {
    let number = |workers: usize| f64::from(u32::try_from(workers).unwrap_or(u32::MAX));
    let start = Instant::now();
    let mut workers =
        (0..costs.workers).map(|_| Worker::start()).collect::<io::Result<Vec<_>>>()?;
    let bytes = workers.iter_mut().map(Worker::begun).collect::<io::Result<Option<Vec<_>>>>()?;
    let create_us = start.elapsed().as_secs_f64() * 1e6 / number(costs.workers);
    let memory_bytes = bytes.map(|bytes| {
        bytes.iter().sum::<u64>() / u64::try_from(bytes.len().max(1)).unwrap_or(u64::MAX)
    });
    workers.truncate(1);
    let Some(other) = workers.first_mut() else { return Err(out_of_turn()) };
    let switch_us = handing_over(other, costs.rounds)?;
    Ok(Cost { create_us, memory_bytes, switch_us })
}

/// This process and another on one core wake each other.
fn handing_over(other: &mut Worker, rounds: u32) -> io::Result<f64> {
    pin()?;
    other.tell(&Told::Stay)?;
    other.heard()?;
    let start = Instant::now();
    for _ in 0..rounds {
        other.tell(&Told::Ping)?;
        other.heard()?;
    }
    Ok(start.elapsed().as_secs_f64() * 1e6 / (2.0 * f64::from(rounds)))
}

/// What a worker does until nobody tells it anything any more.
///
/// # Errors
/// If it is told what it does not know.
pub fn run() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let mut tell = |tells: &Tells| -> io::Result<()> {
        out.write_all(&line(tells))?;
        out.flush()
    };
    tell(&Tells::Begun(own_bytes()))?;
    for told in io::stdin().lock().lines() {
        match serde_json::from_str(&told?)? {
            Told::Do(stint) => {
                let meter = Meter::start()?;
                let pieces = work(stint.work, stint.ends_ns());
                tell(&Tells::Done(meter.done(pieces)?))?;
            }
            Told::Stay => {
                pin()?;
                tell(&Tells::Heard)?;
            }
            Told::Ping => tell(&Tells::Heard)?,
        }
    }
    Ok(())
}

fn line(message: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(message).expect("a message has only text for keys");
    line.push(b'\n');
    line
}

fn out_of_turn() -> io::Error {
    io::Error::other("a worker speaks out of turn")
}

/// A process that is a worker; ended when it is dropped.
struct Worker {
    process: Child,
    tells: ChildStdin,
    hears: BufReader<ChildStdout>,
}

impl Worker {
    fn start() -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut process =
            command.arg(WORKER).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(tells), Some(hears)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(io::Error::other("a process was started without its pipes"));
        };
        Ok(Self { process, tells, hears: BufReader::new(hears) })
    }

    fn tell(&mut self, told: &Told) -> io::Result<()> {
        self.tells.write_all(&line(told))
    }

    fn hear(&mut self) -> io::Result<Tells> {
        let mut line = String::new();
        if self.hears.read_line(&mut line)? == 0 {
            return Err(io::Error::other("a worker is gone"));
        }
        Ok(serde_json::from_str(&line)?)
    }

    fn begun(&mut self) -> io::Result<Option<u64>> {
        match self.hear()? {
            Tells::Begun(bytes) => Ok(bytes),
            Tells::Done(_) | Tells::Heard => Err(out_of_turn()),
        }
    }

    fn heard(&mut self) -> io::Result<()> {
        match self.hear()? {
            Tells::Heard => Ok(()),
            Tells::Begun(_) | Tells::Done(_) => Err(out_of_turn()),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended by itself; a killed one does not keep anybody waiting.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
