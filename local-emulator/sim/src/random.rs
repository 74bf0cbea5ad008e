//! The simulation's own seeded draws, apart from the cloud's.

use std::time::Duration;

/// A generator of reproducible draws.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The draws of that seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Another generator, whose draws do not depend on how many are taken from this one later.
    #[must_use]
    pub const fn fork(&mut self) -> Self {
        Self(self.next() ^ 0x5851_F42D_4C95_7F2D)
    }

    /// 64 bits: SplitMix64.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// Uniform in 0..1, 1 excluded.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what an f64 holds")]
    pub const fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in `0..bound`; 0 where the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(bound);
        u64::try_from(wide >> 64).expect("the product's upper half is below the bound")
    }

    /// Uniform in `0..length`; 0 where the length is 0.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// Whether something of that probability happens.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Uniform between the two.
    pub fn between(&mut self, low: Duration, high: Duration) -> Duration {
        low + high.saturating_sub(low).mul_f64(self.unit())
    }

    /// Between the two, every order of magnitude as probable as the others.
    pub fn magnitude(&mut self, low: Duration, high: Duration) -> Duration {
        let (low, high) = (low.as_secs_f64().ln(), high.as_secs_f64().ln());
        Duration::from_secs_f64((high - low).mul_add(self.unit(), low).exp())
    }

    /// One of them.
    ///
    /// # Panics
    /// If there is none.
    pub fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.index(choices.len())].clone()
    }
}

/// The seed that a text stands for: a number, or anything else (a commit's hash) by its FNV-1a hash.
#[must_use]
pub fn seed_of(text: &str) -> u64 {
    text.trim().parse().unwrap_or_else(|_| {
        text.trim().bytes().fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_its_own_seed_and_a_commit_has_one() {
        assert_eq!(seed_of("17"), 17);
        assert_ne!(seed_of("f07ac5e"), seed_of("e54631b"));
        assert_eq!(seed_of("f07ac5e\n"), seed_of("f07ac5e"));
    }
}
