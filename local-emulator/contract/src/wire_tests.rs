//! The table, row by row, against the texts that were recorded from AWS.

use alloc::string::ToString;
use core::time::Duration;

use super::*;
use crate::ThrottleReason;

const ID: &str = "8f507cfc-xmpl-4697-b07a-ac58fc914c95";

fn body(outcome: &Outcome) -> String {
    let answer = invoke_answer(outcome, ID);
    assert_eq!((answer.status, answer.function_error), (200, Some("Unhandled")), "{outcome:?}");
    assert_eq!((answer.error_type, answer.retry_after_secs), (None, None), "{outcome:?}");
    answer.body.expect("the service makes the body")
}

#[test]
fn a_functions_answer_is_its_own_bytes() {
    let answer = invoke_answer(&Outcome::Returned, ID);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.function_error, None);
    assert_eq!(answer.body, None);
}

#[test]
fn a_functions_error_keeps_200_and_its_own_bytes() {
    for outcome in [Outcome::FunctionError, Outcome::InitError] {
        let answer = invoke_answer(&outcome, ID);
        assert_eq!((answer.status, answer.function_error), (200, Some("Unhandled")));
        assert_eq!(answer.body, None);
    }
}

#[test]
fn a_timeout_says_after_how_long_with_two_decimals() {
    assert_eq!(
        body(&Outcome::TimedOut { after: Duration::from_secs(1) }),
        r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95 Error: Task timed out after 1.00 seconds"}"#
    );
}

#[test]
fn an_exit_says_how() {
    let rows = [
        (Exit::Code(0), "Runtime exited without providing a reason"),
        (Exit::Code(127), "Runtime exited with error: exit status 127"),
        (Exit::Signal(9), "Runtime exited with error: signal: killed"),
        (Exit::Signal(11), "Runtime exited with error: signal: segmentation fault"),
        (Exit::Signal(6), "Runtime exited with error: signal: aborted"),
        (Exit::Signal(31), "Runtime exited with error: signal: signal 31"),
    ];
    for (exit, text) in rows {
        assert_eq!(
            body(&Outcome::Exited { exit }),
            format!(
                r#"{{"errorType":"Runtime.ExitError","errorMessage":"RequestId: {ID} Error: {text}"}}"#
            )
        );
    }
}

#[test]
fn a_program_that_does_not_start_says_why() {
    let rows = [
        (
            SpawnFailure::Missing,
            "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]",
        ),
        (SpawnFailure::PermissionDenied, "fork/exec /var/task/bootstrap: permission denied"),
        (SpawnFailure::ExecFormat, "fork/exec /var/task/bootstrap: exec format error"),
        (SpawnFailure::Host { errno: 11 }, "fork/exec /var/task/bootstrap: errno 11"),
    ];
    for (why, text) in rows {
        assert_eq!(
            body(&Outcome::SpawnFailed { why }),
            format!(
                r#"{{"errorType":"Runtime.InvalidEntrypoint","errorMessage":"RequestId: {ID} Error: {text}"}}"#
            )
        );
    }
}

#[test]
fn an_answer_too_large_names_the_limit_of_answers() {
    assert_eq!(
        body(&Outcome::ResponseTooLarge),
        r#"{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes)."}"#
    );
}

#[test]
fn a_truncated_answer_is_the_runtimes_fault() {
    assert!(
        body(&Outcome::ResponseTruncated)
            .starts_with(r#"{"errorType":"Runtime.TruncatedResponse""#)
    );
}

#[test]
fn a_throttled_request_is_a_429_with_its_reason() {
    let reason = ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded;
    let answer = invoke_answer(&Outcome::Throttled { reason }, ID);
    assert_eq!(answer.status, 429);
    assert_eq!(answer.error_type, Some("TooManyRequestsException"));
    assert_eq!(answer.retry_after_secs, Some(1));
    assert_eq!(answer.function_error, None);
    assert_eq!(
        answer.body.as_deref(),
        Some(
            r#"{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}"#
        )
    );
}

#[test]
fn a_cloud_at_its_end_is_a_service_exception() {
    let answer = invoke_answer(&Outcome::ShutDown, ID);
    assert_eq!((answer.status, answer.error_type), (500, Some("ServiceException")));
}

#[test]
fn a_runtime_is_told_what_is_refused() {
    let from = RuntimeState::RuntimeResponseSent;
    let to = RuntimeState::InvocationResponse;
    let rows = [
        (
            Refusal::InvalidRequestId,
            400,
            r#"{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}"#,
        ),
        (
            Refusal::InvalidStateTransition { from, to },
            403,
            r#"{"errorMessage":"State transition from RuntimeResponseSentState to InvocationResponse failed for runtime. Error: State transition is not allowed","errorType":"InvalidStateTransition"}"#,
        ),
        (
            Refusal::RegistrationClosed,
            403,
            r#"{"errorMessage":"Extension registration closed already","errorType":"Extension.RegistrationClosed"}"#,
        ),
        (
            Refusal::TooManyExtensions,
            403,
            r#"{"errorMessage":"Extension limit (10) reached","errorType":"Extension.TooManyExtensions"}"#,
        ),
        (
            Refusal::UnknownExtension,
            403,
            r#"{"errorMessage":"Unknown extension identifier","errorType":"Extension.UnknownExtensionIdentifier"}"#,
        ),
    ];
    for (refusal, status, line) in rows {
        let answer = runtime_refusal(refusal).expect("a runtime is told");
        assert_eq!((answer.status, answer.body), (status, format!("{line}\n")), "{refusal:?}");
    }
}

#[test]
fn who_has_ended_is_told_nothing() {
    for refusal in [Refusal::Gone, Refusal::UnknownFunction, Refusal::ShuttingDown] {
        assert_eq!(runtime_refusal(refusal), None);
    }
}

#[test]
fn a_runtimes_answer_too_large_is_a_413() {
    let answer = response_too_large();
    assert_eq!(answer.status, 413);
    assert_eq!(
        answer.body,
        "{\"errorMessage\":\"Exceeded maximum allowed payload size (6291556 bytes).\",\
         \"errorType\":\"RequestEntityTooLarge\"}\n"
    );
}

#[test]
fn a_runtimes_answer_that_broke_off_is_a_400() {
    let answer = response_truncated();
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("TruncatedHTTPRequest"));
}

