//! Segments of a path and fields of a query, decoded.

use std::borrow::Cow;

/// `%41` becomes `A`. What is no escape stays as it is; what is no UTF-8 afterwards is marked as such.
pub(super) fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = match after {
            [high, low, ..] if first == b'%' => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                bytes.push(16 * high + low);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// A field of a query, the first of that name.
pub(super) fn field<'query>(query: Option<&'query str>, name: &str) -> Option<Cow<'query, str>> {
    let mut fields = query?.split('&').map(|field| field.split_once('=').unwrap_or((field, "")));
    fields.find(|(key, _)| *key == name).map(|(_, value)| decoded(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_and_what_is_none_is_kept() {
        assert_eq!(decoded("coffee"), "coffee");
        assert_eq!(decoded("arn%3Aaws%3alambda"), "arn:aws:lambda");
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("%zz%4"), "%zz%4");
        assert_eq!(decoded("%ff"), "\u{fffd}");
    }

    #[test]
    fn a_field_is_found_by_its_name() {
        let query = Some("MaxItems=2&Qualifier=%24LATEST&flag");
        assert_eq!(field(query, "Qualifier").as_deref(), Some("$LATEST"));
        assert_eq!(field(query, "flag").as_deref(), Some(""));
        assert_eq!(field(query, "qualifier"), None);
        assert_eq!(field(None, "Qualifier"), None);
    }
}
