//! An answered request, and what can be expected of it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::describe::last_lines;
use crate::door::{Answer, Door};

/// What a function's caller got.
#[derive(Clone)]
pub struct Invocation {
    /// Who was called.
    pub function: String,
    /// The HTTP status. A function's own failure keeps 200.
    pub status: u16,
    /// The headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// What the cloud says of how it was served.
    pub evidence: Evidence,
    /// How long its caller waited.
    pub took: Duration,
    door: Arc<Door>,
}

/// How a request was served, as the answer's `x-lunch-` headers say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// By which instance, as `i-0004`; `None`: by none.
    pub instance: Option<String>,
    /// `cold`, `warm` or `reinitialized`.
    pub start: Option<String>,
    /// Why, where it was not warm: `first`, `all-busy`, ...
    pub cause: Option<String>,
    /// How long its INIT took, real and modelled together.
    pub init_ms: Option<f64>,
    /// How much of that was modelled.
    pub init_modelled_ms: Option<f64>,
    /// How long it waited before its invocation began.
    pub queued_ms: Option<f64>,
    /// How long the invocation took.
    pub duration_ms: Option<f64>,
}

impl Evidence {
    fn of(answer: &Answer) -> Self {
        let text = |name: &str| answer.header(name).map(str::to_owned);
        let ms = |name: &str| answer.header(name).and_then(|value| value.parse().ok());
        Self {
            instance: text("x-lunch-instance"),
            start: text("x-lunch-start"),
            cause: text("x-lunch-cause"),
            init_ms: ms("x-lunch-init-ms"),
            init_modelled_ms: ms("x-lunch-init-modelled-ms"),
            queued_ms: ms("x-lunch-queued-ms"),
            duration_ms: ms("x-lunch-duration-ms"),
        }
    }
}

impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation")
            .field("function", &self.function)
            .field("status", &self.status)
            .field("evidence", &self.evidence)
            .field("body", &self.text())
            .finish_non_exhaustive()
    }
}

/// What came.
impl Invocation {
    pub(crate) fn new(function: String, answer: Answer, took: Duration, door: Arc<Door>) -> Self {
        let evidence = Evidence::of(&answer);
        let Answer { status, headers, body } = answer;
        Self { function, status, headers, body, evidence, took, door }
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| self.fail(&format!("expected JSON: {error}")))
    }

    /// A header's text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The request's id: `x-amzn-RequestId`.
    ///
    /// # Panics
    /// If the answer has none.
    #[must_use]
    #[track_caller]
    pub fn request_id(&self) -> &str {
        self.header("x-amzn-requestid").unwrap_or_else(|| {
            self.fail("expected a request id, and there is no `x-amzn-requestid`")
        })
    }

    /// The instance that served it, as `i-0004`.
    ///
    /// # Panics
    /// If none did.
    #[must_use]
    #[track_caller]
    pub fn instance(&self) -> &str {
        let none = "expected that an instance served it, and there is no `x-lunch-instance`";
        self.evidence.instance.as_deref().unwrap_or_else(|| self.fail(none))
    }
}

/// What was to come. Each of these gives the invocation back, so that they can follow each other; each panics where it
/// came otherwise, with the answer and the timeline's last lines.
impl Invocation {
    /// The function answered.
    #[track_caller]
    pub fn expect_ok(&self) -> &Self {
        match (self.status, self.header("x-amz-function-error")) {
            (200, None) => self,
            (200, Some(_)) => self.fail("expected an answer, and the function failed"),
            _ => self.fail("expected an answer, and the request was refused"),
        }
    }

    /// The answer has that status.
    #[track_caller]
    pub fn expect_status(&self, status: u16) -> &Self {
        self.check(self.status == status, || format!("expected status {status}"))
    }

    /// A new instance served it.
    #[track_caller]
    pub fn expect_cold(&self) -> &Self {
        self.expect_start("cold")
    }

    /// A new instance served it, and for this reason: `first`, `all-busy`, ...
    #[track_caller]
    pub fn expect_cold_because(&self, cause: &str) -> &Self {
        self.expect_cold();
        self.check(self.evidence.cause.as_deref() == Some(cause), || {
            format!("expected a cold start because of `{cause}`")
        })
    }

    /// An instance that was ready served it.
    #[track_caller]
    pub fn expect_warm(&self) -> &Self {
        self.expect_start("warm")
    }

    /// An instance that had lost its process served it, after another INIT.
    #[track_caller]
    pub fn expect_reinitialized(&self) -> &Self {
        self.expect_start("reinitialized")
    }

    /// The same instance served it as that one.
    #[track_caller]
    pub fn expect_reused(&self, earlier: &Self) -> &Self {
        let instance = earlier.instance();
        self.check(self.evidence.instance.as_deref() == Some(instance), || {
            format!("expected that `{instance}` serves again")
        })
    }

    /// Another instance served it than that one.
    #[track_caller]
    pub fn expect_other_instance(&self, earlier: &Self) -> &Self {
        let instance = earlier.instance();
        self.check(self.instance() != instance, || {
            format!("expected that another than `{instance}` serves")
        })
    }

    /// The function failed, with this `errorType`.
    #[track_caller]
    pub fn expect_function_error(&self, error_type: &str) -> &Self {
        let has_failed = self.status == 200 && self.header("x-amz-function-error").is_some();
        self.check(has_failed, || format!("expected the function error `{error_type}`"));
        self.check(self.json()["errorType"] == error_type, || {
            format!("expected the function error `{error_type}`")
        })
    }

