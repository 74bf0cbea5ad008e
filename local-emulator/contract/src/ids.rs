//! Ids: dense inside, never reused, short when printed.

use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

/// A function of the deployment; its name and ARN are the driver's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FunctionId(pub u32);

/// One state of a function's code and configuration. A function's revisions are numbered from 1 by the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RevisionId(pub u32);

/// What of a function is called: `$LATEST`, a version or an alias. The driver numbers them; those of two functions have
/// nothing to do with each other.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct QualifierId(pub u32);

impl QualifierId {
    /// `$LATEST`, which is meant where nothing is said.
    pub const LATEST: Self = Self(0);

    /// Whether it is `$LATEST`.
    #[must_use]
    pub const fn is_latest(&self) -> bool {
        self.0 == Self::LATEST.0
    }
}

/// An execution environment: AWS's word for what this code calls an instance.
///
/// `index` is dense and is used again; `serial` counts births and never is, so that an id names one instance for ever
/// and a late word about a dead one cannot touch its successor. Instances sort by birth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InstanceId {
    /// The count of births before this one.
    pub serial: u32,
    /// Where the instance stands in a table of the living.
    pub index: u32,
}

/// One operating-system process of an instance: a reset instance is the same instance with its next process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Process {
    /// The instance that it runs in.
    pub instance: InstanceId,
    /// The count of the instance's processes before this one.
    pub spawn: u32,
}

/// An invocation as a caller asked for it. The driver makes the id and may use its `index` again after `Release`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId {
    /// The count of requests before this one.
    pub serial: u64,
    /// Where the request stands in a table of the unfinished.
    pub index: u32,
}

/// Who has a say in when an instance is ready and when an invocation has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Participant {
    /// The runtime: the process that answers invocations.
    Runtime,
    /// The n-th extension that registered with the instance, from 0.
    Extension(u8),
}

impl fmt::Display for FunctionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "f-{}", self.0)
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "i-{:04}", self.serial)
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.instance, self.spawn)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r-{:04}", self.serial)
    }
}

/// Hands out dense indexes with a serial number beside each; an index comes back into use after `free`.
#[derive(Clone, Debug, Default)]
pub struct IdAllocator {
    free: Vec<u32>,
    indexes: u32,
    serial: u64,
}

impl IdAllocator {
    /// The next index and serial number.
    ///
    /// # Panics
    /// If more than 4 billion are in use at once.
    pub fn allocate(&mut self) -> (u32, u64) {
        let index = self.free.pop().unwrap_or_else(|| {
            let index = self.indexes;
            self.indexes = index.checked_add(1).expect("fewer than 4 billion ids are in use");
            index
        });
        let serial = self.serial;
        self.serial += 1;
        (index, serial)
    }

    /// Takes an index back. The caller says so once for each `allocate`.
    pub fn free(&mut self, index: u32) {
        self.free.push(index);
    }

    /// One that goes on where another was: those indexes are in use, and so many serial numbers were handed out.
    #[must_use]
    pub fn resume(in_use: impl IntoIterator<Item = u32>, allocated: u64) -> Self {
        let mut in_use: Vec<u32> = in_use.into_iter().collect();
        in_use.sort_unstable();
        let (mut free, mut indexes) = (Vec::new(), 0);
        for index in in_use {
            free.extend(indexes..index);
            indexes = index.saturating_add(1);
        }
        Self { free, indexes, serial: allocated }
    }

    /// How many were handed out so far.
    #[must_use]
    pub const fn allocated(&self) -> u64 {
        self.serial
    }
}
