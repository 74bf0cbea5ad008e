//! A pool of processes, one per core, for what would hold the event loop. They are started when they are needed first.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::unix::pipe;
use tokio::sync::Semaphore;

/// As which the program is started for the pool.
pub const WORKER: &str = "nutrition-worker";

/// Processes that answer a line with a line.
#[derive(Debug)]
pub struct Pool {
    program: PathBuf,
    argument: OsString,
    /// One per core.
    free: Semaphore,
    idle: Mutex<Vec<Process>>,
}

impl Pool {
    /// A pool of this very program, one process per core.
    ///
    /// # Errors
    /// If the operating system does not tell where this program is.
    pub fn of_this_program() -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Ok(Self::of(std::env::current_exe()?, WORKER.into(), cores))
    }

    /// A pool of so many processes of a program.
    #[must_use]
    pub fn of(program: PathBuf, argument: OsString, processes: usize) -> Self {
        let (free, idle) = (Semaphore::new(processes), Mutex::new(Vec::new()));
        Self { program, argument, free, idle }
    }

    /// Asks a process of the pool, once one is free. A process that has died is replaced by another, which is asked again.
    ///
    /// # Errors
    /// If no process can be started, or that one dies, too.
    pub async fn ask(&self, line: &str) -> io::Result<String> {
        let _place = self.free.acquire().await.map_err(io::Error::other)?;
        let idle = self.idle().pop();
        if let Some(mut process) = idle
            && let Ok(answer) = process.ask(line).await
        {
            self.idle().push(process);
            return Ok(answer);
        }
        let mut process = Process::start(&self.program, &self.argument)?;
        let answer = process.ask(line).await?;
        self.idle().push(process);
        Ok(answer)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Process>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A process of the pool; ended when it is dropped.
#[derive(Debug)]
struct Process {
    child: Child,
    asks: pipe::Sender,
    answers: BufReader<pipe::Receiver>,
}

impl Process {
    fn start(program: &PathBuf, argument: &OsString) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.arg(argument).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let (Some(asks), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("a process was started without its pipes"));
        };
        Ok(Self {
            child,
            asks: pipe::Sender::from_owned_fd(OwnedFd::from(asks))?,
            answers: BufReader::new(pipe::Receiver::from_owned_fd(OwnedFd::from(answers))?),
        })
    }

    async fn ask(&mut self, line: &str) -> io::Result<String> {
        self.asks.write_all(format!("{line}\n").as_bytes()).await?;
        let mut answer = String::new();
        if self.answers.read_line(&mut answer).await? == 0 {
            return Err(io::Error::other("a process of the pool has ended"));
        }
        Ok(answer.trim_end().to_owned())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; a killed one does not keep anybody waiting.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `cat` answers a line with that line.
    fn cat(processes: usize) -> Pool {
        Pool::of("/bin/cat".into(), "-".into(), processes)
    }

    #[tokio::test]
    async fn a_process_answers_and_is_used_again() {
        let pool = cat(1);
        assert_eq!(pool.ask("7").await.expect("it answers"), "7");
        let first = pool.idle()[0].child.id();
        assert_eq!(pool.ask("8").await.expect("it answers"), "8");
        assert_eq!(pool.idle()[0].child.id(), first);
    }

    #[tokio::test]
    async fn a_process_that_died_is_replaced() {
        let pool = cat(1);
        pool.ask("7").await.expect("it answers");
        {
            let child = &mut pool.idle()[0].child;
            child.kill().expect("it lives");
            child.wait().expect("it ends");
        }
        assert_eq!(pool.ask("8").await.expect("another answers"), "8");
    }

    #[tokio::test]
    async fn there_are_never_more_processes_than_cores() {
        let pool = cat(2);
        let asked = tokio::join!(pool.ask("1"), pool.ask("2"), pool.ask("3"), pool.ask("4"));
        let answers = [asked.0, asked.1, asked.2, asked.3].map(|asked| asked.expect("an answer"));
        assert_eq!(answers, ["1", "2", "3", "4"]);
        assert_eq!(pool.idle().len(), 2);
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_an_error() {
        let pool = Pool::of("/nowhere".into(), "-".into(), 1);
        pool.ask("1").await.expect_err("there is none");
    }
}
