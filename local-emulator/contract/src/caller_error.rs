//! Why a call of Lambda's is not taken, with AWS's own texts. Facts 5.3, 8.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;

use crate::wire::Json;

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
    /// There is no such thing; AWS's sentence for it.
    NotFound {
        /// The sentence.
        message: &'a str,
    },
    /// There is one already; AWS's sentence for it.
    Conflict {
        /// The sentence.
        message: &'a str,
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
            Self::AliasNotFound { arn } => ServiceError {
                status: 404,
                error_type: "ResourceNotFoundException",
                body: format!(
                    r#"{{"Type":"User","Message":{}}}"#,
                    Json(&format!("Cannot find alias arn: {arn}"))
                ),
            },
            Self::NotFound { message } => ServiceError {
                status: 404,
                error_type: "ResourceNotFoundException",
                body: format!(r#"{{"Type":"User","Message":{}}}"#, Json(message)),
            },
            Self::Conflict { message } => user(409, "ResourceConflictException", message),
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
