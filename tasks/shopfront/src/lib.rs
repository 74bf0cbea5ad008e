//! What of a shop faces the street, whichever shop it is.
//!
//! A [`Front`] takes orders out of the shop's queue, never more than the shop has room for: customers wait in the queue,
//! not in memory. It renews what the shop has in hand, sends receipts, puts broken orders among the dead letters, answers
//! at the shop's door and closes on SIGTERM. It knows nothing of what is made, nor how.
//!
//! ```no_run
//! use std::env;
//! use std::num::NonZeroUsize;
//!
//! use menu::Shop;
//! use serde_json::{Value, json};
//! use shopfront::{Customers, Front, Holds, Routes, Settings};
//!
//! struct Door;
//!
//! impl Routes for Door {
//!     fn status(&self) -> Value {
//!         json!({})
//!     }
//! }
//!
//! async fn kitchen(mut customers: Customers<String>) {
//!     while let Some(taken) = customers.next().await {
//!         taken.find().await;
//!         taken.serve();
//!     }
//! }
//!
//! # async fn open() -> Result<(), Box<dyn std::error::Error>> {
//! let settings = Settings::from(Shop::Salad, |name| env::var(name).ok())?;
//! let room = NonZeroUsize::new(7).ok_or("no room")?;
//! let (front, customers) = Front::open(settings, room, Holds::default())?;
//! tokio::spawn(kitchen(customers));
//! front.run(Door).await?;
//! # Ok(())
//! # }
//! ```

mod backoff;
mod credentials;
mod desk;
#[cfg(test)]
mod fake_sqs;
mod front;
pub mod health;
mod holds;
mod http;
mod ledger;
pub mod log;
mod settings;
mod sqs;
pub mod stint;
mod taken;
pub mod vitals;

pub use crate::front::{Front, NotOpened, told_to_end};
pub use crate::holds::Holds;
pub use crate::http::{Answer, Answering, Routes};
pub use crate::settings::{Absurd, Settings, whole};
pub use crate::taken::{Customers, Taken};
pub use post::MissingVariable;
