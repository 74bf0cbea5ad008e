//! A burger in the customer's words.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a customer can ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Burger {
    /// One where nothing is said.
    #[serde(default)]
    pub patties: Patties,
    /// From bottom to top.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extras: Vec<Extra>,
}

/// How many patties are in it: one to three.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub enum Patties {
    /// A burger.
    #[default]
    One,
    /// A double burger.
    Two,
    /// A triple burger.
    Three,
}

/// A burger that falls over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a burger has 1 to 3 patties, not {0}")]
pub struct TooHigh(u64);

impl Patties {
    /// As a number.
    #[must_use]
    pub const fn count(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Three => 3,
        }
    }
}

impl TryFrom<u64> for Patties {
    type Error = TooHigh;

    fn try_from(count: u64) -> Result<Self, TooHigh> {
        match count {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            3 => Ok(Self::Three),
            _ => Err(TooHigh(count)),
        }
    }
}

impl From<Patties> for u64 {
    fn from(patties: Patties) -> Self {
        match patties {
            Patties::One => 1,
            Patties::Two => 2,
            Patties::Three => 3,
        }
    }
}

/// What goes between the buns beside the patties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Extra {
    /// A slice of it.
    Cheese,
    /// Green leaves.
    Lettuce,
    /// Two slices.
    Tomato,
    /// Raw rings.
    Onions,
    /// Sour slices.
    Pickles,
    /// Red.
    Ketchup,
    /// Yellow.
    Mustard,
}

impl fmt::Display for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cheese => "cheese",
            Self::Lettuce => "lettuce",
            Self::Tomato => "tomato",
            Self::Onions => "onions",
            Self::Pickles => "pickles",
            Self::Ketchup => "ketchup",
            Self::Mustard => "mustard",
        })
    }
}

impl fmt::Display for Burger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.patties {
            Patties::One => "a burger",
            Patties::Two => "a double burger",
            Patties::Three => "a triple burger",
        })?;
        let mut joint = " with ";
        for extra in &self.extras {
            write!(f, "{joint}{extra}")?;
            joint = ", ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn burger(json: &str) -> Result<Burger, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn an_order_is_read_back_in_words() {
        assert_eq!(burger("{}").unwrap().to_string(), "a burger");
        let double = r#"{"patties":2,"extras":["cheese","pickles"]}"#;
        assert_eq!(burger(double).unwrap().to_string(), "a double burger with cheese, pickles");
        assert_eq!(serde_json::to_string(&burger(double).unwrap()).unwrap(), double);
    }

    #[test]
    fn what_is_not_on_the_menu_is_refused_by_name() {
        let refused = |json| burger(json).unwrap_err().to_string();
        let high = refused(r#"{"patties":4}"#);
        assert!(high.starts_with("a burger has 1 to 3 patties, not 4"), "{high}");
        let none = refused(r#"{"patties":0}"#);
        assert!(none.starts_with("a burger has 1 to 3 patties, not 0"), "{none}");
        assert!(refused(r#"{"extras":["gold"]}"#).contains("unknown variant `gold`"));
        assert!(refused(r#"{"pattys":2}"#).contains("unknown field `pattys`"));
    }
}
