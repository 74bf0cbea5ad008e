//! Bugs that can be planted, so that the laws of the simulation are seen to fail.
//!
//! Without the feature `planted`, `is` is a constant `false` and none of this is in the program.

/// A mistake that somebody could make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Bug {
    /// An instance that was handed out stays available.
    InstanceTwice = 1,
    /// A word of any process of an instance counts as its present one's.
    StaleExit,
    /// The idle time of an instance is not armed again after its first invocation.
    IdleNotRearmed,
    /// The timeout is armed for an instance's first invocation only.
    DeadlineNotArmed,
    /// The least recently used instance serves in place of the most recently used one.
    LeastRecentlyUsed,
    /// A crash leaves its request counted as in flight.
    LeakedSlot,
    /// A timeout answers who was answered already.
    DoubleReply,
    /// An answer is taken although its deadline has come.
    LateAnswer,
    /// The freeze does not ask whether the instance is busy.
    FreezeBusy,
    /// A frozen instance is given a request as it is.
    MissingThaw,
    /// Reserved concurrency lets one more in.
    ReservedOffByOne,
    /// The end of a life is not armed.
    EndlessLife,
    /// Idle instances survive a deployment.
    OldRevision,
    /// Billed time is rounded down.
    BilledDown,
    /// A request is released twice.
    ReleaseTwice,
    /// A request that timed out is never released.
    ReleaseNever,
    /// The shutdown forgets what is frozen.
    ShutdownForgets,
    /// An instance is available as soon as it has answered.
    AvailableBeforeNext,
    /// A process is ended twice.
    KillTwice,
    /// The rate of new instances is not asked.
    EndlessScaling,
    /// A receive is told and not stored.
    ReceiveNotStored,
    /// A restart counts receives from nothing.
    ReceivesForgotten,
    /// A message is received once more before it goes to the dead.
    ReceiveTooMany,
    /// A restart forgets deduplication ids.
    DedupForgotten,
    /// A group gives messages while some of it are in flight.
    GroupNotBlocked,
    /// Who asks again with an attempt id gets something else.
    AttemptAnew,
    /// What is told again of an attempt is not invisible any longer for it.
    AttemptNotHidden,
    /// A restart puts a group in the order of its messages' indexes.
    GroupOutOfOrder,
    /// Who goes to the dead is dropped.
    DeadLetterDropped,
    /// A deletion is not stored.
    DeletionNotStored,
    /// The deletion of a queue is not stored.
    QueueNotRemoved,
    /// A FIFO queue deletes in vain, as a standard one may.
    DeletedInVainOnFifo,
    /// A restart shows what is in flight.
    VisibilityForgotten,
    /// A restart does not arm a visibility timeout.
    VisibilityNotArmed,
    /// Nobody asks how old a message is when it is delivered.
    DeliveredTooOld,
    /// A mapping has one poller more than `MaximumConcurrency`.
    PollerTooMany,
    /// A batch has one message more than its size.
    BatchTooLarge,
    /// At AWS's pace a deleted queue's name is free at once.
    NameFreeAtOnce,
    /// At AWS's pace a queue may be purged again at once.
    PurgedAgain,
    /// At AWS's pace a poller does not rest after a batch that failed.
    PollerNeverRests,
    /// A failure in part deletes the whole batch.
    PartialDeletesAll,
    /// A poller that has worked off a batch asks for no more.
    PollerStops,
    /// Pollers go on when the cloud ends.
    PollersGoOn,
    /// An event's end is made safe, and its record after it; in the driver of a street.
    RecordApart,
    /// An event is tried once more than its function says.
    RetryTooMany,
    /// Nobody asks how old an event is.
    EndlessAge,
    /// A service may have one task more than `maximumPercent`.
    OneTooMany,
    /// Nobody asks how many tasks have to stay healthy.
    MinimumForgotten,
    /// Nobody asks whether a task's host port is fixed.
    TwoAtATime,
    /// A container is ended after half of its stop timeout.
    KilledTooSoon,
    /// Containers are ended in any order.
    StopOrderForgotten,
    /// A word of any run of a container counts as its present one's.
    StaleRun,
    /// A health check that takes too long has succeeded.
    TimeoutIsHealthy,
    /// A task whose health checks fail stays.
    UnhealthyStays,
    /// Starts that fail are not throttled.
    ThrottleForgotten,
    /// The circuit breaker lets one more fail.
    BreakerTooLate,
    /// The shutdown forgets a task.
    ShutdownForgetsATask,
    /// A task that runs no longer is still counted as running.
    RunningLeaks,
    /// The end of a throttle is not armed.
    ThrottleNotArmed,
}

#[cfg(feature = "planted")]
static PLANTED: core::sync::atomic::AtomicU8 = core::sync::atomic::AtomicU8::new(0);

/// Plants a bug in every cloud of this program, in place of the one planted before.
#[cfg(feature = "planted")]
pub fn plant(bug: Option<Bug>) {
    let number = bug.map_or(0, |bug| bug as u8);
    PLANTED.store(number, core::sync::atomic::Ordering::Relaxed);
}

/// Whether that bug is planted.
#[cfg(feature = "planted")]
#[must_use]
pub fn is(bug: Bug) -> bool {
    PLANTED.load(core::sync::atomic::Ordering::Relaxed) == bug as u8
}

/// Whether that bug is planted: none is.
#[cfg(not(feature = "planted"))]
#[must_use]
pub const fn is(bug: Bug) -> bool {
    let _ = bug;
    false
}
