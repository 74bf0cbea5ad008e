//! What a function's answer says of its batch. Facts 7.4.

use std::collections::BTreeMap;

use lunch_cloud::event_source::Verdict;
use lunch_contract::Outcome;
use lunch_contract::sqs::MessageId;
use serde_json::Value;

/// What became of a batch: of what its caller is told, and of the answer where that is read.
pub(crate) fn verdict(
    outcome: &Outcome,
    answer: &[u8],
    reports_failures: bool,
    ids: &[(String, MessageId)],
) -> Verdict {
    Verdict::of(outcome, || match reports_failures {
        true => failures(answer, ids),
        false => Verdict::Succeeded,
    })
}

/// `batchItemFailures`: none of them, or none at all, is success; what is not understood is failure as a whole.
fn failures(answer: &[u8], ids: &[(String, MessageId)]) -> Verdict {
    if answer.is_empty() {
        return Verdict::Succeeded;
    }
    let Ok(answer) = serde_json::from_slice::<Value>(answer) else { return Verdict::Failed };
    let items = match &answer {
        Value::Null => return Verdict::Succeeded,
        Value::Object(members) => match members.get("batchItemFailures") {
            None | Some(Value::Null) => return Verdict::Succeeded,
            Some(Value::Array(items)) => items,
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                return Verdict::Failed;
            }
        },
        // What is no object names no failures. AWS does not say (unsure).
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Verdict::Succeeded;
        }
    };
    let ids: BTreeMap<&str, MessageId> =
        ids.iter().map(|(id, message)| (id.as_str(), *message)).collect();
    let mut failed = Vec::new();
    for item in items {
        let named = item.get("itemIdentifier").and_then(Value::as_str);
        let known = named.and_then(|named| ids.get(named));
        match known {
            Some(message) => failed.push(*message),
            None => return Verdict::Failed,
        }
    }
    if failed.is_empty() { Verdict::Succeeded } else { Verdict::Partial(failed) }
}

#[cfg(test)]
mod tests {
    use lunch_contract::{Exit, ThrottleReason};

    use super::*;

    const ONE: MessageId = MessageId { serial: 1, index: 0 };
    const TWO: MessageId = MessageId { serial: 2, index: 1 };

    fn read(answer: &str) -> Verdict {
        let ids = [("one".to_owned(), ONE), ("two".to_owned(), TWO)];
        verdict(&Outcome::Returned, answer.as_bytes(), true, &ids)
    }

    #[test]
    fn an_answer_is_read_as_aws_reads_it() {
        for success in
            ["", "null", "{}", r#"{"batchItemFailures":[]}"#, r#"{"batchItemFailures":null}"#]
        {
            assert_eq!(read(success), Verdict::Succeeded, "{success}");
        }
        for failure in [
            "{",
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            r#"{"batchItemFailures":[{"foo":"notvalid"}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"three"}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"one"},{"itemIdentifier":"three"}]}"#,
            r#"{"batchItemFailures":"one"}"#,
        ] {
            assert_eq!(read(failure), Verdict::Failed, "{failure}");
        }
        let partial = r#"{"batchItemFailures":[{"itemIdentifier":"two"}]}"#;
        assert_eq!(read(partial), Verdict::Partial(vec![TWO]));
    }

    #[test]
    fn without_reports_an_answer_is_not_read_and_what_failed_has_failed() {
        let of = |outcome: Outcome, reports| verdict(&outcome, b"{", reports, &[]);
        assert_eq!(of(Outcome::Returned, false), Verdict::Succeeded);
        assert_eq!(of(Outcome::FunctionError, true), Verdict::Failed);
        assert_eq!(of(Outcome::Exited { exit: Exit::Code(1) }, false), Verdict::Failed);
        let reason = ThrottleReason::ConcurrentInvocationLimitExceeded;
        assert_eq!(of(Outcome::Throttled { reason }, true), Verdict::Throttled);
    }
}
