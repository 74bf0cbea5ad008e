//! The errors of the ECS API: AWS's names and texts.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Why a call is refused. Names are the service model's (M:ecs); a text without a remark has been seen from AWS by others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiError {
    /// No such cluster, or it was deleted.
    ClusterNotFound,
    /// No such service.
    ServiceNotFound,
    /// The service was deleted.
    ServiceNotActive,
    /// A cluster with services is not deleted.
    ClusterContainsServices,
    /// A cluster with tasks is not deleted.
    ClusterContainsTasks,
    /// A client token came with another `RunTask` before. The text is the service model's.
    Conflict {
        /// The ARNs of the tasks that came of it.
        tasks: Vec<String>,
    },
    /// What is named is not there, or may not be used so: the whole text is given.
    Client(Cow<'static, str>),
    /// A parameter has a value that it may not have: the whole text is given.
    InvalidParameter(Cow<'static, str>),
    /// There is no call of that name here: the whole text is given, and is ours.
    UnknownOperation(String),
    /// The request cannot be read: the whole text is given, and is ours.
    Malformed(String),
}

impl ApiError {
    /// No such task definition, where it is to be shown.
    #[must_use]
    pub const fn undescribed() -> Self {
        Self::Client(Cow::Borrowed("Unable to describe task definition."))
    }

    /// No such task definition, where it is to be used.
    #[must_use]
    pub const fn no_definition() -> Self {
        Self::Client(Cow::Borrowed("TaskDefinition not found."))
    }

    /// No such task.
    #[must_use]
    pub const fn no_task() -> Self {
        Self::InvalidParameter(Cow::Borrowed("The referenced task was not found."))
    }

    /// The name is taken by a service.
    #[must_use]
    pub const fn not_idempotent() -> Self {
        Self::InvalidParameter(Cow::Borrowed("Creation of service was not idempotent."))
    }

    /// The name is taken by a service that is going.
    #[must_use]
    pub const fn still_draining() -> Self {
        Self::InvalidParameter(Cow::Borrowed("Unable to Start a service that is still Draining."))
    }

    /// A service that wants tasks is deleted by force only.
    #[must_use]
    pub const fn scaled_above_zero() -> Self {
        Self::InvalidParameter(Cow::Borrowed(
            "The service cannot be stopped while it is scaled above 0.",
        ))
    }

    /// What a `RunTask` says of a container that there is not.
    #[must_use]
    pub fn no_such_container(name: &str) -> Self {
        Self::InvalidParameter(Cow::Owned(format!(
            "Override for container named {name} is not a container in the TaskDefinition."
        )))
    }

    /// A parameter is missing. The text is from memory (unsure).
    #[must_use]
    pub fn missing(name: &str) -> Self {
        Self::InvalidParameter(Cow::Owned(format!("{name} can not be blank.")))
    }

    /// Ours: the parameter would do something on AWS that is not done here.
    #[must_use]
    pub fn not_emulated(path: &str) -> Self {
        Self::InvalidParameter(Cow::Owned(format!(
            "`{path}` is not emulated by this cloud (leave it out)."
        )))
    }

    /// AWS's name for it, which stands in `__type`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ClusterNotFound => "ClusterNotFoundException",
            Self::ServiceNotFound => "ServiceNotFoundException",
            Self::ServiceNotActive => "ServiceNotActiveException",
            Self::ClusterContainsServices => "ClusterContainsServicesException",
            Self::ClusterContainsTasks => "ClusterContainsTasksException",
            Self::Conflict { .. } => "ConflictException",
            Self::Client(_) => "ClientException",
            Self::InvalidParameter(_) => "InvalidParameterException",
            Self::UnknownOperation(_) => "UnknownOperationException",
            Self::Malformed(_) => "SerializationException",
        }
    }
}

impl fmt::Display for ApiError {
    /// AWS's text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClusterNotFound => "Cluster not found.",
            Self::ServiceNotFound => "Service not found.",
            Self::ServiceNotActive => "Service was not ACTIVE.",
            Self::ClusterContainsServices => {
                "The Cluster cannot be deleted while Services are active."
            }
            Self::ClusterContainsTasks => "The Cluster cannot be deleted while Tasks are active.",
            Self::Conflict { .. } => {
                "The RunTask request could not be processed due to conflicts. The provided clientToken is already in use with a different RunTask request."
            }
            Self::Client(text) | Self::InvalidParameter(text) => text,
            Self::UnknownOperation(text) | Self::Malformed(text) => text,
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;

    #[test]
    fn an_error_of_ecs_has_awss_name_and_text() {
        for (error, name, text) in [
            (ApiError::ClusterNotFound, "ClusterNotFoundException", "Cluster not found."),
            (ApiError::ServiceNotActive, "ServiceNotActiveException", "Service was not ACTIVE."),
            (ApiError::undescribed(), "ClientException", "Unable to describe task definition."),
            (
                ApiError::no_such_container("web"),
                "InvalidParameterException",
                "Override for container named web is not a container in the TaskDefinition.",
            ),
        ] {
            assert_eq!((error.name(), error.to_string().as_str()), (name, text));
        }
    }
}
