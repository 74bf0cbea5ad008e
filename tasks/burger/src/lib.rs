//! Concurrent Burgers: one worker and three endless activities, which take orders, cook patties and make burgers.
//!
//! The rules of the shop are written once, in [`kitchen`], which is told the time and waits for nothing. Two engines drive
//! it: [`threads`], where the operating system decides when to switch, and [`event_loop`], where the activities do. Nothing
//! here knows SQS; what faces the street is `shopfront`.

mod burger;
pub mod customers;
pub mod door;
pub mod event_loop;
pub mod kitchen;
pub mod limit;
pub mod measure;
pub mod nutrition;
pub mod pool;
mod settings;
mod shop;
pub mod threads;
pub mod trace;
pub mod workers;

pub use crate::burger::{Burger, Extra, Patties, TooHigh};
pub use crate::settings::{Engine, Settings, Worker};
pub use crate::shop::Shop;
