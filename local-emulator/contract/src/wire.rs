//! What an outcome, a refusal or an error looks like on the wire: the one table, with AWS's own texts.
//!
//! Statuses, error types and texts only; headers and bodies become HTTP in the host. Sources: facts 1.3, 5.2, 5.3.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use core::fmt::Write;

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

/// What a service answers to a call that it does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceError {
    /// The HTTP status.
    pub status: u16,
    /// The value of `x-amzn-ErrorType`.
    pub error_type: &'static str,
    /// The body, JSON.
    pub body: String,
}

/// How a caller was wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallerError<'a> {
    /// There is no such function; `hint` is ours and stands beside AWS's own text.
    FunctionNotFound {
        /// The ARN that was looked for, with its qualifier.
        arn: &'a str,
        /// What there is.
        hint: &'a str,
    },
    /// The function has no such alias.
    AliasNotFound {
        /// The ARN that was looked for.
        arn: &'a str,
    },
    /// The name stands for more than one function.
    FunctionAmbiguous {
        /// The sentence, with the candidates.
        message: &'a str,
    },
    /// The payload is no JSON.
    InvalidJson {
        /// The byte that was not expected; `None`: the payload ended too soon.
        unexpected: Option<u8>,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// The body of the request broke off, or is no body.
    BodyBroken,
    /// The body of the request did not come.
    BodyMissing {
        /// So long nothing of it came, seconds.
        seconds: u64,
    },
    /// The body of the request is larger than any of this call's.
    BodyTooLarge {
        /// What is read, bytes.
        limit_bytes: u64,
    },
    /// The payload is larger than AWS takes.
    PayloadTooLarge {
        /// The payload's size.
        bytes: u64,
        /// What AWS takes.
        limit_bytes: u64,
        /// `RequestResponse` or `Event`.
        invocation_type: &'a str,
    },
    /// A parameter has a value that it cannot have; AWS's sentence for it.
    InvalidParameter {
        /// The sentence.
        message: &'a str,
    },
    /// A value breaks a constraint of the service model.
    Validation {
        /// The value.
        value: &'a str,
        /// The member's name.
        member: &'a str,
        /// The constraint, as `Member must …`.
        constraint: &'a str,
    },
    /// AWS has this call, or may have it; this cloud does not serve it.
    NotServed {
        /// The sentence.
        message: &'a str,
    },
    /// The request is not for this cloud.
    Forbidden {
        /// The sentence.
        message: &'a str,
    },
    /// A function URL that there is not, or that does not take this caller. F 8.
    UrlForbidden,
    /// There is no such thing beside the function that was named. F 7.7.
    ResourceNotFound,
    /// The cloud itself is at its end.
    Unavailable {
        /// The sentence.
        message: &'a str,
    },
}

impl CallerError<'_> {
    /// What goes over the wire. Which key is capitalised follows the service model. Facts 5.3.
    #[must_use]
    pub fn on_the_wire(&self) -> ServiceError {
        match self {
            Self::FunctionNotFound { arn, hint } => ServiceError {
                status: 404,
                error_type: "ResourceNotFoundException",
                body: format!(
                    r#"{{"Type":"User","Message":{},"Hint":{}}}"#,
                    Json(&format!("Function not found: {arn}")),
                    Json(hint)
                ),
            },
            Self::AliasNotFound { arn } => {
                user(404, "ResourceNotFoundException", &format!("Cannot find alias arn: {arn}"))
            }
            Self::FunctionAmbiguous { message } | Self::InvalidParameter { message } => {
                user(400, "InvalidParameterValueException", message)
            }
            Self::InvalidJson { unexpected, line, column } => {
                let what = match unexpected {
                    Some(byte) => format!(
                        "Unexpected character ({}): expected a valid value (JSON String, Number, \
                         Array, Object or token 'null', 'true' or 'false')",
                        character(*byte)
                    ),
                    None => "Unexpected end-of-input".to_owned(),
                };
                let message = format!(
                    "Could not parse request body into json: Could not parse payload into json: \
                     {what}\n at [Source: REDACTED \
                     (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {line}, column: \
                     {column}]"
                );
                user(400, "InvalidRequestContentException", &message)
            }
            Self::BodyBroken => {
                let message = "The request's body broke off, or its chunks are not HTTP's: send as many bytes as \
                               Content-Length says, or whole chunks";
                user(400, "InvalidRequestContentException", message)
            }
            Self::BodyMissing { seconds } => {
                let message = format!(
                    "Nothing of the request's body came for {seconds} s: send as many bytes as Content-Length says"
                );
                user(408, "RequestTimeoutException", &message)
            }
            Self::BodyTooLarge { limit_bytes } => {
                let message = format!(
                    "The request's body is longer than {limit_bytes} bytes, which is more than this call takes"
                );
                user(413, "RequestEntityTooLargeException", &message)
            }
            Self::PayloadTooLarge { bytes, limit_bytes, invocation_type } => user(
                413,
                "RequestEntityTooLargeException",
                &format!(
                    "{bytes} byte payload is too large for the {invocation_type} invocation type \
                     (limit {limit_bytes} bytes)"
                ),
            ),
            Self::Validation { value, member, constraint } => ServiceError {
                status: 400,
                error_type: "ValidationException",
                body: format!(
                    r#"{{"message":{}}}"#,
                    Json(&format!(
                        "1 validation error detected: Value '{value}' at '{member}' failed to \
                         satisfy constraint: {constraint}"
                    ))
                ),
            },
            Self::NotServed { message } => user(404, "UnknownOperationException", message),
            Self::Forbidden { message } => user(403, "AccessDeniedException", message),
            Self::UrlForbidden => ServiceError {
                status: 403,
                error_type: "AccessDeniedException",
                body: format!(r#"{{"Message":{}}}"#, Json(URL_FORBIDDEN)),
            },
            Self::ResourceNotFound => ServiceError {
                status: 404,
                error_type: "ResourceNotFoundException",
                body: r#"{"Type":"User","Message":"The resource you requested does not exist."}"#
                    .to_owned(),
            },
            Self::Unavailable { message } => ServiceError {
                status: 500,
                error_type: "ServiceException",
                body: format!(r#"{{"Type":"Service","Message":{}}}"#, Json(message)),
            },
        }
    }
}

/// What a function URL says to whom it does not take. F 8.
const URL_FORBIDDEN: &str = "Forbidden. For troubleshooting Function URL authorization issues, see: \
                             https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html";

fn user(status: u16, error_type: &'static str, message: &str) -> ServiceError {
    ServiceError {
        status,
        error_type,
        body: format!(r#"{{"Type":"User","message":{}}}"#, Json(message)),
    }
}

/// A character as AWS's JSON reader names it.
fn character(byte: u8) -> String {
    let is_control = byte < 0x20 || (0x7f..=0x9f).contains(&byte);
    if is_control {
        format!("(CTRL-CHAR, code {byte})")
    } else {
        format!("'{}' (code {byte})", char::from(byte))
    }
}

/// Displays a text as a JSON string.
#[derive(Clone, Copy, Debug)]
pub struct Json<'a>(pub &'a str);

impl core::fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                control if control < ' ' => write!(f, "\\u{:04x}", u32::from(control))?,
                other => f.write_char(other)?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
