//! CloudWatch Logs' filter patterns, as far as they are words. D:FilterAndPatternSyntax of CloudWatch Logs.

/// Which events are wanted: all of some words, none of others, and one of a choice.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct FilterPattern {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

/// Why a pattern cannot be used: a sentence.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PatternError(pub(super) String);

impl FilterPattern {
    /// Reads a pattern; an empty one wants everything.
    pub(super) fn parse(pattern: &str) -> Result<Self, PatternError> {
        let mut parsed = Self::default();
        let mut rest = pattern.trim_start();
        if rest.starts_with(['{', '[', '%']) {
            return Err(PatternError(format!(
                "the filter pattern `{pattern}` is not served by this cloud: it serves words, \"phrases\", ?words of \
                 which one is enough, and -words that are not wanted"
            )));
        }
        while !rest.is_empty() {
            let (words, after) = if let Some(after) = rest.strip_prefix('?') {
                (&mut parsed.any, after)
            } else if let Some(after) = rest.strip_prefix('-') {
                (&mut parsed.none, after)
            } else {
                (&mut parsed.all, rest)
            };
            let (word, after) = word(after).ok_or_else(|| {
                PatternError(format!("the filter pattern `{pattern}` has no end"))
            })?;
            words.push(word);
            rest = after.trim_start();
        }
        Ok(parsed)
    }

    /// Whether an event is wanted.
    pub(super) fn matches(&self, message: &str) -> bool {
        let is_there = |word: &String| message.contains(word.as_str());
        self.all.iter().all(is_there)
            && !self.none.iter().any(is_there)
            && (self.any.is_empty() || self.any.iter().any(is_there))
    }
}

/// The word or phrase that a text begins with, and what comes after it; `None`: a phrase without an end.
fn word(text: &str) -> Option<(String, &str)> {
    let Some(phrase) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        return Some((text[..end].to_owned(), &text[end..]));
    };
    let mut said = String::new();
    let mut characters = phrase.char_indices();
    while let Some((place, character)) = characters.next() {
        match character {
            '"' => return Some((said, &phrase[place + 1..])),
            '\\' => said.push(characters.next()?.1),
            other => said.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, message: &str) -> bool {
        FilterPattern::parse(pattern).expect("it is a pattern").matches(message)
    }

    #[test]
    fn all_words_have_to_be_there_in_any_order() {
        assert!(matches("", "anything"));
        assert!(matches("foam bean", "bean and foam"));
        assert!(!matches("foam bean", "bean"));
        assert!(!matches("Foam", "foam"));
        assert!(matches("élan ☕", "☕ élan"));
    }

    #[test]
    fn a_phrase_is_one_word() {
        assert!(matches(r#""adding marshmallows""#, "adding marshmallows slowly"));
        assert!(!matches(r#""adding marshmallows""#, "marshmallows, adding"));
        assert!(matches(r#""say \"foam\"""#, r#"say "foam""#));
    }

    #[test]
    fn one_of_a_choice_is_enough_and_what_is_not_wanted_is_left_out() {
        assert!(matches("?ERROR ?WARN", "WARN: hot"));
        assert!(!matches("?ERROR ?WARN", "INFO: warm"));
        assert!(matches("cup -\"RequestId: 1\"", "cup RequestId: 2"));
        assert!(!matches("cup -\"RequestId: 1\"", "cup RequestId: 1"));
    }

    #[test]
    fn what_is_not_served_or_has_no_end_is_refused_by_a_sentence() {
        for pattern in ["{ $.level = \"ERROR\" }", "[a, b]", "%foam%", "\"foam", "-\"foam\\"] {
            FilterPattern::parse(pattern).expect_err(pattern);
        }
    }
}
