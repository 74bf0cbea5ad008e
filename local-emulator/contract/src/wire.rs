//! What an outcome, a refusal or an error looks like on the wire: the one table, with AWS's own texts.
//!
//! Statuses, error types and texts only; headers and bodies become HTTP in the host. Sources: facts 1.3, 5.2, 5.3.

mod json;

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

pub use self::json::Json;
pub use crate::caller_error::{CallerError, ServiceError};
use crate::limits::Limits;
use crate::outcome::{Exit, Outcome, SpawnFailure};
use crate::refusal::{Refusal, RuntimeState};

/// What a caller of Invoke gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvokeAnswer {
    /// The HTTP status. A function's own failure keeps 200.
    pub status: u16,
    /// The value of `X-Amz-Function-Error`, where the function failed.
    pub function_error: Option<&'static str>,
    /// The value of `x-amzn-ErrorType`, where AWS did not take the request or failed itself.
    pub error_type: Option<&'static str>,
    /// The value of `Retry-After`, seconds.
    pub retry_after_secs: Option<u32>,
    /// The body; `None`: the bytes that the function sent.
    pub body: Option<String>,
}

/// The one value that `X-Amz-Function-Error` has in everything recorded since 2018. Facts 5.1.
pub const UNHANDLED: &str = "Unhandled";

/// What the caller is told of its invocation's fate.
#[must_use]
pub fn invoke_answer(outcome: &Outcome, request_id: &str) -> InvokeAnswer {
    let function_failed = |error_type: &str, message: &str| InvokeAnswer {
        status: 200,
        function_error: Some(UNHANDLED),
        error_type: None,
        retry_after_secs: None,
        body: Some(function_error(error_type, message)),
    };
    let of_request = |error_type: &str, text: &str| {
        function_failed(error_type, &format!("RequestId: {request_id} Error: {text}"))
    };
    match outcome {
        Outcome::Returned => InvokeAnswer {
            status: 200,
            function_error: None,
            error_type: None,
            retry_after_secs: None,
            body: None,
        },
        Outcome::FunctionError | Outcome::InitError => InvokeAnswer {
            status: 200,
            function_error: Some(UNHANDLED),
            error_type: None,
            retry_after_secs: None,
            body: None,
        },
        Outcome::TimedOut { after } => of_request(
            "Sandbox.Timedout",
            &format!("Task timed out after {:.2} seconds", after.as_secs_f64()),
        ),
        Outcome::Exited { exit } => of_request("Runtime.ExitError", &exit_text(*exit)),
        Outcome::SpawnFailed { why } => of_request("Runtime.InvalidEntrypoint", &spawn_text(*why)),
        Outcome::ResponseTooLarge => function_failed(
            "Function.ResponseSizeTooLarge",
            &format!(
                "Response payload size exceeded maximum allowed payload size ({} bytes).",
                Limits::strict().response_bytes_max
            ),
        ),
        Outcome::ResponseTruncated => {
            of_request("Runtime.TruncatedResponse", "Response is truncated")
        }
        Outcome::Throttled { reason } => InvokeAnswer {
            status: 429,
            function_error: None,
            error_type: Some("TooManyRequestsException"),
            retry_after_secs: Some(RETRY_AFTER_SECS),
            body: Some(format!(
                r#"{{"Reason":"{}","Type":"User","message":"Rate Exceeded."}}"#,
                reason.name()
            )),
        },
        Outcome::ShutDown => InvokeAnswer {
            status: 500,
            function_error: None,
            error_type: Some("ServiceException"),
            retry_after_secs: None,
            body: Some(r#"{"Type":"Service","Message":"the cloud was shut down"}"#.to_owned()),
        },
    }
}

/// `Retry-After` of a throttled request. AWS gives 0 for a reserved concurrency of 0 and small numbers else; the
/// smallest that makes a client wait is given here.
const RETRY_AFTER_SECS: u32 = 1;

fn exit_text(exit: Exit) -> String {
    match exit {
        Exit::Code(0) => "Runtime exited without providing a reason".to_owned(),
        Exit::Code(code) => format!("Runtime exited with error: exit status {code}"),
        Exit::Signal(signal) => {
            format!("Runtime exited with error: signal: {}", signal_text(signal))
        }
    }
}

/// A signal as the agent's language prints it, for those that end processes; Linux's numbers.
fn signal_text(signal: i32) -> String {
    let text = match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        10 => "user defined signal 1",
        11 => "segmentation fault",
        12 => "user defined signal 2",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        other => return format!("signal {other}"),
    };
    text.to_owned()
}

/// The error that AWS's agent has for a program that does not start. D:troubleshooting-deployment.
fn spawn_text(why: SpawnFailure) -> String {
    match why {
        SpawnFailure::Missing => {
            "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]".to_owned()
        }
        SpawnFailure::PermissionDenied => {
            "fork/exec /var/task/bootstrap: permission denied".to_owned()
        }
        SpawnFailure::ExecFormat => "fork/exec /var/task/bootstrap: exec format error".to_owned(),
        SpawnFailure::Host { errno } => format!("fork/exec /var/task/bootstrap: errno {errno}"),
    }
}

