//! Scalars that readers of YAML 1.1, as `sam build` and CloudFormation are, do not take for the text that is written.

/// What such a reader makes of a scalar that is not quoted, where that is another text: `yes` is `true`, `0755` is
/// `493`, `1.10` is `1.1`. <https://yaml.org/type/>, as far as PyYAML implements it.
pub(super) fn read_as(text: &str) -> Option<String> {
    let read = flag(text).or_else(|| whole(text)).or_else(|| fraction(text))?;
    (read != text).then_some(read)
}

fn flag(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let capital = lower.get(..1)?.to_ascii_uppercase() + &lower[1..];
    if ![lower.as_str(), &capital, &lower.to_ascii_uppercase()].contains(&text) {
        return None;
    }
    match lower.as_str() {
        "yes" | "on" | "true" => Some("true".to_owned()),
        "no" | "off" | "false" => Some("false".to_owned()),
        _ => None,
    }
}

fn signed(text: &str) -> (&str, &str) {
    match text.as_bytes().first() {
        Some(b'-') => ("-", &text[1..]),
        Some(b'+') => ("", &text[1..]),
        _ => ("", text),
    }
}

fn whole(text: &str) -> Option<String> {
    let (sign, digits) = signed(text);
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let digits = digits.replace('_', "");
    if let Some(binary) = digits.strip_prefix("0b") {
        return i128::from_str_radix(binary, 2).ok().map(|number| format!("{sign}{number}"));
    }
    if let Some(hex) = digits.strip_prefix("0x") {
        return i128::from_str_radix(hex, 16).ok().map(|number| format!("{sign}{number}"));
    }
    if digits.contains(':') {
        let mut places = digits.split(':');
        let first: i128 = places.next()?.parse().ok().filter(|first| *first > 0)?;
        let fold = |sum: i128, place: &str| {
            let place: i128 = place.parse().ok().filter(|place| *place < 60)?;
            sum.checked_mul(60)?.checked_add(place)
        };
        return places.try_fold(first, fold).map(|number| format!("{sign}{number}"));
    }
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let octal = digits.len() > 1 && digits.starts_with('0');
    let number = i128::from_str_radix(&digits, if octal { 8 } else { 10 }).ok()?;
    Some(if number == 0 { "0".to_owned() } else { format!("{sign}{number}") })
}

/// With a point, and digits before it: others are rare and differ from reader to reader. An exponent has a sign.
fn fraction(text: &str) -> Option<String> {
    let (sign, number) = signed(text);
    let number = number.replace('_', "");
    let (before, rest) = number.split_once('.')?;
    let (after, exponent) = match rest.split_once(['e', 'E']) {
        Some((after, exponent)) => (after, Some(exponent.strip_prefix(['+', '-'])?)),
        None => (rest, None),
    };
    let digits = |part: &str| part.bytes().all(|digit| digit.is_ascii_digit());
    if before.is_empty() || !digits(before) || !digits(after) {
        return None;
    }
    if exponent.is_some_and(|exponent| exponent.is_empty() || !digits(exponent)) {
        return None;
    }
    let read: f64 = number.parse().ok()?;
    Some(format!("{sign}{read:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What PyYAML 6.0.3 loads, written as JSON and then as text.
    #[test]
    fn a_scalar_is_read_as_pyyaml_reads_it() {
        for (written, read) in [
            ("yes", "true"),
            ("On", "true"),
            ("NO", "false"),
            ("True", "true"),
            ("0123", "83"),
            ("0x1F", "31"),
            ("0b11", "3"),
            ("1_000", "1000"),
            ("+5", "5"),
            ("12:30", "750"),
            ("1.10", "1.1"),
            ("3.", "3.0"),
            ("-0755", "-493"),
            ("1_0.5", "10.5"),
            ("1.0e+3", "1000.0"),
            ("1.5E-1", "0.15"),
        ] {
            assert_eq!(read_as(written).as_deref(), Some(read), "{written}");
        }
        for same in [
            "",
            "a",
            "y",
            "n",
            "yEs",
            "true",
            "12",
            "0",
            "1.5",
            "089",
            "1.2.3",
            "1e3",
            "a:1",
            "-",
            "0o17",
            "127.0.0.1:80",
            "10:99",
            ".5",
            "ünï",
            "1.0e3",
            "1.0e+",
            "2012-10-17",
        ] {
            assert_eq!(read_as(same), None, "{same}");
        }
    }
}
