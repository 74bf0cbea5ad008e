//! What a call asks for beside what is read of it: kept, done anyway, or refused by its name.

use lunch_contract::ecs::ApiError;
use serde_json::{Map, Value};

/// Members with one value that says what is done here anyway.
const ANYWAY: [(&str, &str); 6] = [
    ("launchType", "FARGATE"),
    ("schedulingStrategy", "REPLICA"),
    ("propagateTags", "NONE"),
    ("availabilityZoneRebalancing", "DISABLED"),
    ("strategy", "ROLLING"),
    ("type", "ECS"),
];

/// Those of the members that are kept. What is left has to ask for nothing: anything else is refused, as `PATH.NAME`.
pub(super) fn sorted(
    members: Map<String, Value>,
    kept: &[&str],
    path: &str,
) -> Result<Map<String, Value>, ApiError> {
    let mut all = Map::new();
    for (name, value) in members {
        if kept.contains(&name.as_str()) {
            if !value.is_null() {
                all.insert(name, value);
            }
        } else if !asks_for_nothing(&name, &value) {
            let dot = if path.is_empty() { "" } else { "." };
            return Err(ApiError::not_emulated(&format!("{path}{dot}{name}")));
        }
    }
    Ok(all)
}

/// Refuses whatever is asked for.
pub(super) fn nothing_else(members: Map<String, Value>, path: &str) -> Result<(), ApiError> {
    sorted(members, &[], path).map(|_| ())
}

fn asks_for_nothing(name: &str, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty() || ANYWAY.contains(&(name, text.as_str())),
        Value::Array(all) => all.is_empty(),
        Value::Object(members) => members.iter().all(|(name, value)| asks_for_nothing(name, value)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(members: Value) -> Result<Map<String, Value>, String> {
        let Value::Object(members) = members else { panic!("no object: {members}") };
        sorted(members, &["taskRoleArn"], "a").map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_asked_for_and_not_emulated_is_refused_by_its_name() {
        let nothing = json!({
            "volumes": [], "pidMode": null, "enableExecuteCommand": false, "launchType": "FARGATE",
            "deploymentController": { "type": "ECS" }, "alarms": { "alarmNames": [], "enable": false },
        });
        assert_eq!(of(nothing), Ok(Map::new()));
        let kept = of(json!({ "taskRoleArn": "arn" })).expect("it is kept");
        assert_eq!(kept["taskRoleArn"], "arn");
        for (member, value) in [
            ("volumes", json!([{}])),
            ("launchType", json!("EC2")),
            ("deploymentController", json!({ "type": "CODE_DEPLOY" })),
            ("enableExecuteCommand", json!(true)),
            ("healthCheckGracePeriodSeconds", json!(5)),
            ("whatComesNextYear", json!("x")),
        ] {
            let refused = of(json!({ member: value })).expect_err(member);
            assert!(refused.starts_with(&format!("`a.{member}` is not emulated")), "{refused}");
        }
    }
}
