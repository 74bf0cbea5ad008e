//! The delay model: how much longer a cold start takes on AWS than on this machine.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::random::Random;

/// What is added to a cold start. Each is drawn anew for each cold start, by the settings' seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DelayModel {
    /// Before INIT: a place is found, the code is fetched. Nobody reports it, as on AWS.
    pub placement: Delay,
    /// INIT in all: where the real one is shorter the rest is waited out, counted as INIT and marked as modelled.
    pub init: Delay,
}

/// One delay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delay {
    /// None: as fast as the host is.
    #[default]
    None,
    /// Always the same.
    Fixed(Duration),
    /// Drawn from what was measured on AWS.
    Profile(Profile),
    /// Log-normal with these parameters of the logarithm of milliseconds.
    LogNormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
}

/// Init Duration by runtime, as log-normal fits to maxday/lambda-perf's daily cold starts of 2026 (128 MB, x86_64,
/// zip; about 1,830 each).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Rust on provided.al2023: median 16.4 ms.
    RustAl2023,
    /// Go on provided.al2023: median 50.8 ms.
    GoAl2023,
    /// C++ on provided.al2023: median 65.6 ms.
    CppAl2023,
    /// llrt on provided.al2023: median 67.1 ms.
    LlrtAl2023,
    /// Python 3.13: median 100.8 ms.
    #[serde(rename = "python3.13")]
    Python313,
    /// Node.js 22: median 142.9 ms.
    #[serde(rename = "nodejs22")]
    Nodejs22,
    /// Java 21: median 249.5 ms.
    #[serde(rename = "java21")]
    Java21,
    /// .NET 8: median 254.8 ms.
    #[serde(rename = "dotnet8")]
    Dotnet8,
}

impl Profile {
    /// All profiles, with the names that a command line takes.
    pub const ALL: [(&'static str, Self); 8] = [
        ("rust-al2023", Self::RustAl2023),
        ("go-al2023", Self::GoAl2023),
        ("cpp-al2023", Self::CppAl2023),
        ("llrt-al2023", Self::LlrtAl2023),
        ("python3.13", Self::Python313),
        ("nodejs22", Self::Nodejs22),
        ("java21", Self::Java21),
        ("dotnet8", Self::Dotnet8),
    ];

    /// Mean and standard deviation of the logarithm of milliseconds.
    const fn mu_sigma(self) -> (f64, f64) {
        match self {
            Self::RustAl2023 => (2.869, 0.228),
            Self::GoAl2023 => (3.938, 0.111),
            Self::CppAl2023 => (4.220, 0.150),
            Self::LlrtAl2023 => (4.199, 0.121),
            Self::Python313 => (4.621, 0.170),
            Self::Nodejs22 => (4.981, 0.122),
            Self::Java21 => (5.542, 0.144),
            Self::Dotnet8 => (5.570, 0.168),
        }
    }

    /// What half of the draws stay below.
    #[must_use]
    pub fn median(self) -> Duration {
        self.at(0.0)
    }

    /// What 99 of 100 draws stay below.
    #[must_use]
    pub fn p99(self) -> Duration {
        self.at(2.326_347_9)
    }

    /// So many standard deviations from the mean.
    fn at(self, deviations: f64) -> Duration {
        let (mu, sigma) = self.mu_sigma();
        millis(libm::exp(mu + sigma * deviations))
    }
}

impl Delay {
    /// One draw.
    pub(crate) fn sample(self, random: &mut Random) -> Duration {
        match self {
            Self::None => Duration::ZERO,
            Self::Fixed(span) => span,
            Self::Profile(profile) => {
                let (mu, sigma) = profile.mu_sigma();
                log_normal(random, mu, sigma)
            }
            Self::LogNormal { mu, sigma } => log_normal(random, mu, sigma),
        }
    }
}

/// By Box and Muller; `libm` gives the same bits on every machine.
fn log_normal(random: &mut Random, mu: f64, sigma: f64) -> Duration {
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - random.unit()));
    let normal = radius * libm::cos(core::f64::consts::TAU * random.unit());
    millis(libm::exp(mu + sigma * normal))
}

fn millis(millis: f64) -> Duration {
    Duration::try_from_secs_f64(millis / 1_000.0).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn a_profile_draws_around_its_measured_median() {
        let mut random = Random::new(7);
        let mut draws: Vec<_> =
            (0..10_001).map(|_| Delay::Profile(Profile::RustAl2023).sample(&mut random)).collect();
        draws.sort_unstable();

        let median_ms = draws[5_000].as_secs_f64() * 1e3;
        assert!((17.0..18.2).contains(&median_ms), "e^2.869 is 17.6 ms, drawn {median_ms}");
        let p90_ms = draws[9_000].as_secs_f64() * 1e3;
        assert!((22.0..25.5).contains(&p90_ms), "measured 23.1 ms, drawn {p90_ms}");

        let close = |said: Duration, drawn: Duration| said.abs_diff(drawn) < drawn / 20;
        assert!(close(Profile::RustAl2023.median(), draws[5_000]), "{draws:?}");
        assert!(close(Profile::RustAl2023.p99(), draws[9_900]), "{draws:?}");
    }
}
