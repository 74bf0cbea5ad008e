//! `FilterCriteria`: which of a queue's messages a function is called with. Facts 7.6.
//!
//! The language of the patterns is EventBridge's, as far as Lambda has it. Patterns and messages are untrusted: their
//! JSON is at most 128 deep, and no rule looks at an element twice.

#[cfg(test)]
mod bodies;
mod pattern;
mod rule;
#[cfg(test)]
mod tests;

use serde_json::Value;

pub use self::pattern::PatternError;
use self::rule::{Fields, Rule, is_absent};

/// The most filters that a mapping has: AWS's own, which it raises to 10 on request. F 7.6.
const FILTERS_MAX: usize = 5;

/// The one key of a message's record that is looked at. F 7.6.
const BODY: &str = "body";

/// The filters of a mapping: a message passes that one of them matches, and every message where there is none.
///
/// Of a pattern only `body` is looked at, as AWS says of queues (F 7.6): other keys must be well-formed, and are then as
/// if they were not there, which [`Self::ignored`] is for saying.
///
/// A body is JSON if it is an object or an array, at most 128 deep, and plain text otherwise; that a number or a text in
/// quotes is plain text too, AWS does not say (unsure). An object as pattern is for JSON, a list for plain text, and
/// what does not fit together does not match. F 7.6.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    all: Vec<Pattern>,
}

/// Why filters are refused; AWS's API has [`Self::AWS`] for it where a pattern is wrong.
#[derive(Debug, thiserror::Error)]
pub enum FiltersError {
    /// There are too many.
    #[error("{count} filters are more than the {FILTERS_MAX} that a mapping may have")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// One is no pattern.
    #[error("filter {} is refused: {why}", index + 1)]
    Pattern {
        /// Which, counting from 0.
        index: usize,
        /// Why.
        why: PatternError,
    },
}

impl FiltersError {
    /// The message of AWS's `InvalidParameterValueException`. F 7.6.
    pub const AWS: &str = "Invalid filter pattern definition.";
}

impl Filters {
    /// Of the texts of patterns.
    pub fn read<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, FiltersError> {
        let patterns: Vec<_> = patterns.into_iter().collect();
        if patterns.len() > FILTERS_MAX {
            return Err(FiltersError::TooMany { count: patterns.len() });
        }
        let read = |(index, text)| {
            Pattern::parse(text).map_err(|why| FiltersError::Pattern { index, why })
        };
        let all = patterns.into_iter().enumerate().map(read).collect::<Result<_, _>>()?;
        Ok(Self { all })
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.all.len()
    }

    /// The patterns, as they were written.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|pattern| pattern.text.as_str())
    }

    /// Whether a message with this body reaches the function.
    #[must_use]
    pub fn pass(&self, body: &str) -> bool {
        if self.all.is_empty() {
            return true;
        }
        let json = serde_json::from_str(body)
            .ok()
            .filter(|json: &Value| json.is_object() || json.is_array());
        let body = json.unwrap_or_else(|| Value::from(body));
        self.all.iter().any(|pattern| pattern.matches_body(&body))
    }

    /// The keys that are in patterns to no effect.
    #[must_use]
    pub fn ignored(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.all.iter().for_each(|pattern| ignored(&pattern.fields, &mut names));
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// One filter's pattern.
///
/// Numbers are compared as numbers, as AWS's published reader does it, though its guide says that `300` is not `300.0`
/// (unsure).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// As it was written.
    text: String,
    fields: Fields,
    /// The paths that [`rule::Test::Absent`] numbers.
    absences: Vec<Vec<String>>,
}

impl Pattern {
    /// Reads a pattern's JSON.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let (fields, absences) = pattern::read(text)?;
        Ok(Self { text: text.to_owned(), fields, absences })
    }

    /// Whether an event matches: every field of the pattern, whichever others the event has.
    #[must_use]
    pub fn matches(&self, event: &Value) -> bool {
        let absent: Vec<_> = self.absences.iter().map(|path| is_absent(path, event)).collect();
        event.as_object().is_some_and(|members| self.fields.hold(Some(members), &absent))
    }

    /// Whether a record with this body does, of which nothing else is looked at.
    fn matches_body(&self, body: &Value) -> bool {
        let absent = |path: &Vec<String>| match path.as_slice() {
            [name, rest @ ..] if name == BODY => is_absent(rest, body),
            _ => false,
        };
        let absent: Vec<_> = self.absences.iter().map(absent).collect();
        body_holds(&self.fields, body, &absent)
    }
}

fn body_holds(fields: &Fields, body: &Value, absent: &[bool]) -> bool {
    let holds = |rule: &Rule| match rule {
        Rule::Within(_) => !body.is_string() && rule.holds(Some(body), absent),
        Rule::OneOf(_) => body.is_string() && rule.holds(Some(body), absent),
    };
    fields.named.iter().all(|(name, rule)| name != BODY || holds(rule))
        && fields.either.iter().all(|all| all.iter().any(|one| body_holds(one, body, absent)))
}

fn ignored<'a>(fields: &'a Fields, names: &mut Vec<&'a str>) {
    names.extend(fields.named.iter().map(|(name, _)| name.as_str()).filter(|name| *name != BODY));
    fields.either.iter().flatten().for_each(|one| ignored(one, names));
}
