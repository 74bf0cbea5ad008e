//! Names of functions as callers spell them, and the ARNs and log names that are made of them.

use alloc::format;
use alloc::string::String;
use core::fmt;

/// The only version of a function that is not published. D:configuration-versions.
pub const LATEST: &str = "$LATEST";

/// What the model lets stand for the newest version that is published.
const LATEST_PUBLISHED: &str = "$LATEST.PUBLISHED";

/// A function as a caller named it: by name, by partial ARN or by ARN, with or without a qualifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionReference<'a> {
    /// The region of a full ARN.
    pub region: Option<&'a str>,
    /// The account of a full or partial ARN.
    pub account: Option<&'a str>,
    /// The function's name.
    pub name: &'a str,
    /// A version or an alias.
    pub qualifier: Option<&'a str>,
}

/// What is no function's name in any of AWS's spellings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidFunctionName;

impl fmt::Display for InvalidFunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a function is named by its name, by `account:name`, `account:function:name` or by its ARN, \
             each with `:qualifier` or without",
        )
    }
}

impl core::error::Error for InvalidFunctionName {}

impl<'a> FunctionReference<'a> {
    /// Reads any of the spellings that Invoke takes (the service model's `FunctionName`).
    ///
    /// # Errors
    /// If it is none of them.
    pub fn parse(text: &'a str) -> Result<Self, InvalidFunctionName> {
        let (region, rest) = match text.strip_prefix("arn:") {
            Some(arn) => {
                let mut fields = arn.splitn(4, ':');
                let (Some(partition), Some("lambda"), Some(region), Some(rest)) =
                    (fields.next(), fields.next(), fields.next(), fields.next())
                else {
                    return Err(InvalidFunctionName);
                };
                if !partition.starts_with("aws") || !is_name(region) {
                    return Err(InvalidFunctionName);
                }
                (Some(region), rest)
            }
            None => (None, text),
        };
        let mut fields = rest.split(':');
        let first = fields.next().ok_or(InvalidFunctionName)?;
        let second = rest.split(':').nth(1);
        let (account, name) = if is_account(first) && rest.contains(":function:") {
            let Some("function") = fields.next() else { return Err(InvalidFunctionName) };
            (Some(first), fields.next().ok_or(InvalidFunctionName)?)
        } else if is_account(first) && region.is_none() && second.is_some_and(is_name) {
            (Some(first), fields.next().ok_or(InvalidFunctionName)?)
        } else if region.is_some() {
            return Err(InvalidFunctionName);
        } else if first == "function" && rest.contains(':') {
            (None, fields.next().ok_or(InvalidFunctionName)?)
        } else {
            (None, first)
        };
        let qualifier = fields.next();
        let reference = Self { region, account, name, qualifier };
        let is_valid =
            is_name(name) && qualifier.is_none_or(is_qualifier) && fields.next().is_none();
        if is_valid { Ok(reference) } else { Err(InvalidFunctionName) }
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_name(text: &str) -> bool {
    (1..=140).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// The model's `Qualifier`: `$LATEST`, `$LATEST.PUBLISHED`, a version or an alias.
fn is_qualifier(text: &str) -> bool {
    let body = text.strip_prefix('$').unwrap_or(text);
    (1..=128).contains(&text.len())
        && !body.is_empty()
        && body.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' || byte == b'.'
        })
}

/// Whether a `Qualifier` of a query has the model's form; else the constraint that it breaks, as AWS puts it.
///
/// # Errors
/// If it has not.
pub fn check_qualifier(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err("Member must have length greater than or equal to 1");
    }
    if text.len() > 128 {
        return Err("Member must have length less than or equal to 128");
    }
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b"$_-".contains(&byte);
    if text == LATEST_PUBLISHED || text.bytes().all(is_known) {
        return Ok(());
    }
    Err("Member must satisfy regular expression pattern: (|[a-zA-Z0-9$_-]+)")
}

/// A function's ARN, as invoked: with the qualifier only where the caller gave one.
#[must_use]
pub fn function_arn(region: &str, account: &str, name: &str, qualifier: Option<&str>) -> String {
    match qualifier {
        Some(qualifier) => format!("arn:aws:lambda:{region}:{account}:function:{name}:{qualifier}"),
        None => format!("arn:aws:lambda:{region}:{account}:function:{name}"),
    }
}

/// A function's log group, where its template names no other. D:monitoring-cloudwatchlogs.
#[must_use]
pub fn log_group(name: &str) -> String {
    format!("/aws/lambda/{name}")
}

