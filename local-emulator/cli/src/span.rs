//! Spans of time as a human writes and reads them: `1h30m`, `90s`, `500ms`; `10m 40s`, `1.2 s`, `16.4 ms`.

use std::time::Duration;

/// Why a text is no span of time.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no span of time\n(write `10m`, `90s`, `500ms` or `1h30m`)")]
pub(crate) struct NotASpan {
    text: String,
}

/// Reads `10m`, `90s`, `500ms`, `1h30m`, `1.5s`; a bare number has no unit and is refused.
pub(crate) fn parse(text: &str) -> Result<Duration, NotASpan> {
    let refused = || NotASpan { text: text.to_owned() };
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return Err(refused());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(refused)?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let unit_secs = match unit {
            "us" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => return Err(refused()),
        };
        let number: f64 = number.parse().map_err(|_| refused())?;
        let part = Duration::try_from_secs_f64(number * unit_secs).map_err(|_| refused())?;
        total = total.checked_add(part).ok_or_else(refused)?;
        rest = after.trim_start();
    }
    // A float of milliseconds may miss by a nanosecond; nobody writes less than a microsecond.
    let micros = (total.as_nanos() + 500) / 1_000;
    u64::try_from(micros).map(Duration::from_micros).map_err(|_| refused())
}

/// A span with as many digits as a reader needs: `840 us`, `16.4 ms`, `1.24 s`, `10m 40s`, `1h 5m`.
pub(crate) fn show(span: Duration) -> String {
    let secs = span.as_secs_f64();
    if secs == 0.0 {
        "0 s".to_owned()
    } else if secs < 0.000_999_5 {
        format!("{:.0} us", secs * 1e6)
    } else if secs < 0.099_95 {
        format!("{:.1} ms", secs * 1e3)
    } else if secs < 0.999_5 {
        format!("{:.0} ms", secs * 1e3)
    } else if secs < 9.995 {
        format!("{secs:.2} s")
    } else if secs < 59.95 {
        format!("{secs:.1} s")
    } else {
        clock(span)
    }
}

/// A point on a clock, to the second: `8s`, `1m 20s`, `10m`, `1h 5m`.
pub(crate) fn clock(span: Duration) -> String {
    let secs = (span.as_nanos() + 500_000_000) / 1_000_000_000;
    let (h, m, s) = (secs / 3_600, secs / 60 % 60, secs % 60);
    match (h, m, s) {
        (0, 0, s) => format!("{s}s"),
        (0, m, 0) => format!("{m}m"),
        (0, m, s) => format!("{m}m {s}s"),
        (h, 0, 0) => format!("{h}h"),
        (h, m, 0) => format!("{h}h {m}m"),
        (h, m, s) => format!("{h}h {m}m {s}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        assert_eq!(parse("10m"), Ok(Duration::from_secs(600)));
        assert_eq!(parse("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("1h30m"), Ok(Duration::from_secs(5_400)));
        assert_eq!(parse("1h 30m 5s"), Ok(Duration::from_secs(5_405)));
        assert_eq!(parse("1.5s"), Ok(Duration::from_millis(1_500)));
    }

    #[test]
    fn what_is_no_span_is_refused_with_an_example() {
        for text in ["", "10", "10 parsecs", "m", "-3s", "1..2s", "999999999999999999d"] {
            let error = parse(text).expect_err(text);
            assert!(error.to_string().contains("write `10m`"), "{error}");
        }
    }

    #[test]
    fn spans_are_shown_with_the_digits_that_matter() {
        let shown = [0.0, 0.000_84, 0.016_42, 0.84, 1.239, 12.34, 640.0, 3_900.0]
            .map(|secs| show(Duration::from_secs_f64(secs)));
        assert_eq!(
            shown,
            ["0 s", "840 us", "16.4 ms", "840 ms", "1.24 s", "12.3 s", "10m 40s", "1h 5m"]
        );
    }
}
