//! What the shop is told by its environment, and what of it is refused.

use std::path::PathBuf;

use thiserror::Error;

/// One maker and one washer.
pub const STAFF_MIN: u32 = 2;
/// More processes than that on one machine are a mistake of whoever set it.
pub const STAFF_MAX: u32 = 256;
/// More bowls than that fit no shop.
pub const BOWLS_MAX: u32 = 10_000;
/// A salad that takes a minute of a core is a mistake, too.
pub const SALAD_CPU_MS_MAX: u32 = 60_000;

const STAFF: &str = "NUM_STAFF";
const BOWLS: &str = "BOWLS";
const SALAD_CPU_MS: &str = "SALAD_CPU_MS";

/// How the shop is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How many processes make salads: all of the staff but the washer.
    pub makers: u32,
    /// How many bowls there are, clean and dirty.
    pub bowls: u32,
    /// What a salad costs, CPU milliseconds of one core.
    pub salad_cpu_ms: u32,
    /// What is run for each of the staff: this program.
    pub program: PathBuf,
}

/// A setting that no shop can be opened with.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unsuitable {
    /// Not even a number.
    #[error(
        "`{name}` is `{value}`, which is no number\n(give a whole number from {least} to {most}, or leave it out)"
    )]
    NoNumber {
        /// The variable.
        name: &'static str,
        /// What it says.
        value: String,
        /// The least that it may be.
        least: u32,
        /// The most that it may be.
        most: u32,
    },
    /// A number that makes no shop.
    #[error(
        "`{name}` is {value}: {why}\n(give a whole number from {least} to {most}, or leave it out)"
    )]
    OutOfRange {
        /// The variable.
        name: &'static str,
        /// What it says.
        value: u64,
        /// What is wrong with it.
        why: &'static str,
        /// The least that it may be.
        least: u32,
        /// The most that it may be.
        most: u32,
    },
}

/// A variable, its range, and what is said of a number on either side of it.
struct Range {
    name: &'static str,
    least: u32,
    most: u32,
    too_few: &'static str,
    too_many: &'static str,
}

impl Settings {
    /// The settings of these variables. An empty one is as good as none.
    ///
    /// # Errors
    /// If one of them is no number, or makes no shop.
    pub fn from(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Unsuitable> {
        let staff = Range {
            name: STAFF,
            least: STAFF_MIN,
            most: STAFF_MAX,
            too_few: "one of the staff washes bowls, and one has to make salads",
            too_many: "each of the staff is a process, and so many do not fit behind a counter",
        };
        let makers = staff.read(&variable)?.unwrap_or(STAFF_MIN) - 1;
        let bowls = Range {
            name: BOWLS,
            least: 1,
            most: BOWLS_MAX,
            too_few: "a salad is mixed in a bowl",
            too_many: "so many bowls are never in use",
        };
        // While a bowl is washed, its maker uses the other one.
        let bowls = bowls.read(&variable)?.unwrap_or(makers * 2);
        let cost = Range {
            name: SALAD_CPU_MS,
            least: 1,
            most: SALAD_CPU_MS_MAX,
            too_few: "a salad is work",
            too_many: "nobody waits that long for a salad",
        };
        let salad_cpu_ms = cost.read(&variable)?.unwrap_or(Self::SALAD_CPU_MS);
        // This very file, also when another has taken its name since.
        Ok(Self { makers, bowls, salad_cpu_ms, program: "/proc/self/exe".into() })
    }

    /// What a salad costs where nothing is said, ms: one maker serves ten in a second then, as many as the burger shop, which by
    /// its own defaults cooks four patties in 240 s, of which 600 pass in one.
    pub const SALAD_CPU_MS: u32 = 100;
}

impl Range {
    fn read(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Option<u32>, Unsuitable> {
        let &Self { name, least, most, .. } = self;
        let Some(value) = variable(name).filter(|value| !value.is_empty()) else {
            return Ok(None);
        };
        let Ok(number) = value.parse::<u64>() else {
            return Err(Unsuitable::NoNumber { name, value, least, most });
        };
        let out = |why| Unsuitable::OutOfRange { name, value: number, why, least, most };
        match u32::try_from(number) {
            Ok(few) if few < least => Err(out(self.too_few)),
            Ok(fine) if fine <= most => Ok(Some(fine)),
            Ok(_) | Err(_) => Err(out(self.too_many)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(given: &[(&str, &str)]) -> Result<Settings, String> {
        let found = |name: &str| given.iter().find(|(known, _)| *known == name);
        let settings = Settings::from(|name| found(name).map(|(_, value)| (*value).to_owned()));
        settings.map_err(|why| why.to_string())
    }

    #[test]
    fn without_a_word_there_are_a_maker_a_washer_and_two_bowls() {
        let Settings { makers, bowls, salad_cpu_ms, .. } = settings(&[]).expect("the defaults");
        assert_eq!((makers, bowls, salad_cpu_ms), (1, 2, Settings::SALAD_CPU_MS));
        let empty =
            settings(&[("NUM_STAFF", ""), ("BOWLS", "")]).expect("as if they were not there");
        assert_eq!((empty.makers, empty.bowls), (1, 2));
        let five = settings(&[("NUM_STAFF", "5")]).expect("five");
        assert_eq!((five.makers, five.bowls), (4, 8));
    }

    #[test]
    fn one_bowl_is_enough() {
        let few =
            settings(&[("NUM_STAFF", "5"), ("BOWLS", "1")]).expect("they wait for each other");
        assert_eq!((few.makers, few.bowls), (4, 1));
    }

    #[test]
    fn absurd_settings_are_refused_with_a_sentence() {
        let cases = [
            (
                "NUM_STAFF",
                "0",
                "`NUM_STAFF` is 0: one of the staff washes bowls, and one has to make",
            ),
            (
                "NUM_STAFF",
                "1",
                "`NUM_STAFF` is 1: one of the staff washes bowls, and one has to make",
            ),
            (
                "NUM_STAFF",
                "257",
                "`NUM_STAFF` is 257: each of the staff is a process, and so many do not",
            ),
            (
                "NUM_STAFF",
                "99999999999",
                "`NUM_STAFF` is 99999999999: each of the staff is a process",
            ),
            (
                "NUM_STAFF",
                "-2",
                "`NUM_STAFF` is `-2`, which is no number\n(give a whole number from 2 to",
            ),
            ("NUM_STAFF", "two", "`NUM_STAFF` is `two`, which is no number"),
            ("BOWLS", "0", "`BOWLS` is 0: a salad is mixed in a bowl\n(give a whole number from 1"),
            ("BOWLS", "10001", "`BOWLS` is 10001: so many bowls are never in use"),
            ("SALAD_CPU_MS", "0", "`SALAD_CPU_MS` is 0: a salad is work"),
            ("SALAD_CPU_MS", "60001", "`SALAD_CPU_MS` is 60001: nobody waits that long"),
        ];
        for (name, value, sentence) in cases {
            let told = settings(&[(name, value)]).expect_err("it is refused");
            assert!(told.starts_with(sentence), "{told}");
        }
    }
}
