//! ECS tasks as this machine has them: what a container's process runs and finds, and the book of who is called what.
//!
//! Nothing is decided and nothing is started here: the machine decides, the driver starts.

mod book;
mod environment;
mod files;
mod refused;
mod secrets;
mod served;

pub(crate) use book::{Asked, Book, Placed, Registered, Run};
pub use environment::resolve;
pub(crate) use environment::{Place, listens_at_its_address, of_container};
pub use files::files_of;
pub(crate) use refused::{container_only, sentence};
pub use secrets::{Secrets, SecretsError};
pub(crate) use served::service_config;
pub use served::{ContainerProgram, ServedDefinition, Tasks};
