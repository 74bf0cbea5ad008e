//! A function: its current revision, its available instances and who waits for one.

use alloc::collections::VecDeque;

use lunch_contract::{Moment, RequestId, RevisionId};

use super::pool::Pool;
use super::throttle::Bucket;
use crate::command::Start;
use crate::event::ReplyAt;
use crate::settings::{Choice, FunctionConfig};
use crate::trace::{ColdCause, Retirement};

#[derive(Debug)]
pub(super) struct Function {
    pub(super) revision: RevisionId,
    pub(super) config: FunctionConfig,
    /// Counts deployments and evictions: an instance of an older generation takes no more requests.
    pub(super) generation: u32,
    pub(super) reserved: Option<u32>,
    /// Requests in its instances' slots.
    pub(super) in_flight: u32,
    /// When the last of them ended.
    pub(super) unused_since: Moment,
    pub(super) instances: u32,
    /// How many of them will take another request: of this generation, and nobody has told them to go.
    pub(super) current: u32,
    /// Instances of this generation that have a slot to spare.
    pub(super) pool: Pool,
    /// Who waits for an instance that has answered and not yet asked for more; first come, first served.
    pub(super) waiting: VecDeque<Waiting>,
    /// How many requests may soon find a slot: answered ones whose instance has not called `/next` yet, and
    /// instances that are being reset.
    pub(super) soon: u32,
    pub(super) last_retirement: Option<Retirement>,
    pub(super) scaling: Bucket,
    pub(super) rate: Bucket,
}

/// A request on its way to an instance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) request: RequestId,
    pub(super) arrived: Moment,
    pub(super) reply: ReplyAt,
}

impl Function {
    pub(super) fn new(revision: RevisionId, config: FunctionConfig, choice: Choice) -> Self {
        Self {
            revision,
            config,
            generation: 0,
            reserved: None,
            in_flight: 0,
            unused_since: Moment::ZERO,
            instances: 0,
            current: 0,
            pool: Pool::new(choice),
            waiting: VecDeque::new(),
            soon: 0,
            last_retirement: None,
            scaling: Bucket::default(),
            rate: Bucket::default(),
        }
    }

    /// Why a new instance is needed, now that none is available.
    pub(super) fn cold_start(&self) -> Start {
        Start::Cold(if self.current > 0 {
            ColdCause::AllBusy
        } else {
            self.last_retirement.map_or(ColdCause::First, ColdCause::AfterRetirement)
        })
    }
}
