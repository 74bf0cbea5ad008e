//! A container engine that speaks Docker's API: where it is, what is asked of it, and what it answers.
//!
//! Nothing is decided here, and nobody comes here whose tasks run as processes. A container lives in a task of its own,
//! from its creation to its removal (`life`); what becomes of it is told by one bounded mailbox, in its order.

mod address;
mod call;
mod find;
mod frames;
mod leftovers;
mod life;
mod order;
mod runs;

pub use address::{Address, NoAddress};
pub use call::CallError;
pub use find::{Engine, NoEngine};
pub use leftovers::{Owner, sweep};
pub(crate) use order::{Labels, Order};
pub(crate) use runs::{Runs, Told};
