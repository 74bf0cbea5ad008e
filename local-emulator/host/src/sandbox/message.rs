//! What the supervisor is asked and what it tells: one message a packet, as JSON.
//!
//! Both ends are this very program, so there are no versions; a descriptor travels beside its message.

use std::ffi::OsString;
use std::io;

use lunch_contract::Exit;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::driver::{Owner, Peak, ProcessName, Signal};

/// What the supervisor is to do.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Asked {
    /// Start a process; its output's descriptor travels with it.
    Spawn(Start),
    /// Signal a process that it was asked for before: what has left its group, and its group too if that was not done
    /// already. A freeze is answered by `Looked`.
    Signal { process: ProcessName, signal: SignalName, group: bool },
    /// Let go of what was kept for the owner's next process: there will be none.
    Forget { owner: Owner },
}

/// All that a process needs to start, but for its output.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Start {
    pub(super) process: ProcessName,
    /// The program, and the folder that its code is in, as they are found outside.
    pub(super) program: OsString,
    pub(super) code: OsString,
    /// The size of the instance's own `/tmp`, in which case its code is at `/var/task`. `None`: in the host's folders.
    pub(super) tmp_mb: Option<u32>,
    pub(super) arguments: Vec<String>,
    pub(super) environment: Vec<(String, String)>,
}

/// A signal by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum SignalName {
    Freeze,
    Thaw,
    Terminate,
    Kill,
}

impl From<Signal> for SignalName {
    fn from(signal: Signal) -> Self {
        match signal {
            Signal::Freeze => Self::Freeze,
            Signal::Thaw => Self::Thaw,
            Signal::Terminate => Self::Terminate,
            Signal::Kill => Self::Kill,
        }
    }
}

impl From<SignalName> for Signal {
    fn from(name: SignalName) -> Self {
        match name {
            SignalName::Freeze => Self::Freeze,
            SignalName::Thaw => Self::Thaw,
            SignalName::Terminate => Self::Terminate,
            SignalName::Kill => Self::Kill,
        }
    }
}

/// What the supervisor tells.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Told {
    /// It has set itself up; once, first of all.
    Ready {
        /// Why there is no `/proc` of its own; `None`: there is one.
        proc_refused: Option<i32>,
        /// Why there is no `/var/task`, or no `/tmp` of an instance's own; `None`: there are both.
        folders_refused: Option<(String, i32)>,
    },
    /// It could not set itself up, and ends.
    Refused { step: String, errno: i32 },
    /// A process runs; the descriptor that stands for it travels with this.
    Started {
        process: ProcessName,
        pid: i32,
        /// Whether it is in folders of its own.
        apart: bool,
    },
    /// A process could not be started.
    NotStarted { process: ProcessName, program: OsString, step: Step, errno: i32 },
    /// A freeze has reached all of an instance.
    Looked {
        process: ProcessName,
        /// Whether there are processes outside its group, which the next thaw has to be asked for.
        others: bool,
    },
    /// A process has ended, and all that it had started.
    Exited { process: ProcessName, exit: Exit, peak: Peak },
}

/// How far a start has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(i32)]
pub(super) enum Step {
    Clone = 1,
    Session,
    Output,
    Limit,
    Folder,
    Execute,
    /// These three are done before there is a process.
    Code,
    ReadOnly,
    Temporary,
}

impl Step {
    /// What was being done, as a noun.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Clone => "making a process",
            Self::Session => "making a session",
            Self::Output => "connecting its output",
            Self::Limit => "limiting its open files",
            Self::Folder => "entering its code's folder",
            Self::Execute => "executing it",
            Self::Code => "binding its code to `/var/task`",
            Self::ReadOnly => "making its code read-only",
            Self::Temporary => "mounting its `/tmp`",
        }
    }
}

/// A message's bytes.
pub(super) fn write(message: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(message).expect("names, numbers and paths that are text can be written")
}

/// A message of these bytes.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    serde_json::from_slice(bytes).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use lunch_contract::{InstanceId, Process};

    use super::*;

    const PROCESS: ProcessName =
        ProcessName::Instance(Process { instance: InstanceId { serial: 4, index: 2 }, spawn: 1 });

    #[test]
    fn what_is_written_is_read() {
        let asked = Asked::Spawn(Start {
            process: PROCESS,
            program: "/code/bootstrap".into(),
            code: "/code".into(),
            tmp_mb: Some(512),
            arguments: vec!["--n".into(), "a b".into()],
            environment: vec![("STREET".into(), "Lime \"Street\"\n".into())],
        });
        assert_eq!(read::<Asked>(&write(&asked)).expect("it was written"), asked);
        let told = Told::Exited {
            process: PROCESS,
            exit: Exit::Signal(9),
            peak: Peak { kb: 4_096, is_exact: true },
        };
        assert_eq!(read::<Told>(&write(&told)).expect("it was written"), told);
    }

    #[test]
    fn a_path_may_be_any_bytes() {
        use std::os::unix::ffi::OsStringExt as _;
        let asked = Asked::Spawn(Start {
            process: PROCESS,
            program: OsString::from_vec(vec![b'/', 0xff, b'"']),
            code: "/".into(),
            tmp_mb: None,
            arguments: Vec::new(),
            environment: Vec::new(),
        });
        assert_eq!(read::<Asked>(&write(&asked)).expect("it was written"), asked);
    }
}
