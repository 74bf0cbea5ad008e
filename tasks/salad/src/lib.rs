//! Parallel Salads: processes that make salads, one that washes bowls, and the counter between them and the street.
//!
//! The program is all of them: without an argument the counter, which alone talks to SQS, and with `maker` or `washer`
//! one of its staff, started by it. Staff and counter share nothing; what they say to each other are [`word`]s.

pub mod book;
pub mod chop;
pub mod counter;
pub mod measure;
pub mod shop;
pub mod staff;
pub mod tally;
pub mod word;
pub mod workers;

mod link;
mod salad;
mod settings;

pub use crate::salad::{Dressing, INGREDIENTS_MAX, Ingredient, Leaves, Salad};
pub use crate::settings::{
    BOWLS_MAX, SALAD_CPU_MS_MAX, STAFF_MAX, STAFF_MIN, Settings, Unsuitable,
};
