//! The order of a standard queue: by number, and fair between tenants.
//!
//! A message without a group is a tenant by itself, and never noisy. A tenant is noisy while it has more than its share
//! of what is in flight: AWS's rules of processing time and of five quiet minutes are left out. F 9.3.

use alloc::collections::BTreeMap;

use lunch_contract::sqs::{GroupId, Limits};

use super::mischief::Draws;
use super::table::Message;
use crate::ordered::{Numbered, Ordered};

#[derive(Debug)]
pub(super) struct Standard {
    draws: Draws,
    alone: Ordered<Numbered>,
    of_tenants: Ordered<(GroupId, u64, u32)>,
    /// The first of each tenant that has any.
    firsts: Ordered<(u64, GroupId)>,
    /// How many of each tenant are in flight, where any are.
    in_flight: BTreeMap<GroupId, u32>,
}

impl Standard {
    pub(super) fn new(draws: Draws) -> Self {
        Self {
            draws,
            alone: Ordered::default(),
            of_tenants: Ordered::default(),
            firsts: Ordered::default(),
            in_flight: BTreeMap::new(),
        }
    }

    /// Before a message changes or goes.
    pub(super) fn retract(&mut self, index: u32, message: &Message) {
        let place = self.draws.place(message);
        match message.group {
            None if message.is_visible() => self.alone.remove(Numbered::new(place, index)),
            Some(tenant) if message.is_visible() => {
                self.change_first(tenant, |these| these.remove((tenant, place, index)));
            }
            Some(tenant) if message.is_in_flight() => {
                let count = self.in_flight.remove(&tenant).unwrap_or(1) - 1;
                if count > 0 {
                    self.in_flight.insert(tenant, count);
                }
            }
            None | Some(_) => {}
        }
    }

    /// After a message came or changed.
    pub(super) fn offer(&mut self, index: u32, message: &Message) {
        let place = self.draws.place(message);
        match message.group {
            None if message.is_visible() => self.alone.insert(Numbered::new(place, index)),
            Some(tenant) if message.is_visible() => {
                self.change_first(tenant, |these| these.insert((tenant, place, index)));
            }
            Some(tenant) if message.is_in_flight() => {
                *self.in_flight.entry(tenant).or_default() += 1;
            }
            None | Some(_) => {}
        }
    }

    /// The next message to deliver: the first of a tenant that is not noisy, else the first.
    ///
    /// Of ten tenants one has no more than its share, so that no more than ten are looked at.
    pub(super) fn first(&self, in_flight: u32, limits: &Limits) -> Option<u32> {
        let is_quiet = |tenant| {
            let its = u64::from(self.in_flight.get(&tenant).copied().unwrap_or(0));
            let share = u64::from(in_flight) * u64::from(limits.fair_share_percent);
            in_flight < limits.fair_in_flight_min || its * 100 <= share
        };
        let quiet = self.firsts.iter().find(|&(_, tenant)| is_quiet(tenant));
        match (self.alone.first(), quiet) {
            (Some(alone), Some((other, _))) if alone.number() < other => Some(alone.index),
            (Some(alone), None) => Some(alone.index),
            (_, Some((_, tenant))) => self.first_of(tenant).map(|(_, index)| index),
            (None, None) => {
                let (_, tenant) = self.firsts.first()?;
                self.first_of(tenant).map(|(_, index)| index)
            }
        }
    }

    pub(super) const fn steps(&self) -> u64 {
        self.alone.steps() + self.of_tenants.steps() + self.firsts.steps()
    }

    fn change_first(
        &mut self,
        tenant: GroupId,
        change: impl FnOnce(&mut Ordered<(GroupId, u64, u32)>),
    ) {
        let before = self.first_of(tenant);
        change(&mut self.of_tenants);
        let after = self.first_of(tenant);
        if before != after {
            if let Some((place, _)) = before {
                self.firsts.remove((place, tenant));
            }
            if let Some((place, _)) = after {
                self.firsts.insert((place, tenant));
            }
        }
    }

    fn first_of(&self, tenant: GroupId) -> Option<(u64, u32)> {
        let these = (tenant, 0, 0)..=(tenant, u64::MAX, u32::MAX);
        self.of_tenants.first_in(these).map(|(_, place, index)| (place, index))
    }
}
