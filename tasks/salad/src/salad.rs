//! A salad in the customer's words.
//!
//! What is in it decides what its maker chops and says, and not how long that takes: every salad costs the same.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// More does not fit into a bowl.
pub const INGREDIENTS_MAX: usize = 12;

/// What a customer can ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Salad {
    /// What it is built on.
    pub leaves: Leaves,
    /// In the order in which they are chopped; at most [`INGREDIENTS_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "fitting")]
    pub ingredients: Vec<Ingredient>,
    /// Vinaigrette where nothing is said.
    #[serde(default)]
    pub dressing: Dressing,
}

/// A list of words: the variants, and how each is written in an order and on a receipt.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $words:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name { $(#[doc = $words] $(#[$variant_doc])* #[serde(rename = $words)] $variant),+ }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $words),+ })
            }
        }
    };
}

words! {
    /// What a salad is built on.
    Leaves {
        Romaine = "romaine",
        Rocket = "rocket",
        BabySpinach = "baby spinach",
        LambsLettuce = "lamb's lettuce",
        Kale = "kale",
    }
}

words! {
    /// What is chopped into it.
    Ingredient {
        Tomatoes = "tomatoes",
        Cucumber = "cucumber",
        Peppers = "peppers",
        RedOnion = "red onion",
        Olives = "olives",
        Feta = "feta",
        Chickpeas = "chickpeas",
        Avocado = "avocado",
        Egg = "egg",
        Chicken = "chicken",
        Tofu = "tofu",
        Croutons = "croutons",
        Walnuts = "walnuts",
    }
}

words! {
    /// What goes over it.
    #[derive(Default)]
    Dressing {
        #[default]
        Vinaigrette = "vinaigrette",
        Caesar = "Caesar dressing",
        Yoghurt = "yoghurt dressing",
        Tahini = "tahini",
        Lemon = "lemon juice",
    }
}

fn fitting<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Ingredient>, D::Error> {
    let ingredients = Vec::deserialize(from)?;
    if ingredients.len() > INGREDIENTS_MAX {
        let many = ingredients.len();
        let why = format!(
            "{many} ingredients do not fit into a bowl, which holds {INGREDIENTS_MAX}: order two salads"
        );
        return Err(serde::de::Error::custom(why));
    }
    Ok(ingredients)
}

impl fmt::Display for Salad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {} salad with ", self.leaves)?;
        for ingredient in &self.ingredients {
            write!(f, "{ingredient}, ")?;
        }
        write!(f, "{}", self.dressing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn salad(json: &str) -> Salad {
        serde_json::from_str(json).expect("a salad")
    }

    #[test]
    fn a_bare_order_is_leaves_with_vinaigrette() {
        let bare = salad(r#"{"leaves":"rocket"}"#);
        assert_eq!(bare.to_string(), "a rocket salad with vinaigrette");
    }

    #[test]
    fn a_long_order_is_read_back_in_full() {
        let greek = salad(
            r#"{"leaves":"romaine","ingredients":["tomatoes","red onion","feta","olives"],"dressing":"lemon juice"}"#,
        );
        let words = "a romaine salad with tomatoes, red onion, feta, olives, lemon juice";
        assert_eq!(greek.to_string(), words);
        let again = serde_json::to_string(&greek).expect("a salad is JSON");
        assert_eq!(salad(&again), greek);
    }

    #[test]
    fn what_is_not_on_the_menu_is_refused_by_its_name() {
        let refused = |json| serde_json::from_str::<Salad>(json).expect_err("refused").to_string();
        assert!(refused(r#"{"leaves":"hay"}"#).starts_with("unknown variant `hay`"));
        assert!(refused(r#"{"leaves":"kale","patties":2}"#).starts_with("unknown field `patties`"));
        assert!(refused("{}").starts_with("missing field `leaves`"));
    }

    #[test]
    fn more_than_a_bowl_holds_is_refused() {
        let of = |many: usize| {
            let eggs = vec!["\"egg\""; many].join(",");
            serde_json::from_str::<Salad>(&format!(r#"{{"leaves":"kale","ingredients":[{eggs}]}}"#))
        };
        assert_eq!(of(INGREDIENTS_MAX).expect("it fits").ingredients.len(), INGREDIENTS_MAX);
        let told = of(INGREDIENTS_MAX + 1).expect_err("it is too much").to_string();
        assert!(told.starts_with("13 ingredients do not fit into a bowl"), "{told}");
    }
}
