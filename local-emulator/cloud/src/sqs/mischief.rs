//! What at-least-once delivery may do, drawn without a memory.

use core::time::Duration;

use super::settings::{Mischief, Settings};
use super::table::Message;
use crate::random::Random;

/// The draws of one machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draws {
    seed: u64,
    mischief: Mischief,
}

/// What is drawn: each is a sequence of its own.
#[derive(Clone, Copy)]
enum What {
    Place = 1,
    Late,
    Twice,
    InVain,
}

impl Draws {
    pub(super) const fn new(settings: &Settings) -> Self {
        Self { seed: settings.seed, mischief: settings.mischief }
    }

    /// A message's place in its standard queue: its number, or a later one.
    pub(super) fn place(&self, message: &Message) -> u64 {
        if self.mischief.reorder == 0 {
            return message.sequence;
        }
        let mut random = self.random(What::Place, message.serial, 0);
        message.sequence + random.below(self.mischief.reorder as usize + 1) as u64
    }

    /// How much later it comes.
    pub(super) fn late(&self, serial: u64) -> Duration {
        if self.mischief.late.is_zero() {
            return Duration::ZERO;
        }
        self.random(What::Late, serial, 0).between(Duration::ZERO, self.mischief.late)
    }

    /// Whether others get it too, though it was received.
    pub(super) fn twice(&self, message: &Message) -> bool {
        self.happens(What::Twice, message)
    }

    /// Whether it comes once more, though it was deleted.
    pub(super) fn in_vain(&self, message: &Message) -> bool {
        self.happens(What::InVain, message)
    }

    fn happens(&self, what: What, message: &Message) -> bool {
        self.mischief.duplicate > 0.0
            && self.random(what, message.serial, message.receives()).unit()
                < self.mischief.duplicate
    }

    /// The generator mixes well: neighbours in any of the three draw nothing alike.
    fn random(&self, what: What, serial: u64, receives: u32) -> Random {
        let mut random = Random::new(self.seed ^ ((what as u64) << 56));
        let a = random.below(usize::MAX) as u64;
        let mut random = Random::new(a ^ serial);
        let b = random.below(usize::MAX) as u64;
        Random::new(b ^ u64::from(receives))
    }
}
