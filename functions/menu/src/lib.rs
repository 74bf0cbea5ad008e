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
    fn an_order_number_is_a_plain_number_on_the_wire_and_a_ticket_in_words() {
        let json = serde_json::to_string(&order()).expect("an order is JSON");
        assert_eq!(json, r##"{"id":7,"customer":"Ada","item":"a small filter coffee"}"##);
        assert_eq!(serde_json::from_str::<Order<String>>(&json).expect("it reads back"), order());
        assert_eq!(OrderId(7).to_string(), "#7");
    }
}
