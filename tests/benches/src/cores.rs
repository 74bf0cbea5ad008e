//! Which cores everything runs on: who is started inherits them.
//!
//! One client's latency over loopback has two modes, one core and two, three times apart; so nearly everything is
//! measured on one core, client, server and function together.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use crate::failure::Failure;

/// The cores that this program was given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cores {
    all: CpuSet,
    /// How many they are.
    pub(crate) count: usize,
    /// The last of them, which does most of the measuring.
    pub(crate) one: usize,
}

impl Cores {
    /// Looks which ones there are.
    pub(crate) fn given() -> Result<Self, Failure> {
        let all = sched_getaffinity(MYSELF).map_err(Failure::to("see which cores there are"))?;
        let mine = (0..CpuSet::count()).filter(|&core| all.is_set(core).unwrap_or(false));
        let mine: Vec<_> = mine.collect();
        let one = mine.last().copied().unwrap_or_default();
        Ok(Self { all, count: mine.len(), one })
    }

    /// From here on this thread, and all that it starts, runs on one core.
    pub(crate) fn take_one(&self) -> Result<(), Failure> {
        let mut one = CpuSet::new();
        one.set(self.one).map_err(Failure::to("name a core"))?;
        sched_setaffinity(MYSELF, &one).map_err(Failure::to("stay on one core"))
    }

    /// From here on it runs on all of them.
    pub(crate) fn take_all(&self) -> Result<(), Failure> {
        sched_setaffinity(MYSELF, &self.all).map_err(Failure::to("use all cores"))
    }
}

/// The calling thread.
const MYSELF: Pid = Pid::from_raw(0);
