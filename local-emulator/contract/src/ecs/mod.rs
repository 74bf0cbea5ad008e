//! What AWS promises of ECS services on Fargate: limits, states, reasons, events, and the sums of a deployment.
//!
//! Sources: `F 10` is the section of our own notes on AWS, `D:` the ECS Developer Guide, `M:ecs` the service model. What
//! no source says letter for letter is marked `(unsure)`.

mod error;
mod ids;
mod limits;
mod message;
mod names;
mod reason;
mod rollout;
mod sizes;
mod status;

pub use error::ApiError;
pub use ids::{ContainerRun, DefinitionId, DeploymentId, RunId, ServiceId, TaskId};
pub use limits::{HealthCheck, Limits, RestartPolicy};
pub use message::{Names, ServiceMessage};
pub use names::is_name;
pub use reason::{ContainerExit, StartFailure, StopReason};
pub use rollout::{Percents, breaker_threshold};
pub use sizes::{FARGATE_SIZES, FargateSize, cpu_units, memory_mib};
pub use status::{
    DependencyCondition, DeploymentStatus, DesiredStatus, HealthStatus, RolloutState,
    ServiceStatus, StopCode, TaskStatus,
};
