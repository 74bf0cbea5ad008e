//! What is said of task definitions and services, as far as the machine has to know it.

use alloc::vec::Vec;
use core::time::Duration;

use lunch_contract::ecs::{
    DefinitionId, DependencyCondition, HealthCheck, Limits, Percents, RestartPolicy,
};
use serde::{Deserialize, Serialize};

use super::refusal::{Invalid, Refusal};

/// One revision of a task definition. It never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskConfig {
    /// Its containers, in the template's order; a container is known by its place here.
    pub containers: Vec<ContainerConfig>,
    /// Whether a host port is fixed and cannot be moved: then only one such task can be at a time.
    #[serde(default)]
    pub one_at_a_time: bool,
}

/// One container of a task definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerConfig {
    /// Whether its end is the task's. AWS's default: it is.
    pub essential: bool,
    /// What has to come before its start. At the stop it comes before those that it waited for.
    #[serde(default)]
    pub depends_on: Vec<Dependency>,
    /// From SIGTERM to SIGKILL.
    pub stop_timeout: Duration,
    /// Whether and how it is asked for its health.
    #[serde(default)]
    pub health_check: Option<HealthCheck>,
    /// Whether and when it is started again in place.
    #[serde(default)]
    pub restart: Option<RestartPolicy>,
}

impl Default for ContainerConfig {
    /// AWS's: essential, 30 s to stop, nothing else.
    fn default() -> Self {
        Self {
            essential: true,
            depends_on: Vec::new(),
            stop_timeout: Limits::aws().stop_timeout,
            health_check: None,
            restart: None,
        }
    }
}

/// What one container waits for in another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// The other one, by its place in the task definition.
    pub container: u8,
    /// What of it.
    pub condition: DependencyCondition,
}

/// A service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceConfig {
    /// Of which task definition its tasks are.
    pub definition: DefinitionId,
    /// `desiredCount`.
    pub desired: u32,
    /// Between how many tasks it moves in a rolling update.
    pub percents: Percents,
    /// Its deployments' circuit breaker, where that is enabled.
    pub breaker: Option<Breaker>,
}

/// A circuit breaker: `deploymentCircuitBreaker`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// Whether AWS would go back to the last deployment that was completed. It is said and not done.
    pub rollback: bool,
}

impl TaskConfig {
    /// Whether AWS would register it.
    pub(super) fn check(&self, limits: &Limits) -> Result<(), Refusal> {
        self.fault(limits).map_or(Ok(()), |invalid| Err(Refusal::InvalidDefinition(invalid)))
    }

    fn fault(&self, limits: &Limits) -> Option<Invalid> {
        if self.containers.is_empty() || self.containers.len() > limits.containers_max {
            return Some(Invalid::Containers);
        }
        if !self.containers.iter().any(|container| container.essential) {
            return Some(Invalid::NoneEssential);
        }
        for container in &self.containers {
            let check = container.health_check.is_none_or(|check| check.is_within(limits));
            let restart = container.restart.as_ref().is_none_or(|policy| policy.is_within(limits));
            if !check || !restart || container.stop_timeout > limits.stop_timeout_max {
                return Some(Invalid::OutOfRange);
            }
            for dependency in &container.depends_on {
                let Some(other) = self.containers.get(usize::from(dependency.container)) else {
                    return Some(Invalid::UnknownDependency);
                };
                match dependency.condition {
                    DependencyCondition::Complete | DependencyCondition::Success
                        if other.essential =>
                    {
                        return Some(Invalid::EssentialCompletes);
                    }
                    DependencyCondition::Healthy if other.health_check.is_none() => {
                        return Some(Invalid::NoHealthCheck);
                    }
                    DependencyCondition::Start
                    | DependencyCondition::Complete
                    | DependencyCondition::Success
                    | DependencyCondition::Healthy => {}
                }
            }
        }
        self.is_circular().then_some(Invalid::Circle)
    }

    /// Whether some containers wait for each other: no order of starts would do for all.
    fn is_circular(&self) -> bool {
        let mut done: Vec<bool> = self.containers.iter().map(|_| false).collect();
        for _ in &self.containers {
            for (at, container) in self.containers.iter().enumerate() {
                let waits = |one: &Dependency| !done[usize::from(one.container)];
                done[at] = done[at] || !container.depends_on.iter().any(waits);
            }
        }
        done.contains(&false)
    }

    /// Whether the task's health is asked for: where an essential container has a check.
    pub(super) fn has_check(&self) -> bool {
        self.containers.iter().any(|one| one.essential && one.health_check.is_some())
    }
}
