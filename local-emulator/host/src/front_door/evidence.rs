//! The headers that no AWS sends: what an invocation has cost, and why.

use std::time::Duration;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use lunch_cloud::{ColdCause, Evidence, InitFailure, ResetCause, Retirement, Start};

use super::value;

const INSTANCE: HeaderName = HeaderName::from_static("x-lunch-instance");
const START: HeaderName = HeaderName::from_static("x-lunch-start");
const CAUSE: HeaderName = HeaderName::from_static("x-lunch-cause");
const INIT_MS: HeaderName = HeaderName::from_static("x-lunch-init-ms");
const INIT_MODELLED_MS: HeaderName = HeaderName::from_static("x-lunch-init-modelled-ms");
const QUEUED_MS: HeaderName = HeaderName::from_static("x-lunch-queued-ms");
const DURATION_MS: HeaderName = HeaderName::from_static("x-lunch-duration-ms");

/// What no AWS says: who served, what that one had to do first, and what it cost.
pub(super) fn add(headers: &mut HeaderMap, instance: Option<HeaderValue>, evidence: &Evidence) {
    if let Some(instance) = instance {
        headers.insert(INSTANCE, instance);
    }
    if let Some(start) = evidence.start {
        let (word, cause) = match start {
            Start::Cold(cause) => ("cold", Some(cold(cause))),
            Start::Warm => ("warm", None),
            Start::Reinitialized(cause) => ("reinitialized", Some(reset(cause))),
        };
        headers.insert(START, HeaderValue::from_static(word));
        if let Some(cause) = cause {
            headers.insert(CAUSE, value(&cause));
        }
    }
    if let Some(init) = evidence.init {
        headers.insert(INIT_MS, millis(init));
        headers.insert(INIT_MODELLED_MS, millis(evidence.init_modelled));
    }
    headers.insert(QUEUED_MS, millis(evidence.queued));
    headers.insert(DURATION_MS, millis(evidence.duration));
}

fn cold(cause: ColdCause) -> String {
    match cause {
        ColdCause::First => "first".to_owned(),
        ColdCause::AllBusy => "all-busy".to_owned(),
        ColdCause::AfterRetirement(why) => format!("after-retirement({})", retired(why)),
    }
}

const fn retired(why: Retirement) -> &'static str {
    match why {
        Retirement::FunctionIdle => "function-idle",
        Retirement::InstanceIdle => "instance-idle",
        Retirement::LifeEnded => "life-ended",
        Retirement::NewRevision => "new-revision",
        Retirement::Evicted => "evicted",
        Retirement::ShutDown => "shut-down",
    }
}

fn reset(cause: ResetCause) -> String {
    match cause {
        ResetCause::TimedOut => "timed-out".to_owned(),
        ResetCause::Exited(exit) => format!("exited({exit})"),
        ResetCause::InitFailed(failure) => match failure {
            InitFailure::Exited(exit) => format!("init-failed({exit})"),
            InitFailure::Reported => "init-failed(reported)".to_owned(),
            InitFailure::TimedOut => "init-failed(timed out)".to_owned(),
            InitFailure::SpawnFailed(_) => "init-failed(not started)".to_owned(),
        },
    }
}

/// Milliseconds with three decimals. They stand on every answer, so they are written by hand.
fn millis(span: Duration) -> HeaderValue {
    const DECIMALS: usize = 3;
    let mut left = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    let mut text = [b'.'; 24];
    let mut from = text.len();
    for place in 0.. {
        if place == DECIMALS {
            from -= 1;
        } else if place > DECIMALS && left == 0 {
            break;
        }
        from -= 1;
        text[from] = digit(left % 10);
        left /= 10;
    }
    HeaderValue::from_bytes(&text[from..]).expect("digits and a point are a header's value")
}

fn digit(number: u64) -> u8 {
    b'0' + u8::try_from(number).expect("a digit is less than 10")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_have_three_decimals() {
        let shown = |us| millis(Duration::from_micros(us));
        assert_eq!(shown(0), "0.000");
        assert_eq!(shown(7), "0.007");
        assert_eq!(shown(1_000), "1.000");
        assert_eq!(shown(10_020), "10.020");
        assert_eq!(millis(Duration::MAX), "18446744073709551.615");
    }
}
