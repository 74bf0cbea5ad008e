//! The real world: sockets, processes, clocks and files, driven by the machine of `lunch-cloud`.
//!
//! Nothing is decided here. [`Host`] is the whole of it: a door for callers, a listener for every instance, one timer,
//! and the [`Processes`] that it is given.

pub mod build;
mod clock;
mod connection;
mod destinations;
mod driver;
pub mod engine;
mod environment;
mod event_source;
mod front_door;
mod function;
mod function_url;
mod host;
mod journal;
mod logs;
pub mod measured;
mod published;
mod queues;
mod readiness;
mod runtime_api;
pub mod sandbox;
mod store;
pub mod tasks;
pub mod template;
mod uuid;
pub mod wire;

pub use destinations::{Destination, EventInvokeConfig};
pub use driver::{
    Change, DeployError, Deployment, Folders, Launch, LogSink, Owner, Peak, ProcessName, Processes,
    Report, ServiceChange, ServiceDeployment, Signal,
};
pub use environment::{EnvironmentFileError, EnvironmentFiles};
pub use function::ServedFunction;
pub use function_url::{Cors, FunctionUrl, UrlAuth, bound};
pub use host::{Config, Host, Listen, StartError};
pub use logs::{Level, LogFormat, Logging};
pub use published::{AliasTarget, Published};
pub use store::{Durability, Keeping, StoreError, folder_beside};
