//! The stall: what it sells, who makes it, and how it writes its log.
//!
//! Two functions share it: `coffee`, for one order and its answer, and `takeaway`, for orders out of a queue; `till`
//! checks orders by it. Nothing here knows where an order comes from.

pub mod barista;
pub mod log;

mod coffee;

pub use coffee::{Caffeine, Coffee, Drink, Extra, Milk, Size, Topping};
