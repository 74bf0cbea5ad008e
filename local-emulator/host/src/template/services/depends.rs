//! Which containers wait for which: `DependsOn`. D:task_definition_parameters.

use lunch_contract::ecs::DependencyCondition;

use super::super::error::TemplateError;
use super::super::properties::Properties;
use super::container::Container;

/// What a container waits for in another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// The other one's name.
    pub container: String,
    /// What of it.
    pub condition: DependencyCondition,
}

/// What a container says of others.
pub(super) fn read(part: &Properties<'_>) -> Result<Vec<Dependency>, TemplateError> {
    let mut all = Vec::new();
    for dependency in part.parts("DependsOn")? {
        let Some((container, _)) = dependency.text("ContainerName")? else {
            return Err(dependency.missing("ContainerName", "the name of another container"));
        };
        let wanted = "START, COMPLETE, SUCCESS or HEALTHY";
        let condition = match dependency.text("Condition")? {
            None => return Err(dependency.missing("Condition", wanted)),
            Some((text, at)) => match text.as_str() {
                "START" => DependencyCondition::Start,
                "COMPLETE" => DependencyCondition::Complete,
                "SUCCESS" => DependencyCondition::Success,
                "HEALTHY" => DependencyCondition::Healthy,
                _ => return Err(dependency.error("Condition", &format!("`{text}`"), wanted, at)),
            },
        };
        all.push(Dependency { container, condition });
    }
    Ok(all)
}

/// That all names are those of containers, of which AWS lets one wait for that, and that there is an order of starts.
pub(super) fn check(properties: &Properties<'_>, all: &[Container]) -> Result<(), TemplateError> {
    for one in all {
        let path = format!("ContainerDefinitions.{}.DependsOn", one.name);
        let wrong = |got: &str, wanted: &str| Err(properties.error(&path, got, wanted, one.at));
        for Dependency { container, condition } in &one.depends_on {
            let got = format!("`{container}`");
            let Some(other) = all.iter().find(|other| other.name == *container) else {
                let names = all.iter().map(|one| format!("`{}`", one.name)).collect::<Vec<_>>();
                return wrong(&got, &format!("one of its containers, {}", names.join(", ")));
            };
            match condition {
                DependencyCondition::Complete | DependencyCondition::Success if other.essential => {
                    let wanted = "a container with `Essential: false` for COMPLETE and SUCCESS, as AWS demands it";
                    return wrong(&got, wanted);
                }
                DependencyCondition::Healthy if other.health_check.is_none() => {
                    let wanted = "a container with a `HealthCheck` for HEALTHY, as AWS demands it";
                    return wrong(&got, wanted);
                }
                DependencyCondition::Start
                | DependencyCondition::Complete
                | DependencyCondition::Success
                | DependencyCondition::Healthy => {}
            }
        }
        if let Some(circle) = circle(all, &one.name) {
            return wrong(&circle, "an order in which containers can be started");
        }
    }
    Ok(())
}

/// Who waits for whom from that container back to it, if that is so.
fn circle(all: &[Container], start: &str) -> Option<String> {
    let mut seen: Vec<&str> = Vec::new();
    let mut ways = vec![vec![start]];
    while let Some(way) = ways.pop() {
        let last = *way.last()?;
        let Some(container) = all.iter().find(|one| one.name == last) else { continue };
        for Dependency { container: next, .. } in &container.depends_on {
            let way: Vec<_> = way.iter().copied().chain([next.as_str()]).collect();
            if next == start {
                let way = way.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
                return Some(format!("{}, a circle", way.join(" -> ")));
            }
            if !seen.contains(&next.as_str()) {
                seen.push(next);
                ways.push(way);
            }
        }
    }
    None
}