    /// The invocation ran into its function's timeout.
    #[track_caller]
    pub fn expect_timed_out(&self) -> &Self {
        self.expect_function_error("Sandbox.Timedout")
    }

    /// The request was refused by this error type, as `ResourceNotFoundException`.
    #[track_caller]
    pub fn expect_refused(&self, status: u16, error_type: &str) -> &Self {
        let is_so = self.status == status && self.header("x-amzn-errortype") == Some(error_type);
        self.check(is_so, || format!("expected {status} `{error_type}`"))
    }

    /// The request was refused by throttling, with AWS's reason.
    #[track_caller]
    pub fn expect_throttled(&self, reason: &str) -> &Self {
        self.expect_refused(429, "TooManyRequestsException");
        self.check(self.json()["Reason"] == reason, || format!("expected the reason `{reason}`"))
    }

    #[track_caller]
    fn expect_start(&self, start: &str) -> &Self {
        self.check(self.evidence.start.as_deref() == Some(start), || {
            format!("expected that it starts {start}")
        })
    }

    /// Fails with what came, if `is_so` is false.
    #[track_caller]
    pub fn check(&self, is_so: bool, expected: impl FnOnce() -> String) -> &Self {
        if !is_so {
            self.fail(&expected());
        }
        self
    }

    #[track_caller]
    fn fail(&self, expected: &str) -> ! {
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| format!("  {name}: {value}\n"))
            .collect::<String>();
        let timeline = match self.door.read_lines("/_lunch/timeline") {
            Ok(timeline) => last_lines(&timeline),
            Err(error) => format!("the timeline cannot be read: {error}"),
        };
        let text = self.text();
        let start: String = text.chars().take(1_000).collect();
        panic!(
            "{expected}\n`{}` gave this after {:.1} ms, with status {}:\n{headers}  {start}\n{timeline}",
            self.function,
            self.took.as_secs_f64() * 1e3,
            self.status,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer with these headers; behind it is no cloud.
    fn answered(status: u16, headers: &[(&str, &str)], body: &str) -> Invocation {
        let headers =
            headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let answer = Answer { status, headers, body: body.into() };
        let door = Arc::new(Door::new(1).unwrap());
        Invocation::new("coffee".into(), answer, Duration::from_millis(12), door)
    }

    /// What an expectation says that fails.
    fn failure(expect: impl FnOnce() + std::panic::UnwindSafe) -> String {
        let panic = std::panic::catch_unwind(expect).expect_err("it was to fail");
        panic.downcast_ref::<String>().cloned().unwrap_or_default()
    }

    const WARM: [(&str, &str); 3] =
        [("x-lunch-instance", "i-0004"), ("x-lunch-start", "warm"), ("x-lunch-queued-ms", "0.25")];

    #[test]
    fn evidence_is_read_from_the_headers() {
        let warm = answered(200, &WARM, "{}");
        assert_eq!(warm.evidence.queued_ms, Some(0.25));
        assert_eq!(warm.evidence.cause, None);
        warm.expect_ok().expect_warm().expect_reused(&warm);
    }

    #[test]
    fn a_failed_expectation_says_what_was_expected_and_all_that_came() {
        let said = failure(|| {
            answered(200, &WARM, "\"latte\"").expect_cold();
        });
        assert!(
            said.starts_with("expected that it starts cold\n`coffee` gave this after 12.0 ms"),
            "{said}"
        );
        assert!(said.contains("  x-lunch-start: warm\n") && said.contains("\"latte\""), "{said}");
        assert!(said.contains("the timeline cannot be read"), "{said}");
    }

    #[test]
    fn every_expectation_can_fail() {
        let cold = || answered(200, &[("x-lunch-start", "cold"), ("x-lunch-cause", "first")], "{}");
        let warm = || answered(200, &WARM, "{}");
        failure(|| {
            warm().expect_cold();
        });
        failure(|| {
            cold().expect_cold_because("all-busy");
        });
        failure(|| {
            cold().expect_warm();
        });
        failure(|| {
            warm().expect_reinitialized();
        });
        failure(|| {
            cold().expect_reused(&warm());
        });
        failure(|| {
            warm().expect_other_instance(&warm());
        });
        failure(|| {
            warm().expect_timed_out();
        });
        failure(|| {
            warm().expect_throttled("ConcurrentInvocationLimitExceeded");
        });
        failure(|| {
            warm().expect_status(202);
        });
        failure(|| {
            answered(429, &[], "{}").expect_ok();
        });
        failure(|| {
            answered(200, &[("x-amz-function-error", "Unhandled")], "{}").expect_ok();
        });
        failure(|| drop(answered(200, &[], "no JSON").json()));
        failure(|| drop(answered(200, &[], "{}").request_id().to_owned()));
    }

    #[test]
    fn failures_and_refusals_are_told_apart() {
        let body = r#"{"errorType":"Sandbox.Timedout","errorMessage":""}"#;
        answered(200, &[("x-amz-function-error", "Unhandled")], body).expect_timed_out();
        let body = r#"{"Reason":"ConcurrentInvocationLimitExceeded"}"#;
        let throttled = answered(429, &[("x-amzn-errortype", "TooManyRequestsException")], body);
        throttled.expect_throttled("ConcurrentInvocationLimitExceeded");
    }
}
