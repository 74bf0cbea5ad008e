//! A pattern is read: from its JSON to rules, or to a sentence that says what of it is wrong, and where.
//!
//! What is refused is what AWS's own reader of such patterns refuses, which it has published (Event Ruler).

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::rule::{Comparison, Fields, Rule, Test, order};

/// The most characters that a pattern may have: AWS's reference of `Filter`.
const CHARACTERS_MAX: usize = 4_096;

/// What AWS's reader keeps for itself, so that no field in an `$or` is called so.
const RESERVED: [&str; 24] = [
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

const OPERATORS: &str = "one of the operators that Lambda has: `anything-but`, `equals-ignore-case`, `exists`, `numeric`, `prefix` and `suffix`";

/// Why a text is no pattern.
#[derive(Debug, thiserror::Error)]
pub enum PatternError {
    /// It is longer than AWS takes.
    #[error("it has {characters} characters, and AWS takes {CHARACTERS_MAX}")]
    TooLong {
        /// How many there are.
        characters: usize,
    },
    /// It is no JSON.
    #[error("it is no JSON: {words}")]
    NotJson {
        /// The reader's own words, with the place in the pattern.
        words: String,
    },
    /// Something in it is not as it must be.
    #[error("{place} is `{got}`; it must be {wanted}")]
    Value {
        /// The path of its key, or the pattern itself.
        place: String,
        /// What stands there, shortened.
        got: String,
        /// What has to.
        wanted: Cow<'static, str>,
    },
}

/// A pattern's rules, and the places that must be empty for its tests of absence.
pub(super) fn read(text: &str) -> Result<(Fields, Vec<Vec<String>>), PatternError> {
    let characters = text.chars().count();
    if characters > CHARACTERS_MAX {
        return Err(PatternError::TooLong { characters });
    }
    let pattern: Value = serde_json::from_str(text)
        .map_err(|error| PatternError::NotJson { words: error.to_string() })?;
    let mut reader = Reader::default();
    let Some(members) = pattern.as_object() else {
        return Err(reader.wrong(&pattern, r#"an object, such as `{"body": {"size": ["large"]}}`"#));
    };
    let fields = reader.fields(members, &pattern, false)?;
    Ok((fields, reader.absences))
}

/// A pattern that is being read, and where in it the reader is. Its depth is bounded by that of its JSON.
#[derive(Debug, Default)]
struct Reader {
    /// As it is told: with operators, and with the numbers of alternatives.
    place: Vec<String>,
    /// As the event has it.
    path: Vec<String>,
    absences: Vec<Vec<String>>,
}

impl Reader {
    fn wrong(&self, got: &Value, wanted: impl Into<Cow<'static, str>>) -> PatternError {
        let place = match self.place.as_slice() {
            [] => "the pattern".to_owned(),
            names => format!("`{}`", names.join(".").escape_debug()),
        };
        let mut got = got.to_string();
        if got.len() > 80 {
            got.truncate(got.floor_char_boundary(80));
            got.push('…');
        }
        PatternError::Value { place, got, wanted: wanted.into() }
    }

    /// Does something at a place below this one.
    fn at<T>(&mut self, name: impl Into<String>, what: impl FnOnce(&mut Self) -> T) -> T {
        self.place.push(name.into());
        let done = what(self);
        self.place.pop();
        done
    }

    fn fields(
        &mut self,
        members: &Map<String, Value>,
        whole: &Value,
        is_alternative: bool,
    ) -> Result<Fields, PatternError> {
        if members.is_empty() {
            return Err(self.wrong(whole, "an object with something in it"));
        }
        let mut fields = Fields::default();
        for (name, value) in members {
            if name == "$or" {
                fields.either.push(self.at("$or", |reader| reader.alternatives(value))?);
                continue;
            }
            if is_alternative && RESERVED.contains(&name.as_str()) {
                let wanted = format!(
                    "an object of fields: `{}` is an operator, which stands in a field's list",
                    name.escape_debug()
                );
                return Err(self.wrong(whole, wanted));
            }
            self.path.push(name.clone());
            let rule = self.at(name, |reader| reader.rule(value, is_alternative));
            self.path.pop();
            fields.named.push((name.clone(), rule?));
        }
        Ok(fields)
    }

    fn alternatives(&mut self, value: &Value) -> Result<Vec<Fields>, PatternError> {
        const WANTED: &str = "a list of two objects or more, of which one must match";
        let Some(all) = value.as_array().filter(|all| all.len() >= 2) else {
            return Err(self.wrong(value, WANTED));
        };
        let one = |(number, value): (usize, &Value)| {
            self.at(number.to_string(), |reader| match value {
                Value::Object(members) => reader.fields(members, value, true),
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_) => Err(reader.wrong(value, "an object, as all in `$or`")),
            })
        };
        all.iter().enumerate().map(one).collect()
    }

    fn rule(&mut self, value: &Value, is_alternative: bool) -> Result<Rule, PatternError> {
        match value {
            Value::Object(members) => {
                Ok(Rule::Within(self.fields(members, value, is_alternative)?))
            }
            Value::Array(all) if all.is_empty() => {
                Err(self.wrong(value, "a list with something in it"))
            }
            Value::Array(all) => {
                let tests = all.iter().map(|one| self.test(one));
                Ok(Rule::OneOf(tests.collect::<Result<_, _>>()?))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(self.wrong(
                value,
                format!("an object, or a list of what it may be: `[{}]`", short(value)),
            )),
        }
    }

    fn test(&mut self, value: &Value) -> Result<Test, PatternError> {
        match value {
            Value::Object(members) => {
                let mut all = members.iter();
                match (all.next(), all.next()) {
                    (Some((operator, argument)), None) => self.operator(operator, argument, value),
                    (_, _) => Err(self.wrong(value, "an object with one operator")),
                }
            }
            Value::Array(_) => {
                Err(self.wrong(value, "a text, a number, `true`, `false`, `null` or an operator"))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                Ok(Test::Is(value.clone()))
            }
        }
    }

    fn operator(
        &mut self,
        operator: &str,
        argument: &Value,
        whole: &Value,
    ) -> Result<Test, PatternError> {
        let read: fn(&mut Self, &Value) -> Result<Test, PatternError> = match operator {
            "anything-but" => |reader, argument| reader.anything_but(argument),
            "equals-ignore-case" => |reader, argument| reader.text(argument).map(Test::IgnoreCase),
            "exactly" => |reader, argument| Ok(Test::Is(reader.text(argument)?.into())),
            "exists" => Self::exists,
            "numeric" => |reader, argument| reader.numeric(argument),
            "prefix" => {
                |reader, argument| reader.end(argument, Test::Prefix, Test::PrefixIgnoreCase)
            }
            "suffix" => {
                |reader, argument| reader.end(argument, Test::Suffix, Test::SuffixIgnoreCase)
            }
            _ => return Err(self.wrong(whole, OPERATORS)),
        };
        self.at(operator, |reader| read(reader, argument))
    }

    fn exists(&mut self, argument: &Value) -> Result<Test, PatternError> {
        match argument.as_bool() {
            Some(true) => Ok(Test::Exists),
            Some(false) => {
                self.absences.push(self.path.clone());
                Ok(Test::Absent(self.absences.len() - 1))
            }
            None => Err(self.wrong(argument, "`true` or `false`")),
        }
    }

    fn text(&self, value: &Value) -> Result<String, PatternError> {
        value.as_str().map(str::to_owned).ok_or_else(|| self.wrong(value, "a text"))
    }

    /// `prefix` or `suffix`: a text, or one whose case does not matter.
    fn end(
        &self,
        argument: &Value,
        exact: fn(String) -> Test,
        ignoring_case: fn(String) -> Test,
    ) -> Result<Test, PatternError> {
        let only = argument.as_object().filter(|members| members.len() == 1);
        match only.and_then(|members| members.get("equals-ignore-case")) {
            Some(text) => Ok(ignoring_case(self.text(text)?)),
            None => Ok(exact(self.text(argument)?)),
        }
    }

    /// A text or a number, or a list of either: not of both, and of nothing else.
    fn anything_but(&self, argument: &Value) -> Result<Test, PatternError> {
        let all = argument.as_array().cloned().unwrap_or_else(|| vec![argument.clone()]);
        let is_good = !all.is_empty()
            && (all.iter().all(Value::is_string) || all.iter().all(Value::is_number));
        if is_good {
            return Ok(Test::AnythingBut(all));
        }
        let wanted = if argument.is_object() {
            "a text, a number or a list of either, which is all that Lambda has of what EventBridge has"
        } else {
            "a text, a number, or a list of either and not of both"
        };
        Err(self.wrong(argument, wanted))
    }

    /// One comparison, or a lower bound and an upper one.
    fn numeric(&self, argument: &Value) -> Result<Test, PatternError> {
        const WANTED: &str = r#"one comparison, such as `["=", 5]`, or two with the lower bound first, such as `[">", 0, "<=", 5]`"#;
        let wrong = || self.wrong(argument, WANTED);
        let one = |pair: &[Value]| match pair {
            [Value::String(comparison), Value::Number(bound)] => {
                Comparison::read(comparison).map(|read| (read, bound.clone()))
            }
            _ => None,
        };
        let members = argument.as_array().ok_or_else(wrong)?;
        let all: Vec<_> = members.chunks(2).map(one).collect::<Option<_>>().ok_or_else(wrong)?;
        match all.as_slice() {
            [_] => Ok(Test::Numeric(all)),
            [
                (Comparison::Greater | Comparison::GreaterOrEqual, low),
                (Comparison::Less | Comparison::LessOrEqual, high),
            ] if order(low, high).is_lt() => Ok(Test::Numeric(all)),
            [
                (Comparison::Greater | Comparison::GreaterOrEqual, _),
                (Comparison::Less | Comparison::LessOrEqual, _),
            ] => Err(self.wrong(argument, "two bounds with something between them")),
            _ => Err(wrong()),
        }
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.len() > 40 { "…".to_owned() } else { text }
}