/// The log stream of one instance: `2026/11/24/[$LATEST]` and 32 hexadecimal digits. D:monitoring-cloudwatchlogs.
///
/// `unix_secs` is the cloud's wall-clock time of the instance's birth.
#[must_use]
pub fn log_stream(unix_secs: u64, unique: u128) -> String {
    let (year, month, day) = civil_date(unix_secs / 86_400);
    format!("{year:04}/{month:02}/{day:02}/[{LATEST}]{unique:032x}")
}

/// The same in a group of the user's choice, which has streams of more functions than one: after the date the
/// function's name, and the version in brackets. D:monitoring-cloudwatchlogs-loggroups.
#[must_use]
pub fn log_stream_of_group(unix_secs: u64, function: &str, unique: u128) -> String {
    let (year, month, day) = civil_date(unix_secs / 86_400);
    format!("{year:04}/{month:02}/{day:02}/{function}[{LATEST}][{unique:032x}]")
}

/// An instant as AWS prints it: `2026-11-24T16:28:01.042Z`.
#[must_use]
pub fn timestamp(unix_ms: u64) -> String {
    let (secs, ms) = (unix_ms / 1_000, unix_ms % 1_000);
    let (year, month, day) = civil_date(secs / 86_400);
    let (hour, minute, second) = (secs / 3_600 % 24, secs / 60 % 60, secs % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// The Gregorian date so many days after 1970-01-01, counted in eras of 400 years that begin in March.
const fn civil_date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> FunctionReference<'_> {
        FunctionReference { region: None, account: None, name, qualifier: None }
    }

    #[test]
    fn a_function_is_known_by_all_of_its_spellings() {
        let (region, account) = (Some("eu-west-1"), Some("123456789012"));
        let rows = [
            ("coffee", named("coffee")),
            ("coffee:$LATEST", FunctionReference { qualifier: Some("$LATEST"), ..named("coffee") }),
            ("coffee:live", FunctionReference { qualifier: Some("live"), ..named("coffee") }),
            ("function:coffee", named("coffee")),
            ("123456789012:function:coffee", FunctionReference { account, ..named("coffee") }),
            (
                "arn:aws:lambda:eu-west-1:123456789012:function:coffee:7",
                FunctionReference { region, account, name: "coffee", qualifier: Some("7") },
            ),
            (
                "arn:aws-cn:lambda:eu-west-1:123456789012:function:coffee",
                FunctionReference { region, account, ..named("coffee") },
            ),
            ("123456789012:coffee", FunctionReference { account, ..named("coffee") }),
            (
                "123456789012:coffee:live",
                FunctionReference { account, qualifier: Some("live"), ..named("coffee") },
            ),
            ("123456789012", named("123456789012")),
            (
                "123456789012:$LATEST",
                FunctionReference { qualifier: Some("$LATEST"), ..named("123456789012") },
            ),
        ];
        for (text, expected) in rows {
            assert_eq!(FunctionReference::parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_name() {
        for text in [
            "",
            "cof fee",
            "coffee:",
            "coffee:a:b",
            "arn:aws:sqs:eu-west-1:123456789012:coffee",
            "arn:aws:lambda:eu-west-1:12:function:coffee",
            "arn:aws:lambda:eu-west-1:123456789012:layer:coffee",
            "../coffee",
        ] {
            assert_eq!(FunctionReference::parse(text), Err(InvalidFunctionName), "{text}");
        }
    }

    #[test]
    fn a_qualifier_has_up_to_128_letters_digits_and_signs() {
        for text in ["$LATEST", "$LATEST.PUBLISHED", "1", "live-1_a", &"x".repeat(128)] {
            assert_eq!(check_qualifier(text), Ok(()), "{text}");
        }
        for (text, told) in [
            ("", "greater than or equal to 1"),
            (&*"x".repeat(129), "less than or equal to 128"),
            ("a.b", "(|[a-zA-Z0-9$_-]+)"),
            ("é", "(|[a-zA-Z0-9$_-]+)"),
        ] {
            assert!(check_qualifier(text).is_err_and(|why| why.ends_with(told)), "{text}");
        }
    }

    #[test]
    fn a_log_stream_carries_the_day_of_its_birth() {
        assert_eq!(
            log_stream(1_795_537_681, 0xabc),
            "2026/11/24/[$LATEST]00000000000000000000000000000abc"
        );
    }

    #[test]
    fn a_stream_in_a_group_of_ones_own_names_the_function() {
        assert_eq!(
            log_stream_of_group(1_795_537_681, "coffee", 0xabc),
            "2026/11/24/coffee[$LATEST][00000000000000000000000000000abc]"
        );
    }

    #[test]
    fn time_is_printed_as_aws_prints_it() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(timestamp(951_782_400_042), "2000-02-29T00:00:00.042Z");
        assert_eq!(timestamp(1_795_537_681_042), "2026-11-24T16:28:01.042Z");
    }
}
