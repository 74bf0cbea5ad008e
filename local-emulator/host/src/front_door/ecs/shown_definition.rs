//! Task definitions as AWS shows them: what was said, with AWS's defaults.

use serde_json::{Map, Value, json};

use super::put;
use crate::template::{Check, Container, TaskDefinition};

/// Puts AWS's defaults where a caller has said nothing.
pub(super) fn with_defaults(said: &mut Map<String, Value>, definition: &TaskDefinition) {
    said.retain(|_, value| !value.is_null());
    // They are refused where there are any, and not shown where there are none.
    said.remove("tags");
    for name in ["volumes", "placementConstraints"] {
        said.entry(name).or_insert_with(|| json!([]));
    }
    let is_own = definition.network_mode.as_deref() == Some("awsvpc");
    let containers = said.get_mut("containerDefinitions").and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
        container.retain(|_, value| !value.is_null());
        container.entry("cpu").or_insert_with(|| json!(0));
        container.entry("essential").or_insert_with(|| json!(true));
        for name in ["environment", "mountPoints", "portMappings", "volumesFrom", "systemControls"]
        {
            container.entry(name).or_insert_with(|| json!([]));
        }
        let ports = container.get_mut("portMappings").and_then(Value::as_array_mut);
        for port in ports.into_iter().flatten().filter_map(Value::as_object_mut) {
            let own = if is_own { port.get("containerPort").cloned() } else { None };
            port.entry("hostPort").or_insert_with(|| own.unwrap_or_else(|| json!(0)));
            port.entry("protocol").or_insert_with(|| json!("tcp"));
        }
    }
}

/// One of the template's, as a caller would have registered it.
pub(super) fn of_template(definition: &TaskDefinition) -> Map<String, Value> {
    let mut said = Map::new();
    put(&mut said, "family", Some(definition.family.as_str()));
    put(&mut said, "networkMode", definition.network_mode.as_deref());
    put(&mut said, "cpu", definition.cpu_units.map(|units| units.to_string()));
    put(&mut said, "memory", definition.memory_mib.map(|mib| mib.to_string()));
    let compatibilities = &definition.compatibilities;
    put(&mut said, "requiresCompatibilities", filled(compatibilities));
    let containers = definition.containers.iter().map(|one| Value::Object(container(one)));
    put(&mut said, "containerDefinitions", Some(containers.collect::<Vec<_>>()));
    with_defaults(&mut said, definition);
    said
}

fn filled<T: Clone + Into<Value>>(all: &[T]) -> Option<Vec<T>> {
    if all.is_empty() { None } else { Some(all.to_vec()) }
}

fn container(container: &Container) -> Map<String, Value> {
    let mut said = Map::new();
    put(&mut said, "name", Some(container.name.as_str()));
    put(&mut said, "image", container.image.as_deref());
    put(&mut said, "cpu", container.cpu_units);
    put(&mut said, "memory", container.memory_mib);
    put(&mut said, "memoryReservation", container.memory_reservation_mib);
    put(&mut said, "essential", Some(container.essential));
    put(&mut said, "command", container.command.clone());
    put(&mut said, "entryPoint", container.entry_point.clone());
    let variables = container.variables.iter();
    let variables = variables.map(|(name, value)| json!({ "name": name, "value": value }));
    put(&mut said, "environment", Some(variables.collect::<Vec<_>>()));
    let secrets = container.secrets.iter();
    let secrets = secrets.map(
        |(name, from)| json!({ "name": name, "valueFrom": from.as_deref().unwrap_or_default() }),
    );
    put(&mut said, "secrets", filled(&secrets.collect::<Vec<_>>()));
    let ports = container.ports.iter().map(|port| {
        let mut said = json!({ "containerPort": port.container });
        if let Some(host) = port.host {
            said["hostPort"] = host.into();
        }
        said
    });
    put(&mut said, "portMappings", Some(ports.collect::<Vec<_>>()));
    let depends_on = container
        .depends_on
        .iter()
        .map(|one| json!({ "containerName": one.container, "condition": one.condition.name() }));
    put(&mut said, "dependsOn", filled(&depends_on.collect::<Vec<_>>()));
    put(&mut said, "stopTimeout", Some(container.stop_timeout.as_secs()));
    put(&mut said, "startTimeout", container.start_timeout.map(|time| time.as_secs()));
    put(&mut said, "healthCheck", container.health_check.as_ref().map(check));
    put(
        &mut said,
        "restartPolicy",
        container.restart.as_ref().map(|policy| {
            json!({
                "enabled": true,
                "ignoredExitCodes": policy.ignored_exit_codes,
                "restartAttemptPeriod": policy.attempt_period.as_secs(),
            })
        }),
    );
    put(
        &mut said,
        "logConfiguration",
        container
            .log
            .as_ref()
            .map(|log| json!({ "logDriver": log.driver, "options": log.options })),
    );
    put(&mut said, "user", container.user.as_deref());
    put(&mut said, "workingDirectory", container.working_directory.as_deref());
    put(&mut said, "readonlyRootFilesystem", container.read_only_root.then_some(true));
    said
}

/// A check that is a shell's reads as `CMD` with the shell: that is what is run.
fn check(check: &Check) -> Value {
    let command = std::iter::once("CMD").chain(check.command.iter().map(String::as_str));
    json!({
        "command": command.collect::<Vec<_>>(),
        "interval": check.settings.interval.as_secs(),
        "timeout": check.settings.timeout.as_secs(),
        "retries": check.settings.retries,
        "startPeriod": check.settings.start_period.as_secs(),
    })
}