/// A body that the service makes for a function's failure: `errorType` first, unlike a runtime's own.
#[must_use]
pub fn function_error(error_type: &str, message: &str) -> String {
    format!(r#"{{"errorType":{},"errorMessage":{}}}"#, Json(error_type), Json(message))
}

/// What a runtime or an extension is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body: JSON and a newline.
    pub body: String,
}

/// The body of every 202 of the Runtime API.
pub const STATUS_OK: &str = "{\"status\":\"OK\"}\n";

/// An error of the Runtime or Extensions API, in AWS's key order.
#[must_use]
pub fn runtime_error(status: u16, error_type: &str, message: &str) -> RuntimeAnswer {
    let body =
        format!("{{\"errorMessage\":{},\"errorType\":{}}}\n", Json(message), Json(error_type));
    RuntimeAnswer { status, body }
}

/// What a runtime is told of a refusal; `None`: it has ended, or is not its business, and nobody is told.
#[must_use]
pub fn runtime_refusal(refusal: Refusal) -> Option<RuntimeAnswer> {
    let answer = match refusal {
        Refusal::InvalidRequestId => runtime_error(400, "InvalidRequestID", "Invalid request ID"),
        Refusal::InvalidStateTransition { from, to } => runtime_error(
            403,
            "InvalidStateTransition",
            &format!(
                "State transition from {} to {} failed for runtime. \
                 Error: State transition is not allowed",
                state_name(from),
                state_name(to)
            ),
        ),
        Refusal::RegistrationClosed => runtime_error(
            403,
            "Extension.RegistrationClosed",
            "Extension registration closed already",
        ),
        Refusal::TooManyExtensions => runtime_error(
            403,
            "Extension.TooManyExtensions",
            &format!("Extension limit ({}) reached", Limits::strict().extensions_max),
        ),
        Refusal::UnknownExtension => runtime_error(
            403,
            "Extension.UnknownExtensionIdentifier",
            "Unknown extension identifier",
        ),
        Refusal::Gone
        | Refusal::UnknownFunction
        | Refusal::RequestInUse
        | Refusal::UnknownRequest
        | Refusal::UnreservedConcurrencyBelowMinimum
        | Refusal::ShuttingDown => return None,
    };
    Some(answer)
}

/// Where a runtime stands, in the words of AWS's agent: its `core` package's state names.
const fn state_name(state: RuntimeState) -> &'static str {
    match state {
        RuntimeState::RuntimeStarted => "Started",
        RuntimeState::RuntimeInitError => "InitError",
        RuntimeState::RuntimeReady => "Ready",
        RuntimeState::RuntimeRunning => "Running",
        RuntimeState::InvocationResponse => "InvocationResponse",
        RuntimeState::InvocationErrorResponse => "InvocationErrorResponse",
        RuntimeState::RuntimeResponseSent => "RuntimeResponseSentState",
    }
}

/// What a runtime is told when it echoes an invocation id that is not its invocation's. AWS documents the status and the
/// type, and not the text. D:runtimes-api.
#[must_use]
pub fn invalid_invocation_id() -> RuntimeAnswer {
    runtime_error(400, "InvalidInvocationId", "Invalid invocation ID")
}

/// What a runtime is told when its answer is larger than AWS takes.
#[must_use]
pub fn response_too_large() -> RuntimeAnswer {
    let message = format!(
        "Exceeded maximum allowed payload size ({} bytes).",
        Limits::strict().response_bytes_max
    );
    runtime_error(413, "RequestEntityTooLarge", &message)
}

/// What a runtime is told when its answer broke off.
#[must_use]
pub fn response_truncated() -> RuntimeAnswer {
    runtime_error(400, "TruncatedHTTPRequest", "HTTP request detected as truncated")
}

/// What a runtime is told when its answer has a response mode that there is not.
#[must_use]
pub fn invalid_response_mode() -> RuntimeAnswer {
    runtime_error(400, "InvalidFunctionResponseMode", "Invalid function response mode")
}

/// What an extension is told when it registers, in AWS's key order; the account only if it asked for that.
#[must_use]
pub fn registered(account: Option<&str>, function: &str, version: &str, handler: &str) -> String {
    let account = account.map(|id| format!(r#""accountId":{},"#, Json(id))).unwrap_or_default();
    format!(
        "{{{account}\"functionName\":{},\"functionVersion\":{},\"handler\":{}}}\n",
        Json(function),
        Json(version),
        Json(handler)
    )
}

/// What an extension is told of an invocation, in AWS's key order.
#[must_use]
pub fn invoke_event(deadline_ms: u64, request_id: &str, arn: &str, trace_id: &str) -> String {
    format!(
        r#"{{"eventType":"INVOKE","deadlineMs":{deadline_ms},"requestId":{},"invokedFunctionArn":{},"tracing":{{"type":"X-Amzn-Trace-Id","value":{}}}}}"#,
        Json(request_id),
        Json(arn),
        Json(trace_id)
    )
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
