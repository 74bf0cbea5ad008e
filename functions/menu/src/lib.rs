//! The words that all shops share: an order, as a customer hands it over, and the receipt that comes back.
//!
//! What a shop sells is its own business (`Order<Coffee>`, `Order<Burger>`): nothing here knows a drink, a
//! price or a time, and nothing here talks to AWS.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The number on an order's ticket, unique within one lunchtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderId(pub u64);

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A shop of the street, by the name that an order calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shop {
    /// Cloud Coffees.
    Coffee,
    /// Concurrent Burgers.
    Burger,
    /// Parallel Salads.
    Salad,
}

impl Shop {
    /// All shops of the street, open or not.
    pub const ALL: [Self; 3] = [Self::Coffee, Self::Burger, Self::Salad];

    /// The name in an order, in a queue's message and in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Coffee => "coffee",
            Self::Burger => "burger",
            Self::Salad => "salad",
        }
    }
}

impl fmt::Display for Shop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One customer's wish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order<Item> {
    /// The number on the ticket.
    pub id: OrderId,
    /// The name to call out when it is ready.
    pub customer: String,
    /// What was ordered, in the shop's own words.
    pub item: Item,
}

/// What the customer gets with the food: proof that exactly this order was served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The ticket that was served.
    pub order: OrderId,
    /// Who ordered it.
    pub customer: String,
    /// What was handed over, in words: `a large latte with cinnamon`.
    pub served: String,
}

/// What an order came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was made and handed over.
    Served,
}

/// A receipt in the receipts queue, where those of all shops come together.
///
/// An order that was made twice has two: whoever counts outcomes counts them per shop and order, not per receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostedReceipt {
    /// Who made it.
    pub shop: Shop,
    /// What it came to.
    pub outcome: Outcome,
    /// The how-manieth time the order came out of its queue: 1 for nearly all.
    pub attempt: u32,
    /// What the customer gets.
    #[serde(flatten)]
    pub receipt: Receipt,
}

impl<Item: fmt::Display> Order<Item> {
    /// The receipt for this order, once the item has been handed over.
    pub fn receipt(&self) -> Receipt {
        Receipt { order: self.id, customer: self.customer.clone(), served: self.item.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Order<String> {
        Order { id: OrderId(7), customer: "Ada".into(), item: "a small filter coffee".into() }
    }

    #[test]
    fn a_receipt_names_the_order_the_customer_and_what_was_served() {
        assert_eq!(
            order().receipt(),
            Receipt {
                order: OrderId(7),
                customer: "Ada".into(),
                served: "a small filter coffee".into(),
            }
        );
    }

    #[test]
    fn a_posted_receipt_is_the_receipt_with_its_shop_outcome_and_attempt() {
        let posted = PostedReceipt {
            shop: Shop::Coffee,
            outcome: Outcome::Served,
            attempt: 2,
            receipt: order().receipt(),
        };
        let json = serde_json::to_string(&posted).expect("a receipt is JSON");
        let expected = r#"{"shop":"coffee","outcome":"served","attempt":2,"order":7,"customer":"Ada","served":"a small filter coffee"}"#;
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_str::<PostedReceipt>(&json).expect("it reads back"), posted);
    }

    #[test]
    fn a_shop_is_written_as_it_is_called() {
        for shop in Shop::ALL {
            let json = serde_json::to_string(&shop).expect("a shop is JSON");
            assert_eq!(json, format!("\"{shop}\""));
        }
    }

    #[test]
    fn an_order_number_is_a_plain_number_on_the_wire_and_a_ticket_in_words() {
        let json = serde_json::to_string(&order()).expect("an order is JSON");
        assert_eq!(json, r##"{"id":7,"customer":"Ada","item":"a small filter coffee"}"##);
        assert_eq!(serde_json::from_str::<Order<String>>(&json).expect("it reads back"), order());
        assert_eq!(OrderId(7).to_string(), "#7");
    }
}
