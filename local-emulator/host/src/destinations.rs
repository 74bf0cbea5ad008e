//! How a function's events are tried again, and where an event's record goes when its function is done with it. Facts 6.

use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use lunch_cloud::asynchronous::{Condition, EventConfig};
use lunch_contract::names::FunctionReference;
use lunch_contract::sqs::QueueName;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What a function, its version or its alias says of its events. M:lambda `FunctionEventInvokeConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventInvokeConfig {
    /// `MaximumRetryAttempts`: 0 to 2.
    pub retries_max: Option<u32>,
    /// `MaximumEventAgeInSeconds`: 60 to 21,600.
    pub age_max_s: Option<u32>,
    /// `DestinationConfig.OnSuccess`: an ARN.
    pub on_success: Option<String>,
    /// `DestinationConfig.OnFailure`: an ARN.
    pub on_failure: Option<String>,
}

impl EventInvokeConfig {
    /// What the machine has to know of it; where nothing is said, what AWS has.
    #[must_use]
    pub fn events(&self) -> EventConfig {
        let of_aws = EventConfig::default();
        EventConfig {
            retries_max: self.retries_max.unwrap_or(of_aws.retries_max),
            age_max: self.age_max_s.map_or(of_aws.age_max, |age| Duration::from_secs(age.into())),
        }
    }
}

/// Somebody who takes records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A queue, by name.
    Queue(String),
    /// A function, by name, which is called with the record as an event.
    Function(String),
}

impl Destination {
    /// Who has this ARN; `None`: it is no queue and no function, and nobody else takes any here.
    #[must_use]
    pub fn of_arn(arn: &str) -> Option<Self> {
        if let Ok(queue) = QueueName::of_arn(arn) {
            return Some(Self::Queue(queue.as_str().to_owned()));
        }
        let function = arn.contains(":function:").then(|| FunctionReference::parse(arn).ok());
        Some(Self::Function(function??.name.to_owned()))
    }
}

/// What became of an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended<'a> {
    /// As AWS writes it, in UTC.
    pub(crate) timestamp: &'a str,
    pub(crate) request_id: &'a str,
    /// With a qualifier.
    pub(crate) function_arn: &'a str,
    pub(crate) version: &'a str,
    pub(crate) condition: Condition,
    pub(crate) attempts: u32,
    /// The event.
    pub(crate) request: &'a [u8],
    /// What its function answered last, if it did, and whether that was an error.
    pub(crate) response: Option<(&'a [u8], bool)>,
}

impl Ended<'_> {
    /// The record that a destination gets.
    pub(crate) fn record(&self) -> String {
        let mut record = json!({
            "version": "1.0",
            "timestamp": self.timestamp,
            "requestContext": {
                "requestId": self.request_id,
                "functionArn": self.function_arn,
                "condition": self.condition,
                "approximateInvokeCount": self.attempts,
            },
            "requestPayload": payload(self.request),
        });
        // AWS has none of it where the function was never called.
        if let Some((response, is_error)) = self.response
            && self.attempts > 0
        {
            let mut context = json!({ "statusCode": 200, "executedVersion": self.version });
            if is_error {
                context["functionError"] = "Unhandled".into();
            }
            record["responseContext"] = context;
            record["responsePayload"] = payload(response);
        }
        record.to_string()
    }
}

/// JSON as it is; what is none, as a text.
fn payload(bytes: &[u8]) -> Value {
    if let Ok(value) = serde_json::from_slice(bytes) {
        return value;
    }
    match std::str::from_utf8(bytes) {
        Ok("") => Value::Null,
        Ok(text) => text.into(),
        Err(_) => BASE64_STANDARD.encode(bytes).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDED: Ended<'_> = Ended {
        timestamp: "2026-11-26T12:00:00.000Z",
        request_id: "8f507cfc-xmpl-4697-b07a-ac58fc914c95",
        function_arn: "arn:aws:lambda:us-east-1:123456789012:function:coffee:$LATEST",
        version: "$LATEST",
        condition: Condition::RetriesExhausted,
        attempts: 3,
        request: br#"{"cups": 2}"#,
        response: Some((br#"{"errorType":"Burnt"}"#, true)),
    };

    #[test]
    fn a_record_says_what_was_asked_and_what_came_of_it() {
        let record: Value = serde_json::from_str(&ENDED.record()).expect("JSON");
        assert_eq!(
            record,
            json!({
                "version": "1.0",
                "timestamp": "2026-11-26T12:00:00.000Z",
                "requestContext": {
                    "requestId": "8f507cfc-xmpl-4697-b07a-ac58fc914c95",
                    "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:coffee:$LATEST",
                    "condition": "RetriesExhausted",
                    "approximateInvokeCount": 3,
                },
                "requestPayload": {"cups": 2},
                "responseContext": {
                    "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled",
                },
                "responsePayload": {"errorType": "Burnt"},
            })
        );
        let served =
            Ended { condition: Condition::Success, response: Some((b"7", false)), ..ENDED };
        let record: Value = serde_json::from_str(&served.record()).expect("JSON");
        assert_eq!(record["responseContext"].get("functionError"), None);
        assert_eq!(record["responsePayload"], 7);
    }

    #[test]
    fn where_the_function_was_never_called_nothing_is_said_of_an_answer() {
        let stopped = Ended {
            condition: Condition::ZeroReservedConcurrency,
            attempts: 0,
            response: None,
            ..ENDED
        };
        let record: Value = serde_json::from_str(&stopped.record()).expect("JSON");
        assert_eq!(record["requestContext"]["condition"], "ZeroReservedConcurrency");
        assert_eq!(record.get("responseContext"), None);
        assert_eq!(record.get("responsePayload"), None);
    }

    #[test]
    fn what_is_no_json_is_a_text() {
        assert_eq!(payload(b"no json"), json!("no json"));
        assert_eq!(payload(b""), Value::Null);
        assert_eq!(payload(&[0xff]), json!("/w=="));
    }
}