#[test]
fn an_unknown_function_is_named_by_its_arn() {
    let arn = "arn:aws:lambda:us-east-1:111111111111:function:doesnotexist:$LATEST";
    let error = CallerError::FunctionNotFound { arn, hint: "there is `coffee`" }.on_the_wire();
    assert_eq!((error.status, error.error_type), (404, "ResourceNotFoundException"));
    assert_eq!(
        error.body,
        r#"{"Type":"User","Message":"Function not found: arn:aws:lambda:us-east-1:111111111111:function:doesnotexist:$LATEST","Hint":"there is `coffee`"}"#
    );
}

#[test]
fn a_payload_too_large_says_by_how_much() {
    let error = CallerError::PayloadTooLarge {
        bytes: 6_291_478,
        limit_bytes: Limits::strict().request_bytes_max,
        invocation_type: "RequestResponse",
    }
    .on_the_wire();
    assert_eq!((error.status, error.error_type), (413, "RequestEntityTooLargeException"));
    assert_eq!(
        error.body,
        r#"{"Type":"User","message":"6291478 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)"}"#
    );
}

#[test]
fn a_payload_that_is_no_json_is_shown_where() {
    let error =
        CallerError::InvalidJson { unexpected: Some(153), line: 1, column: 1 }.on_the_wire();
    assert_eq!((error.status, error.error_type), (400, "InvalidRequestContentException"));
    assert_eq!(
        error.body,
        r#"{"Type":"User","message":"Could not parse request body into json: Could not parse payload into json: Unexpected character ((CTRL-CHAR, code 153)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 1]"}"#
    );
    let error =
        CallerError::InvalidJson { unexpected: Some(b'x'), line: 2, column: 3 }.on_the_wire();
    assert!(error.body.contains("('x' (code 120))"), "{}", error.body);
}

#[test]
fn other_callers_errors_are_of_awss_kind() {
    let rows = [
        (CallerError::FunctionAmbiguous { message: "m" }, 400, "InvalidParameterValueException"),
        (CallerError::InvalidParameter { message: "m" }, 400, "InvalidParameterValueException"),
        (
            CallerError::Validation { value: "v", member: "m", constraint: "c" },
            400,
            "ValidationException",
        ),
        (CallerError::NotServed { message: "m" }, 404, "UnknownOperationException"),
        (CallerError::Forbidden { message: "m" }, 403, "AccessDeniedException"),
        (CallerError::Unavailable { message: "m" }, 500, "ServiceException"),
    ];
    for (error, status, error_type) in rows {
        let wire = error.on_the_wire();
        assert_eq!((wire.status, wire.error_type), (status, error_type));
    }
}

#[test]
fn a_function_url_forbids_in_awss_words() {
    let error = CallerError::UrlForbidden.on_the_wire();
    assert_eq!((error.status, error.error_type), (403, "AccessDeniedException"));
    assert_eq!(
        error.body,
        r#"{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}"#
    );
    let error = CallerError::ResourceNotFound.on_the_wire();
    assert_eq!((error.status, error.error_type), (404, "ResourceNotFoundException"));
    assert!(error.body.contains(r#""Message":"The resource you requested does not exist.""#));
}

#[test]
fn any_text_is_a_json_string() {
    assert_eq!(Json("a\"b\\c\n\u{1}é").to_string(), "\"a\\\"b\\\\c\\n\\u0001é\"");
}
