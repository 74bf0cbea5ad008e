//! What a container does by itself: the vocabulary of a scripted one.

use std::time::Duration;

use lunch_contract::ecs::{ContainerExit, StartFailure};

/// A container, from its start to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Script {
    /// How long its start takes.
    pub starts_after: Duration,
    /// Whether and why its start fails then.
    pub fails: Option<StartFailure>,
    /// When after its start it ends by itself, and how.
    pub exits: Option<(Duration, ContainerExit)>,
    /// How long it takes to end when it is asked to (SIGTERM). `None`: it ignores that.
    pub ends_after: Option<Duration>,
    /// How long it takes to say how it is.
    pub checks_take: Duration,
    /// From when after its start on its health checks fail.
    pub sick_after: Option<Duration>,
}

impl Script {
    /// Starts after that long, runs for ever, is healthy, and ends as soon as it is asked to.
    #[must_use]
    pub const fn works(starts_after: Duration) -> Self {
        Self {
            starts_after,
            fails: None,
            exits: None,
            ends_after: Some(Duration::from_millis(10)),
            checks_take: Duration::from_millis(5),
            sick_after: None,
        }
    }
}
