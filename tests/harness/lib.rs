//! A local cloud for tests: start one, call its functions, and say what was to happen.
//!
//! A test starts a [`Cloud`] of its own on a free port, calls it as any client would, and expects what it promised its
//! users: that this request was cold and that one came to the same instance, that a function which runs too long is
//! ended, that idle instances go. What fails says what came, and what the cloud did last. When the `Cloud` is dropped,
//! its process is ended, and nothing that ran in it may be left.
//!
//! ```
//! use std::time::Duration;
//!
//! use lunch_tests::{Cloud, program};
//! use serde_json::json;
//!
//! // Any program that speaks the Runtime API; `scripted` does what its event says.
//! let cloud = Cloud::builder()
//!     .function("scripted", program("scripted"))
//!     .env("STREET", "Lime Street")
//!     .timeout(Duration::from_secs(2))
//!     .start();
//!
//! let first = cloud.invoke("scripted", json!({"do": ["count", {"env": ["STREET"]}]}));
//! first.expect_ok().expect_cold();
//! assert_eq!(first.json()["count"], 1);
//!
//! // The same stall serves again, and remembers.
//! let second = cloud.invoke("scripted", json!({"do": ["count"]}));
//! second.expect_ok().expect_warm().expect_reused(&first);
//! assert_eq!(second.json()["count"], 2);
//!
//! // Eleven quiet minutes pass in a moment, and it has floated away.
//! cloud.advance(Duration::from_secs(11 * 60));
//! cloud.invoke("scripted", json!({})).expect_ok().expect_cold();
//! ```
//!
//! With a template of one's own it is `Cloud::builder().template("template.yaml").start()`, and `lunch` builds the
//! functions first. Which `lunch` that is says the variable `LUNCH`; without it, this workspace's own is built.

mod builder;
mod call;
mod cloud;
mod describe;
mod door;
mod folder;
mod gate;
mod invocation;
mod pace;
mod programs;
mod queues;
mod shop;
mod survivors;
mod up;

pub use lunch_host::wire;

pub use crate::builder::Builder;
pub use crate::call::Call;
pub use crate::cloud::Cloud;
pub use crate::describe::{describe, last_lines};
pub use crate::door::{Answer, CallError, Request};
pub use crate::folder::Folder;
pub use crate::gate::{Gate, Visitor};
pub use crate::invocation::{Evidence, Invocation};
pub use crate::pace::{PATIENCE, Pace, wait_until};
pub use crate::programs::{lunch, program, workspace};
pub use crate::shop::Shop;
pub use crate::survivors::{Survivor, expect_none_left, survivors};
pub use crate::up::{Ended, StartError};
