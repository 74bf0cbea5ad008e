//! A coffee in the customer's words, and how long each part of it takes to make.
//!
//! Times are facts of the order alone, so the same order takes the same time on every stall. Nothing here
//! waits, works or logs.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a customer can ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coffee {
    /// What is in the cup.
    pub drink: Drink,
    /// Medium where nothing is said.
    #[serde(default)]
    pub size: Size,
    /// Full where nothing is said.
    #[serde(default)]
    pub caffeine: Caffeine,
    /// In place of the drink's usual milk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub milk: Option<Milk>,
    /// In the order in which the barista adds them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extras: Vec<Extra>,
}

/// A list of words: the variants, how each is written in an order and spoken by the barista.
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
    /// What is in the cup.
    Drink {
        Espresso = "espresso",
        Macchiato = "macchiato",
        Cortado = "cortado",
        FlatWhite = "flat white",
        Cappuccino = "cappuccino",
        Latte = "latte",
        Mocha = "mocha",
        Americano = "americano",
        FilterCoffee = "filter coffee",
        ColdBrew = "cold brew",
    }
}

words! {
    /// How big the cup is.
    #[derive(Default)]
    Size {
        Small = "small",
        #[default]
        Medium = "medium",
        Large = "large",
        ExtraLarge = "extra large",
    }
}

words! {
    /// How awake the customer wants to be.
    #[derive(Default)]
    Caffeine {
        #[default]
        Full = "full",
        HalfCaf = "half-caf",
        Decaf = "decaf",
    }
}

words! {
    /// In place of the drink's usual milk.
    Milk {
        Whole = "whole",
        Skimmed = "skimmed",
        Oat = "oat",
        Soy = "soy",
        Almond = "almond",
    }
}

words! {
    /// What goes into or onto a finished coffee.
    Topping {
        Sugar = "sugar",
        Cinnamon = "cinnamon",
        CocoaPowder = "cocoa powder",
        VanillaSyrup = "vanilla syrup",
        HazelnutSyrup = "hazelnut syrup",
        CaramelDrizzle = "caramel drizzle",
        WhippedCream = "whipped cream",
        Sprinkles = "sprinkles",
        /// Placed one by one, with tongs.
        Marshmallows = "marshmallows",
    }
}

/// One embellishment, possibly many times over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extra {
    /// What is added.
    pub add: Topping,
    /// How often.
    #[serde(default = "once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

impl Coffee {
    /// Shots of espresso to grind for: the bigger the cup, the more; half-caf is two grinds, a shot of each kind.
    pub fn shots(&self) -> u32 {
        let for_size = match self.size {
            Size::Small | Size::Medium => 1,
            Size::Large => 2,
            Size::ExtraLarge => 3,
        };
        match self.caffeine {
            Caffeine::Full | Caffeine::Decaf => for_size,
            Caffeine::HalfCaf => for_size + 1,
        }
    }

    /// How long the water needs, and the milk when there is any to steam.
    pub fn brew_time(&self) -> Duration {
        let water_ms = match self.drink {
            Drink::Espresso | Drink::Macchiato => 90,
            Drink::Cortado | Drink::FlatWhite | Drink::Cappuccino | Drink::Latte => 120,
            Drink::Mocha | Drink::Americano => 140,
            Drink::FilterCoffee => 220,
            // Brewed last night: it only has to be poured.
            Drink::ColdBrew => 40,
        };
        let cups = match self.size {
            Size::Small => 2,
            Size::Medium => 3,
            Size::Large => 4,
            Size::ExtraLarge => 5,
        };
        let milk_ms = match self.milk {
            None => 0,
            Some(Milk::Whole | Milk::Skimmed) => 40,
            Some(Milk::Oat | Milk::Soy | Milk::Almond) => 60,
        };
        Duration::from_millis(water_ms * cups / 2 + milk_ms)
    }
}

impl Extra {
    /// How long all of this embellishment takes.
    pub fn time(&self) -> Duration {
        let each_ms = match self.add {
            Topping::Sugar | Topping::Cinnamon => 20,
            Topping::CocoaPowder | Topping::Sprinkles => 25,
            Topping::VanillaSyrup | Topping::HazelnutSyrup => 35,
            Topping::CaramelDrizzle => 60,
            Topping::WhippedCream => 80,
            Topping::Marshmallows => 70,
        };
        Duration::from_millis(each_ms) * self.times
    }
}

impl fmt::Display for Coffee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let article = if self.size == Size::ExtraLarge { "an" } else { "a" };
        write!(f, "{article} {}", self.size)?;
        if self.caffeine != Caffeine::Full {
            write!(f, " {}", self.caffeine)?;
        }
        write!(f, " {}", self.drink)?;
        let mut joint = " with ";
        if let Some(milk) = self.milk {
            write!(f, "{joint}{milk} milk")?;
            joint = ", ";
        }
        for extra in &self.extras {
            write!(f, "{joint}{extra}")?;
            joint = ", ";
        }
        Ok(())
    }
}

impl fmt::Display for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.times {
            1 => write!(f, "{}", self.add),
            times => write!(f, "{times} x {}", self.add),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coffee(json: &str) -> Coffee {
        serde_json::from_str(json).expect("a coffee")
    }

    #[test]
    fn a_bare_order_is_a_medium_full_coffee() {
        let latte = coffee(r#"{"drink":"latte"}"#);
        assert_eq!(latte.to_string(), "a medium latte");
        assert_eq!(latte.shots(), 1);
        assert_eq!(latte.brew_time(), Duration::from_millis(180));
    }

    #[test]
    fn a_long_order_is_read_back_in_full() {
        let mocha = coffee(
            r#"{"drink":"mocha","size":"extra large","caffeine":"half-caf","milk":"oat",
                "extras":[{"add":"whipped cream"},{"add":"marshmallows","times":12}]}"#,
        );
        assert_eq!(
            mocha.to_string(),
            "an extra large half-caf mocha with oat milk, whipped cream, 12 x marshmallows"
        );
        assert_eq!(mocha.shots(), 4);
        assert_eq!(mocha.brew_time(), Duration::from_millis(350 + 60));
        assert_eq!(mocha.extras[1].time(), Duration::from_millis(12 * 70));
    }

    #[test]
    fn a_bigger_cup_never_takes_less() {
        let sizes = [Size::Small, Size::Medium, Size::Large, Size::ExtraLarge];
        let of = |size| Coffee { size, ..coffee(r#"{"drink":"americano"}"#) };
        for pair in sizes.windows(2) {
            assert!(of(pair[0]).brew_time() < of(pair[1]).brew_time());
            assert!(of(pair[0]).shots() <= of(pair[1]).shots());
        }
    }

    #[test]
    fn what_is_not_on_the_menu_is_refused_by_name() {
        let tea = serde_json::from_str::<Coffee>(r#"{"drink":"tea"}"#).expect_err("no tea here");
        assert!(tea.to_string().contains("unknown variant `tea`"), "{tea}");
        let typo = serde_json::from_str::<Coffee>(r#"{"drink":"latte","sise":"large"}"#)
            .expect_err("a typo is not silently a medium");
        assert!(typo.to_string().contains("unknown field `sise`"), "{typo}");
    }
}
