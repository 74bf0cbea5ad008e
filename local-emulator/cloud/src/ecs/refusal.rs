//! What the services will not do, for the driver to say in AWS's words.

use serde::{Deserialize, Serialize};

/// Why something is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The definition's id was used before.
    DefinitionInUse,
    /// No such task definition, or it is deregistered. AWS's `ClientException`.
    UnknownDefinition,
    /// AWS would not register it.
    InvalidDefinition(Invalid),
    /// The service's id is in use.
    ServiceInUse,
    /// No such service. AWS's `ServiceNotFoundException`.
    UnknownService,
    /// The service was deleted. AWS's `ServiceNotActiveException`.
    ServiceNotActive,
    /// More tasks are wanted than AWS lets a service have. AWS's `InvalidParameterException`.
    DesiredOutOfRange,
    /// The percents are none that AWS takes, or would block every deployment. AWS's `InvalidParameterException`.
    ImpossiblePercents,
    /// A service that wants tasks is deleted by `force` only. AWS's `InvalidParameterException`.
    ScaledAboveZero,
    /// `RunTask` takes 1 to 10. AWS's `InvalidParameterException`.
    CountOutOfRange,
    /// Ours: there is such a task, and its fixed host port lets no other one be.
    OneAtATime,
    /// No such task. AWS's `InvalidParameterException`.
    UnknownTask,
    /// A word of a container's run that is over, or an answer to a check that is.
    Gone,
    /// The cloud ends.
    ShutDown,
}

/// What is wrong with a task definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Invalid {
    /// There are no containers, or more than ten.
    Containers,
    /// None of them is essential.
    NoneEssential,
    /// A health check, a restart policy or a stop timeout is out of AWS's range.
    OutOfRange,
    /// A container depends on one that there is not.
    UnknownDependency,
    /// COMPLETE or SUCCESS is wanted of an essential container.
    EssentialCompletes,
    /// HEALTHY is wanted of a container without a health check.
    NoHealthCheck,
    /// Containers depend on each other in a circle.
    Circle,
}
