//! Who starts, stops and ends processes: the sandbox, or in a test something that plays one.

use std::fmt;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::task::{Context, Poll};

use lunch_contract::ecs::ContainerRun;
use lunch_contract::{Exit, InstanceId, Process, SpawnFailure};
use serde::{Deserialize, Serialize};

/// Whose a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ProcessName {
    /// An instance's.
    Instance(Process),
    /// A container's, of a task.
    Container(ContainerRun),
    /// The one that asks a container for its health, by the check's number.
    Check(ContainerRun, u32),
}

impl From<Process> for ProcessName {
    fn from(process: Process) -> Self {
        Self::Instance(process)
    }
}

impl From<ContainerRun> for ProcessName {
    fn from(run: ContainerRun) -> Self {
        Self::Container(run)
    }
}

impl ProcessName {
    /// Whose its folders are.
    #[must_use]
    pub const fn owner(self) -> Owner {
        match self {
            Self::Instance(process) => Owner::Instance(process.instance),
            Self::Container(run) => Owner::Container(run),
            Self::Check(run, check) => Owner::Check(run, check),
        }
    }
}

/// Who has folders, for as long as it may start processes that find them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Owner {
    /// An instance, for all of its processes.
    Instance(InstanceId),
    /// One run of a container.
    Container(ContainerRun),
    /// One check of it.
    Check(ContainerRun, u32),
}

impl From<InstanceId> for Owner {
    fn from(instance: InstanceId) -> Self {
        Self::Instance(instance)
    }
}

/// Starts processes, signals them, and reports what became of them.
pub trait Processes {
    /// Begins to start a process. What came of it is reported.
    fn spawn(&mut self, launch: Launch);

    /// Signals a process and all that belongs to it. One that has ended is let be.
    fn signal(&mut self, process: ProcessName, signal: Signal);

    /// The owner will start nothing any more: what was kept for its processes goes.
    fn forget(&mut self, owner: Owner) {
        let _ = owner;
    }

    /// Whether a process can have folders of its own.
    fn has_folders(&self) -> bool {
        false
    }

    /// Why processes are not kept apart from the host as they would be elsewhere, in sentences; `None`: they are.
    fn why_not_more(&self) -> Option<String> {
        None
    }

    /// The next report, when there is one. It is pending for ever after the last.
    fn poll_report(&mut self, cx: &mut Context<'_>) -> Poll<Report>;
}

/// All that a process needs to start.
#[derive(Debug)]
pub struct Launch {
    /// Its name.
    pub process: ProcessName,
    /// The program.
    pub program: PathBuf,
    /// What it is given beside its own name.
    pub arguments: Vec<String>,
    /// The folder that the code is in. The program is in it where the process has folders of its own.
    pub code: PathBuf,
    /// Where the process finds it.
    pub folders: Folders,
    /// The whole of its environment.
    pub environment: Vec<(String, String)>,
    /// Where stdout and stderr go.
    pub output: OwnedFd,
}

/// Which folders a process finds. Its working folder is its code's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folders {
    /// AWS's: its code at `/var/task`, read-only, and a `/tmp` of the instance's own, of that size, MB in AWS's sense.
    Own {
        /// The size.
        tmp_mb: u32,
    },
    /// The host's: its code where it is, and the machine's own `/tmp`.
    Host,
}

/// What is done to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Stop running: SIGSTOP.
    Freeze,
    /// Run again: SIGCONT.
    Thaw,
    /// Be told to end: SIGTERM.
    Terminate,
    /// End: SIGKILL.
    Kill,
}

/// The most memory that an ended process has had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peak {
    /// KB.
    pub kb: u64,
    /// Whether it was its own. A process counts as much as who started it even where it never had that.
    pub is_exact: bool,
}

/// What became of a process. Each spawn is answered by `NotStarted`, or by `Started` and later one `Exited`.
#[derive(Clone, Debug)]
pub enum Report {
    /// It runs.
    Started {
        /// Which one.
        process: ProcessName,
        /// Its process id, as the host counts.
        pid: u32,
        /// How it is kept apart from the host, in words.
        isolation: String,
    },
    /// It could not be started.
    NotStarted {
        /// Which one.
        process: ProcessName,
        /// Why, in AWS's kinds.
        why: SpawnFailure,
        /// Why, for a human.
        sentence: String,
    },
    /// It has ended, and so has all that it had started.
    Exited {
        /// Which one.
        process: ProcessName,
        /// How.
        exit: Exit,
        /// The most memory that it has had.
        peak: Peak,
    },
    /// The supervisor itself is at its end: nothing can be started any more.
    Lost {
        /// Why, for a human.
        sentence: String,
    },
}

impl fmt::Debug for dyn Processes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Processes")
    }
}
