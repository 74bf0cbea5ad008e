//! The front door byte for byte: what a caller reads who is answered, and who is refused. Facts 5.1, 5.3, 5.4.

use hyper::StatusCode;
use lunch_host::Config;

use crate::street::{Answer, coffee, echo, with_cloud};

const INVOKE: &str = "/2015-03-31/functions/coffee/invocations";
const EVENT: [(&str, &str); 1] = [("x-amz-invocation-type", "Event")];

fn config() -> Config {
    Config::new(vec![coffee()])
}

/// Status, error type, body.
fn refusal(answer: &Answer) -> (u16, &str, &str) {
    (answer.status.as_u16(), answer.header("x-amzn-errortype"), answer.text())
}

#[test]
fn an_event_and_a_dry_run_have_neither_a_body_nor_a_version() {
    with_cloud(config(), echo(), |mut client, _| async move {
        for (kind, status) in [("Event", StatusCode::ACCEPTED), ("DryRun", StatusCode::NO_CONTENT)]
        {
            let answer = client.call("POST", INVOKE, &[("x-amz-invocation-type", kind)], "1").await;
            assert_eq!((answer.status, answer.text()), (status, ""));
            for name in ["x-amz-executed-version", "x-amz-function-error", "x-amz-log-result"] {
                assert_eq!(answer.header(name), "", "{kind}: {name}");
            }
            assert_eq!(answer.header("x-amzn-requestid").len(), 36);
        }
    });
}

#[test]
fn a_tail_is_sent_only_to_who_asked_for_it() {
    with_cloud(config(), echo(), |mut client, _| async move {
        for (kind, is_there) in [("None", false), ("Tail", true)] {
            let answer = client.call("POST", INVOKE, &[("x-amz-log-type", kind)], "1").await;
            assert_eq!(answer.headers.contains_key("x-amz-log-result"), is_there);
        }
        let plain = client.call("POST", INVOKE, &[], "1").await;
        assert!(!plain.headers.contains_key("x-amz-log-result"));
    });
}

#[test]
fn an_event_is_looked_at_before_it_is_taken() {
    with_cloud(config(), echo(), |mut client, _| async move {
        let answer = client.call("POST", INVOKE, &EVENT, "oops").await;
        let no_json = r#"{"Type":"User","message":"Could not parse request body into json: Could not parse payload into json: Unexpected character ('o' (code 111)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 1]"}"#;
        assert_eq!(refusal(&answer), (400, "InvalidRequestContentException", no_json));
        let json = |bytes: usize| format!("\"{}\"", "a".repeat(bytes - 2));
        let answer = client.call("POST", INVOKE, &EVENT, json(1_048_576)).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED);
        let answer = client.call("POST", INVOKE, &EVENT, json(1_525_970)).await;
        let too_large = r#"{"Type":"User","message":"1525970 byte payload is too large for the Event invocation type (limit 1048576 bytes)"}"#;
        assert_eq!(refusal(&answer), (413, "RequestEntityTooLargeException", too_large));
    });
}

#[test]
fn a_value_that_there_is_not_is_refused_in_awss_words() {
    with_cloud(config(), echo(), |mut client, _| async move {
        let odd = [("x-amz-invocation-type", "UNKNOWN")];
        let answer = client.call("POST", INVOKE, &odd, "1").await;
        let body = r#"{"message":"1 validation error detected: Value 'UNKNOWN' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]"}"#;
        assert_eq!(refusal(&answer), (400, "ValidationException", body));
    });
}

#[test]
fn only_a_function_itself_reserves_concurrency() {
    with_cloud(config(), echo(), |mut client, _| async move {
        let message = "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.";
        let body = format!(r#"{{"Type":"User","message":"{message}"}}"#);
        for name in [
            "coffee:1",
            "coffee:live",
            "arn:aws:lambda:us-east-1:123456789012:function:coffee:$LATEST",
        ] {
            let path = format!("/2017-10-31/functions/{name}/concurrency");
            let wanted = r#"{"ReservedConcurrentExecutions":1}"#;
            let answer = client.call("PUT", &path, &[], wanted).await;
            let expected = (400, "InvalidParameterValueException", body.as_str());
            assert_eq!(refusal(&answer), expected, "{name}");
        }
    });
}
