//! The policies that say which queue may be whose dead-letter queue, read from their JSON.

use lunch_contract::sqs::RedriveAllow;
use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::Value;

/// A `RedrivePolicy`: as it was set, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RedrivePolicy {
    pub(crate) json: String,
    pub(crate) target_arn: String,
    pub(crate) max_receives: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Read {
    dead_letter_target_arn: String,
    #[serde(deserialize_with = "number")]
    max_receive_count: u32,
}

/// A number, or a text of one.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let value = Value::deserialize(from)?;
    let text = value.as_str().and_then(|text| text.parse().ok());
    let number = || value.as_u64().and_then(|number| u32::try_from(number).ok());
    text.or_else(number).ok_or_else(|| serde::de::Error::custom("`maxReceiveCount` is no number"))
}

impl RedrivePolicy {
    /// Reads one. `None`: it is none.
    pub(crate) fn read(json: &str) -> Option<Self> {
        let Read { dead_letter_target_arn, max_receive_count } = serde_json::from_str(json).ok()?;
        Some(Self {
            json: json.to_owned(),
            target_arn: dead_letter_target_arn,
            max_receives: max_receive_count,
        })
    }
}

/// A `RedriveAllowPolicy`: as it was set, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RedriveAllowPolicy {
    pub(crate) json: String,
    permission: Permission,
    sources: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Permission {
    AllowAll,
    DenyAll,
    ByQueue,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ReadAllow {
    redrive_permission: Permission,
    #[serde(default)]
    source_queue_arns: Vec<String>,
}

impl RedriveAllowPolicy {
    /// Reads one. `None`: it is none.
    pub(crate) fn read(json: &str) -> Option<Self> {
        let ReadAllow { redrive_permission, source_queue_arns } =
            serde_json::from_str(json).ok()?;
        let is_by_queue = redrive_permission == Permission::ByQueue;
        (is_by_queue || source_queue_arns.is_empty()).then(|| Self {
            json: json.to_owned(),
            permission: redrive_permission,
            sources: source_queue_arns,
        })
    }

    /// What it says.
    pub(crate) fn allow(&self) -> RedriveAllow<'_> {
        match self.permission {
            Permission::AllowAll => RedriveAllow::AllowAll,
            Permission::DenyAll => RedriveAllow::DenyAll,
            Permission::ByQueue => {
                RedriveAllow::ByQueue(self.sources.iter().map(String::as_str).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redrive_policy_may_have_its_number_as_a_text() {
        for count in ["3", "\"3\""] {
            let json = format!(r#"{{"deadLetterTargetArn":"arn:x","maxReceiveCount":{count}}}"#);
            let policy = RedrivePolicy::read(&json).expect("a policy");
            assert_eq!((policy.target_arn.as_str(), policy.max_receives), ("arn:x", 3));
        }
        for wrong in ["", "{}", "[]", r#"{"deadLetterTargetArn":"a","maxReceiveCount":"many"}"#] {
            assert_eq!(RedrivePolicy::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_allow_policy_lists_queues_only_by_queue() {
        let read = |json| RedriveAllowPolicy::read(json);
        let by_queue = read(r#"{"redrivePermission":"byQueue","sourceQueueArns":["a"]}"#);
        assert_eq!(by_queue.expect("a policy").allow(), RedriveAllow::ByQueue(vec!["a"]));
        let none = read(r#"{"redrivePermission":"denyAll"}"#).expect("a policy");
        assert_eq!(none.allow(), RedriveAllow::DenyAll);
        assert_eq!(read(r#"{"redrivePermission":"denyAll","sourceQueueArns":["a"]}"#), None);
        assert_eq!(read(r#"{"redrivePermission":"some"}"#), None);
    }
}
