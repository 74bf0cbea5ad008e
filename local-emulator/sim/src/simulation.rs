//! A cloud in the virtual world: one step is one thing that happens, told to the cloud, and all that comes of it.

use std::time::Duration;

use lunch_cloud::drive::{self, Input};
use lunch_cloud::{Cloud, Event, Refused, Settings, Trace};
use lunch_contract::Moment;

use crate::world::{Occurrence, Playbook, VirtualWorld};

/// A cloud and its world.
#[derive(Debug)]
pub struct Simulation<P, T: Trace> {
    /// What decides.
    pub cloud: Cloud<T>,
    /// What happens.
    pub world: VirtualWorld<P>,
    /// How often the cloud was told something.
    pub told: u64,
}

/// What one step came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Stepped {
    /// The cloud was told that, and took it or did not.
    Told {
        /// What it was told.
        input: Input,
        /// Why it did not take it.
        refusal: Option<Refused>,
    },
    /// It is the driver's turn.
    Outside(u64),
    /// Nothing that the cloud sees.
    Unseen,
}

impl<P: Playbook, T: Trace> Simulation<P, T> {
    /// An empty cloud at the epoch. With `journal`, the world holds what was told and commanded last.
    pub fn new(settings: Settings, trace: T, playbook: P, journal: bool) -> Self {
        let cloud = Cloud::new(settings, trace);
        Self { cloud, world: VirtualWorld::new(playbook, journal), told: 0 }
    }

    /// Tells the cloud now.
    ///
    /// # Errors
    /// What it refuses.
    pub fn tell(&mut self, event: Event) -> Result<(), Refused> {
        self.input(Input::Event(event))
    }

    /// Tells the cloud now that time has passed.
    pub fn timeout(&mut self) {
        self.input(Input::Timeout).expect("time that passes is not refused");
    }

    /// Tells the cloud now.
    ///
    /// # Errors
    /// What it refuses.
    pub fn input(&mut self, input: Input) -> Result<(), Refused> {
        self.told += 1;
        let now = self.world.now();
        drive::tell(&mut self.cloud, &mut self.world, now, input)
    }

    /// Lets the next thing happen. `None`: nothing is to happen any more.
    pub fn step(&mut self) -> Option<Stepped> {
        let input = match self.world.occur()? {
            Occurrence::Tell(event) => Input::Event(event),
            Occurrence::Timeout => Input::Timeout,
            Occurrence::Outside(token) => return Some(Stepped::Outside(token)),
            Occurrence::Unseen => return Some(Stepped::Unseen),
        };
        let refusal = self.input(input.clone()).err();
        Some(Stepped::Told { input, refusal })
    }

    /// The next jump of `advance` towards `target`: `None` while real work is under way, which has to be stepped
    /// through first; else the moment jumped to. The cloud is to be told of it where it is one of its wakes.
    pub fn skip_towards(&mut self, target: Moment) -> Option<Skip> {
        if !self.cloud.settled() {
            return None;
        }
        match self.world.wake() {
            Some((at, _)) if at <= target => {
                self.world.skip_to(at);
                Some(Skip::Wake)
            }
            _ => {
                self.world.skip_to(target);
                Some(Skip::Arrived)
            }
        }
    }

    /// The cloud's time, so much later.
    #[must_use]
    pub fn later(&self, span: Duration) -> Moment {
        self.world.now() + span
    }
}

/// Where a jump of `advance` has led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// To a wake of the cloud's, which is to be told.
    Wake,
    /// To where it was to lead.
    Arrived,
}
